package im.comity.xml;

/** Writing code points as UTF-8. */
final class Utf8 {
  private Utf8() {}

  /** Writes a code point, up to four bytes, and returns the index after it. */
  static int write(int c, byte[] target, int at) {
    if (c < 0x80) {
      target[at++] = (byte) c;
    } else {
      if (c < 0x800) {
        target[at++] = (byte) (0xC0 | (c >> 6));
      } else {
        if (c < 0x10000) {
          target[at++] = (byte) (0xE0 | (c >> 12));
        } else {
          target[at++] = (byte) (0xF0 | (c >> 18));
          target[at++] = (byte) (0x80 | ((c >> 12) & 0x3F));
        }
        target[at++] = (byte) (0x80 | ((c >> 6) & 0x3F));
      }
      target[at++] = (byte) (0x80 | (c & 0x3F));
    }
    return at;
  }
}
