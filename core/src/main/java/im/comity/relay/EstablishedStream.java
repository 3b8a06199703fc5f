package im.comity.relay;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.AssociationTable;
import im.comity.dialback.DialbackElement;
import im.comity.dialback.DialbackReading;
import im.comity.dialback.DialbackRequest;
import im.comity.dialback.DialbackVerdict;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationFailure.TooMuchTraffic;
import im.comity.local.LocalSide;
import im.comity.policy.Direction;
import im.comity.stanza.Bounce;
import im.comity.stanza.Envelope;
import im.comity.stanza.Offer;
import im.comity.stanza.Reading;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.stanza.StanzaReader;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.Settled;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamLimits;
import im.comity.transport.Cancellable;
import im.comity.transport.Deadline;
import im.comity.transport.Sink;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ElementWriter;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import im.comity.xml.ScannerLimits;
import im.comity.xml.StartTag;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A stream whose conversation is over: it relays.
 *
 * <p>Everything received is scanned and passed on its connection's event loop; what is sent goes
 * through its {@link Outlet} from any thread. Nothing here knows why an association exists.
 *
 * <p>When the local side has no room (S2S-DOS-05), a stream that carries a single pair is held back
 * by TCP: it is not read until there is room, and nothing is lost. A stream that several pairs
 * share is read on, and what finds no room bounces, so that the others are not delayed. More may
 * lie behind a stanza that waits, of which we know nothing while we do not read: the request for
 * another pair, or for a verification, whose sender has a deadline of its own. So a wait is short:
 * after {@link #PATIENCE} the stanza bounces, and so does each that finds no room, without a wait,
 * until one is taken again. A stream that turned out to be shared stays so.
 *
 * <p>When a peer has sent more than {@link Guests} allow (S2S-DOS-01), the same is done: its stream
 * is not read until the bucket has something in it again, and on a shared stream what is too much
 * bounces. Such a stop needs no patience: it ends by itself.
 */
public final class EstablishedStream implements Sink {
  private static final Map<String, String> PREFIXES =
      Map.of("stream", Namespaces.STREAM, "db", Namespaces.DIALBACK);
  private static final Octets CLOSE = Octets.utf8("</stream:stream>");
  private static final Octets SPACE = Octets.utf8(" ");

  /** How many first-level elements that are no stanzas are ignored before the stream is closed. */
  private static final int UNKNOWN_ELEMENTS = 1_000;

  /** How many bytes of answers may wait for a peer that has proven nothing. */
  private static final int UNREAD_ANSWERS = 16 << 10;

  /** How long a stream is not read because the local side is full. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final RelayContext context;
  private final Transport transport;
  private final ElementScanner scanner;
  private final List<Octets> unread;
  private final Deadline deadline;
  private final StreamFacts facts;
  private final StanzaReader reader;
  private final AssociationTable associations;
  private final Outlet outlet;
  private final long began;
  private final Map<DialbackRequest, CompletableFuture<@Nullable DialbackVerdict>> expected =
      new ConcurrentHashMap<>();

  /** Written on the event loop. */
  private volatile boolean proven;

  // On the event loop only.
  private State state = State.OPEN;
  private boolean limitsApplied;
  private int unknownElements;
  private long stanzasReceived;
  private long activeAtTick;
  private Duration inactive = Duration.ZERO;
  private @Nullable Cancellable ticking;
  private @Nullable Cancellable expiring;
  private @Nullable Instant expiry;
  private @Nullable Cancellable farewell;
  private @Nullable Cancellable progress;
  private long writtenAtTick;
  private @Nullable StreamError errorSent;
  private @Nullable StreamError errorReceived;
  private boolean peerEnded;
  private String reason = "the connection ended";

  /** A stanza for which there is no room, while the stream is not read; null if it is. */
  private @Nullable Stanza heldBack;

  /** What the connection had read before it heard of the pause, at most one read. */
  private final ArrayDeque<Octets> behind = new ArrayDeque<>(0);

  private @Nullable Cancellable patience;
  private @Nullable Cancellable room;

  /** Ends the stop of a stream whose peer has sent too much; null if it is not stopped. */
  private @Nullable Cancellable refilling;

  /** Of the {@link Guests}, as it was at the last read. */
  private int generation;

  private boolean limited;
  private long now;
  private Guests.@Nullable Account account;
  private @Nullable DomainPair accountOf;

  /** Bytes that were read and are not on anybody's account yet. */
  private long uncounted;

  private @Nullable DomainPair admitted;
  private boolean shared;
  private boolean impatient;
  private boolean leaving;
  private boolean endedBehind;

  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile boolean closed;
  private List<Stanza> unsent = List.of();

  private enum State {
    /** Both directions run. */
    OPEN,
    /** We have sent our end; what the peer still sends is processed. */
    CLOSING,
    /** Nothing is read any more. */
    OVER
  }

  /** A settled stream, before {@link #start}. */
  public EstablishedStream(Settled settled, RelayContext context) {
    this.context = context;
    this.transport = settled.transport();
    this.scanner = settled.scanner();
    this.unread = settled.unread();
    this.deadline = settled.deadline();
    this.facts = settled.facts();
    this.reader = new StanzaReader(Namespaces.SERVER, settled.language());
    this.associations =
        new AssociationTable(
            facts.handle().value(),
            context.settings().associations(),
            domain -> context.locals().standing(domain) == LocalSide.Standing.SERVED,
            pair -> context.policies().get().requirement(pair, Direction.INBOUND));
    this.outlet = new Outlet(transport, context.settings().outletBytes());
    this.began = context.timers().nanoTime();
  }

  /** Enters the directory and takes over from the conversation. */
  public void start() {
    context.directory().add(this);
    if (associations.isEmpty()) {
      deadline.guard(
          transport,
          late ->
              close(
                  StreamError.of(
                      StreamErrorCondition.CONNECTION_TIMEOUT, "Too slow: " + late.step())));
    }
    transport.handOver(this);
  }

  /** What was known of the stream when it was settled. */
  public StreamFacts facts() {
    return facts;
  }

  /** What it was granted. */
  public AssociationTable associations() {
    return associations;
  }

  /** How long it is established. */
  public Duration age() {
    return Duration.ofNanos(context.timers().nanoTime() - began);
  }

  /** The largest stanza that the peer says it takes, in bytes; 0 if it did not say. */
  public int peerLimit() {
    StreamLimits limits = facts.initiated() ? facts.features().limits() : null;
    return limits == null ? 0 : limits.maxBytes();
  }

  /** Whether nothing can be sent any more. */
  public boolean closed() {
    return closed;
  }

  /** Completes when nothing waits to be written, or nothing will be any more. */
  public CompletableFuture<?> drained() {
    return outlet.drained();
  }

  /** Completes when the connection has ended. */
  public CompletableFuture<?> over() {
    return transport.closed();
  }

  // ---- permission ------------------------------------------------------------------------------

  /**
   * Enters an association; before the first stanza that needs it can be read, if called before the
   * peer is told.
   *
   * @return false if the stream may not be granted more
   */
  public boolean admit(Association association) {
    if (!associations.add(association)) {
      return false;
    }
    transport.execute(
        () -> {
          nowProven();
          if (association.direction() == Direction.INBOUND) {
            shared |= admitted != null && !admitted.equals(association.pair());
            admitted = association.pair();
            if (shared) {
              goOnWithoutRefill();
            }
          }
          watchExpiry(association.until());
        });
    return true;
  }

  private void nowProven() {
    if (!proven) {
      proven = true;
      transport.proven();
      deadline.unguard(transport);
      if (!facts.initiated()) {
        deadline.cancel();
      }
      applyLimits();
    }
  }

  /** Limits change between elements: one that is half read keeps those it began under. */
  private void applyLimits() {
    if (proven && !limitsApplied && scanner.betweenElements()) {
      limitsApplied = true;
      scanner.limits(context.settings().limits());
    }
  }

  /** A verification is answered: such a stream may live on for a while without a proven domain. */
  public void answeringVerification() {
    transport.execute(
        () -> {
          if (!proven) {
            deadline.unguard(transport);
          }
        });
  }

  // ---- sending ---------------------------------------------------------------------------------

  /** Sends a stanza along an association of this stream. */
  public Offer send(Association along, Stanza stanza) {
    check(along, stanza);
    Offer taken = outlet.offer(stanza);
    if (taken instanceof Offer.Full) {
      watchProgress();
    }
    return taken;
  }

  /** Sends stanzas that were accepted before; false if the stream is closed and took none. */
  boolean sendAll(Association along, List<Stanza> stanzas) {
    stanzas.forEach(stanza -> check(along, stanza));
    return outlet.offerAll(stanzas);
  }

  /** S2S-STZ-07: whoever sends along the wrong permission has a fault. */
  private void check(Association along, Stanza stanza) {
    if (along.stream() != facts.handle().value()
        || along.direction() != Direction.OUTBOUND
        || !along.pair().equals(stanza.pair())) {
      throw new IllegalArgumentException(stanza.pair() + " does not go along " + along);
    }
  }

  /**
   * Sends a stream-level element behind what waits; false if the stream is closed.
   *
   * <p>A peer can make us answer as fast as it can write: one that does not read the answers is
   * dropped, a stranger early (S2S-DOS-04).
   */
  public boolean send(Element element) {
    int most = proven ? context.settings().outletBytes() : UNREAD_ANSWERS;
    if (outlet.queuedElementBytes() > most) {
      transport.abort(new IOException("more than " + most + " bytes of answers are not read"));
      return false;
    }
    return outlet.element(ElementWriter.write(element, Namespaces.SERVER, PREFIXES));
  }

  Cancellable whenRoom(Runnable task) {
    return outlet.whenRoom(task);
  }

  /** The outlet, for figures. */
  public Outlet outlet() {
    return outlet;
  }

  /** The pair's stanzas that were accepted and not written, once. */
  List<Stanza> takeUnsent(DomainPair pair) {
    synchronized (this) {
      collectUnsent();
      List<Stanza> taken = new ArrayList<>();
      List<Stanza> left = new ArrayList<>();
      for (Stanza stanza : unsent) {
        (stanza.pair().equals(pair) ? taken : left).add(stanza);
      }
      unsent = left;
      return taken;
    }
  }

  private synchronized void collectUnsent() {
    List<Stanza> more = outlet.close();
    if (!more.isEmpty()) {
      List<Stanza> all = new ArrayList<>(unsent);
      all.addAll(more);
      unsent = all;
    }
  }

  /**
   * Sends a dialback request and waits for its answer on this stream.
   *
   * @return completes with the verdict, or with null when the stream ends first
   */
  public CompletableFuture<@Nullable DialbackVerdict> ask(DialbackRequest request) {
    CompletableFuture<@Nullable DialbackVerdict> answer = new CompletableFuture<>();
    // Registered before it is sent, so that the answer cannot come first.
    expected.put(request, answer);
    if (!send(request.element().toElement()) || closed) {
      forget(request);
    }
    return answer;
  }

  /** Nobody waits for the answer any more. */
  public void forget(DialbackRequest request) {
    CompletableFuture<@Nullable DialbackVerdict> answer = expected.remove(request);
    if (answer != null) {
      request.cancel();
      answer.complete(null);
    }
  }

  // ---- receiving, on the event loop ------------------------------------------------------------

  @Override
  public void begin() {
    tick();
    // Nobody has told the outlet that there is room again while the connection was not ours.
    outlet.drain();
    for (Octets octets : unread) {
      received(octets.array(), octets.from(), octets.to());
    }
  }

  @Override
  public void received(byte[] bytes, int from, int to) {
    lookAtLimits();
    if (heldBack != null || !behind.isEmpty() || stopped()) {
      // The connection had read on before it heard of the pause.
      behind.add(Octets.of(bytes, from, to).copy());
      return;
    }
    int stopped = scan(bytes, from, to);
    if (stopped < to) {
      behind.addFirst(Octets.of(bytes, stopped, to).copy());
    }
  }

  /** Scans to the end, or until a stanza is held back; returns where it stopped. */
  private int scan(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to && state != State.OVER && heldBack == null && refilling == null) {
      ElementScanner.Event event = scanner.scan(bytes, at, to);
      uncounted += scanner.position() - at;
      at = scanner.position();
      if (!limitsApplied) {
        applyLimits();
      }
      switch (event) {
        case MORE -> {
          return to;
        }
        case ELEMENT -> element(scanner.element());
        case REFUSED -> refused();
        case END -> peerEnd();
        case HEADER ->
            end(StreamError.of(StreamErrorCondition.BAD_FORMAT, "A second stream header"));
        case VIOLATION -> end(NegotiatingStream.errorOf(scanner.violation()));
      }
    }
    return state == State.OVER ? to : at;
  }

  @Override
  public void readComplete() {}

  @Override
  public void writable() {
    outlet.drain();
  }

  private void element(ScannedElement element) {
    switch (reader.read(element)) {
      case Reading.Read(var stanza) -> stanza(stanza);
      case Reading.Head(var envelope) -> {
        // Written for another stream it would grow beyond measure.
        if (permission(envelope.pair(), envelope) != null) {
          count(envelope.pair());
          answer(envelope, StanzaErrorCondition.POLICY_VIOLATION, "cannot be handed on");
        }
      }
      case Reading.BadAddress bad -> badAddress(bad);
      case Reading.BadNamespacePrefix(var start) ->
          end(
              StreamError.of(
                  StreamErrorCondition.BAD_NAMESPACE_PREFIX,
                  start.localName() + " must not have a prefix"));
      case Reading.WrongNamespace(var start) ->
          end(
              StreamError.of(
                  StreamErrorCondition.INVALID_NAMESPACE,
                  start.localName() + " in " + start.namespace()));
      case Reading.NotAStanza _ -> streamElement(element.toElement());
    }
  }

  private void stanza(Stanza stanza) {
    Association along = permission(stanza.pair(), stanza.envelope());
    if (along == null) {
      return;
    }
    stanzasReceived++;
    if (limited && !mayPass(stanza.envelope())) {
      return;
    }
    if (stanza.envelope().isMalformedIq()) {
      answer(stanza.envelope(), StanzaErrorCondition.BAD_REQUEST, "an iq needs an id and a type");
      return;
    }
    deliver(along, stanza);
  }

  private void deliver(Association along, Stanza stanza) {
    switch (context.locals().deliver(along, stanza)) {
      case Offer.Accepted _ -> impatient = false;
      case Offer.Full _ -> {
        shared |= !associations.single();
        if (shared || impatient || state != State.OPEN || !holdBack(stanza.keep())) {
          noRoom(stanza);
        }
      }
      case Offer.Closed _ ->
          answer(
              stanza.envelope(),
              StanzaErrorCondition.REMOTE_SERVER_TIMEOUT,
              "the local side is away");
    }
  }

  private void noRoom(Stanza stanza) {
    answer(stanza.envelope(), StanzaErrorCondition.RESOURCE_CONSTRAINT, "the local side is full");
  }

  // ---- too much, on the event loop -------------------------------------------------------------

  /** Once a read: what is limited may have changed, and what time it is. */
  private void lookAtLimits() {
    int current = context.guests().generation();
    if (current != generation) {
      generation = current;
      limited = context.guests().limited();
      account = null;
      accountOf = null;
    }
    if (limited) {
      now = context.timers().nanoTime();
    } else {
      uncounted = 0;
    }
  }

  private Guests.Account account(DomainPair pair) {
    Guests.Account known = account;
    if (known == null || !pair.equals(accountOf)) {
      known = context.guests().account(pair);
      account = known;
      accountOf = pair;
    }
    return known;
  }

  /** Counts a stanza; false if it was returned, since there is too much on a shared stream. */
  private boolean mayPass(Envelope stanza) {
    Guests.Account of = account(stanza.pair());
    if (of.isSpent(now) && !mayStop()) {
      uncounted = 0;
      TooMuchTraffic why = of.why(now);
      context.traffic().limited(why, FederationEvent.TrafficLimited.Action.RETURNED);
      answer(stanza, Consequences.stanzaError(why), why.code());
      return false;
    }
    take(of);
    return true;
  }

  /** Counts what is answered in any case. */
  private void count(DomainPair pair) {
    if (limited) {
      take(account(pair));
    }
  }

  private void take(Guests.Account of) {
    of.take(uncounted, now);
    uncounted = 0;
    stopped();
  }

  /** Whether nothing more is to be read for now, since the peer has had its share. */
  private boolean stopped() {
    if (refilling != null) {
      return true;
    }
    Guests.Account of = account;
    if (!limited || of == null || !of.isSpent(now) || !mayStop()) {
      return false;
    }
    transport.pauseReading();
    context.traffic().limited(of.why(now), FederationEvent.TrafficLimited.Action.HELD_BACK);
    refilling =
        context
            .timers()
            .after(
                Duration.ofNanos(of.refilledIn(now)),
                () -> transport.execute(this::goOnWithoutRefill));
    return true;
  }

  /** Whether a single pair comes in, so that nobody else is delayed. */
  private boolean mayStop() {
    shared = shared || !associations.single();
    return !shared && state == State.OPEN && !leaving;
  }

  private void goOnWithoutRefill() {
    if (refilling != null) {
      refilling.cancel();
      refilling = null;
      if (heldBack == null) {
        goOn();
      }
    }
  }

  // ---- held back, on the event loop ------------------------------------------------------------

  /** Stops the reading until there is room; false if nobody can tell when. */
  private boolean holdBack(Stanza stanza) {
    heldBack = stanza;
    transport.pauseReading();
    if (patience == null) {
      patience = context.timers().after(PATIENCE, () -> transport.execute(this::patienceOver));
    }
    room = context.locals().whenRoom(stanza, () -> transport.execute(() -> tryAgain(stanza)));
    if (room == null) {
      heldBack = null;
      calm();
      if (refilling == null) {
        transport.resumeReading();
      }
      return false;
    }
    return true;
  }

  private void patienceOver() {
    patience = null;
    letGo();
  }

  /** What waits goes or bounces, now. */
  private void letGo() {
    impatient = true;
    if (heldBack != null) {
      tryAgain(heldBack);
    }
  }

  /** The same, and nothing waits any more. */
  private void leave() {
    leaving = true;
    letGo();
    goOnWithoutRefill();
  }

  /** What was dealt with meanwhile is not tried again. */
  @SuppressWarnings("ReferenceEquality")
  private void tryAgain(Stanza stanza) {
    if (heldBack != stanza) {
      return;
    }
    heldBack = null;
    // The rules may have changed while it waited.
    Association along = permission(stanza.pair(), stanza.envelope());
    if (along != null) {
      deliver(along, stanza);
    }
    if (heldBack == null) {
      goOn();
    }
  }

  /** Takes up what was read already, then reading. */
  private void goOn() {
    calm();
    lookAtLimits();
    while (heldBack == null && !behind.isEmpty() && !stopped()) {
      Octets octets = behind.remove();
      int stopped = scan(octets.array(), octets.from(), octets.to());
      if (stopped < octets.to()) {
        behind.addFirst(Octets.of(octets.array(), stopped, octets.to()));
      }
    }
    if (heldBack == null && behind.isEmpty()) {
      if (endedBehind) {
        endedBehind = false;
        ended(null);
      } else if (refilling == null) {
        transport.resumeReading();
      }
    }
  }

  private void calm() {
    if (patience != null) {
      patience.cancel();
      patience = null;
    }
    if (room != null) {
      room.cancel();
      room = null;
    }
  }

  // ---- permission of what comes in -------------------------------------------------------------

  /** The permission along which a stanza comes in; null after saying what is wrong. */
  private @Nullable Association permission(DomainPair pair, Envelope stanza) {
    Association along = associations.find(pair);
    if (along != null) {
      return along;
    }
    if (context.requests().pending(this, pair)) {
      answer(stanza, StanzaErrorCondition.NOT_AUTHORIZED, "not verified yet");
      return null;
    }
    AssociationTable.Obstacle obstacle = associations.obstacle(pair);
    switch (obstacle) {
      case null -> {
        return associations.find(pair);
      }
      case SENDER_UNKNOWN ->
          end(
              proven && !facts.initiated()
                  ? StreamError.of(
                      StreamErrorCondition.INVALID_FROM,
                      pair.sender() + " is not proven on this stream")
                  : StreamError.of(
                      facts.initiated()
                          ? StreamErrorCondition.INVALID_FROM
                          : StreamErrorCondition.NOT_AUTHORIZED,
                      "No stanzas before authentication"));
      case TARGET_UNKNOWN ->
          end(
              StreamError.of(
                  context.locals().standing(pair.target()) == LocalSide.Standing.GONE
                      ? StreamErrorCondition.HOST_GONE
                      : StreamErrorCondition.HOST_UNKNOWN,
                  pair.target() + " is not served here"));
      case PAIR_NOT_GRANTED ->
          end(
              StreamError.of(
                  StreamErrorCondition.HOST_UNKNOWN, pair + " was not negotiated on this stream"));
      case WITHDRAWN, BELOW_RULE ->
          answer(
              stanza, StanzaErrorCondition.NOT_AUTHORIZED, "the policy does not admit this pair");
    }
    return null;
  }

  /** C15: a domain that cannot be read closes; a bad local- or resourcepart does not. */
  private void badAddress(Reading.BadAddress bad) {
    Envelope envelope = bad.envelope();
    if (envelope == null) {
      end(
          StreamError.of(
              StreamErrorCondition.IMPROPER_ADDRESSING, bad.attribute() + ": " + bad.problem()));
    } else if (permission(envelope.pair(), envelope) != null) {
      count(envelope.pair());
      answer(envelope, StanzaErrorCondition.JID_MALFORMED, bad.attribute() + ": " + bad.problem());
    }
  }

  private void streamElement(Element element) {
    if (element.is(Namespaces.STREAM, "error")) {
      errorReceived = StreamError.parse(element);
      reason = "the peer sent a stream error: " + errorReceived;
      finish();
      return;
    }
    DialbackReading reading =
        facts.initiated() ? DialbackElement.readAnswer(element) : DialbackElement.read(element);
    if (reading != null) {
      dialback(element, reading);
      return;
    }
    if (!proven || ++unknownElements > UNKNOWN_ELEMENTS) {
      end(
          StreamError.of(
              StreamErrorCondition.UNSUPPORTED_STANZA_TYPE, element.name() + " is not known here"));
    }
  }

  private void dialback(Element element, DialbackReading reading) {
    switch (reading) {
      case DialbackReading.Read(DialbackElement.Result _),
          DialbackReading.Read(DialbackElement.Verify _),
          DialbackReading.Unaddressed _,
          DialbackReading.Malformed _ ->
          context.requests().requested(this, element, reading);
      case DialbackReading.Read(var answer) -> answered(answer);
      case DialbackReading.Unmatchable(var detail) -> unsolicited(detail);
    }
  }

  /**
   * Only an answer to a request of ours on this very stream has an effect (S2S-DB-18, -54, -65).
   */
  private void answered(DialbackElement answer) {
    for (Map.Entry<DialbackRequest, CompletableFuture<@Nullable DialbackVerdict>> one :
        expected.entrySet()) {
      DialbackVerdict verdict = one.getKey().meet(answer);
      if (verdict != null) {
        expected.remove(one.getKey());
        one.getValue().complete(verdict);
        return;
      }
    }
    unsolicited(answer.toString());
  }

  private void unsolicited(String what) {
    context.listener().on(new FederationEvent.UnsolicitedDialback(what, facts.handle()));
  }

  /**
   * An element over a limit was skipped (C20): one tenant's stanza does not end a shared stream.
   */
  private void refused() {
    ScannerLimits.Limit limit = scanner.limit();
    String why =
        "over the limit of "
            + context.settings().limits().of(limit)
            + " for "
            + limit.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    StartTag start = scanner.start();
    if (start != null && reader.readHead(start) instanceof Reading.Head(var envelope)) {
      if (permission(envelope.pair(), envelope) != null) {
        count(envelope.pair());
        answer(envelope, StanzaErrorCondition.POLICY_VIOLATION, why);
      }
    } else {
      end(StreamError.tooBig(why));
    }
  }

  /** Answers a stanza with an error, if it may be answered, over our own stream to the peer. */
  private void answer(Envelope stanza, StanzaErrorCondition condition, String why) {
    answer(stanza, StanzaError.of(condition, why), why);
  }

  private void answer(Envelope stanza, StanzaError error, String why) {
    Stanza answer = Bounce.of(stanza, error);
    if (answer == null) {
      context.listener().on(new FederationEvent.Dropped(stanza.pair(), why));
    } else {
      context
          .listener()
          .on(new FederationEvent.Bounced(stanza.pair(), error.condition().wire(), why));
      context.back().accept(answer);
    }
  }

  // ---- the end ---------------------------------------------------------------------------------

  /**
   * Closes politely: what waits in the outlet goes elsewhere, what the peer still sends is read.
   */
  public void close(String why) {
    transport.execute(
        () -> {
          if (state == State.OPEN) {
            reason = why;
            state = State.CLOSING;
            farewell = context.timers().after(context.settings().farewell(), transport::close);
            finishSending();
            leave();
          }
        });
  }

  /** Closes with a stream error. */
  public void close(StreamError error) {
    transport.execute(() -> end(error));
  }

  private void end(StreamError error) {
    Stanza waiting = heldBack;
    if (waiting != null || refilling != null) {
      // When this is over: the end that the peer may have sent meanwhile is still to be looked at.
      transport.execute(this::goOn);
    }
    if (waiting != null) {
      heldBack = null;
      calm();
      noRoom(waiting);
    }
    if (refilling != null) {
      refilling.cancel();
      refilling = null;
    }
    if (state == State.OPEN) {
      errorSent = error;
      reason = "we sent a stream error: " + error;
      shut();
      transport.write(ElementWriter.write(error.toElement(), Namespaces.SERVER, PREFIXES));
      transport.write(CLOSE);
      state = State.OVER;
      transport.close();
    } else {
      state = State.OVER;
      transport.close();
    }
  }

  private void peerEnd() {
    peerEnded = true;
    if (state == State.OPEN) {
      reason = "the peer closed the stream";
    }
    finish();
  }

  /** The peer is done: so are we. */
  private void finish() {
    if (state == State.OPEN) {
      finishSending();
    }
    state = State.OVER;
    transport.close();
  }

  private void finishSending() {
    shut();
    transport.write(CLOSE);
    transport.flush();
  }

  /** No more goes out; the pairs find another way. */
  private void shut() {
    if (!closed) {
      closed = true;
      collectUnsent();
      context.directory().remove(this);
      context.watcher().accept(this);
      // Who waited for room comes after what was accepted before, which has its new route now.
      outlet.release();
    }
  }

  @Override
  public void ended(@Nullable IOException cause) {
    if (cause == null && (heldBack != null || !behind.isEmpty())) {
      // What the peer sent before it ended in good order comes first.
      endedBehind = true;
      return;
    }
    leave();
    if (cause != null && state == State.OPEN) {
      reason = String.valueOf(cause.getMessage());
    }
    // A peer that only ends its direction leaves ours open until we end it.
    finish();
    if (ticking != null) {
      ticking.cancel();
    }
    for (Cancellable alarm : new Cancellable[] {farewell, expiring, progress}) {
      if (alarm != null) {
        alarm.cancel();
      }
    }
    deadline.unguard(transport);
    if (!facts.initiated()) {
      deadline.cancel();
    }
    context.requests().ended(this);
    List.copyOf(expected.keySet()).forEach(this::forget);
    context
        .listener()
        .on(
            new FederationEvent.StreamClosed(
                facts.handle(),
                associations.all().stream().map(Association::pair).distinct().toList(),
                errorSent,
                errorReceived,
                peerEnded,
                outlet.written(),
                reason));
  }

  // ---- what does not last forever ---------------------------------------------------------------

  /**
   * The rules or the served domains changed: a stream that served only domains that are gone ends
   * with host-gone (S2S-CLS-18), and one on which we send what the rules no longer admit ends too,
   * so that its pairs look for a way under the rules of today.
   */
  public void reconsider() {
    transport.execute(
        () -> {
          Set<Domain> ours = new HashSet<>(associations.ours());
          DomainPair pair = facts.pair();
          if (pair != null) {
            ours.add(facts.initiated() ? pair.sender() : pair.target());
          }
          associations.reconsider();
          // What is allowed may have changed too.
          goOnWithoutRefill();
          if (ours.stream()
              .noneMatch(one -> context.locals().standing(one) == LocalSide.Standing.SERVED)) {
            end(
                StreamError.of(
                    StreamErrorCondition.HOST_GONE, "No domain of this stream is served any more"));
          } else if (!rulesHold()) {
            close("the rules changed");
          }
        });
  }

  private boolean rulesHold() {
    return associations.all().stream()
        .filter(association -> association.direction() == Direction.OUTBOUND)
        .allMatch(
            association ->
                Admission.stillHolds(
                    context.policies().get().requirement(association.pair(), Direction.OUTBOUND),
                    association));
  }

  /** Arranges to be called when a proof expires, unless another one does sooner. */
  private void watchExpiry(@Nullable Instant next) {
    if (next == null || state != State.OPEN || (expiry != null && !next.isBefore(expiry))) {
      return;
    }
    if (expiring != null) {
      expiring.cancel();
    }
    expiry = next;
    Duration left = Duration.between(context.timers().time().instant(), next).plusMillis(1);
    expiring =
        context
            .timers()
            .after(
                left.isNegative() ? Duration.ZERO : left, () -> transport.execute(this::onExpiry));
  }

  /** Whoever was proven by what has expired must prove itself again (S2S-CLS-15, S2S-ERR-35). */
  private void onExpiry() {
    if (state == State.OPEN) {
      List<Association> struck = associations.expire(context.timers().time().instant());
      if (!struck.isEmpty() && associations.isEmpty()) {
        end(StreamError.of(StreamErrorCondition.RESET, "The certificate has expired"));
      } else {
        expiry = null;
        watchExpiry(associations.nextExpiry());
      }
    }
  }

  /**
   * Somebody was told that the outlet is full. A peer that lives and does not read holds back our
   * own side, so that does not last: what waits looks for another way.
   */
  private void watchProgress() {
    if (watched.compareAndSet(false, true)) {
      transport.execute(
          () -> {
            long before = outlet.written();
            progress =
                context
                    .timers()
                    .after(
                        context.settings().stuck(),
                        () -> transport.execute(() -> onProgress(before)));
          });
    }
  }

  private void onProgress(long before) {
    watched.set(false);
    if (state == State.OPEN) {
      if (outlet.queuedBytes() > 0 && outlet.written() == before) {
        giveUp();
      } else if (outlet.full()) {
        watchProgress();
      }
    }
  }

  private void giveUp() {
    transport.abort(new IOException("the peer does not read"));
  }

  // ---- idleness --------------------------------------------------------------------------------

  /** Every keepalive interval: a space if we were silent; the end if nothing flowed for long. */
  private void tick() {
    Duration interval = interval();
    ticking = context.timers().after(interval, () -> transport.execute(this::onTick));
  }

  /**
   * A peer that acts on silence earlier gets its space earlier (S2S-LIM-04). We are silent for
   * nearly two intervals at most: when the last stanza left just after a tick.
   */
  private Duration interval() {
    StreamLimits limits = facts.initiated() ? facts.features().limits() : null;
    Duration ours =
        proven || facts.initiated()
            ? context.settings().keepalive()
            : context.settings().unproven();
    if (limits == null || limits.idleSeconds() == 0) {
      return ours;
    }
    Duration theirs = Duration.ofMillis(Math.max(1_000, limits.idleSeconds() * 1_000L / 3));
    return theirs.compareTo(ours) < 0 ? theirs : ours;
  }

  private void onTick() {
    if (state != State.OPEN) {
      return;
    }
    Duration passed = interval();
    if (!proven && !facts.initiated()) {
      close("no domain was proven");
      return;
    }
    long active = outlet.written() + stanzasReceived;
    inactive = active == activeAtTick ? inactive.plus(passed) : Duration.ZERO;
    boolean silent = active == activeAtTick;
    activeAtTick = active;
    long written = outlet.written();
    if (outlet.queuedBytes() > 0 && written == writtenAtTick) {
      giveUp();
      return;
    }
    writtenAtTick = written;
    if (facts.initiated() && inactive.compareTo(context.settings().idle()) >= 0) {
      close("idle");
      return;
    }
    if (silent) {
      reader.forget();
      outlet.element(SPACE);
    }
    tick();
  }
}
