package im.comity.stanza;

import im.comity.address.AddressFormatException;
import im.comity.address.Jid;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that one stream has brought of late, so that one that comes again is neither
 * checked nor made again.
 *
 * <p>An address is known again by all of its bytes, and one that was refused is never held: what
 * comes out is what {@link Jid#parse} would say. At most {@value #SLOTS} are held, none longer than
 * {@value #LONGEST} bytes. A newer one takes the place of an older that falls on the same slot;
 * whoever makes addresses fall together makes us check his as often as he sends them, and no more.
 *
 * <p>For one thread at a time.
 */
final class Addresses {
  /** How many are held; a power of two. */
  static final int SLOTS = 64;

  /** The greatest length in bytes of one that is held. */
  static final int LONGEST = 128;

  /** Null until the first comes: most streams are idle. */
  private @Nullable Jid @Nullable [] held;

  /**
   * The address that stands in {@code bytes[from..to)}.
   *
   * @param bytes ASCII there
   * @throws AddressFormatException it is none
   */
  Jid read(byte[] bytes, int from, int to) throws AddressFormatException {
    int length = to - from;
    if (length > LONGEST) {
      return Jid.parse(text(bytes, from, length));
    }
    @Nullable Jid[] slots = held;
    if (slots == null) {
      slots = new Jid[SLOTS];
      held = slots;
    }
    int slot = slot(bytes, from, to);
    Jid known = slots[slot];
    if (known == null || !isThat(known, bytes, from, length)) {
      known = Jid.parse(text(bytes, from, length));
      slots[slot] = known;
    }
    return known;
  }

  /** Gives back what it holds. */
  void forget() {
    held = null;
  }

  /** How many are held. */
  int count() {
    int count = 0;
    if (held != null) {
      for (Jid jid : held) {
        count += jid == null ? 0 : 1;
      }
    }
    return count;
  }

  private static boolean isThat(Jid jid, byte[] bytes, int from, int length) {
    String text = jid.toString();
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (text.charAt(i) != bytes[from + i]) {
        return false;
      }
    }
    return true;
  }

  static int slot(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int at = from; at < to; at++) {
      hash = 31 * hash + bytes[at];
    }
    hash *= 0x9E3779B9; // the high bits depend on all characters
    return hash >>> (Integer.SIZE - Integer.numberOfTrailingZeros(SLOTS));
  }

  private static String text(byte[] bytes, int from, int length) {
    return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
  }
}
