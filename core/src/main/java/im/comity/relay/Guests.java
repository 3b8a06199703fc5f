package im.comity.relay;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.NegotiationFailure.TooMuchTraffic;
import im.comity.event.NegotiationFailure.TrafficLimit;
import im.comity.transport.Timers;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What each proven peer has sent of late, over all streams (S2S-DOS-01): a {@link Bucket} for each
 * sender domain, each pair and each domain of ours, as far as {@link GuestLimits} limit them.
 *
 * <p>At most {@link #MOST} pairs are remembered. What is full again is forgotten when {@link
 * #sweep} is called and when there is no room; if that makes none, everybody begins anew with a
 * full bucket, which gains who has so many domains nothing: each has a bucket of its own. Domains
 * of ours are as many as are served.
 *
 * <p>A stream keeps the account of the pair that it read last, and lets go of it when {@link
 * #generation} has changed. Looking an account up takes no lock unless it is new.
 */
public final class Guests {
  /** How many pairs are remembered at most; about 20 MB of memory. */
  public static final int MOST = 65_536;

  private final Timers timers;
  private final Map<DomainPair, Account> accounts = new ConcurrentHashMap<>();

  // Guarded by this.
  private final Map<Domain, Bucket> peers = new HashMap<>();
  private final Map<Domain, Bucket> domains = new HashMap<>();

  private volatile GuestLimits limits;
  private volatile int generation = 1;

  /** The buckets of a pair; null what is not limited. */
  static final class Account {
    private static final Account UNLIMITED = new Account(null, null, null, null);

    private final @Nullable DomainPair names;
    private final @Nullable Bucket peer;
    private final @Nullable Bucket pair;
    private final @Nullable Bucket domain;

    private Account(
        @Nullable DomainPair names,
        @Nullable Bucket peer,
        @Nullable Bucket pair,
        @Nullable Bucket domain) {
      this.names = names;
      this.peer = peer;
      this.pair = pair;
      this.domain = domain;
    }

    /** Whether a bucket is empty. */
    boolean isSpent(long now) {
      return (pair != null && pair.isEmpty(now))
          || (peer != null && peer.isEmpty(now))
          || (domain != null && domain.isEmpty(now));
    }

    /** Takes a stanza of so many bytes from all. */
    void take(long size, long now) {
      if (pair != null) {
        pair.take(size, now);
      }
      if (peer != null) {
        peer.take(size, now);
      }
      if (domain != null) {
        domain.take(size, now);
      }
    }

    /** In how many nanoseconds no bucket is empty any more, if nobody takes. */
    long refilledIn(long now) {
      return Math.max(in(pair, now), Math.max(in(peer, now), in(domain, now)));
    }

    private static long in(@Nullable Bucket bucket, long now) {
      return bucket == null ? 0 : bucket.refilledIn(now);
    }

    /** Which bucket is empty; of several the one that is for the longest time. */
    TooMuchTraffic why(long now) {
      DomainPair of = Objects.requireNonNull(names); // what is not limited is never spent
      long longest = refilledIn(now);
      if (pair != null && pair.refilledIn(now) == longest) {
        return failure(TrafficLimit.PER_PAIR, of.toString(), pair);
      }
      return peer != null && peer.refilledIn(now) == longest
          ? failure(TrafficLimit.PER_PEER, of.sender().toString(), peer)
          : failure(
              TrafficLimit.PER_DOMAIN, of.target().toString(), Objects.requireNonNull(domain));
    }

    private static TooMuchTraffic failure(TrafficLimit limit, String who, Bucket bucket) {
      Allowance most = bucket.allowance();
      return new TooMuchTraffic(limit, who, most.bytesPerSecond(), most.stanzasPerSecond());
    }

    private boolean isIdle(long now) {
      return (pair == null || pair.isFull(now)) && (peer == null || peer.isFull(now));
    }
  }

  public Guests(GuestLimits limits, Timers timers) {
    this.limits = limits;
    this.timers = timers;
  }

  /** Other limits, from the next read on; everybody begins with a full bucket, if they differ. */
  public synchronized void limits(GuestLimits other) {
    if (!other.equals(limits)) {
      limits = other;
      accounts.clear();
      peers.clear();
      domains.clear();
      changed();
    }
  }

  /** Whether anything is limited; looked up when {@link #generation} has changed. */
  boolean limited() {
    return limits.any();
  }

  /** Changes whenever an account that was looked up may be out of date. */
  int generation() {
    return generation;
  }

  /** The account of a pair. */
  Account account(DomainPair pair) {
    Account known = accounts.get(pair);
    if (known != null) {
      return known;
    }
    return limits.excepted().covers(pair.sender()) ? Account.UNLIMITED : open(pair);
  }

  private synchronized Account open(DomainPair pair) {
    if (accounts.size() >= MOST) {
      sweep();
      if (accounts.size() > MOST / 2) {
        accounts.clear();
        peers.clear();
      }
    }
    GuestLimits now = limits;
    long time = timers.nanoTime();
    return accounts.computeIfAbsent(
        pair,
        _ ->
            new Account(
                pair,
                shared(peers, pair.sender(), now.perPeer(), time),
                now.perPair() == null ? null : new Bucket(now.perPair(), time),
                shared(domains, pair.target(), now.perDomain(), time)));
  }

  private static @Nullable Bucket shared(
      Map<Domain, Bucket> of, Domain whose, @Nullable Allowance allowance, long now) {
    return allowance == null ? null : of.computeIfAbsent(whose, _ -> new Bucket(allowance, now));
  }

  /** Forgets whoever has been silent for as long as it takes to fill a bucket. */
  public synchronized void sweep() {
    long now = timers.nanoTime();
    if (accounts.values().removeIf(account -> account.isIdle(now))) {
      Set<Domain> senders = new HashSet<>();
      Set<Domain> targets = new HashSet<>();
      for (DomainPair left : accounts.keySet()) {
        senders.add(left.sender());
        targets.add(left.target());
      }
      forget(peers, senders, now);
      forget(domains, targets, now);
      changed();
    }
  }

  /** A bucket that an account holds must stay the only one of its name. */
  private static void forget(Map<Domain, Bucket> buckets, Set<Domain> held, long now) {
    buckets.entrySet().removeIf(one -> !held.contains(one.getKey()) && one.getValue().isFull(now));
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // every writer holds the lock
  private void changed() {
    generation++;
  }

  /** How much is remembered; for tests of the bound. */
  synchronized int remembered() {
    return Math.max(accounts.size(), Math.max(peers.size(), domains.size()));
  }
}
