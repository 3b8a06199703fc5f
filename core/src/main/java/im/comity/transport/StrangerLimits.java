package im.comity.transport;

import java.time.Duration;
import java.util.List;

/**
 * What those may cost us that have proven nothing yet (S2S-DOS-01, S2S-DOS-04). An address of IPv6
 * is its network of 64 bits.
 *
 * @param perAddress connections of one address that are open and not proven
 * @param inAll the same of all addresses together
 * @param connections new connections of one address, proven later or not
 * @param fruitless connections of one address that end without a stream header, which no server's
 *     do often: while it is used up, nothing is accepted from there
 * @param handshakesAtOnce TLS handshakes of all addresses together that are under way; one address
 *     has at most a quarter of them
 * @param handshakesPerSecond TLS handshakes of all addresses together that begin every second
 * @param greeting how long a peer may take from its connection, or from its {@code starttls}, until
 *     its TLS is up and its stream header read
 * @param verifications what one address may make us verify by dialling others
 * @param verificationsOfSender what may be verified about one sender domain
 * @param verificationsAtOnce how much of that may be under way for one address
 * @param excepted networks in CIDR form whose connections are not counted
 */
public record StrangerLimits(
    int perAddress,
    int inAll,
    Meter.Rate connections,
    Meter.Rate fruitless,
    int handshakesAtOnce,
    int handshakesPerSecond,
    Duration greeting,
    Meter.Rate verifications,
    Meter.Rate verificationsOfSender,
    int verificationsAtOnce,
    List<String> excepted) {

  /**
   * What is shipped. A provider whose thousands of streams come back at once after a restart opens
   * some hundred a second, each unproven for a second or two: 1,000 at a time are room for that,
   * and 2,000 at once with 400 a second more never make it wait for long.
   */
  public static final StrangerLimits DEFAULTS =
      new StrangerLimits(
          1_000,
          10_000,
          new Meter.Rate(2_000, 400),
          // A server that cannot agree on TLS with us comes back every minute or so, a monitor
          // every
          // second; who sends garbage comes as often as it can (doc/decisions/0006).
          new Meter.Rate(50, 10),
          // Room for 300 a second from one address that take most of a second each; and a third of
          // a core at most for those who only flood (doc/decisions/0005).
          1_000,
          500,
          Duration.ofSeconds(10),
          // Some servers open a stream for each pair, and come back with all after a restart.
          new Meter.Rate(500, 20),
          // One domain may have business with many domains here.
          new Meter.Rate(200, 10),
          64,
          List.of());

  /**
   * @throws IllegalArgumentException a number is not positive, or a network cannot be read
   */
  public StrangerLimits {
    excepted = List.copyOf(excepted);
    if (perAddress < 1
        || inAll < 1
        || handshakesAtOnce < 1
        || handshakesPerSecond < 1
        || greeting.toNanos() < 1
        || verificationsAtOnce < 1) {
      throw new IllegalArgumentException("limits must be positive");
    }
    excepted.forEach(Reception::network);
  }

  /**
   * The same where the greeting is part of something that may take this long: it takes no longer.
   */
  public StrangerLimits within(Duration whole) {
    return new StrangerLimits(
        perAddress,
        inAll,
        connections,
        fruitless,
        handshakesAtOnce,
        handshakesPerSecond,
        greeting.compareTo(whole) < 0 ? greeting : whole,
        verifications,
        verificationsOfSender,
        verificationsAtOnce,
        excepted);
  }
}
