package im.comity.dialback;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * The text that an initiating server sends to be handed to its authoritative server.
 *
 * <p>To a receiving server it is opaque, since peers make theirs in other ways than we do, and is
 * passed on as it came (S2S-DB-10). It may be empty: a peer that expects its certificate to do need
 * not make one.
 *
 * @param text as it stood in the element, at most {@value #MOST_OCTETS} octets of UTF-8
 */
public record DialbackKey(String text) {
  /** The greatest length of a key, in octets of UTF-8. */
  public static final int MOST_OCTETS = 1024;

  /**
   * Checks the length.
   *
   * @throws IllegalArgumentException if the text is too long; see {@link #fits}
   */
  public DialbackKey {
    if (!fits(text)) {
      throw new IllegalArgumentException("a dialback key is longer than " + MOST_OCTETS);
    }
  }

  /** Whether a text is short enough to be a key. */
  public static boolean fits(String text) {
    return text.length() <= MOST_OCTETS
        && text.getBytes(StandardCharsets.UTF_8).length <= MOST_OCTETS;
  }

  /**
   * Whether this is the same key, white space around it apart; takes the same time wherever the
   * first difference stands (S2S-DB-08).
   */
  public boolean matches(DialbackKey other) {
    return MessageDigest.isEqual(octets(this), octets(other));
  }

  private static byte[] octets(DialbackKey key) {
    return key.text.strip().getBytes(StandardCharsets.UTF_8);
  }

  /** Not the key, which a trace must not give away, but its length. */
  @Override
  public String toString() {
    return "key of " + text.length() + " characters";
  }
}
