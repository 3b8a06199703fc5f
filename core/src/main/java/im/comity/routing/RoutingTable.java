package im.comity.routing;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.FederationListener;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.local.LocalSide;
import im.comity.relay.EstablishedStream;
import im.comity.relay.Way;
import im.comity.stanza.Bounce;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.transport.Cancellable;
import im.comity.transport.Deadline;
import im.comity.transport.Timers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Pair to route, and the way out of every stanza that a local side sends.
 *
 * <p>A route changes only inside the map's own lock for its key, or inside the lock of the pair's
 * queue; stanzas of one pair that one thread sends keep their order through every change as long as
 * they go on. Those that return may overtake each other: what waited returns after the pair is
 * barred, beside what finds it so.
 */
public final class RoutingTable {
  /** How often a stanza's route may change under one call before it is bounced. */
  private static final int CHANGES = 8;

  /** How long a stream lives before its end is no fault of how it came about. */
  private static final Duration SETTLED_FOR_GOOD = Duration.ofSeconds(1);

  /** Opens ways. */
  @FunctionalInterface
  public interface Opener {
    /** Opens the way for a pair; blocks. */
    Way establish(DomainPair pair, Deadline deadline) throws NegotiationException;
  }

  private final Opener opener;
  private final LocalSide locals;
  private final Timers timers;
  private final FederationListener listener;
  private volatile RoutingSettings settings;
  private final RetryLedger ledger;
  private final Semaphore attempts;
  private final Map<DomainPair, Route> routes = new ConcurrentHashMap<>();
  private volatile boolean stopping;

  /**
   * @param opener opens ways
   * @param locals takes what is for a domain of ours, and bounces
   * @param random for the delays of retries
   */
  public RoutingTable(
      Opener opener,
      LocalSide locals,
      Timers timers,
      FederationListener listener,
      RoutingSettings settings,
      RandomGenerator random) {
    this.opener = opener;
    this.locals = locals;
    this.timers = timers;
    this.listener = listener;
    this.settings = settings;
    this.ledger = new RetryLedger(settings.pairs(), random);
    this.attempts = new Semaphore(settings.attempts());
  }

  /**
   * Sends a stanza of a local side on its way; whatever becomes of it, its sender hears of it at
   * most once.
   *
   * @return accepted: it is on its way, or was bounced; full: the way is open but its outlet is
   *     full now, nothing was done, and {@link #whenRoom} says when to offer it again
   */
  public Offer send(Stanza stanza) {
    return send(stanza, false);
  }

  /**
   * As {@link #send}, for a sender that can wait: full is also the answer where {@code send} would
   * return the stanza for want of room, in a served domain or in the queue of a pair that is
   * negotiated (S2S-BNC-13, S2S-DOS-05).
   *
   * @return accepted: it is on its way, or was bounced; full: nothing was done, and {@link
   *     #whenRoom} says when to offer it again
   */
  public Offer offer(Stanza stanza) {
    return send(stanza, true);
  }

  private Offer send(Stanza stanza, boolean patiently) {
    DomainPair pair = stanza.pair();
    if (locals.standing(pair.target()) == LocalSide.Standing.SERVED) {
      return sendLocally(stanza, patiently);
    }
    for (int i = 0; i < CHANGES; i++) {
      Route route = routes.get(pair);
      switch (route) {
        case null -> {
          if (stopping) {
            bounce(stanza, new NegotiationFailure.ShuttingDown());
            return Offer.ACCEPTED;
          }
          if (routes.size() >= settings.pairs()) {
            bounce(stanza, new NegotiationFailure.LimitReached("pairs"));
            return Offer.ACCEPTED;
          }
          // The stanza waits before the attempt begins, which may fail at once.
          Route.Waiting waiting = waiting(pair, List.of(stanza.keep()));
          if (routes.putIfAbsent(pair, waiting) == null) {
            begin(waiting);
            return Offer.ACCEPTED;
          }
        }
        case Route.Waiting waiting -> {
          switch (waiting.queue().offer(stanza)) {
            case Offer.Accepted _ -> {
              return Offer.ACCEPTED;
            }
            case Offer.Full _ -> {
              if (patiently) {
                return Offer.FULL;
              }
              bounce(stanza, new NegotiationFailure.QueueFull(pair));
              return Offer.ACCEPTED;
            }
            case Offer.Closed _ -> Thread.onSpinWait();
          }
        }
        case Route.Open open -> {
          int limit = open.way().peerLimit();
          if (limit > 0 && stanza.octets().length() > limit) {
            tooBig(stanza, limit);
            return Offer.ACCEPTED;
          }
          switch (open.way().send(stanza)) {
            case Offer.Accepted _ -> {
              return Offer.ACCEPTED;
            }
            case Offer.Full _ -> {
              return Offer.FULL;
            }
            case Offer.Closed _ -> leave(pair, open);
          }
        }
        case Route.Barred barred -> {
          if (timers.time().instant().isBefore(barred.until())) {
            bounce(stanza, barred.why());
            return Offer.ACCEPTED;
          }
          routes.remove(pair, barred);
        }
      }
    }
    bounce(
        stanza, new NegotiationFailure.ConnectionLost("relay", "the way closed again and again"));
    return Offer.ACCEPTED;
  }

  /**
   * Runs the task when a stanza that was answered with full may be offered again: when the outlet
   * of its pair's open way has room, when the negotiation of the pair is over (which is within
   * {@link RoutingSettings#negotiation}), or when the local side has room; at once if nothing is in
   * the way.
   *
   * @return calls it off, and keeps nothing of the task; null if nobody can tell, and the task will
   *     not run: {@link #send} is left
   */
  public @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
    if (locals.standing(stanza.target()) == LocalSide.Standing.SERVED) {
      return locals.whenRoom(stanza, task);
    }
    return switch (routes.get(stanza.pair())) {
      case Route.Open open -> open.way().whenRoom(task);
      case Route.Waiting waiting -> waiting.queue().whenClosed(task);
      case Route.Barred _ -> atOnce(task);
      case null -> atOnce(task);
    };
  }

  private static Cancellable atOnce(Runnable task) {
    task.run();
    return () -> {};
  }

  private Offer sendLocally(Stanza stanza, boolean patiently) {
    switch (locals.deliverLocally(stanza)) {
      case Offer.Accepted _ -> {}
      case Offer.Full _ -> {
        if (patiently) {
          return Offer.FULL;
        }
        bounce(stanza, StanzaErrorCondition.RESOURCE_CONSTRAINT, "the local side is full");
      }
      case Offer.Closed _ ->
          bounce(stanza, StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, "the local side is away");
    }
    return Offer.ACCEPTED;
  }

  private Route.Waiting waiting(DomainPair pair, List<Stanza> first) {
    Attempt attempt = new Attempt(pair, timers.nanoTime());
    return new Route.Waiting(
        new PairQueue(settings.pairStanzas(), settings.pairBytes(), first), attempt);
  }

  /** Begins the attempt of a route that is in the table already: it may end before this returns. */
  private void begin(Route.Waiting waiting) {
    if (stopping) {
      // It may have come into the table too late for stop() to find it.
      fail(waiting, new NegotiationFailure.ShuttingDown());
      return;
    }
    Thread.ofVirtual().name("attempt " + waiting.attempt().pair()).start(() -> run(waiting));
  }

  private void run(Route.Waiting waiting) {
    DomainPair pair = waiting.attempt().pair();
    if (!attempts.tryAcquire()) {
      fail(waiting, new NegotiationFailure.LimitReached("attempts"));
      return;
    }
    Deadline deadline = Deadline.start(timers, settings.negotiation());
    try {
      listener.on(new FederationEvent.AttemptStarted(pair));
      Way way = opener.establish(pair, deadline);
      listener.on(
          new FederationEvent.WayOpened(
              pair, way.association(), way.stream().facts(), since(waiting.attempt())));
      open(waiting, way);
    } catch (NegotiationException e) {
      fail(waiting, e.failure());
    } catch (RuntimeException | Error e) {
      // Whatever it was, the stanzas must not wait for ever.
      listener.on(new FederationEvent.Fault("attempt " + pair, e));
      fail(waiting, new NegotiationFailure.ProgramFault(e.toString()));
    } finally {
      deadline.cancel();
      attempts.release();
    }
  }

  private Duration since(Attempt attempt) {
    return Duration.ofNanos(timers.nanoTime() - attempt.began());
  }

  private void open(Route.Waiting waiting, Way way) {
    DomainPair pair = waiting.attempt().pair();
    Route.Open open = new Route.Open(way);
    waiting
        .queue()
        .close(
            stanzas -> {
              // Those that waited go before all that finds the open route.
              int limit = way.peerLimit();
              List<Stanza> fitting = new ArrayList<>();
              List<Stanza> tooBig = new ArrayList<>();
              for (Stanza stanza : stanzas) {
                (limit == 0 || stanza.octets().length() <= limit ? fitting : tooBig).add(stanza);
              }
              Leaving leaving = Leaving.NOTHING;
              if (way.sendAll(fitting)) {
                routes.put(pair, open);
              } else {
                leaving = leaving(pair, way, fitting);
                if (leaving.route() == null) {
                  routes.remove(pair, waiting);
                } else {
                  routes.put(pair, leaving.route());
                }
              }
              tooBig.forEach(stanza -> tooBig(stanza, limit));
              goOn(leaving);
            });
    if (way.closed()) {
      leave(pair, open);
    }
  }

  private void fail(Route.Waiting waiting, NegotiationFailure failure) {
    DomainPair pair = waiting.attempt().pair();
    Instant now = timers.time().instant();
    waiting
        .queue()
        .close(
            stanzas -> {
              Duration bar = ledger.failed(pair, Consequences.barring(failure), now);
              if (bar.isZero()) {
                routes.remove(pair, waiting);
              } else {
                routes.replace(pair, waiting, new Route.Barred(failure, now.plus(bar)));
              }
              listener.on(
                  new FederationEvent.AttemptFailed(
                      pair, failure, bar, stanzas.size(), since(waiting.attempt())));
              stanzas.forEach(stanza -> bounce(stanza, failure));
            });
  }

  /**
   * A stream ended: its pairs leave it. What was accepted for a pair and not written goes to a new
   * attempt, before anything that comes later (S2S-CLS-06).
   */
  public void left(EstablishedStream stream) {
    routes.forEach(
        (pair, route) -> {
          if (route instanceof Route.Open open && open.way().stream().equals(stream)) {
            leave(pair, open);
          }
        });
  }

  private void leave(DomainPair pair, Route.Open open) {
    AtomicReference<Leaving> leaving = new AtomicReference<>(Leaving.NOTHING);
    routes.computeIfPresent(
        pair,
        (_, current) -> {
          if (!current.equals(open)) {
            return current;
          }
          leaving.set(leaving(pair, open.way(), open.way().takeUnsent()));
          return leaving.get().route();
        });
    goOn(leaving.get());
  }

  /**
   * What becomes of a pair whose way has ended.
   *
   * @param route its next route, or null for none
   * @param returning stanzas that go no further
   * @param why they return
   */
  private record Leaving(@Nullable Route route, List<Stanza> returning, NegotiationFailure why) {
    static final Leaving NOTHING =
        new Leaving(null, List.of(), new NegotiationFailure.ShuttingDown());
  }

  /**
   * Decides about a way that has ended, and does nothing yet that others could see. A stream that
   * ended as soon as it was settled counts as a failed attempt, or a peer that takes us and then
   * closes would be dialled in a loop.
   */
  private Leaving leaving(DomainPair pair, Way way, List<Stanza> unsent) {
    boolean tooSoon = way.stream().age().compareTo(SETTLED_FOR_GOOD) < 0;
    if (!tooSoon) {
      ledger.succeeded(pair);
    }
    if (unsent.isEmpty()) {
      return Leaving.NOTHING;
    }
    boolean ours = locals.standing(pair.sender()) == LocalSide.Standing.SERVED;
    if (!ours) {
      return new Leaving(null, unsent, new NegotiationFailure.ShuttingDown());
    }
    if (!tooSoon && !stopping) {
      return new Leaving(waiting(pair, unsent), List.of(), new NegotiationFailure.ShuttingDown());
    }
    NegotiationFailure why =
        stopping
            ? new NegotiationFailure.ShuttingDown()
            : new NegotiationFailure.PeerClosed("relay", false);
    Instant now = timers.time().instant();
    Duration bar = ledger.failed(pair, Consequences.barring(why), now);
    return new Leaving(bar.isZero() ? null : new Route.Barred(why, now.plus(bar)), unsent, why);
  }

  /** Goes on with a decision that is in the table. */
  private void goOn(Leaving leaving) {
    if (leaving.route() instanceof Route.Waiting next) {
      begin(next);
    }
    leaving.returning().forEach(stanza -> bounce(stanza, leaving.why()));
  }

  /** The domain showed up, or an operator says so: what was barred towards it may be tried. */
  public void unbar(Domain target) {
    for (DomainPair pair : ledger.forget(target)) {
      routes.computeIfPresent(pair, (_, route) -> route instanceof Route.Barred ? null : route);
    }
  }

  /** Puts other bounds in force; the number of attempts at once stays as it was at the start. */
  public void replaceSettings(RoutingSettings others) {
    settings = others;
  }

  /** Forgets bars that are over; called now and then. */
  public void sweep() {
    Instant now = timers.time().instant();
    routes
        .values()
        .removeIf(route -> route instanceof Route.Barred barred && !now.isBefore(barred.until()));
  }

  /** No new attempts; those under way end. Stanzas for which there is no way are bounced. */
  public void stop() {
    stopping = true;
    routes
        .values()
        .forEach(
            route -> {
              if (route instanceof Route.Waiting waiting) {
                fail(waiting, new NegotiationFailure.ShuttingDown());
              }
            });
  }

  /** How many pairs are in the table. */
  public int size() {
    return routes.size();
  }

  private void bounce(Stanza stanza, NegotiationFailure failure) {
    bounce(stanza, Consequences.stanzaError(failure), failure.code());
  }

  private void bounce(Stanza stanza, StanzaErrorCondition condition, String text) {
    bounce(stanza, StanzaError.of(condition, text), text);
  }

  /** A stanza larger than the peer says it takes is not sent (S2S-LIM-02, S2S-BNC-14). */
  private void tooBig(Stanza stanza, int limit) {
    bounce(
        stanza,
        StanzaErrorCondition.POLICY_VIOLATION,
        "the other server takes no stanza over " + limit + " bytes");
  }

  private void bounce(Stanza stanza, StanzaError error, String why) {
    Stanza answer = Bounce.of(stanza, error);
    if (answer == null) {
      listener.on(new FederationEvent.Dropped(stanza.pair(), why));
      return;
    }
    listener.on(new FederationEvent.Bounced(stanza.pair(), error.condition().wire(), why));
    // An answer that cannot be delivered is dropped: errors are never answered (S2S-STZ-11).
    if (!(deliver(answer) instanceof Offer.Accepted)) {
      listener.on(new FederationEvent.Dropped(answer.pair(), "bounce undeliverable"));
    }
  }

  /** A fault of the local side takes this answer, and not those behind it. */
  private Offer deliver(Stanza answer) {
    try {
      return locals.deliverLocally(answer);
    } catch (RuntimeException e) {
      listener.on(new FederationEvent.Fault("bounce " + answer.pair(), e));
      return Offer.CLOSED;
    }
  }
}
