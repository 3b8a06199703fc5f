package im.comity.transport;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that stands still until a test moves it. */
public final class FakeTimers implements Timers {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final class Task {
    final long due;
    final long number;
    final Runnable action;

    Task(long due, long number, Runnable action) {
      this.due = due;
      this.number = number;
      this.action = action;
    }

    void cancel() {
      synchronized (FakeTimers.this) {
        waiting.remove(this);
      }
    }
  }

  private final PriorityQueue<Task> waiting =
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(task -> task.due).thenComparingLong(task -> task.number));
  private long now;
  private long tasks;

  @Override
  public InstantSource time() {
    return () -> START.plusNanos(nanoTime());
  }

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized Cancellable after(Duration delay, Runnable action) {
    Task task = new Task(now + Math.max(0, delay.toNanos()), tasks++, action);
    waiting.add(task);
    notifyAll();
    return task::cancel;
  }

  /** How many tasks wait for their time. */
  public synchronized int waiting() {
    return waiting.size();
  }

  /** Waits, in real time, until at least so many tasks wait. */
  public synchronized void awaitWaiting(int number) throws InterruptedException {
    while (waiting.size() < number) {
      wait();
    }
  }

  /** Moves time on, and runs what is due on this thread, each task at its moment. */
  public void advance(Duration by) {
    long until = nanoTime() + by.toNanos();
    while (true) {
      Task next;
      synchronized (this) {
        next = waiting.peek();
        if (next == null || next.due > until) {
          now = until;
          return;
        }
        waiting.poll();
        now = Math.max(now, next.due);
      }
      next.action.run();
    }
  }
}
