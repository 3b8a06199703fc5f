package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.tls.TestCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnchorsTest {
  private static final TestCa ONE = TestCa.root("One", InstantSource.system());
  private static final TestCa TWO = TestCa.root("Two", InstantSource.system());

  @TempDir Path dir;

  @Test
  void allCertificatesOfAFileAreReadAndTheTextBetweenThemIsNot() throws IOException {
    Path file = dir.resolve("anchors.pem");
    Files.writeString(file, "# ours\n" + ONE.pem() + "\n# theirs\n" + TWO.pem() + "\n" + ONE.pem());
    assertThat(Anchors.fromPem(file)).containsExactly(ONE.certificate(), TWO.certificate());
  }

  @Test
  void aFileWithoutCertificatesIsRefusedByName() throws IOException {
    Path file = dir.resolve("empty.pem");
    Files.writeString(file, "");
    assertThatThrownBy(() -> Anchors.fromPem(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty.pem");
  }

  @Test
  void aBrokenCertificateIsRefusedByName() throws IOException {
    Path file = dir.resolve("broken.pem");
    Files.writeString(file, ONE.pem() + TWO.pem().replaceFirst("M", "N"));
    assertThatThrownBy(() -> Anchors.fromPem(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken.pem");
    assertThatThrownBy(() -> Anchors.fromPem(dir.resolve("none.pem")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void theSystemHasAnchors() throws IOException {
    assertThat(Anchors.system())
        .isNotEmpty()
        .allSatisfy(anchor -> assertThat(anchor.getSubjectX500Principal()).isNotNull());
  }
}
