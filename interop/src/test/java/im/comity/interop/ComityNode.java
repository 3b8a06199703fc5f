package im.comity.interop;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.discovery.DnsjavaResolver;
import im.comity.event.FederationEvent;
import im.comity.federation.Federation;
import im.comity.federation.FederationConfig;
import im.comity.local.InProcessLocalSide;
import im.comity.policy.Direction;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.PkixProoftype;
import im.comity.stanza.Stanza;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.TlsIdentity;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Our side of a play: one domain, on loopback. */
final class ComityNode implements AutoCloseable {
  record Arrived(Stanza stanza, @Nullable Association along) {}

  /** On which of our listeners the peer may find us. */
  enum Ways {
    STARTTLS,
    DIRECT_TLS,
    BOTH
  }

  final String domain;
  final BlockingQueue<Arrived> arrived = new LinkedBlockingQueue<>();
  final List<FederationEvent> events = new CopyOnWriteArrayList<>();
  private final SystemTimers timers = new SystemTimers();
  private final NettyNetwork network = NettyNetwork.open(NetworkOptions.defaults(timers));
  private final DnsjavaResolver resolver;
  private final InProcessLocalSide side;
  final Federation federation;

  ComityNode(
      Lab lab, String domain, PolicyRule rule, @Nullable CertificateKind certificate, Ways ways)
      throws IOException {
    this.domain = domain;
    resolver =
        new DnsjavaResolver(
            List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), lab.dnsPort())),
            DnsjavaResolver.Settings.DEFAULT,
            timers);
    side =
        new InProcessLocalSide(
            List.of(name(domain)),
            100_000,
            (stanza, along) -> arrived.put(new Arrived(stanza, along)));
    FederationConfig config =
        FederationConfig.of(
                policy(rule),
                certificate == null ? List.of() : List.of(identity(lab, certificate)),
                List.of(new PkixProoftype(List.of(lab.ca.certificate()), List.of())),
                resolver,
                List.of(
                    new FederationConfig.Listener(lab.listenAt(domain + " starttls"), false),
                    new FederationConfig.Listener(lab.listenAt(domain + " direct"), true)),
                DialbackSecret.of("the secret of " + domain))
            .withGuard(AddressGuard.LOOPBACK_TOO);
    federation = Federation.start(config, network, timers, side, events::add);
    List<InetSocketAddress> at = federation.addresses();
    lab.publish(
        domain,
        ways == Ways.DIRECT_TLS ? 0 : at.get(0).getPort(),
        ways == Ways.STARTTLS || certificate == null ? 0 : at.get(1).getPort());
  }

  private TlsIdentity identity(Lab lab, CertificateKind kind) {
    TestCertificate issued = lab.ca.issue(kind, domain);
    return TlsIdentity.of(domain, issued.privateKey(), issued.chain());
  }

  private static PolicyTable policy(PolicyRule rule) {
    try {
      return PolicyTable.builder()
          .byDefault(Direction.INBOUND, rule)
          .byDefault(Direction.OUTBOUND, rule)
          .build();
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static Domain name(String domain) {
    try {
      return Domain.of(domain);
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Pings the domain; the answer needs a stream back. */
  void ping(String target, String id) {
    send(
        Element.of(Namespaces.SERVER, "iq")
            .attribute("from", "ann@" + domain + "/x")
            .attribute("to", target)
            .attribute("type", "get")
            .attribute("id", id)
            .child(Element.of("urn:xmpp:ping", "ping").build())
            .build());
  }

  void send(Element stanza) {
    try {
      federation.send(Stanza.of(stanza));
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The next stanza that arrives. */
  Arrived next() throws InterruptedException {
    Arrived next = arrived.poll(40, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing arrived at " + domain + ":\n" + story());
    }
    return next;
  }

  /** What both sides say of both directions, after a ping and its answer. */
  Levels levels(RealPeer peer) throws InterruptedException {
    Arrived answer = next();
    if (!"result".equals(answer.stanza().type()) || answer.along() == null) {
      throw new AssertionError("no answer but " + answer + ":\n" + story());
    }
    return new Levels(
        await(FederationEvent.WayOpened.class, _ -> true).association().level(),
        answer.along().level(),
        peer.levelOfOurs(domain),
        peer.levelOfTheirs(domain));
  }

  String story() {
    StringBuilder story = new StringBuilder();
    events.forEach(event -> story.append("  ").append(event).append('\n'));
    return story.toString();
  }

  <T extends FederationEvent> T await(Class<T> type, Predicate<? super T> which) {
    return Awaitility.await(type.getSimpleName())
        .atMost(Duration.ofSeconds(40))
        .until(
            () ->
                events.stream()
                    .filter(type::isInstance)
                    .map(type::cast)
                    .filter(which)
                    .findFirst()
                    .orElse(null),
            event -> event != null);
  }

  @Override
  public void close() {
    federation.close();
    network.close();
    resolver.close();
    side.close();
    timers.close();
  }
}
