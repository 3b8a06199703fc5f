package im.comity.transport;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The TLS handshake did not succeed. Never because of the peer's certificate: nobody judges it
 * here.
 */
public final class TlsFailedException extends IOException {
  private static final long serialVersionUID = 1;

  /** Whose fault it was, as far as can be seen from here. */
  public enum Reason {
    /** What came was not TLS at all. */
    NOT_TLS,
    /** The peer refused with an alert. */
    REFUSED_BY_PEER,
    /** We refused, or could not go on: no common protocol, no identity, broken messages. */
    REFUSED_BY_US,
    /** The connection ended before the handshake did. */
    CONNECTION_ENDED
  }

  private final Reason reason;
  private final @Nullable String alert;

  /**
   * @param alert the alert sent or received, by its name in RFC 8446 section 6 (for example {@code
   *     handshake_failure}); null if there was none or it is not known
   */
  public TlsFailedException(
      Reason reason, @Nullable String alert, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.alert = alert;
  }

  public Reason reason() {
    return reason;
  }

  /** The alert by its name in RFC 8446 section 6, or null. */
  public @Nullable String alert() {
    return alert;
  }
}
