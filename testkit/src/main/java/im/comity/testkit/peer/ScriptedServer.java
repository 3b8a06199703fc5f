package im.comity.testkit.peer;

import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server whose every connection follows a script, each on a virtual thread of its own.
 *
 * <p>Connections come by TCP, if it was asked to listen, and through {@link #connect()}.
 */
public final class ScriptedServer implements AutoCloseable {
  /** Connections at one time; more are closed at once. */
  public static final int MAX_CONNECTIONS = 1_000;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** What happens on one connection. */
  @FunctionalInterface
  public interface Script {
    /**
     * Plays it. The connection is closed when it returns, which over TCP may take back what the
     * other side has not read: a script that says something last should wait for the other side's
     * end.
     */
    void play(ScriptedPeer peer) throws Exception;
  }

  private final Script script;
  private final @Nullable ServerSocket listening;
  private final @Nullable Thread acceptor;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  // All guarded by the lock.
  private final List<Supplier<Transcript>> conversations = new ArrayList<>();
  private final Set<Thread> players = new HashSet<>();
  private final List<Throwable> failures = new ArrayList<>();
  private int played;
  private boolean closed;

  private ScriptedServer(Script script, @Nullable ServerSocket listening) {
    this.script = script;
    this.listening = listening;
    this.acceptor =
        listening == null
            ? null
            : Thread.ofVirtual()
                .name("scripted server on port " + listening.getLocalPort())
                .start(() -> acceptFrom(listening));
  }

  /** A server that listens on a free port of the loopback address. */
  public static ScriptedServer onLoopback(Script script) throws IOException {
    return on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), script);
  }

  /** A server that listens on this address. */
  public static ScriptedServer on(InetSocketAddress address, Script script) throws IOException {
    ServerSocket listening = new ServerSocket();
    try {
      listening.bind(address);
    } catch (IOException e) {
      listening.close();
      throw e;
    }
    return new ScriptedServer(script, listening);
  }

  /** A server that is reached through {@link #connect()} only. */
  public static ScriptedServer inMemory(Script script) {
    return new ScriptedServer(script, null);
  }

  /**
   * Where it listens.
   *
   * @throws IllegalStateException if it does not
   */
  public InetSocketAddress address() {
    if (listening == null) {
      throw new IllegalStateException("this server does not listen");
    }
    return (InetSocketAddress) listening.getLocalSocketAddress();
  }

  /** Connects to it through a new pipe. */
  public Pipe.End connect() {
    return connect(new Pipe());
  }

  /** Connects to it through this pipe, of which it takes the right end. */
  public Pipe.End connect(Pipe pipe) {
    try {
      take(Wire.of(pipe.right()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return pipe.left();
  }

  private void acceptFrom(ServerSocket from) {
    try {
      while (true) {
        take(Wire.of(from.accept()));
      }
    } catch (IOException e) {
      lock.lock();
      try {
        if (!closed) {
          failures.add(e);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void take(Wire wire) throws IOException {
    lock.lock();
    try {
      if (closed || players.size() >= MAX_CONNECTIONS) {
        wire.close();
        return;
      }
      int number = conversations.size();
      ScriptedPeer peer = ScriptedPeer.on(wire).named("connection " + (number + 1));
      conversations.add(peer::transcript);
      Thread player =
          Thread.ofVirtual()
              .name("scripted connection " + (number + 1))
              .unstarted(() -> play(peer, number));
      players.add(player);
      player.start();
    } finally {
      lock.unlock();
    }
  }

  private void play(ScriptedPeer peer, int number) {
    Throwable failure = null;
    try (peer) {
      script.play(peer);
    } catch (Throwable e) {
      failure = e;
    }
    Transcript said = peer.transcript();
    lock.lock();
    try {
      // Of a connection that has ended nothing is kept but what was said.
      conversations.set(number, () -> said);
      players.remove(Thread.currentThread());
      played++;
      // Scripts that were broken off by close() have not failed.
      if (failure != null && !closed) {
        failures.add(failure);
      }
      ended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** How many connections it has had. */
  public int connections() {
    return transcripts().size();
  }

  /** What was said on each connection so far, in the order in which they came. */
  public List<Transcript> transcripts() {
    lock.lock();
    try {
      return conversations.stream().map(Supplier::get).toList();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until so many connections have come and their scripts have been played to the end.
   *
   * @throws AssertionError if a script failed, or on ten seconds of real time
   */
  public void awaitPlayed(int connections) throws InterruptedException {
    lock.lock();
    try {
      long left = PATIENCE.toNanos();
      while (played < connections && failures.isEmpty()) {
        if (left <= 0) {
          throw new AssertionError(
              "waited for %d connections to be played, %d came and %d were"
                  .formatted(connections, conversations.size(), played));
        }
        left = ended.awaitNanos(left);
      }
      throwFailures();
    } finally {
      lock.unlock();
    }
  }

  private void throwFailures() {
    if (!failures.isEmpty()) {
      AssertionError failed = new AssertionError("a script failed", failures.getFirst());
      failures.stream().skip(1).forEach(failed::addSuppressed);
      failures.clear();
      throw failed;
    }
  }

  /**
   * Stops listening, breaks off the scripts that still play, and waits until their threads have
   * ended.
   *
   * @throws AssertionError if a script had failed before and {@link #awaitPlayed} did not say so
   */
  @Override
  public void close() {
    List<Thread> threads;
    lock.lock();
    try {
      closed = true;
      threads = new ArrayList<>(players);
    } finally {
      lock.unlock();
    }
    try {
      if (listening != null && acceptor != null) {
        listening.close();
        threads.add(acceptor);
      }
      for (Thread thread : threads) {
        thread.interrupt();
        if (!thread.join(PATIENCE)) {
          throw new AssertionError("does not end: " + thread.getName());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while closing", e);
    }
    lock.lock();
    try {
      throwFailures();
    } finally {
      lock.unlock();
    }
  }
}
