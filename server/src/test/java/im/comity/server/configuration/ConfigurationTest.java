package im.comity.server.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.component.Component;
import im.comity.component.Component.Conflict;
import im.comity.component.HostServices;
import im.comity.discovery.AddressGuard;
import im.comity.federation.FederationConfig.Listener;
import im.comity.policy.Direction;
import im.comity.policy.DomainPatterns;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.policy.StaticRoute;
import im.comity.relay.Allowance;
import im.comity.relay.GuestLimits;
import im.comity.server.configuration.Configuration.ComponentListener;
import im.comity.server.configuration.Configuration.HostDomain;
import im.comity.server.configuration.Configuration.Limits;
import im.comity.server.configuration.Configuration.Log;
import im.comity.server.configuration.Configuration.Secret;
import im.comity.server.configuration.Configuration.Timeouts;
import im.comity.testkit.Clause;
import im.comity.transport.ListenOptions;
import im.comity.transport.Meter;
import im.comity.transport.StrangerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What good files mean. */
class ConfigurationTest {
  private static final InstantSource TIME =
      InstantSource.fixed(Instant.parse("2026-11-20T12:00:00Z"));

  @TempDir Path folder;

  @Test
  void oneDomainIsEnough() throws Exception {
    Configuration configuration = read("domains: [north.example]\n");
    assertThat(configuration.domains())
        .containsExactly(new HostDomain(domain("north.example"), null, HostServices.Profile.PLAIN));
    assertThat(configuration.components()).isEmpty();
    assertThat(configuration.s2sListeners())
        .containsExactly(
            new Listener(ListenOptions.at(new InetSocketAddress(5269)), false),
            new Listener(ListenOptions.at(new InetSocketAddress(5270)), true));
    assertThat(configuration.componentListeners()).isEmpty();
    assertThat(configuration.identities()).isEmpty();
    assertThat(configuration.defaultIdentity()).isNull();
    assertThat(configuration.trust().anchors()).isNotEmpty();
    assertThat(configuration.trust().peers()).isEmpty();
    assertThat(configuration.resolvers()).isEmpty();
    assertThat(configuration.limits()).isEqualTo(Limits.DEFAULT);
    assertThat(configuration.timeouts()).isEqualTo(Timeouts.DEFAULT);
    assertThat(configuration.dialbackSecret()).isNull();
    assertThat(configuration.guard()).isEqualTo(AddressGuard.PUBLIC_ONLY);
    assertThat(configuration.log()).isEqualTo(Log.DEFAULT);
    Requirement out = outbound(configuration, "north.example", "south.example");
    assertThat(out.level()).isEqualTo(FederationLevel.ENCRYPTED);
    assertThat(out.dialback()).isTrue();
    assertThat(out.prooftypes()).isEmpty();
    assertThat(out.startTlsUnoffered()).isTrue();
    assertThat(out.strictPairs()).isFalse();
  }

  @Test
  void everyValueArrives() throws Exception {
    secret("c.secret", "the secret of the component");
    secret("d.secret", "the secret of dialback");
    Configuration configuration =
        read(
            """
            domains:
              - name: North.example
                source-address: 192.0.2.7
                contacts:
                  abuse: ["mailto:abuse@north.example", "xmpp:abuse@north.example"]
                  status: ["https://status.north.example/"]
                identity: {category: server, type: im, name: North}
              - rooms.north.example
              - bots.north.example
            components:
              - names: [north.example, bots.north.example]
                secret-file: c.secret
                conflict: share
                from: [rooms.north.example]
            listen:
              s2s:
                - {address: 127.0.0.1, port: 15269, proxy-from: [10.0.0.0/8, "2001:db8::/32"]}
                - {address: "::1", tls: direct}
              components: [{address: "::1", port: 15347}]
            dns: {resolvers: ["127.0.0.1:5353", "[::1]:53"]}
            limits:
              stanza-bytes: 10000
              waiting-stanzas: 2
              waiting-bytes: 30000
              unsent-bytes: 40000
              connections-per-address: 5
              strangers:
                per-address: 6
                in-all: 7
                connections-at-once: 8
                connections-per-second: 9
                fruitless-at-once: 20
                fruitless-per-second: 21
                handshakes-at-once: 18
                handshakes-per-second: 19
                verifications-at-once: 10
                verifications-per-second: 11
                verifications-of-sender-per-second: 12
                excepted: [192.0.2.0/24]
              guests:
                per-peer: {bytes-per-second: 1000, stanzas-per-second: 13, burst-seconds: 14}
                per-pair: {bytes-per-second: 1001}
                per-domain: {stanzas-per-second: 15}
                per-component: {stanzas-per-second: 16, burst-seconds: 17}
                excepted: ["*.Partner.example"]
            timeouts:
              negotiation: 20s
              candidate: 500ms
              greeting: 3s
              keepalive: 10m
              idle: 1d
              stop: 0s
            dialback: {secret-file: d.secret}
            allow-private-addresses: true
            log: {format: json, level: debug}
            """);
    assertThat(configuration.domains())
        .containsExactly(
            new HostDomain(
                domain("north.example"),
                InetAddress.ofLiteral("192.0.2.7"),
                new HostServices.Profile(
                    "North",
                    "server",
                    "im",
                    Map.of(
                        "abuse-addresses",
                        List.of("mailto:abuse@north.example", "xmpp:abuse@north.example"),
                        "status-addresses",
                        List.of("https://status.north.example/")))),
            new HostDomain(domain("rooms.north.example"), null, HostServices.Profile.PLAIN),
            new HostDomain(domain("bots.north.example"), null, null));
    assertThat(configuration.components())
        .containsExactly(
            new Component(
                List.of(domain("north.example"), domain("bots.north.example")),
                Set.of(domain("rooms.north.example")),
                "the secret of the component",
                Conflict.SHARE));
    assertThat(configuration.s2sListeners())
        .containsExactly(
            new Listener(
                new ListenOptions(
                    new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 15269),
                    List.of("10.0.0.0/8", "2001:db8::/32"),
                    5),
                false),
            new Listener(
                new ListenOptions(
                    new InetSocketAddress(InetAddress.ofLiteral("::1"), 5270), List.of(), 5),
                true));
    assertThat(configuration.componentListeners())
        .containsExactly(
            new ComponentListener(
                new ListenOptions(
                    new InetSocketAddress(InetAddress.ofLiteral("::1"), 15347), List.of(), 5),
                null));
    assertThat(configuration.resolvers())
        .containsExactly(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 5353),
            new InetSocketAddress(InetAddress.ofLiteral("::1"), 53));
    assertThat(configuration.limits())
        .isEqualTo(
            new Limits(
                10_000,
                2,
                30_000,
                40_000,
                5,
                new StrangerLimits(
                    6,
                    7,
                    new Meter.Rate(8, 9),
                    new Meter.Rate(20, 21),
                    18,
                    19,
                    Duration.ofSeconds(3),
                    new Meter.Rate(275, 11),
                    new Meter.Rate(240, 12),
                    10,
                    List.of("192.0.2.0/24")),
                new GuestLimits(
                    new Allowance(1000, 13, 14),
                    new Allowance(1001, 0, 10),
                    new Allowance(0, 15, 10),
                    DomainPatterns.of(List.of("*.partner.example"))),
                new Allowance(0, 16, 17)));
    assertThat(configuration.timeouts())
        .isEqualTo(
            new Timeouts(
                Duration.ofSeconds(20),
                Duration.ofMillis(500),
                Duration.ofMinutes(10),
                Duration.ofDays(1),
                Duration.ZERO));
    assertThat(configuration.dialbackSecret()).isEqualTo(new Secret("the secret of dialback"));
    assertThat(configuration.guard()).isEqualTo(AddressGuard.PRIVATE_TOO);
    assertThat(configuration.log()).isEqualTo(new Log(Log.Format.JSON, Log.Level.DEBUG));
    assertThat(configuration.toString()).doesNotContain("the secret of");
  }

  @Test
  void componentsListenOnLoopbackUnlessTheFileSaysOtherwise() throws Exception {
    secret("c.secret", "the secret of the component");
    String yaml =
        "domains: [a.example]\ncomponents: [{names: [a.example], secret-file: c.secret}]\n";
    assertThat(read(yaml).componentListeners())
        .containsExactly(
            new ComponentListener(
                ListenOptions.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 5347)),
                null));
    assertThat(read(yaml + "listen: {components: [], s2s: []}\n"))
        .satisfies(
            configuration -> {
              assertThat(configuration.componentListeners()).isEmpty();
              assertThat(configuration.s2sListeners()).isEmpty();
            });
  }

  @Test
  void rulesMeetAsTheLedgerSays() throws Exception {
    Configuration configuration =
        read(
            """
            domains:
              - {name: a.example, level: trusted}
              - {name: b.example, level: {out: verified, in: trusted}}
              - c.example
            policy:
              default: {level: {out: encrypted, in: verified}, dialback: false}
              peers:
                - {match: "*.peer.example", level: trusted, proofs: [pkix], dialback: true}
                - {match: weak.peer.example, level: verified, strict-pairs: true}
                - match: far.example
                  route: {host: 192.0.2.9, port: 5299, tls: direct, proof: pkix}
                - match: near.example
                  route: {host: near, port: 5269}
              pairs:
                - {from: a.example, to: weak.peer.example, level: verified}
                - {from: "*.peer.example", to: c.example, starttls-unoffered: false}
            """);
    assertThat(level(configuration, "c.example", "other.example", Direction.OUTBOUND))
        .isEqualTo("encrypted without dialback (comity.yaml:6)");
    assertThat(level(configuration, "c.example", "other.example", Direction.INBOUND))
        .isEqualTo("verified without dialback (comity.yaml:6)");
    // The level of a domain of ours stands where no rule names the peer, and is a floor elsewhere.
    assertThat(level(configuration, "b.example", "other.example", Direction.OUTBOUND))
        .isEqualTo("verified without dialback (comity.yaml:3)");
    assertThat(outbound(configuration, "b.example", "x.peer.example").level())
        .isEqualTo(FederationLevel.TRUSTED);
    assertThat(outbound(configuration, "c.example", "weak.peer.example"))
        .satisfies(
            requirement -> {
              assertThat(requirement.level()).isEqualTo(FederationLevel.VERIFIED);
              assertThat(requirement.strictPairs()).isTrue();
              assertThat(requirement.dialback()).isFalse();
            });
    // Only a rule that names both asks for less.
    assertThat(outbound(configuration, "a.example", "weak.peer.example").level())
        .isEqualTo(FederationLevel.VERIFIED);
    assertThat(
            configuration
                .policy()
                .requirement(pair("weak.peer.example", "a.example"), Direction.INBOUND)
                .level())
        .isEqualTo(FederationLevel.TRUSTED);
    assertThat(
            configuration
                .policy()
                .requirement(pair("x.peer.example", "c.example"), Direction.INBOUND)
                .level())
        .isEqualTo(FederationLevel.VERIFIED);
    assertThat(configuration.policy().route(domain("far.example")))
        .isEqualTo(new StaticRoute("far.example", "192.0.2.9", 5299, true, "pkix"));
    assertThat(outbound(configuration, "c.example", "far.example").level())
        .isEqualTo(FederationLevel.TRUSTED);
    // A rule with a route alone asks what the default asks.
    assertThat(configuration.policy().route(domain("near.example")))
        .isEqualTo(new StaticRoute("near.example", "near", 5269, false, null));
    assertThat(outbound(configuration, "c.example", "near.example").level())
        .isEqualTo(FederationLevel.ENCRYPTED);
  }

  @Test
  void whatARuleLeavesOutIsThatOfTheDefault() throws Exception {
    Configuration configuration =
        read(
            """
            domains: [{name: a.example, level: encrypted}]
            policy:
              default:
                level: trusted
                proofs: [pkix]
                dialback: false
                starttls-unoffered: false
                strict-pairs: true
              peers:
                - {match: b.example, dialback: true}
                - {match: c.example, level: verified, strict-pairs: false}
                - {match: d.example, level: permissive}
            """);
    assertThat(level(configuration, "a.example", "z.example", Direction.OUTBOUND))
        .isEqualTo("encrypted{pkix} without dialback (comity.yaml:1)");
    Requirement b = outbound(configuration, "a.example", "b.example");
    assertThat(b.level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(b.prooftypes()).containsExactly("pkix");
    assertThat(b.strictPairs()).isTrue();
    String ofC = outbound(configuration, "a.example", "c.example").rule();
    assertThat(ofC)
        .endsWith("outbound: verified{pkix} without dialback (" + folder + "/comity.yaml:11)");
    // Who is asked for nothing is not asked for proofs.
    String ofD = outbound(configuration, "a.example", "d.example").rule();
    assertThat(ofD)
        .endsWith("outbound: permissive without dialback (" + folder + "/comity.yaml:12)");
  }

  @Test
  @Clause("DNA-GEN-10")
  void theRecipeOfTrustedFederationIsOneRule() throws Exception {
    Configuration configuration =
        read(
            """
            domains: [a.example]
            policy:
              default: {level: trusted, proofs: [pkix], dialback: false}
            """);
    for (Direction direction : Direction.values()) {
      assertThat(level(configuration, "a.example", "b.example", direction))
          .isEqualTo("trusted{pkix} without dialback (comity.yaml:3)");
    }
  }

  @Test
  @Clause("DNA-GEN-09")
  void permissiveIsWarnedOfOnceForEachWord() throws Exception {
    assertThat(
            warnings(
                """
                domains:
                  - {name: a.example, level: permissive}
                policy:
                  default: {level: {out: encrypted, in: permissive}}
                  peers: [{match: b.example, level: permissive}]
                  pairs: [{from: c.example, to: a.example, level: permissive}]
                """))
        .filteredOn(warning -> warning.contains("permissive"))
        .extracting(warning -> warning.substring(0, warning.indexOf(" verifies nobody")))
        .containsExactly(
            ":2:30: warning: domains[0].level: permissive",
            ":4:41: warning: policy.default.level.in: permissive",
            ":5:37: warning: policy.peers[0].level: permissive",
            ":6:51: warning: policy.pairs[0].level: permissive");
  }

  @Test
  void whatIsLikelyNotMeantIsWarnedOf() throws Exception {
    secret("c.secret", "the secret of the component");
    assertThat(folder.resolve("c.secret").toFile().setReadable(true, false)).isTrue();
    assertThat(
            warnings(
                """
                domains: [a.example, b.example]
                components:
                  - {names: [a.example], secret-file: c.secret}
                  - {names: [b.example], secret: the secret of another}
                listen:
                  components:
                    - {address: "*"}
                    - {address: 192.0.2.1, port: 1}
                    - {address: "::1", port: 2}
                timeouts: {keepalive: 299s}
                """))
        .containsExactly(
            ":1:10: warning: domains: no certificate for a.example, b.example: there is no TLS for"
                + " peers that connect to them; see certificates and default-certificate",
            ":3:39: warning: components[0].secret-file: everybody on this machine may read"
                + " FOLDER/c.secret; chmod 600 it",
            ":4:34: warning: components[1].secret: everybody on this machine may read this file;"
                + " chmod 600 it, or use secret-file",
            ":7:7: warning: listen.components[0]: components on all addresses without tls: their"
                + " stanzas cross the network unencrypted",
            ":8:7: warning: listen.components[1]: components on other than loopback addresses"
                + " without tls: their stanzas cross the network unencrypted",
            ":10:23: warning: timeouts.keepalive: RFC 6120 4.6.4 asks that a silent stream be"
                + " checked no oftener than every 5m");
  }

  @Test
  void fiftyThousandDomainsAreRead() throws Exception {
    String yaml =
        IntStream.range(0, 50_000)
            .mapToObj(i -> "  - {name: customer-%d.example, level: trusted}\n".formatted(i))
            .collect(Collectors.joining("", "domains:\n", ""));
    Configuration configuration = read(yaml);
    assertThat(configuration.domains()).hasSize(50_000);
    assertThat(outbound(configuration, "customer-49999.example", "b.example").level())
        .isEqualTo(FederationLevel.TRUSTED);
  }

  // ---- helpers -------------------------------------------------------------------------------

  private Configuration read(String yaml) throws IOException, ConfigurationException {
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, yaml);
    return Configuration.read(file, TIME);
  }

  private List<String> warnings(String yaml) throws IOException, ConfigurationException {
    String file = folder.resolve("comity.yaml").toString();
    return read(yaml).warnings().stream()
        .map(warning -> warning.toString().substring(file.length()))
        .map(text -> text.replace(folder.toString(), "FOLDER"))
        .toList();
  }

  private void secret(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text + "\n");
    assertThat(file.toFile().setReadable(false, false)).isTrue();
    assertThat(file.toFile().setReadable(true, true)).isTrue();
  }

  private String level(Configuration configuration, String host, String peer, Direction direction)
      throws AddressFormatException {
    String rule =
        configuration
            .policy()
            .requirement(
                direction == Direction.OUTBOUND ? pair(host, peer) : pair(peer, host), direction)
            .rule();
    return rule.substring(rule.indexOf(": ") + 2).replace(folder + "/", "");
  }

  private static Requirement outbound(Configuration configuration, String host, String peer)
      throws AddressFormatException {
    return configuration.policy().requirement(pair(host, peer), Direction.OUTBOUND);
  }

  private static DomainPair pair(String sender, String target) throws AddressFormatException {
    return new DomainPair(domain(sender), domain(target));
  }

  private static Domain domain(String name) throws AddressFormatException {
    return Domain.of(name);
  }
}
