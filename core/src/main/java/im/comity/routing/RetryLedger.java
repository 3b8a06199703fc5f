package im.comity.routing;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.Consequences.Barring;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How often a pair failed in a row, and so for how long it is barred: after network trouble 1 to 5
 * seconds, doubling to 5 minutes; after a refusal 5 minutes, doubling to 1 hour (DNA-DEL-27).
 * Bounded: the pair that failed longest ago is forgotten first.
 */
final class RetryLedger {
  private static final Duration NETWORK_MOST = Duration.ofMinutes(5);
  private static final Duration REFUSAL_FIRST = Duration.ofMinutes(5);
  private static final Duration REFUSAL_MOST = Duration.ofHours(1);

  private record Entry(Duration bar, Instant until) {}

  private final int most;
  private final RandomGenerator random;
  private final Map<DomainPair, Entry> entries = new LinkedHashMap<>();
  private final Map<Domain, Set<DomainPair>> byTarget = new HashMap<>();

  /**
   * @param most how many pairs are remembered
   */
  RetryLedger(int most, RandomGenerator random) {
    this.most = most;
    this.random = random;
  }

  /** Notes a failure; returns for how long the pair is barred. */
  synchronized Duration failed(DomainPair pair, Barring kind, Instant now) {
    if (kind == Barring.NONE) {
      return Duration.ZERO;
    }
    Entry before = remove(pair);
    // What was long ago says nothing about now.
    Duration last =
        before != null && now.isBefore(before.until.plus(REFUSAL_MOST)) ? before.bar : null;
    Duration bar =
        switch (kind) {
          case NETWORK ->
              last == null
                  ? Duration.ofMillis(1_000 + random.nextInt(4_001))
                  : atMost(last.multipliedBy(2), NETWORK_MOST);
          case REFUSAL ->
              last == null || last.compareTo(REFUSAL_FIRST) < 0
                  ? REFUSAL_FIRST
                  : atMost(last.multipliedBy(2), REFUSAL_MOST);
          case NONE -> throw new IllegalStateException();
        };
    entries.put(pair, new Entry(bar, now.plus(bar)));
    byTarget.computeIfAbsent(pair.target(), _ -> new HashSet<>()).add(pair);
    Iterator<DomainPair> oldest = entries.keySet().iterator();
    while (entries.size() > most) {
      remove(oldest.next());
      oldest = entries.keySet().iterator();
    }
    return bar;
  }

  private static Duration atMost(Duration duration, Duration most) {
    return duration.compareTo(most) > 0 ? most : duration;
  }

  /** The pair works: what was before is forgotten. */
  synchronized void succeeded(DomainPair pair) {
    remove(pair);
  }

  /** The target shows up, or an operator says so: its pairs may be tried at once. */
  synchronized Set<DomainPair> forget(Domain target) {
    Set<DomainPair> pairs = byTarget.remove(target);
    if (pairs == null) {
      return Set.of();
    }
    entries.keySet().removeAll(pairs);
    return pairs;
  }

  private @Nullable Entry remove(DomainPair pair) {
    Entry entry = entries.remove(pair);
    if (entry != null) {
      Set<DomainPair> pairs = byTarget.get(pair.target());
      if (pairs != null) {
        pairs.remove(pair);
        if (pairs.isEmpty()) {
          byTarget.remove(pair.target());
        }
      }
    }
    return entry;
  }

  synchronized int size() {
    return entries.size();
  }
}
