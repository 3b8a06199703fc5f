package im.comity.testkit.peer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * A server of the time before XMPP 1.0, as XEP-0238 calls type 1: its headers have no version, it
 * sends no features and ignores those it gets, knows neither TLS nor SASL, and trusts in dialback
 * alone. It plays all three parts of dialback: initiating, receiving and authoritative.
 *
 * <p>As old servers did, it answers trouble with stream errors rather than dialback errors.
 */
public final class LegacyServer implements AutoCloseable {
  /** Finds the server of a domain and connects to it. */
  @FunctionalInterface
  public interface Dialer {
    /** A new connection to the server of this domain. */
    Wire dial(String domain) throws IOException;
  }

  /** What came of asking for a pair. */
  public sealed interface Outcome {
    /** The other side answered {@code valid}, {@code invalid} or {@code error}. */
    record Answered(String type) implements Outcome {}

    /** The other side ended the stream with this condition. */
    record StreamError(String condition) implements Outcome {}

    /** The other side ended the stream, or was not reached, without saying why. */
    record NoAnswer() implements Outcome {}
  }

  private LegacyServer() {}

  /** A server of this domain on a free port of 127.0.0.1. */
  public static LegacyServer onLoopback(String domain, String secret, Dialer dialer)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /** A server of this domain that is reached through {@link #wire()} only. */
  public static LegacyServer inMemory(String domain, String secret, Dialer dialer) {
    throw new UnsupportedOperationException();
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    throw new UnsupportedOperationException();
  }

  /** A new connection to it, in memory. */
  public Wire wire() {
    throw new UnsupportedOperationException();
  }

  /** The connections to it, and what was said on them. */
  public ScriptedServer server() {
    throw new UnsupportedOperationException();
  }

  /** Asks the server of this domain for the pair (own domain, target) on a new stream. */
  public Link connect(String target) {
    throw new UnsupportedOperationException();
  }

  /** The stanzas that came for pairs found valid, so far. */
  public List<Received> stanzas() {
    throw new UnsupportedOperationException();
  }

  /** Waits for so many stanzas in all. */
  public List<Received> awaitStanzas(int count) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }

  /** A stream that this server opened. */
  public static final class Link implements AutoCloseable {
    private Link() {}

    /** What came of asking for the pair. */
    public Outcome outcome() {
      throw new UnsupportedOperationException();
    }

    /** Sends a stanza, whatever the outcome was. */
    public void send(String stanza) {
      throw new UnsupportedOperationException();
    }

    /** Ends the stream and the connection. */
    @Override
    public void close() {
      throw new UnsupportedOperationException();
    }
  }
}
