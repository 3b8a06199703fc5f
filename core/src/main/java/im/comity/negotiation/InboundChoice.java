package im.comity.negotiation;

import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamLimits;

/** What a receiving server offers next: pure functions from facts to features. */
final class InboundChoice {
  private InboundChoice() {}

  /**
   * What to offer in clear (S2S-TLS-02, S2S-FEAT-11, S2S-EXT-03, S2S-BIDI-01).
   *
   * @param required what the policy asks of the pair
   * @param haveIdentity whether there is a certificate to show for the target
   */
  static StreamFeatures beforeTls(Requirement required, boolean haveIdentity, StreamLimits limits) {
    boolean needsTls = required.level().meets(FederationLevel.ENCRYPTED);
    return needsTls
        ? StreamFeatures.offer(haveIdentity, true, false, false, null)
        : StreamFeatures.offer(haveIdentity, false, false, required.dialback(), limits);
  }

  /**
   * What to offer under TLS (S2S-EXT-02, -04, S2S-FEAT-13, S2S-STR-08, S2S-TLS-12).
   *
   * @param senderNamed whether the header says who the peer is
   * @param ofPeer whether its certificate proves that
   */
  static StreamFeatures afterTls(
      Requirement required, boolean senderNamed, Judgement ofPeer, StreamLimits limits) {
    boolean external = senderNamed && ofPeer instanceof Judgement.Proven;
    return StreamFeatures.offer(false, false, external, mayVerify(required, ofPeer), limits);
  }

  /** What to offer after SASL: dialback for further pairs (S2S-FEAT-14). */
  static StreamFeatures afterAuthentication(Requirement required, StreamLimits limits) {
    return StreamFeatures.offer(false, false, false, required.dialback(), limits);
  }

  /**
   * Whether a dialback request can lead anywhere: under trusted only where the peer is proven, or
   * showed a key that its authoritative server may confirm (S2S-DB-71, DNA-DBT-05).
   */
  static boolean mayVerify(Requirement required, Judgement ofPeer) {
    if (!required.dialback() || ofPeer instanceof Judgement.Forbidden) {
      return false;
    }
    return required.level() != FederationLevel.TRUSTED
        || ofPeer instanceof Judgement.Proven
        || showedKey(ofPeer);
  }

  private static boolean showedKey(Judgement ofPeer) {
    return switch (ofPeer) {
      case Judgement.NotProven(var reasons) ->
          reasons.stream()
              .noneMatch(
                  reason ->
                      switch (reason.code()) {
                        case NO_TLS, NO_CERTIFICATE, UNRELIABLE_SESSION, WEAK_KEY -> true;
                        default -> false;
                      });
      case Judgement.Proven _, Judgement.CannotTellNow _ -> true;
      case Judgement.Forbidden _ -> false;
    };
  }
}
