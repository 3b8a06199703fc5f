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
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A component's connection after its handshake.
 *
 * <p>What it sends is held back by TCP while its own traffic finds no room (architecture: a local
 * sender can wait and must not lose): reading pauses, nothing is dropped, order is kept.
 */
final class ComponentStream implements Sink {
  private static final Map<String, String> PREFIXES = Map.of("stream", Namespaces.STREAM);
  private static final Octets CLOSE = Octets.utf8("</stream:stream>");

  private final Component component;
  private final Set<Domain> senders;
  private final ComponentAcceptor acceptor;
  private final Transport transport;
  private final ElementScanner scanner;
  private final ScannerLimits limits;
  private final StanzaReader reader;
  private final Outlet outlet;

  // On the event loop only.
  private final ArrayDeque<Octets> unread = new ArrayDeque<>();
  private @Nullable Stanza heldBack;
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

  /** Passes a stanza to the component. From any thread. */
  Offer take(Stanza stanza) {
    return outlet.offer(stanza);
  }

  @Override
  public void begin() {
    scanner.limits(limits);
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
          finish();
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
          finish();
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
    if (acceptor.route(stanza) instanceof Offer.Full) {
      holdBack(stanza.keep());
    }
  }

  private void holdBack(Stanza stanza) {
    heldBack = stanza;
    transport.pauseReading();
    acceptor.whenRoom(stanza.pair(), () -> transport.execute(this::tryAgain));
  }

  private void tryAgain() {
    Stanza stanza = heldBack;
    if (stanza == null || over) {
      return;
    }
    heldBack = null;
    if (acceptor.route(stanza) instanceof Offer.Full) {
      holdBack(stanza);
      return;
    }
    goOn();
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
      transport.resumeReading();
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
    if (error != null) {
      outlet.offer(error);
    }
  }

  /** Another connection took its place. */
  void replaced() {
    transport.execute(() -> end(StreamErrorCondition.CONFLICT, "replaced by a new connection"));
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
      Element element = error.toElement();
      outlet.drain();
      transport.write(ElementWriter.write(element, Namespaces.COMPONENT_ACCEPT, PREFIXES));
      finish();
    }
  }

  private void finish() {
    if (!over) {
      over = true;
      acceptor.left(this, reason);
      outlet.drain();
      transport.write(CLOSE);
      transport.close();
    }
  }

  @Override
  public void ended(@Nullable IOException cause) {
    if (!over) {
      over = true;
      if (cause != null) {
        reason = String.valueOf(cause.getMessage());
      }
      acceptor.left(this, reason);
    }
    // What was accepted for the component and not written returns to its senders.
    outlet.close().forEach(acceptor::undelivered);
  }
}
