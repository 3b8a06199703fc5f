package im.comity.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import im.comity.testkit.Clause;
import im.comity.transport.Strangers.Limit;
import im.comity.transport.Strangers.Refused;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The accounting at the gate, in time that a test moves. */
final class StrangersTest {
  private final FakeTimers timers = new FakeTimers();
  private final List<Refused> told = new ArrayList<>();

  private static StrangerLimits limits(int perAddress, int inAll, Meter.Rate rate, String... but) {
    return limits(perAddress, inAll, rate, FAST, but);
  }

  private static StrangerLimits limits(
      int perAddress, int inAll, Meter.Rate rate, Meter.Rate fruitless, String... but) {
    StrangerLimits usual = StrangerLimits.DEFAULTS;
    return new StrangerLimits(
        perAddress,
        inAll,
        rate,
        fruitless,
        usual.handshakesAtOnce(),
        usual.handshakesPerSecond(),
        usual.greeting(),
        usual.verifications(),
        usual.verificationsOfSender(),
        usual.verificationsAtOnce(),
        List.of(but));
  }

  private Strangers strangers(StrangerLimits limits) {
    return new Strangers(limits, timers, told::add);
  }

  private static InetAddress at(String address) {
    return InetAddress.ofLiteral(address);
  }

  private static final Meter.Rate FAST = new Meter.Rate(1_000_000, 1_000_000);

  @Test
  @Clause("S2S-DOS-01")
  void anAddressHasSoManyUnprovenAndNoMore() {
    Strangers gate = strangers(limits(2, 100, FAST));
    Cancellable first = gate.admit(at("192.0.2.1"));
    assertThat(first).isNotNull();
    assertThat(gate.admit(at("192.0.2.1"))).isNotNull();
    assertThat(gate.admit(at("192.0.2.1"))).isNull();
    assertThat(gate.admit(at("192.0.2.2"))).isNotNull();
    first.cancel();
    first.cancel(); // proven, and later closed
    assertThat(gate.unproven()).isEqualTo(2);
    assertThat(gate.admit(at("192.0.2.1"))).isNotNull();
    assertThat(gate.admit(at("192.0.2.1"))).isNull();
  }

  @Test
  @Clause("S2S-DOS-01")
  void allTogetherHaveSoManyUnproven() {
    Strangers gate = strangers(limits(2, 3, FAST));
    for (int i = 0; i < 10; i++) {
      gate.admit(at("192.0.2." + i));
    }
    assertThat(gate.unproven()).isEqualTo(3);
  }

  @Test
  @Clause("S2S-DOS-01")
  void anAddressMayComeSoOften() {
    Strangers gate = strangers(limits(100, 100, new Meter.Rate(3, 2)));
    assertThat(come(gate, 10)).isEqualTo(3);
    timers.advance(Duration.ofSeconds(1));
    assertThat(come(gate, 10)).isEqualTo(2);
    timers.advance(Duration.ofDays(1));
    assertThat(come(gate, 10)).isEqualTo(3);
  }

  @Test
  @Clause("S2S-DOS-01")
  void whoComesForNothingMayDoSoSoOften() {
    Strangers gate = strangers(limits(100, 100, FAST, new Meter.Rate(3, 2), "198.51.100.0/24"));
    assertThat(come(gate, 10)).isEqualTo(3);
    // Not for others.
    assertThat(gate.admit(at("192.0.2.2"))).isNotNull();
    timers.advance(Duration.ofSeconds(1));
    assertThat(come(gate, 10)).isEqualTo(2);
    gate.limits(limits(100, 100, FAST, new Meter.Rate(30, 20)));
    timers.advance(Duration.ofSeconds(1));
    assertThat(come(gate, 100)).isEqualTo(20);
    timers.advance(Strangers.PERIOD);
    assertThat(told)
        .extracting(Refused::limit, Refused::most, Refused::count)
        .containsExactlyInAnyOrder(tuple(Limit.FRUITLESS, 2, 15L), tuple(Limit.FRUITLESS, 20, 80L));
  }

  @Test
  void whoHasGreetedDidNotComeForNothing() {
    Strangers gate = strangers(limits(100, 100, FAST, new Meter.Rate(3, 2)));
    assertThat(come(gate, 10, true)).isEqualTo(10);
    assertThat(come(gate, 10)).isEqualTo(3);
    // Not even those may come in while there is none left.
    assertThat(come(gate, 10, true)).isZero();
  }

  /** Who is silent until its time is up counts at its end, when it may be one of many. */
  @Test
  @Clause("S2S-DOS-01")
  void manyWhoEndTogetherAreNoDebt() {
    Strangers gate = strangers(limits(100, 100, FAST, new Meter.Rate(3, 2)));
    List<Cancellable> silent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      silent.add(gate.admit(at("192.0.2.1")));
    }
    silent.forEach(Cancellable::cancel);
    silent.forEach(Cancellable::cancel);
    assertThat(come(gate, 10)).isZero();
    timers.advance(Duration.ofSeconds(1));
    assertThat(come(gate, 10)).isEqualTo(2);
  }

  private static int come(Strangers gate, int number) {
    return come(gate, number, false);
  }

  /** So many connections that come and are gone at once; how many got in. */
  private static int come(Strangers gate, int number, boolean greet) {
    int in = 0;
    for (int i = 0; i < number; i++) {
      Gate.Place place = gate.admit(at("192.0.2.1"));
      if (place != null) {
        in++;
        if (greet) {
          place.greeted();
        }
        place.cancel();
      }
    }
    return in;
  }

  @Test
  void aNetworkOfIpv6IsOneAddress() {
    Strangers gate = strangers(limits(1, 100, FAST));
    assertThat(gate.admit(at("2001:db8::1"))).isNotNull();
    assertThat(gate.admit(at("2001:db8::ffff:1"))).isNull();
    assertThat(gate.admit(at("2001:db8:0:1::1"))).isNotNull();
  }

  @Test
  @Clause("S2S-DOS-01")
  void networksThatAreExceptedAreNotCounted() {
    Strangers gate = strangers(limits(1, 1, new Meter.Rate(1, 1), "192.0.2.0/24"));
    assertThat(come(gate, 10)).isEqualTo(10);
    assertThat(gate.admit(at("198.51.100.1"))).isNotNull();
    assertThat(gate.admit(at("192.0.2.2"))).isNotNull();
    assertThat(gate.admit(at("198.51.100.2"))).isNull();
    assertThat(gate.unproven()).isEqualTo(1);
  }

  @Test
  void otherLimitsHoldFromThenOn() {
    Strangers gate = strangers(limits(1, 100, FAST));
    gate.admit(at("192.0.2.1"));
    assertThat(gate.admit(at("192.0.2.1"))).isNull();
    gate.limits(limits(2, 100, FAST));
    assertThat(gate.admit(at("192.0.2.1"))).isNotNull();
  }

  @Test
  void aRestartOfALargeProviderIsNotHeldUp() {
    Strangers gate = strangers(StrangerLimits.DEFAULTS);
    int in = 0;
    List<Gate.Place> open = new ArrayList<>();
    // Twenty seconds of 300 a second, each proven after two.
    for (int second = 0; second < 20; second++) {
      while (open.size() > 300) {
        Gate.Place proven = open.removeFirst();
        proven.greeted();
        proven.cancel();
      }
      for (int i = 0; i < 300; i++) {
        Gate.Place place = gate.admit(at("192.0.2.1"));
        if (place != null) {
          in++;
          open.add(place);
        }
      }
      timers.advance(Duration.ofSeconds(1));
    }
    assertThat(in).isEqualTo(6_000);
  }

  @Test
  void refusalsAreToldInSums() {
    Strangers gate = strangers(limits(1, 100, FAST));
    gate.admit(at("192.0.2.1"));
    for (int i = 0; i < 1_000; i++) {
      gate.admit(at("192.0.2.1"));
    }
    gate.full(at("192.0.2.9"), 7);
    assertThat(told).isEmpty();
    timers.advance(Strangers.PERIOD);
    assertThat(told)
        .containsExactly(
            new Refused(at("192.0.2.1"), Limit.PER_ADDRESS, 1, 1_000),
            new Refused(at("192.0.2.9"), Limit.OPEN, 7, 1));
    timers.advance(Strangers.PERIOD);
    assertThat(told).hasSize(2);
    assertThat(timers.waiting()).isZero();
  }

  @Test
  @Clause("S2S-DOS-01")
  void aHundredThousandAddressesAreRememberedWithinABoundAndToldInFewLines() {
    Strangers gate = strangers(limits(10, 50, FAST));
    for (int i = 0; i < 100_000; i++) {
      Cancellable place =
          gate.admit(at("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255)));
      if (place != null && i < 99_000) {
        place.cancel();
      }
    }
    assertThat(gate.remembered()).isEqualTo(Meter.MOST);
    timers.advance(Strangers.PERIOD);
    assertThat(told).hasSize(Strangers.MOST_REPORTED + 1);
    assertThat(told.getLast().from()).isNull();
    assertThat(told.stream().mapToLong(Refused::count).sum()).isEqualTo(950);
  }
}
