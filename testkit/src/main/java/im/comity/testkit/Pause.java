package im.comity.testkit;

import java.time.Duration;

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
   * Returns when {@code time} has passed.
   *
   * @throws InterruptedException when the server closes meanwhile
   */
  void pause(Duration time) throws InterruptedException;
}
