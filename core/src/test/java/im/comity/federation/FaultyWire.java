package im.comity.federation;

import im.comity.testkit.Fault;
import im.comity.testkit.Pipe;
import im.comity.transport.Cancellable;
import im.comity.transport.Gate;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.NettyNetwork;
import im.comity.transport.Network;
import im.comity.transport.PipeBridge;
import im.comity.transport.Transport;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A network in memory between federations, each connection a {@link Pipe} of the test kit, that
 * counts the steps of what is said and lets one fault strike at one of them.
 *
 * <p>A step is half of what one end says at a time: half a TLS record, or half of one run of bytes
 * in clear. So a fault strikes both between what is said and in the midst of it.
 */
final class FaultyWire implements Network {
  private static final int TLS_HEADER = 5;

  /** Which end of a connection speaks. */
  enum Speaker {
    INITIATING,
    RECEIVING
  }

  /**
   * Where a fault strikes.
   *
   * @param connection the number of the connection, in the order in which they were opened
   * @param speaker whose words it spoils
   */
  record Strike(int connection, Speaker speaker, Fault fault) {}

  /** How many steps one connection had, of each speaker. */
  record Steps(int connection, long initiating, long receiving) {
    long of(Speaker speaker) {
      return speaker == Speaker.INITIATING ? initiating : receiving;
    }
  }

  private final NettyNetwork network;
  private final @Nullable Strike strike;
  private final Map<InetSocketAddress, Door> listening = new ConcurrentHashMap<>();
  private final List<Pipe> pipes = new ArrayList<>();
  private final Object lock = new Object();
  private final CompletableFuture<@Nullable Void> let = new CompletableFuture<>();
  private int held = -1;
  private int asked;
  private int connected;
  private long moves;
  private long seen;

  /** Who listens, and who is asked before. */
  private record Door(Gate gate, Consumer<Transport> accepted) {}

  FaultyWire(NettyNetwork network, @Nullable Strike strike) {
    this.network = network;
    this.strike = strike;
  }

  @Override
  public CompletableFuture<Transport> connect(InetSocketAddress to, @Nullable InetAddress source) {
    CompletableFuture<Transport> connected = new CompletableFuture<>();
    boolean late;
    synchronized (lock) {
      late = asked++ == held;
    }
    Thread.ofVirtual()
        .name("connect " + to)
        .start(
            () -> {
              Door door = listening.get(to);
              Cancellable place =
                  door == null ? null : door.gate().admit(InetAddress.getLoopbackAddress());
              if (door == null || place == null) {
                connected.completeExceptionally(new IOException("Connection refused"));
                return;
              }
              if (late) {
                let.join();
              }
              Pipe pipe = pipe();
              Transport near = end(pipe.left());
              Transport far = end(pipe.right());
              var _ = far.closed().thenRun(place::cancel);
              door.accepted().accept(far);
              if (!connected.complete(near)) {
                near.abort(null); // given up meanwhile
              }
              synchronized (lock) {
                this.connected++;
              }
              moved();
            });
    return connected;
  }

  private Pipe pipe() {
    Pipe pipe = new Pipe();
    synchronized (lock) {
      if (strike != null && strike.connection == pipes.size()) {
        end(pipe, strike.speaker).fault(strike.fault);
      }
      pipes.add(pipe);
    }
    return pipe;
  }

  private static Pipe.End end(Pipe pipe, Speaker speaker) {
    return speaker == Speaker.INITIATING ? pipe.left() : pipe.right();
  }

  private Transport end(Pipe.End end) {
    return PipeBridge.over(network, new Noticed(end.in()), new InSteps(end.out()));
  }

  @Override
  public Listening listen(ListenOptions options, Gate gate, Consumer<Transport> accepted) {
    listening.put(options.address(), new Door(gate, accepted));
    return new Listening() {
      @Override
      public InetSocketAddress address() {
        return options.address();
      }

      @Override
      public void close() {
        listening.remove(options.address());
      }
    };
  }

  @Override
  public int openConnections() {
    return network.openConnections();
  }

  @Override
  public int outstandingBuffers() {
    return network.outstandingBuffers();
  }

  @Override
  public void close() {
    network.close();
  }

  /** The connection of this number comes about no sooner than {@link #letGo}. */
  void hold(int connection) {
    synchronized (lock) {
      held = connection;
    }
  }

  /** Lets the connection come about that was held. */
  void letGo() {
    let.complete(null);
  }

  /** How many connections have come about. */
  int connected() {
    synchronized (lock) {
      return connected;
    }
  }

  /** What was said so far, connection by connection. */
  List<Steps> steps() {
    synchronized (lock) {
      List<Steps> steps = new ArrayList<>();
      for (Pipe pipe : pipes) {
        steps.add(new Steps(steps.size(), pipe.left().writes(), pipe.right().writes()));
      }
      return steps;
    }
  }

  /** Whether the conversation came to the step at which the fault was to strike. */
  boolean struck() {
    synchronized (lock) {
      return strike == null
          || (strike.connection < connected
              && end(pipes.get(strike.connection), strike.speaker).writes()
                  >= strike.fault.at().count());
    }
  }

  /** From now on the wire is well. */
  void heal() {
    synchronized (lock) {
      for (Pipe pipe : pipes) {
        pipe.left().heal();
        pipe.right().heal();
      }
    }
  }

  /** Something happened. */
  void moved() {
    synchronized (lock) {
      moves++;
      lock.notifyAll();
    }
  }

  /**
   * Waits until something has happened since the last call.
   *
   * @param quiet real time after which it counts as quiet
   * @return false if it is quiet
   */
  boolean awaitMove(Duration quiet) throws InterruptedException {
    synchronized (lock) {
      long until = System.nanoTime() + quiet.toNanos();
      for (long left = quiet.toNanos(); moves == seen && left > 0; ) {
        lock.wait(left / 1_000_000, (int) (left % 1_000_000));
        left = until - System.nanoTime();
      }
      boolean moved = moves != seen;
      seen = moves;
      return moved;
    }
  }

  private final class Noticed extends FilterInputStream {
    Noticed(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      try {
        return in.read(into, from, length);
      } finally {
        moved();
      }
    }
  }

  /** Writes each TLS record, and each run of bytes in clear, in two halves. */
  private final class InSteps extends FilterOutputStream {
    private byte[] rest = new byte[0];

    InSteps(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      byte[] all = new byte[rest.length + length];
      System.arraycopy(rest, 0, all, 0, rest.length);
      System.arraycopy(bytes, from, all, rest.length, length);
      int at = 0;
      while (at < all.length) {
        int size = size(all, at);
        if (size < 0 || size > all.length - at) {
          break;
        }
        halves(all, at, size);
        at += size;
      }
      rest = Arrays.copyOfRange(all, at, all.length);
    }

    /** How long what begins here is; less than zero if that cannot be told yet. */
    private int size(byte[] bytes, int at) {
      // The types of TLS records; none of these begins anything in clear.
      if (bytes[at] < 0x14 || bytes[at] > 0x17) {
        return bytes.length - at;
      }
      if (bytes.length - at < TLS_HEADER) {
        return -1;
      }
      return TLS_HEADER + ((bytes[at + 3] & 0xff) << 8) + (bytes[at + 4] & 0xff);
    }

    private void halves(byte[] bytes, int from, int length) throws IOException {
      int half = length / 2;
      if (half > 0) {
        out.write(bytes, from, half);
      }
      out.write(bytes, from + half, length - half);
      moved();
    }

    @Override
    public void close() throws IOException {
      if (rest.length > 0) {
        out.write(rest);
      }
      moved();
      super.close();
    }
  }
}
