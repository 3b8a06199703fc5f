package im.comity.testkit.internal;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The virtual threads and the sockets of one server, which end together. */
public final class Workers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

  private static final int IDLE_MILLIS = 30_000;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int FEW = 64;

  private final String name;
  private final Set<AutoCloseable> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Also guards the transition to closed. */
  private final Set<Thread> threads = new HashSet<>();

  private long started;
  private int pruneAt = FEW;

  /** What is done with an accepted connection; it is closed afterwards. */
  @FunctionalInterface
  public interface Conversation {
    /**
     * Speaks over a connection whose reads time out after 30 seconds.
     *
     * @throws IOException which ends the conversation and is no fault of the server
     * @throws InterruptedException when the server closes meanwhile
     */
    void over(Socket socket) throws IOException, InterruptedException;
  }

  /**
   * No threads yet.
   *
   * @param name what the names of the threads begin with
   */
  public Workers(String name) {
    this.name = name;
  }

  /** Runs a task on a thread of its own; does nothing, and returns false, once closed. */
  public boolean start(Runnable task) {
    synchronized (threads) {
      if (closed) {
        return false;
      }
      if (threads.size() >= pruneAt) {
        threads.removeIf(thread -> !thread.isAlive());
        pruneAt = Math.max(FEW, 2 * threads.size());
      }
      Thread thread = Thread.ofVirtual().name(name + "-" + started++).unstarted(task);
      threads.add(thread);
      thread.start();
      return true;
    }
  }

  /** Has a socket closed with the rest. */
  public void own(AutoCloseable socket) {
    sockets.add(socket);
  }

  /**
   * Accepts connections until closed.
   *
   * @param listener is owned from now on
   * @param atMost so many at once; further ones are closed when they come
   * @param accepted is told of every connection
   */
  public void accept(
      ServerSocket listener, int atMost, Runnable accepted, Conversation conversation) {
    own(listener);
    Semaphore permits = new Semaphore(atMost);
    start(
        () -> {
          while (!closed) {
            try {
              Socket socket = listener.accept();
              accepted.run();
              own(socket);
              if (!permits.tryAcquire() || !start(() -> converse(socket, permits, conversation))) {
                release(socket);
              }
            } catch (IOException e) {
              if (!closed) {
                LOG.warn("{}: accepting", name, e);
              }
            }
          }
        });
  }

  private void converse(Socket socket, Semaphore permits, Conversation conversation) {
    try {
      socket.setSoTimeout(IDLE_MILLIS);
      conversation.over(socket);
    } catch (IOException e) {
      LOG.debug("{}: {}", name, socket, e);
    } catch (InterruptedException _) {
      LOG.debug("{}: closed with an answer to {} outstanding", name, socket);
    } finally {
      release(socket);
      permits.release();
    }
  }

  private void release(AutoCloseable socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (Exception e) {
      LOG.debug("{}: closing {}", name, socket, e);
    }
  }

  /** How many threads it remembers, ended ones among them. */
  int remembered() {
    synchronized (threads) {
      return threads.size();
    }
  }

  /** Whether {@link #close} was called. */
  public boolean closed() {
    return closed;
  }

  /**
   * Closes the sockets, interrupts the threads and waits until they have ended; the calling thread,
   * if it is one of them, ends by itself.
   *
   * @throws IllegalStateException if a thread does not end by interruption
   */
  @Override
  public void close() {
    List<Thread> left;
    synchronized (threads) {
      closed = true;
      left = threads.stream().filter(thread -> !thread.equals(Thread.currentThread())).toList();
    }
    sockets.forEach(this::release);
    left.forEach(Thread::interrupt);
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      for (Thread thread : left) {
        if (!thread.join(Duration.ofNanos(end - System.nanoTime()))) {
          throw new IllegalStateException(thread + " does not end by interruption");
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
