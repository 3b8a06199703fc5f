package im.comity.interop;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Which real servers are on this machine. */
final class Peers {
  private Peers() {}

  /**
   * Skips the play where its peer is not installed; the caller of the build counts what is skipped.
   */
  static void require(String program) {
    Assumptions.assumeTrue(Files.isExecutable(Path.of(program)), program + " is not installed");
  }
}
