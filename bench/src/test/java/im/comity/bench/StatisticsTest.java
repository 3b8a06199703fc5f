package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.bench.Statistics.Spread;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class StatisticsTest {
  @Test
  void aQuantileIsTheNearestRank() {
    long[] hundred = LongStream.rangeClosed(1, 100).toArray();
    assertThat(Statistics.quantile(hundred, 0.5)).isEqualTo(50);
    assertThat(Statistics.quantile(hundred, 0.99)).isEqualTo(99);
    assertThat(Statistics.quantile(hundred, 1)).isEqualTo(100);
    assertThat(Statistics.quantile(new long[] {7}, 0.01)).isEqualTo(7);
    assertThat(Statistics.quantile(new long[0], 0.5)).isNaN();
  }

  @Test
  void aSpreadHasTheMiddleAndBothEnds() {
    assertThat(Spread.of(List.of(3.0, 1.0, 2.0)).text(2)).isEqualTo("2.00 [1.00–3.00]");
    assertThat(Spread.of(List.of(4.0, 1.0)).median()).isEqualTo(2.5);
  }

  @Test
  void whatWasNotMeasuredIsADash() {
    assertThat(Spread.of(List.of(Double.NaN)).text(1)).isEqualTo("–");
    assertThat(Spread.of(List.of(5.0)).text(0)).isEqualTo("5");
  }
}
