package im.comity.relay;

import im.comity.event.FederationEvent;
import im.comity.event.FederationEvent.TrafficLimited.Action;
import im.comity.event.FederationListener;
import im.comity.event.NegotiationFailure.TooMuchTraffic;
import im.comity.transport.Sums;
import im.comity.transport.Timers;
import java.time.Duration;

/** Tells who sent too much: once when it begins, and then in sums. Bounded and thread-safe. */
public final class TrafficReports {
  private record Key(TooMuchTraffic failure, Action action) {}

  private final FederationListener listener;
  private final Sums<Key> sums;

  /** Reports to the listener. */
  public TrafficReports(Timers timers, FederationListener listener) {
    this.listener = listener;
    this.sums =
        new Sums<>(
            timers,
            sum ->
                listener.on(
                    new FederationEvent.TrafficLimited(
                        sum.key().failure(),
                        sum.key().action(),
                        sum.others(),
                        sum.count(),
                        Sums.PERIOD)));
  }

  /** Somebody ran into a limit, with this consequence. */
  public void limited(TooMuchTraffic failure, Action action) {
    if (sums.count(new Key(failure, action))) {
      listener.on(new FederationEvent.TrafficLimited(failure, action, false, 1, Duration.ZERO));
    }
  }
}
