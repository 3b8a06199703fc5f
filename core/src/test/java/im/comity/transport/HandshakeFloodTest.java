package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.until;
import static im.comity.transport.Certificates.domain;
import static im.comity.transport.Certificates.selfSigned;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Wire;
import im.comity.transport.Strangers.Limit;
import im.comity.transport.Strangers.Refused;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** TLS handshakes of strangers at a listener, in time that a test moves. */
@Timeout(60)
@ExtendWith(NetworkLeaks.class)
final class HandshakeFloodTest {
  private static final TlsIdentity SOUTH = selfSigned("south.example");

  private final Bench bench = new Bench();
  private final List<Refused> told = new CopyOnWriteArrayList<>();
  private final List<Socket> sockets = new ArrayList<>();

  @AfterEach
  void leavesNothing() throws Exception {
    for (Socket socket : sockets) {
      socket.close();
    }
    bench.close();
  }

  private static StrangerLimits limits(int handshakesPerSecond, String... excepted) {
    StrangerLimits usual = StrangerLimits.DEFAULTS;
    return new StrangerLimits(
        usual.perAddress(),
        usual.inAll(),
        usual.connections(),
        usual.fruitless(),
        usual.handshakesAtOnce(),
        handshakesPerSecond,
        Duration.ofSeconds(10),
        usual.verifications(),
        usual.verificationsOfSender(),
        usual.verificationsAtOnce(),
        List.of(excepted));
  }

  private Strangers strangers(StrangerLimits limits) {
    return new Strangers(limits, bench.timers, told::add);
  }

  /** A listener that asks everybody for TLS at once. */
  private Listening listen(NettyNetwork network, Gate gate, TlsIdentity shown) throws IOException {
    TlsRequest request = new TlsRequest.AsServer(TlsIdentities.of(List.of(shown), shown), null);
    return network.listen(
        ListenOptions.at(Bench.loopback()),
        gate,
        transport -> {
          var _ = async(() -> transport.startTls(request, null));
        });
  }

  private static byte[] clientHello() throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine("south.example", 5270);
    engine.setUseClientMode(true);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }

  private Socket connect(Listening to, String from) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.setSoTimeout(20_000);
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(to.address());
    return socket;
  }

  private CompletableFuture<TlsSession> honest(NettyNetwork client, Listening to) throws Exception {
    Transport transport = get(client.connect(to.address(), InetAddress.ofLiteral("127.0.0.3")));
    return async(
        () ->
            transport.startTls(new TlsRequest.AsClient(domain("south.example"), null, true), null));
  }

  @Test
  @Clause("S2S-DOS-04")
  void whoComesDuringAFloodOfHandshakesIsServedWithinOneTurn() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    Strangers gate = strangers(limits(1));
    Listening listening = listen(network, gate, SOUTH);
    byte[] hello = clientHello();
    List<Socket> flood = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Socket socket = connect(listening, "127.0.0.2");
      socket.getOutputStream().write(hello);
      flood.add(socket);
    }
    until(() -> gate.waitingHandshakes() == 49);
    assertThat(gate.handshakes()).isEqualTo(1);
    CompletableFuture<TlsSession> honest = honest(network, listening);
    until(() -> gate.waitingHandshakes() == 50);
    bench.timers.advance(Duration.ofSeconds(1));
    assertThat(honest).isNotDone();
    bench.timers.advance(Duration.ofSeconds(1));
    assertThat(get(honest).protocol()).isEqualTo("TLSv1.3");
    until(() -> gate.handshakes() == 2); // it has given its place back
    // All others are given up when they have waited for half of their time.
    bench.timers.advance(Duration.ofSeconds(10));
    assertThat(gate.waitingHandshakes()).isZero();
    bench.timers.advance(Strangers.PERIOD);
    assertThat(told).hasSize(1);
    assertThat(told.getFirst().from()).isEqualTo(InetAddress.ofLiteral("127.0.0.2"));
    assertThat(told.getFirst().limit()).isEqualTo(Limit.HANDSHAKE_RATE);
    assertThat(told.getFirst().most()).isEqualTo(1);
    until(() -> network.tls().handshakesInProgress() == gate.handshakes());
    assertThat(gate.handshakes() + told.getFirst().count()).isEqualTo(50);
    for (Socket socket : flood) {
      socket.close();
    }
    until(() -> gate.handshakes() == 0);
    assertThat(gate.remembered()).isEqualTo(2); // the rates of both addresses
  }

  @Test
  void whoIsGoneBeforeItsTurnWaitsNoMore() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    Strangers gate = strangers(limits(1));
    Listening listening = listen(network, gate, SOUTH);
    for (int i = 0; i < 3; i++) {
      connect(listening, "127.0.0.2").getOutputStream().write(clientHello());
    }
    until(() -> gate.waitingHandshakes() == 2);
    for (Socket socket : sockets) {
      socket.close();
    }
    until(() -> gate.waitingHandshakes() == 0 && gate.handshakes() == 0);
  }

  @Test
  @Clause("S2S-DOS-04")
  void whatComesBeforeTheTurnIsBounded() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    Strangers gate = strangers(limits(1));
    Listening listening = listen(network, gate, SOUTH);
    connect(listening, "127.0.0.2").getOutputStream().write(clientHello());
    until(() -> gate.handshakes() == 1);
    Socket babbling = connect(listening, "127.0.0.3");
    babbling.getOutputStream().write(clientHello());
    until(() -> gate.waitingHandshakes() == 1);
    assertThatIOException()
        .isThrownBy(
            () -> {
              // Beyond what two kernels take on the way.
              for (int i = 0; i < 1_000; i++) {
                babbling.getOutputStream().write(new byte[16 << 10]);
              }
            });
    until(() -> gate.waitingHandshakes() == 0);
    assertThat(gate.handshakes()).isEqualTo(1);
  }

  @Test
  void whoIsExceptedNeedsNoTurn() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    Strangers gate = strangers(limits(1, "127.0.0.3"));
    Listening listening = listen(network, gate, SOUTH);
    for (int i = 0; i < 3; i++) {
      connect(listening, "127.0.0.2").getOutputStream().write(clientHello());
    }
    until(() -> gate.waitingHandshakes() == 2);
    assertThat(get(honest(network, listening)).protocol()).isEqualTo("TLSv1.3");
    assertThat(get(honest(network, listening)).protocol()).isEqualTo("TLSv1.3");
  }

  /** Notes on which threads it is used. */
  private record Noting(PrivateKey key, ConcurrentLinkedQueue<String> threads)
      implements PrivateKey {
    private static final long serialVersionUID = 1;

    @Override
    public String getAlgorithm() {
      return key.getAlgorithm();
    }

    @Override
    public String getFormat() {
      return key.getFormat();
    }

    @Override
    public byte[] getEncoded() {
      threads.add(Thread.currentThread().getName());
      return key.getEncoded();
    }
  }

  @Test
  @Clause("S2S-DOS-04")
  void ourKeyIsNotUsedOnTheEventLoops() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.BORINGSSL);
    ConcurrentLinkedQueue<String> threads = new ConcurrentLinkedQueue<>();
    TlsIdentity noted =
        new TlsIdentity(
            SOUTH.name(), new Noting(SOUTH.key(), threads), SOUTH.chain(), SOUTH.names());
    Listening listening = listen(network, strangers(limits(10)), noted);
    CompletableFuture<TlsSession> client = honest(network, listening);
    assertThat(get(client).protocol()).isEqualTo("TLSv1.3");
    assertThat(threads).isNotEmpty().allMatch(name -> name.startsWith("comity-tls-"));
  }
}
