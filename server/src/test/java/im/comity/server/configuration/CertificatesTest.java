package im.comity.server.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentities;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates, keys and authorities that a configuration names. */
class CertificatesTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final InstantSource TIME = InstantSource.fixed(NOW);
  private static final TestCa CA = TestCa.root("Test Root", TIME);

  @TempDir Path folder;

  @BeforeEach
  void issueOne() {
    CA.issue("a.example").write(folder, "a");
  }

  @Test
  void certificatesAreReadFromFilesAndFolders() throws Exception {
    Path many = Files.createDirectories(folder.resolve("many/of-certbot"));
    CA.issue("b.example").write(folder.resolve("many"), "b");
    TestCertificate c = CA.issue(CertificateSpec.server("c.example").dnsNames("*.c.example"));
    Files.writeString(many.resolve("fullchain.pem"), c.chainPem());
    Files.writeString(many.resolve("privkey.pem"), c.keyPem());
    Files.writeString(folder.resolve("many/README"), "Not a certificate.");
    Configuration configuration =
        read(
            """
            domains: [a.example, b.example, x.c.example]
            certificates:
              - {chain: a.crt, key: a.key}
              - {directory: many}
            """);
    assertThat(configuration.identities())
        .extracting(TlsIdentity::names)
        .containsExactlyInAnyOrder(Set.of("a.example"), Set.of("b.example"), Set.of("*.c.example"));
    assertThat(configuration.defaultIdentity()).isNull();
    assertThat(configuration.warnings()).isEmpty();
  }

  @Test
  void theCertificateOfADomainIsShownForItWhateverNamesStandInIt() throws Exception {
    CA.issue("provider.example").write(folder, "p");
    Configuration configuration =
        read(
            """
            domains:
              - {name: b.example, certificate: {chain: p.crt, key: p.key}}
              - {name: a.example, certificate: {chain: p.crt, key: p.key}}
              - c.example
            certificates: [{chain: a.crt, key: a.key}]
            default-certificate: {chain: p.crt, key: p.key}
            """);
    assertThat(configuration.warnings()).isEmpty();
    TlsIdentities identities =
        TlsIdentities.of(configuration.identities(), configuration.defaultIdentity());
    for (Configuration.HostDomain domain : configuration.domains()) {
      TlsIdentity shown = identities.of(domain.name());
      assertThat(shown).as(domain.toString()).isNotNull();
      assertThat(shown.chain().getFirst().getSubjectX500Principal().getName())
          .isEqualTo("CN=provider.example");
    }
  }

  @Test
  void authoritiesOfAPeerAreReadBesideTheGeneralOnes() throws Exception {
    CA.write(folder.resolve("ca.crt"));
    TestCa other = TestCa.root("Other Root", TIME);
    other.write(folder.resolve("other.crt"));
    Configuration configuration =
        read(
            """
            domains: [a.example]
            certificates: [{chain: a.crt, key: a.key}]
            trust:
              anchors: [ca.crt]
              peers:
                - {match: "*.B.example", anchors: [other.crt, ca.crt], client-auth-suffices: true}
                - {match: c.example, anchors: system}
            """);
    assertThat(configuration.trust().anchors()).containsExactly(CA.certificate());
    assertThat(configuration.trust().peers())
        .satisfiesExactly(
            peer -> {
              assertThat(peer.pattern()).isEqualTo("*.b.example");
              assertThat(peer.anchors()).containsExactly(other.certificate(), CA.certificate());
              assertThat(peer.clientAuthSuffices()).isTrue();
            },
            peer -> {
              assertThat(peer.pattern()).isEqualTo("c.example");
              assertThat(peer.anchors()).isNotEmpty().doesNotContain(CA.certificate());
              assertThat(peer.clientAuthSuffices()).isFalse();
            });
  }

  @Test
  void componentsMayBeAskedForACertificate() throws Exception {
    CA.write(folder.resolve("ca.crt"));
    String yaml =
        """
        domains: [a.example]
        certificates: [{chain: a.crt, key: a.key}]
        listen:
          components:
            - {port: 1, tls: {certificate: {chain: a.crt, key: a.key}, client-ca: ca.crt}}
            - {port: 2, address: "*", tls: {certificate: {chain: a.crt, key: a.key}}}
        """;
    Configuration configuration = read(yaml);
    assertThat(configuration.warnings()).isEmpty();
    assertThat(configuration.componentListeners())
        .extracting(listener -> listener.tls() == null ? null : listener.tls().clientAnchors())
        .containsExactly(List.of(CA.certificate()), List.of());
    // Read again, what has not changed is the same, so that a reload leaves its socket alone.
    assertThat(read(yaml).componentListeners()).isEqualTo(configuration.componentListeners());
    CA.issue("a.example").write(folder, "a");
    assertThat(read(yaml).componentListeners()).isNotEqualTo(configuration.componentListeners());
  }

  @Test
  void filesThatAreMissingOrNoCertificates() throws IOException {
    CA.issue("b.example").write(folder, "b");
    Files.writeString(folder.resolve("text"), "not a certificate\n");
    Files.createDirectory(folder.resolve("empty"));
    Files.createDirectory(folder.resolve("half"));
    Files.copy(folder.resolve("a.crt"), folder.resolve("half/a.crt"));
    assertThat(
            errors(
                """
                domains:
                  - {name: a.example, certificate: {chain: none.crt, key: a.key}}
                certificates:
                  - {chain: a.crt, key: none.key}
                  - {chain: a.crt, key: b.key}
                  - {chain: text, key: a.key}
                  - {chain: a.crt, key: text}
                  - {directory: none}
                  - {directory: empty}
                  - {directory: half}
                  - {directory: a.crt}
                  - {chain: a.crt}
                  - {chain: a.crt, key: a.key, directory: empty}
                  - {}
                default-certificate: {chain: text, key: none}
                trust: {anchors: [text, none.crt]}
                """))
        .containsExactly(
            ":2:36: domains[0].certificate: no such file: FOLDER/none.crt",
            ":4:5: certificates[0]: no such file: FOLDER/none.key",
            ":5:5: certificates[1]: FOLDER/b.key: the private key is of another certificate",
            ":6:5: certificates[2]: FOLDER/text: no certificate",
            ":7:5: certificates[3]: FOLDER/text: no private key",
            ":8:17: certificates[4].directory: no such file: FOLDER/none",
            ":9:17: certificates[5].directory: FOLDER/empty holds neither NAME.crt with NAME.key"
                + " nor NAME/fullchain.pem with privkey.pem",
            ":10:17: certificates[6].directory: no such file: FOLDER/half/a.key",
            ":11:17: certificates[7].directory: FOLDER/a.crt is no folder",
            ":12:5: certificates[8]: the key \"key\" is missing",
            ":13:5: certificates[9]: give chain and key, or directory, not both",
            ":14:5: certificates[10]: give chain and key, or directory",
            ":15:22: default-certificate: no such file: FOLDER/none",
            ":16:19: trust.anchors[0]: FOLDER/text holds a certificate that cannot be read",
            ":16:25: trust.anchors[1]: no such file: FOLDER/none.crt");
  }

  @Test
  void whatHasExpiredOrNotBegunIsNotShown() throws IOException {
    CA.issue(CertificateKind.EXPIRED, "b.example").write(folder, "b");
    CA.issue(CertificateKind.NOT_YET_VALID, "c.example").write(folder, "c");
    assertThat(
            errors(
                """
                domains: [a.example]
                certificates:
                  - {chain: a.crt, key: a.key}
                  - {chain: b.crt, key: b.key}
                  - {chain: c.crt, key: c.key}
                """))
        .containsExactly(
            ":4:5: certificates[1]: FOLDER/b.crt expired at 2026-11-20T11:00:00Z",
            ":5:5: certificates[2]: FOLDER/c.crt is not valid before 2026-11-20T13:00:00Z");
  }

  @Test
  void oneThatExpiresSoonIsWarnedOfAndOneOfManyThatHasStopsNothing() throws Exception {
    CertificateSpec ending =
        CertificateSpec.server("a.example")
            .validity(NOW.minus(Duration.ofDays(1)), NOW.plus(Duration.ofDays(20)));
    CA.issue(ending).write(folder, "a");
    Path many = Files.createDirectory(folder.resolve("many"));
    CA.issue(CertificateKind.EXPIRED, "b.example").write(many, "b");
    Configuration configuration =
        read(
            """
            domains: [a.example, b.example]
            certificates:
              - {chain: a.crt, key: a.key}
              - {directory: many}
            """);
    assertThat(configuration.identities()).hasSize(2);
    assertThat(configuration.warnings())
        .extracting(warning -> warning.text().replace(folder.toString(), "FOLDER"))
        .containsExactly(
            "FOLDER/a.crt expires in 20 days, at 2026-12-10T12:00:00Z",
            "FOLDER/many/b.crt expired at 2026-11-20T11:00:00Z");
  }

  @Test
  @Clause("S2S-CERT-06")
  void aCertificateThatNamesADomainOnlyBySrvNameIsWarnedOf() throws Exception {
    CA.issue(CertificateKind.SRV_NAME_ONLY, "a.example").write(folder, "a");
    Configuration configuration =
        read(
            """
            domains: [a.example]
            certificates: [{chain: a.crt, key: a.key}]
            """);
    assertThat(configuration.warnings())
        .extracting(Problem::text)
        .containsExactly(
            folder
                + "/a.crt names a.example only as SRVName; some servers read dNSName alone: have it"
                + " named by that as well");
  }

  @Test
  void domainsWithoutACertificateAreNamed() throws Exception {
    Configuration configuration =
        read(
            """
            domains: [a.example, x.a.example, b.example, c.example, d.example, e.example, f.example]
            certificates: [{chain: a.crt, key: a.key}]
            """);
    assertThat(configuration.warnings())
        .extracting(Problem::text)
        .containsExactly(
            "no certificate for x.a.example, b.example, c.example, d.example, e.example and 1 more:"
                + " there is no TLS for peers that connect to them; see certificates and"
                + " default-certificate");
  }

  private Configuration read(String yaml) throws IOException, ConfigurationException {
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, yaml);
    return Configuration.read(file, TIME);
  }

  private List<String> errors(String yaml) throws IOException {
    Path file = folder.resolve("comity.yaml");
    try {
      read(yaml);
      return List.of();
    } catch (ConfigurationException e) {
      return e.problems().stream()
          .filter(Problem::isError)
          .map(problem -> problem.toString().substring(file.toString().length()))
          .map(text -> text.replace(": error:", ":").replace(folder.toString(), "FOLDER"))
          .toList();
    }
  }
}
