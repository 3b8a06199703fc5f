package im.comity.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Counts what happens too often to be told one by one, and tells it in sums: one for a key and a
 * period.
 *
 * <p>Bounded whatever happens: {@link #MOST_COUNTED} keys of a period are told apart, and {@link
 * #MOST_TOLD} are told, with one sum for all others. Thread-safe.
 *
 * @param <K> what is counted
 */
public final class Sums<K> {
  /** For how long is summed up. */
  public static final Duration PERIOD = Duration.ofSeconds(10);

  /** How many sums of one period are told by key, those of the most first. */
  public static final int MOST_TOLD = 16;

  /** How many sums are kept in a period. */
  static final int MOST_COUNTED = 1_024;

  /**
   * A sum.
   *
   * @param key what was counted; of all others the first key that was told
   * @param count how often it happened, at least once
   * @param others whether this is the sum of all that is not told by key
   */
  public record Sum<K>(K key, long count, boolean others) {}

  private static final class Count {
    long value;
  }

  private final Timers timers;
  private final Consumer<Sum<K>> report;

  // Guarded by this.
  private final Map<K, Count> counts = new HashMap<>();
  private Set<K> before = Set.of();
  private int begun;
  private long others;
  private boolean summing;

  /**
   * @param report hears the sums at the end of a period, on the thread of the timers
   */
  public Sums(Timers timers, Consumer<Sum<K>> report) {
    this.timers = timers;
    this.report = report;
  }

  /**
   * Counts one.
   *
   * @return whether this is worth telling at once: the key was counted neither in this period nor
   *     in the one before, and few keys began in this one
   */
  public synchronized boolean count(K key) {
    if (!summing) {
      summing = true;
      timers.after(PERIOD, this::tell);
    }
    Count count = counts.get(key);
    if (count != null) {
      count.value++;
      return false;
    }
    if (counts.size() >= MOST_COUNTED) {
      others++;
      return false;
    }
    Count first = new Count();
    first.value = 1;
    counts.put(key, first);
    return !before.contains(key) && ++begun <= MOST_TOLD;
  }

  private void tell() {
    sums().forEach(report);
  }

  /** What the period brought, the most first. */
  private synchronized List<Sum<K>> sums() {
    List<Sum<K>> sums = new ArrayList<>();
    counts.forEach((key, count) -> sums.add(new Sum<>(key, count.value, false)));
    sums.sort(Comparator.<Sum<K>>comparingLong(Sum::count).reversed());
    long rest = others;
    for (Sum<K> one : sums.subList(Math.min(MOST_TOLD, sums.size()), sums.size())) {
      rest += one.count();
    }
    List<Sum<K>> told = new ArrayList<>(sums.subList(0, Math.min(MOST_TOLD, sums.size())));
    if (rest > 0) {
      told.add(new Sum<>(told.getFirst().key(), rest, true));
    }
    before = Set.copyOf(counts.keySet());
    counts.clear();
    begun = 0;
    others = 0;
    summing = !before.isEmpty();
    if (summing) {
      timers.after(PERIOD, this::tell);
    }
    return told;
  }

  /** How many keys are kept; for tests of the bound. */
  synchronized int kept() {
    return Math.max(counts.size(), before.size());
  }
}
