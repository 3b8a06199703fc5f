package im.comity.component;

import im.comity.address.Domain;
import im.comity.relay.Outlet;
import im.comity.stanza.Bounce;
import im.comity.stanza.Envelope;
import im.comity.stanza.Offer;
import im.comity.stanza.Reading;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.stanza.StanzaReader;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.transport.Cancellable;
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
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A component's connection after its handshake.
 *
 * <p>What it sends is held back by TCP while its own traffic finds no room (architecture: a local
 * sender can wait and must not lose): reading pauses, nothing is dropped, order is kept.
 *
 * <p>Each wait ends by itself. A way to a peer moves, or is given up as stuck; a negotiation has
 * its deadline. A component of ours that does not read has none, and might even wait for this one,
 * so after {@link #PATIENCE} what is for it returns, at once and to the sender, until it takes a
 * stanza again: one that hangs does not stop what others get from this one.
 */
final class ComponentStream implements Sink {
  private static final Map<String, String> PREFIXES = Map.of("stream", Namespaces.STREAM);
  private static final Octets CLOSE = Octets.utf8("</stream:stream>");
  private static final Octets WELCOME =
      ElementWriter.write(
          Element.of(Namespaces.COMPONENT_ACCEPT, "handshake").build(),
          Namespaces.COMPONENT_ACCEPT,
          PREFIXES);

  /** How long a component of ours that is full holds this one back. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Component component;
  private final Set<Domain> senders;
  private final ComponentAcceptor acceptor;
  private final Transport transport;
  private final ElementScanner scanner;
  private final ScannerLimits limits;
  private final StanzaReader reader;
  private final Outlet outlet;
  private final Object welcoming = new Object();
  private volatile boolean welcomed;

  // On the event loop only.
  private final ArrayDeque<Octets> unread = new ArrayDeque<>();
  private @Nullable Stanza heldBack;
  private @Nullable Cancellable patience;

  /** Targets of ours, no more than there are, that took nothing for so long. */
  private final Set<Domain> stuck = new HashSet<>(0);

  private boolean inputOver;
  private boolean left;
  private boolean over;
  private String reason = "the connection ended";

  ComponentStream(
      Component component,
      ComponentAcceptor acceptor,
      Transport transport,
      ElementScanner scanner,
      Octets rest) {
    this.component = component;
    this.senders = component.senders();
    this.acceptor = acceptor;
    this.transport = transport;
    this.scanner = scanner;
    this.limits = acceptor.limits();
    this.reader = new StanzaReader(Namespaces.COMPONENT_ACCEPT, null);
    this.outlet = new Outlet(transport, acceptor.outletBytes());
    if (rest.length() > 0) {
      unread.add(rest.copy());
    }
  }

  Component component() {
    return component;
  }

  /**
   * Lets others find this stream and answers the handshake, as one: no stanza precedes the answer
   * (S2S-CMP-05), and who has got it can be reached.
   *
   * @param publish makes the stream known; must not block
   */
  void welcome(Runnable publish) {
    synchronized (welcoming) {
      publish.run();
      outlet.element(WELCOME);
      welcomed = true;
    }
  }

  /** Passes a stanza to the component. From any thread. */
  Offer take(Stanza stanza) {
    if (welcomed) {
      return outlet.offer(stanza);
    }
    synchronized (welcoming) {
      return outlet.offer(stanza);
    }
  }

  /** Has a task run when {@link #take} may accept again, or the stream has ended. */
  Cancellable whenRoom(Runnable task) {
    outlet.whenRoom(task);
    return () -> outlet.forget(task);
  }

  @Override
  public void begin() {
    scanner.limits(limits);
    // Nobody has told the outlet of a change while the connection was not ours.
    outlet.drain();
    goOn();
  }

  @Override
  public void received(byte[] bytes, int from, int to) {
    if (over) {
      return;
    }
    if (heldBack != null || !unread.isEmpty()) {
      // The connection had read on before it heard of the pause.
      unread.add(Octets.of(bytes, from, to).copy());
      return;
    }
    int stopped = scan(bytes, from, to);
    if (stopped < to) {
      unread.add(Octets.of(bytes, stopped, to).copy());
    }
  }

  @Override
  public void readComplete() {}

  @Override
  public void writable() {
    outlet.drain();
  }

  /** Scans until the end or until a stanza is held back; returns where it stopped. */
  private int scan(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to && !over && heldBack == null) {
      ElementScanner.Event event = scanner.scan(bytes, at, to);
      at = scanner.position();
      switch (event) {
        case MORE -> {
          return to;
        }
        case ELEMENT -> element(scanner.element());
        case REFUSED -> refused();
        case END -> {
          reason = "the component closed the stream";
          finish(null);
        }
        case HEADER -> end(StreamErrorCondition.BAD_FORMAT, "a second stream header");
        case VIOLATION -> end(NegotiatingStream.errorOf(scanner.violation()));
      }
    }
    return over ? to : at;
  }

  private void element(ScannedElement element) {
    switch (reader.read(element)) {
      case Reading.Read(var stanza) -> stanza(stanza);
      case Reading.Head(var envelope) -> {
        // Written for another stream it would grow beyond measure.
        if (mayCome(envelope)) {
          answer(
              Bounce.of(
                  envelope,
                  StanzaError.of(StanzaErrorCondition.POLICY_VIOLATION, "cannot be handed on")));
        }
      }
      case Reading.BadAddress bad -> {
        Envelope envelope = bad.envelope();
        if (envelope == null) {
          end(StreamErrorCondition.IMPROPER_ADDRESSING, bad.attribute() + ": " + bad.problem());
        } else if (mayCome(envelope)) {
          answer(
              Bounce.of(
                  envelope,
                  StanzaError.of(
                      StanzaErrorCondition.JID_MALFORMED, bad.attribute() + ": " + bad.problem())));
        }
      }
      case Reading.BadNamespacePrefix(var start) ->
          end(
              StreamErrorCondition.BAD_NAMESPACE_PREFIX,
              start.localName() + " must not have a prefix");
      case Reading.WrongNamespace(var start) ->
          end(
              StreamErrorCondition.INVALID_NAMESPACE,
              start.localName() + " in " + start.namespace());
      case Reading.NotAStanza(var start) -> {
        if (start.is(Namespaces.STREAM, "error")) {
          reason = "the component sent a stream error: " + StreamError.parse(element.toElement());
          finish(null);
        } else {
          end(
              StreamErrorCondition.UNSUPPORTED_STANZA_TYPE,
              start.localName() + " is not known here");
        }
      }
    }
  }

  private boolean mayCome(Envelope envelope) {
    if (senders.contains(envelope.from().domain())) {
      return true;
    }
    end(
        StreamErrorCondition.INVALID_FROM,
        envelope.from().domain() + " is not a domain of this component");
    return false;
  }

  private void stanza(Stanza stanza) {
    if (!mayCome(stanza.envelope())) {
      return;
    }
    if (stanza.envelope().isMalformedIq()) {
      answer(
          Bounce.of(
              stanza,
              StanzaError.of(StanzaErrorCondition.BAD_REQUEST, "an iq needs an id and a type")));
      return;
    }
    pass(stanza);
  }

  /** Hands a stanza on; false if it is held back or the stream ended over it. */
  private boolean pass(Stanza stanza) {
    Domain target = stanza.target();
    return switch (acceptor.offer(stanza)) {
      case Offer.Accepted _ -> {
        if (!stuck.isEmpty()) {
          stuck.remove(target);
        }
        yield true;
      }
      case Offer.Full _ -> {
        if (stuck.contains(target)) {
          yield giveBack(stanza);
        }
        yield holdBack(stanza.keep());
      }
      case Offer.Closed _ -> {
        // It was sent before the component heard of the new configuration.
        end(
            StreamErrorCondition.HOST_GONE,
            stanza.pair().sender() + " is not served here any more");
        yield false;
      }
    };
  }

  /** It goes, or returns for want of room; false if the stream ended over it. */
  private boolean giveBack(Stanza stanza) {
    return switch (acceptor.route(stanza)) {
      case Offer.Accepted _ -> true;
      // An open way that is full never returns what can wait.
      case Offer.Full _ -> holdBack(stanza.keep());
      case Offer.Closed _ -> {
        end(StreamErrorCondition.HOST_GONE, stanza.pair().sender() + " is not served here");
        yield false;
      }
    };
  }

  /** False: it is held back; true if nobody can tell until when, and it is dealt with. */
  private boolean holdBack(Stanza stanza) {
    heldBack = stanza;
    transport.pauseReading();
    if (patience == null && acceptor.isLocal(stanza.target())) {
      patience =
          acceptor.timers().after(PATIENCE, () -> transport.execute(() -> lost(stanza.target())));
    }
    if (acceptor.whenRoom(stanza, () -> transport.execute(() -> tryAgain(stanza)))) {
      return false;
    }
    heldBack = null;
    calm();
    return giveBack(stanza);
  }

  /** The target has had its time. */
  private void lost(Domain target) {
    patience = null;
    Stanza stanza = heldBack;
    if (stanza != null && stanza.target().equals(target)) {
      stuck.add(target);
      tryAgain(stanza);
    }
  }

  private void calm() {
    if (patience != null) {
      patience.cancel();
      patience = null;
    }
  }

  /** A stanza that was dealt with meanwhile is not tried again. */
  @SuppressWarnings("ReferenceEquality")
  private void tryAgain(Stanza stanza) {
    if (heldBack != stanza || over) {
      return;
    }
    heldBack = null;
    if (pass(stanza)) {
      calm();
      goOn();
    }
  }

  /** Takes up what was left unread, then reading. */
  private void goOn() {
    while (!unread.isEmpty() && heldBack == null && !over) {
      Octets octets = unread.remove();
      int stopped = scan(octets.array(), octets.from(), octets.to());
      if (stopped < octets.to()) {
        unread.addFirst(Octets.of(octets.array(), stopped, octets.to()));
      }
    }
    if (heldBack == null) {
      if (inputOver) {
        over = true;
      } else {
        transport.resumeReading();
      }
    }
  }

  private void refused() {
    ScannerLimits.Limit limit = scanner.limit();
    String why =
        "over the limit of "
            + limits.of(limit)
            + " for "
            + limit.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    StartTag start = scanner.start();
    if (start != null && reader.readHead(start) instanceof Reading.Head(var envelope)) {
      if (mayCome(envelope)) {
        answer(Bounce.of(envelope, StanzaError.of(StanzaErrorCondition.POLICY_VIOLATION, why)));
      }
    } else {
      end(StreamError.tooBig(why));
    }
  }

  /** Errors about what a component sends go back to it. */
  private void answer(@Nullable Stanza error) {
    if (error != null && !(outlet.offer(error) instanceof Offer.Accepted)) {
      acceptor.dropped(error, "the component does not read");
    }
  }

  /** Another connection took its place. */
  void replaced() {
    transport.execute(() -> end(StreamErrorCondition.CONFLICT, "replaced by a new connection"));
  }

  /** The configuration has it no longer. */
  void removed() {
    transport.execute(
        () -> end(StreamErrorCondition.HOST_GONE, "the configuration has this component no more"));
  }

  /** The configuration no longer has it so. */
  void reset() {
    transport.execute(() -> end(StreamErrorCondition.RESET, "the configuration changed"));
  }

  /** The server stops. */
  void shutDown() {
    transport.execute(() -> end(StreamError.of(StreamErrorCondition.SYSTEM_SHUTDOWN)));
  }

  private void end(StreamErrorCondition condition, String text) {
    end(StreamError.of(condition, text));
  }

  private void end(StreamError error) {
    if (!over) {
      reason = "we sent a stream error: " + error;
      finish(ElementWriter.write(error.toElement(), Namespaces.COMPONENT_ACCEPT, PREFIXES));
    }
  }

  /** Ends the stream from our side; nothing comes between what is last and the end tag. */
  private void finish(@Nullable Octets last) {
    if (!over) {
      over = true;
      calm();
      leave();
      outlet.drain();
      List<Stanza> unsent = outlet.close();
      outlet.release();
      if (last != null) {
        transport.write(last);
      }
      transport.write(CLOSE);
      transport.close();
      unsent.forEach(acceptor::undelivered);
    }
  }

  private void leave() {
    if (!left) {
      left = true;
      acceptor.left(this, reason);
    }
  }

  @Override
  public void ended(@Nullable IOException cause) {
    inputOver = true;
    if (cause != null && !over) {
      reason = String.valueOf(cause.getMessage());
    }
    leave();
    // What was accepted for the component and not written returns to its senders.
    outlet.close().forEach(acceptor::undelivered);
    outlet.release();
    transport.close();
    // What it sent before an orderly end still goes its way.
    over |= cause != null || (heldBack == null && unread.isEmpty());
    if (over) {
      calm();
    }
  }
}
