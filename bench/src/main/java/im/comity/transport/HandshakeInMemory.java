package im.comity.transport;

import im.comity.address.Domain;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * TLS handshakes with the engines of our connections and without connections: both ends in turn on
 * one thread, so that the time of each is known. In this package as the engines are.
 */
public final class HandshakeInMemory implements AutoCloseable {
  private static final int FLIGHT = 64 << 10;

  private final TlsEngines engines =
      new TlsEngines(TlsProvider.BORINGSSL, TlsProfile.STANDARD, Runnable::run);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final TlsRequest asClient;
  private final TlsRequest asServer;
  private final ByteBuffer toServer = ByteBuffer.allocateDirect(FLIGHT);
  private final ByteBuffer toClient = ByteBuffer.allocateDirect(FLIGHT);
  private final ByteBuffer nothing = ByteBuffer.allocateDirect(0);
  private final ByteBuffer plain = ByteBuffer.allocateDirect(FLIGHT);
  private long clientNanos;
  private long serverNanos;

  /**
   * @param client what the client shows
   * @param server what the server shows, for its domain
   * @throws SSLException the profile does not fit BoringSSL
   * @throws IllegalStateException BoringSSL cannot be had
   */
  public HandshakeInMemory(TlsIdentity client, TlsIdentity server, Domain domain)
      throws SSLException {
    asClient = new TlsRequest.AsClient(domain, client, true);
    asServer = new TlsRequest.AsServer(TlsIdentities.of(List.of(server), null), domain);
    engines.prepare(asClient);
    engines.prepare(asServer);
  }

  /** One end. */
  private final class End {
    final TlsHandshake handshake;
    final SSLEngine engine;
    final ByteBuffer in;
    final ByteBuffer out;

    End(TlsRequest request, ByteBuffer in, ByteBuffer out) throws SSLException {
      this.in = in;
      this.out = out;
      handshake = engines.begin(request);
      // The handler is a wrapper that never meets a pipeline.
      SslHandler handler = engines.handler(handshake, channel);
      engine = handler.engine();
      engine.beginHandshake();
    }

    /** Goes on as far as what has come allows; whether it went anywhere. */
    boolean proceed() throws SSLException {
      boolean moved = false;
      boolean stepped = false;
      while (true) {
        HandshakeStatus status = engine.getHandshakeStatus();
        switch (status) {
          case NEED_TASK -> {
            Runnable task = engine.getDelegatedTask();
            if (task != null) {
              task.run();
            }
            stepped = true;
          }
          case NEED_WRAP -> engine.wrap(nothing, out);
          case NEED_UNWRAP, NEED_UNWRAP_AGAIN, NOT_HANDSHAKING, FINISHED -> {
            // After a step of its own the engine goes on only when it is asked, if with nothing.
            if (in.position() == 0 && !stepped) {
              return moved;
            }
            stepped = false;
            in.flip();
            SSLEngineResult result = engine.unwrap(in, plain);
            in.compact();
            if (result.bytesConsumed() == 0
                && engine.getHandshakeStatus() == status
                && result.getHandshakeStatus() != HandshakeStatus.FINISHED) {
              return moved;
            }
          }
        }
        moved = true;
      }
    }

    /** What a connection takes from the engine at the end. */
    TlsSession session() {
      return handshake.session(engine.getSession(), engine.getApplicationProtocol());
    }

    void end() {
      engines.end(handshake);
      ReferenceCountUtil.release(engine);
    }
  }

  /**
   * One full handshake of both ends, each of which has seen the certificate of the other.
   *
   * @return what the server knows of it
   * @throws SSLException it failed
   */
  public TlsSession shake() throws SSLException {
    toServer.clear();
    toClient.clear();
    plain.clear();
    long began = System.nanoTime();
    End client = new End(asClient, toClient, toServer);
    long now = System.nanoTime();
    clientNanos += now - began;
    began = now;
    End server = new End(asServer, toServer, toClient);
    now = System.nanoTime();
    serverNanos += now - began;
    began = now;
    try {
      boolean moved = true;
      while (moved) {
        moved = client.proceed();
        now = System.nanoTime();
        clientNanos += now - began;
        began = now;
        moved |= server.proceed();
        now = System.nanoTime();
        serverNanos += now - began;
        began = now;
      }
      TlsSession ofClient = client.session();
      now = System.nanoTime();
      clientNanos += now - began;
      began = now;
      TlsSession ofServer = server.session();
      if (ofClient.peer() == null
          || ofServer.peer() == null
          || !ofClient.protocol().equals("TLSv1.3")
          || !ofServer.protocol().equals("TLSv1.3")) {
        throw new SSLException("not the handshake that was meant: " + ofClient + ", " + ofServer);
      }
      return ofServer;
    } finally {
      server.end();
      serverNanos += System.nanoTime() - began;
      began = System.nanoTime();
      client.end();
      clientNanos += System.nanoTime() - began;
    }
  }

  /** The time that all handshakes have taken the client, in nanoseconds. */
  public long clientNanos() {
    return clientNanos;
  }

  /** The time that all handshakes have taken the server, in nanoseconds. */
  public long serverNanos() {
    return serverNanos;
  }

  @Override
  public void close() {
    engines.close();
    channel.finishAndReleaseAll();
  }
}
