package im.comity.transport;

import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
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

  /**
   * The JDK: "Received fatal alert: handshake_failure"; BoringSSL: "...:TLSV1_ALERT_UNKNOWN_CA".
   */
  private static final List<Pattern> RECEIVED =
      List.of(
          Pattern.compile("Received fatal alert: ([a-z_0-9]+)"),
          Pattern.compile("(?:SSLV3|TLSV1)_(?:ALERT_)?([A-Z_0-9]+)"));

  /** The JDK: "(handshake_failure) No available authentication scheme". */
  private static final Pattern SENT = Pattern.compile("^\\(([a-z_0-9]+)\\) ");

  private final Reason reason;
  private final @Nullable String alert;

  /**
   * A failed handshake.
   *
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

  /** Reads the reason out of what the TLS implementation threw, each of which has its own words. */
  static TlsFailedException of(Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    if (cause instanceof NotSslRecordException) {
      return new TlsFailedException(Reason.NOT_TLS, null, "what came was not TLS", null);
    }
    if (cause instanceof ClosedChannelException
        || (cause instanceof IOException && !(cause instanceof SSLException))
        || text.contains("Connection closed while")) {
      return new TlsFailedException(
          Reason.CONNECTION_ENDED, null, "the connection ended during the handshake", cause);
    }
    for (Pattern received : RECEIVED) {
      Matcher matcher = received.matcher(text);
      if (matcher.find()) {
        String alert = matcher.group(1).toLowerCase(Locale.ROOT);
        return new TlsFailedException(
            Reason.REFUSED_BY_PEER, alert, "the peer refused with " + alert, cause);
      }
    }
    Matcher sent = SENT.matcher(text);
    return new TlsFailedException(
        Reason.REFUSED_BY_US, sent.find() ? sent.group(1) : null, text, cause);
  }
}
