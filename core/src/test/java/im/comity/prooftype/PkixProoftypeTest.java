package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.prooftype.PkixProoftype.PeerAnchors;
import im.comity.prooftype.Reason.Code;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.ChainShape;
import im.comity.testkit.tls.KeyKind;
import im.comity.testkit.tls.Purpose;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.PeerCertificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PkixProoftypeTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final InstantSource TIME = InstantSource.fixed(NOW);
  private static final Domain GAMMA = domain("gamma.example");
  private static final TestCa ROOT = TestCa.root("Test Root", TIME);
  private static final TestCa OTHER_ROOT = TestCa.root("Other Root", TIME);
  private static final PkixProoftype PKIX =
      new PkixProoftype(List.of(ROOT.certificate()), List.of());

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "GOOD,                                 ",
    "EXPIRED,                              EXPIRED",
    "NOT_YET_VALID,                        NOT_YET_VALID",
    "WRONG_NAME,                           NAME_MISMATCH",
    "SELF_SIGNED,                          SELF_SIGNED",
    "UNKNOWN_ISSUER,                       INCOMPLETE_CHAIN",
    "COMMON_NAME_ONLY,                     NAME_MISMATCH",
    "AUTHORITY_AS_LEAF,                    CA_AS_LEAF",
    "CLIENT_AUTH_ONLY,                     WRONG_PURPOSE",
    "SERVER_AUTH_ONLY,                     ",
    "NO_PURPOSE,                           ",
    "ANY_PURPOSE,                          ",
    "XMPP_ADDR_PURPOSE,                    ",
    "SRV_NAME_ONLY,                        ",
    "CLIENT_SRV_NAME_ONLY,                 NAME_MISMATCH",
    "XMPP_ADDR_ONLY,                       ",
    "XMPP_ADDR_WITH_LOCALPART,             NAME_MISMATCH",
    "WILDCARD,                             ",
    "WILDCARD_BELOW,                       NAME_MISMATCH",
    "WILDCARD_PARTIAL,                     NAME_MISMATCH",
    "WILDCARD_DOUBLE,                      NAME_MISMATCH",
    "WILDCARD_INNER,                       NAME_MISMATCH",
    "WILDCARD_SRV_NAME,                    ",
    "NAME_CONSTRAINED,                     ",
    "NAME_CONSTRAINT_VIOLATED,             NAME_CONSTRAINED",
    "NAME_CONSTRAINT_VIOLATED_BY_SRV_NAME, NAME_CONSTRAINED",
    "INCOMPLETE_CHAIN,                     INCOMPLETE_CHAIN",
    "UNORDERED_CHAIN,                      ",
    "STRANGER_IN_CHAIN,                    ",
    "CLIENT_AUTH_ONLY_INTERMEDIATE,        WRONG_PURPOSE",
    "EXPIRED_INTERMEDIATE,                 EXPIRED",
    "PATH_TOO_LONG,                        INVALID_PATH",
    "WEAK_KEY,                             WEAK_KEY",
    "SHA1_SIGNATURE,                       WEAK_SIGNATURE",
    "NO_DIGITAL_SIGNATURE,                 KEY_USAGE",
    "UNKNOWN_CRITICAL_EXTENSION,           INVALID_PATH",
    "MUST_STAPLE,                          ",
    "REVOKED,                              " // revocation is not judged here
  })
  @Clause({
    "S2S-CERT-02",
    "S2S-CERT-03",
    "S2S-CERT-05",
    "S2S-CERT-07",
    "S2S-CERT-08",
    "S2S-TLS-20",
    "DNA-S2S-02",
    "DNA-ID-03",
    "DNA-ID-04",
    "DNA-ID-05",
    "DNA-ID-08",
    "DNA-ID-09",
    "DNA-ID-10",
    "DNA-ID-12",
    "DNA-ID-13",
    "DNA-PKX-02",
    "DNA-PKX-03",
    "DNA-PKX-06",
    "DNA-PKX-08",
    "DNA-EKU-01",
    "DNA-EKU-02",
    "DNA-EKU-03",
    "DNA-EKU-05"
  })
  void theCorpusIsJudgedAlikeInBothDirections(CertificateKind kind, Code expected) {
    TestCertificate certificate = ROOT.issue(kind, "gamma.example");
    for (boolean inbound : new boolean[] {true, false}) {
      Finding finding =
          PKIX.judge(new Question(GAMMA, new PeerCertificate(certificate.chain()), inbound, NOW));
      if (expected == null) {
        assertThat(finding).isInstanceOf(Finding.Proves.class);
      } else {
        assertThat(codes(finding)).containsExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(CertificateKind.class)
  void noKindOfTheCorpusIsForgotten(CertificateKind kind) throws NoSuchMethodException {
    String[] rows =
        PkixProoftypeTest.class
            .getDeclaredMethod(
                "theCorpusIsJudgedAlikeInBothDirections", CertificateKind.class, Code.class)
            .getAnnotation(CsvSource.class)
            .value();
    assertThat(Stream.of(rows)).anyMatch(row -> row.startsWith(kind + ","));
  }

  @Test
  void aProofNamesTheNameThePathAndTheAnchorAndEndsWithItsFirstCertificate() {
    Instant end = NOW.plus(Duration.ofDays(10));
    TestCa issuing =
        ROOT.intermediate(CertificateSpec.authority("Issuing").validity(NOW.minusSeconds(1), end));
    Finding finding = judge(issuing.issue(CertificateSpec.server("x").dnsNames("*.example")));
    assertThat(finding)
        .isEqualTo(
            new Finding.Proves(
                List.of(
                    "dNSName *.example matches gamma.example",
                    "CN=x until 2027-02-17T12:00:00Z",
                    "CN=Issuing until 2026-11-30T12:00:00Z",
                    "trust anchor CN=Test Root"),
                end));
  }

  @Test
  void aProofEndsWithTheServersOwnCertificateIfThatIsTheFirst() {
    Instant end = NOW.plus(Duration.ofDays(3));
    TestCertificate leaf =
        ROOT.intermediate("Issuing")
            .issue(CertificateSpec.server("gamma.example").validity(NOW.minusSeconds(1), end));
    assertThat(((Finding.Proves) judge(leaf)).notAfter()).isEqualTo(end);
  }

  @Test
  @Clause("DNA-PKX-08")
  void theMissingIssuerIsNamed() {
    TestCa issuing = ROOT.intermediate("Issuing");
    assertThat(
            details(
                judge(
                    issuing.issue(
                        CertificateSpec.server("gamma.example").chain(ChainShape.LEAF_ONLY)))))
        .containsExactly(
            "the certificate of its issuer CN=Issuing was not sent and is no trust anchor here");
    TestCa foreign = OTHER_ROOT.intermediate("Foreign");
    Finding unknown = judge(foreign.issue("gamma.example"));
    assertThat(codes(unknown)).containsExactly(Code.UNKNOWN_ISSUER);
    assertThat(details(unknown))
        .containsExactly(
            "CN=Other Root, which issued CN=Foreign, was not sent and is no trust anchor here");
    Finding withRoot =
        judge(foreign.issue(CertificateSpec.server("gamma.example").chain(ChainShape.WITH_ROOT)));
    assertThat(codes(withRoot)).containsExactly(Code.UNKNOWN_ISSUER);
    assertThat(details(withRoot)).containsExactly("CN=Other Root is no trust anchor here");
  }

  @Test
  void everythingThatIsWrongIsSaidAndWhatTheCertificateDoesSay() {
    Finding finding =
        judge(
            ROOT.issue(
                CertificateSpec.server("a.example")
                    .dnsNames("a.example", "*.b.example")
                    .purposes(Purpose.CLIENT_AUTH)
                    .key(KeyKind.RSA_1024)
                    .validity(NOW.minusSeconds(7200), NOW.minusSeconds(3600))
                    .selfSigned()));
    assertThat(codes(finding))
        .containsExactly(
            Code.NAME_MISMATCH, Code.EXPIRED, Code.WEAK_KEY, Code.WRONG_PURPOSE, Code.SELF_SIGNED);
    assertThat(details(finding))
        .containsExactly(
            "the certificate names dNSName a.example, dNSName *.b.example, not gamma.example",
            "CN=a.example expired at 2026-11-20T11:00:00Z, it is 2026-11-20T12:00:00Z",
            "CN=a.example has an RSA key of 1024 bits, less than 2048",
            "the extended key usage is clientAuth, not that of a server",
            "CN=a.example is signed by itself");
  }

  @Test
  @Clause("S2S-CERT-05")
  void aCertificateWithACommonNameAloneIsToldSo() {
    assertThat(details(judge(ROOT.issue(CertificateKind.COMMON_NAME_ONLY, "gamma.example"))))
        .singleElement()
        .asString()
        .contains("CN=gamma.example has no subjectAltName")
        .contains("its common name does not count");
  }

  @Test
  @Clause("DNA-PKX-07")
  void validityCountsAsOfTheInstantAsked() {
    Instant from = NOW.plusSeconds(100);
    Instant until = NOW.plusSeconds(200);
    TestCertificate certificate =
        ROOT.issue(CertificateSpec.server("gamma.example").validity(from, until));
    Finding early = judge(certificate, from.minusMillis(1));
    assertThat(codes(early)).containsExactly(Code.NOT_YET_VALID);
    assertThat(details(early))
        .containsExactly(
            "CN=gamma.example is valid from 2026-11-20T12:01:40Z only, it is 2026-11-20T12:01:39Z");
    assertThat(judge(certificate, from)).isInstanceOf(Finding.Proves.class);
    assertThat(judge(certificate, until)).isInstanceOf(Finding.Proves.class);
    assertThat(codes(judge(certificate, until.plusMillis(1)))).containsExactly(Code.EXPIRED);
  }

  @Test
  void theTimeInAReasonIsWrittenInWholeSeconds() {
    Instant until = NOW.plusSeconds(200);
    TestCertificate certificate =
        ROOT.issue(CertificateSpec.server("gamma.example").validity(NOW, until));
    assertThat(details(judge(certificate, until.plusNanos(1_234_567_890))))
        .containsExactly(
            "CN=gamma.example expired at 2026-11-20T12:03:20Z, it is 2026-11-20T12:03:21Z");
  }

  @Test
  @Clause({"DNA-ID-14", "S2S-CERT-01"})
  void theNameAskedForIsTheOneThatCounts() {
    TestCertificate certificate = ROOT.issue("gamma.example");
    assertThat(judge(certificate)).isInstanceOf(Finding.Proves.class);
    Finding other =
        PKIX.judge(
            new Question(
                domain("delta.example"), new PeerCertificate(certificate.chain()), true, NOW));
    assertThat(codes(other)).containsExactly(Code.NAME_MISMATCH);
  }

  @Test
  @Clause("DNA-ID-11")
  void anAddressIsProvenByItsOwnEntryOnly() {
    Domain address = domain("192.0.2.7");
    TestCertificate byAddress =
        ROOT.issue(CertificateSpec.commonNameOnly("x").ipAddresses("192.0.2.7"));
    TestCertificate byName = ROOT.issue(CertificateSpec.server("192.0.2.7"));
    assertThat(judge(PKIX, address, byAddress)).isInstanceOf(Finding.Proves.class);
    assertThat(codes(judge(PKIX, address, byName))).containsExactly(Code.NAME_MISMATCH);
  }

  @Test
  @Clause({"S2S-TLS-32", "DNA-PKX-04"})
  void aPeerWithAnchorsOfItsOwnIsNotProvenByTheGeneralOnes() {
    PkixProoftype pkix =
        new PkixProoftype(
            List.of(ROOT.certificate()),
            List.of(new PeerAnchors("gamma.example", List.of(OTHER_ROOT.certificate()), false)));
    assertThat(judge(pkix, GAMMA, OTHER_ROOT.issue("gamma.example")))
        .isInstanceOf(Finding.Proves.class);
    assertThat(codes(judge(pkix, GAMMA, ROOT.issue("gamma.example"))))
        .containsExactly(Code.INCOMPLETE_CHAIN);

    Domain delta = domain("delta.example");
    assertThat(codes(judge(pkix, delta, OTHER_ROOT.issue("delta.example"))))
        .as("the peer's own authority counts for the peer alone")
        .containsExactly(Code.INCOMPLETE_CHAIN);
    assertThat(judge(pkix, delta, ROOT.issue("delta.example"))).isInstanceOf(Finding.Proves.class);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "b.example,       exact",
    "a.b.example,     below",
    "c.a.b.example,   below",
    "x.a.b.c.example, deep",
    "example,         any",
    "xb.example,      any"
  })
  @Clause("DNA-PKX-04")
  void theMostSpecificPatternCounts(String name, String expected) {
    TestCa exact = TestCa.root("exact", TIME);
    TestCa below = TestCa.root("below", TIME);
    TestCa deep = TestCa.root("deep", TIME);
    TestCa any = TestCa.root("any", TIME);
    PkixProoftype pkix =
        new PkixProoftype(
            List.of(ROOT.certificate()),
            List.of(
                new PeerAnchors("*", List.of(any.certificate()), false),
                new PeerAnchors("*.B.example.", List.of(below.certificate()), false),
                new PeerAnchors("*.c.example", List.of(any.certificate()), false),
                new PeerAnchors("*.b.c.example", List.of(deep.certificate()), false),
                new PeerAnchors("B.Example", List.of(exact.certificate()), false)));
    for (TestCa ca : List.of(exact, below, deep, any)) {
      boolean proven = judge(pkix, domain(name), ca.issue(name)) instanceof Finding.Proves;
      assertThat(proven)
          .as(PathJudge.subject(ca.certificate()))
          .isEqualTo(PathJudge.subject(ca.certificate()).equals("CN=" + expected));
    }
  }

  @Test
  void patternsThatAreNoneOrGivenTwiceAreRefused() {
    List<X509Certificate> none = List.of();
    assertThatThrownBy(
            () -> new PkixProoftype(none, List.of(new PeerAnchors("no domain", none, false))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no domain");
    assertThatThrownBy(
            () ->
                new PkixProoftype(
                    none,
                    List.of(
                        new PeerAnchors("a.example", none, false),
                        new PeerAnchors("A.example.", none, true))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("A.example.");
  }

  @Test
  @Clause("DNA-EKU-02")
  void aPrivateAuthorityMayBeAllowedClientCertificates() {
    PkixProoftype pkix =
        new PkixProoftype(
            List.of(),
            List.of(new PeerAnchors("gamma.example", List.of(ROOT.certificate()), true)));
    assertThat(judge(pkix, GAMMA, ROOT.issue(CertificateKind.CLIENT_AUTH_ONLY, "gamma.example")))
        .isInstanceOf(Finding.Proves.class);
    assertThat(
            codes(
                judge(
                    pkix,
                    GAMMA,
                    ROOT.issue(
                        CertificateSpec.server("gamma.example").purposes(Purpose.OCSP_SIGNING)))))
        .containsExactly(Code.WRONG_PURPOSE);
  }

  @Test
  @Clause("DNA-ID-13")
  void everyNameOfADomainIsHeldAgainstTheConstraintsOfItsIssuers() {
    TestCa constrained =
        ROOT.intermediate(CertificateSpec.authority("Constrained").permitDns("example.org"));
    for (CertificateSpec spec :
        List.of(
            CertificateSpec.commonNameOnly("Server of somebody")
                .srvNames("_xmpp-server.gamma.example"),
            CertificateSpec.commonNameOnly("Server of somebody").srvNames("_xmpp-server.*.example"),
            CertificateSpec.commonNameOnly("Server of somebody").xmppAddrs("gamma.example"))) {
      Finding finding = judge(constrained.issue(spec));
      assertThat(codes(finding)).containsExactly(Code.NAME_CONSTRAINED);
      assertThat(details(finding))
          .containsExactly("CN=Constrained may not issue for gamma.example");
    }
    Domain inside = domain("chat.example.org");
    assertThat(
            judge(
                PKIX,
                inside,
                constrained.issue(
                    CertificateSpec.commonNameOnly("Server of somebody")
                        .xmppAddrs("chat.example.org"))))
        .isInstanceOf(Finding.Proves.class);
  }

  @Test
  @Clause("DNA-ID-13")
  void theConstraintsOfAnAnchorCountToo() {
    TestCa root =
        TestCa.root(CertificateSpec.authority("Constrained Root").permitDns("example.org"), TIME);
    PkixProoftype pkix = new PkixProoftype(List.of(root.certificate()), List.of());
    assertThat(codes(judge(pkix, GAMMA, root.issue("gamma.example"))))
        .containsExactly(Code.NAME_CONSTRAINED);
    assertThat(judge(pkix, domain("example.org"), root.issue("example.org")))
        .isInstanceOf(Finding.Proves.class);
  }

  @Test
  @Clause("DNA-PKX-03")
  void aCrossSignedAuthorityIsFollowedToTheAnchorThatIsKnown() {
    CertificateSpec authority = CertificateSpec.authority("Issuing");
    TestCertificate key = OTHER_ROOT.issue(authority);
    X509Certificate toOther = key.certificate();
    X509Certificate toOurs =
        ROOT.issue(CertificateSpec.authority("Issuing").keyOf(key)).certificate();
    TestCertificate leaf =
        OTHER_ROOT
            .intermediate(CertificateSpec.authority("Issuing").keyOf(key))
            .issue(CertificateSpec.server("gamma.example").chain(ChainShape.LEAF_ONLY));
    for (List<X509Certificate> rest :
        List.of(
            List.of(toOther, toOurs, OTHER_ROOT.certificate()),
            List.of(toOurs, toOther),
            List.of(OTHER_ROOT.certificate(), toOther, ROOT.certificate(), toOurs))) {
      assertThat(judge(chain(leaf.certificate(), rest))).isInstanceOf(Finding.Proves.class);
    }
    assertThat(codes(judge(chain(leaf.certificate(), List.of(toOther)))))
        .containsExactly(Code.UNKNOWN_ISSUER);
  }

  @Test
  @Clause("DNA-PKX-03")
  void anExpiredCrossSignatureDoesNotHideTheValidOne() {
    CertificateSpec authority = CertificateSpec.authority("Issuing");
    TestCertificate key = ROOT.issue(authority);
    X509Certificate expired =
        ROOT.issue(
                CertificateSpec.authority("Issuing")
                    .keyOf(key)
                    .validity(NOW.minusSeconds(200), NOW.minusSeconds(100)))
            .certificate();
    TestCertificate leaf =
        ROOT.intermediate(CertificateSpec.authority("Issuing").keyOf(key)).issue("gamma.example");
    assertThat(judge(chain(leaf.certificate(), List.of(expired, key.certificate()))))
        .isInstanceOf(Finding.Proves.class);
    assertThat(codes(judge(chain(leaf.certificate(), List.of(expired)))))
        .containsExactly(Code.EXPIRED);
  }

  @Test
  @Clause({"DNA-PKX-01", "S2S-CERT-07"})
  void aSignatureThatDoesNotVerifyIsCalledThat() {
    TestCa impostor = TestCa.root("Test Root", TIME);
    Finding finding = judge(impostor.issue("gamma.example"));
    assertThat(codes(finding)).containsExactly(Code.BAD_SIGNATURE);
    assertThat(details(finding))
        .containsExactly("CN=gamma.example is not signed by the CN=Test Root that is known");
  }

  @Test
  void twoAuthoritiesThatSignEachOtherAreACircle() {
    TestCertificate a = OTHER_ROOT.issue(CertificateSpec.authority("A"));
    TestCa underA = OTHER_ROOT.intermediate(CertificateSpec.authority("A").keyOf(a));
    TestCertificate b = underA.issue(CertificateSpec.authority("B"));
    TestCa underB = underA.intermediate(CertificateSpec.authority("B").keyOf(b));
    X509Certificate aByB = underB.issue(CertificateSpec.authority("A").keyOf(a)).certificate();
    TestCertificate leaf = underB.issue("gamma.example");
    assertThat(codes(judge(chain(leaf.certificate(), List.of(b.certificate(), aByB)))))
        .containsExactly(Code.INVALID_PATH);
  }

  @Test
  void onlyTheFirstTenCertificatesAreLookedAt() {
    TestCa issuing = ROOT.intermediate("Issuing");
    TestCertificate leaf = issuing.issue("gamma.example");
    List<X509Certificate> chaff = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      chaff.add(OTHER_ROOT.issue("chaff" + i + ".example").certificate());
    }
    List<X509Certificate> reachable = new ArrayList<>(chaff.subList(0, 8));
    reachable.add(issuing.certificate());
    assertThat(judge(chain(leaf.certificate(), reachable))).isInstanceOf(Finding.Proves.class);
    chaff.add(issuing.certificate());
    assertThat(codes(judge(chain(leaf.certificate(), chaff))))
        .containsExactly(Code.INCOMPLETE_CHAIN);
  }

  @Test
  void aPathHasAtMostSixCertificates() {
    TestCa authority = ROOT;
    for (int i = 1; i <= 5; i++) {
      authority = authority.intermediate("Level " + i);
    }
    assertThat(judge(authority.issue("gamma.example"))).isInstanceOf(Finding.Proves.class);
    assertThat(judge(authority.intermediate("Level 6").issue("gamma.example")))
        .isInstanceOf(Finding.ProvesNothing.class);
  }

  @Test
  void onlySixteenPathsAreTried() {
    // Four versions of one authority below four of another: every path but those of the last
    // version of the upper one is broken, and there are four of each.
    TestCertificate upper = ROOT.issue(CertificateSpec.authority("Upper"));
    TestCa upperCa = ROOT.intermediate(CertificateSpec.authority("Upper").keyOf(upper));
    TestCertificate lower = upperCa.issue(CertificateSpec.authority("Lower"));
    TestCa lowerCa = upperCa.intermediate(CertificateSpec.authority("Lower").keyOf(lower));
    X509Certificate leaf = lowerCa.issue("gamma.example").certificate();
    List<X509Certificate> lowers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      lowers.add(
          upperCa
              .issue(
                  CertificateSpec.authority("Lower")
                      .keyOf(lower)
                      .validity(NOW.minusSeconds(200 + i), NOW.minusSeconds(100)))
              .certificate());
    }
    List<X509Certificate> uppers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      uppers.add(
          ROOT.issue(
                  CertificateSpec.authority("Upper")
                      .keyOf(upper)
                      .validity(NOW.minusSeconds(200 + i), NOW.plusSeconds(100)))
              .certificate());
    }
    X509Certificate good = lower.certificate();

    List<X509Certificate> sixteenthsAndOneMore = new ArrayList<>(lowers);
    sixteenthsAndOneMore.add(good);
    sixteenthsAndOneMore.addAll(uppers);
    assertThat(codes(judge(chain(leaf, sixteenthsAndOneMore)))).containsExactly(Code.EXPIRED);

    List<X509Certificate> fewer = new ArrayList<>(lowers.subList(1, 4));
    fewer.add(good);
    fewer.addAll(uppers);
    assertThat(judge(chain(leaf, fewer))).isInstanceOf(Finding.Proves.class);
  }

  @Test
  void theSameCertificateTwiceIsNoHarm() {
    TestCa issuing = ROOT.intermediate("Issuing");
    X509Certificate leaf = issuing.issue("gamma.example").certificate();
    List<X509Certificate> rest = new ArrayList<>(Collections.nCopies(3, leaf));
    rest.add(issuing.certificate());
    assertThat(judge(chain(leaf, rest))).isInstanceOf(Finding.Proves.class);
  }

  @Test
  void anUnreadableNameExtensionIsSaid() {
    X509Certificate odd =
        OddCertificates.withExtension("2.5.29.17", HexFormat.of().parseHex("3003820564"));
    assertThat(codes(judge(chain(odd, List.of())))).contains(Code.MALFORMED, Code.SELF_SIGNED);
  }

  @Test
  void aPeersSelfSignedCertificateMayBeItsOwnAnchor() {
    TestCertificate self = ROOT.issue(CertificateKind.SELF_SIGNED, "gamma.example");
    PkixProoftype pkix =
        new PkixProoftype(
            List.of(),
            List.of(new PeerAnchors("gamma.example", List.of(self.certificate()), false)));
    assertThat(judge(pkix, GAMMA, self)).isInstanceOf(Finding.Proves.class);
    assertThat(codes(judge(pkix, GAMMA, ROOT.issue(CertificateKind.SELF_SIGNED, "gamma.example"))))
        .containsExactly(Code.SELF_SIGNED);
  }

  @Test
  void itNeedsNoSecureDnsAndIsCalledPkix() {
    assertThat(PKIX.name()).isEqualTo("pkix");
    assertThat(PKIX.needsSecureDns()).isFalse();
  }

  private static Finding judge(TestCertificate certificate) {
    return judge(certificate, NOW);
  }

  private static Finding judge(TestCertificate certificate, Instant now) {
    return PKIX.judge(new Question(GAMMA, new PeerCertificate(certificate.chain()), true, now));
  }

  private static Finding judge(PkixProoftype pkix, Domain domain, TestCertificate certificate) {
    return pkix.judge(new Question(domain, new PeerCertificate(certificate.chain()), false, NOW));
  }

  private static Finding judge(PeerCertificate certificate) {
    return PKIX.judge(new Question(GAMMA, certificate, true, NOW));
  }

  private static PeerCertificate chain(X509Certificate leaf, List<X509Certificate> rest) {
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(leaf);
    chain.addAll(rest);
    return new PeerCertificate(chain);
  }

  private static List<Code> codes(Finding finding) {
    return reasons(finding).stream().map(Reason::code).toList();
  }

  private static List<String> details(Finding finding) {
    return reasons(finding).stream().map(Reason::detail).toList();
  }

  private static List<Reason> reasons(Finding finding) {
    assertThat(finding).isInstanceOf(Finding.ProvesNothing.class);
    List<Reason> reasons = ((Finding.ProvesNothing) finding).reasons();
    assertThat(reasons).extracting(Reason::prooftype).containsOnly("pkix");
    return reasons;
  }

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
