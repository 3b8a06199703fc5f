package im.comity.stanza;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the sender of a stanza may do about an error (RFC 6120 8.3.2). */
public enum ErrorType {
  /** Retry after authenticating. */
  AUTH,
  /** Do not retry. */
  CANCEL,
  /** Go on: a warning. */
  CONTINUE,
  /** Retry after changing what was sent. */
  MODIFY,
  /** Retry later. */
  WAIT;

  private final String wire = name().toLowerCase(Locale.ROOT);

  /** The value of the attribute {@code type}. */
  public String wire() {
    return wire;
  }

  /** The type with this value, or null if there is none. */
  public static @Nullable ErrorType of(String wire) {
    for (ErrorType type : values()) {
      if (type.wire.equals(wire)) {
        return type;
      }
    }
    return null;
  }
}
