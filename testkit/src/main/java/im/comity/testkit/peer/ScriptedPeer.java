package im.comity.testkit.peer;

import im.comity.testkit.FakeClock;
import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript;
import im.comity.testkit.peer.StreamReader.Event;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An XMPP server, or a component, that follows a script: it says what the test tells it to say and
 * fails the test when it is told something else than expected.
 *
 * <p>It may play either side of a stream; {@link #open} begins one, {@link #accept} answers one.
 *
 * <pre>{@code
 * try (ScriptedPeer north = ScriptedPeer.on(pipe.left())) {
 *   north.open("north.example", "south.example");
 *   north.expectFeatures();
 *   north.requestTls(TlsOptions.client(context, "south.example"));
 *   north.open("north.example", "south.example");
 *   north.expectFeatures();
 *   north.requestDialback("north.example", "south.example", "secret");
 *   north.send(Xmpp.message("a@north.example", "b@south.example", "Hello"));
 * }
 * }</pre>
 *
 * <p>Every failure is an {@link AssertionError} that tells the conversation so far. Calls wait for
 * the other side for {@link #patience} of real time. One thread reads; any may send.
 */
public final class ScriptedPeer implements AutoCloseable {
  /** Real time to wait for the other side, unless told otherwise. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Real time for the effects of an advanced clock to show. */
  private static final Duration SETTLING = Duration.ofMillis(50);

  private static final AtomicLong STREAMS = new AtomicLong();

  private final StreamReader reader;
  private volatile Wire wire;
  private volatile Transcript transcript = new Transcript(InstantSource.system());
  private volatile Duration patience = PATIENCE;
  private String name = "the scripted peer";
  private StreamHead head = StreamHead.server();
  private @Nullable String streamId;
  private boolean streamEndSent;

  /** The other side has ended its stream or its connection. */
  private boolean streamEndReceived;

  private ScriptedPeer(Wire wire) {
    this.wire = wire;
    this.reader = new StreamReader(wire);
  }

  /** A peer at this end of a wire. */
  public static ScriptedPeer on(Wire wire) {
    return new ScriptedPeer(wire);
  }

  /** A peer at this end of a pipe. */
  public static ScriptedPeer on(Pipe.End end) {
    return on(Wire.of(end));
  }

  /** A peer at this end of a TCP connection. */
  public static ScriptedPeer on(Socket socket) throws IOException {
    return on(Wire.of(socket));
  }

  /** A peer at this end of a new TCP connection. */
  public static ScriptedPeer connect(InetSocketAddress address) throws IOException {
    return on(Wire.connect(address));
  }

  /** Names it in failures. */
  public ScriptedPeer named(String name) {
    this.name = name;
    return this;
  }

  /** Real time to wait for the other side from now on; a safety net. */
  public ScriptedPeer patience(Duration time) {
    patience = time;
    return this;
  }

  /** Begins the transcript anew, with the times of this clock. */
  public ScriptedPeer clock(InstantSource clock) {
    transcript = new Transcript(clock);
    return this;
  }

  /** What was said so far. */
  public Transcript transcript() {
    return transcript;
  }

  // ---- Streams

  /** Begins or restarts a stream with a header of {@link StreamHead#server()}. */
  public Received open(String from, String to) {
    return open(StreamHead.server().from(from).to(to));
  }

  /**
   * Begins or restarts a stream.
   *
   * @return the header with which the other side answered
   */
  public Received open(StreamHead head) {
    sendHeader(head);
    Received answer = expectHeader();
    streamId = answer.attribute("id");
    return answer;
  }

  /**
   * Waits for the other side's header and answers it as an RFC 6120 server: {@code from} and {@code
   * to} exchanged, a new id. Features are not sent.
   *
   * @return the header that came
   */
  public Received accept() {
    Received header = expectHeader();
    sendHeader(
        StreamHead.server()
            .from(header.attribute("to"))
            .to(header.attribute("from"))
            .id("testkit-" + STREAMS.incrementAndGet()));
    return header;
  }

  /** Waits for the other side's header and answers with this one. */
  public Received accept(StreamHead answer) {
    Received header = expectHeader();
    sendHeader(answer);
    return header;
  }

  /** Sends a header and waits for nothing. */
  public void sendHeader(StreamHead head) {
    this.head = head;
    streamEndSent = false;
    streamId = head.attribute("id");
    if (streamId != null) {
      transcript.mask(streamId, "id");
    }
    send(head.xml());
  }

  /** Waits for a header: what comes next must begin a new document. */
  public Received expectHeader() {
    reader.restart();
    Event event = nextPastSpace("a stream header");
    if (event instanceof Event.Header(Received tag)) {
      if (!tag.is(Xmpp.STREAM, "stream")) {
        throw failure("expected a stream header, but received " + tag);
      }
      return tag;
    }
    throw unexpected("a stream header", event);
  }

  /**
   * The id of the stream: the one in force, after restarts the latest, whichever side gave it.
   *
   * @throws AssertionError if there is none
   */
  public String streamId() {
    if (streamId == null) {
      throw failure("the stream has no id");
    }
    return streamId;
  }

  /** Offers these features, for example {@link Xmpp#STARTTLS_FEATURE}; or none. */
  public void sendFeatures(String... features) {
    String tag = head.qualified("features");
    send("<" + tag + ">" + String.join("", features) + "</" + tag + ">");
  }

  /** Waits for the stream features. */
  public Received expectFeatures() {
    return expect(Xmpp.STREAM, "features");
  }

  /** Ends the stream that this side sends. */
  public void sendStreamEnd() {
    streamEndSent = true;
    send(head.endTag());
  }

  // ---- Saying

  /** Sends text as it is, in one write. Nothing checks that it is XML. */
  public void send(String xml) {
    sendBytes(xml.getBytes(StandardCharsets.UTF_8));
  }

  /** Sends bytes as they are, in one write. */
  public void sendBytes(byte... bytes) {
    transcript.sent(bytes);
    write(bytes, 0, bytes.length);
  }

  /** Sends text in pieces of so many bytes, each in a write of its own. */
  public void sendInPieces(String xml, int size) {
    byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
    transcript.sent(bytes);
    for (int at = 0; at < bytes.length; at += size) {
      write(bytes, at, Math.min(size, bytes.length - at));
    }
  }

  private void write(byte[] bytes, int from, int length) {
    try {
      wire.write(bytes, from, length, patience);
    } catch (IOException e) {
      throw failure("could not send: " + e, e);
    }
  }

  /** Ends the stream in order, as far as the other side has patience for it: a second at most. */
  void leave() {
    if (!streamEndSent) {
      streamEndSent = true;
      sendIfThere(head.endTag());
    }
    patience = Duration.ofSeconds(1);
    try {
      while (!streamEndReceived) {
        read();
      }
    } catch (IOException e) {
      transcript.note("left without the end of the other stream: " + e.getMessage());
    }
  }

  /** Sends text, or takes down that nobody is there to read it. */
  void sendIfThere(String xml) {
    byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
    try {
      wire.write(bytes, 0, bytes.length, patience);
      transcript.sent(bytes);
    } catch (IOException e) {
      transcript.note("could not send " + xml + ": " + e.getMessage());
    }
  }

  // ---- Being told

  /** The next first-level element; a stream that ends instead fails. */
  public Received next() {
    return next("an element");
  }

  private Received next(String wanted) {
    Event event = nextPastSpace(wanted);
    if (event instanceof Event.Element(Received element)) {
      return element;
    }
    throw unexpected(wanted, event);
  }

  /** The next first-level element, or null if the stream or the connection ends in order. */
  public @Nullable Received nextOrEnd() {
    Event event = nextPastSpace("an element or the end");
    return switch (event) {
      case Event.Element(Received element) -> element;
      case Event.StreamEnd _, Event.End _ -> null;
      default -> throw unexpected("an element or the end", event);
    };
  }

  /** The next first-level element, or null however the stream or the connection ends. */
  @Nullable Received nextOrGone() {
    try {
      Event event = readPastSpace();
      return event instanceof Event.Element(Received element) ? element : null;
    } catch (SocketTimeoutException | StreamReader.Malformed e) {
      throw failure("expected an element or the end, but " + e.getMessage(), e);
    } catch (IOException e) {
      transcript.note("connection broken: " + e.getMessage());
      return null;
    }
  }

  /** The next first-level element, which must be like this. */
  public Received expect(Match match) {
    Received element = next(match.toString());
    String unmet = match.unmet(element);
    if (unmet != null) {
      throw failure(
          "expected %s,%n but received %s,%n which lacks %s".formatted(match, element, unmet));
    }
    return element;
  }

  /** The next first-level element, which must be this. */
  public Received expect(String namespace, String name) {
    return expect(Match.element(namespace, name));
  }

  /** The first of the next first-level elements that is like this; the others are passed over. */
  public Received await(Match match) {
    while (true) {
      Received element = next(match.toString());
      if (match.test(element)) {
        return element;
      }
    }
  }

  /** The whitespace that must come next, as a keepalive; elsewhere whitespace is passed over. */
  public String expectWhitespace() {
    Event event = event("whitespace", this::read);
    if (event instanceof Event.Space(String text)) {
      return text;
    }
    throw unexpected("whitespace", event);
  }

  /**
   * A stream error of exactly this one condition, and after it at once the end of the stream (RFC
   * 6120 4.9.1.1).
   *
   * @return the error
   */
  public Received expectStreamError(String condition) {
    Match error =
        Match.element(Xmpp.STREAM, "error")
            .child(Match.element(Xmpp.STREAM_ERRORS, condition))
            .that("no second condition", e -> conditions(e) == 1);
    Received received = expect(error);
    expectStreamEnd();
    return received;
  }

  private static long conditions(Received error) {
    return error.children().stream()
        .filter(c -> c.namespace().equals(Xmpp.STREAM_ERRORS) && !c.name().equals("text"))
        .count();
  }

  /** The end tag of the other side's stream. */
  public void expectStreamEnd() {
    Event event = nextPastSpace("the end of the stream");
    if (!(event instanceof Event.StreamEnd)) {
      throw unexpected("the end of the stream", event);
    }
  }

  /**
   * An orderly close: the end of the other side's stream, which is answered if this side has not
   * ended its own, and then the end of the connection, under TLS by close_notify.
   */
  public void expectClose() {
    expectStreamEnd();
    if (!streamEndSent) {
      streamEndSent = true;
      sendIfThere(head.endTag());
    }
    expectEnd();
    close();
  }

  /** The end of the connection without any further XML, under TLS by close_notify. */
  public void expectEnd() {
    Event event = nextPastSpace("the end of the connection");
    if (!(event instanceof Event.End)) {
      throw unexpected("the end of the connection", event);
    }
  }

  /** The end of the connection without any further XML, in order or not. */
  public void expectDisconnect() {
    try {
      Event event = readPastSpace();
      if (!(event instanceof Event.End)) {
        throw unexpected("the end of the connection", event);
      }
    } catch (SocketTimeoutException | StreamReader.Malformed e) {
      throw failure("expected the end of the connection, but " + e.getMessage(), e);
    } catch (IOException e) {
      transcript.note("connection broken: " + e.getMessage());
    }
  }

  /**
   * Nothing, not even whitespace, while {@code action} runs, which mostly advances a clock, and
   * while its effects settle. These run on threads that the peer does not see, so it listens for 50
   * ms of real time more.
   */
  public void expectSilenceWhile(Runnable action) {
    action.run();
    if (reader.await(SETTLING)) {
      throw unexpected("silence", event("silence", this::read));
    }
  }

  /**
   * Nothing, not even whitespace, until another thread has advanced the clock by {@code time} from
   * now.
   */
  public void expectSilence(FakeClock clock, Duration time) {
    AtomicBoolean over = new AtomicBoolean();
    FakeClock.Task end = clock.after(time, () -> over.set(true));
    try {
      long deadline = System.nanoTime() + patience.toNanos();
      while (!over.get()) {
        // What comes in the very moment of the end is no breach of the silence before it.
        if (reader.await(SETTLING) && !over.get()) {
          throw unexpected("silence for " + time, event("silence", this::read));
        }
        if (deadline - System.nanoTime() < 0) {
          throw failure("nobody advanced the clock by " + time + " within " + patience);
        }
      }
    } finally {
      end.cancel();
    }
  }

  private interface Reading {
    Event read() throws IOException;
  }

  /** The next event that is not whitespace. */
  private Event nextPastSpace(String wanted) {
    return event(wanted, this::readPastSpace);
  }

  private Event event(String wanted, Reading reading) {
    try {
      return reading.read();
    } catch (SocketTimeoutException e) {
      String partial = reader.partial();
      String came = partial.isEmpty() ? "nothing came" : "only this came: " + partial;
      throw failure("expected %s, but %s within %s".formatted(wanted, came, patience), e);
    } catch (StreamReader.Malformed e) {
      throw failure(
          "expected %s, but received what is not well-formed (%s): %s"
              .formatted(wanted, e.getMessage(), reader.partial()),
          e);
    } catch (IOException e) {
      throw failure("expected %s, but the connection broke: %s".formatted(wanted, e), e);
    }
  }

  private Event readPastSpace() throws IOException {
    Event event = read();
    while (event instanceof Event.Space) {
      event = read();
    }
    return event;
  }

  /** Reads and takes down. */
  private Event read() throws IOException {
    Event event = reader.next(patience);
    switch (event) {
      case Event.Header(Received tag) -> {
        mask(tag.attribute("id"), "id");
        transcript.received(tag.raw());
      }
      case Event.Element(Received element) -> {
        maskKeys(element);
        transcript.received(element.raw());
      }
      case Event.Space(String text) -> transcript.received(text);
      case Event.StreamEnd(String raw) -> transcript.received(raw);
      case Event.End _ -> transcript.note("end of the connection");
    }
    streamEndReceived = event instanceof Event.StreamEnd || event instanceof Event.End;
    return event;
  }

  private void maskKeys(Received element) {
    if (element.namespace().equals(Xmpp.DIALBACK) && element.attribute("type") == null) {
      mask(element.attribute("id"), "id");
      mask(element.text().strip(), "key");
    } else if (element.is(Xmpp.COMPONENT, "handshake")) {
      mask(element.text().strip(), "key");
    }
  }

  private void mask(@Nullable String value, String kind) {
    if (value != null) {
      transcript.mask(value, kind);
    }
  }

  private AssertionError unexpected(String wanted, Event event) {
    String came =
        switch (event) {
          case Event.Header(Received tag) -> "received a stream header: " + tag;
          case Event.Element(Received element) -> "received " + element;
          case Event.Space(String text) -> "received whitespace of " + text.length();
          case Event.StreamEnd _ -> "the other side ended the stream";
          case Event.End _ -> "the other side ended the connection";
        };
    return failure("expected " + wanted + ", but " + came);
  }

  private AssertionError failure(String what) {
    return failure(what, null);
  }

  private AssertionError failure(String what, @Nullable Throwable cause) {
    return new AssertionError(
        "%s: %s%nThe conversation so far:%n%s".formatted(name, what, transcript), cause);
  }

  // ---- TLS

  /** Sends {@code <starttls/>}, expects {@code <proceed/>} and makes the handshake. */
  public TlsFacts requestTls(TlsOptions options) {
    send(Xmpp.STARTTLS);
    expect(Xmpp.TLS, "proceed");
    return startTls(options);
  }

  /** Expects {@code <starttls/>}, sends {@code <proceed/>} and makes the handshake. */
  public TlsFacts acceptTls(TlsOptions options) {
    expect(Xmpp.TLS, "starttls");
    send(Xmpp.PROCEED);
    return startTls(options);
  }

  /**
   * Makes the handshake at once: direct TLS, or behind a script of its own.
   *
   * @throws AssertionError also if the other side has sent plaintext that was not yet read
   */
  public TlsFacts startTls(TlsOptions options) {
    try {
      return handshake(options);
    } catch (IOException e) {
      throw failure("the TLS handshake failed: " + e, e);
    }
  }

  private TlsFacts handshake(TlsOptions options) throws IOException {
    byte[] early = reader.buffered();
    if (early.length > 0) {
      throw failure("plaintext where the TLS handshake belongs: " + Transcript.text(early));
    }
    wire = wire.startTls(options, patience);
    reader.switchTo(wire);
    streamId = null;
    TlsFacts facts = wire.tls();
    if (facts == null) {
      throw new IllegalStateException("TLS without facts");
    }
    // No cipher suites: which one it is differs from machine to machine.
    transcript.note(
        "%s, SNI %s, ALPN %s".formatted(facts.protocol(), facts.serverName(), facts.alpn()));
    return facts;
  }

  /**
   * Makes the handshake, which must fail: during it or, as TLS 1.3 lets a server refuse its client
   * only afterwards, with the first thing that is read.
   *
   * @return how it failed
   */
  public IOException expectTlsFailure(TlsOptions options) {
    try {
      handshake(options);
      throw unexpected("TLS to fail", read());
    } catch (SocketTimeoutException | StreamReader.Malformed e) {
      throw failure("expected TLS to fail, but it did not: " + e, e);
    } catch (IOException e) {
      transcript.note("TLS failed: " + e.getMessage());
      return e;
    }
  }

  /** What is known about TLS on this connection, or null without. */
  public @Nullable TlsFacts tls() {
    return wire.tls();
  }

  // ---- SASL

  /**
   * Asks for EXTERNAL and expects success; a new {@link #open} must follow.
   *
   * @param identity the authorization identity, or null for none
   */
  public void requestExternal(@Nullable String identity) {
    send(Xmpp.external(identity));
    expect(Xmpp.SASL, "success");
  }

  /**
   * Expects a request for EXTERNAL and grants it; a new {@link #accept} must follow.
   *
   * @return the authorization identity, empty for none
   */
  public String acceptExternal() {
    String identity = expectExternal();
    send(Xmpp.SUCCESS);
    return identity;
  }

  /**
   * Expects a request for EXTERNAL and refuses it.
   *
   * @param condition for example {@code not-authorized}
   * @return the authorization identity, empty for none
   */
  public String refuseExternal(String condition) {
    String identity = expectExternal();
    send(Xmpp.saslFailure(condition));
    return identity;
  }

  /** Expects a request for EXTERNAL with its initial response, as servers send it. */
  private String expectExternal() {
    Received auth = expect(Match.element(Xmpp.SASL, "auth").attribute("mechanism", "EXTERNAL"));
    String response = auth.text().strip();
    if (response.equals("=")) {
      return "";
    }
    if (response.isEmpty()) {
      throw failure("an empty initial response, which is written = (RFC 6120 6.4.2)");
    }
    try {
      return new String(Base64.getDecoder().decode(response), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw failure("the initial response is not base64: " + response, e);
    }
  }

  // ---- Dialback

  /** Sends {@code db:result} with a key of this secret and expects it to be found valid. */
  public void requestDialback(String from, String to, String secret) {
    sendDialbackRequest(from, to, secret);
    expectDialbackAnswer(to, from, "valid");
  }

  /** Sends {@code db:result} with a key of this secret for the stream's id. */
  public void sendDialbackRequest(String from, String to, String secret) {
    String key = Xmpp.dialbackKey(secret, to, from, streamId());
    transcript.mask(key, "key");
    send(Xmpp.dialbackRequest(from, to, key));
  }

  /** Expects {@code db:result} of step 4 with these addresses and this type. */
  public Received expectDialbackAnswer(String from, String to, String type) {
    return expect(
        Match.element(Xmpp.DIALBACK, "result")
            .attribute("from", from)
            .attribute("to", to)
            .attribute("type", type));
  }

  /** Expects {@code db:result} of step 1 with these addresses. */
  public Received expectDialbackRequest(String from, String to) {
    return expect(
        Match.element(Xmpp.DIALBACK, "result")
            .attribute("from", from)
            .attribute("to", to)
            .without("type"));
  }

  /** Expects {@code db:result} of step 1 with these addresses and answers valid. */
  public Received acceptDialback(String from, String to) {
    Received request = expectDialbackRequest(from, to);
    send(Xmpp.dialbackAnswer(to, from, "valid"));
    return request;
  }

  /**
   * Has a key verified.
   *
   * @return the type of the answer, which must mirror the request
   */
  public String verifyKey(String from, String to, String id, String key) {
    transcript.mask(id, "id");
    transcript.mask(key, "key");
    send(Xmpp.verifyRequest(from, to, id, key));
    return expect(
            Match.element(Xmpp.DIALBACK, "verify")
                .attribute("from", to)
                .attribute("to", from)
                .attribute("id", id)
                .attribute("type"))
        .required("type");
  }

  /**
   * Expects {@code db:verify} of step 2 and answers it as the authoritative server: valid if the
   * key is one of this secret, else invalid.
   *
   * @return the request
   */
  public Received answerVerify(String secret) {
    Received request =
        expect(
            Match.element(Xmpp.DIALBACK, "verify")
                .attribute("from")
                .attribute("to")
                .attribute("id")
                .without("type"));
    send(Xmpp.answerTo(request, secret));
    return request;
  }

  // ---- Components

  /** Opens the stream of a component and makes the handshake (XEP-0114). */
  public void openComponent(String component, String secret) {
    open(StreamHead.component(component));
    String digest = Xmpp.componentHandshake(streamId(), secret);
    transcript.mask(digest, "key");
    send("<handshake>" + digest + "</handshake>");
    expect(Xmpp.COMPONENT, "handshake");
  }

  // ---- Ends

  /** Ends what this side sends, under TLS by close_notify; the other side may go on. */
  public void closeOutput() {
    transcript.note("ends its output");
    end(wire::closeOutput);
  }

  /** Ends what this side sends, under TLS without close_notify. */
  public void cutOutput() {
    transcript.note("cuts its output");
    end(wire::cutOutput);
  }

  /** Breaks the connection. */
  public void reset() {
    transcript.note("resets the connection");
    end(wire::reset);
  }

  /** Ends the connection, and never fails: what the other side has made of it does not matter. */
  @Override
  public void close() {
    try {
      wire.close();
    } catch (IOException e) {
      transcript.note("connection broken while closing: " + e.getMessage());
    }
  }

  private interface Ending {
    void end() throws IOException;
  }

  private void end(Ending ending) {
    try {
      ending.end();
    } catch (IOException e) {
      throw failure("could not end the connection: " + e, e);
    }
  }
}
