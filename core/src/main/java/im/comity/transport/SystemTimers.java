package im.comity.transport;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machine's own clock, and one daemon thread that runs what is due. */
public final class SystemTimers implements Timers, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SystemTimers.class);

  private final ScheduledThreadPoolExecutor thread;

  public SystemTimers() {
    thread =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("comity-clock").factory());
    // A deadline that was met must not stay in the heap until the time it was set for.
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public InstantSource time() {
    return InstantSource.system();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Cancellable after(Duration delay, Runnable task) {
    Future<?> scheduled =
        thread.schedule(
            () -> {
              try {
                task.run();
              } catch (RuntimeException | Error e) {
                LOG.error("A timed task failed", e);
              }
            },
            Math.max(0, delay.toNanos()),
            TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  /** Number of tasks that wait for their time; for tests of leaks. */
  int waiting() {
    return thread.getQueue().size();
  }

  /** Forgets all that has not run. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
