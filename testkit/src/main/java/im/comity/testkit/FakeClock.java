package im.comity.testkit;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A clock that stands still until a test advances it, with the tasks that wait for it.
 *
 * <p>Tasks run on the thread that advances, one at a time, by due time and then in the order in
 * which they were scheduled; while a task runs, the clock shows the moment at which it was due. So
 * the same test does the same things in the same order on every machine.
 *
 * <p>All methods may be called by any thread, and by tasks, except that a task must not advance.
 */
public final class FakeClock implements InstantSource {
  /** What a new clock shows. */
  public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /**
   * A second before the counter wraps, as that of {@link System#nanoTime()} may: who compares two
   * readings with {@code <} rather than by their difference is found out.
   */
  private static final long FIRST_NANO = Long.MAX_VALUE - 1_000_000_000L;

  private static final Duration SAFETY_NET = Duration.ofSeconds(10);

  private final Instant start;

  /** Held while tasks run; never taken by a task. */
  private final ReentrantLock advancing = new ReentrantLock();

  /** Guards what follows; never held while a task runs. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private final TreeSet<Task> tasks =
      new TreeSet<>(Comparator.comparingLong((Task t) -> t.due).thenComparingLong(t -> t.number));
  private long elapsed;
  private long scheduled;

  /** A clock that shows {@link #START}. */
  public FakeClock() {
    this(START);
  }

  /** A clock that shows {@code start}. */
  public FakeClock(Instant start) {
    this.start = Objects.requireNonNull(start);
  }

  @Override
  public Instant instant() {
    return start.plusNanos(elapsedNanos());
  }

  /**
   * Stands in for {@link System#nanoTime()}: nanoseconds from an arbitrary origin, which wrap from
   * positive to negative after the first second. Only differences mean anything.
   */
  public long nanoTime() {
    return FIRST_NANO + elapsedNanos();
  }

  /** How far the clock was advanced in all. */
  public Duration elapsed() {
    return Duration.ofNanos(elapsedNanos());
  }

  private long elapsedNanos() {
    lock.lock();
    try {
      return elapsed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has {@code action} run once the clock was advanced by {@code delay} from now. A delay of zero
   * or less is due at once, which means at the next advance, even one by nothing.
   *
   * @param action must not block and must not advance this clock
   */
  public Task after(Duration delay, Runnable action) {
    Objects.requireNonNull(action);
    lock.lock();
    try {
      long wait = Math.max(0, delay.toNanos());
      Task task = new Task(Math.addExact(elapsed, wait), scheduled++, action);
      tasks.add(task);
      changed.signalAll();
      return task;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Advances the clock and runs what becomes due, also what these tasks schedule within that time.
   * A task that throws ends the advance at its own moment; the rest stay pending.
   *
   * @throws IllegalArgumentException if {@code by} is negative
   * @throws IllegalStateException if called by a task
   */
  public void advance(Duration by) {
    if (by.isNegative()) {
      throw new IllegalArgumentException("time does not run backwards: " + by);
    }
    if (advancing.isHeldByCurrentThread()) {
      throw new IllegalStateException("a task must not advance the clock that runs it");
    }
    advancing.lock();
    try {
      long until = Math.addExact(elapsedNanos(), by.toNanos());
      for (Task task = takeDue(until); task != null; task = takeDue(until)) {
        task.action.run();
      }
    } finally {
      advancing.unlock();
    }
  }

  /**
   * Advances to the moment at which the next task is due and runs all that are due then.
   *
   * @return false if nothing was pending, and the clock did not move
   */
  public boolean advanceToNext() {
    Duration wait;
    lock.lock();
    try {
      if (tasks.isEmpty()) {
        return false;
      }
      wait = Duration.ofNanos(Math.max(0, tasks.first().due - elapsed));
    } finally {
      lock.unlock();
    }
    advance(wait);
    return true;
  }

  /** The next task due by then, with the clock moved to its moment; else moves the clock there. */
  private @Nullable Task takeDue(long until) {
    lock.lock();
    try {
      if (tasks.isEmpty() || tasks.first().due > until) {
        elapsed = Math.max(elapsed, until);
        return null;
      }
      Task task = Objects.requireNonNull(tasks.pollFirst());
      elapsed = Math.max(elapsed, task.due);
      changed.signalAll();
      return task;
    } finally {
      lock.unlock();
    }
  }

  /** How many tasks wait. */
  public int pending() {
    lock.lock();
    try {
      return tasks.size();
    } finally {
      lock.unlock();
    }
  }

  /** The tasks that wait, next first. */
  public List<Task> pendingTasks() {
    lock.lock();
    try {
      return List.copyOf(tasks);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until at least {@code count} tasks are pending. That is how a test knows that the threads
   * it tests have gone to wait for the clock, and that it is time to advance it.
   *
   * @throws AssertionError if that has not come about within ten seconds of real time
   */
  public void awaitPending(int count) throws InterruptedException {
    lock.lock();
    try {
      long left = SAFETY_NET.toNanos();
      while (tasks.size() < count) {
        if (left <= 0) {
          throw new AssertionError(
              "waited for %d pending tasks, there are %d: %s"
                  .formatted(count, tasks.size(), tasks));
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Parks the calling thread until the clock was advanced by {@code time} from now. */
  public void sleep(Duration time) throws InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    Task task = after(time, over::countDown);
    try {
      over.await();
    } finally {
      task.cancel();
    }
  }

  /** Something that waits for the clock. */
  public final class Task {
    private final long due;
    private final long number;
    private final Runnable action;
    private final Throwable scheduledAt = new Throwable();

    private Task(long due, long number, Runnable action) {
      this.due = due;
      this.number = number;
      this.action = action;
    }

    /** The moment at which it runs, or ran. */
    public Instant due() {
      return start.plusNanos(due);
    }

    /**
     * Takes it off the clock.
     *
     * @return false if it has begun to run or was cancelled before
     */
    public boolean cancel() {
      lock.lock();
      try {
        return tasks.remove(this);
      } finally {
        lock.unlock();
      }
    }

    /** Who scheduled it, innermost frame first, without the frames of the clock. */
    public List<StackTraceElement> scheduledBy() {
      return Arrays.stream(scheduledAt.getStackTrace())
          .dropWhile(frame -> isOwn(frame.getClassName()))
          .toList();
    }

    private static boolean isOwn(String className) {
      String own = FakeClock.class.getName();
      return className.equals(own) || className.startsWith(own + "$");
    }

    @Override
    public String toString() {
      List<StackTraceElement> by = scheduledBy();
      return "task due in %d ms, scheduled by %s"
          .formatted(
              TimeUnit.NANOSECONDS.toMillis(due - elapsedNanos()),
              by.isEmpty() ? "an unknown caller" : by.getFirst());
    }
  }
}
