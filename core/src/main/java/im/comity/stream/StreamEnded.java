package im.comity.stream;

import java.io.IOException;

/** A stream under negotiation ended before it was settled. */
public final class StreamEnded extends Exception {
  private static final long serialVersionUID = 1L;

  /** How it ended. */
  public sealed interface Why {
    /** The peer closed: with {@code </stream:stream>} if orderly, else TCP alone. */
    record ClosedByPeer(boolean orderly) implements Why {}

    /** The peer sent a stream error. */
    record ErrorFromPeer(StreamError error) implements Why {}

    /** What the peer sent cannot be read or does not belong there; this is what we answered. */
    record Unreadable(StreamError answered) implements Why {}

    /** The TLS handshake or record layer failed. */
    record TlsFailed(String reason) implements Why {}

    /** Cleartext came where the TLS handshake belongs (S2S-TLS-10). */
    record PlaintextInjected() implements Why {}

    /** The negotiation's deadline passed during this step (S2S-TCP-15). */
    record OutOfTime(String step) implements Why {}

    /** The connection broke. */
    record ConnectionLost(String reason) implements Why {}
  }

  private final transient Why why;
  private final String step;

  /**
   * @param why how it ended
   * @param step what we were doing: header, features, starttls, auth, dialback
   */
  public StreamEnded(Why why, String step) {
    super(why + " during " + step);
    this.why = why;
    this.step = step;
  }

  StreamEnded(Why why, String step, IOException cause) {
    super(why + " during " + step, cause);
    this.why = why;
    this.step = step;
  }

  /** How it ended. */
  public Why why() {
    return why;
  }

  /** During which step. */
  public String step() {
    return step;
  }
}
