package im.comity.component;

import im.comity.address.Domain;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.discovery.DnsAnswer;
import im.comity.discovery.DnsRecord;
import im.comity.discovery.RecordType;
import im.comity.discovery.Resolver;
import im.comity.event.FederationEvent;
import im.comity.federation.Federation;
import im.comity.federation.FederationConfig;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.PkixProoftype;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.transport.Cancellable;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A whole server: a federation over TCP in clear, verified by dialback, with components. */
final class ComponentServer implements AutoCloseable {
  /** DNS of a test: every domain's server is {@code localhost} with a port. */
  static final class Dns implements Resolver {
    private static final Duration TTL = Duration.ofMinutes(5);
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    final List<String> asked = new CopyOnWriteArrayList<>();

    void serve(String domain, int port) {
      ports.put("_xmpp-server._tcp." + domain + ".", port);
    }

    @Override
    public CompletableFuture<DnsAnswer> ask(String name, RecordType type) {
      asked.add(name);
      Integer port = ports.get(name);
      DnsAnswer answer;
      if (type == RecordType.A && name.startsWith("localhost")) {
        answer = records(name, new DnsRecord.Address(InetAddress.getLoopbackAddress()));
      } else if (type == RecordType.SRV && port != null) {
        answer = records(name, new DnsRecord.Service(1, 1, port, "localhost."));
      } else {
        answer = new DnsAnswer.NoSuchRecord(true, TTL);
      }
      return CompletableFuture.completedFuture(answer);
    }

    private static DnsAnswer records(String name, DnsRecord record) {
      return new DnsAnswer.Records(name, List.of(record), TTL, List.of());
    }
  }

  private final SystemTimers timers = new SystemTimers();
  private final NettyNetwork network = NettyNetwork.open(NetworkOptions.defaults(timers));
  private final ComponentAcceptor acceptor;
  private final Federation federation;
  private final List<ScriptedPeer> peers = new ArrayList<>();
  final LocalDomains domains = new LocalDomains(new HostServices("1.2.3"));
  final List<FederationEvent> events = new CopyOnWriteArrayList<>();
  final InetSocketAddress address;

  /** Where other servers connect. */
  final InetSocketAddress forPeers;

  /** Serves a host domain and components below. */
  ComponentServer(Dns dns, String host, Component... components) throws IOException {
    Domain domain = ComponentBench.domain(host);
    domains.configure(Map.of(domain, HostServices.Profile.PLAIN), List.of(components));
    FederationConfig config =
        FederationConfig.of(
                policy(),
                List.of(),
                List.of(new PkixProoftype(List.of(), List.of())),
                dns,
                List.of(new FederationConfig.Listener(ComponentBench.loopback(), false)),
                DialbackSecret.of("the dialback secret of " + host))
            .withGuard(AddressGuard.LOOPBACK_TOO);
    federation = Federation.start(config, network, timers, domains, events::add);
    domains.sendTo(federation::send);
    forPeers = federation.addresses().getFirst();
    int port = forPeers.getPort();
    domains.domains().forEach(served -> dns.serve(served.ascii(), port));
    acceptor =
        new ComponentAcceptor(
            domains,
            new ComponentAcceptor.Router() {
              @Override
              public Offer send(Stanza stanza) {
                return federation.send(stanza);
              }

              @Override
              public Offer offer(Stanza stanza) {
                return federation.offer(stanza);
              }

              @Override
              public @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
                return federation.whenRoom(stanza, task);
              }
            },
            network,
            timers,
            events::add,
            ScannerLimits.PROVEN,
            1 << 20);
    address = acceptor.listen(ComponentBench.loopback(), null).address();
  }

  private static PolicyTable policy() {
    try {
      PolicyRule verified =
          new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, "");
      return PolicyTable.builder()
          .byDefault(Direction.INBOUND, verified)
          .byDefault(Direction.OUTBOUND, verified)
          .build();
    } catch (PolicyException e) {
      throw new AssertionError(e);
    }
  }

  /** A component that has made its handshake. */
  ScriptedPeer open(String name) throws IOException {
    ScriptedPeer peer = ScriptedPeer.connect(address).named(name);
    peers.add(peer);
    peer.openComponent(name, ComponentBench.SECRET);
    return peer;
  }

  <T extends FederationEvent> long count(Class<T> type) {
    return events.stream().filter(type::isInstance).count();
  }

  @Override
  public void close() {
    acceptor.close();
    federation.close(Duration.ofSeconds(1));
    peers.forEach(ScriptedPeer::close);
    network.close();
    timers.close();
  }
}
