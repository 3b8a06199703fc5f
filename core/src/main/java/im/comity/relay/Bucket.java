package im.comity.relay;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Two token buckets, of bytes and of stanzas, that are filled at the rates of an {@link Allowance}.
 *
 * <p>Each is one number: the moment at which it is full again. What is taken moves that moment on,
 * and a bucket is empty while it is a burst or more ahead. Who finds something in it may take more
 * than that, or a stanza larger than a burst would never pass; what is taken too much is waited for
 * afterwards, at most {@link #MOST_DEBT}. Times are those of {@link
 * im.comity.transport.Timers#nanoTime}. Thread-safe, without locks; between a look and a taking
 * others may have taken, so that as many threads may each take one stanza too much.
 */
public final class Bucket {
  /** How long an empty bucket stays empty at most once nobody takes from it. */
  static final long MOST_DEBT = 30_000_000_000L;

  /** Who waits for a bucket waits until this is in it, and not for every stanza. */
  private static final long REFILL = 100_000_000L;

  private static final long NANOS = 1_000_000_000L;

  private final Allowance allowance;
  private final long burst;
  private final AtomicLong bytes;
  private final AtomicLong stanzas;

  /** A full one. */
  public Bucket(Allowance allowance, long now) {
    this.allowance = allowance;
    this.burst = allowance.burstSeconds() * NANOS;
    this.bytes = new AtomicLong(now);
    this.stanzas = new AtomicLong(now);
  }

  /** What it is filled at. */
  public Allowance allowance() {
    return allowance;
  }

  /** Whether nothing is in it, be it of bytes or of stanzas. */
  public boolean isEmpty(long now) {
    return bytes.get() - now >= burst || stanzas.get() - now >= burst;
  }

  /** Whether nothing is missing in it, so that a new one would be the same. */
  boolean isFull(long now) {
    return bytes.get() - now <= 0 && stanzas.get() - now <= 0;
  }

  /**
   * Takes one stanza of so many bytes, whatever is in it.
   *
   * @param size bytes, below 2^33
   */
  public void take(long size, long now) {
    if (allowance.bytesPerSecond() > 0) {
      take(bytes, Math.ceilDiv(size * NANOS, allowance.bytesPerSecond()), now);
    }
    if (allowance.stanzasPerSecond() > 0) {
      take(stanzas, Math.ceilDiv(NANOS, allowance.stanzasPerSecond()), now);
    }
  }

  private void take(AtomicLong full, long cost, long now) {
    while (true) {
      long before = full.get();
      long from = before - now > 0 ? before - now : 0;
      long after = now + Math.min(from + cost, burst + MOST_DEBT);
      if (full.compareAndSet(before, after)) {
        return;
      }
    }
  }

  /** In how many nanoseconds it is worth coming back to; 0 or less if it is not empty. */
  public long refilledIn(long now) {
    long ahead = Math.max(bytes.get() - now, stanzas.get() - now);
    return ahead < burst ? 0 : ahead - burst + Math.min(burst, REFILL);
  }
}
