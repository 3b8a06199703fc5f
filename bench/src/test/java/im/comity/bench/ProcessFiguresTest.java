package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcessFiguresTest {
  @Test
  @EnabledOnOs(OS.LINUX)
  void theTimeOfAChildThatHasEndedIsNotTakenForThatOfOthers() throws Exception {
    List<ProcessHandle> us = List.of(ProcessHandle.current());
    double before = ProcessFigures.cpuSecondsWithEnded(us);
    Process child =
        new ProcessBuilder("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; times")
            .start();
    // The shell's own time, as 0m0.12s, on the first of two lines.
    String told =
        new String(child.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .lines()
            .findFirst()
            .orElse("");
    child.waitFor();
    double used = Double.parseDouble(told.replaceAll("^0m([0-9.]+)s.*", "$1"));
    assertThat(used).isPositive();
    assertThat(ProcessFigures.cpuSecondsWithEnded(us) - before).isGreaterThanOrEqualTo(used - 0.02);
  }
}
