package im.comity.association;

import im.comity.dialback.DialbackVerdict;

/** How the peer of a stream that we opened took us for the sender of a pair. */
public sealed interface Acceptance {
  /** SASL EXTERNAL succeeded. */
  record BySasl() implements Acceptance {}

  /**
   * The receiving server answered our dialback request with {@code valid}; how it checked, or
   * whether, we cannot know (S2S-DB-09).
   *
   * @param verdict of the receiving server
   */
  record ByDialback(DialbackVerdict verdict) implements Acceptance {
    /**
     * Checks what the verdict is.
     *
     * @throws IllegalArgumentException if it is not a valid one of a receiving server
     */
    public ByDialback {
      if (!verdict.valid() || verdict.speaker() != DialbackVerdict.Speaker.RECEIVING) {
        throw new IllegalArgumentException("no acceptance: " + verdict);
      }
    }
  }

  /** It was not asked: for permissive rules alone. */
  record Unasked() implements Acceptance {}
}
