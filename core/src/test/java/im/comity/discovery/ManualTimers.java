package im.comity.discovery;

import im.comity.transport.Cancellable;
import im.comity.transport.Timers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes when a test says so; tasks run on the test's thread, each at its moment. */
final class ManualTimers implements Timers {
  private static final Instant BEGINNING = Instant.parse("2026-11-20T12:00:00Z");

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::number));
  private long now;
  private long number;

  private record Task(long at, long number, Runnable what) {}

  @Override
  public synchronized InstantSource time() {
    return () -> BEGINNING.plusNanos(nanoTime());
  }

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized Cancellable after(Duration delay, Runnable what) {
    Task task = new Task(now + Math.max(0, delay.toNanos()), number++, what);
    tasks.add(task);
    return () -> {
      synchronized (this) {
        tasks.remove(task);
      }
    };
  }

  /** Lets time pass, and everything happen that falls due. */
  void advance(Duration by) {
    long end = nanoTime() + by.toNanos();
    for (Task task; (task = due(end)) != null; ) {
      task.what().run();
    }
    synchronized (this) {
      now = end;
    }
  }

  /** See {@link #advance(Duration)}. */
  void advanceMillis(long millis) {
    advance(Duration.ofMillis(millis));
  }

  /** Tasks that are arranged and neither run nor called off. */
  synchronized int arranged() {
    return tasks.size();
  }

  private synchronized Task due(long end) {
    if (tasks.isEmpty() || tasks.peek().at() > end) {
      return null;
    }
    now = Math.max(now, tasks.peek().at());
    return tasks.remove();
  }
}
