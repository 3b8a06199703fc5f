package im.comity.bench;

import im.comity.transport.Cancellable;
import im.comity.transport.Timers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;

/** Time that moves when it is told to, and never rings. */
public final class HeldTimers implements Timers {
  private final Duration counted;
  private final AtomicInteger running = new AtomicInteger();
  private volatile long now;

  /**
   * @param counted alarms of this length are counted until they are called off
   */
  public HeldTimers(Duration counted) {
    this.counted = counted;
  }

  /** Moves on. */
  public void now(Duration sinceStart) {
    now = sinceStart.toNanos();
  }

  /** How many of the counted alarms are set. */
  public int running() {
    return running.get();
  }

  @Override
  public InstantSource time() {
    return () -> Instant.EPOCH.plusNanos(now);
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public Cancellable after(Duration delay, Runnable task) {
    if (!delay.equals(counted)) {
      return () -> {};
    }
    running.incrementAndGet();
    return running::decrementAndGet;
  }
}
