package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.transport.AddressGroup;
import im.comity.transport.Meter;
import im.comity.transport.StrangerLimits;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How many verifications strangers may cause: each costs look-ups and a connection to a third party
 * that the stranger chooses, so that there is a rate for one source and one for a sender domain
 * (S2S-DB-48). Who was proven on the stream already is no stranger.
 *
 * <p>Besides, what is under way for one source is bounded, proven or not, so that none takes the
 * places of all others (S2S-DOS-06).
 *
 * <p>Bounded: the source or domain that asked longest ago is forgotten first. Thread-safe.
 */
final class VerificationBudget {
  private final LongSupplier nanoTime;
  private final Meter<InetAddress> sources;
  private final Meter<Domain> senders;

  /** What is under way for each source that has any, as many as there are verifications at most. */
  private final Map<InetAddress, Integer> underWay = new HashMap<>();

  /**
   * @param nanoTime the clock, as {@link System#nanoTime}
   */
  VerificationBudget(LongSupplier nanoTime, Meter.Rate source, Meter.Rate sender) {
    this.nanoTime = nanoTime;
    this.sources = new Meter<>(source);
    this.senders = new Meter<>(sender);
  }

  /** Whether one more may be caused now; if so, it is counted. */
  synchronized boolean take(InetAddress from, Domain sender, StrangerLimits limits) {
    sources.rate(limits.verifications());
    senders.rate(limits.verificationsOfSender());
    long now = nanoTime.getAsLong();
    InetAddress source = AddressGroup.of(from);
    return sources.has(source, now) && senders.take(sender, now) && sources.take(source, now);
  }

  /** Whether one more may be under way for the source; if so, {@link #end} must follow. */
  synchronized boolean begin(InetAddress from, int most) {
    InetAddress source = AddressGroup.of(from);
    int now = underWay.getOrDefault(source, 0);
    if (now >= most) {
      return false;
    }
    underWay.put(source, now + 1);
    return true;
  }

  /** What was begun is over. */
  synchronized void end(InetAddress from) {
    underWay.computeIfPresent(AddressGroup.of(from), (_, now) -> now == 1 ? null : now - 1);
  }

  /** How many sources and domains are remembered, at most. */
  synchronized int remembered() {
    return Math.max(sources.remembered(), Math.max(senders.remembered(), underWay.size()));
  }
}
