package im.comity.xml;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/**
 * A hash for names that a stranger chooses.
 *
 * <p>A polynomial over the field of 2^61 - 1 elements, evaluated at a secret point: two different
 * names of n bytes collide for at most n/7 + 1 of all 2^61 points, so nobody can prepare names that
 * do.
 */
final class NameHash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int WORD = 7;
  private static final long PRIME = (1L << 61) - 1;
  private static final long POINT;
  private static final long PAIR_POINT;

  static {
    // Of the process, not of a caller: nothing that comes out of a scanner depends on it.
    SecureRandom random = new SecureRandom();
    POINT = random.nextLong(1, PRIME);
    PAIR_POINT = random.nextLong(1, PRIME);
  }

  private NameHash() {}

  /** The hash of {@code bytes[from..to)}, between 0 and 2^61 - 2. */
  static long of(byte[] bytes, int from, int to) {
    long hash = 0;
    int at = from;
    while (to - at > WORD) {
      hash = product(hash + word(bytes, at, WORD), POINT);
      at += WORD;
    }
    return product(hash + word(bytes, at, to - at), POINT);
  }

  /**
   * The first seven bytes and the length, the latter cut: no hash, but cheap and exact if short.
   */
  static long start(byte[] bytes, int from, int to) {
    int length = to - from;
    return length <= WORD
        ? word(bytes, from, length)
        : word(bytes, from, WORD) ^ ((long) length << 60);
  }

  /** The hash of a pair of hashes. */
  static long of(long first, long second) {
    return reduced(product(first, PAIR_POINT) + second);
  }

  /** Up to seven bytes and, above them, how many: so different sequences are different words. */
  private static long word(byte[] bytes, int at, int length) {
    long word;
    if (at + Long.BYTES <= bytes.length) {
      word = (long) LONG.get(bytes, at) & ((1L << (8 * length)) - 1);
    } else {
      word = 0;
      for (int i = length - 1; i >= 0; i--) {
        word = (word << 8) | (bytes[at + i] & 0xFF);
      }
    }
    return word | ((long) length << 56);
  }

  private static long product(long a, long b) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    return reduced((low & PRIME) + ((high << 3) | (low >>> 61)));
  }

  private static long reduced(long sum) {
    long folded = (sum & PRIME) + (sum >>> 61);
    return folded >= PRIME ? folded - PRIME : folded;
  }
}
