package im.comity.prooftype;

import java.time.Instant;
import java.util.List;

/** What one prooftype found (DNA-GEN-02). The {@link Judge} makes a {@link Judgement} of it. */
public sealed interface Finding {
  /**
   * The certificate speaks for the domain.
   *
   * @param evidence why, in lines for people
   * @param notAfter until when at most: no proof outlives its inputs
   */
  record Proves(List<String> evidence, Instant notAfter) implements Finding {
    /** Copies the list. */
    public Proves {
      evidence = List.copyOf(evidence);
    }
  }

  /**
   * Nothing is proven; other prooftypes and weaker ways may be tried.
   *
   * @param reasons why not, at least one
   */
  record ProvesNothing(List<Reason> reasons) implements Finding {
    /** Copies the list. */
    public ProvesNothing {
      reasons = List.copyOf(reasons);
      if (reasons.isEmpty()) {
        throw new IllegalArgumentException("a prooftype that proves nothing says why");
      }
    }
  }

  /**
   * The verification material speaks against this certificate: nothing else may be tried.
   *
   * @param reason why
   */
  record Forbids(Reason reason) implements Finding {}

  /**
   * The verification material should be there and cannot be had now; to go on without it would let
   * whoever suppresses it decide. A prooftype without material for a domain says {@link
   * ProvesNothing} instead.
   *
   * @param reason why
   */
  record CannotTellNow(Reason reason) implements Finding {}
}
