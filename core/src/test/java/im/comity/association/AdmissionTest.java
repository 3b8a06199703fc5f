package im.comity.association;

import static im.comity.association.Facts.OTHER;
import static im.comity.association.Facts.PEER;
import static im.comity.association.Facts.PKIX;
import static im.comity.association.Facts.REASON;
import static im.comity.association.Facts.SOMEBODY;
import static im.comity.association.Facts.STREAM;
import static im.comity.association.Facts.admitted;
import static im.comity.association.Facts.byDialback;
import static im.comity.association.Facts.clear;
import static im.comity.association.Facts.notProven;
import static im.comity.association.Facts.pair;
import static im.comity.association.Facts.proof;
import static im.comity.association.Facts.proven;
import static im.comity.association.Facts.received;
import static im.comity.association.Facts.rule;
import static im.comity.association.Facts.tls;
import static im.comity.association.Facts.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.DomainPair;
import im.comity.association.Admission.Admitted;
import im.comity.association.Admission.Refused;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackRefusal;
import im.comity.dialback.DialbackVerdict;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Proof;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.TestCertificate;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmissionTest {
  private static final DomainPair OUT = pair("south.example", "north.example");
  private static final DomainPair IN = pair("north.example", "south.example");
  private static final DialbackAnswer VALID = new DialbackAnswer.Valid();

  enum Encryption {
    CLEAR,
    TLS
  }

  enum Judged {
    PROVEN,
    NOT_PROVEN,
    FORBIDDEN,
    CANNOT_TELL
  }

  enum Accepted {
    BY_SASL,
    BY_DIALBACK,
    UNASKED
  }

  enum Verdict {
    NONE,
    VALID,
    INVALID,
    FAILED
  }

  /**
   * Every combination outbound: what comes of it under a permissive, verified, encrypted and
   * trusted rule. P, V, E, T: admitted at that level; other words: refused.
   */
  @ParameterizedTest(name = "{0} {1} {2}")
  @CsvSource({
    // stream, judgement, how it took us;     permissive verified   encrypted  trusted
    "CLEAR, NOT_PROVEN,  BY_DIALBACK,         V,         V,         low:V,     low:V",
    "CLEAR, NOT_PROVEN,  UNASKED,             P,         unasked,   unasked,   unasked",
    "CLEAR, FORBIDDEN,   BY_DIALBACK,         forbidden, forbidden, forbidden, forbidden",
    "CLEAR, FORBIDDEN,   UNASKED,             forbidden, unasked,   unasked,   unasked",
    "CLEAR, CANNOT_TELL, BY_DIALBACK,         later,     later,     later,     later",
    "CLEAR, CANNOT_TELL, UNASKED,             later,     unasked,   unasked,   unasked",
    "TLS,   NOT_PROVEN,  BY_SASL,             E,         E,         E,         low:E",
    "TLS,   NOT_PROVEN,  BY_DIALBACK,         E,         E,         E,         low:E",
    "TLS,   NOT_PROVEN,  UNASKED,             P,         unasked,   unasked,   unasked",
    "TLS,   PROVEN,      BY_SASL,             T,         T,         T,         T",
    "TLS,   PROVEN,      BY_DIALBACK,         T,         T,         T,         T",
    "TLS,   PROVEN,      UNASKED,             T,         unasked,   unasked,   unasked",
    "TLS,   FORBIDDEN,   BY_SASL,             forbidden, forbidden, forbidden, forbidden",
    "TLS,   FORBIDDEN,   BY_DIALBACK,         forbidden, forbidden, forbidden, forbidden",
    "TLS,   FORBIDDEN,   UNASKED,             forbidden, unasked,   unasked,   unasked",
    "TLS,   CANNOT_TELL, BY_SASL,             later,     later,     later,     later",
    "TLS,   CANNOT_TELL, BY_DIALBACK,         later,     later,     later,     later",
    "TLS,   CANNOT_TELL, UNASKED,             later,     unasked,   unasked,   unasked"
  })
  @Clause({"S2S-POL-71", "DNA-GEN-07", "DNA-S2S-16", "S2S-DB-26"})
  void outboundThePeersProofCappedByEncryptionIsHeldAgainstOurRule(
      Encryption encryption,
      Judged judged,
      Accepted accepted,
      String permissive,
      String verified,
      String encrypted,
      String trusted) {
    Map<FederationLevel, String> expected =
        Map.of(
            FederationLevel.PERMISSIVE,
            permissive,
            FederationLevel.VERIFIED,
            verified,
            FederationLevel.ENCRYPTED,
            encrypted,
            FederationLevel.TRUSTED,
            trusted);
    for (FederationLevel level : FederationLevel.values()) {
      Admission admission =
          Admission.outbound(
              rule(level),
              channel(encryption),
              OUT,
              judgement(judged, OUT, Direction.OUTBOUND),
              acceptance(accepted));
      assertThat(described(admission)).as(level.wire()).isEqualTo(expected.get(level));
    }
  }

  /** Every combination inbound; the authoritative server is not proven. */
  @ParameterizedTest(name = "{0} {1} {2}")
  @CsvSource({
    // stream, judgement, verdict;            permissive verified   encrypted  trusted
    "CLEAR, NOT_PROVEN,  NONE,                P,         low:P,     low:P,     low:P",
    "CLEAR, NOT_PROVEN,  VALID,               V,         V,         low:V,     low:V",
    "CLEAR, NOT_PROVEN,  INVALID,             forged,    forged,    forged,    forged",
    "CLEAR, NOT_PROVEN,  FAILED,              failed,    failed,    failed,    failed",
    "CLEAR, FORBIDDEN,   NONE,                forbidden, forbidden, forbidden, forbidden",
    "CLEAR, FORBIDDEN,   VALID,               forbidden, forbidden, forbidden, forbidden",
    "CLEAR, CANNOT_TELL, NONE,                later,     later,     later,     later",
    "CLEAR, CANNOT_TELL, VALID,               later,     later,     later,     later",
    "TLS,   NOT_PROVEN,  NONE,                P,         low:P,     low:P,     low:P",
    "TLS,   NOT_PROVEN,  VALID,               E,         E,         E,         low:E",
    "TLS,   NOT_PROVEN,  INVALID,             forged,    forged,    forged,    forged",
    "TLS,   NOT_PROVEN,  FAILED,              failed,    failed,    failed,    failed",
    "TLS,   PROVEN,      NONE,                T,         T,         T,         T",
    "TLS,   PROVEN,      VALID,               T,         T,         T,         T",
    "TLS,   PROVEN,      INVALID,             forged,    forged,    forged,    forged",
    "TLS,   PROVEN,      FAILED,              failed,    failed,    failed,    failed",
    "TLS,   FORBIDDEN,   NONE,                forbidden, forbidden, forbidden, forbidden",
    "TLS,   FORBIDDEN,   VALID,               forbidden, forbidden, forbidden, forbidden",
    "TLS,   FORBIDDEN,   INVALID,             forbidden, forbidden, forbidden, forbidden",
    "TLS,   CANNOT_TELL, NONE,                later,     later,     later,     later",
    "TLS,   CANNOT_TELL, VALID,               later,     later,     later,     later",
    "TLS,   CANNOT_TELL, FAILED,              later,     later,     later,     later"
  })
  @Clause({
    "S2S-POL-71",
    "S2S-POL-72",
    "DNA-GEN-07",
    "DNA-DBT-01",
    "DNA-DBT-02",
    "DNA-DBT-03",
    "DNA-DBT-09",
    "DNA-S2S-04",
    "DNA-S2S-16",
    "S2S-DB-28",
    "S2S-DB-39",
    "S2S-DB-67",
    "S2S-DB-71",
    "S2S-CERT-09"
  })
  void inboundTheSendersProofCappedByEncryptionIsHeldAgainstOurRule(
      Encryption encryption,
      Judged judged,
      Verdict verdict,
      String permissive,
      String verified,
      String encrypted,
      String trusted) {
    Map<FederationLevel, String> expected =
        Map.of(
            FederationLevel.PERMISSIVE,
            permissive,
            FederationLevel.VERIFIED,
            verified,
            FederationLevel.ENCRYPTED,
            encrypted,
            FederationLevel.TRUSTED,
            trusted);
    for (FederationLevel level : FederationLevel.values()) {
      Admission admission =
          Admission.inbound(
              rule(level),
              channel(encryption),
              IN,
              judgement(judged, IN, Direction.INBOUND),
              verdict(verdict),
              null);
      assertThat(described(admission)).as(level.wire()).isEqualTo(expected.get(level));
    }
  }

  /** Dialback whose authoritative server is itself proven for the sender. */
  @ParameterizedTest(name = "peer shows {0}, reliable {1}, authority shows {2}: {3}")
  @CsvSource({
    "SAME, true,  SAME,  T",
    "SAME, false, SAME,  E", // a certificate under TLS 1.2 without extended master secret
    "SAME, true,  OTHER, E",
    "NONE, true,  OTHER, E",
    "SAME, true,  NONE,  E"
  })
  @Clause({"DNA-DBT-05", "S2S-DB-56", "S2S-POL-72", "DNA-DBT-04"})
  void linkedDialbackIsTrustedOnlyWithTheVeryKeyOfThePeer(
      String peer, boolean reliable, String authority, String level) {
    TestCertificate shown = peer.equals("NONE") ? null : PEER;
    Proof ofAuthority =
        switch (authority) {
          case "SAME" -> proof(IN.sender(), PEER);
          case "OTHER" -> proof(IN.sender(), SOMEBODY);
          default -> null;
        };
    Admission admission =
        Admission.inbound(
            rule(FederationLevel.VERIFIED),
            tls(shown, reliable),
            IN,
            notProven(),
            verified(IN, VALID),
            ofAuthority);
    assertThat(described(admission)).isEqualTo(level);
    Basis.ByDialback basis = (Basis.ByDialback) admitted(admission).basis();
    assertThat(basis.authority()).isEqualTo(ofAuthority);
    assertThat(basis.sameKey()).isEqualTo(level.equals("T"));
    assertThat(admitted(admission).until()).isEqualTo(level.equals("T") ? Facts.NOT_AFTER : null);

    Admission underTrusted =
        Admission.inbound(
            rule(FederationLevel.TRUSTED),
            tls(shown, reliable),
            IN,
            notProven(),
            verified(IN, VALID),
            ofAuthority);
    assertThat(described(underTrusted)).isEqualTo(level.equals("T") ? "T" : "low:E");
  }

  @Test
  @Clause("DNA-DBT-05")
  void linkedDialbackNeedsAProofThatTheRuleCounts() {
    Admission admission =
        Admission.inbound(
            rule(FederationLevel.TRUSTED, true, OTHER),
            tls(),
            IN,
            notProven(),
            verified(IN, VALID),
            proof(IN.sender(), PEER));
    assertThat(described(admission)).isEqualTo("low:E");
  }

  @Test
  @Clause({"DNA-GEN-08", "DNA-GEN-10"})
  void aProofThatTheRuleDoesNotCountProvesNothing() {
    Admission refused =
        Admission.inbound(
            rule(FederationLevel.TRUSTED, true, PKIX),
            tls(),
            IN,
            proven(IN.sender(), OTHER, PEER),
            null,
            null);
    assertThat(refused)
        .isEqualTo(new Refused(new Refusal.ProoftypeNotAllowed(OTHER, List.of(PKIX))));

    assertThat(
            described(
                Admission.inbound(
                    rule(FederationLevel.ENCRYPTED, true, PKIX),
                    tls(),
                    IN,
                    proven(IN.sender(), OTHER, PEER),
                    verified(IN, VALID),
                    null)))
        .isEqualTo("E");
    assertThat(
            described(
                Admission.outbound(
                    rule(FederationLevel.TRUSTED, true, PKIX),
                    tls(),
                    OUT,
                    proven(OUT.target(), OTHER, PEER),
                    new Acceptance.BySasl())))
        .isEqualTo("prooftype");
    assertThat(
            described(
                Admission.outbound(
                    rule(FederationLevel.TRUSTED, true, PKIX, OTHER),
                    tls(),
                    OUT,
                    proven(OUT.target(), OTHER, PEER),
                    new Acceptance.BySasl())))
        .isEqualTo("T");
  }

  @Test
  void dialbackIsNoUseWhereTheRuleDoesNotWantIt() {
    for (FederationLevel level : FederationLevel.values()) {
      assertThat(
              described(
                  Admission.inbound(
                      rule(level, false),
                      tls(),
                      IN,
                      notProven(),
                      verified(IN, VALID),
                      proof(IN.sender(), PEER))))
          .isEqualTo("no dialback");
      assertThat(
              described(
                  Admission.outbound(
                      rule(level, false), tls(), OUT, proven(OUT.target()), byDialback(OUT))))
          .isEqualTo("no dialback");
      assertThat(
              described(
                  Admission.inbound(
                      rule(level, false), tls(), IN, proven(IN.sender()), null, null)))
          .isEqualTo("T");
    }
  }

  @Test
  void anAssociationSaysWhatItRestsOn() {
    Association byProof =
        admitted(
            Admission.inbound(
                rule(FederationLevel.VERIFIED), tls(), IN, proven(IN.sender()), null, null));
    assertThat(byProof.stream()).isEqualTo(STREAM);
    assertThat(byProof.pair()).isEqualTo(IN);
    assertThat(byProof.direction()).isEqualTo(Direction.INBOUND);
    assertThat(byProof.remote()).isEqualTo(IN.sender());
    assertThat(byProof.until()).isEqualTo(Facts.NOT_AFTER);
    assertThat(byProof.basis()).isInstanceOf(Basis.ByProof.class);

    Association byDelegation =
        admitted(
            Admission.outbound(
                rule(FederationLevel.VERIFIED), tls(), OUT, notProven(), new Acceptance.BySasl()));
    assertThat(byDelegation.remote()).isEqualTo(OUT.target());
    assertThat(byDelegation.direction()).isEqualTo(Direction.OUTBOUND);
    assertThat(byDelegation.basis()).isEqualTo(new Basis.ByDelegation(new Acceptance.BySasl()));
    assertThat(byDelegation.until()).isNull();
    assertThat(byDelegation)
        .hasToString("south.example -> north.example outbound on stream 7: encrypted");

    assertThat(
            admitted(
                    Admission.inbound(
                        rule(FederationLevel.PERMISSIVE), clear(), IN, notProven(), null, null))
                .basis())
        .isEqualTo(new Basis.ByPolicyAlone());
  }

  @Test
  void aRefusalSaysWhatIsMissingAndWhy() {
    assertThat(
            Admission.outbound(
                rule(FederationLevel.TRUSTED), tls(), OUT, notProven(), byDialback(OUT)))
        .isEqualTo(
            new Refused(
                new Refusal.LevelTooLow(
                    FederationLevel.ENCRYPTED, FederationLevel.TRUSTED, List.of(REASON))));
  }

  @Test
  @Clause("S2S-DB-49")
  void aVerdictCountsForItsOwnPairAndStreamOnly() {
    DialbackVerdict ofOtherPair = verified(pair("north.example", "chat.south.example"), VALID);
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED), tls(), IN, notProven(), ofOtherPair, null))
        .isInstanceOf(IllegalArgumentException.class);
    DialbackVerdict verdict = verified(IN, VALID);
    Channel otherStream = new Channel(STREAM + 1, tls().session());
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED), otherStream, IN, notProven(), verdict, null))
        .isInstanceOf(IllegalArgumentException.class);
    Acceptance acceptance = byDialback(OUT);
    assertThatThrownBy(
            () ->
                Admission.outbound(
                    rule(FederationLevel.VERIFIED), otherStream, OUT, notProven(), acceptance))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                Admission.outbound(
                    rule(FederationLevel.VERIFIED),
                    tls(),
                    pair("south.example", "rooms.north.example"),
                    notProven(),
                    acceptance))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatTheReceivingServerSaidIsNoWordOfTheAuthoritativeOne() {
    DialbackVerdict ofReceiver = received(IN, VALID);
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED), tls(), IN, notProven(), ofReceiver, null))
        .isInstanceOf(IllegalArgumentException.class);
    DialbackVerdict ofAuthority = verified(OUT, VALID);
    assertThatThrownBy(() -> new Acceptance.ByDialback(ofAuthority))
        .isInstanceOf(IllegalArgumentException.class);
    DialbackVerdict refusing = received(OUT, new DialbackAnswer.Invalid());
    assertThatThrownBy(() -> new Acceptance.ByDialback(refusing))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @Clause("S2S-CERT-10")
  void aProofCountsForItsOwnDomainAndCertificateOnly() {
    Judgement ofOtherDomain = proven(Facts.domain("rooms.north.example"));
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED), tls(), IN, ofOtherDomain, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    Judgement ofOtherPeer = proven(IN.sender(), PKIX, SOMEBODY);
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED), tls(), IN, ofOtherPeer, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    Judgement good = proven(IN.sender());
    assertThatThrownBy(
            () -> Admission.inbound(rule(FederationLevel.VERIFIED), clear(), IN, good, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    Proof ofOtherAuthority = proof(IN.target(), PEER);
    DialbackVerdict verdict = verified(IN, VALID);
    assertThatThrownBy(
            () ->
                Admission.inbound(
                    rule(FederationLevel.VERIFIED),
                    tls(),
                    IN,
                    notProven(),
                    verdict,
                    ofOtherAuthority))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void nothingButTheWorkshopCanMakeAnAssociation() {
    for (Class<?> guarded : List.of(Association.class, Proof.class, DialbackVerdict.class)) {
      assertThat(guarded.getConstructors()).as(guarded.getSimpleName()).isEmpty();
      assertThat(Modifier.isFinal(guarded.getModifiers())).isTrue();
    }
  }

  @Test
  void nobodyIsAcceptedBySaslInClear() {
    assertThatThrownBy(
            () ->
                Admission.outbound(
                    rule(FederationLevel.PERMISSIVE),
                    clear(),
                    OUT,
                    notProven(),
                    new Acceptance.BySasl()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Channel channel(Encryption encryption) {
    return encryption == Encryption.TLS ? tls() : clear();
  }

  private static Judgement judgement(Judged judged, DomainPair pair, Direction direction) {
    return switch (judged) {
      case PROVEN -> proven(direction == Direction.OUTBOUND ? pair.target() : pair.sender());
      case NOT_PROVEN -> notProven();
      case FORBIDDEN -> new Judgement.Forbidden(REASON);
      case CANNOT_TELL -> new Judgement.CannotTellNow(REASON);
    };
  }

  private static Acceptance acceptance(Accepted accepted) {
    return switch (accepted) {
      case BY_SASL -> new Acceptance.BySasl();
      case BY_DIALBACK -> byDialback(OUT);
      case UNASKED -> new Acceptance.Unasked();
    };
  }

  private static @Nullable DialbackVerdict verdict(Verdict verdict) {
    return switch (verdict) {
      case NONE -> null;
      case VALID -> verified(IN, VALID);
      case INVALID -> verified(IN, new DialbackAnswer.Invalid());
      case FAILED -> verified(IN, DialbackAnswer.Failed.because(DialbackRefusal.NO_ROOM));
    };
  }

  private static String described(Admission admission) {
    return switch (admission) {
      case Admitted(var association) -> letter(association.level());
      case Refused(Refusal.LevelTooLow why) -> "low:" + letter(why.reached());
      case Refused(Refusal.ProoftypeNotAllowed _) -> "prooftype";
      case Refused(Refusal.DialbackNotAllowed _) -> "no dialback";
      case Refused(Refusal.KeyForged _) -> "forged";
      case Refused(Refusal.KeyUnverified _) -> "failed";
      case Refused(Refusal.NotAccepted _) -> "unasked";
      case Refused(Refusal.Forbidden _) -> "forbidden";
      case Refused(Refusal.CannotTellNow _) -> "later";
    };
  }

  private static String letter(FederationLevel level) {
    return level.name().substring(0, 1);
  }
}
