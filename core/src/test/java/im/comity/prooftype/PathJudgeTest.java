package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.prooftype.PathJudge.Problem;
import im.comity.prooftype.PathJudge.Verdict;
import im.comity.prooftype.Reason.Code;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is kept of an accepted chain, and what it must not answer for. */
class PathJudgeTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Instant MIDNIGHT = Instant.parse("2026-11-21T00:00:00Z");
  private static final InstantSource TIME = InstantSource.fixed(NOW);
  private static final TestCa ROOT = TestCa.root("Test Root", TIME);

  private final PathJudge judge = new PathJudge(List.of(ROOT.certificate()), false);

  @Test
  void anAcceptedChainIsKnownByItsBytes() throws GeneralSecurityException {
    TestCertificate certificate = ROOT.intermediate("Between").issue("gamma.example");
    Verdict first = judge.judge(certificate.chain(), NOW);
    assertThat(first.accepted()).isTrue();
    List<X509Certificate> again = new ArrayList<>();
    for (X509Certificate one : certificate.chain()) {
      again.add(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(one.getEncoded())));
    }
    assertThat(judge.known(again, NOW)).isSameAs(first);
    assertThat(judge.judge(again, NOW)).isSameAs(first);
  }

  @Test
  @Clause({"DNA-PKX-07", "DNA-EXT-08"})
  void aChainThatIsKnownExpiresAllTheSame() {
    Instant end = NOW.plus(Duration.ofHours(1));
    List<X509Certificate> chain = valid(NOW.minus(Duration.ofHours(1)), end);
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    assertThat(judge.judge(chain, end).accepted()).isTrue();
    assertThat(codes(judge.judge(chain, end.plusNanos(1)))).containsExactly(Code.EXPIRED);
  }

  @Test
  @Clause("DNA-PKX-07")
  void aChainThatIsKnownIsNotYetValidBeforeItsTime() {
    Instant begin = NOW.minus(Duration.ofHours(1));
    List<X509Certificate> chain = valid(begin, NOW.plus(Duration.ofHours(1)));
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    assertThat(judge.judge(chain, begin).accepted()).isTrue();
    assertThat(codes(judge.judge(chain, begin.minusNanos(1)))).containsExactly(Code.NOT_YET_VALID);
  }

  @Test
  @Clause({"DNA-PKX-07", "DNA-EXT-08"})
  void anAuthorityOfAChainThatIsKnownExpiresAllTheSame() {
    Instant end = NOW.plus(Duration.ofHours(1));
    TestCa between =
        ROOT.intermediate(
            CertificateSpec.authority("Between").validity(NOW.minus(Duration.ofDays(1)), end));
    List<X509Certificate> chain = between.issue("gamma.example").chain();
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    assertThat(codes(judge.judge(chain, end.plusSeconds(1)))).containsExactly(Code.EXPIRED);
  }

  @Test
  void anotherDayIsJudgedAnew() {
    List<X509Certificate> chain = ROOT.issue("gamma.example").chain();
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    assertThat(judge.known(chain, MIDNIGHT.minusNanos(1))).isNotNull();
    assertThat(judge.known(chain, MIDNIGHT)).isNull();
    assertThat(judge.known(chain, MIDNIGHT.minus(Duration.ofDays(1)).minusNanos(1))).isNull();
  }

  @Test
  @Clause("DNA-PKX-01")
  void aCertificateThatOnlyLooksLikeAKnownOneIsJudgedByItself() {
    TestCa impostor = TestCa.root("Test Root", TIME);
    TestCertificate real = ROOT.issue("gamma.example");
    assertThat(judge.judge(real.chain(), NOW).accepted()).isTrue();
    CertificateSpec same = CertificateSpec.server("gamma.example").keyOf(real);
    assertThat(codes(judge.judge(impostor.issue(same).chain(), NOW)))
        .containsExactly(Code.BAD_SIGNATURE);
  }

  @Test
  @Clause("DNA-PKX-08")
  void aKnownCertificateWithoutItsIssuersIsJudgedAnew() {
    List<X509Certificate> chain = ROOT.intermediate("Between").issue("gamma.example").chain();
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    assertThat(codes(judge.judge(List.of(chain.getFirst()), NOW)))
        .containsExactly(Code.INCOMPLETE_CHAIN);
  }

  @Test
  @Clause("DNA-PKX-04")
  void otherAnchorsKnowNothingOfIt() {
    List<X509Certificate> chain = ROOT.issue("gamma.example").chain();
    assertThat(judge.judge(chain, NOW).accepted()).isTrue();
    TestCa other = TestCa.root("Other Root", TIME);
    PathJudge others = new PathJudge(List.of(other.certificate()), false);
    assertThat(others.judge(chain, NOW).accepted()).isFalse();
  }

  @Test
  void whatWasRefusedIsNotKept() {
    TestCa other = TestCa.root("Other Root", TIME);
    assertThat(judge.judge(other.issue("gamma.example").chain(), NOW).accepted()).isFalse();
    assertThat(judge.keptBytes()).isZero();
  }

  @Test
  void aPathThatWasNotTheFirstToBeTriedIsNotKept() {
    TestCertificate key = ROOT.issue(CertificateSpec.authority("Between"));
    X509Certificate later =
        ROOT.issue(
                CertificateSpec.authority("Between")
                    .keyOf(key)
                    .validity(NOW.plus(Duration.ofHours(1)), NOW.plus(Duration.ofDays(1))))
            .certificate();
    X509Certificate leaf =
        ROOT.intermediate(CertificateSpec.authority("Between").keyOf(key))
            .issue("gamma.example")
            .certificate();
    List<X509Certificate> chain = List.of(leaf, later, key.certificate());
    assertThat(judge.judge(chain, NOW).path()).containsExactly(leaf, key.certificate());
    assertThat(judge.judge(chain, NOW.plus(Duration.ofHours(2))).path())
        .containsExactly(leaf, later);
  }

  @Test
  void whatIsKeptIsBounded() throws GeneralSecurityException {
    int most = 10_000;
    PathJudge small = new PathJudge(List.of(ROOT.certificate()), false, most);
    long all = 0;
    for (int i = 0; i < 40; i++) {
      List<X509Certificate> chain = ROOT.issue("gamma" + i + ".example").chain();
      for (X509Certificate one : chain) {
        all += one.getEncoded().length;
      }
      assertThat(small.judge(chain, NOW).accepted()).isTrue();
    }
    assertThat(all).isGreaterThan(most);
    assertThat(small.keptBytes()).isPositive().isLessThanOrEqualTo(most);
  }

  private static List<X509Certificate> valid(Instant from, Instant to) {
    return ROOT.issue(CertificateSpec.server("gamma.example").validity(from, to)).chain();
  }

  private static List<Code> codes(Verdict verdict) {
    return verdict.problems().stream().map(Problem::code).toList();
  }
}
