package im.comity.server;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.server.configuration.Configuration;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpNamesCommandsAndExitStatuses() {
    assertThat(run("--help")).isEqualTo(0);
    assertThat(out.toString()).contains("config", "Exit status:", "  2   wrong arguments");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void theVersionIsThatOfTheBuild() {
    assertThat(run("--version")).isEqualTo(0);
    assertThat(out.toString()).matches("(?s)Comity \\d+\\.\\d+\\.\\d+\\S*\\RJava 25.*");
  }

  @Test
  void withoutACommandNothingIsDone() {
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString()).startsWith("comity: a command is missing: ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aMistypedCommandOrOptionIsAnsweredWithTheNearest() {
    assertThat(run("confg")).isEqualTo(2);
    assertThat(err.toString()).contains("Did you mean config?").hasLineCount(3);
    assertThat(run("config", "--exmaple")).isEqualTo(2);
    assertThat(err.toString()).contains("Did you mean --example?");
  }

  @Test
  void configWantsOneTask() {
    assertThat(run("config")).isEqualTo(2);
    assertThat(run("config", "--example", "--schema")).isEqualTo(2);
  }

  @Test
  void theExampleThatIsPrintedChecksOut(@TempDir Path folder) throws IOException {
    assertThat(run("config", "--example")).isEqualTo(0);
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, out.toString());
    assertThat(run("config", "--check", file.toString())).isEqualTo(0);
    assertThat(out.toString())
        .endsWith(
            ": good; 2 domains, 1 component, 3 listeners, 2 warnings" + System.lineSeparator());
    assertThat(err.toString()).contains("warning: domains: no certificate");
  }

  @Test
  void theSchemaIsPrintedAsItIsPublished() {
    assertThat(run("config", "--schema")).isEqualTo(0);
    assertThat(out.toString()).isEqualTo(Configuration.schema());
  }

  @Test
  void aWrongFileEndsWithTwoAndAllItsProblems(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, "domain: []\nlog: {level: loud}\n");
    assertThat(run("config", "--check", file.toString())).isEqualTo(2);
    assertThat(err.toString().lines())
        .hasSize(4)
        .anyMatch(line -> line.startsWith(file + ":1:1: error: domain: unknown key; did you mean"))
        .anyMatch(line -> line.startsWith(file + ":2:14: error: log.level: "))
        .last()
        .isEqualTo("3 errors");
    assertThat(out.toString()).isEmpty();
  }

  private int run(String... arguments) {
    CommandLine command = Main.commandLine();
    command.setOut(new PrintWriter(out, true));
    command.setErr(new PrintWriter(err, true));
    return command.execute(arguments);
  }
}
