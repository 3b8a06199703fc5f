package im.comity.transport;

import java.time.Duration;
import java.time.InstantSource;

/**
 * Time, and what is to happen later. Tests drive it by hand; {@link SystemTimers} is the real one.
 */
public interface Timers {
  /** The time of day. */
  InstantSource time();

  /** A clock that never goes back, in nanoseconds from an arbitrary origin. */
  long nanoTime();

  /**
   * Runs a task once, when the delay has passed.
   *
   * @param delay zero or negative means as soon as possible
   * @param task must not block: all timers of a process may share one thread
   */
  Cancellable after(Duration delay, Runnable task);
}
