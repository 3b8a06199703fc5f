package im.comity.bench;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.component.Component;
import im.comity.component.ComponentAcceptor;
import im.comity.component.HostServices;
import im.comity.component.LocalDomains;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
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
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.ListenOptions;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.TlsIdentity;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** One server under load: a federation with one component, at trusted over TLS. */
final class LoadedServer implements AutoCloseable {
  static final String SECRET = "a secret for the load program";

  private final SystemTimers timers = new SystemTimers();
  private final NettyNetwork network = NettyNetwork.open(NetworkOptions.defaults(timers));
  private final ComponentAcceptor acceptor;
  private final Federation federation;
  final AtomicLong bounced = new AtomicLong();
  final int componentPort;
  final int port;

  LoadedServer(String domain, TestCa ca, Resolver dns) throws IOException {
    LocalDomains domains = new LocalDomains(new HostServices("bench"));
    domains.configure(
        Map.of(),
        List.of(
            new Component(List.of(domain(domain)), Set.of(), SECRET, Component.Conflict.REFUSE)));
    TestCertificate certificate = ca.issue(domain);
    FederationConfig config =
        FederationConfig.of(
                policy(),
                List.of(TlsIdentity.of(domain, certificate.privateKey(), certificate.chain())),
                List.of(new PkixProoftype(List.of(ca.certificate()), List.of())),
                dns,
                List.of(new FederationConfig.Listener(loopback(), true)),
                DialbackSecret.of("the dialback secret of " + domain))
            .withGuard(AddressGuard.LOOPBACK_TOO);
    federation = Federation.start(config, network, timers, domains, this::happened);
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
              public boolean whenRoom(Stanza stanza, Runnable task) {
                return federation.whenRoom(stanza, task);
              }
            },
            network,
            timers,
            this::happened,
            ScannerLimits.PROVEN,
            1 << 20);
    componentPort = acceptor.listen(loopback(), null).address().getPort();
    port = federation.addresses().getFirst().getPort();
  }

  private void happened(FederationEvent event) {
    if (event instanceof FederationEvent.Bounced
        || event instanceof FederationEvent.Dropped
        || event instanceof FederationEvent.Fault) {
      bounced.incrementAndGet();
    }
  }

  private static ListenOptions loopback() {
    return ListenOptions.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static PolicyTable policy() {
    try {
      PolicyRule trusted = PolicyRule.of(FederationLevel.TRUSTED);
      return PolicyTable.builder()
          .byDefault(Direction.INBOUND, trusted)
          .byDefault(Direction.OUTBOUND, trusted)
          .build();
    } catch (PolicyException e) {
      throw new IllegalStateException(e);
    }
  }

  static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @Override
  public void close() {
    acceptor.close();
    federation.close();
    network.close();
    timers.close();
  }
}
