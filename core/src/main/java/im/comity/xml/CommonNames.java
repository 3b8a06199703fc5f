package im.comity.xml;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names that most stanzas have, and short values of their attributes, so that decoding them makes
 * no new strings.
 */
final class CommonNames {
  private static final String[] NAMES = new String[256];
  private static final byte[][] BYTES = new byte[NAMES.length][];

  static {
    List<String> names =
        List.of(
            "a",
            "active",
            "affiliation",
            "auth",
            "bidi",
            "body",
            "chat",
            "composing",
            "condition",
            "data",
            "db",
            "delay",
            "dialback",
            "en",
            "enable",
            "enabled",
            "encrypted",
            "error",
            "errors",
            "event",
            "failure",
            "feature",
            "features",
            "field",
            "forwarded",
            "from",
            "get",
            "gone",
            "groupchat",
            "h",
            "header",
            "history",
            "id",
            "identity",
            "inactive",
            "iq",
            "item",
            "items",
            "jid",
            "key",
            "lang",
            "mechanism",
            "mechanisms",
            "message",
            "name",
            "node",
            "normal",
            "origin-id",
            "paused",
            "payload",
            "ping",
            "presence",
            "priority",
            "proceed",
            "q",
            "query",
            "r",
            "reason",
            "received",
            "request",
            "required",
            "response",
            "result",
            "role",
            "set",
            "show",
            "stamp",
            "stanza-id",
            "starttls",
            "status",
            "stream",
            "subject",
            "subscription",
            "success",
            "text",
            "thread",
            "to",
            "type",
            "value",
            "var",
            "unavailable",
            "ver",
            "verify",
            "version",
            "x",
            "xml",
            "xmlns",
            Namespaces.XML,
            Namespaces.STREAM,
            Namespaces.SERVER,
            Namespaces.CLIENT,
            Namespaces.COMPONENT_ACCEPT,
            Namespaces.DIALBACK,
            Namespaces.STANZA_ERRORS,
            Namespaces.STREAM_ERRORS,
            Namespaces.STREAM_MANAGEMENT,
            Namespaces.TLS,
            Namespaces.SASL);
    for (String name : names) {
      byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
      int slot = slot(bytes, 0, bytes.length);
      while (NAMES[slot] != null) {
        slot = (slot + 1) & (NAMES.length - 1);
      }
      NAMES[slot] = name;
      BYTES[slot] = bytes;
    }
  }

  private CommonNames() {}

  /** The text of {@code bytes[from..to)}, which is UTF-8. */
  static String text(byte[] bytes, int from, int to) {
    String known = known(bytes, from, to);
    return known != null ? known : new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  /** The same if it is empty or one of these names, else null. */
  static @Nullable String known(byte[] bytes, int from, int to) {
    if (from == to) {
      return "";
    }
    for (int slot = slot(bytes, from, to);
        NAMES[slot] != null;
        slot = (slot + 1) & (NAMES.length - 1)) {
      if (Arrays.equals(BYTES[slot], 0, BYTES[slot].length, bytes, from, to)) {
        return NAMES[slot];
      }
    }
    return null;
  }

  /** A weak hash does: the table is fixed and half empty, so no name makes a long search. */
  private static int slot(byte[] bytes, int from, int to) {
    int length = to - from;
    int hash = length * 31 + bytes[from] * 17 + bytes[to - 1] * 7 + bytes[from + length / 2] * 3;
    return (hash ^ (hash >>> 8)) & (NAMES.length - 1);
  }
}
