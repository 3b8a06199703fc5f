package im.comity.stream;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.transport.Deadline;
import im.comity.transport.OutOfTimeException;
import im.comity.transport.PlaintextAfterStartTlsException;
import im.comity.transport.TlsFailedException;
import im.comity.transport.TlsRequest;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ElementWriter;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import im.comity.xml.ScannerLimits;
import im.comity.xml.XmlViolation;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One stream while its conversation is in order: open, await, send, restart, upgrade.
 *
 * <p>Confined to one virtual thread. It ends by {@link #settle} (the stream then belongs to the
 * relay) or by failing; {@link #close} after settling does nothing, so that a caller may always use
 * it as a resource.
 */
public final class NegotiatingStream implements AutoCloseable {
  /** The prefixes that our headers declare, with or without dialback. */
  private static final Map<String, String> PREFIXES =
      Map.of("stream", Namespaces.STREAM, "db", Namespaces.DIALBACK);

  /**
   * How often {@code <} may stand in one element: a tree takes many times the bytes that it is made
   * of. What is negotiated has a few dozen (S2S-XML-17, S2S-DOS-04).
   */
  static final int MOST_TAGS = 256;

  private static final Octets CLOSE = Octets.utf8("</stream:stream>");
  private static final Octets NOTHING = Octets.of(new byte[0]);
  private static final String LANGUAGE = "en";

  private final Transport transport;
  private Deadline deadline;
  private final SecureRandom random;
  private final boolean initiated;
  private final StreamHandle handle = StreamHandle.next();
  private final ElementScanner scanner = new ElementScanner(ScannerLimits.STRANGER);

  private @Nullable DomainPair pair;
  private Octets chunk = NOTHING;
  private @Nullable Octets element;
  private boolean declareDialback;
  private boolean headerSent;
  private boolean over;
  private boolean settled;

  /** Whether an element of ours may be written now: our header stands, and no handshake runs. */
  private volatile boolean speaking;

  private volatile @Nullable OutOfTimeException late;
  private @Nullable StreamId id;
  private StreamVersion version = StreamVersion.ONE;
  private StreamFeatures features = StreamFeatures.NONE;
  private boolean dialbackDeclared;
  private @Nullable String language;

  private NegotiatingStream(
      Transport transport, Deadline deadline, SecureRandom random, @Nullable DomainPair pair) {
    this.transport = transport;
    this.deadline = deadline;
    this.random = random;
    this.pair = pair;
    this.initiated = pair != null;
    deadline.guard(transport, this::outOfTime);
  }

  /**
   * The initiating side of a fresh connection.
   *
   * @param pair sender and target domain: the same on every header of the connection (S2S-STR-29)
   * @param declareDialback whether policy permits dialback for the pair (S2S-NS-17)
   */
  public static NegotiatingStream initiate(
      Transport transport,
      DomainPair pair,
      boolean declareDialback,
      Deadline deadline,
      SecureRandom random) {
    NegotiatingStream stream = new NegotiatingStream(transport, deadline, random, pair);
    stream.declareDialback = declareDialback;
    return stream;
  }

  /** The receiving side of a fresh connection. */
  public static NegotiatingStream receive(
      Transport transport, Deadline deadline, SecureRandom random) {
    return new NegotiatingStream(transport, deadline, random, null);
  }

  /** Our name for the stream. */
  public StreamHandle handle() {
    return handle;
  }

  /** The id of the header in force: the receiving entity's name for the stream; null if none. */
  public @Nullable StreamId id() {
    return id;
  }

  /** The TLS session, or null in clear. */
  public @Nullable TlsSession tls() {
    return transport.tls();
  }

  /** Whether the stream runs over TLS. */
  public boolean encrypted() {
    return transport.tls() != null;
  }

  /** What is known of it now. */
  public StreamFacts facts() {
    return new StreamFacts(
        handle,
        initiated,
        pair,
        id,
        version,
        transport.tls(),
        features,
        dialbackDeclared,
        transport.remote());
  }

  /**
   * Initiating: sends our header and reads the peer's, then its features if it has any. Also begins
   * anew after TLS and after SASL: what was learned before is void (S2S-STR-28).
   */
  public StreamFeatures open() throws StreamEnded {
    DomainPair ours = Objects.requireNonNull(pair);
    deadline.step("header");
    scanner.restart();
    transport.write(
        Octets.utf8(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='"
                + Namespaces.STREAM
                + (declareDialback ? "' xmlns:db='" + Namespaces.DIALBACK : "")
                + "' from='"
                + ours.sender().toString()
                + "' to='"
                + ours.target().toString()
                + "' version='1.0' xml:lang='"
                + LANGUAGE
                + "'>"));
    transport.flush();
    headerSent(true);
    StreamHeader header = awaitHeader();
    if (header.fault() != null) {
      throw fail(header.fault());
    }
    id = header.id() == null || header.id().isEmpty() ? null : new StreamId(header.id());
    dialbackDeclared = header.declaresDialback();
    language = header.language();
    version = header.version().atMost(StreamVersion.ONE);
    if (!version.hasFeatures()) {
      features = StreamFeatures.NONE;
      return features;
    }
    deadline.step("features");
    Element list = await();
    if (!list.is(Namespaces.STREAM, "features")) {
      throw fail(
          StreamError.of(StreamErrorCondition.UNSUPPORTED_STANZA_TYPE, "Features were expected"));
    }
    features = StreamFeatures.parse(list);
    return features;
  }

  /** Reads the peer's header. */
  public StreamHeader awaitHeader() throws StreamEnded {
    ElementScanner.Event event = next();
    return switch (event) {
      case HEADER ->
          StreamHeader.parse(
              scanner.start(), scanner.defaultNamespace(), scanner.prefixes(), Namespaces.SERVER);
      default -> throw fail(StreamError.of(StreamErrorCondition.INVALID_XML, "No stream header"));
    };
  }

  /** Receiving: the stream begins anew after TLS or SASL; the next thing is a header. */
  public void restart() {
    scanner.restart();
    headerSent(false);
    version = StreamVersion.ONE;
    pair = null;
    language = null;
    dialbackDeclared = false;
  }

  /**
   * Receiving: answers a header with ours, under a new id, and with features if the peer's version
   * has them; all in one write.
   *
   * @param peer the header to answer
   * @param from our domain, or null when the peer asked for none of ours
   * @param dialback whether policy permits dialback for the pair
   * @param offered our features
   */
  public void answer(
      StreamHeader peer, @Nullable Domain from, boolean dialback, StreamFeatures offered) {
    pair = peer.from() == null || from == null ? null : new DomainPair(peer.from(), from);
    declareDialback = dialback;
    dialbackDeclared = peer.declaresDialback();
    language = peer.language();
    features = offered;
    writeHeader(peer, from);
    if (version.hasFeatures()) {
      write(offered.toElement());
    }
    transport.flush();
  }

  /** Receiving: answers a header that cannot be served, says why and closes (S2S-ERR-03). */
  public StreamEnded refuse(StreamHeader peer, @Nullable Domain from, StreamError error) {
    writeHeader(peer, from);
    return fail(error);
  }

  private void writeHeader(@Nullable StreamHeader peer, @Nullable Domain from) {
    StreamId fresh = StreamId.random(random);
    id = fresh;
    boolean versioned = peer == null || peer.version().hasFeatures();
    version = versioned ? StreamVersion.ONE : StreamVersion.ZERO_NINE;
    StringBuilder header = new StringBuilder(256);
    header
        .append("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='")
        .append(Namespaces.STREAM)
        .append(declareDialback ? "' xmlns:db='" + Namespaces.DIALBACK : "")
        .append("' from='")
        .append(from == null ? "" : from.toString());
    if (peer != null && peer.from() != null) {
      header.append("' to='").append(peer.from().toString());
    }
    header.append("' id='").append(fresh.value());
    if (versioned) {
      header.append("' version='1.0");
    }
    header.append("' xml:lang='").append(LANGUAGE).append("'>");
    transport.write(Octets.utf8(header.toString()));
    headerSent(true);
  }

  private void headerSent(boolean sent) {
    headerSent = sent;
    speaking = sent && !over;
  }

  /** Puts the rest of the negotiation under another deadline: the share of a candidate is over. */
  public void continueUnder(Deadline rest) {
    rest.step(deadline.step());
    deadline.unguard(transport);
    rest.guard(transport, this::outOfTime);
    deadline = rest;
  }

  /**
   * Time is up, which the timer's thread says. The peer is told where it can understand it; a
   * handshake, or a peer to which we have not spoken, gets no XML (S2S-ERR-10, S2S-ERR-23).
   */
  private void outOfTime(OutOfTimeException cause) {
    late = cause;
    if (!speaking) {
      transport.abort(cause);
      return;
    }
    StreamError error =
        StreamError.of(StreamErrorCondition.CONNECTION_TIMEOUT, "Too slow: " + cause.step());
    transport.write(
        ElementWriter.write(
            error.toElement(), Namespaces.SERVER, Map.of("stream", Namespaces.STREAM)));
    transport.write(CLOSE);
    transport.close();
  }

  /** Names what we are doing, for when time runs out. */
  public void step(String name) {
    deadline.step(name);
  }

  /** Reads the next first-level element; a stream error or the end of the stream is thrown. */
  public Element await() throws StreamEnded {
    ElementScanner.Event event = next();
    return switch (event) {
      case ELEMENT -> {
        ScannedElement scanned = scanner.element();
        element = scanned.octets().copy();
        if (tags(element) > MOST_TAGS) {
          throw fail(StreamError.tooBig("Too many elements before authentication"));
        }
        Element tree = scanned.toElement();
        if (tree.is(Namespaces.STREAM, "error")) {
          StreamError error = StreamError.parse(tree);
          finish();
          throw new StreamEnded(new StreamEnded.Why.ErrorFromPeer(error), deadline.step());
        }
        yield tree;
      }
      case REFUSED -> throw fail(StreamError.tooBig("Too large before authentication"));
      default -> throw fail(StreamError.of(StreamErrorCondition.BAD_FORMAT, "A second header"));
    };
  }

  private static int tags(Octets octets) {
    int tags = 0;
    for (int i = 0; i < octets.length(); i++) {
      if (octets.at(i) == '<') {
        tags++;
      }
    }
    return tags;
  }

  /** The bytes of memory that are held of what the peer sent; for tests of the bound. */
  int held() {
    return scanner.capacity() + chunk.array().length + (element == null ? 0 : element.length());
  }

  /** The next event that is not a need for more; END and violations are thrown. */
  private ElementScanner.Event next() throws StreamEnded {
    element = null;
    while (true) {
      if (chunk.length() > 0) {
        ElementScanner.Event event = scanner.scan(chunk.array(), chunk.from(), chunk.to());
        chunk = Octets.of(chunk.array(), scanner.position(), chunk.to());
        switch (event) {
          case MORE -> {}
          case END -> {
            finish();
            throw new StreamEnded(new StreamEnded.Why.ClosedByPeer(true), deadline.step());
          }
          case VIOLATION -> throw fail(errorOf(scanner.violation()));
          case HEADER, ELEMENT, REFUSED -> {
            return event;
          }
        }
      }
      chunk = NOTHING; // or its array would be held for as long as we wait
      chunk = take();
    }
  }

  private Octets take() throws StreamEnded {
    try {
      Octets taken = transport.take();
      if (taken == null) {
        over = true;
        speaking = false;
        transport.close();
        throw new StreamEnded(new StreamEnded.Why.ClosedByPeer(false), deadline.step());
      }
      return taken;
    } catch (IOException e) {
      throw broken(e);
    }
  }

  /** The connection failed under us: no XML about it, it just ends (S2S-ERR-10). */
  private StreamEnded broken(IOException found) {
    over = true;
    speaking = false;
    OutOfTimeException outOfTime = late;
    IOException cause = outOfTime == null ? found : outOfTime;
    if (outOfTime == null) {
      transport.abort(cause);
    }
    StreamEnded.Why why =
        switch (cause) {
          case OutOfTimeException late -> new StreamEnded.Why.OutOfTime(late.step());
          case PlaintextAfterStartTlsException _ -> new StreamEnded.Why.PlaintextInjected();
          case TlsFailedException tls -> new StreamEnded.Why.TlsFailed(text(tls));
          default -> new StreamEnded.Why.ConnectionLost(text(cause));
        };
    return new StreamEnded(why, deadline.step(), cause);
  }

  private static String text(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /**
   * What a stream error to send for XML that cannot be read (streams.md 5).
   *
   * @param violation what was wrong
   */
  public static StreamError errorOf(XmlViolation violation) {
    return switch (violation.kind()) {
      case NOT_WELL_FORMED ->
          StreamError.of(StreamErrorCondition.NOT_WELL_FORMED, violation.detail());
      case RESTRICTED_XML ->
          StreamError.of(StreamErrorCondition.RESTRICTED_XML, violation.detail());
      case UNSUPPORTED_ENCODING ->
          StreamError.of(StreamErrorCondition.UNSUPPORTED_ENCODING, violation.detail());
      case BAD_NAMESPACE_PREFIX ->
          StreamError.of(StreamErrorCondition.BAD_NAMESPACE_PREFIX, violation.detail());
      case BAD_FORMAT -> StreamError.of(StreamErrorCondition.BAD_FORMAT, violation.detail());
      case POLICY_VIOLATION -> StreamError.tooBig(violation.detail());
    };
  }

  /** Sends one element. A peer that does not read what it is told is dropped (S2S-DOS-04). */
  public void send(Element out) {
    if (!transport.writable()) {
      transport.abort(new IOException("the peer does not read what it is told"));
      return;
    }
    write(out);
    transport.flush();
  }

  private void write(Element out) {
    transport.write(
        ElementWriter.write(
            out,
            Namespaces.SERVER,
            declareDialback ? PREFIXES : Map.of("stream", Namespaces.STREAM)));
  }

  /**
   * Puts TLS under the stream and forgets what was read in clear.
   *
   * @param request our role and identity
   * @param last the last cleartext element to send, {@code <proceed/>}; null for none
   */
  public void upgrade(TlsRequest request, @Nullable Element last) throws StreamEnded {
    deadline.step("tls");
    if (!isBlank(chunk) || !scanner.betweenElements()) {
      throw broken(new PlaintextAfterStartTlsException(Math.max(1, chunk.length())));
    }
    chunk = NOTHING;
    element = null;
    scanner.restart();
    Octets plain = last == null ? null : ElementWriter.write(last, Namespaces.SERVER, PREFIXES);
    speaking = false;
    try {
      transport.startTls(request, plain);
    } catch (IOException e) {
      throw broken(e);
    }
    boolean receiving = !initiated;
    if (receiving) {
      restart();
    } else {
      headerSent(false);
    }
    id = null;
  }

  /** Whitespace may surround what we await (RFC 6120 11.7); it is dropped, never carried over. */
  private static boolean isBlank(Octets octets) {
    for (int i = 0; i < octets.length(); i++) {
      byte b = octets.at(i);
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        return false;
      }
    }
    return true;
  }

  /**
   * Sends a stream error and closes: our header first if it was not sent (S2S-ERR-03), nothing
   * after (S2S-ERR-01).
   *
   * @return the exception to throw
   */
  public StreamEnded fail(StreamError error) {
    if (!over) {
      if (!headerSent) {
        writeHeader(null, null);
      }
      write(error.toElement());
      finish();
    }
    return new StreamEnded(new StreamEnded.Why.Unreadable(error), deadline.step());
  }

  /** Sends raw bytes as last words of the stream: {@code <failure/>} of STARTTLS. */
  public void sendAndClose(Element last) {
    write(last);
    finish();
  }

  private void finish() {
    if (!over) {
      over = true;
      speaking = false;
      if (headerSent) {
        transport.write(CLOSE);
      }
      transport.close();
    }
  }

  /** Whether the stream was handed on or closed. */
  public boolean settled() {
    return settled;
  }

  /**
   * Ends the use of the stream by this thread; the deadline goes on until its owner cancels it.
   *
   * @param putBackLast whether the element read last is the relay's to treat
   */
  public Settled settle(boolean putBackLast) {
    if (settled || over) {
      throw new IllegalStateException("the stream is no longer ours");
    }
    settled = true;
    speaking = false;
    List<Octets> unread = new ArrayList<>(2);
    if (putBackLast && element != null) {
      unread.add(element);
    }
    if (chunk.length() > 0) {
      unread.add(chunk);
    }
    return new Settled(transport, scanner, List.copyOf(unread), facts(), language, deadline);
  }

  /** Closes the stream with an ordinary end, unless it was settled or is over. */
  @Override
  public void close() {
    if (!settled) {
      finish();
    }
  }
}
