package im.comity.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Finds what a test left behind: threads, sockets, timers, and whatever else it can count.
 *
 * <p>{@link #begin()} remembers what there is; {@link #check()} waits a bounded time until no more
 * is left than that, and else fails with a list of what is left and where it comes from. It judges
 * the whole process, so tests that use it must not run beside others.
 *
 * <ul>
 *   <li>Threads: platform and virtual ones that were started since and live. Those of the Java
 *       runtime itself and of the test engine do not count.
 *   <li>Sockets: those opened since, where the system lists them under {@code /proc}.
 *   <li>{@linkplain #watch(FakeClock) Clocks}: tasks pending.
 *   <li>{@linkplain #watch(String, LongSupplier) Counters}: buffers, queue entries, open streams.
 * </ul>
 *
 * <p>To be used by one thread.
 */
public final class Leaks {
  /** Real time that {@link #check()} gives to what is just ending. */
  public static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final long FIRST_PAUSE = 1_000_000;
  private static final long LONGEST_PAUSE = 50_000_000;

  private final Set<Long> threadsBefore = LiveThreads.now().keySet();
  private final Set<String> socketsBefore = OpenSockets.inodes();
  private final Map<String, Counter> counters = new LinkedHashMap<>();
  private final List<FakeClock> clocks = new ArrayList<>();

  /** Netty has one such thread for the whole process, which ends a second after its last task. */
  private static final String OF_THE_PROCESS = "globalEventExecutor";

  private Predicate<String> ignored = name -> name.startsWith(OF_THE_PROCESS);
  private Duration patience = PATIENCE;

  private record Counter(LongSupplier count, long before) {}

  private Leaks() {}

  /** Remembers which threads and sockets there are. */
  public static Leaks begin() {
    return new Leaks();
  }

  /** Expects this count to be no higher at the check than now. */
  public Leaks watch(String name, LongSupplier count) {
    counters.put(name, new Counter(count, count.getAsLong()));
    return this;
  }

  /** Expects no task to be pending at the check. */
  public Leaks watch(FakeClock clock) {
    clocks.add(Objects.requireNonNull(clock));
    return this;
  }

  /** Leaves out threads of such names: those that are meant to outlive the test. */
  public Leaks ignoreThreads(Predicate<String> names) {
    ignored = ignored.or(names);
    return this;
  }

  /** Real time that {@link #check()} gives to what is just ending, {@link #PATIENCE} unless set. */
  public Leaks patience(Duration time) {
    patience = time;
    return this;
  }

  /**
   * Returns as soon as nothing is left.
   *
   * @throws AssertionError naming all that is left when patience is at its end
   */
  public void check() {
    long deadline = System.nanoTime() + patience.toNanos();
    long pause = FIRST_PAUSE;
    List<String> left = left();
    while (!left.isEmpty() && deadline - System.nanoTime() > 0) {
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
      left = left();
    }
    if (!left.isEmpty()) {
      throw new AssertionError(
          "left behind after %d ms:\n%s".formatted(patience.toMillis(), String.join("\n", left)));
    }
  }

  /** All that is left now, each with where it comes from. */
  private List<String> left() {
    List<String> left = new ArrayList<>();
    counters.forEach(
        (name, counter) -> {
          long now = counter.count.getAsLong();
          if (now > counter.before) {
            left.add("- %s: %d, was %d".formatted(name, now, counter.before));
          }
        });
    for (FakeClock clock : clocks) {
      clock.pendingTasks().forEach(task -> left.add("- timer: " + task));
    }
    Set<String> sockets = OpenSockets.inodes();
    sockets.removeAll(socketsBefore);
    OpenSockets.describe(sockets).forEach(socket -> left.add("- " + socket));
    Map<Long, LiveThreads.Live> threads = LiveThreads.now();
    threads.keySet().removeAll(threadsBefore);
    threads.values().removeIf(thread -> ignored.test(thread.name()));
    threads.values().forEach(thread -> left.add("- " + thread));
    return left;
  }
}
