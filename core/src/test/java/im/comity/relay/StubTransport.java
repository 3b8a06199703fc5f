package im.comity.relay;

import im.comity.transport.Sink;
import im.comity.transport.TlsRequest;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.Octets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A connection that leads nowhere and remembers what was written to it. */
public final class StubTransport implements Transport {
  private static final Pattern ID = Pattern.compile(" id=['\"]([^'\"]*)");

  /** An event loop that turns when the test says so. */
  public static final class Loop implements Executor {
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    @Override
    public synchronized void execute(Runnable task) {
      tasks.add(task);
    }

    /** Runs all that waits, and what that brings. */
    public void run() {
      for (Runnable task; (task = next()) != null; ) {
        task.run();
      }
    }

    private synchronized @Nullable Runnable next() {
      return tasks.poll();
    }

    /** How many tasks wait. */
    public synchronized int waiting() {
      return tasks.size();
    }
  }

  private final Executor loop;
  private final Consumer<String> watcher;
  private final List<String> writes = new ArrayList<>();
  private final CompletableFuture<@Nullable IOException> closed = new CompletableFuture<>();
  private volatile boolean writable = true;
  private volatile boolean paused;
  private @Nullable Sink sink;
  private boolean over;

  /** Runs its tasks there. */
  public StubTransport(Executor loop) {
    this(loop, _ -> {});
  }

  /**
   * @param watcher hears the id of each element that is written, in order, on the loop
   */
  public StubTransport(Executor loop, Consumer<String> watcher) {
    this.loop = loop;
    this.watcher = watcher;
  }

  /** All writes, in order. */
  public synchronized List<String> writes() {
    return List.copyOf(writes);
  }

  /** The ids of all that was written, in order. */
  public List<String> ids() {
    return idsOf(String.join("", writes()));
  }

  private static List<String> idsOf(String text) {
    return ID.matcher(text).results().map(found -> found.group(1)).toList();
  }

  /** Says whether more may be written. */
  public void writable(boolean now) {
    writable = now;
    if (now) {
      execute(
          () -> {
            if (sink != null && !over) {
              sink.writable();
            }
          });
    }
  }

  /** What the peer sends. */
  public void receive(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    execute(
        () -> {
          if (sink != null && !over) {
            sink.received(bytes, 0, bytes.length);
          }
        });
  }

  @Override
  public void handOver(Sink to) {
    execute(
        () -> {
          sink = to;
          to.begin();
          if (over) { // like a connection that ended before it was handed over
            to.ended(closed.getNow(null));
          }
        });
  }

  @Override
  public void write(Octets bytes) {
    String text = bytes.toUtf8();
    synchronized (this) {
      writes.add(text);
    }
    Matcher ids = ID.matcher(text);
    while (ids.find()) {
      watcher.accept(ids.group(1));
    }
  }

  @Override
  public void flush() {}

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public void execute(Runnable task) {
    loop.execute(task);
  }

  @Override
  public void close() {
    abort(null);
  }

  @Override
  public void abort(@Nullable IOException cause) {
    execute(
        () -> {
          if (!over) {
            over = true;
            if (sink != null) {
              sink.ended(cause);
            }
            closed.complete(cause);
          }
        });
  }

  @Override
  public CompletableFuture<@Nullable IOException> closed() {
    return closed;
  }

  @Override
  public Octets take() {
    throw new UnsupportedOperationException();
  }

  @Override
  public TlsSession startTls(TlsRequest request, @Nullable Octets lastPlain) {
    throw new UnsupportedOperationException();
  }

  /** Whether it was asked to stop reading. */
  public boolean paused() {
    return paused;
  }

  @Override
  public void pauseReading() {
    paused = true;
  }

  @Override
  public void resumeReading() {
    paused = false;
  }

  @Override
  public boolean onLoop() {
    return true;
  }

  @Override
  public InetSocketAddress local() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
  }

  @Override
  public InetSocketAddress remote() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 2);
  }

  @Override
  public @Nullable TlsSession tls() {
    return null;
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
