package im.comity.server.configuration;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/** A configuration to begin with, in which every key is explained. */
public final class Example {
  private static final String RESOURCE = "/im/comity/server/comity.example.yaml";

  private Example() {}

  /**
   * The example, with a secret of its own each time: a secret that stands in a manual is none.
   *
   * @param random draws the secret; a secure one, but in tests
   */
  public static String print(RandomGenerator random) {
    byte[] secret = new byte[16];
    random.nextBytes(secret);
    return text().replace("@SECRET@", HexFormat.of().formatHex(secret));
  }

  static String text() {
    try (InputStream in = Example.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing in this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + " cannot be read", e);
    }
  }
}
