package im.comity.testkit.peer;

import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * A server whose every connection follows a script, each on a virtual thread of its own.
 *
 * <p>Connections come by TCP, if it was asked to listen, and through {@link #connect()}.
 */
public final class ScriptedServer implements AutoCloseable {
  /** Connections at one time; more are closed at once. */
  public static final int MAX_CONNECTIONS = 1_000;

  /** What happens on one connection. */
  @FunctionalInterface
  public interface Script {
    /** Plays it; the connection is closed when it returns. */
    void play(ScriptedPeer peer) throws Exception;
  }

  private ScriptedServer() {}

  /** A server that listens on a free port of 127.0.0.1. */
  public static ScriptedServer onLoopback(Script script) throws IOException {
    return on(new InetSocketAddress("127.0.0.1", 0), script);
  }

  /** A server that listens on this address. */
  public static ScriptedServer on(InetSocketAddress address, Script script) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** A server that is reached through {@link #connect()} only. */
  public static ScriptedServer inMemory(Script script) {
    throw new UnsupportedOperationException();
  }

  /**
   * Where it listens.
   *
   * @throws IllegalStateException if it does not
   */
  public InetSocketAddress address() {
    throw new UnsupportedOperationException();
  }

  /** Connects to it through a new pipe. */
  public Pipe.End connect() {
    throw new UnsupportedOperationException();
  }

  /** Connects to it through this pipe, of which it takes the right end. */
  public Pipe.End connect(Pipe pipe) {
    throw new UnsupportedOperationException();
  }

  /** How many connections it has had. */
  public int connections() {
    throw new UnsupportedOperationException();
  }

  /** What was said on each connection so far, in the order in which they came. */
  public List<Transcript> transcripts() {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until so many connections have come and their scripts have been played to the end.
   *
   * @throws AssertionError if a script failed, or on ten seconds of real time
   */
  public void awaitPlayed(int connections) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /**
   * Stops listening, breaks off the scripts that still play, and waits until their threads have
   * ended.
   *
   * @throws AssertionError if a script had failed before and {@link #awaitPlayed} did not say so
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
