package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Wire;
import im.comity.xml.Octets;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DeadlineTest {
  private final Bench bench = new Bench();
  private final FakeTimers timers = bench.timers;

  @AfterEach
  void leavesNothing() throws Exception {
    bench.close();
  }

  @Test
  void aResultInTimeIsReturned() throws Exception {
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(60));
    assertThat(deadline.await(CompletableFuture.completedFuture("x"))).isEqualTo("x");
    CompletableFuture<String> later = new CompletableFuture<>();
    CompletableFuture<String> waiting = async(() -> deadline.await(later));
    later.complete("y");
    assertThat(get(waiting)).isEqualTo("y");
    assertThat(deadline.expired()).isFalse();
  }

  @Test
  @Clause("S2S-TCP-15")
  void waitingEndsWhenTimeIsUpAndNamesTheStep() throws Exception {
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(60));
    deadline.step("connect");
    deadline.step("features");
    CompletableFuture<String> never = new CompletableFuture<>();
    CompletableFuture<String> waiting = async(() -> deadline.await(never));
    timers.advance(Duration.ofMillis(59_999));
    assertThat(deadline.expired()).isFalse();
    assertThat(deadline.remaining()).isEqualTo(Duration.ofMillis(1));
    timers.advance(Duration.ofMillis(1));
    assertThatThrownBy(() -> get(waiting))
        .isInstanceOfSatisfying(
            OutOfTimeException.class, e -> assertThat(e.step()).isEqualTo("features"));
    assertThat(deadline.expired()).isTrue();
    assertThat(deadline.remaining()).isZero();
    assertThat(never).isNotDone();
  }

  @Test
  void ofTimeThatIsUsedUpTheRestIsLeft() throws Exception {
    Deadline whole =
        Deadline.rest(timers, Duration.ofSeconds(30), Duration.ofSeconds(12), "header");
    assertThat(whole.remaining()).isEqualTo(Duration.ofSeconds(18));
    assertThat(whole.step()).isEqualTo("header");
    Deadline share = whole.share(Duration.ofSeconds(20), Duration.ofSeconds(12));
    assertThat(share.remaining()).isEqualTo(Duration.ofSeconds(8));
    assertThat(whole.share(Duration.ofSeconds(60)).remaining()).isEqualTo(Duration.ofSeconds(18));
    Deadline over = whole.share(Duration.ofSeconds(12), Duration.ofSeconds(12));
    assertThat(Deadline.rest(timers, Duration.ofSeconds(1), Duration.ofDays(1), "x").remaining())
        .isZero();
    assertThatExceptionOfType(OutOfTimeException.class)
        .isThrownBy(() -> over.await(new CompletableFuture<>()))
        .satisfies(e -> assertThat(e.step()).isEqualTo("header"));
    // Whoever is to be told when it is over is told at once.
    Transport one = bench.connect(Wire.MEMORY).client();
    over.guard(one);
    assertThat(get(one.closed())).isInstanceOf(OutOfTimeException.class);
    assertThat(over.expired()).isTrue();
    assertThat(whole.expired()).isFalse();
    whole.cancel();
  }

  @Test
  void theStepInWhichTimeRanOutIsKept() {
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(1));
    deadline.step("TLS");
    timers.advance(Duration.ofSeconds(1));
    deadline.step("header");
    assertThat(deadline.step()).isEqualTo("TLS");
    assertThatExceptionOfType(OutOfTimeException.class)
        .isThrownBy(() -> deadline.await(new CompletableFuture<>()))
        .satisfies(e -> assertThat(e.step()).isEqualTo("TLS"));
  }

  @Test
  void whatAFutureFailedWithIsThrown() {
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(1));
    IOException io = new IOException("io");
    assertThatThrownBy(() -> deadline.await(CompletableFuture.failedFuture(io))).isSameAs(io);
    IllegalStateException unchecked = new IllegalStateException("bug");
    assertThatThrownBy(() -> deadline.await(CompletableFuture.failedFuture(unchecked)))
        .isSameAs(unchecked);
    Exception checked = new Exception("checked");
    assertThatThrownBy(() -> deadline.await(CompletableFuture.failedFuture(checked)))
        .isInstanceOf(IOException.class)
        .hasCause(checked);
  }

  @Test
  void anInterruptedWaitEndsAndLeavesTheFlag() throws Exception {
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(1));
    CompletableFuture<Boolean> flag = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    deadline.await(new CompletableFuture<>());
                  } catch (InterruptedIOException e) {
                    flag.complete(Thread.currentThread().isInterrupted());
                  } catch (IOException e) {
                    flag.completeExceptionally(e);
                  }
                });
    thread.interrupt();
    assertThat(get(flag)).isTrue();
  }

  @Test
  void aShareIsNeverLongerThanTheWholeAndItsStepsAreTheWholesToo() {
    Deadline whole = Deadline.start(timers, Duration.ofSeconds(60));
    whole.step("connect");
    Deadline first = whole.share(Duration.ofSeconds(15));
    assertThat(first.step()).isEqualTo("connect");
    first.step("TLS");
    assertThat(whole.step()).isEqualTo("TLS");
    timers.advance(Duration.ofSeconds(15));
    assertThat(first.expired()).isTrue();
    assertThat(whole.expired()).isFalse();
    timers.advance(Duration.ofSeconds(40));
    Deadline last = whole.share(Duration.ofSeconds(15));
    assertThat(last.remaining()).isEqualTo(Duration.ofSeconds(5));
    last.step("header");
    timers.advance(Duration.ofSeconds(5));
    assertThat(last.expired()).isTrue();
    assertThat(whole.expired()).isTrue();
    assertThat(whole.step()).isEqualTo("header");
  }

  @Test
  void aCancelledDeadlineNeverExpiresAndLeavesNothingBehind() throws Exception {
    Bench.Ends ends = bench.connect(Wire.MEMORY);
    int before = timers.waiting();
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(1));
    deadline.guard(ends.client());
    assertThat(timers.waiting()).isEqualTo(before + 1);
    deadline.cancel();
    deadline.cancel();
    assertThat(timers.waiting()).isEqualTo(before);
    timers.advance(Duration.ofSeconds(2));
    assertThat(deadline.expired()).isFalse();
    deadline.guard(ends.client());
    Bench.say(ends.client(), "alive");
    Bench.expect(ends.server(), "alive");
  }

  @Test
  @Clause("S2S-TCP-15")
  void aGuardedConnectionIsAbortedWhenTimeIsUp() throws Exception {
    Bench.Ends ends = bench.connect(Wire.MEMORY);
    Bench.Ends free = bench.connect(Wire.MEMORY);
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(60));
    deadline.guard(ends.client());
    deadline.guard(free.client());
    deadline.unguard(free.client());
    deadline.step("dialback");
    CompletableFuture<Octets> taking = async(() -> ends.client().take());
    timers.advance(Duration.ofSeconds(60));
    assertThatThrownBy(() -> get(taking))
        .isInstanceOfSatisfying(
            OutOfTimeException.class, e -> assertThat(e.step()).isEqualTo("dialback"));
    assertThat(get(ends.client().closed())).isInstanceOf(OutOfTimeException.class);
    assertThat(free.client().closed()).isNotDone();
    deadline.guard(free.client());
    assertThat(get(free.client().closed())).isInstanceOf(OutOfTimeException.class);
  }

  @Test
  void theRealClockRunsWhatIsDueAndForgetsWhatWasCancelled() throws Exception {
    try (SystemTimers real = new SystemTimers()) {
      CompletableFuture<String> ran = new CompletableFuture<>();
      real.after(Duration.ofMillis(1), () -> ran.complete(Thread.currentThread().getName()));
      assertThat(ran.get(10, TimeUnit.SECONDS)).isEqualTo("comity-clock");
      Cancellable later = real.after(Duration.ofHours(1), () -> {});
      assertThat(real.waiting()).isEqualTo(1);
      later.cancel();
      assertThat(real.waiting()).isZero();
      long before = real.nanoTime();
      assertThat(real.nanoTime()).isGreaterThanOrEqualTo(before);
      assertThat(real.time().instant()).isNotNull();
    }
  }

  @Test
  void theRealClockSurvivesATaskThatFails() throws Exception {
    try (SystemTimers real = new SystemTimers()) {
      real.after(
          Duration.ZERO,
          () -> {
            throw new IllegalStateException("as the test wants");
          });
      CompletableFuture<Boolean> ran = new CompletableFuture<>();
      real.after(Duration.ofMillis(1), () -> ran.complete(true));
      assertThat(ran.get(10, TimeUnit.SECONDS)).isTrue();
    }
  }
}
