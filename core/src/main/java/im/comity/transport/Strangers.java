package im.comity.transport;

import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The gate for those who have proven nothing yet: how many connections each address has open, how
 * many all have, and how fast they come (S2S-DOS-01). What is refused is told in sums, one for an
 * address, a limit and a period.
 *
 * <p>Bounded whoever comes: open connections by their own limit, rates by {@link Meter#MOST},
 * reports by {@link #MOST_REPORTED} and one for all others. Thread-safe.
 */
public final class Strangers implements Gate {
  /** For how long refusals are summed up. */
  public static final Duration PERIOD = Duration.ofSeconds(10);

  /** How many sums of one period are told by address. */
  public static final int MOST_REPORTED = 16;

  /** How many sums are kept in a period. */
  private static final int MOST_COUNTED = 1_024;

  /** Which limit somebody ran into. */
  public enum Limit {
    /** {@link StrangerLimits#perAddress}. */
    PER_ADDRESS,
    /** {@link StrangerLimits#inAll}. */
    IN_ALL,
    /** {@link StrangerLimits#connections}. */
    RATE,
    /** {@link ListenOptions#maxConnectionsPerAddress}. */
    OPEN
  }

  /**
   * Connections that were closed without a byte.
   *
   * @param from the address, of IPv6 its network of 64 bits; null for all that are not named
   * @param limit what they ran into; of those not named the first
   * @param most the limit's value
   * @param count how many
   */
  public record Refused(@Nullable InetAddress from, Limit limit, int most, long count) {}

  private record Key(InetAddress from, Limit limit) {}

  private static final class Sum {
    final int most;
    long count;

    Sum(int most) {
      this.most = most;
    }
  }

  private final Timers timers;
  private final Consumer<Refused> report;

  // Guarded by this.
  private StrangerLimits limits;
  private List<IpSubnetFilterRule> excepted = List.of();
  private final Map<InetAddress, Integer> open = new HashMap<>();
  private int all;
  private final Meter<InetAddress> rates;
  private final Map<Key, Sum> refused = new HashMap<>();
  private long others;
  private boolean summing;

  /**
   * @param report hears what was refused at the end of a period, on the thread of the timers
   */
  public Strangers(StrangerLimits limits, Timers timers, Consumer<Refused> report) {
    this.timers = timers;
    this.report = report;
    this.limits = limits;
    this.rates = new Meter<>(limits.connections());
    limits(limits);
  }

  /** Other limits, for those who come from now on. */
  public synchronized void limits(StrangerLimits other) {
    limits = other;
    rates.rate(other.connections());
    excepted = other.excepted().stream().map(Reception::network).toList();
  }

  @Override
  public synchronized @Nullable Cancellable admit(InetAddress from) {
    if (!excepted.isEmpty()) {
      InetSocketAddress whole = new InetSocketAddress(from, 0);
      for (IpSubnetFilterRule network : excepted) {
        if (network.matches(whole)) {
          return () -> {};
        }
      }
    }
    InetAddress address = AddressGroup.of(from);
    int now = open.getOrDefault(address, 0);
    if (now >= limits.perAddress()) {
      return refuse(address, Limit.PER_ADDRESS, limits.perAddress());
    }
    if (all >= limits.inAll()) {
      return refuse(address, Limit.IN_ALL, limits.inAll());
    }
    if (!rates.take(address, timers.nanoTime())) {
      return refuse(address, Limit.RATE, limits.connections().perSecond());
    }
    open.put(address, now + 1);
    all++;
    AtomicBoolean left = new AtomicBoolean();
    return () -> {
      if (left.compareAndSet(false, true)) {
        leave(address);
      }
    };
  }

  @Override
  public synchronized void full(InetAddress from, int most) {
    refuse(AddressGroup.of(from), Limit.OPEN, most);
  }

  private synchronized void leave(InetAddress address) {
    open.computeIfPresent(address, (_, now) -> now == 1 ? null : now - 1);
    all--;
  }

  private @Nullable Cancellable refuse(InetAddress address, Limit limit, int most) {
    Key key = new Key(address, limit);
    Sum sum = refused.get(key);
    if (sum == null && refused.size() < MOST_COUNTED) {
      sum = new Sum(most);
      refused.put(key, sum);
    }
    if (sum == null) {
      others++;
    } else {
      sum.count++;
    }
    if (!summing) {
      summing = true;
      timers.after(PERIOD, this::sumUp);
    }
    return null;
  }

  private void sumUp() {
    for (Refused one : sums()) {
      report.accept(one);
    }
  }

  /** What the period brought, the most first. */
  private synchronized List<Refused> sums() {
    List<Refused> sums = new ArrayList<>();
    refused.forEach(
        (key, sum) -> sums.add(new Refused(key.from(), key.limit(), sum.most, sum.count)));
    sums.sort(Comparator.comparingLong(Refused::count).reversed());
    long rest = others;
    for (Refused one : sums.subList(Math.min(MOST_REPORTED, sums.size()), sums.size())) {
      rest += one.count();
    }
    List<Refused> told = new ArrayList<>(sums.subList(0, Math.min(MOST_REPORTED, sums.size())));
    if (rest > 0) {
      Refused first = told.getFirst();
      told.add(new Refused(null, first.limit(), first.most(), rest));
    }
    refused.clear();
    others = 0;
    summing = false;
    return told;
  }

  /** Connections that are open and not proven. */
  public synchronized int unproven() {
    return all;
  }

  /** Addresses that are remembered for any reason; for tests of the bound. */
  synchronized int remembered() {
    return Math.max(open.size(), Math.max(rates.remembered(), refused.size()));
  }
}
