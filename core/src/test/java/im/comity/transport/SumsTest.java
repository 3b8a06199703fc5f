package im.comity.transport;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.transport.Sums.Sum;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SumsTest {
  private final FakeTimers timers = new FakeTimers();
  private final List<Sum<String>> told = new ArrayList<>();
  private final Sums<String> sums = new Sums<>(timers, told::add);

  @Test
  void theFirstIsWorthTellingAtOnceAndTheOthersAreInTheSum() {
    assertThat(sums.count("a")).isTrue();
    assertThat(sums.count("a")).isFalse();
    assertThat(sums.count("b")).isTrue();
    timers.advance(Sums.PERIOD.minusMillis(1));
    assertThat(told).isEmpty();
    timers.advance(Duration.ofMillis(1));
    assertThat(told).containsExactly(new Sum<>("a", 2, false), new Sum<>("b", 1, false));
  }

  @Test
  void whatGoesOnBeginsOnceAndAfterAQuietPeriodAnew() {
    for (int i = 0; i < 3; i++) {
      assertThat(sums.count("a")).isEqualTo(i == 0);
      timers.advance(Sums.PERIOD);
    }
    assertThat(told).hasSize(3);
    timers.advance(Sums.PERIOD);
    assertThat(sums.count("a")).isTrue();
    timers.advance(Sums.PERIOD.multipliedBy(2));
    assertThat(told).hasSize(4);
    assertThat(timers.waiting()).as("nothing is left when all is quiet").isZero();
  }

  @Test
  void manyAreToldInFewAndKeptWithinABound() {
    int begun = 0;
    for (int i = 0; i < 100_000; i++) {
      begun += sums.count("k" + i) ? 1 : 0;
    }
    sums.count("k7");
    assertThat(begun).isEqualTo(Sums.MOST_TOLD);
    assertThat(sums.kept()).isEqualTo(Sums.MOST_COUNTED);
    timers.advance(Sums.PERIOD);
    assertThat(told).hasSize(Sums.MOST_TOLD + 1);
    assertThat(told.getFirst()).isEqualTo(new Sum<>("k7", 2, false));
    assertThat(told.getLast().others()).isTrue();
    assertThat(told.stream().mapToLong(Sum::count).sum()).isEqualTo(100_001);
  }
}
