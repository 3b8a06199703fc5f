package im.comity.stanza;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The three stanzas of RFC 6120 8.2. */
public enum StanzaKind {
  MESSAGE,
  PRESENCE,
  IQ;

  private final String wire = name().toLowerCase(Locale.ROOT);

  /** The local name of the element. */
  public String wire() {
    return wire;
  }

  /** The kind with this local name, or null if it is no stanza's. */
  public static @Nullable StanzaKind of(String localName) {
    return switch (localName) {
      case "message" -> MESSAGE;
      case "presence" -> PRESENCE;
      case "iq" -> IQ;
      default -> null;
    };
  }
}
