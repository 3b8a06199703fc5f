package im.comity.transport;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.xml.Octets;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Networks and connections for one test, under a clock of its own, and a look for leaks after it.
 */
final class Bench implements AutoCloseable {
  /** What connections run over. */
  enum Wire {
    EPOLL,
    NIO,
    MEMORY
  }

  /** Two ends, and whose TLS each uses. */
  record Ends(Transport client, Transport server) {}

  final FakeTimers timers = new FakeTimers();
  private final List<NettyNetwork> networks = new ArrayList<>();
  private final List<Closeable> others = new ArrayList<>();

  NettyNetwork network(Wire wire, TlsProvider provider) {
    return network(wire, provider, TlsProfile.STANDARD);
  }

  NettyNetwork network(Wire wire, TlsProvider provider, TlsProfile profile) {
    return network(
        NetworkOptions.defaults(timers).withTls(provider, profile).withLoops(2, wire != Wire.NIO));
  }

  NettyNetwork network(NetworkOptions options) {
    NettyNetwork network = NettyNetwork.open(options);
    networks.add(network);
    return network;
  }

  /** Two connected ends, both of one network. */
  Ends connect(Wire wire) throws Exception {
    NettyNetwork network = network(wire, TlsProvider.AUTO);
    if (wire == Wire.MEMORY) {
      PipeTransport.Pair pair = PipeTransport.pair(network);
      return new Ends(pair.left(), pair.right());
    }
    return connect(network, network);
  }

  /** Two connected ends over TCP, each of its own network. */
  Ends connect(NettyNetwork client, NettyNetwork server) throws Exception {
    BlockingQueue<Transport> accepted = new LinkedBlockingQueue<>();
    Listening listening = listen(server, accepted::add);
    Transport left = get(client.connect(listening.address(), null));
    Transport right = accepted.poll(10, TimeUnit.SECONDS);
    assertThat(right).isNotNull();
    return new Ends(left, right);
  }

  Listening listen(NettyNetwork network, Consumer<Transport> accepted) throws IOException {
    return network.listen(ListenOptions.at(loopback()), accepted);
  }

  /** A plain socket of the JDK connected to a transport that we accepted. */
  Accepted accept(NettyNetwork network) throws Exception {
    BlockingQueue<Transport> accepted = new LinkedBlockingQueue<>();
    Listening listening = listen(network, accepted::add);
    Socket socket = new Socket(listening.address().getAddress(), listening.address().getPort());
    socket.setTcpNoDelay(true);
    others.add(socket);
    Transport transport = accepted.poll(10, TimeUnit.SECONDS);
    assertThat(transport).isNotNull();
    return new Accepted(socket, transport);
  }

  record Accepted(Socket socket, Transport transport) {}

  /** A transport of ours connected to a plain socket of the JDK. */
  Accepted dial(NettyNetwork network) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Transport> connecting =
          network.connect(
              new InetSocketAddress(server.getInetAddress(), server.getLocalPort()), null);
      Socket socket = server.accept();
      socket.setTcpNoDelay(true);
      others.add(socket);
      return new Accepted(socket, get(connecting));
    }
  }

  static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  static <T> CompletableFuture<T> async(Callable<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }

  /** Waits for a result; what it failed with is thrown as it is. */
  static <T> T get(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  static void say(Transport transport, String text) {
    transport.write(Octets.utf8(text));
    transport.flush();
  }

  /** Handshakes that have begun and not ended. */
  int handshakes() {
    return networks.stream().mapToInt(network -> network.tls().handshakesInProgress()).sum();
  }

  /** Waits until the loop has done what it was asked for so far. */
  static void afterLoop(Transport transport) throws Exception {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    transport.execute(() -> done.complete(true));
    get(done);
  }

  /** Takes until so many bytes have come. */
  static String hear(Transport transport, int bytes) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (all.size() < bytes) {
      Octets next = transport.take();
      if (next == null) {
        throw new IOException("ended after " + all);
      }
      all.writeBytes(next.toBytes());
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  static void expect(Transport transport, String text) throws IOException {
    assertThat(hear(transport, text.length())).isEqualTo(text);
  }

  static String hear(Socket socket, int bytes) throws IOException {
    return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.UTF_8);
  }

  static void say(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    socket.getOutputStream().flush();
  }

  /** Ends everything, and looks at what is left. */
  @Override
  public void close() throws IOException {
    for (Closeable other : others) {
      other.close();
    }
    for (NettyNetwork network : networks) {
      network.close();
    }
    for (NettyNetwork network : networks) {
      assertThat(network.openConnections()).as("connections").isZero();
      assertThat(network.outstandingBuffers()).as("buffers").isZero();
      assertThat(network.tls().handshakesInProgress()).as("handshakes").isZero();
    }
  }

  /** Waits for a condition that another thread brings about. */
  static void until(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(end);
      LockSupport.parkNanos(100_000);
    }
  }
}
