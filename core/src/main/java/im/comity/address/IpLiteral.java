package im.comity.address;

import org.jspecify.annotations.Nullable;

/**
 * IP addresses written out, as RFC 7622 3.2 allows in a domainpart. Parsed here and not by {@code
 * java.net}, which also takes zones, octal and shortened forms, that no peer would read alike.
 */
final class IpLiteral {
  private static final int LONGEST = "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]".length();

  private IpLiteral() {}

  /**
   * The value of four decimal parts 0..255 without leading zeros, or -1 if the text is not that.
   */
  static long ipv4(String text) {
    long value = 0;
    int parts = 0;
    for (int i = 0; i <= text.length(); i++) {
      int start = i;
      int part = 0;
      while (i < text.length() && isDigit(text.charAt(i)) && i - start < 3) {
        part = part * 10 + text.charAt(i) - '0';
        i++;
      }
      boolean leadingZero = i - start > 1 && text.charAt(start) == '0';
      if (i == start || part > 255 || leadingZero || ++parts > 4) {
        return -1;
      }
      if (i < text.length() && text.charAt(i) != '.') {
        return -1;
      }
      value = value << 8 | part;
    }
    return parts == 4 ? value : -1;
  }

  /** Whether the last label is a decimal or hexadecimal number, as inet_aton would read it. */
  static boolean endsInNumber(String name) {
    int last = name.lastIndexOf('.') + 1;
    if (!isDigit(name.charAt(last))) {
      return false;
    }
    boolean hex = name.startsWith("0x", last);
    for (int i = hex ? last + 2 : last; i < name.length(); i++) {
      char c = name.charAt(i);
      if (!(hex ? hexValue(c) >= 0 : isDigit(c))) {
        return false;
      }
    }
    return true;
  }

  /** The canonical form of an IPv6 address in square brackets (RFC 5952), or null if it is none. */
  static @Nullable String ipv6InBrackets(String text) {
    if (text.length() > LONGEST || !text.endsWith("]")) {
      return null;
    }
    int[] groups = ipv6(text.substring(1, text.length() - 1));
    return groups == null ? null : '[' + format(groups) + ']';
  }

  private static int @Nullable [] ipv6(String text) {
    int[] groups = new int[8];
    int count = 0;
    int gap = -1;
    int i = 0;
    if (text.startsWith("::")) {
      gap = 0;
      i = 2;
    }
    while (i < text.length()) {
      if (count == 8) {
        return null;
      }
      int start = i;
      int group = 0;
      while (i < text.length() && i - start < 4 && hexValue(text.charAt(i)) >= 0) {
        group = group << 4 | hexValue(text.charAt(i));
        i++;
      }
      if (i < text.length() && text.charAt(i) == '.') {
        long embedded = ipv4(text.substring(start));
        if (embedded < 0 || count > 6) {
          return null;
        }
        groups[count++] = (int) (embedded >>> 16);
        groups[count++] = (int) (embedded & 0xffff);
        break;
      }
      if (i == start) {
        return null;
      }
      groups[count++] = group;
      if (i == text.length()) {
        break;
      }
      if (text.charAt(i) != ':' || ++i == text.length()) {
        return null;
      }
      if (text.charAt(i) == ':') {
        if (gap >= 0) {
          return null;
        }
        gap = count;
        i++;
      }
    }
    if (gap < 0) {
      return count == 8 ? groups : null;
    }
    if (count == 8) {
      return null;
    }
    int behind = count - gap;
    int[] whole = new int[8];
    System.arraycopy(groups, 0, whole, 0, gap);
    System.arraycopy(groups, gap, whole, 8 - behind, behind);
    return whole;
  }

  private static String format(int[] groups) {
    int gap = -1;
    int gapLength = 1; // a single zero group is never shortened
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > gapLength) {
        gap = i;
        gapLength = end - i;
      }
      i = Math.max(i, end - 1);
    }
    StringBuilder out = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == gap) {
        out.append("::");
        i += gapLength - 1;
      } else {
        if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
          out.append(':');
        }
        out.append(Integer.toHexString(groups[i]));
      }
    }
    return out.toString();
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static int hexValue(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }
}
