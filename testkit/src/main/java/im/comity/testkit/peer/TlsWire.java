package im.comity.testkit.peer;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** TLS over another wire, by the JDK's engine. A flight of messages or a write is one write. */
final class TlsWire implements Wire {
  private static final byte[] NOTHING = new byte[0];
  private static final Duration GOODBYE = Duration.ofSeconds(10);

  private final Wire below;
  private final SSLEngine engine;
  private final List<String> alpnOffered;
  private final @Nullable String ownServerName;

  /** Keeps what is encrypted in order on its way down. */
  private final ReentrantLock writing = new ReentrantLock();

  /**
   * What came and is not yet decrypted, and what is decrypted and not yet read; both to be read.
   */
  private ByteBuffer encrypted;

  private ByteBuffer plain;
  private boolean closedByPeer;
  private @Nullable TlsFacts facts;

  private TlsWire(
      Wire below, SSLEngine engine, List<String> alpnOffered, @Nullable String ownServerName) {
    this.below = below;
    this.engine = engine;
    this.alpnOffered = alpnOffered;
    this.ownServerName = ownServerName;
    SSLSession session = engine.getSession();
    encrypted = ByteBuffer.allocate(session.getPacketBufferSize()).flip();
    plain = ByteBuffer.allocate(session.getApplicationBufferSize()).flip();
  }

  static TlsWire handshake(Wire below, TlsOptions options, Duration patience) throws IOException {
    SSLEngine engine = options.context().createSSLEngine();
    engine.setUseClientMode(options.client());
    SSLParameters parameters = engine.getSSLParameters();
    if (!options.protocols().isEmpty()) {
      parameters.setProtocols(options.protocols().toArray(String[]::new));
    }
    if (options.serverName() != null) {
      parameters.setServerNames(List.of(new SNIHostName(options.serverName())));
    }
    switch (options.clientCertificate()) {
      case UNASKED -> {}
      case WANTED -> parameters.setWantClientAuth(true);
      case NEEDED -> parameters.setNeedClientAuth(true);
    }
    List<String> offered = new ArrayList<>();
    if (options.client()) {
      parameters.setApplicationProtocols(options.alpn().toArray(String[]::new));
      offered.addAll(options.alpn());
    } else {
      engine.setHandshakeApplicationProtocolSelector(
          (_, names) -> {
            offered.addAll(names);
            return select(options.alpn(), names);
          });
    }
    engine.setSSLParameters(parameters);
    TlsWire wire = new TlsWire(below, engine, offered, options.serverName());
    wire.handshake(patience);
    return wire;
  }

  /** By the JDK's contract empty means none, and null that the handshake fails. */
  private static @Nullable String select(List<String> known, List<String> offered) {
    if (known.isEmpty()) {
      return "";
    }
    return known.stream().filter(offered::contains).findFirst().orElse(null);
  }

  private void handshake(Duration patience) throws IOException {
    try {
      engine.beginHandshake();
      HandshakeStatus status = engine.getHandshakeStatus();
      while (status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED) {
        status =
            switch (status) {
              case NEED_WRAP -> {
                wrapAll(patience);
                yield engine.getHandshakeStatus();
              }
              case NEED_TASK -> runTasks();
              default -> {
                boolean goesOn = unwrap() || fill(patience);
                if (closedByPeer || !goesOn) {
                  throw new EOFException("the connection ended during the TLS handshake");
                }
                yield engine.getHandshakeStatus();
              }
            };
      }
    } catch (SSLException e) {
      sendAlert(e, patience);
      throw e;
    }
    facts = factsOf((ExtendedSSLSession) engine.getSession());
  }

  private TlsFacts factsOf(ExtendedSSLSession session) {
    String alpn = engine.getApplicationProtocol();
    String serverName = ownServerName;
    if (!engine.getUseClientMode()) {
      for (SNIServerName name : session.getRequestedServerNames()) {
        serverName = name instanceof SNIHostName host ? host.getAsciiName() : serverName;
      }
    }
    return new TlsFacts(
        session.getProtocol(),
        session.getCipherSuite(),
        alpn == null || alpn.isEmpty() ? null : alpn,
        alpnOffered,
        serverName,
        peerCertificates(session));
  }

  private static List<X509Certificate> peerCertificates(SSLSession session) {
    try {
      return Arrays.stream(session.getPeerCertificates()).map(X509Certificate.class::cast).toList();
    } catch (SSLPeerUnverifiedException e) {
      // The JDK's way to say that there is none.
      return List.of();
    }
  }

  private HandshakeStatus runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
    return engine.getHandshakeStatus();
  }

  /** The engine that failed has an alert to send, unless the wire itself is what failed. */
  private void sendAlert(SSLException failure, Duration patience) {
    try {
      wrapAll(patience);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Sends what the engine itself has to say. */
  private void wrapAll(Duration patience) throws IOException {
    writing.lock();
    try {
      Flight flight = new Flight();
      ByteBuffer nothing = ByteBuffer.wrap(NOTHING);
      do {
        flight.wrap(nothing);
      } while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !flight.closed);
      flight.send(patience);
    } finally {
      writing.unlock();
    }
  }

  /** What is encrypted, to go down in one write. */
  private final class Flight {
    private byte[] bytes = NOTHING;
    private boolean closed;

    void wrap(ByteBuffer from) throws SSLException {
      ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
      SSLEngineResult result = engine.wrap(from, record);
      if (result.getStatus() == Status.BUFFER_OVERFLOW) {
        throw new IllegalStateException("a record larger than the engine said");
      }
      closed = result.getStatus() == Status.CLOSED;
      int had = bytes.length;
      record.flip();
      bytes = Arrays.copyOf(bytes, had + record.remaining());
      record.get(bytes, had, bytes.length - had);
    }

    void send(Duration patience) throws IOException {
      if (bytes.length > 0) {
        below.write(bytes, 0, bytes.length, patience);
      }
    }
  }

  /** Decrypts what there is; whether that changed anything. */
  private boolean unwrap() throws IOException {
    plain.compact();
    SSLEngineResult result;
    try {
      result = engine.unwrap(encrypted, plain);
    } finally {
      plain.flip();
    }
    return switch (result.getStatus()) {
      case OK -> result.bytesConsumed() > 0 || result.bytesProduced() > 0;
      case BUFFER_UNDERFLOW -> false;
      case BUFFER_OVERFLOW -> {
        int needed = engine.getSession().getApplicationBufferSize() + plain.remaining();
        plain = ByteBuffer.allocate(needed).put(plain).flip();
        yield true;
      }
      case CLOSED -> {
        closedByPeer = true;
        yield true;
      }
    };
  }

  /** Reads more to decrypt; false at the end. */
  private boolean fill(Duration patience) throws IOException {
    encrypted.compact();
    if (!encrypted.hasRemaining()) {
      encrypted.flip();
      int needed = engine.getSession().getPacketBufferSize() + encrypted.remaining();
      encrypted = ByteBuffer.allocate(needed).put(encrypted);
    }
    try {
      int count =
          below.read(encrypted.array(), encrypted.position(), encrypted.remaining(), patience);
      if (count < 0) {
        return false;
      }
      encrypted.position(encrypted.position() + count);
      return true;
    } finally {
      encrypted.flip();
    }
  }

  @Override
  public int read(byte[] into, int from, int length, Duration patience) throws IOException {
    while (!plain.hasRemaining()) {
      if (closedByPeer) {
        return -1;
      }
      try {
        if (!unwrap() && !fill(patience)) {
          throw new EOFException("the connection ended without close_notify");
        }
        afterUnwrap(patience);
      } catch (SSLException e) {
        sendAlert(e, patience);
        throw e;
      }
    }
    int count = Math.min(length, plain.remaining());
    plain.get(into, from, count);
    return count;
  }

  /** After the handshake come tickets and key updates, to which the engine may want to answer. */
  private void afterUnwrap(Duration patience) throws IOException {
    HandshakeStatus status = engine.getHandshakeStatus();
    if (status == HandshakeStatus.NEED_TASK) {
      status = runTasks();
    }
    if (status == HandshakeStatus.NEED_WRAP && !closedByPeer) {
      wrapAll(patience);
    }
  }

  @Override
  public void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
    writing.lock();
    try {
      Flight flight = new Flight();
      ByteBuffer left = ByteBuffer.wrap(bytes, from, length);
      while (left.hasRemaining()) {
        flight.wrap(left);
        if (flight.closed) {
          throw new SSLException("TLS is closed for sending");
        }
      }
      flight.send(patience);
    } finally {
      writing.unlock();
    }
  }

  private void sendCloseNotify() throws IOException {
    if (!engine.isOutboundDone()) {
      engine.closeOutbound();
      wrapAll(GOODBYE);
    }
  }

  @Override
  public void closeOutput() throws IOException {
    sendCloseNotify();
    below.closeOutput();
  }

  @Override
  public void cutOutput() throws IOException {
    below.cutOutput();
  }

  @Override
  public void close() throws IOException {
    try {
      sendCloseNotify();
    } finally {
      below.close();
    }
  }

  @Override
  public void reset() throws IOException {
    below.reset();
  }

  @Override
  public @Nullable TlsFacts tls() {
    return facts;
  }
}
