package im.comity.association;

import im.comity.dialback.DialbackAnswer;
import im.comity.policy.FederationLevel;
import im.comity.prooftype.Reason;
import java.util.List;

/** Why a pair was not admitted. */
public sealed interface Refusal {
  /**
   * The peer is known less well than the rule asks for.
   *
   * @param reached how well it is known
   * @param required what the rule asks for
   * @param reasons why it is not proven, by prooftype; empty if nobody tried
   */
  record LevelTooLow(FederationLevel reached, FederationLevel required, List<Reason> reasons)
      implements Refusal {
    /** Copies the list. */
    public LevelTooLow {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * The peer is proven, but not in a way that counts under the rule.
   *
   * @param prooftype by which it is proven
   * @param allowed those that count
   */
  record ProoftypeNotAllowed(String prooftype, List<String> allowed) implements Refusal {
    /** Copies the list. */
    public ProoftypeNotAllowed {
      allowed = List.copyOf(allowed);
    }
  }

  /** Dialback was spoken, and the rule does not want it spoken. */
  record DialbackNotAllowed() implements Refusal {}

  /**
   * The authoritative server disowned the key: forged; nothing weaker may be tried (DNA-DBT-09).
   */
  record KeyForged() implements Refusal {}

  /**
   * The authoritative server could not say.
   *
   * @param error what it answered instead
   */
  record KeyUnverified(DialbackAnswer.Failed error) implements Refusal {}

  /** The peer was not asked to take us, and the rule is not permissive. */
  record NotAccepted() implements Refusal {}

  /**
   * The judge forbids this peer for the domain.
   *
   * @param reason why
   */
  record Forbidden(Reason reason) implements Refusal {}

  /**
   * The judge cannot tell now.
   *
   * @param reason why
   */
  record CannotTellNow(Reason reason) implements Refusal {}
}
