package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.transport.AddressGroup;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How many verifications strangers may cause: each costs look-ups and a connection to a third party
 * that the stranger chooses, so that there is a rate for one source and one for a sender domain
 * (S2S-DB-48). Who was proven on the stream already is no stranger.
 *
 * <p>Bounded: the source or domain that asked longest ago is forgotten first. Thread-safe.
 */
final class VerificationBudget {
  /**
   * A rate.
   *
   * @param burst how many may come at once
   * @param perSecond how many more every second
   */
  record Rate(int burst, int perSecond) {}

  /**
   * One source network: some servers open a stream for each pair, and come back with all of them
   * after a restart.
   */
  static final Rate SOURCE = new Rate(500, 20);

  /** One sender domain, which may have business with many domains here. */
  static final Rate SENDER = new Rate(200, 10);

  private static final int MOST = 10_000;
  private static final double NANOS = 1e9;

  private final LongSupplier nanoTime;
  private final Buckets<InetAddress> sources;
  private final Buckets<Domain> senders;

  /**
   * @param nanoTime the clock, as {@link System#nanoTime}
   */
  VerificationBudget(LongSupplier nanoTime, Rate source, Rate sender) {
    this.nanoTime = nanoTime;
    this.sources = new Buckets<>(source);
    this.senders = new Buckets<>(sender);
  }

  /** Whether one more may be caused now; if so, it is counted. */
  synchronized boolean take(InetAddress from, Domain sender) {
    long now = nanoTime.getAsLong();
    Bucket ofSource = sources.at(AddressGroup.of(from), now);
    Bucket ofSender = senders.at(sender, now);
    if (ofSource.left < 1 || ofSender.left < 1) {
      return false;
    }
    ofSource.left--;
    ofSender.left--;
    return true;
  }

  /** How many sources and domains are remembered, at most. */
  synchronized int remembered() {
    return Math.max(sources.map.size(), senders.map.size());
  }

  private static final class Bucket {
    double left;
    long since;
  }

  private static final class Buckets<K> {
    final Rate rate;
    final Map<K, Bucket> map =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, Bucket> eldest) {
            return size() > MOST;
          }
        };

    Buckets(Rate rate) {
      this.rate = rate;
    }

    Bucket at(K key, long now) {
      Bucket bucket = map.get(key);
      if (bucket == null) {
        bucket = new Bucket();
        bucket.left = rate.burst();
        map.put(key, bucket);
      } else {
        double more = (now - bucket.since) / NANOS * rate.perSecond();
        bucket.left = Math.min(rate.burst(), bucket.left + more);
      }
      bucket.since = now;
      return bucket;
    }
  }
}
