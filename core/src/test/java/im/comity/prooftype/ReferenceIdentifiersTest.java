package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.prooftype.CertificateNames.Kind;
import im.comity.prooftype.CertificateNames.Name;
import im.comity.testkit.Clause;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceIdentifiersTest {
  private static final String SRV = "_xmpp-server.";

  @Test
  @Clause({"DNA-ID-01", "DNA-ID-02", "DNA-ID-03"})
  void theReferencesAreMadeOfTheSourceDomainAlone() throws AddressFormatException {
    assertThat(ReferenceIdentifiers.of(Domain.of("Bücher.Example.")).names())
        .containsExactly(
            new Name(Kind.DNS_NAME, "xn--bcher-kva.example"),
            new Name(Kind.SRV_NAME, "_xmpp-server.xn--bcher-kva.example"),
            new Name(Kind.XMPP_ADDR, "bücher.example"));
  }

  @Test
  @Clause("DNA-ID-11")
  void anAddressHasNoReferenceButItself() throws AddressFormatException {
    assertThat(ReferenceIdentifiers.of(Domain.of("192.0.2.7")).names())
        .containsExactly(new Name(Kind.IP_ADDRESS, "192.0.2.7"));
    assertThat(ReferenceIdentifiers.of(Domain.of("[2001:db8::7]")).names())
        .containsExactly(new Name(Kind.IP_ADDRESS, "2001:db8:0:0:0:0:0:7"));
  }

  @ParameterizedTest(name = "{0} presented for {1}: {2}")
  @CsvSource({
    // plain
    "gamma.example, gamma.example, true",
    "GAMMA.Example, gamma.example, true",
    "gamma.example., gamma.example, true",
    "gamma.example.., gamma.example, false",
    "xn--bcher-kva.example, bücher.example, true",
    "XN--BCHER-KVA.example, bücher.example, true",
    "bücher.example, bücher.example, false", // no A-label
    "amma.example, gamma.example, false",
    "xgamma.example, gamma.example, false",
    "example, gamma.example, false",
    "'', gamma.example, false",
    "., gamma.example, false",
    // U+212A KELVIN SIGN is no k, and NUL ends nothing
    "'\u212Aappa.example', kappa.example, false",
    "'gamma.example\u0000.evil.example', gamma.example, false",
    "' gamma.example', gamma.example, false",
    // wildcards
    "*.example, gamma.example, true",
    "*.EXAMPLE., gamma.example, true",
    "*.gamma.example, gamma.example, false",
    "*.gamma.example, a.gamma.example, true",
    "*.gamma.example, a.b.gamma.example, false",
    "g*.example, gamma.example, false",
    "*a.example, gamma.example, false",
    "*.*.example, a.gamma.example, false",
    "a.*.example, a.gamma.example, false",
    "*, gamma, false",
    "*., gamma, false",
    "*.example, example, false",
    "**.example, gamma.example, false",
    "*.xn--bcher-kva.example, a.bücher.example, true",
    "*.example, bücher.example, true"
  })
  @Clause({"DNA-ID-07", "DNA-ID-08", "S2S-CERT-04"})
  void hostNamesAndWildcardsMatchByLabels(String presented, String domain, boolean match) {
    assertThat(matches(domain, new Name(Kind.DNS_NAME, presented))).isEqualTo(match);
    assertThat(matches(domain, new Name(Kind.SRV_NAME, SRV + presented)))
        .as("the same behind the service (DNA-ID-09)")
        .isEqualTo(match);
  }

  @ParameterizedTest(name = "{0} presented for gamma.example: {1}")
  @CsvSource({
    "_xmpp-server.gamma.example, true",
    "_XMPP-Server.gamma.example, true",
    "_xmpp-server.*.example, true",
    "_xmpp-client.gamma.example, false",
    "_xmpp-servers.gamma.example, false",
    "_xmpp-server._tcp.gamma.example, false",
    "*.gamma.example, false",
    "gamma.example, false",
    "_xmpp-server, false",
    "_xmpp-server., false",
    ".gamma.example, false"
  })
  @Clause({"DNA-ID-03", "DNA-ID-05", "DNA-ID-09", "S2S-CERT-02"})
  void serviceNamesMatchOnlyOurService(String presented, boolean match) {
    assertThat(matches("gamma.example", new Name(Kind.SRV_NAME, presented))).isEqualTo(match);
  }

  @ParameterizedTest(name = "{0} presented for {1}: {2}")
  @CsvSource({
    "gamma.example, gamma.example, true",
    "Gamma.Example., gamma.example, true",
    "bücher.example, bücher.example, true",
    "BÜCHER.example, bücher.example, true",
    "xn--bcher-kva.example, bücher.example, true",
    "ann@gamma.example, gamma.example, false",
    "gamma.example/x, gamma.example, false",
    "*.example, gamma.example, false",
    "delta.example, gamma.example, false",
    "'', gamma.example, false"
  })
  @Clause({"DNA-ID-04", "S2S-CERT-03", "S2S-CERT-04"})
  void xmppAddressesMatchAsPreparedDomains(String presented, String domain, boolean match) {
    assertThat(matches(domain, new Name(Kind.XMPP_ADDR, presented))).isEqualTo(match);
  }

  @Test
  @Clause("DNA-ID-06")
  void theServiceOfOneNameIsNotCombinedWithTheDomainOfAnother() {
    assertThat(
            matches(
                "gamma.example",
                new Name(Kind.SRV_NAME, "_xmpp-server.delta.example"),
                new Name(Kind.SRV_NAME, "_xmpp-client.gamma.example"),
                new Name(Kind.DNS_NAME, "delta.example"),
                new Name(Kind.DNS_NAME, "_xmpp-server")))
        .isFalse();
  }

  @Test
  @Clause("DNA-ID-11")
  void anAddressMatchesAnAddressEntryOnly() {
    assertThat(matches("192.0.2.7", new Name(Kind.DNS_NAME, "192.0.2.7"))).isFalse();
    assertThat(matches("192.0.2.7", new Name(Kind.XMPP_ADDR, "192.0.2.7"))).isFalse();
    assertThat(matches("192.0.2.7", new Name(Kind.IP_ADDRESS, "192.0.2.8"))).isFalse();
    assertThat(matches("192.0.2.7", new Name(Kind.IP_ADDRESS, "192.0.2.7"))).isTrue();
    assertThat(matches("[2001:db8::7]", new Name(Kind.IP_ADDRESS, "2001:db8:0:0:0:0:0:7")))
        .isTrue();
    assertThat(matches("gamma.example", new Name(Kind.IP_ADDRESS, "192.0.2.7"))).isFalse();
  }

  @Test
  void theFirstReferenceThatFindsItsNameIsTheEvidence() throws AddressFormatException {
    Name host = new Name(Kind.DNS_NAME, "*.example");
    Name address = new Name(Kind.XMPP_ADDR, "gamma.example");
    assertThat(
            ReferenceIdentifiers.of(Domain.of("gamma.example"))
                .match(new CertificateNames(List.of(address, host))))
        .isEqualTo(host);
  }

  private static boolean matches(String domain, Name... presented) {
    try {
      return ReferenceIdentifiers.of(Domain.of(domain))
              .match(new CertificateNames(Arrays.asList(presented)))
          != null;
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
