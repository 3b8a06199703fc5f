package im.comity.transport;

import java.time.Duration;

/**
 * How a network behaves.
 *
 * @param timers the clock of all connections
 * @param tlsProvider whose TLS
 * @param tlsProfile which TLS
 * @param loops how many event loops; 0 for one per core
 * @param nativeTransport whether to use epoll where it is available; else Java's own NIO
 * @param keepAlive silence after which TCP probes whether the peer is there, and the pace of the
 *     probes (S2S-CLS-09)
 * @param userTimeout how long sent bytes may stay unacknowledged until the connection counts as
 *     dead (S2S-CLS-09); epoll only
 * @param closeWait how long {@link Transport#close} waits for the peer to take what was written,
 *     and again for it to end too
 * @param unsentLimit bytes waiting to be sent on one connection at which it is dropped
 */
public record NetworkOptions(
    Timers timers,
    TlsProvider tlsProvider,
    TlsProfile tlsProfile,
    int loops,
    boolean nativeTransport,
    Duration keepAlive,
    Duration userTimeout,
    Duration closeWait,
    int unsentLimit) {

  public static NetworkOptions defaults(Timers timers) {
    return new NetworkOptions(
        timers,
        TlsProvider.AUTO,
        TlsProfile.STANDARD,
        0,
        true,
        Duration.ofSeconds(60),
        Duration.ofSeconds(90),
        Duration.ofSeconds(5),
        8 << 20);
  }

  public NetworkOptions withTls(TlsProvider provider, TlsProfile profile) {
    return new NetworkOptions(
        timers,
        provider,
        profile,
        loops,
        nativeTransport,
        keepAlive,
        userTimeout,
        closeWait,
        unsentLimit);
  }

  public NetworkOptions withLoops(int number, boolean nativeOnes) {
    return new NetworkOptions(
        timers,
        tlsProvider,
        tlsProfile,
        number,
        nativeOnes,
        keepAlive,
        userTimeout,
        closeWait,
        unsentLimit);
  }
}
