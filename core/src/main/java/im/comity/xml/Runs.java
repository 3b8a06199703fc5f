package im.comity.xml;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Passes over what needs no decision, eight bytes at a time: the inner loops of the scanner.
 *
 * <p>The tests for special bytes are exact for each of the eight, because no subtraction borrows
 * from the byte above: every byte has its highest bit set before.
 */
final class Runs {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH = ONES << 7;

  private Runs() {}

  /**
   * The first index at which there is something else than ASCII text that stands for itself, or a
   * whole character of two or three bytes: one of {@code < & ] >}, a control character, what is not
   * UTF-8, a character of four bytes, or one cut off by {@code stop}.
   */
  static int endOfText(byte[] bytes, int from, int stop) {
    int at = from;
    while (at < stop) {
      while (stop - at >= Long.BYTES) {
        long word = (long) LONG.get(bytes, at);
        // The bit 2 makes '<' and '>' one.
        long special =
            isNot(word | (ONES * 2), '>')
                & isNot(word, '&')
                & isNot(word, ']')
                & isNotControl(word);
        special = (~special | word) & HIGH;
        if (special != 0) {
          at += Long.numberOfTrailingZeros(special) >>> 3;
          break;
        }
        at += Long.BYTES;
      }
      if (at == stop) {
        break;
      }
      int c = bytes[at];
      if (c < 0) {
        int next = endOfCharacters(bytes, at, stop);
        if (next == at) {
          break;
        }
        at = next;
      } else if (c >= ' ' ? c == '<' || c == '>' || c == '&' || c == ']' : !isSpace(c)) {
        break;
      } else {
        at++;
      }
    }
    return at;
  }

  /**
   * The first index at which there is something else than ASCII that stands for itself in the value
   * of an attribute, with either quotation mark.
   */
  static int endOfAsciiInValue(byte[] bytes, int from, int stop) {
    int at = from;
    while (stop - at >= Long.BYTES) {
      long word = (long) LONG.get(bytes, at);
      // The bit 1 makes '&' and ''' one.
      long special =
          isNot(word | ONES, '\'') & isNot(word, '"') & isNot(word, '<') & isNotControl(word);
      special = (~special | word) & HIGH;
      if (special != 0) {
        return at + (Long.numberOfTrailingZeros(special) >>> 3);
      }
      at += Long.BYTES;
    }
    while (at < stop) {
      int c = bytes[at];
      if (c < ' ' || c == '"' || c == '&' || c == '\'' || c == '<') {
        break;
      }
      at++;
    }
    return at;
  }

  /** The index after all whole characters of two or three bytes that may stand in a document. */
  private static int endOfCharacters(byte[] bytes, int from, int stop) {
    int at = from;
    while (stop - at >= 3) {
      int lead = bytes[at];
      if (lead >= (byte) 0xC2 && lead < (byte) 0xE0) {
        if (bytes[at + 1] >= (byte) 0xC0) {
          return at;
        }
        at += 2;
      } else if (lead >= (byte) 0xE0 && lead < (byte) 0xF0) {
        if (bytes[at + 1] >= (byte) 0xC0 || bytes[at + 2] >= (byte) 0xC0) {
          return at;
        }
        int c = ((lead & 0x0F) << 12) | ((bytes[at + 1] & 0x3F) << 6) | (bytes[at + 2] & 0x3F);
        if (c < 0x800 || (c >= 0xD800 && c < 0xE000) || c > 0xFFFD) {
          return at;
        }
        at += 3;
      } else {
        return at;
      }
    }
    return at;
  }

  /** For each byte that is ASCII: its highest bit is set unless it is {@code c}. */
  private static long isNot(long word, char c) {
    return ((word ^ (ONES * c)) | HIGH) - ONES;
  }

  /** For each byte that is ASCII: its highest bit is set unless it is below 0x20. */
  private static long isNotControl(long word) {
    return (word | HIGH) - (ONES * ' ');
  }

  private static boolean isSpace(int c) {
    return c == '\n' || c == '\r' || c == '\t';
  }
}
