package im.comity.stream;

import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The receiving entity's name for a stream: an input of dialback keys, so unpredictable and never
 * repeated (S2S-STR-11).
 *
 * @param value the attribute's text, byte for byte
 */
public record StreamId(String value) {
  /** A fresh one: 128 bits of the secure generator, in hexadecimal. */
  public static StreamId random(SecureRandom random) {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return new StreamId(HexFormat.of().formatHex(bytes));
  }

  @Override
  public String toString() {
    return value;
  }
}
