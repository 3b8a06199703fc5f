package im.comity.address;

import im.comity.address.AddressFormatException.Part;
import org.jspecify.annotations.Nullable;

/**
 * The address of a stanza (RFC 7622): its text as received, and its prepared domain.
 *
 * <p>Localparts and resourceparts of others are checked and never rewritten (S2S-JID-06): peers
 * still prepare them by RFC 6122's stringprep, and whose name it is decides what it equals. What
 * neither PRECIS nor stringprep can prepare is refused. Equality is that of the prepared domain and
 * of the other parts' text.
 */
public final class Jid {
  private static final long[] LOCAL_ASCII = localAscii();

  private final String text;
  private final Domain domain;
  private final int at;
  private final int slash;

  private Jid(String text, Domain domain, int at, int slash) {
    this.text = text;
    this.domain = domain;
    this.at = at;
    this.slash = slash;
  }

  /**
   * Cuts at the first {@code /}, then at the first {@code @} before it, before anything is mapped
   * (S2S-JID-01, -07), and checks the parts, each of 1..1023 octets of UTF-8.
   *
   * @throws AddressFormatException if a part is empty, too long or cannot be prepared. The
   *     domainpart is looked at first, so that part LOCAL or RESOURCE means that the domain is good
   */
  public static Jid parse(String text) throws AddressFormatException {
    int slash = text.indexOf('/');
    int end = slash < 0 ? text.length() : slash;
    int at = text.indexOf('@');
    if (at > end) {
      at = -1;
    }
    Domain domain = Domain.of(text.substring(at + 1, end));
    if (at >= 0) {
      checkLocal(text, at);
    }
    if (slash >= 0) {
      checkResource(text, slash + 1);
    }
    return new Jid(text, domain, at, slash);
  }

  /** The address of a domain itself. */
  public static Jid of(Domain domain) {
    return new Jid(domain.toString(), domain, -1, -1);
  }

  /** The prepared domainpart. */
  public Domain domain() {
    return domain;
  }

  /** The localpart as received, or null if there is none. Made at each call. */
  public @Nullable String local() {
    return at < 0 ? null : text.substring(0, at);
  }

  /** The resourcepart as received, or null if there is none. Made at each call. */
  public @Nullable String resource() {
    return slash < 0 ? null : text.substring(slash + 1);
  }

  /** The whole text as received. */
  @Override
  public String toString() {
    return text;
  }

  @Override
  public boolean equals(Object other) {
    if (this == other) {
      return true;
    }
    return other instanceof Jid that
        && domain.equals(that.domain)
        && localAsWritten().equals(that.localAsWritten())
        && resourceAsWritten().equals(that.resourceAsWritten());
  }

  @Override
  public int hashCode() {
    return 31 * (31 * domain.hashCode() + localAsWritten().hashCode())
        + resourceAsWritten().hashCode();
  }

  /** The localpart with its {@code @}, or nothing. */
  private String localAsWritten() {
    return text.substring(0, at + 1);
  }

  /** The resourcepart with its {@code /}, or nothing. */
  private String resourceAsWritten() {
    return slash < 0 ? "" : text.substring(slash);
  }

  private static void checkLocal(String text, int end) throws AddressFormatException {
    if (end == 0) {
      throw new AddressFormatException(Part.LOCAL, "a localpart is empty", text);
    }
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        String local = checkOctets(Part.LOCAL, text.substring(0, end));
        if (!Preparation.preparesLocal(local)) {
          throw new AddressFormatException(Part.LOCAL, "a localpart cannot be prepared", local);
        }
        return;
      }
      if (!isLocalAscii(c)) {
        throw new AddressFormatException(
            Part.LOCAL, "a localpart holds a character that none may hold", text.substring(0, end));
      }
    }
    checkOctets(Part.LOCAL, end, text);
  }

  private static void checkResource(String text, int from) throws AddressFormatException {
    if (from == text.length()) {
      throw new AddressFormatException(Part.RESOURCE, "a resourcepart is empty", text);
    }
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        String resource = checkOctets(Part.RESOURCE, text.substring(from));
        if (!Preparation.preparesResource(resource)) {
          throw new AddressFormatException(
              Part.RESOURCE, "a resourcepart cannot be prepared", resource);
        }
        return;
      }
      if (c < ' ' || c == 0x7f) {
        throw new AddressFormatException(
            Part.RESOURCE, "a resourcepart holds a control character", text.substring(from));
      }
    }
    checkOctets(Part.RESOURCE, text.length() - from, text);
  }

  /** ASCII of PRECIS's IdentifierClass without the delimiters of RFC 7622 3.3.1. */
  static boolean isLocalAscii(int c) {
    return c < 0x80 && (LOCAL_ASCII[c >> 6] >>> c & 1) != 0;
  }

  private static long[] localAscii() {
    long[] bits = new long[2];
    for (int c = ' ' + 1; c < 0x7f; c++) {
      if ("\"&'/:<>@".indexOf(c) < 0) {
        bits[c >> 6] |= 1L << c;
      }
    }
    return bits;
  }

  private static String checkOctets(Part part, String value) throws AddressFormatException {
    int octets = Domain.octets(value);
    if (octets < 0) {
      throw new AddressFormatException(part, "half a character stands in an address", value);
    }
    checkOctets(part, octets, value);
    return value;
  }

  private static void checkOctets(Part part, int octets, String offending)
      throws AddressFormatException {
    if (octets > Domain.MAX_OCTETS) {
      throw new AddressFormatException(
          part, "a part of an address is longer than " + Domain.MAX_OCTETS + " octets", offending);
    }
  }
}
