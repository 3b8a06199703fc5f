package im.comity.transport;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often each of many may do something: one token bucket a key. At most {@link #MOST} keys are
 * remembered, and the one that asked longest ago is forgotten first, which gives it a full bucket.
 * Not thread-safe.
 *
 * @param <K> who is metered
 */
public final class Meter<K> {
  /** How many keys are remembered at most; about 10 MB of memory. */
  public static final int MOST = 65_536;

  private static final double NANOS = 1e9;

  private final Map<K, Bucket> buckets =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Bucket> eldest) {
          return size() > MOST;
        }
      };

  private Rate rate;

  private static final class Bucket {
    double left;
    long since;
  }

  /**
   * A rate.
   *
   * @param burst how many may come at once, at least 1
   * @param perSecond how many more every second, at least 1
   */
  public record Rate(int burst, int perSecond) {
    public Rate {
      if (burst < 1 || perSecond < 1) {
        throw new IllegalArgumentException("a rate must be positive");
      }
    }
  }

  public Meter(Rate rate) {
    this.rate = rate;
  }

  /** Another rate, from now on. */
  public void rate(Rate other) {
    rate = other;
  }

  /**
   * Whether the key may do it once more now; nothing is counted.
   *
   * @param now the time, as {@link Timers#nanoTime}
   */
  public boolean has(K key, long now) {
    return at(key, now).left >= 1;
  }

  /** Counts one, if the key may do it now; says whether. */
  public boolean take(K key, long now) {
    Bucket bucket = at(key, now);
    if (bucket.left < 1) {
      return false;
    }
    bucket.left--;
    return true;
  }

  /** How many keys are remembered. */
  public int remembered() {
    return buckets.size();
  }

  private Bucket at(K key, long now) {
    Bucket bucket = buckets.get(key);
    if (bucket == null) {
      bucket = new Bucket();
      bucket.left = rate.burst();
      buckets.put(key, bucket);
    } else {
      double more = (now - bucket.since) / NANOS * rate.perSecond();
      bucket.left = Math.min(rate.burst(), bucket.left + more);
    }
    bucket.since = now;
    return bucket;
  }
}
