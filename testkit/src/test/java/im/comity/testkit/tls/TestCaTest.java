package im.comity.testkit.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TestCaTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final String DOMAIN = "im.gamma.example";
  private static final TestCa CA = TestCa.root("Test Root", CLOCK);

  /** What the platform's path validation says of a chain in the order shown. */
  private static String judge(TestCertificate certificate) throws Exception {
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(CA.certificate(), null)));
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(NOW));
    try {
      CertPathValidator.getInstance("PKIX")
          .validate(
              CertificateFactory.getInstance("X.509").generateCertPath(certificate.chain()),
              parameters);
      return "valid";
    } catch (CertPathValidatorException e) {
      return e.getReason().toString();
    }
  }

  private static List<List<Object>> names(TestCertificate certificate) throws Exception {
    var names = certificate.certificate().getSubjectAlternativeNames();
    List<List<Object>> plain = new ArrayList<>();
    if (names != null) {
      // An otherName is type, DER, object identifier and value.
      names.forEach(n -> plain.add(n.size() == 4 ? List.of(n.get(2), n.get(3)) : List.copyOf(n)));
    }
    return plain;
  }

  /** Each kind: the platform's verdict on its chain, and the names it carries. */
  @ParameterizedTest
  @CsvSource({
    "GOOD, valid, [[2; im.gamma.example]]",
    "EXPIRED, EXPIRED, [[2; im.gamma.example]]",
    "NOT_YET_VALID, NOT_YET_VALID, [[2; im.gamma.example]]",
    "WRONG_NAME, valid, [[2; wrong.invalid]]",
    "SELF_SIGNED, NO_TRUST_ANCHOR, [[2; im.gamma.example]]",
    "UNKNOWN_ISSUER, NO_TRUST_ANCHOR, [[2; im.gamma.example]]",
    "COMMON_NAME_ONLY, valid, []",
    "AUTHORITY_AS_LEAF, valid, [[2; im.gamma.example]]",
    "CLIENT_AUTH_ONLY, valid, [[2; im.gamma.example]]",
    "SERVER_AUTH_ONLY, valid, [[2; im.gamma.example]]",
    "NO_PURPOSE, valid, [[2; im.gamma.example]]",
    "ANY_PURPOSE, valid, [[2; im.gamma.example]]",
    "XMPP_ADDR_PURPOSE, valid, [[2; im.gamma.example]]",
    "SRV_NAME_ONLY, valid, [[1.3.6.1.5.5.7.8.7; _xmpp-server.im.gamma.example]]",
    "CLIENT_SRV_NAME_ONLY, valid, [[1.3.6.1.5.5.7.8.7; _xmpp-client.im.gamma.example]]",
    "XMPP_ADDR_ONLY, valid, [[1.3.6.1.5.5.7.8.5; im.gamma.example]]",
    "XMPP_ADDR_WITH_LOCALPART, valid, [[1.3.6.1.5.5.7.8.5; somebody@im.gamma.example]]",
    "WILDCARD, valid, [[2; *.gamma.example]]",
    "WILDCARD_BELOW, valid, [[2; *.im.gamma.example]]",
    "WILDCARD_PARTIAL, valid, [[2; i*.gamma.example]]",
    "WILDCARD_DOUBLE, valid, [[2; *.*.example]]",
    "WILDCARD_INNER, valid, [[2; im.*.example]]",
    "WILDCARD_SRV_NAME, valid, [[1.3.6.1.5.5.7.8.7; _xmpp-server.*.gamma.example]]",
    "NAME_CONSTRAINED, valid, [[2; im.gamma.example]]",
    "NAME_CONSTRAINT_VIOLATED, INVALID_NAME, [[2; im.gamma.example]]",
    "NAME_CONSTRAINT_VIOLATED_BY_SRV_NAME, valid,"
        + " [[1.3.6.1.5.5.7.8.7; _xmpp-server.im.gamma.example]]",
    "INCOMPLETE_CHAIN, NO_TRUST_ANCHOR, [[2; im.gamma.example]]",
    "UNORDERED_CHAIN, NO_TRUST_ANCHOR, [[2; im.gamma.example]]",
    "STRANGER_IN_CHAIN, NAME_CHAINING, [[2; im.gamma.example]]",
    "CLIENT_AUTH_ONLY_INTERMEDIATE, valid, [[2; im.gamma.example]]",
    "EXPIRED_INTERMEDIATE, EXPIRED, [[2; im.gamma.example]]",
    "PATH_TOO_LONG, PATH_TOO_LONG, [[2; im.gamma.example]]",
    "WEAK_KEY, valid, [[2; im.gamma.example]]",
    "SHA1_SIGNATURE, valid, [[2; im.gamma.example]]",
    "NO_DIGITAL_SIGNATURE, valid, [[2; im.gamma.example]]",
    "UNKNOWN_CRITICAL_EXTENSION, UNRECOGNIZED_CRIT_EXT, [[2; im.gamma.example]]",
    "MUST_STAPLE, valid, [[2; im.gamma.example]]",
    "REVOKED, valid, [[2; im.gamma.example]]",
  })
  void eachKindIsWhatItSays(CertificateKind kind, String verdict, String names) throws Exception {
    TestCertificate made = CA.issue(kind, DOMAIN);
    assertThat(judge(made)).isEqualTo(verdict);
    assertThat(names(made)).hasToString(names.replace(';', ','));
  }

  @ParameterizedTest
  @EnumSource
  void everyKindIsCoveredByTheTable(CertificateKind kind) throws Exception {
    CsvSource table =
        getClass()
            .getDeclaredMethod(
                "eachKindIsWhatItSays", CertificateKind.class, String.class, String.class)
            .getAnnotation(CsvSource.class);
    assertThat(Set.of(table.value())).anyMatch(row -> row.startsWith(kind + ","));
  }

  @ParameterizedTest
  @EnumSource
  void theKeyOfEveryKindFitsItsCertificate(CertificateKind kind) throws Exception {
    TestCertificate made = CA.issue(kind, DOMAIN);
    String algorithm = made.privateKey() instanceof RSAKey ? "SHA256withRSA" : "SHA256withECDSA";
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(made.privateKey());
    signature.update((byte) 1);
    byte[] made1 = signature.sign();
    signature.initVerify(made.certificate().getPublicKey());
    signature.update((byte) 1);
    assertThat(signature.verify(made1)).isTrue();
  }

  @Test
  void purposesAndUsagesStandInTheCertificate() throws Exception {
    assertThat(purposes(CertificateKind.GOOD))
        .containsExactly("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(purposes(CertificateKind.SERVER_AUTH_ONLY)).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(purposes(CertificateKind.CLIENT_AUTH_ONLY)).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(purposes(CertificateKind.ANY_PURPOSE)).containsExactly("2.5.29.37.0");
    assertThat(purposes(CertificateKind.XMPP_ADDR_PURPOSE)).containsExactly("1.3.6.1.5.5.7.8.5");
    assertThat(purposes(CertificateKind.NO_PURPOSE)).isNull();
    X509Certificate good = CA.issue(CertificateKind.GOOD, DOMAIN).certificate();
    assertThat(good.getKeyUsage()).startsWith(true, false, false);
    assertThat(good.getBasicConstraints()).isEqualTo(-1);
    X509Certificate weakUsage =
        CA.issue(CertificateKind.NO_DIGITAL_SIGNATURE, DOMAIN).certificate();
    assertThat(weakUsage.getKeyUsage()).startsWith(false, false, true);
    X509Certificate authority = CA.issue(CertificateKind.AUTHORITY_AS_LEAF, DOMAIN).certificate();
    assertThat(authority.getBasicConstraints()).isEqualTo(Integer.MAX_VALUE);
    assertThat(authority.getKeyUsage()[0]).isTrue();
    assertThat(authority.getNotAfter().toInstant()).isBefore(NOW.plus(Duration.ofDays(91)));
    X509Certificate clients =
        CA.issue(CertificateKind.CLIENT_AUTH_ONLY_INTERMEDIATE, DOMAIN).chain().get(1);
    assertThat(clients.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(CA.issue(CertificateKind.MUST_STAPLE, DOMAIN).certificate())
        .extracting(c -> c.getExtensionValue("1.3.6.1.5.5.7.1.24"))
        .isEqualTo(HexFormat.of().parseHex("0405" + "3003020105"));
    assertThat(CA.issue(CertificateKind.SHA1_SIGNATURE, DOMAIN).certificate().getSigAlgName())
        .isEqualTo("SHA1withECDSA");
    assertThat(CA.issue(CertificateKind.WEAK_KEY, DOMAIN).certificate().getPublicKey())
        .isInstanceOfSatisfying(
            RSAKey.class, key -> assertThat(key.getModulus().bitLength()).isEqualTo(1024));
  }

  private static List<String> purposes(CertificateKind kind) throws Exception {
    return CA.issue(kind, DOMAIN).certificate().getExtendedKeyUsage();
  }

  @Test
  void badChainsCanBeRepairedByWhoeverLooksForThePath() throws Exception {
    assertThat(builds(CA.issue(CertificateKind.UNORDERED_CHAIN, DOMAIN))).isTrue();
    assertThat(builds(CA.issue(CertificateKind.STRANGER_IN_CHAIN, DOMAIN))).isTrue();
    assertThat(builds(CA.issue(CertificateKind.INCOMPLETE_CHAIN, DOMAIN))).isFalse();
    assertThat(builds(CA.issue(CertificateKind.PATH_TOO_LONG, DOMAIN))).isFalse();
  }

  private static boolean builds(TestCertificate certificate) throws Exception {
    X509CertSelector target = new X509CertSelector();
    target.setCertificate(certificate.certificate());
    PKIXBuilderParameters parameters =
        new PKIXBuilderParameters(Set.of(new TrustAnchor(CA.certificate(), null)), target);
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(NOW));
    parameters.addCertStore(
        CertStore.getInstance(
            "Collection", new CollectionCertStoreParameters(certificate.chain())));
    try {
      CertPathBuilder.getInstance("PKIX").build(parameters);
      return true;
    } catch (CertPathBuilderException e) {
      return false;
    }
  }

  @Test
  void eachShapeShowsWhatItSays() {
    TestCa first = CA.intermediate("First");
    TestCa second = first.intermediate("Second");
    assertThat(second.path())
        .containsExactly(second.certificate(), first.certificate(), CA.certificate());
    assertThat(shown(second, ChainShape.COMPLETE))
        .containsExactly(second.certificate(), first.certificate());
    assertThat(shown(second, ChainShape.WITH_ROOT)).isEqualTo(second.path());
    assertThat(shown(second, ChainShape.LEAF_ONLY)).isEmpty();
    assertThat(shown(second, ChainShape.UNORDERED))
        .containsExactly(CA.certificate(), first.certificate(), second.certificate());
    List<X509Certificate> withStranger = shown(second, ChainShape.WITH_STRANGER);
    assertThat(withStranger).hasSize(3);
    assertThat(withStranger.subList(1, 3))
        .containsExactly(second.certificate(), first.certificate());
    assertThat(shown(CA, ChainShape.COMPLETE)).isEmpty();
  }

  private static List<X509Certificate> shown(TestCa ca, ChainShape shape) {
    List<X509Certificate> chain =
        ca.issue(CertificateSpec.server("gamma.example").chain(shape)).chain();
    assertThat(chain.getFirst().getIssuerX500Principal())
        .isEqualTo(ca.certificate().getSubjectX500Principal());
    return chain.subList(1, chain.size());
  }

  @Test
  void severalNamesOfAllKindsFitInOneCertificate() throws Exception {
    TestCertificate made =
        CA.issue(
            CertificateSpec.commonNameOnly("Many, Inc. + \"friends\"")
                .dnsNames("a.example", "b.example")
                .srvNames("_xmpp-server.c.example")
                .xmppAddrs("bücher.example")
                .ipAddresses("192.0.2.7", "2001:db8::7"));
    assertThat(names(made))
        .containsExactlyInAnyOrder(
            List.of(2, "a.example"),
            List.of(2, "b.example"),
            List.of("1.3.6.1.5.5.7.8.7", "_xmpp-server.c.example"),
            List.of("1.3.6.1.5.5.7.8.5", "bücher.example"),
            List.of(7, "192.0.2.7"),
            List.of(7, "2001:db8:0:0:0:0:0:7"));
    assertThat(judge(made)).isEqualTo("valid");
  }

  @Test
  void otherNamesHaveTheStringTypesOfTheirDefinitions() {
    X509Certificate made =
        CA.issue(CertificateSpec.commonNameOnly("x").srvNames("_s.a").xmppAddrs("a")).certificate();
    String names = HexFormat.of().formatHex(made.getExtensionValue("2.5.29.17"));
    // [0] { IA5String "_s.a" } after id-on-dnsSRV, [0] { UTF8String "a" } after id-on-xmppAddr.
    assertThat(names)
        .contains("06082b06010505070807" + "a006" + "1604" + "5f732e61")
        .contains("06082b06010505070805" + "a003" + "0c01" + "61");
  }

  @Test
  void nameConstraintsAndWhatOnlyAnAuthorityMayDoAreCritical() {
    X509Certificate authority = CA.issue(CertificateKind.NAME_CONSTRAINED, DOMAIN).chain().get(1);
    assertThat(authority.getCriticalExtensionOIDs())
        .containsExactlyInAnyOrder("2.5.29.15", "2.5.29.19", "2.5.29.30");
  }

  @Test
  void aRenewalCanKeepTheKey() {
    TestCertificate old = CA.issue("gamma.example");
    TestCertificate renewed = CA.issue(CertificateSpec.server("gamma.example").keyOf(old));
    TestCertificate other = CA.issue("gamma.example");
    assertThat(renewed.certificate()).isNotEqualTo(old.certificate());
    assertThat(renewed.tlsa(3, 1, 1)).isEqualTo(old.tlsa(3, 1, 1));
    assertThat(renewed.tlsa(3, 0, 1)).isNotEqualTo(old.tlsa(3, 0, 1));
    assertThat(other.tlsa(3, 1, 1)).isNotEqualTo(old.tlsa(3, 1, 1));
  }

  @Test
  void tlsaDataAndFingerprintsAreThoseOfTheStandards() throws Exception {
    TestCertificate made = CA.issue("gamma.example");
    byte[] der = made.certificate().getEncoded();
    byte[] key = made.certificate().getPublicKey().getEncoded();
    HexFormat hex = HexFormat.of();
    assertThat(made.tlsa(3, 0, 0)).isEqualTo("3 0 0 " + hex.formatHex(der));
    assertThat(made.tlsa(1, 0, 2))
        .isEqualTo("1 0 2 " + hex.formatHex(MessageDigest.getInstance("SHA-512").digest(der)));
    assertThat(made.tlsa(2, 1, 1))
        .isEqualTo("2 1 1 " + hex.formatHex(MessageDigest.getInstance("SHA-256").digest(key)));
    assertThat(CA.tlsa(2, 0, 1)).isEqualTo(TestCa.tlsa(CA.certificate(), 2, 0, 1));
    assertThat(made.fingerprint("SHA-256"))
        .isEqualTo(
            Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(der)))
        .hasSize(44);
    for (int[] bad : new int[][] {{4, 0, 0}, {-1, 0, 0}, {0, 2, 0}, {0, 0, 3}}) {
      assertThatThrownBy(() -> made.tlsa(bad[0], bad[1], bad[2]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> made.fingerprint("SHA-0"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void pemAndPkcs12HoldKeyAndChain(@TempDir Path directory) throws Exception {
    TestCertificate made = CA.intermediate("First").issue("gamma.example");
    CA.issue("delta.example").write(directory, "gamma.example");
    TestCertificate.Files files = made.write(directory, "gamma.example");
    assertThat(files.chain()).isEqualTo(directory.resolve("gamma.example.crt"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files.key())))
        .isEqualTo("rw-------");
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    assertThat(
            factory.generateCertificates(
                new ByteArrayInputStream(Files.readAllBytes(files.chain()))))
        .isEqualTo(made.chain());
    List<String> lines = Files.readAllLines(files.key());
    assertThat(lines.getFirst()).isEqualTo("-----BEGIN PRIVATE KEY-----");
    assertThat(lines.getLast()).isEqualTo("-----END PRIVATE KEY-----");
    byte[] key = Base64.getDecoder().decode(String.join("", lines.subList(1, lines.size() - 1)));
    assertThat(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)))
        .isEqualTo(made.privateKey());

    char[] password = "secret".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new ByteArrayInputStream(made.pkcs12(password)), password);
    assertThat(store.getKey("key", password)).isEqualTo(made.privateKey());
    assertThat(List.of(store.getCertificateChain("key"))).isEqualTo(made.chain());

    Path root = directory.resolve("root.pem");
    CA.write(root);
    assertThat(
            factory.generateCertificate(
                new ByteArrayInputStream(CA.pem().getBytes(StandardCharsets.US_ASCII))))
        .isEqualTo(CA.certificate());
    assertThat(root).hasContent(CA.pem());
  }

  @Test
  void theListNamesTheRevoked() throws Exception {
    TestCa ca = TestCa.root("Revoking Root", CLOCK);
    TestCertificate good = ca.issue(CertificateKind.GOOD, DOMAIN);
    TestCertificate revoked = ca.issue(CertificateKind.REVOKED, DOMAIN);
    X509CRL list =
        (X509CRL)
            CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(ca.crl()));
    list.verify(ca.certificate().getPublicKey());
    assertThat(list.isRevoked(revoked.certificate())).isTrue();
    assertThat(list.isRevoked(good.certificate())).isFalse();
    assertThat(list.getThisUpdate().toInstant()).isEqualTo(NOW);
    assertThat(list.getNextUpdate().toInstant()).isEqualTo(NOW.plus(Duration.ofDays(1)));
    assertThat(list.getRevokedCertificate(revoked.certificate()).getRevocationDate().toInstant())
        .isEqualTo(NOW.minusSeconds(1));
  }

  @Test
  void ocspAnswersTellGoodRevokedAndUnknownApart() throws Exception {
    TestCa ca = TestCa.root("Answering Root", CLOCK);
    TestCertificate good = ca.issue(CertificateKind.GOOD, DOMAIN);
    TestCertificate revoked = ca.issue(CertificateKind.REVOKED, DOMAIN);
    assertThat(platformAccepts(ca, good, ca.ocsp(good.certificate()))).isTrue();
    assertThat(platformAccepts(ca, revoked, ca.ocsp(revoked.certificate()))).isFalse();
    assertThat(status(ca.ocsp(good.certificate()))).isEqualTo(CertificateStatus.GOOD);
    assertThat(status(ca.ocsp(revoked.certificate()))).isInstanceOf(RevokedStatus.class);
    TestCa other = TestCa.root("Answering Root", CLOCK);
    assertThat(status(other.ocsp(good.certificate()))).isInstanceOf(UnknownStatus.class);
    assertThat(new OCSPResp(ca.answerOcsp(new byte[] {1, 2, 3})).getStatus())
        .isEqualTo(OCSPResp.MALFORMED_REQUEST);
    ca.revoke(good.certificate());
    assertThat(status(ca.ocsp(good.certificate()))).isInstanceOf(RevokedStatus.class);
    assertThatThrownBy(() -> ca.ocsp(CA.issue("gamma.example").certificate()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ca.revoke(CA.issue("gamma.example").certificate()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static CertificateStatus status(byte[] answer) throws Exception {
    BasicOCSPResp basic = (BasicOCSPResp) new OCSPResp(answer).getResponseObject();
    return basic.getResponses()[0].getCertStatus();
  }

  private static boolean platformAccepts(TestCa ca, TestCertificate certificate, byte[] ocsp)
      throws Exception {
    CertPathValidator validator = CertPathValidator.getInstance("PKIX");
    PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
    checker.setOcspResponses(Map.of(certificate.certificate(), ocsp));
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca.certificate(), null)));
    parameters.addCertPathChecker(checker);
    parameters.setDate(Date.from(NOW));
    try {
      validator.validate(
          CertificateFactory.getInstance("X.509").generateCertPath(certificate.chain()),
          parameters);
      return true;
    } catch (CertPathValidatorException e) {
      assertThat(e.getReason()).isEqualTo(CertPathValidatorException.BasicReason.REVOKED);
      return false;
    }
  }

  @Test
  void placesOfRevocationStandInTheCertificate() {
    X509Certificate made =
        CA.issue(
                CertificateSpec.server("gamma.example")
                    .crlUrl("http://127.0.0.1:1/crl")
                    .ocspUrl("http://127.0.0.1:1/ocsp"))
            .certificate();
    assertThat(new String(made.getExtensionValue("2.5.29.31"), StandardCharsets.ISO_8859_1))
        .contains("http://127.0.0.1:1/crl");
    assertThat(new String(made.getExtensionValue("1.3.6.1.5.5.7.1.1"), StandardCharsets.ISO_8859_1))
        .contains("http://127.0.0.1:1/ocsp");
  }

  @Test
  void serialNumbersDiffer() {
    TestCa ca = TestCa.root("Counting Root", CLOCK);
    assertThat(ca.issue("a.example").certificate().getSerialNumber())
        .isNotEqualTo(ca.issue("a.example").certificate().getSerialNumber())
        .isGreaterThan(BigInteger.ZERO);
  }

  @Test
  void aKindNeedsADomainOfTwoLabels() {
    assertThatThrownBy(() -> CA.issue(CertificateKind.GOOD, "localhost"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(CA.issue(CertificateKind.WILDCARD_INNER, "gamma.example").certificate()).isNotNull();
  }
}
