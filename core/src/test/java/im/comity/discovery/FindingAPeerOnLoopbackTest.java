package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.Domain;
import im.comity.discovery.ConnectFailure.Cause;
import im.comity.testkit.Clause;
import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import im.comity.transport.Deadline;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** All parts together on real sockets: DNS, discovery, race, network. */
@Timeout(60)
final class FindingAPeerOnLoopbackTest {
  private final SystemTimers timers = new SystemTimers();
  private final NettyNetwork network =
      NettyNetwork.open(NetworkOptions.defaults(timers).withLoops(1, false));
  private final Deadline deadline = Deadline.start(timers, Duration.ofSeconds(30));
  private final CompletableFuture<Transport> accepted = new CompletableFuture<>();
  private Listening listening;
  private TestDnsServer dns;
  private DnsjavaResolver resolver;

  /** The first host refuses, the second listens; the zone's own address is nobody's. */
  @BeforeEach
  void open() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    listening =
        network.listen(ListenOptions.at(new InetSocketAddress(loopback, 0)), accepted::complete);
    int refusing;
    try (ServerSocket socket = new ServerSocket(0, 1, loopback)) {
      refusing = socket.getLocalPort();
    }
    dns =
        TestDnsServer.start(
            ZoneSet.of(
                InstantSource.system(),
                TestZone.of(
                    "south.example",
                    """
                    _xmpp-server._tcp  SRV 10 0 %d dead
                    _xmpps-server._tcp SRV 20 0 %d live
                    dead A 127.0.0.1
                    live A 127.0.0.1
                    """
                        .formatted(refusing, listening.address().getPort()))));
    resolver =
        new DnsjavaResolver(List.of(dns.address()), DnsjavaResolver.Settings.DEFAULT, timers);
  }

  @AfterEach
  void close() {
    deadline.cancel();
    resolver.close();
    dns.close();
    listening.close();
    network.close();
    timers.close();
  }

  private ConnectRace race(ConnectRace.Options options) throws Exception {
    Delegation delegation =
        new Discovery(resolver, new Random(1), Discovery.Options.DEFAULT)
            .delegationOf(Domain.of("south.example"), null, deadline);
    assertThat(delegation).isInstanceOf(Delegation.Found.class);
    return ConnectRace.over(
        ((Delegation.Found) delegation).candidates(), resolver, network, timers, options, deadline);
  }

  @Test
  @Clause({"S2S-DNS-08", "S2S-DNS-14"})
  void theSecondServiceIsReachedWhenTheFirstRefuses() throws Exception {
    try (ConnectRace race =
        race(ConnectRace.Options.DEFAULT.withGuard(AddressGuard.LOOPBACK_TOO))) {
      Connected connected = race.next();
      assertThat(connected.candidate().host()).isEqualTo("live.south.example");
      assertThat(connected.candidate().directTls()).isTrue();
      assertThat(connected.address()).isEqualTo(listening.address());
      Transport other = accepted.get(); // somebody did arrive
      assertThat(race.failures())
          .extracting(ConnectFailure::cause)
          .containsExactly(Cause.CONNECT_FAILED);
      assertThat(race.next()).isNull();
      connected.transport().abort(null);
      other.abort(null);
    }
  }

  @Test
  void loopbackIsForbiddenUnlessAllowed() throws Exception {
    try (ConnectRace race = race(ConnectRace.Options.DEFAULT)) {
      assertThat(race.next()).isNull();
      assertThat(race.failures())
          .extracting(ConnectFailure::cause)
          .containsExactly(Cause.FORBIDDEN, Cause.FORBIDDEN);
      assertThat(accepted).isNotDone();
    }
  }
}
