package im.comity.component;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** The proof of XEP-0114: lower-case hexadecimal SHA-1 of stream id and secret (S2S-CMP-03). */
final class Handshake {
  private Handshake() {}

  static String of(String streamId, String secret) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest((streamId + secret).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }

  /** Compares in constant time; upper-case digits are accepted from others. */
  static boolean matches(String streamId, String secret, String received) {
    byte[] right = of(streamId, secret).getBytes(StandardCharsets.US_ASCII);
    byte[] shown = received.strip().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(right, shown);
  }
}
