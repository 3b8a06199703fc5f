package im.comity.federation;

import im.comity.transport.PlaintextAfterStartTlsException;
import im.comity.transport.Sink;
import im.comity.transport.TlsRequest;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.Octets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection in memory whose event loop turns when the test says so, and whose handshake is what
 * the test says it found.
 */
public final class MemoryTransport implements Transport {
  private final Executor loop;
  private final InetSocketAddress remote;
  private final ByteArrayOutputStream mailbox = new ByteArrayOutputStream();
  private final StringBuilder pending = new StringBuilder();
  private final StringBuilder heard = new StringBuilder();
  private final CompletableFuture<@Nullable IOException> closed = new CompletableFuture<>();
  private @Nullable TlsSession session;
  private @Nullable IOException cause;
  private @Nullable Sink sink;
  private boolean handshaking;
  private boolean handedOver;
  private boolean used;
  private boolean peerEnded;
  private boolean over;
  private boolean sinkEnded;
  private boolean paused;
  private boolean writable = true;
  private int takers;
  private @Nullable Thread waiter;

  /**
   * A connection.
   *
   * @param loop where its event loop runs
   * @param remote where it leads
   */
  public MemoryTransport(Executor loop, InetSocketAddress remote) {
    this.loop = loop;
    this.remote = remote;
  }

  // ---- the test's end --------------------------------------------------------------------------

  /** What was flushed since the last call. */
  synchronized String hear() {
    String text = heard.toString();
    heard.setLength(0);
    return text;
  }

  /** What the peer sends. */
  public void say(byte[] bytes) {
    synchronized (this) {
      if (over || peerEnded) {
        return;
      }
      if (handshaking && session == null) {
        abort(new IOException("no handshake"));
        return;
      }
      mailbox.writeBytes(bytes);
      LockSupport.unpark(waiter);
    }
    loop.execute(this::deliver);
  }

  /** The peer is done. */
  public void end() {
    synchronized (this) {
      peerEnded = true;
      LockSupport.unpark(waiter);
    }
    loop.execute(this::deliver);
  }

  void writable(boolean now) {
    synchronized (this) {
      writable = now;
    }
    loop.execute(
        () -> {
          if (now && sink != null && !sinkEnded) {
            sink.writable();
          }
        });
  }

  synchronized void handshakeDone(TlsSession found) {
    session = found;
    handshaking = false;
    LockSupport.unpark(waiter);
  }

  synchronized boolean handshaking() {
    return handshaking && !over;
  }

  synchronized boolean isOver() {
    return over;
  }

  synchronized boolean negotiated() {
    return handedOver;
  }

  /** Threads that wait for bytes or for a handshake. */
  synchronized int takers() {
    return takers;
  }

  /** Whether nothing is to come of what it was told: whoever negotiates waits, and in vain. */
  synchronized boolean atRest() {
    if (over || handedOver) {
      return takers == 0;
    }
    boolean come = handshaking ? session != null : mailbox.size() > 0;
    return takers > 0 && !come && !peerEnded;
  }

  private void deliver() {
    byte[] bytes;
    boolean last;
    synchronized (this) {
      if (sink == null || sinkEnded || paused) {
        return;
      }
      bytes = over ? new byte[0] : mailbox.toByteArray();
      mailbox.reset();
      last = over || peerEnded;
    }
    if (bytes.length > 0) {
      sink.received(bytes, 0, bytes.length);
      sink.readComplete();
    }
    if (last && !sinkEnded) {
      sinkEnded = true;
      sink.ended(cause);
    }
  }

  // ---- the product's end -----------------------------------------------------------------------

  @Override
  public @Nullable Octets take() throws IOException {
    park(() -> mailbox.size() > 0);
    synchronized (this) {
      used = true;
      if (over) {
        throw cause == null ? new IOException("closed") : cause;
      }
      if (mailbox.size() == 0) {
        return null;
      }
      byte[] bytes = mailbox.toByteArray();
      mailbox.reset();
      return Octets.of(bytes);
    }
  }

  /**
   * Parks until something has come, or nothing will. Not by waiting on a monitor: who waits there
   * is woken by a thread that nobody sees at work.
   */
  private void park(BooleanSupplier come) throws IOException {
    synchronized (this) {
      if (handedOver) {
        throw new IllegalStateException("handed over");
      }
      waiter = Thread.currentThread();
      takers++;
    }
    try {
      while (true) {
        synchronized (this) {
          if (come.getAsBoolean() || peerEnded || over) {
            return;
          }
        }
        LockSupport.park(this);
        if (Thread.interrupted()) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted");
        }
      }
    } finally {
      synchronized (this) {
        takers--;
      }
    }
  }

  @Override
  public TlsSession startTls(TlsRequest request, @Nullable Octets lastPlain) throws IOException {
    synchronized (this) {
      if (session != null || handedOver) {
        throw new IllegalStateException("TLS already, or handed over");
      }
      if (mailbox.size() > 0 && used) {
        PlaintextAfterStartTlsException early = new PlaintextAfterStartTlsException(mailbox.size());
        abort(early);
        throw early;
      }
      if (lastPlain != null) {
        write(lastPlain);
      }
      flush();
      handshaking = true;
    }
    park(() -> session != null);
    TlsSession found = tls();
    if (found == null || isOver()) {
      abort(null);
      throw cause == null ? new IOException("the handshake broke") : cause;
    }
    return found;
  }

  @Override
  public void handOver(Sink to) {
    synchronized (this) {
      if (handedOver) {
        throw new IllegalStateException("handed over before");
      }
      handedOver = true;
    }
    loop.execute(
        () -> {
          sink = to;
          to.begin();
          deliver();
        });
  }

  @Override
  public synchronized void write(Octets bytes) {
    used = true;
    if (!over) {
      pending.append(bytes.toUtf8());
    }
  }

  @Override
  public synchronized void flush() {
    heard.append(pending);
    pending.setLength(0);
  }

  @Override
  public synchronized boolean writable() {
    return writable;
  }

  @Override
  public synchronized void pauseReading() {
    paused = true;
  }

  @Override
  public void resumeReading() {
    synchronized (this) {
      paused = false;
    }
    loop.execute(this::deliver);
  }

  @Override
  public void execute(Runnable task) {
    loop.execute(task);
  }

  @Override
  public boolean onLoop() {
    return true;
  }

  @Override
  public void close() {
    finish(null);
  }

  @Override
  public void abort(@Nullable IOException why) {
    synchronized (this) {
      pending.setLength(0);
    }
    finish(why);
  }

  private void finish(@Nullable IOException why) {
    synchronized (this) {
      flush();
      if (over) {
        return;
      }
      over = true;
      paused = false;
      cause = why;
      LockSupport.unpark(waiter);
    }
    loop.execute(
        () -> {
          deliver();
          closed.complete(why);
        });
  }

  @Override
  public CompletableFuture<@Nullable IOException> closed() {
    return closed;
  }

  @Override
  public InetSocketAddress local() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
  }

  @Override
  public InetSocketAddress remote() {
    return remote;
  }

  @Override
  public synchronized @Nullable TlsSession tls() {
    return session;
  }

  @Override
  public long receivedBytes() {
    return 0;
  }

  @Override
  public long sentBytes() {
    return 0;
  }

  @Override
  public long lastReceivedNanos() {
    return 0;
  }
}
