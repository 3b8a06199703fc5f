package im.comity.discovery;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;
import org.xbill.DNS.io.IoClientFactory;
import org.xbill.DNS.io.TcpIoClient;
import org.xbill.DNS.io.UdpIoClient;

/**
 * Carries DNS messages: each exchange has a socket and a virtual thread of its own.
 *
 * <p>It stands in for dnsjava's own transport for three reasons. That one looks for timed-out
 * queries only in a second without any traffic, so under load a lost packet may wait for ever. It
 * gives a query up at the first datagram with a wrong ID, so a blind forger can stop it; here what
 * does not match is passed over and the true answer still counts (RFC 5452 section 9). And its
 * thread and queues are shared by the whole process.
 */
final class DnsSockets implements IoClientFactory, UdpIoClient, TcpIoClient, Closeable {
  private static final int HEADER = 12;

  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  @Override
  public TcpIoClient createOrGetTcpClient() {
    return this;
  }

  @Override
  public UdpIoClient createOrGetUdpClient() {
    return this;
  }

  @Override
  public CompletableFuture<byte[]> sendAndReceiveUdp(
      @Nullable InetSocketAddress local,
      InetSocketAddress remote,
      Message query,
      byte[] data,
      int max,
      Duration timeout) {
    return exchange("udp", remote, () -> overUdp(local, remote, data, max, timeout));
  }

  @Override
  public CompletableFuture<byte[]> sendAndReceiveTcp(
      @Nullable InetSocketAddress local,
      InetSocketAddress remote,
      Message query,
      byte[] data,
      Duration timeout) {
    return exchange("tcp", remote, () -> overTcp(local, remote, data, timeout));
  }

  private static CompletableFuture<byte[]> exchange(
      String protocol, InetSocketAddress remote, Exchange exchange) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("dns-" + protocol + " " + remote)
        .start(
            () -> {
              try {
                answer.complete(exchange.run());
              } catch (IOException | RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }

  private byte[] overUdp(
      @Nullable InetSocketAddress local,
      InetSocketAddress remote,
      byte[] query,
      int max,
      Duration timeout)
      throws IOException {
    long end = System.nanoTime() + timeout.toNanos();
    // The kernel draws the source port at random; connecting keeps out datagrams of others.
    try (DatagramSocket socket = local == null ? new DatagramSocket() : new DatagramSocket(local);
        Closeable _ = tracked(socket)) {
      socket.connect(remote);
      socket.send(new DatagramPacket(query, query.length));
      DatagramPacket packet = new DatagramPacket(new byte[max], max);
      do {
        socket.setSoTimeout(millisUntil(end));
        packet.setLength(max);
        socket.receive(packet);
      } while (!answers(packet.getData(), packet.getLength(), query));
      return Arrays.copyOf(packet.getData(), packet.getLength());
    }
  }

  private byte[] overTcp(
      @Nullable InetSocketAddress local, InetSocketAddress remote, byte[] query, Duration timeout)
      throws IOException {
    long end = System.nanoTime() + timeout.toNanos();
    try (Socket socket = new Socket();
        Closeable _ = tracked(socket)) {
      socket.bind(local);
      socket.connect(remote, millisUntil(end));
      byte[] framed = new byte[query.length + 2];
      framed[0] = (byte) (query.length >>> 8);
      framed[1] = (byte) query.length;
      System.arraycopy(query, 0, framed, 2, query.length);
      socket.getOutputStream().write(framed); // one segment: RFC 7766 section 8
      byte[] length = read(socket, 2, end);
      return read(socket, (length[0] & 0xff) << 8 | (length[1] & 0xff), end);
    }
  }

  private static byte[] read(Socket socket, int length, long end) throws IOException {
    InputStream in = socket.getInputStream();
    byte[] bytes = new byte[length];
    for (int at = 0; at < length; ) {
      socket.setSoTimeout(millisUntil(end)); // each time: a trickle must not stretch the limit
      int read = in.read(bytes, at, length - at);
      if (read < 0) {
        throw new EOFException("connection closed after " + at + " of " + length + " bytes");
      }
      at += read;
    }
    return bytes;
  }

  /** Milliseconds left, at least one, because zero would mean to wait for ever. */
  private static int millisUntil(long end) throws SocketTimeoutException {
    long left = end - System.nanoTime();
    if (left <= 0) {
      throw new SocketTimeoutException("timed out");
    }
    return Math.clamp(left / 1_000_000, 1, Integer.MAX_VALUE);
  }

  /** Whether a datagram is a response with the ID and the question of this query. */
  private static boolean answers(byte[] datagram, int length, byte[] query) {
    int questionEnd = HEADER;
    while (query[questionEnd] != 0) {
      questionEnd += query[questionEnd] + 1;
    }
    questionEnd += 5; // the root label, type and class
    if (length < questionEnd
        || datagram[0] != query[0]
        || datagram[1] != query[1]
        || (datagram[2] & 0x80) == 0) {
      return false;
    }
    for (int i = HEADER; i < questionEnd; i++) {
      if (lower(datagram[i]) != lower(query[i])) {
        return false;
      }
    }
    return true;
  }

  /** Lengths of labels are below 64 and so are never changed; types and classes we ask neither. */
  private static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b + 32 : b;
  }

  /** Lets {@link #close} reach a socket until what is returned is closed. */
  private Closeable tracked(Closeable socket) throws IOException {
    open.add(socket);
    if (closed) {
      socket.close();
    }
    return () -> open.remove(socket);
  }

  /** Closes every socket; exchanges under way end with an exception. */
  @Override
  public void close() throws IOException {
    closed = true;
    for (Closeable socket : open) {
      socket.close();
    }
  }

  /** One exchange, blocking. */
  private interface Exchange {
    byte[] run() throws IOException;
  }
}
