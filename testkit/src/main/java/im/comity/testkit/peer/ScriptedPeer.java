package im.comity.testkit.peer;

import im.comity.testkit.FakeClock;
import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
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
 *   north.close();
 * }
 * }</pre>
 *
 * <p>Every failure is an {@link AssertionError} that tells the conversation so far. Calls wait for
 * the other side for {@link #patience} of real time. One thread reads; any may send.
 */
public final class ScriptedPeer implements AutoCloseable {
  /** Real time to wait for the other side, unless told otherwise. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  private ScriptedPeer() {}

  /** A peer at this end of a wire. */
  public static ScriptedPeer on(Wire wire) {
    throw new UnsupportedOperationException();
  }

  /** A peer at this end of a pipe. */
  public static ScriptedPeer on(Pipe.End end) {
    return on(Wire.of(end));
  }

  /** A peer at this end of a TCP connection. */
  public static ScriptedPeer on(Socket socket) {
    return on(Wire.of(socket));
  }

  /** A peer at this end of a new TCP connection. */
  public static ScriptedPeer connect(InetSocketAddress address) throws IOException {
    return on(Wire.connect(address));
  }

  /** Names it in failures. */
  public ScriptedPeer named(String name) {
    throw new UnsupportedOperationException();
  }

  /** Real time to wait for the other side from now on; a safety net. */
  public ScriptedPeer patience(Duration time) {
    throw new UnsupportedOperationException();
  }

  /** Takes the times of the transcript from here; to be called before anything is said. */
  public ScriptedPeer clock(InstantSource clock) {
    throw new UnsupportedOperationException();
  }

  /** What was said so far. */
  public Transcript transcript() {
    throw new UnsupportedOperationException();
  }

  // Streams

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
    throw new UnsupportedOperationException();
  }

  /**
   * Waits for the other side's header and answers it as an RFC 6120 server: {@code from} and {@code
   * to} exchanged, a new id. Features are not sent.
   *
   * @return the header that came
   */
  public Received accept() {
    throw new UnsupportedOperationException();
  }

  /** Waits for the other side's header and answers with this one. */
  public Received accept(StreamHead answer) {
    throw new UnsupportedOperationException();
  }

  /** Sends a header and waits for nothing. */
  public void sendHeader(StreamHead head) {
    throw new UnsupportedOperationException();
  }

  /** Waits for a header: what comes next must begin a new document. */
  public Received expectHeader() {
    throw new UnsupportedOperationException();
  }

  /**
   * The id of the stream: the one in force, after restarts the latest, whichever side gave it.
   *
   * @throws AssertionError if there is none
   */
  public String streamId() {
    throw new UnsupportedOperationException();
  }

  /** Offers these features, for example {@link Xmpp#STARTTLS_FEATURE}; or none. */
  public void sendFeatures(String... features) {
    throw new UnsupportedOperationException();
  }

  /** Waits for the stream features. */
  public Received expectFeatures() {
    throw new UnsupportedOperationException();
  }

  /** Ends the stream that this side sends. */
  public void sendStreamEnd() {
    throw new UnsupportedOperationException();
  }

  // Saying

  /** Sends text as it is, in one write. Nothing checks that it is XML. */
  public void send(String xml) {
    throw new UnsupportedOperationException();
  }

  /** Sends bytes as they are, in one write. */
  public void sendBytes(byte... bytes) {
    throw new UnsupportedOperationException();
  }

  /** Sends text in pieces of so many bytes, each in a write of its own. */
  public void sendInPieces(String xml, int size) {
    throw new UnsupportedOperationException();
  }

  // Being told

  /** The next first-level element; a stream that ends instead fails. */
  public Received next() {
    throw new UnsupportedOperationException();
  }

  /** The next first-level element, or null if the stream or the connection ends in order. */
  public @Nullable Received nextOrEnd() {
    throw new UnsupportedOperationException();
  }

  /** The next first-level element, which must be like this. */
  public Received expect(Match match) {
    throw new UnsupportedOperationException();
  }

  /** The next first-level element, which must be this. */
  public Received expect(String namespace, String name) {
    return expect(Match.element(namespace, name));
  }

  /** The first of the next first-level elements that is like this; the others are passed over. */
  public Received await(Match match) {
    throw new UnsupportedOperationException();
  }

  /** The whitespace that must come next, as a keepalive; elsewhere whitespace is passed over. */
  public String expectWhitespace() {
    throw new UnsupportedOperationException();
  }

  /**
   * A stream error of exactly this one condition, and after it at once the end of the stream (RFC
   * 6120 4.9.1.1).
   *
   * @return the error
   */
  public Received expectStreamError(String condition) {
    throw new UnsupportedOperationException();
  }

  /** The end tag of the other side's stream. */
  public void expectStreamEnd() {
    throw new UnsupportedOperationException();
  }

  /**
   * An orderly close: the end of the other side's stream, which is answered if this side has not
   * ended its own, and then the end of the connection, under TLS by close_notify.
   */
  public void expectClose() {
    throw new UnsupportedOperationException();
  }

  /** The end of the connection without any further XML, under TLS by close_notify. */
  public void expectEnd() {
    throw new UnsupportedOperationException();
  }

  /** The end of the connection without any further XML, in order or not. */
  public void expectDisconnect() {
    throw new UnsupportedOperationException();
  }

  /**
   * Nothing, not even whitespace, while {@code action} runs, which mostly advances a clock, and
   * while its effects settle. These run on threads that the peer does not see, so it listens for 50
   * ms of real time more.
   */
  public void expectSilenceWhile(Runnable action) {
    throw new UnsupportedOperationException();
  }

  /**
   * Nothing, not even whitespace, until another thread has advanced the clock by {@code time} from
   * now.
   */
  public void expectSilence(FakeClock clock, Duration time) {
    throw new UnsupportedOperationException();
  }

  // TLS

  /** Sends {@code <starttls/>}, expects {@code <proceed/>} and makes the handshake. */
  public TlsFacts requestTls(TlsOptions options) {
    throw new UnsupportedOperationException();
  }

  /** Expects {@code <starttls/>}, sends {@code <proceed/>} and makes the handshake. */
  public TlsFacts acceptTls(TlsOptions options) {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes the handshake at once: direct TLS, or behind a script of its own.
   *
   * @throws AssertionError also if the other side has sent plaintext that was not yet read
   */
  public TlsFacts startTls(TlsOptions options) {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes the handshake, which must fail: during it or, as TLS 1.3 lets a server refuse its client
   * only afterwards, with the first thing that is read.
   *
   * @return how it failed
   */
  public IOException expectTlsFailure(TlsOptions options) {
    throw new UnsupportedOperationException();
  }

  /** What is known about TLS on this connection, or null without. */
  public @Nullable TlsFacts tls() {
    throw new UnsupportedOperationException();
  }

  // SASL

  /**
   * Asks for EXTERNAL and expects success; a new {@link #open} must follow.
   *
   * @param identity the authorization identity, or null for none
   */
  public void requestExternal(@Nullable String identity) {
    throw new UnsupportedOperationException();
  }

  /**
   * Expects a request for EXTERNAL and grants it; a new {@link #accept} must follow.
   *
   * @return the authorization identity, empty for none
   */
  public String acceptExternal() {
    throw new UnsupportedOperationException();
  }

  /** Expects a request for EXTERNAL and refuses it. */
  public String refuseExternal(String condition) {
    throw new UnsupportedOperationException();
  }

  // Dialback

  /** Sends {@code db:result} with a key of this secret and expects it to be found valid. */
  public void requestDialback(String from, String to, String secret) {
    throw new UnsupportedOperationException();
  }

  /** Sends {@code db:result} with a key of this secret for the stream's id. */
  public void sendDialbackRequest(String from, String to, String secret) {
    throw new UnsupportedOperationException();
  }

  /** Expects {@code db:result} of step 4 with these addresses and this type. */
  public Received expectDialbackAnswer(String from, String to, String type) {
    throw new UnsupportedOperationException();
  }

  /** Expects {@code db:result} of step 1 with these addresses. */
  public Received expectDialbackRequest(String from, String to) {
    throw new UnsupportedOperationException();
  }

  /** Expects {@code db:result} of step 1 with these addresses and answers valid. */
  public Received acceptDialback(String from, String to) {
    throw new UnsupportedOperationException();
  }

  /**
   * Has a key verified.
   *
   * @return the type of the answer, which must mirror the request
   */
  public String verifyKey(String from, String to, String id, String key) {
    throw new UnsupportedOperationException();
  }

  /**
   * Expects {@code db:verify} of step 2 and answers it as the authoritative server: valid if the
   * key is one of this secret, else invalid.
   *
   * @return the request
   */
  public Received answerVerify(String secret) {
    throw new UnsupportedOperationException();
  }

  // Components

  /** Opens the stream of a component and makes the handshake (XEP-0114). */
  public void openComponent(String name, String secret) {
    throw new UnsupportedOperationException();
  }

  // Ends

  /** Ends what this side sends, under TLS by close_notify; the other side may go on. */
  public void closeOutput() {
    throw new UnsupportedOperationException();
  }

  /** Ends what this side sends, under TLS without close_notify. */
  public void cutOutput() {
    throw new UnsupportedOperationException();
  }

  /** Breaks the connection. */
  public void reset() {
    throw new UnsupportedOperationException();
  }

  /** Ends the connection. Never fails, and may be called again. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
