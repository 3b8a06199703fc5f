package im.comity.transport;

import java.io.IOException;

/** The time for a negotiation, or for a part of it, is over (S2S-TCP-15). */
public final class OutOfTimeException extends IOException {
  private static final long serialVersionUID = 1;

  private final String step;

  /**
   * Time is over.
   *
   * @param step the phase in which time ran out, as {@link Deadline#step(String)} named it
   */
  public OutOfTimeException(String step) {
    super("out of time during " + step);
    this.step = step;
  }

  /** The phase in which time ran out. */
  public String step() {
    return step;
  }
}
