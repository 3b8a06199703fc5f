package im.comity.testkit;

import java.time.Duration;
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
 *   <li>Sockets: descriptors opened since, where the system lists them under {@code /proc}.
 *   <li>{@linkplain #watch(FakeClock) Clocks}: tasks pending.
 *   <li>{@linkplain #watch(String, LongSupplier) Counters}: buffers, queue entries, open streams.
 * </ul>
 */
public final class Leaks {
  /** Real time that {@link #check()} gives to what is just ending. */
  public static final Duration PATIENCE = Duration.ofSeconds(5);

  private Leaks() {}

  /** Remembers which threads and sockets there are. */
  public static Leaks begin() {
    throw new UnsupportedOperationException();
  }

  /** Expects this count to be no higher at the check than now. */
  public Leaks watch(String name, LongSupplier count) {
    throw new UnsupportedOperationException();
  }

  /** Expects no task to be pending at the check. */
  public Leaks watch(FakeClock clock) {
    throw new UnsupportedOperationException();
  }

  /** Leaves out threads of such names: those that are meant to outlive the test. */
  public Leaks ignoreThreads(Predicate<String> names) {
    throw new UnsupportedOperationException();
  }

  /** {@link #check(Duration)} with {@link #PATIENCE}. */
  public void check() {
    check(PATIENCE);
  }

  /**
   * Returns as soon as nothing is left.
   *
   * @throws AssertionError naming all that is left after {@code patience} of real time
   */
  public void check(Duration patience) {
    throw new UnsupportedOperationException();
  }
}
