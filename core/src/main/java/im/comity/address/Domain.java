package im.comity.address;

import im.comity.address.AddressFormatException.Part;
import java.util.List;

/**
 * A prepared domainpart (RFC 7622 3.2): a DNS name in canonical form, or an IP literal.
 *
 * <p>Two domains are equal when their canonical forms are the same octets (S2S-JID-04). The
 * canonical form has U-labels in lower case and no trailing dot; it is what goes on the wire. Each
 * label is an NR-LDH label or a U-label of at most 63 octets in its A-label form; underscores are
 * for DNS owner names and refused here. The whole name is at most {@value #MAX_OCTETS} octets of
 * UTF-8 in either form, which is more than DNS can ask for: a name too long for a question does not
 * resolve.
 *
 * <p>An IP literal is an IPv4 address in four decimal parts, or an IPv6 address in square brackets,
 * whose canonical form is that of RFC 5952 with the brackets kept. A name whose last label is a
 * number is refused unless it is such an IPv4 address, since many programs would read it as one.
 */
public final class Domain {
  /** The greatest length of each part of an address, in octets of UTF-8 (RFC 7622 3.1). */
  static final int MAX_OCTETS = 1023;

  private static final int MAX_LABEL = 63;

  private final String text;
  private final String ascii;
  private final boolean ipLiteral;

  private Domain(String text, String ascii, boolean ipLiteral) {
    this.text = text;
    this.ascii = ascii;
    this.ipLiteral = ipLiteral;
  }

  /**
   * Prepares a domainpart. One trailing dot is taken off first (S2S-JID-02), then the name is
   * mapped by UTS 46, non-transitional, and A-labels become U-labels (S2S-JID-03, -04). A name
   * already in lower-case ASCII costs one pass and loads nothing.
   *
   * @throws AddressFormatException if the text is empty, too long, or has a label that is neither
   *     an NR-LDH label nor a U-label; its part is always {@link Part#DOMAIN}
   */
  public static Domain of(String text) throws AddressFormatException {
    if (text.length() > MAX_OCTETS + 1) {
      throw bad("a domain is longer than " + MAX_OCTETS + " octets", text);
    }
    String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    if (name.isEmpty()) {
      throw bad("a domain is empty", text);
    }
    if (name.charAt(0) == '[') {
      String canonical = IpLiteral.ipv6InBrackets(name);
      if (canonical == null) {
        throw bad("no IPv6 address stands in the brackets", text);
      }
      return new Domain(canonical, canonical, true);
    }
    boolean lower = true;
    boolean international = false;
    for (int i = 0, label = 0; i <= name.length() && !international; i++) {
      char c = i < name.length() ? name.charAt(i) : '.';
      if (c == '.') {
        international = checkLabel(name, label, i, text);
        label = i + 1;
      } else if (c >= 'A' && c <= 'Z') {
        lower = false;
      } else if (c >= 0x80) {
        international = true;
      } else if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
        throw bad("a domain holds a character that no host name has", text);
      }
    }
    if (international) {
      return international(name, text);
    }
    String canonical = lower ? name : lowerAscii(name);
    return new Domain(canonical, canonical, isIpv4(canonical, text));
  }

  /** The canonical form, with U-labels in lower case: what stands in XML. */
  @Override
  public String toString() {
    return text;
  }

  /**
   * The name with A-labels: for DNS, SNI and certificates (S2S-DNS-19). An IP literal is the same
   * as in {@link #toString()}.
   */
  public String ascii() {
    return ascii;
  }

  /** Whether this is an IPv4 address, or an IPv6 address in brackets, and no name. */
  public boolean isIpLiteral() {
    return ipLiteral;
  }

  /**
   * The labels of the canonical form from left to right; of an IP literal the whole text as the
   * only one, since an address has no parent domain. Made at each call.
   */
  public List<String> labels() {
    return ipLiteral ? List.of(text) : List.of(text.split("\\.", -1));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Domain that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode(); // a String remembers its hash
  }

  /** The slow path; {@link Idna} is loaded by the first name that takes it. */
  private static Domain international(String name, String offending) throws AddressFormatException {
    int octets = octets(name);
    if (octets < 0 || octets > MAX_OCTETS) {
      throw bad("a domain is longer than " + MAX_OCTETS + " octets or has half a character", name);
    }
    String unicode = Idna.toUnicode(name, offending);
    // What the mapping made of the dots and digits is judged again: full-width digits can spell an
    // IPv4 address, and the limits are those of the prepared form.
    String ascii = Idna.toAscii(unicode, offending);
    if (octets(unicode) > MAX_OCTETS || ascii.length() > MAX_OCTETS) {
      throw bad("a domain is longer than " + MAX_OCTETS + " octets", offending);
    }
    for (int i = 0, label = 0; i <= ascii.length(); i++) {
      if (i == ascii.length() || ascii.charAt(i) == '.') {
        checkLabel(ascii, label, i, offending);
        label = i + 1;
      }
    }
    return new Domain(unicode, ascii, isIpv4(ascii, offending));
  }

  /** Checks the shape of an ASCII label; answers whether it is an A-label. */
  private static boolean checkLabel(String name, int from, int to, String offending)
      throws AddressFormatException {
    if (from == to) {
      throw bad("a domain has an empty label", offending);
    }
    if (to - from > MAX_LABEL) {
      throw bad("a domain has a label longer than " + MAX_LABEL + " octets", offending);
    }
    if (name.charAt(from) == '-' || name.charAt(to - 1) == '-') {
      throw bad("a label of a domain begins or ends with a hyphen", offending);
    }
    if (to - from > 3 && name.charAt(from + 2) == '-' && name.charAt(from + 3) == '-') {
      if (name.regionMatches(true, from, "xn", 0, 2)) {
        return true;
      }
      throw bad("a label of a domain has hyphens where only an A-label may", offending);
    }
    return false;
  }

  private static boolean isIpv4(String ascii, String offending) throws AddressFormatException {
    if (!IpLiteral.endsInNumber(ascii)) {
      return false;
    }
    if (IpLiteral.ipv4(ascii) < 0) {
      throw bad("a domain ends in a number and is no IPv4 address", offending);
    }
    return true;
  }

  private static String lowerAscii(String name) {
    char[] chars = name.toCharArray();
    for (int i = 0; i < chars.length; i++) {
      if (chars[i] >= 'A' && chars[i] <= 'Z') {
        chars[i] = (char) (chars[i] + ('a' - 'A'));
      }
    }
    return new String(chars);
  }

  /** The length of a text in octets of UTF-8, or -1 if half a surrogate pair stands in it. */
  static int octets(String text) {
    int octets = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        octets++;
      } else if (c < 0x800) {
        octets += 2;
      } else if (!Character.isSurrogate(c)) {
        octets += 3;
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        octets += 4;
        i++;
      } else {
        return -1;
      }
    }
    return octets;
  }

  static AddressFormatException bad(String problem, String offending) {
    return new AddressFormatException(Part.DOMAIN, problem, offending);
  }
}
