package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableTest {
  private final Table table = new Table();

  @Test
  void oneDisturbedRunMarksItsCellAndNoOther() {
    table.put("rate", "here", 1, 0, false);
    table.put("rate", "here", 3, 0, true);
    table.put("rate", "there", 7, 0, false);
    table.put("memory", "there", 2.25, 2, false);
    assertThat(table.markdown())
        .isEqualTo(
            """
            | | here | there |
            |---|---:|---:|
            | rate | 2 [1–3] † | 7 |
            | memory | – | 2.25 |

            † other processes used more than 0.15 core during a run of this row
            """);
    assertThat(table.text().lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).matches(" +here +there"),
            line -> assertThat(line).matches("rate +2 \\[1–3] † +7"),
            line -> assertThat(line).matches("memory +– +2\\.25"),
            line -> assertThat(line).isEqualTo(Quiet.LEGEND));
  }

  @Test
  void theMedianOfWhatWasNotMeasuredIsNoNumber() {
    table.put("rate", "here", 1, 0, false);
    table.put("rate", "here", 3, 0, false);
    assertThat(table.median("rate", "here")).isEqualTo(2);
    assertThat(table.median("rate", "there")).isNaN();
    assertThat(table.median("memory", "here")).isNaN();
  }
}
