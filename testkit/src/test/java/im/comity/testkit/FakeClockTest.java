package im.comity.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FakeClockTest {
  private final FakeClock clock = new FakeClock();
  private final List<String> ran = new ArrayList<>();

  private Runnable take(String name) {
    return () -> ran.add(name + " at " + clock.elapsed().toMillis());
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  @Test
  void itStandsStillUntilAdvanced() {
    Instant before = clock.instant();
    long nanos = clock.nanoTime();
    assertThat(clock.instant()).isEqualTo(before).isEqualTo(FakeClock.START);

    clock.advance(ms(1500));

    assertThat(clock.instant()).isEqualTo(before.plusMillis(1500));
    assertThat(clock.nanoTime() - nanos).isEqualTo(ms(1500).toNanos());
    assertThat(clock.elapsed()).isEqualTo(ms(1500));
  }

  @Test
  void itsCounterWrapsAsThatOfTheSystemMay() {
    long before = clock.nanoTime();
    clock.advance(ms(2000));
    assertThat(clock.nanoTime()).isNegative().isLessThan(before);
    assertThat(clock.nanoTime() - before).isEqualTo(ms(2000).toNanos());
  }

  @Test
  void tasksRunByDueTimeAndThenInTheOrderOfScheduling() {
    clock.after(ms(20), take("c"));
    clock.after(ms(10), take("a"));
    clock.after(ms(10), take("b"));
    clock.after(ms(31), take("d"));

    clock.advance(ms(30));

    assertThat(ran).containsExactly("a at 10", "b at 10", "c at 20");
    assertThat(clock.pending()).isEqualTo(1);
    assertThat(clock.elapsed()).isEqualTo(ms(30));
  }

  @Test
  void whatATaskSchedulesWithinTheTimeRunsToo() {
    clock.after(
        ms(10),
        () -> {
          take("first").run();
          clock.after(ms(5), take("second"));
          clock.after(ms(50), take("third"));
        });
    clock.advance(ms(20));
    assertThat(ran).containsExactly("first at 10", "second at 15");
  }

  @Test
  void whatIsDueAtOnceWaitsForTheNextAdvanceEvenByNothing() {
    clock.after(Duration.ZERO, take("now"));
    clock.after(ms(-5), take("late"));
    assertThat(ran).isEmpty();
    clock.advance(Duration.ZERO);
    assertThat(ran).containsExactly("now at 0", "late at 0");
  }

  @Test
  void aCancelledTaskDoesNotRunAndIsNoLongerPending() {
    FakeClock.Task task = clock.after(ms(10), take("cancelled"));
    assertThat(task.cancel()).isTrue();
    assertThat(task.cancel()).isFalse();
    assertThat(clock.pending()).isZero();
    clock.advance(ms(20));
    assertThat(ran).isEmpty();
  }

  @Test
  void aTaskThatRanCannotBeCancelled() {
    FakeClock.Task task = clock.after(ms(10), take("ran"));
    clock.advance(ms(10));
    assertThat(task.cancel()).isFalse();
  }

  @Test
  void aTaskMayCancelOneThatIsDueInTheSameMoment() {
    List<FakeClock.Task> second = new ArrayList<>();
    clock.after(ms(10), () -> second.getFirst().cancel());
    second.add(clock.after(ms(10), take("second")));
    clock.advance(ms(10));
    assertThat(ran).isEmpty();
  }

  @Test
  void advancingToTheNextRunsAllThatIsDueThen() {
    clock.after(ms(10), take("a"));
    clock.after(ms(10), take("b"));
    clock.after(ms(11), take("c"));
    assertThat(clock.advanceToNext()).isTrue();
    assertThat(ran).containsExactly("a at 10", "b at 10");
    assertThat(clock.advanceToNext()).isTrue();
    assertThat(clock.advanceToNext()).isFalse();
    assertThat(clock.elapsed()).isEqualTo(ms(11));
  }

  @Test
  void aTaskThatThrowsEndsTheAdvanceAtItsMoment() {
    clock.after(
        ms(10),
        () -> {
          throw new IllegalArgumentException("broken");
        });
    clock.after(ms(20), take("later"));
    assertThatThrownBy(() -> clock.advance(ms(30))).hasMessage("broken");
    assertThat(clock.elapsed()).isEqualTo(ms(10));
    clock.advance(ms(10));
    assertThat(ran).containsExactly("later at 20");
  }

  @Test
  void aTaskMustNotAdvance() {
    clock.after(ms(10), () -> clock.advance(ms(1)));
    assertThatThrownBy(() -> clock.advance(ms(10))).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void timeDoesNotRunBackwards() {
    assertThatThrownBy(() -> clock.advance(ms(-1))).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aSleeperWakesWhenItsTimeHasCome() throws Exception {
    CountDownLatch woke = new CountDownLatch(1);
    Thread sleeper =
        Thread.startVirtualThread(
            () -> {
              try {
                clock.sleep(ms(100));
                woke.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    clock.awaitPending(1);
    clock.advance(ms(99));
    assertThat(clock.pending()).isEqualTo(1);
    clock.advance(ms(1));
    assertThat(woke.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(sleeper.join(Duration.ofSeconds(10))).isTrue();
  }

  @Test
  void aSleeperThatIsInterruptedLeavesNothingPending() throws Exception {
    Thread sleeper =
        Thread.startVirtualThread(
            () -> {
              try {
                clock.sleep(ms(100));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    clock.awaitPending(1);
    sleeper.interrupt();
    assertThat(sleeper.join(Duration.ofSeconds(10))).isTrue();
    assertThat(clock.pending()).isZero();
  }

  @Test
  void aPendingTaskTellsWhoScheduledIt() {
    clock.after(ms(10), take("mine"));
    FakeClock.Task task = clock.pendingTasks().getFirst();
    assertThat(task.scheduledBy().getFirst().getMethodName())
        .isEqualTo("aPendingTaskTellsWhoScheduledIt");
    assertThat(task)
        .hasToString("task due in 10 ms, scheduled by " + task.scheduledBy().getFirst());
    assertThat(task.due()).isEqualTo(FakeClock.START.plusMillis(10));
  }

  @Test
  void manyThreadsMayScheduleAndCancelWhileOneAdvances() throws Exception {
    int threads = 8;
    int each = 500;
    List<Thread> all = new ArrayList<>();
    AtomicInteger count = new AtomicInteger();
    AtomicInteger cancelled = new AtomicInteger();
    for (int t = 0; t < threads; t++) {
      all.add(
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < each; i++) {
                  FakeClock.Task task = clock.after(ms(i % 7), count::incrementAndGet);
                  if (i % 3 == 0 && task.cancel()) {
                    cancelled.incrementAndGet();
                  }
                }
              }));
    }
    while (all.stream().anyMatch(Thread::isAlive)) {
      clock.advance(ms(1));
    }
    clock.advance(ms(10));
    assertThat(count.get() + cancelled.get()).isEqualTo(threads * each);
    assertThat(clock.pending()).isZero();
  }
}
