package im.comity.testkit;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiConsumer;

/**
 * How the kit's servers wait before they go on with a slow answer.
 *
 * <p>A test with a faked clock hands in its own; {@link #REAL} is for tests that measure patience.
 */
@FunctionalInterface
public interface Pause {
  /** Waits in real time, on the virtual thread of the answer concerned. */
  Pause REAL = Thread::sleep;

  /**
   * Waits by a clock that runs tasks when their time has come.
   *
   * @param clock has a task run after a time; for a faked clock {@code clock::after}
   */
  static Pause by(BiConsumer<Duration, Runnable> clock) {
    return time -> {
      CountDownLatch over = new CountDownLatch(1);
      clock.accept(time, over::countDown);
      over.await();
    };
  }

  /**
   * Returns when {@code time} has passed.
   *
   * @throws InterruptedException when the server closes meanwhile
   */
  void pause(Duration time) throws InterruptedException;
}
