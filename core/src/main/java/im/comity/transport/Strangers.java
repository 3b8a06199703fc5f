package im.comity.transport;

import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The gate for those who have proven nothing yet: how many connections each address has open, how
 * many all have, how fast they come and how often for nothing (S2S-DOS-01), and whose turn it is to
 * make a TLS handshake (S2S-DOS-04). What is refused is told in sums, one for an address, a limit
 * and a period.
 *
 * <p>Bounded whoever comes: open connections by their own limit, rates by {@link Meter#MOST},
 * reports by {@link #MOST_REPORTED} and one for all others. Thread-safe.
 */
public final class Strangers implements Gate {
  /** For how long refusals are summed up. */
  public static final Duration PERIOD = Sums.PERIOD;

  /** How many sums of one period are told by address. */
  public static final int MOST_REPORTED = Sums.MOST_TOLD;

  /** Which limit somebody ran into. */
  public enum Limit {
    /** {@link StrangerLimits#perAddress}. */
    PER_ADDRESS,
    /** {@link StrangerLimits#inAll}. */
    IN_ALL,
    /** {@link StrangerLimits#connections}. */
    RATE,
    /** {@link StrangerLimits#fruitless}. */
    FRUITLESS,
    /** {@link StrangerLimits#handshakesPerSecond}: the turn came too late. */
    HANDSHAKE_RATE,
    /** {@link StrangerLimits#handshakesAtOnce}: the place was needed. */
    HANDSHAKES,
    /** {@link ListenOptions#maxConnectionsPerAddress}. */
    OPEN
  }

  /**
   * Connections that were closed without a byte, or at their TLS handshake.
   *
   * @param from the address, of IPv6 its network of 64 bits; null for all that are not named
   * @param limit what they ran into; of those not named the first
   * @param most the limit's value
   * @param count how many
   */
  public record Refused(@Nullable InetAddress from, Limit limit, int most, long count) {}

  private record Key(InetAddress from, Limit limit, int most) {}

  private final Timers timers;
  private final Sums<Key> refused;
  private final Turnstile turnstile;

  // Guarded by this.
  private StrangerLimits limits;
  private List<IpSubnetFilterRule> excepted = List.of();
  private final Map<InetAddress, Integer> open = new HashMap<>();
  private int all;
  private final Meter<InetAddress> rates;
  private final Meter<InetAddress> fruitless;

  /**
   * @param report hears what was refused at the end of a period, on the thread of the timers
   */
  public Strangers(StrangerLimits limits, Timers timers, Consumer<Refused> report) {
    this.timers = timers;
    this.refused =
        new Sums<>(
            timers,
            sum ->
                report.accept(
                    new Refused(
                        sum.others() ? null : sum.key().from(),
                        sum.key().limit(),
                        sum.key().most(),
                        sum.count())));
    this.limits = limits;
    this.rates = new Meter<>(limits.connections());
    this.fruitless = new Meter<>(limits.fruitless());
    this.turnstile = new Turnstile(limits, timers);
    set(limits);
  }

  /** Other limits, for those who come from now on. */
  public void limits(StrangerLimits other) {
    set(other);
    turnstile.limits(other);
  }

  private synchronized void set(StrangerLimits other) {
    limits = other;
    rates.rate(other.connections());
    fruitless.rate(other.fruitless());
    excepted = other.excepted().stream().map(Reception::network).toList();
  }

  @Override
  public synchronized @Nullable Place admit(InetAddress from) {
    if (isExcepted(from)) {
      return () -> {};
    }
    InetAddress address = AddressGroup.of(from);
    int now = open.getOrDefault(address, 0);
    if (now >= limits.perAddress()) {
      return refuse(address, Limit.PER_ADDRESS, limits.perAddress());
    }
    if (all >= limits.inAll()) {
      return refuse(address, Limit.IN_ALL, limits.inAll());
    }
    if (!fruitless.has(address, timers.nanoTime())) {
      return refuse(address, Limit.FRUITLESS, limits.fruitless().perSecond());
    }
    if (!rates.take(address, timers.nanoTime())) {
      return refuse(address, Limit.RATE, limits.connections().perSecond());
    }
    open.put(address, now + 1);
    all++;
    return new Admitted(address);
  }

  private final class Admitted implements Place {
    private final InetAddress address;
    private final AtomicBoolean left = new AtomicBoolean();
    private volatile boolean greeted;

    Admitted(InetAddress address) {
      this.address = address;
    }

    @Override
    public void greeted() {
      greeted = true;
    }

    @Override
    public void cancel() {
      if (left.compareAndSet(false, true)) {
        leave(address, greeted);
      }
    }
  }

  /** As long as the whole greeting may take. */
  @Override
  public synchronized Duration patience() {
    return limits.greeting();
  }

  private boolean isExcepted(InetAddress from) {
    if (!excepted.isEmpty()) {
      InetSocketAddress whole = new InetSocketAddress(from, 0);
      for (IpSubnetFilterRule network : excepted) {
        if (network.matches(whole)) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public Cancellable turn(InetAddress from, Runnable go, Runnable giveUp) {
    synchronized (this) {
      if (isExcepted(from)) {
        return Gate.OPEN.turn(from, go, giveUp);
      }
    }
    InetAddress address = AddressGroup.of(from);
    return turnstile.enter(
        address,
        new Turnstile.Handshake() {
          @Override
          public void go() {
            go.run();
          }

          @Override
          public void giveUp(boolean late) {
            tooMany(address, late);
            giveUp.run();
          }
        });
  }

  private synchronized void tooMany(InetAddress address, boolean late) {
    var _ =
        late
            ? refuse(address, Limit.HANDSHAKE_RATE, limits.handshakesPerSecond())
            : refuse(address, Limit.HANDSHAKES, limits.handshakesAtOnce());
  }

  @Override
  public synchronized void full(InetAddress from, int most) {
    refuse(AddressGroup.of(from), Limit.OPEN, most);
  }

  private synchronized void leave(InetAddress address, boolean greeted) {
    if (!greeted) {
      // More may leave than there is room for: they were let in when there was.
      fruitless.take(address, timers.nanoTime());
    }
    open.computeIfPresent(address, (_, now) -> now == 1 ? null : now - 1);
    all--;
  }

  private @Nullable Place refuse(InetAddress address, Limit limit, int most) {
    refused.count(new Key(address, limit, most));
    return null;
  }

  /** Connections that are open and not proven. */
  public synchronized int unproven() {
    return all;
  }

  /** TLS handshakes under way. */
  public int handshakes() {
    return turnstile.running();
  }

  /** TLS handshakes that wait for their turn; for tests. */
  int waitingHandshakes() {
    return turnstile.waiting();
  }

  /** Addresses that are remembered for any reason; for tests of the bound. */
  synchronized int remembered() {
    return Math.max(
        Math.max(open.size(), turnstile.remembered()),
        Math.max(Math.max(rates.remembered(), fruitless.remembered()), refused.kept()));
  }
}
