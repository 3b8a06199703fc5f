package im.comity.xml;

import java.nio.charset.StandardCharsets;

/** Text from bytes that the scanner has found to be well-formed; it checks nothing again. */
final class Decoder {
  private Decoder() {}

  /** The text of bytes that are ASCII and stand for themselves. */
  static String plain(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  /** The value of an attribute, XML 1.0 3.3.3. */
  static String value(byte[] bytes, int from, int to) {
    return decoded(bytes, from, to, true, true);
  }

  /** Character data, XML 1.0 2.11 and 4.1. */
  static String text(byte[] bytes, int from, int to) {
    return decoded(bytes, from, to, true, false);
  }

  /** The content of a CDATA section. */
  static String cdata(byte[] bytes, int from, int to) {
    return decoded(bytes, from, to, false, false);
  }

  private static String decoded(
      byte[] bytes, int from, int to, boolean references, boolean spaces) {
    StringBuilder text = new StringBuilder(to - from);
    int run = from;
    int at = from;
    while (at < to) {
      int c = bytes[at];
      boolean isSpecial = c == '&' ? references : c == '\r' || (spaces && (c == '\n' || c == '\t'));
      if (!isSpecial) {
        at++;
        continue;
      }
      append(bytes, run, at, text);
      if (c == '&') {
        at = reference(bytes, at + 1, text);
      } else {
        text.append(spaces ? ' ' : '\n');
        at += c == '\r' && at + 1 < to && bytes[at + 1] == '\n' ? 2 : 1;
      }
      run = at;
    }
    append(bytes, run, to, text);
    return text.toString();
  }

  private static void append(byte[] bytes, int from, int to, StringBuilder text) {
    if (from < to) {
      text.append(new String(bytes, from, to - from, StandardCharsets.UTF_8));
    }
  }

  /** Appends what a reference stands for, and returns the index after its semicolon. */
  private static int reference(byte[] bytes, int from, StringBuilder text) {
    int end = from;
    while (bytes[end] != ';') {
      end++;
    }
    if (bytes[from] == '#') {
      boolean hexadecimal = bytes[from + 1] == 'x';
      int code = 0;
      for (int i = from + (hexadecimal ? 2 : 1); i < end; i++) {
        code = code * (hexadecimal ? 16 : 10) + Character.digit(bytes[i], 16);
      }
      text.appendCodePoint(code);
    } else {
      text.append(
          switch (bytes[from + 1]) {
            case 'm' -> '&';
            case 't' -> bytes[from] == 'l' ? '<' : '>';
            case 'u' -> '"';
            default -> '\'';
          });
    }
    return end + 1;
  }
}
