package im.comity.server.demo;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.discovery.DnsjavaResolver;
import im.comity.event.FederationListener;
import im.comity.federation.Federation;
import im.comity.federation.FederationConfig;
import im.comity.local.InProcessLocalSide;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.PkixProoftype;
import im.comity.stanza.Stanza;
import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.ListenOptions;
import im.comity.transport.NettyNetwork;
import im.comity.transport.Network;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One provider of the demonstration: its DNS, its CA, its domains, its federation. */
final class Provider implements AutoCloseable {
  /** What a domain of a provider shows as its certificate. */
  enum Certificate {
    /** A good one of the provider's CA. */
    OF_THE_CA,
    /** One that nobody vouches for. */
    SELF_SIGNED,
    /** One of the CA that has expired. */
    EXPIRED,
    /** None: no TLS for this domain. */
    NONE
  }

  /** Takes what arrives. */
  interface Inbox {
    void arrived(Stanza stanza, @Nullable Association along);
  }

  private final String name;
  private final TestCa ca;
  private final Map<Domain, Certificate> domains = new LinkedHashMap<>();
  private final Map<Domain, FederationLevel> levels = new LinkedHashMap<>();
  private final SystemTimers timers = new SystemTimers();
  private final TestDnsServer dns = TestDnsServer.start(ZoneSet.of(InstantSource.system()));
  private @Nullable Network network;
  private @Nullable DnsjavaResolver resolver;
  private @Nullable InProcessLocalSide side;
  private @Nullable Federation federation;

  Provider(String name) {
    this.name = name;
    this.ca = TestCa.root("The CA of " + name, InstantSource.system());
  }

  String name() {
    return name;
  }

  X509Certificate anchor() {
    return ca.certificate();
  }

  /** Adds a domain: what it shows, and the level that it asks of its peers in both directions. */
  Provider serve(Domain domain, Certificate certificate, FederationLevel level) {
    domains.put(domain, certificate);
    levels.put(domain, level);
    return this;
  }

  /** Starts; DNS does not lead here before {@link #publish}. */
  void start(X509Certificate trusted, FederationListener listener, Inbox inbox) throws IOException {
    Network net = NettyNetwork.open(NetworkOptions.defaults(timers));
    network = net;
    DnsjavaResolver lookups =
        new DnsjavaResolver(List.of(dns.address()), DnsjavaResolver.Settings.DEFAULT, timers);
    resolver = lookups;
    InProcessLocalSide local =
        new InProcessLocalSide(
            domains.keySet(), 1_000, (stanza, along) -> inbox.arrived(stanza, along));
    side = local;
    FederationConfig config =
        FederationConfig.of(
                policy(),
                identities(),
                List.of(new PkixProoftype(List.of(trusted, anchor()), List.of())),
                lookups,
                List.of(listener(false), listener(true)),
                DialbackSecret.random(new SecureRandom()))
            .withGuard(AddressGuard.LOOPBACK_TOO);
    federation = Federation.start(config, net, timers, local, listener);
  }

  private static FederationConfig.Listener listener(boolean directTls) {
    return new FederationConfig.Listener(
        ListenOptions.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)), directTls);
  }

  private PolicyTable policy() {
    PolicyTable.Builder table = PolicyTable.builder();
    for (Direction direction : Direction.values()) {
      levels.forEach(
          (domain, level) ->
              table.host(
                  direction,
                  domain.toString(),
                  new PolicyRule(level, List.of(), true, false, false, "")));
    }
    try {
      return table.build();
    } catch (PolicyException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<TlsIdentity> identities() {
    List<TlsIdentity> identities = new ArrayList<>();
    domains.forEach(
        (domain, kind) -> {
          CertificateKind certificate =
              switch (kind) {
                case OF_THE_CA -> CertificateKind.GOOD;
                case SELF_SIGNED -> CertificateKind.SELF_SIGNED;
                case EXPIRED -> CertificateKind.EXPIRED;
                case NONE -> null;
              };
          if (certificate != null) {
            TestCertificate issued = ca.issue(certificate, domain.ascii());
            identities.add(TlsIdentity.of(domain.toString(), issued.privateKey(), issued.chain()));
          }
        });
    return identities;
  }

  /** The records of its domains, as text. */
  List<TestZone> zones() {
    List<InetSocketAddress> at = running().addresses();
    List<TestZone> zones = new ArrayList<>();
    domains.forEach(
        (domain, certificate) -> {
          StringBuilder records = new StringBuilder();
          records.append(
              "_xmpp-server._tcp 60 IN SRV 5 1 "
                  + at.get(0).getPort()
                  + " xmpp."
                  + domain.ascii()
                  + ".\n");
          if (certificate != Certificate.NONE) {
            records.append(
                "_xmpps-server._tcp 60 IN SRV 1 1 "
                    + at.get(1).getPort()
                    + " xmpp."
                    + domain.ascii()
                    + ".\n");
          }
          records.append("xmpp 60 IN A 127.0.0.1\n");
          zones.add(TestZone.of(domain.ascii() + ".", records.toString()));
        });
    return zones;
  }

  /** Has its DNS server answer for these zones. */
  void publish(List<TestZone> zones) {
    dns.serve(ZoneSet.of(InstantSource.system(), zones));
  }

  void send(Stanza stanza) {
    running().send(stanza);
  }

  /** Where it can be looked at. */
  String addresses() {
    List<InetSocketAddress> at = running().addresses();
    return "s2s 127.0.0.1:%d (STARTTLS) and 127.0.0.1:%d (direct TLS), DNS 127.0.0.1:%d"
        .formatted(at.get(0).getPort(), at.get(1).getPort(), dns.address().getPort());
  }

  private Federation running() {
    Federation now = federation;
    if (now == null) {
      throw new IllegalStateException(name + " was not started");
    }
    return now;
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
    if (federation != null) {
      federation.close();
    }
    if (network != null) {
      try {
        network.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    if (resolver != null) {
      resolver.close();
    }
    if (side != null) {
      side.close();
    }
    dns.close();
    timers.close();
  }
}
