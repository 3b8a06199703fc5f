package im.comity.server.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.InstantSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FittingFilesTest {
  private static final String GOOD = "domains: [a.example]\n";
  private static final String WRONG = "domains: [a.example]\nno-such-key: 1\n";

  @TempDir Path folder;
  private Path memory;
  private Path program;
  private Path file;

  @BeforeEach
  void makeFiles() throws IOException {
    memory = folder.resolve("fitting");
    program = Files.writeString(folder.resolve("program.jar"), "a build");
    file = folder.resolve("comity.yaml");
  }

  private FittingFiles fitting() throws IOException {
    return FittingFiles.in(memory, program);
  }

  private Configuration read(String text) throws IOException, ConfigurationException {
    Files.writeString(file, text);
    return Configuration.read(file, InstantSource.system(), fitting());
  }

  @Test
  void aFileThatWasReadIsKnownAndReadsTheSame() throws Exception {
    assertThat(fitting().knows(GOOD)).isFalse();
    Configuration first = read(GOOD);
    assertThat(fitting().knows(GOOD)).isTrue();
    assertThat(read(GOOD).domains()).isEqualTo(first.domains());
    assertThat(memory).content().hasLineCount(1);
  }

  @Test
  void aFileThatDoesNotFitIsNeverKnown() throws Exception {
    read(GOOD);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> read(WRONG)).hasMessageContaining("no-such-key");
      assertThat(fitting().knows(WRONG)).isFalse();
    }
  }

  @Test
  void aFileThatFitsAndHasAnotherErrorIsNotKnown() {
    String text = "domains: [a.example]\ndefault-certificate: {chain: none.crt, key: none.key}\n";
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> read(text)).hasMessageContaining("none.crt");
    }
    assertThat(memory).doesNotExist();
  }

  @Test
  void aChangedFileOrProgramIsCheckedAgain() throws Exception {
    read(GOOD);
    assertThat(fitting().knows(GOOD + "\n")).isFalse();
    Files.setLastModifiedTime(program, FileTime.fromMillis(1));
    assertThat(fitting().knows(GOOD)).isFalse();
  }

  @Test
  void theMemoryIsBoundedAndForgetsTheOldest() throws Exception {
    for (int i = 0; i <= FittingFiles.MOST; i++) {
      fitting().remember("file " + i);
    }
    assertThat(memory).content().hasLineCount(FittingFiles.MOST);
    assertThat(fitting().knows("file 0")).isFalse();
    assertThat(fitting().knows("file 1")).isTrue();
    assertThat(fitting().knows("file " + FittingFiles.MOST)).isTrue();
  }

  @Test
  void whereNothingCanBeWrittenOrReadNothingIsKnown() throws Exception {
    FittingFiles nowhere = FittingFiles.in(folder.resolve("no/such/folder"), program);
    nowhere.remember(GOOD);
    assertThat(nowhere.knows(GOOD)).isFalse();
    Files.createDirectory(memory);
    fitting().remember(GOOD);
    assertThat(fitting().knows(GOOD)).isFalse();
    assertThat(FittingFiles.NONE.knows(GOOD)).isFalse();
  }
}
