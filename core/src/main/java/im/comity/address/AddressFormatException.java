package im.comity.address;

/**
 * A text is no address: it cannot be cut into parts, or a part cannot be prepared (RFC 7622).
 *
 * <p>Which part it was decides what a peer is told (S2S-JID-05): a stanza with an unreadable
 * domainpart ends its stream, one with a bad localpart or resourcepart is answered. The message
 * quotes the offending text, escaped to printable ASCII and cut to {@value #QUOTED} characters, so
 * it may be logged as it stands. There is no stack trace: strangers make these.
 */
public final class AddressFormatException extends Exception {
  private static final long serialVersionUID = 1;

  private static final int QUOTED = 80;

  /** The three parts of an address. */
  public enum Part {
    /** What stands before the first {@code @}. */
    LOCAL,
    /** What stands between the first {@code @} and the first {@code /}. */
    DOMAIN,
    /** What stands behind the first {@code /}. */
    RESOURCE
  }

  private final Part part;

  AddressFormatException(Part part, String problem, String offending) {
    super(problem + ": \"" + escape(offending) + '"', null, false, false);
    this.part = part;
  }

  /** The part that is at fault. */
  public Part part() {
    return part;
  }

  private static String escape(String text) {
    StringBuilder out = new StringBuilder(QUOTED);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      String shown =
          c == '"' || c == '\\'
              ? "\\" + c
              : c >= ' ' && c < 0x7f ? String.valueOf(c) : "\\u%04x".formatted((int) c);
      if (out.length() + shown.length() > QUOTED - 3) {
        return out.append("...").toString();
      }
      out.append(shown);
    }
    return out.toString();
  }
}
