package im.comity.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes a bucket, and when, in time that is a number. */
final class BucketTest {
  private static final long SECOND = 1_000_000_000L;

  /** How many stanzas of a size pass at a moment, of many. */
  private static int pass(Bucket bucket, int size, long now) {
    int passed = 0;
    while (passed < 1_000_000 && !bucket.isEmpty(now)) {
      bucket.take(size, now);
      passed++;
    }
    return passed;
  }

  @ParameterizedTest
  @Clause("S2S-DOS-01")
  @CsvSource({
    // bytes and stanzas a second, burst, size, at once, a second later
    "0,      10,     1,    100,  10,    10",
    "0,      10,     5,    100,  50,    10",
    "1000,   0,      1,    100,  10,    10",
    "1000,   0,      3,    100,  30,    10",
    "1000,   5,      1,    100,  5,     5",
    "1000,   50,     1,    100,  10,    10",
    "0,      250000, 1,    100,  250000, 250000",
    "1000000000, 0,  1,    1000, 1000000, 1000000",
    "0,      1,      1,    100,  1,     1",
  })
  void aBurstPassesAtOnceAndThenTheRate(
      long bytes, long stanzas, int burst, int size, int atOnce, int later) {
    long start = Long.MAX_VALUE - 1; // a clock may begin anywhere, and its numbers may wrap
    Bucket bucket = new Bucket(new Allowance(bytes, stanzas, burst), start);
    assertThat(pass(bucket, size, start)).isEqualTo(atOnce);
    assertThat(pass(bucket, size, start + SECOND)).isEqualTo(later);
    assertThat(pass(bucket, size, start + 2 * SECOND)).isEqualTo(later);
    assertThat(bucket.isFull(start + 2 * SECOND)).isFalse();
    long rested = start + (3L + burst) * SECOND;
    assertThat(bucket.isFull(rested)).isTrue();
    assertThat(pass(bucket, size, rested)).as("no more than a burst is saved").isEqualTo(atOnce);
  }

  @Test
  void aStanzaLargerThanABurstPassesAndIsWaitedForAfterwards() {
    Bucket bucket = new Bucket(new Allowance(1_000, 0, 1), 0);
    assertThat(pass(bucket, 5_000, 0)).isEqualTo(1);
    assertThat(bucket.isEmpty(4 * SECOND)).isTrue();
    assertThat(bucket.isEmpty(4 * SECOND + 1)).isFalse();
  }

  @Test
  void whatIsOwedIsForgivenInTime() {
    Bucket bucket = new Bucket(new Allowance(1_000, 0, 1), 0);
    bucket.take(16 << 20, 0);
    assertThat(bucket.isEmpty(Bucket.MOST_DEBT)).isTrue();
    assertThat(bucket.isEmpty(Bucket.MOST_DEBT + 1)).isFalse();
  }

  @Test
  void whoWaitsWaitsForATenthOfASecondMoreThanForTheFirstByte() {
    Bucket bucket = new Bucket(new Allowance(0, 100, 1), 0);
    assertThat(bucket.refilledIn(0)).isZero();
    assertThat(pass(bucket, 1, 0)).isEqualTo(100);
    assertThat(bucket.refilledIn(0)).isEqualTo(SECOND / 10);
    assertThat(pass(bucket, 1, SECOND / 10)).isEqualTo(10);
  }

  @Test
  void threadsThatTakeAtOnceTakeEachOnItsAccount() throws Exception {
    Bucket bucket = new Bucket(new Allowance(0, 1_000, 3_600), 0);
    Thread[] threads = new Thread[4];
    for (int i = 0; i < threads.length; i++) {
      threads[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = 0; n < 100_000; n++) {
                      bucket.take(1, 0);
                    }
                  });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(bucket.isFull(400 * SECOND - 1)).isFalse();
    assertThat(bucket.isFull(400 * SECOND)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0 0 1", "-1 5 1", "5 -1 1", "1000000001 0 1", "5 5 0", "5 5 3601"})
  void anAllowanceAllowsSomething(String numbers) {
    String[] of = numbers.split(" ", -1);
    assertThatThrownBy(
            () ->
                new Allowance(
                    Long.parseLong(of[0]), Long.parseLong(of[1]), Integer.parseInt(of[2])))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
