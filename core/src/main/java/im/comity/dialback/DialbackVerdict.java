package im.comity.dialback;

import im.comity.address.DomainPair;

/**
 * What a server said about a pair when we had asked it. Only a {@link DialbackRequest} that met its
 * answer makes one; unasked answers never become verdicts (XEP-0220 section 3.1, DNA-DBT-10).
 */
public final class DialbackVerdict {
  /** Which server was asked. */
  public enum Speaker {
    /** The receiving server, about our own {@code db:result}: whether it takes us. */
    RECEIVING,
    /** The authoritative server, about a key that a peer sent us: whether it sent the key. */
    AUTHORITATIVE
  }

  private final Speaker speaker;
  private final long stream;
  private final DomainPair pair;
  private final DialbackAnswer answer;

  DialbackVerdict(Speaker speaker, long stream, DomainPair pair, DialbackAnswer answer) {
    this.speaker = speaker;
    this.stream = stream;
    this.pair = pair;
    this.answer = answer;
  }

  /** Who said so. */
  public Speaker speaker() {
    return speaker;
  }

  /** Our handle of the one stream that the verdict is about (S2S-DB-49). */
  public long stream() {
    return stream;
  }

  /** The one pair that the verdict is about (S2S-DB-49). */
  public DomainPair pair() {
    return pair;
  }

  /** What was said. */
  public DialbackAnswer answer() {
    return answer;
  }

  /** Whether the answer was {@code valid}. */
  public boolean valid() {
    return answer instanceof DialbackAnswer.Valid;
  }

  @Override
  public String toString() {
    return "%s about %s on stream %d: %s".formatted(speaker, pair, stream, answer);
  }
}
