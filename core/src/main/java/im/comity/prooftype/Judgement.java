package im.comity.prooftype;

import java.util.List;

/** Whether a peer is proven for a domain, with the reasons. */
public sealed interface Judgement {
  /**
   * It is.
   *
   * @param proof by what
   */
  record Proven(Proof proof) implements Judgement {}

  /**
   * It is not; a weaker way may be tried where policy admits one.
   *
   * @param reasons why not, by prooftype
   */
  record NotProven(List<Reason> reasons) implements Judgement {
    /** Copies the list. */
    public NotProven {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * This peer must not be used for the domain, and nothing weaker may be tried.
   *
   * @param reason why
   */
  record Forbidden(Reason reason) implements Judgement {}

  /**
   * Not to be decided at the moment: as forbidden now, and worth another try later.
   *
   * @param reason why
   */
  record CannotTellNow(Reason reason) implements Judgement {}
}
