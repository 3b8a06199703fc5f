package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Reason.Code;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JudgeTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final InstantSource TIME = InstantSource.fixed(NOW);
  private static final TestCa ROOT = TestCa.root("Test Root", TIME);
  private static final TestCertificate GAMMA = ROOT.issue("gamma.example");

  private final List<String> asked = new ArrayList<>();

  @Test
  @Clause({"S2S-TLS-21", "S2S-TLS-22"})
  void pkixProvesAGoodCertificateInBothDirections() throws AddressFormatException {
    Judge judge = new Judge(List.of(pkix()), TIME);
    for (boolean inbound : new boolean[] {true, false}) {
      Judgement judgement =
          judge.judge(domain("gamma.example"), session(GAMMA, true), rule(), inbound);
      Proof proof = ((Judgement.Proven) judgement).proof();
      assertThat(proof.domain()).isEqualTo(domain("gamma.example"));
      assertThat(proof.prooftype()).isEqualTo("pkix");
      assertThat(proof.certificate()).isEqualTo(GAMMA.certificate());
      assertThat(proof.notAfter()).isEqualTo(GAMMA.certificate().getNotAfter().toInstant());
      assertThat(proof.evidence()).contains("dNSName gamma.example matches gamma.example");
      assertThat(proof.toString()).startsWith("gamma.example by pkix until ");
    }
  }

  @Test
  @Clause("DNA-S2S-13")
  void theServerNameOfTheHandshakeDoesNotMatter() {
    TlsSession odd =
        new TlsSession(
            "TLSv1.3",
            "TLS_AES_128_GCM_SHA256",
            null,
            "delta.example",
            false,
            true,
            new PeerCertificate(GAMMA.chain()),
            null);
    assertThat(new Judge(List.of(pkix()), TIME).judge(domain("gamma.example"), odd, rule(), false))
        .isInstanceOf(Judgement.Proven.class);
    assertThat(new Judge(List.of(pkix()), TIME).judge(domain("delta.example"), odd, rule(), false))
        .isInstanceOf(Judgement.NotProven.class);
  }

  @Test
  void withoutTlsOrCertificateNothingIsProvenAndNobodyAsked() {
    Judge judge = new Judge(List.of(fake("a", proves())), TIME);
    assertThat(code(judge.judge(domain("gamma.example"), null, rule(), true)))
        .isEqualTo(Code.NO_TLS);
    assertThat(code(judge.judge(domain("gamma.example"), session(null, true), rule(), true)))
        .isEqualTo(Code.NO_CERTIFICATE);
    assertThat(asked).isEmpty();
  }

  @Test
  @Clause("DNA-EXT-11")
  void aClientsCertificateCountsOnlyWhereItIsBoundToTheSession() {
    Judge judge = new Judge(List.of(fake("a", proves())), TIME);
    Domain gamma = domain("gamma.example");
    Judgement client = judge.judge(gamma, session(GAMMA, false), rule(), true);
    assertThat(code(client)).isEqualTo(Code.UNRELIABLE_SESSION);
    assertThat(asked).isEmpty();
    assertThat(judge.judge(gamma, session(GAMMA, false), rule(), false))
        .as("a server signs the handshake itself")
        .isInstanceOf(Judgement.Proven.class);
  }

  @Test
  @Clause("DNA-PKX-06")
  void aWeakKeyProvesNothingByWhateverProoftype() {
    Judge judge = new Judge(List.of(fake("a", proves())), TIME);
    TestCertificate weak = ROOT.issue(CertificateKind.WEAK_KEY, "gamma.example");
    Judgement judgement = judge.judge(domain("gamma.example"), session(weak, true), rule(), true);
    assertThat(code(judgement)).isEqualTo(Code.WEAK_KEY);
    assertThat(asked).isEmpty();
  }

  @Test
  @Clause({"DNA-EXT-08", "DNA-EXT-11", "S2S-DB-68"})
  void everyQuestionIsJudgedAnewAsOfNow() {
    Instant end = NOW.plusSeconds(60);
    TestCertificate brief =
        ROOT.issue(CertificateSpec.server("gamma.example").validity(NOW.minusSeconds(60), end));
    Instant[] clock = {NOW};
    Judge judge = new Judge(List.of(pkix()), () -> clock[0]);
    TlsSession session = session(brief, true);
    Domain gamma = domain("gamma.example");
    assertThat(judge.judge(gamma, session, rule(), true)).isInstanceOf(Judgement.Proven.class);
    clock[0] = end.plusSeconds(1);
    assertThat(code(judge.judge(gamma, session, rule(), true))).isEqualTo(Code.EXPIRED);
  }

  @Test
  @Clause({"S2S-CERT-10", "DNA-S2S-08"})
  void oneCertificateMayProveSeveralDomainsEachWithItsOwnProof() {
    TestCertificate two =
        ROOT.issue(
            CertificateSpec.server("gamma.example").dnsNames("gamma.example", "delta.example"));
    Judge judge = new Judge(List.of(pkix()), TIME);
    for (String name : List.of("gamma.example", "delta.example")) {
      Judgement judgement = judge.judge(domain(name), session(two, true), rule(), true);
      assertThat(((Judgement.Proven) judgement).proof().domain()).isEqualTo(domain(name));
    }
    assertThat(code(judge.judge(domain("solo.example"), session(two, true), rule(), true)))
        .isEqualTo(Code.NAME_MISMATCH);
  }

  @Test
  @Clause({"DNA-GEN-02", "DNA-GEN-08"})
  void theRuleChoosesTheProoftypesAndTheirOrder() {
    Judge judge =
        new Judge(
            List.of(
                fake("a", provesNothing("a")),
                fake("b", provesNothing("b")),
                fake("token", proves())),
            TIME);
    assertThat(proofBy(judge, rule())).isEqualTo("token");
    assertThat(asked).containsExactly("a", "b", "token");

    asked.clear();
    assertThat(proofBy(judge, rule("token", "a"))).isEqualTo("token");
    assertThat(asked).as("the first proof ends it").containsExactly("token");

    asked.clear();
    Judgement narrowed = judge(judge, rule("b", "a"));
    assertThat(asked).containsExactly("b", "a");
    assertThat(((Judgement.NotProven) narrowed).reasons())
        .extracting(Reason::prooftype)
        .containsExactly("b", "a");
  }

  @Test
  void aProoftypeThatIsNotThereIsSaid() {
    Judge judge = new Judge(List.of(fake("a", proves())), TIME);
    assertThat(((Judgement.NotProven) judge(judge, rule("dane"))).reasons())
        .containsExactly(
            new Reason("dane", Code.UNKNOWN_PROOFTYPE, "this server has no such prooftype"));
    assertThat(proofBy(judge, rule("dane", "a"))).isEqualTo("a");
  }

  @Test
  @Clause("DNA-GEN-01")
  void aProoftypeThatNeedsSecureDnsIsNotRunWithoutIt() {
    Prooftype secure =
        new Fake("dane", true, proves()) {
          @Override
          public Finding judge(Question question) {
            asked.add(name());
            return super.judge(question);
          }
        };
    Judge judge = new Judge(List.of(secure), TIME);
    assertThat(code(judge(judge, rule()))).isEqualTo(Code.NO_SECURE_DNS);
    assertThat(asked).isEmpty();
  }

  @Test
  @Clause("DNA-DEC-04")
  void nothingWeakerIsTriedAfterARefusalOrAnUnknown() {
    Reason reason = new Reason("a", Code.NAME_MISMATCH, "another");
    Judge forbids =
        new Judge(List.of(fake("a", new Finding.Forbids(reason)), fake("b", proves())), TIME);
    assertThat(judge(forbids, rule())).isEqualTo(new Judgement.Forbidden(reason));
    Judge cannotTell =
        new Judge(List.of(fake("a", new Finding.CannotTellNow(reason)), fake("b", proves())), TIME);
    assertThat(judge(cannotTell, rule())).isEqualTo(new Judgement.CannotTellNow(reason));
    assertThat(asked).containsExactly("a", "a");
  }

  @Test
  void twoProoftypesOfOneNameAreRefused() {
    List<Prooftype> twice = List.of(fake("a", proves()), fake("a", proves()));
    assertThatThrownBy(() -> new Judge(twice, TIME))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a");
  }

  @Test
  void aFindingThatProvesNothingSaysWhy() {
    List<Reason> none = List.of();
    assertThatThrownBy(() -> new Finding.ProvesNothing(none))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static class Fake implements Prooftype {
    private final String name;
    private final boolean needsSecureDns;
    private final Finding finding;

    Fake(String name, boolean needsSecureDns, Finding finding) {
      this.name = name;
      this.needsSecureDns = needsSecureDns;
      this.finding = finding;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean needsSecureDns() {
      return needsSecureDns;
    }

    @Override
    public Finding judge(Question question) {
      return finding;
    }
  }

  private Prooftype fake(String name, Finding finding) {
    return new Fake(name, false, finding) {
      @Override
      public Finding judge(Question question) {
        asked.add(name());
        return super.judge(question);
      }
    };
  }

  private static Finding proves() {
    return new Finding.Proves(List.of("because"), NOW.plusSeconds(3600));
  }

  private static Finding provesNothing(String name) {
    return new Finding.ProvesNothing(List.of(new Reason(name, Code.SELF_SIGNED, "no")));
  }

  private static Judgement judge(Judge judge, Requirement rule) {
    return judge.judge(domain("gamma.example"), session(GAMMA, true), rule, true);
  }

  private static String proofBy(Judge judge, Requirement rule) {
    return ((Judgement.Proven) judge(judge, rule)).proof().prooftype();
  }

  private static Code code(Judgement judgement) {
    List<Reason> reasons = ((Judgement.NotProven) judgement).reasons();
    assertThat(reasons).hasSize(1);
    return reasons.getFirst().code();
  }

  private static PkixProoftype pkix() {
    return new PkixProoftype(List.of(ROOT.certificate()), List.of());
  }

  private static Requirement rule(String... prooftypes) {
    return new Requirement(
        FederationLevel.TRUSTED, List.of(prooftypes), true, true, false, "a rule");
  }

  private static TlsSession session(@Nullable TestCertificate peer, boolean reliable) {
    return new TlsSession(
        reliable ? "TLSv1.3" : "TLSv1.2",
        "TLS_AES_128_GCM_SHA256",
        null,
        null,
        false,
        reliable,
        peer == null ? null : new PeerCertificate(peer.chain()),
        null);
  }

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
