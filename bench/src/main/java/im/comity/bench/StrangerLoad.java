package im.comity.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Connections of strangers to one server: a third are silent, a third trickle a stream header byte
 * by byte, a third send garbage; what the server closes is opened again. Besides, TLS handshakes at
 * a steady rate that lead nowhere.
 */
final class StrangerLoad implements AutoCloseable {
  private static final int THREADS = 8;
  private static final long TRICKLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final byte[] HEADER =
      ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' to='north.test' from='"
              + "x".repeat(200)
              + ".test'>")
          .getBytes(StandardCharsets.US_ASCII);

  private final List<Thread> threads = new ArrayList<>();
  private final String name;
  private final InetSocketAddress starttls;
  private final InetSocketAddress directTls;
  private final int connections;
  private final int addresses;
  private final int handshakesPerSecond;
  private final AtomicLong handshakes = new AtomicLong();
  private final AtomicLong failedHandshakes = new AtomicLong();
  private final AtomicLong opened = new AtomicLong();
  private volatile @Nullable IOException ended;
  private volatile int open;
  private volatile boolean closed;

  private static final class Stranger {
    final int number;
    int sent;
    long nextByte;

    Stranger(int number) {
      this.number = number;
    }
  }

  /**
   * Begins at once.
   *
   * @param name the domain that is asked for
   * @param starttls where the connections go
   * @param directTls where the handshakes go
   * @param addresses from how many addresses of 127.0.0.0/8 they come
   */
  StrangerLoad(
      String name,
      int starttls,
      int directTls,
      int connections,
      int addresses,
      int handshakesPerSecond) {
    this.name = name;
    this.starttls = new InetSocketAddress(InetAddress.getLoopbackAddress(), starttls);
    this.directTls = new InetSocketAddress(InetAddress.getLoopbackAddress(), directTls);
    this.connections = connections;
    this.addresses = addresses;
    this.handshakesPerSecond = handshakesPerSecond;
    start("strangers", this::hold);
    for (int i = 0; i < THREADS && handshakesPerSecond > 0; i++) {
      int number = i;
      start("handshakes " + i, () -> shake(number));
    }
  }

  private interface Work {
    void run() throws IOException, GeneralSecurityException;
  }

  private void start(String name, Work work) {
    threads.add(
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .start(
                () -> {
                  try {
                    work.run();
                  } catch (IOException | GeneralSecurityException e) {
                    ended =
                        new IOException(
                            "the thread \"" + name + "\" of the strangers ended: " + e, e);
                  }
                }));
  }

  /**
   * Whether all of the load is there.
   *
   * @throws IOException a part of it has ended, so that what was measured tells nothing
   */
  void check() throws IOException {
    IOException why = ended;
    if (why != null) {
      throw why;
    }
  }

  /** How many connections were open a moment ago. */
  int open() {
    return open;
  }

  /** How many connections were opened so far, those included that were closed since. */
  long opened() {
    return opened.get();
  }

  long handshakes() {
    return handshakes.get();
  }

  long failedHandshakes() {
    return failedHandshakes.get();
  }

  private InetSocketAddress source(int number) {
    try {
      int which = number % addresses;
      return new InetSocketAddress(
          InetAddress.getByAddress(
              new byte[] {127, 9, (byte) (which / 250), (byte) (which % 250 + 1)}),
          0);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void hold() throws IOException {
    ArrayDeque<Stranger> absent = new ArrayDeque<>();
    for (int i = 0; i < connections; i++) {
      absent.add(new Stranger(i));
    }
    ByteBuffer in = ByteBuffer.allocate(4096);
    byte[] garbage = new byte[1024];
    new SecureRandom().nextBytes(garbage);
    try (Selector selector = Selector.open()) {
      while (!closed) {
        // At most 100 every 50 ms, or the machine would be busy with nothing but accepting.
        // And who was sent away does not come back as a flood: 500/s, as many as the time to greet
        // that is shipped makes of 5,000.
        int at = opened.get() < connections ? 100 : 25;
        for (int i = 0; i < at && !absent.isEmpty(); i++) {
          Stranger stranger = absent.remove();
          if (!open(stranger, selector)) {
            absent.add(stranger);
          }
        }
        selector.select(50);
        long now = System.nanoTime();
        for (SelectionKey key : selector.keys()) {
          if (key.isValid() && key.attachment() instanceof Stranger stranger) {
            if (!serve(key, stranger, now, in, garbage)) {
              key.cancel();
              key.channel().close();
              absent.add(stranger);
            }
          }
        }
        selector.selectedKeys().clear();
        selector.selectNow();
        open = selector.keys().size();
      }
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
    }
  }

  private boolean open(Stranger stranger, Selector selector) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.configureBlocking(false);
      channel.bind(source(stranger.number));
      channel.connect(starttls);
      stranger.sent = 0;
      stranger.nextByte = 0;
      channel.register(selector, SelectionKey.OP_CONNECT | SelectionKey.OP_READ, stranger);
      opened.incrementAndGet();
      return true;
    } catch (IOException e) {
      channel.close();
      return false;
    }
  }

  /** Does what this one does; false if its connection has ended. */
  private static boolean serve(
      SelectionKey key, Stranger stranger, long now, ByteBuffer in, byte[] garbage) {
    SocketChannel channel = (SocketChannel) key.channel();
    try {
      if (!channel.isConnected()) {
        if (!key.isConnectable()) {
          return true;
        }
        channel.finishConnect();
        key.interestOps(SelectionKey.OP_READ);
      }
      if (key.isReadable()) {
        in.clear();
        if (channel.read(in) < 0) {
          return false;
        }
      }
      switch (stranger.number % 3) {
        case 0 -> {}
        case 1 -> {
          if (now >= stranger.nextByte && stranger.sent < HEADER.length) {
            channel.write(ByteBuffer.wrap(HEADER, stranger.sent++, 1));
            stranger.nextByte = now + TRICKLE_NANOS;
          }
        }
        default -> {
          if (stranger.sent == 0) {
            stranger.sent = 1;
            channel.write(ByteBuffer.wrap(garbage));
          }
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void shake(int thread) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
    long pause = TimeUnit.SECONDS.toNanos(1) * THREADS / handshakesPerSecond;
    long due = System.nanoTime() + pause * thread / THREADS;
    for (int number = thread; !closed; number += THREADS) {
      for (long left = due - System.nanoTime();
          left > 0 && !closed;
          left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      // Who is late does not make up for it in a burst.
      due = Math.max(due + pause, System.nanoTime() - pause);
      try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket()) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        parameters.setApplicationProtocols(new String[] {"xmpp-server"});
        socket.setSSLParameters(parameters);
        socket.bind(source(number));
        socket.setSoTimeout(5_000);
        socket.connect(directTls, 5_000);
        socket.startHandshake();
        // A full handshake every time.
        socket.getSession().invalidate();
        handshakes.incrementAndGet();
      } catch (IOException e) {
        if (failedHandshakes.getAndIncrement() == 0) {
          System.err.println("bench: the first handshake that failed: " + e);
        }
      }
    }
  }

  /** A stranger does not care whom it speaks to. */
  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      try {
        thread.join(10_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
