package im.comity.federation;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.discovery.Discovery;
import im.comity.event.FederationEvent;
import im.comity.event.FederationListener;
import im.comity.event.NegotiationFailure;
import im.comity.local.LocalSide;
import im.comity.negotiation.AdditionalPairs;
import im.comity.negotiation.InboundNegotiation;
import im.comity.negotiation.NegotiationContext;
import im.comity.negotiation.OutboundNegotiation;
import im.comity.negotiation.Settlement;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.Judge;
import im.comity.relay.EstablishedStream;
import im.comity.relay.Guests;
import im.comity.relay.RelayContext;
import im.comity.relay.StreamDirectory;
import im.comity.relay.TrafficReports;
import im.comity.relay.Way;
import im.comity.routing.RoutingTable;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stream.Settled;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.transport.Cancellable;
import im.comity.transport.Listening;
import im.comity.transport.Network;
import im.comity.transport.StrangerLimits;
import im.comity.transport.Strangers;
import im.comity.transport.Timers;
import im.comity.transport.TlsIdentities;
import im.comity.transport.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The front door: a running federation between a local side and all other domains.
 *
 * <p>It has no static state: several may run in one process. It owns its streams and listeners; the
 * network, the resolver and the timers are its caller's, who closes them afterwards.
 */
public final class Federation implements AutoCloseable {
  private static final Duration SWEEP = Duration.ofMinutes(1);

  private final Network network;
  private final Timers timers;
  private final LocalSide locals;
  private final FederationListener listener;
  private final TlsIdentities identities;
  private final SecureRandom random = new SecureRandom();
  private final StreamDirectory directory = new StreamDirectory();
  private final RoutingTable routes;
  private final AdditionalPairs requests;
  private final InboundNegotiation inbound;
  private final Map<FederationConfig.Listener, Listening> listening = new LinkedHashMap<>();
  private final Set<Transport> negotiating = ConcurrentHashMap.newKeySet();
  private final Strangers strangers;
  private final Guests guests;
  private final TrafficReports traffic;
  private volatile InForce inForce;
  private volatile boolean stopping;
  private @Nullable Cancellable sweeping;

  /** What a reload replaces as a whole. */
  private record InForce(PolicyTable policy, NegotiationContext negotiation, RelayContext relay) {}

  private Federation(
      FederationConfig config,
      Network network,
      Timers timers,
      LocalSide locals,
      FederationListener listener) {
    this.network = network;
    this.timers = timers;
    this.locals = locals;
    this.listener = listener;
    this.identities = TlsIdentities.of(config.identities(), config.defaultIdentity());
    this.strangers = new Strangers(atTheDoor(config), timers, this::turnedAway);
    this.guests = new Guests(config.guests(), timers);
    this.traffic = new TrafficReports(timers, listener);
    Settling settlement = new Settling();
    OutboundNegotiation outbound =
        new OutboundNegotiation(() -> inForce().negotiation(), settlement);
    this.inbound = new InboundNegotiation(() -> inForce().negotiation(), settlement);
    this.routes =
        new RoutingTable(outbound::establish, locals, timers, listener, config.routing(), random);
    NegotiationContext first = negotiation(config);
    this.requests =
        new AdditionalPairs(() -> inForce().negotiation(), first, outbound, this::admitted);
    this.inForce = new InForce(config.policy(), first, relay(config));
  }

  /** Who waits there for its greeting waits no longer than for the whole negotiation. */
  private static StrangerLimits atTheDoor(FederationConfig config) {
    return config.strangers().within(config.negotiation().negotiation());
  }

  private InForce inForce() {
    return inForce;
  }

  private NegotiationContext negotiation(FederationConfig config) {
    return new NegotiationContext(
        config.policy(),
        new Judge(config.prooftypes(), timers.time()),
        identities,
        new Discovery(config.resolver(), random, config.discovery()),
        config.resolver(),
        config.guard(),
        network,
        timers,
        random,
        config.secret(),
        locals,
        listener,
        config.sourceAddresses()::get,
        config.negotiation(),
        config.strangers());
  }

  private RelayContext relay(FederationConfig config) {
    return new RelayContext(
        locals,
        () -> inForce().policy(),
        this::sendBack,
        requests,
        directory,
        routes::left,
        listener,
        timers,
        config.relay(),
        guests,
        traffic);
  }

  /**
   * Starts a federation and listens.
   *
   * @param config all settings
   * @param network connects and accepts
   * @param timers tells the time
   * @param locals which domains are ours, and who takes what arrives for them
   * @param listener hears what happens
   * @throws IOException when a socket cannot be bound; then nothing is left open
   */
  public static Federation start(
      FederationConfig config,
      Network network,
      Timers timers,
      LocalSide locals,
      FederationListener listener)
      throws IOException {
    Federation federation = new Federation(config, network, timers, locals, listener);
    try {
      federation.open(config.listeners());
    } catch (IOException e) {
      federation.listening.values().forEach(Listening::close);
      throw e;
    }
    federation.warn(config.policy());
    federation.sweep();
    return federation;
  }

  private void open(List<FederationConfig.Listener> wanted) throws IOException {
    for (FederationConfig.Listener one : wanted) {
      if (!listening.containsKey(one)) {
        Listening socket =
            network.listen(one.options(), strangers, accepted -> accept(accepted, one.directTls()));
        listening.put(one, socket);
        listener.on(
            new FederationEvent.Listening(
                one.directTls() ? "s2s, direct TLS" : "s2s, STARTTLS", socket.address()));
      }
    }
  }

  private void warn(PolicyTable policy) {
    for (String rule : policy.permissiveRules()) {
      listener.on(new FederationEvent.PermissiveRule(rule));
    }
  }

  /**
   * Puts another configuration in force for all that is decided from now on; streams stay, and what
   * comes in on them is weighed anew. The local side is not part of it, nor are the dialback secret
   * and the numbers of things that may go on at once.
   *
   * @throws IOException when a new socket cannot be bound, or the federation has stopped; then
   *     nothing has changed
   */
  public synchronized void reconfigure(FederationConfig next) throws IOException {
    if (stopping) {
      throw new IOException("the federation has stopped");
    }
    List<FederationConfig.Listener> before = List.copyOf(listening.keySet());
    try {
      open(next.listeners());
    } catch (IOException e) {
      listening.keySet().stream()
          .filter(one -> !before.contains(one))
          .toList()
          .forEach(this::closeListener);
      throw e;
    }
    before.stream().filter(one -> !next.listeners().contains(one)).forEach(this::closeListener);
    Map<FederationConfig.Listener, Listening> ordered = new LinkedHashMap<>();
    next.listeners().forEach(one -> ordered.put(one, Objects.requireNonNull(listening.get(one))));
    listening.clear();
    listening.putAll(ordered);
    identities.replace(next.identities(), next.defaultIdentity());
    routes.replaceSettings(next.routing());
    strangers.limits(atTheDoor(next));
    guests.limits(next.guests());
    inForce = new InForce(next.policy(), negotiation(next), relay(next));
    reconsider();
    warn(next.policy());
  }

  private void closeListener(FederationConfig.Listener one) {
    Listening socket = listening.remove(one);
    if (socket != null) {
      socket.close();
    }
  }

  /**
   * Weighs every pair anew, since the rules or the served domains changed: what they cover no more
   * ends (S2S-CLS-18).
   */
  public void reconsider() {
    directory.open().forEach(EstablishedStream::reconsider);
  }

  /** Where it listens, in the order of the configuration. */
  public synchronized List<InetSocketAddress> addresses() {
    return listening.values().stream().map(Listening::address).toList();
  }

  /** Takes a connection that a peer opened. Called on an event loop or by tests with a pipe. */
  public void accept(Transport transport, boolean directTls) {
    if (stopping) {
      transport.abort(null);
      return;
    }
    listener.on(new FederationEvent.Accepted(transport.remote(), directTls));
    negotiating.add(transport);
    Thread.ofVirtual()
        .name("inbound " + transport.remote())
        .start(
            () -> {
              try {
                inbound.receive(transport, directTls);
              } finally {
                negotiating.remove(transport);
              }
            });
  }

  /**
   * Sends a stanza from one of the local side's domains.
   *
   * @return accepted: it is on its way, or was answered with an error; full: try again when {@link
   *     #whenRoom} says so
   * @throws IllegalArgumentException if its sender domain is not served here
   */
  public Offer send(Stanza stanza) {
    if (locals.standing(stanza.pair().sender()) != LocalSide.Standing.SERVED) {
      throw new IllegalArgumentException(stanza.pair().sender() + " is not served here");
    }
    return routes.send(stanza);
  }

  /**
   * As {@link #send}, for a sender that can be held back: nothing is returned to it for want of
   * room, but offered again.
   *
   * @return accepted: it is on its way, or was answered with an error; full: try again when {@link
   *     #whenRoom} says so
   * @throws IllegalArgumentException if its sender domain is not served here
   */
  public Offer offer(Stanza stanza) {
    if (locals.standing(stanza.pair().sender()) != LocalSide.Standing.SERVED) {
      throw new IllegalArgumentException(stanza.pair().sender() + " is not served here");
    }
    return routes.offer(stanza);
  }

  /**
   * Runs the task when a stanza that was answered with full may be offered again.
   *
   * @return calls it off, and keeps nothing of the task; null if nobody can tell, and the task will
   *     not run: then {@link #send} it
   */
  public @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
    return routes.whenRoom(stanza, task);
  }

  /** Tries again at once what is barred towards a domain. */
  public void retry(Domain target) {
    routes.unbar(target);
  }

  /** Connections that are open and have proven nothing yet. */
  public int unproven() {
    return strangers.unproven();
  }

  private void turnedAway(Strangers.Refused sum) {
    NegotiationFailure.StrangerLimit limit =
        switch (sum.limit()) {
          case PER_ADDRESS -> NegotiationFailure.StrangerLimit.UNPROVEN_PER_ADDRESS;
          case IN_ALL -> NegotiationFailure.StrangerLimit.UNPROVEN_IN_ALL;
          case RATE -> NegotiationFailure.StrangerLimit.RATE;
          case FRUITLESS -> NegotiationFailure.StrangerLimit.FRUITLESS;
          case HANDSHAKE_RATE -> NegotiationFailure.StrangerLimit.HANDSHAKE_RATE;
          case HANDSHAKES -> NegotiationFailure.StrangerLimit.HANDSHAKES;
          case OPEN -> NegotiationFailure.StrangerLimit.CONNECTIONS_PER_ADDRESS;
        };
    listener.on(
        new FederationEvent.ConnectionsRefused(
            sum.from(),
            new NegotiationFailure.TooManyStrangers(limit, sum.most()),
            sum.count(),
            Strangers.PERIOD));
  }

  /** The streams that are open now. */
  public Collection<EstablishedStream> streams() {
    return directory.open();
  }

  /** How many pairs have a route now, or wait for one, or are barred. */
  public int routes() {
    return routes.size();
  }

  private void sweep() {
    routes.sweep();
    guests.sweep();
    synchronized (this) {
      if (!stopping) {
        sweeping = timers.after(SWEEP, this::sweep);
      }
    }
  }

  /** An answer of ours towards a peer goes like any stanza of ours; it may be dropped. */
  private void sendBack(Stanza answer) {
    if (!(routes.send(answer) instanceof Offer.Accepted)) {
      listener.on(new FederationEvent.Dropped(answer.pair(), "the way back is full"));
    }
  }

  /** A peer showed up: what is barred towards it may be tried again. */
  private void admitted(EstablishedStream stream, Association association) {
    listener.on(
        new FederationEvent.SenderAdmitted(association.pair(), association, stream.facts()));
    routes.unbar(association.remote());
  }

  private final class Settling implements Settlement {
    @Override
    public Way outbound(Settled settled, Association association) {
      EstablishedStream stream = new EstablishedStream(settled, inForce.relay());
      stream.admit(association);
      begin(stream);
      return new Way(stream, association);
    }

    @Override
    public void inbound(Settled settled, @Nullable Association association) {
      EstablishedStream stream = new EstablishedStream(settled, inForce.relay());
      if (association != null) {
        stream.admit(association);
      }
      begin(stream);
      if (association != null) {
        admitted(stream, association);
      }
    }

    private void begin(EstablishedStream stream) {
      stream.start();
      if (stopping) {
        // It may have come too late for close() to find it.
        stream.close(StreamError.of(StreamErrorCondition.SYSTEM_SHUTDOWN));
      }
    }
  }

  /** Stops with a grace of five seconds. */
  @Override
  public void close() {
    close(Duration.ofSeconds(5));
  }

  /**
   * Stops: accepts nothing more, lets what is queued leave within the grace, says good-bye on every
   * stream and waits for the peers' ends (S2S-CLS-17).
   */
  public void close(Duration grace) {
    synchronized (this) {
      if (stopping) {
        return;
      }
      stopping = true;
      listening.values().forEach(Listening::close);
      if (sweeping != null) {
        sweeping.cancel();
      }
    }
    routes.stop();
    await(directory.open().stream().map(EstablishedStream::drained), grace);
    negotiating.forEach(transport -> transport.abort(null));
    Collection<EstablishedStream> last = directory.open();
    List<Cancellable> said = sayGoodBye(last, grace.dividedBy(2));
    await(
        Stream.concat(last.stream(), directory.leaving().stream()).map(EstablishedStream::over),
        grace);
    said.forEach(Cancellable::cancel);
    last.forEach(Federation::sayGoodBye); // to whose turn did not come
  }

  private static void sayGoodBye(EstablishedStream stream) {
    stream.close(StreamError.of(StreamErrorCondition.SYSTEM_SHUTDOWN));
  }

  /** One after the other, or ten thousand peers would come back in the same moment. */
  private List<Cancellable> sayGoodBye(Collection<EstablishedStream> streams, Duration within) {
    List<Cancellable> later = new ArrayList<>();
    long number = 0;
    for (EstablishedStream stream : streams) {
      Duration step = within.multipliedBy(number).dividedBy(streams.size());
      Duration wait = Duration.ofMillis(number);
      Runnable last = () -> sayGoodBye(stream);
      if (number == 0) {
        last.run();
      } else {
        later.add(timers.after(step.compareTo(wait) < 0 ? step : wait, last));
      }
      number++;
    }
    return later;
  }

  private static void await(Stream<? extends CompletableFuture<?>> futures, Duration grace) {
    CompletableFuture<?> all =
        CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new));
    try {
      all.get(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      // What is not done by now is cut when the network closes.
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
