package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.prooftype.CertificateNames.Kind;
import im.comity.prooftype.CertificateNames.Name;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateNamesTest {
  private static final String SUBJECT_ALT_NAME = "2.5.29.17";
  private static final TestCa CA = TestCa.root("Test CA", InstantSource.system());

  @Test
  @Clause({"DNA-ID-15", "DNA-ID-16"})
  void allNamesAreReadWhicheverProviderDecodesTheCertificate() throws Exception {
    X509Certificate certificate =
        CA.issue(
                CertificateSpec.server("gamma.example")
                    .dnsNames("gamma.example", "*.delta.example")
                    .srvNames("_xmpp-server.gamma.example", "_xmpp-client.gamma.example")
                    .xmppAddrs("gämma.example", "ann@gamma.example")
                    .ipAddresses("192.0.2.7", "2001:db8::7"))
            .certificate();
    List<Provider> providers =
        List.of(
            Security.getProvider("SUN"), // four parts for each otherName
            new BouncyCastleProvider()); // its own idea of them
    for (Provider provider : providers) {
      assertThat(CertificateNames.of(OddCertificates.readBy(provider, certificate)).names())
          .as(provider.getName())
          .containsExactlyInAnyOrder(
              new Name(Kind.DNS_NAME, "gamma.example"),
              new Name(Kind.DNS_NAME, "*.delta.example"),
              new Name(Kind.SRV_NAME, "_xmpp-server.gamma.example"),
              new Name(Kind.SRV_NAME, "_xmpp-client.gamma.example"),
              new Name(Kind.XMPP_ADDR, "gämma.example"),
              new Name(Kind.XMPP_ADDR, "ann@gamma.example"),
              new Name(Kind.IP_ADDRESS, "192.0.2.7"),
              new Name(Kind.IP_ADDRESS, "2001:db8:0:0:0:0:0:7"));
    }
  }

  @Test
  @Clause({"DNA-ID-10", "S2S-CERT-05"})
  void theCommonNameIsNoName() throws Exception {
    assertThat(
            CertificateNames.of(
                    CA.issue(CertificateKind.COMMON_NAME_ONLY, "gamma.example").certificate())
                .names())
        .isEmpty();
  }

  @Test
  void kindsOfNameThatNameNoServerArePassedOver() throws Exception {
    // rfc822Name, URI, otherName of a kind nobody knows, then a dNSName
    X509Certificate certificate =
        OddCertificates.withExtension(
            SUBJECT_ALT_NAME,
            hex(
                "30 19"
                    + "81 03 61 40 62" // a@b
                    + "86 03 78 3A 79" // x:y
                    + "A0 0A 06 03 2A 03 04 A0 03 0C 01 7A" // 1.2.3.4
                    + "82 01 64")); // d
    assertThat(CertificateNames.of(certificate).names())
        .containsExactly(new Name(Kind.DNS_NAME, "d"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "31 00", // no SEQUENCE
        "30 03 82 05 64", // longer than what holds it
        "30 05 87 03 01 02 03", // an address of three octets
        "30 04 82 02 C3 28", // no text
        "30 07 A0 05 06 03 2A 03 04", // an otherName without a value
        "30 0E A0 0C 06 08 2B 06 01 05 05 07 08 05 A0 00", // an empty XmppAddr
        "30 11 A0 0F 06 08 2B 06 01 05 05 07 08 05 A0 03 04 01 64" // an XmppAddr that is no text
      })
  void aBrokenExtensionIsRefusedWhole(String octets) {
    X509Certificate certificate = OddCertificates.withExtension(SUBJECT_ALT_NAME, hex(octets));
    assertThatThrownBy(() -> CertificateNames.of(certificate))
        .isInstanceOf(CertificateParsingException.class);
  }

  @Test
  void whatIsShownToPeopleIsEscapedAndBounded() {
    assertThat(new CertificateNames(List.of())).hasToString("no usable name");
    assertThat(
            new CertificateNames(
                List.of(
                    new Name(Kind.DNS_NAME, "a.example"), new Name(Kind.XMPP_ADDR, "b\n\u202E"))))
        .hasToString("dNSName a.example, XmppAddr b\\u{a}\\u{202e}");
    List<Name> many =
        IntStream.range(0, 500).mapToObj(i -> new Name(Kind.DNS_NAME, "n" + i)).toList();
    assertThat(new CertificateNames(many).toString())
        .endsWith("dNSName n9 and 490 more")
        .doesNotContain("n10");
    String longest =
        new CertificateNames(
                Collections.nCopies(10, new Name(Kind.DNS_NAME, "\u0000".repeat(10_000))))
            .toString();
    assertThat(longest.length()).isLessThan(2_500);
  }

  private static byte[] hex(String octets) {
    return HexFormat.of().parseHex(octets.replace(" ", ""));
  }
}
