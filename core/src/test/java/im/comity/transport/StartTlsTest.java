package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.expect;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.hear;
import static im.comity.transport.Bench.say;
import static im.comity.transport.Bench.until;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Accepted;
import im.comity.transport.Bench.Ends;
import im.comity.transport.Bench.Wire;
import im.comity.xml.Octets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The one step from cleartext to TLS, and that nothing slips through it. */
@Timeout(60)
@ExtendWith(NetworkLeaks.class)
class StartTlsTest {
  private static final TlsIdentity SOUTH = Certificates.selfSigned("south.example");
  private static final TlsIdentity NORTH = Certificates.selfSigned("north.example");
  private static final String STARTTLS = "<starttls/>";
  private static final String PROCEED = "<proceed/>";

  private final Bench bench = new Bench();

  @AfterEach
  void leavesNothing() throws Exception {
    bench.close();
  }

  static Stream<Arguments> bothSides() {
    return Stream.of(Wire.values())
        .flatMap(
            wire ->
                Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
                    .flatMap(
                        client ->
                            Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
                                // In memory both ends are of one network.
                                .filter(server -> wire != Wire.MEMORY || server == client)
                                .map(server -> Arguments.of(wire, client, server))));
  }

  static Stream<Arguments> bothSidesOverTcp() {
    return bothSides().filter(arguments -> arguments.get()[0] != Wire.MEMORY);
  }

  private Ends ends(Wire wire, TlsProvider client, TlsProvider server) throws Exception {
    NettyNetwork left = bench.network(wire, client);
    if (wire == Wire.MEMORY) {
      PipeTransport.Pair pair = PipeTransport.pair(left);
      return new Ends(pair.left(), pair.right());
    }
    return bench.connect(left, bench.network(wire, server));
  }

  private static TlsRequest client() {
    return new TlsRequest.AsClient(Certificates.domain("south.example"), NORTH, true);
  }

  private static TlsRequest server() {
    return new TlsRequest.AsServer(
        TlsIdentities.of(List.of(SOUTH), null), Certificates.domain("south.example"));
  }

  private static CompletableFuture<TlsSession> startAsServer(Transport transport) {
    return async(
        () -> {
          expect(transport, STARTTLS);
          return transport.startTls(server(), Octets.utf8(PROCEED));
        });
  }

  // The good way.

  @ParameterizedTest
  @MethodSource("bothSides")
  @Clause({"S2S-TLS-01", "S2S-TLS-15"})
  void tlsStartsInTheMiddleOfAConnection(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> serverSide = startAsServer(ends.server());
    say(ends.client(), STARTTLS);
    expect(ends.client(), PROCEED);
    TlsSession session = ends.client().startTls(client(), null);
    assertThat(session.protocol()).isEqualTo("TLSv1.3");
    assertThat(session.peer().chain()).isEqualTo(SOUTH.chain());
    assertThat(session.own()).isEqualTo(NORTH);
    assertThat(session.reliable()).isTrue();
    assertThat(session.resumed()).isFalse();
    assertThat(session.alpn()).isEqualTo("xmpp-server");
    assertThat(session.serverName()).isEqualTo("south.example");
    TlsSession other = get(serverSide);
    assertThat(other.peer().leaf()).isEqualTo(NORTH.chain().getFirst());
    assertThat(other.own()).isEqualTo(SOUTH);
    assertThat(other.protocol()).isEqualTo("TLSv1.3");
    assertThat(other.cipherSuite()).isEqualTo(session.cipherSuite());
    assertThat(other.serverName()).isEqualTo("south.example");
    assertThat(ends.client().tls()).isEqualTo(session);

    say(ends.client(), "hello");
    expect(ends.server(), "hello");
    byte[] much = new byte[300_000];
    Arrays.fill(much, (byte) 'm');
    ends.server().write(Octets.of(much));
    ends.server().close();
    assertThat(hear(ends.client(), much.length)).matches("m*").hasSize(much.length);
    assertThat(ends.client().take()).isNull();
    ends.client().close();
    assertThat(get(ends.client().closed())).isNull();
    assertThat(get(ends.server().closed())).isNull();
  }

  @ParameterizedTest
  @MethodSource("bothSides")
  @Clause("S2S-DTLS-01")
  void tlsStartsWithTheFirstByte(Wire wire, TlsProvider left, TlsProvider right) throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> clientSide = async(() -> ends.client().startTls(client(), null));
    // What the client has said by the time the server begins goes to the handshake.
    TlsSession session =
        ends.server()
            .startTls(new TlsRequest.AsServer(TlsIdentities.of(List.of(SOUTH), null), null), null);
    assertThat(session.own()).isEqualTo(SOUTH);
    assertThat(get(clientSide).peer().leaf()).isEqualTo(SOUTH.chain().getFirst());
    say(ends.client(), "hello");
    expect(ends.server(), "hello");
  }

  @ParameterizedTest
  @MethodSource("bothSides")
  void bytesRightBehindTheHandshakeAreNotLost(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> clientSide = async(() -> ends.client().startTls(client(), null));
    until(() -> bench.handshakes() == 1);
    // Written while the handshake is under way, and never sent in the clear.
    say(ends.client(), "early bird");
    ends.server().startTls(server(), null);
    get(clientSide);
    expect(ends.server(), "early bird");
  }

  @ParameterizedTest
  @MethodSource("bothSides")
  void aSinkUnderTlsGetsEverythingInOrder(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> serverSide = startAsServer(ends.server());
    say(ends.client(), STARTTLS);
    expect(ends.client(), PROCEED);
    ends.client().startTls(client(), null);
    get(serverSide);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    CompletableFuture<Void> end = new CompletableFuture<>();
    CompletableFuture<Void> writing =
        async(
            () -> {
              for (int i = 0; i < 20_000; i++) {
                ends.client().write(Octets.utf8(i + ","));
                if (i % 7 == 0) {
                  ends.client().flush();
                }
              }
              ends.client().close();
              return null;
            });
    Octets first = ends.server().take();
    ends.server()
        .handOver(
            new Sink() {
              @Override
              public void begin() {
                all.writeBytes(first.toBytes());
              }

              @Override
              public void received(byte[] bytes, int from, int to) {
                all.write(bytes, from, to - from);
              }

              @Override
              public void readComplete() {}

              @Override
              public void writable() {}

              @Override
              public void ended(IOException cause) {
                if (cause == null) {
                  end.complete(null);
                } else {
                  end.completeExceptionally(cause);
                }
              }
            });
    get(writing);
    get(end);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      expected.append(i).append(',');
    }
    assertThat(all.toString(UTF_8)).isEqualTo(expected.toString());
  }

  // Injection.

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void cleartextInTheMailboxOfAServerIsFatal(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    say(peer.socket(), STARTTLS);
    expect(peer.transport(), STARTTLS);
    say(peer.socket(), "<message/>");
    until(() -> peer.transport().receivedBytes() == STARTTLS.length() + 10);
    assertThatThrownBy(() -> peer.transport().startTls(server(), Octets.utf8(PROCEED)))
        .isInstanceOf(PlaintextAfterStartTlsException.class);
    assertEnded(peer.socket());
    assertThatThrownBy(() -> peer.transport().take())
        .isInstanceOf(PlaintextAfterStartTlsException.class);
    assertThat(get(peer.transport().closed())).isInstanceOf(PlaintextAfterStartTlsException.class);
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void aClientHelloBeforeProceedIsFatalToo(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    say(peer.socket(), STARTTLS);
    expect(peer.transport(), STARTTLS);
    byte[] hello = clientHello();
    peer.socket().getOutputStream().write(hello);
    until(() -> peer.transport().receivedBytes() == STARTTLS.length() + hello.length);
    assertThatThrownBy(() -> peer.transport().startTls(server(), Octets.utf8(PROCEED)))
        .isInstanceOf(PlaintextAfterStartTlsException.class);
    assertEnded(peer.socket());
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void cleartextAfterProceedOnAServerIsFatal(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting = startAsServer(peer.transport());
    say(peer.socket(), STARTTLS);
    assertThat(hear(peer.socket(), PROCEED.length())).isEqualTo(PROCEED);
    say(peer.socket(), "<message from='evil.example'/>");
    assertThatThrownBy(() -> get(starting))
        .isInstanceOfSatisfying(
            TlsFailedException.class,
            e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.NOT_TLS));
    assertThatIOException().isThrownBy(() -> peer.transport().take());
    assertThat(peer.transport().receivedBytes()).isEqualTo(STARTTLS.length());
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void cleartextBehindAClientHelloIsNeverReadAsData(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting = startAsServer(peer.transport());
    say(peer.socket(), STARTTLS);
    assertThat(hear(peer.socket(), PROCEED.length())).isEqualTo(PROCEED);
    byte[] evil = "<message from='evil.example'/>".getBytes(UTF_8);
    byte[] hello = clientHello();
    byte[] segment = Arrays.copyOf(hello, hello.length + evil.length);
    System.arraycopy(evil, 0, segment, hello.length, evil.length);
    peer.socket().getOutputStream().write(segment);
    assertThatThrownBy(() -> get(starting)).isInstanceOf(TlsFailedException.class);
    assertThat(peer.transport().receivedBytes()).isEqualTo(STARTTLS.length());
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void injectionThatRacesProceedIsNeverReadOnAServer(TlsProvider provider) throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    for (int round = 0; round < 100; round++) {
      Accepted peer = bench.accept(network);
      CompletableFuture<TlsSession> starting =
          async(
              () -> {
                String heard = hear(peer.transport(), STARTTLS.length());
                if (heard.length() > STARTTLS.length()) {
                  throw new PlaintextAfterStartTlsException(heard.length()); // as a stream would
                }
                return peer.transport().startTls(server(), Octets.utf8(PROCEED));
              });
      say(peer.socket(), STARTTLS);
      for (int spin = 0; spin < round * 20; spin++) {
        Thread.onSpinWait();
      }
      say(peer.socket(), "<message from='evil.example'/>");
      assertThatIOException().isThrownBy(() -> get(starting));
      peer.transport().abort(null);
      get(peer.transport().closed());
      assertThatIOException()
          .isThrownBy(() -> assertThat(peer.transport().take()).as("injected").isNotNull());
      peer.socket().close();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void cleartextBehindProceedIsFatalOnAClient(TlsProvider provider) throws Exception {
    Accepted peer = bench.dial(bench.network(Wire.EPOLL, provider));
    say(peer.transport(), STARTTLS);
    say(peer.socket(), PROCEED);
    expect(peer.transport(), PROCEED);
    say(peer.socket(), "<stream:features/>");
    until(() -> peer.transport().receivedBytes() > PROCEED.length());
    assertThatThrownBy(() -> peer.transport().startTls(client(), null))
        .isInstanceOf(PlaintextAfterStartTlsException.class);
    assertThatThrownBy(() -> peer.transport().take())
        .isInstanceOf(PlaintextAfterStartTlsException.class);
    // Not even a ClientHello went out.
    byte[] heard = new byte[STARTTLS.length()];
    assertThat(peer.socket().getInputStream().readNBytes(heard, 0, heard.length))
        .isLessThanOrEqualTo(heard.length);
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-10")
  void cleartextInPlaceOfTheServerHelloIsFatalOnAClient(TlsProvider provider) throws Exception {
    Accepted peer = bench.dial(bench.network(Wire.EPOLL, provider));
    say(peer.transport(), STARTTLS);
    say(peer.socket(), PROCEED);
    expect(peer.transport(), PROCEED);
    CompletableFuture<TlsSession> starting = async(() -> peer.transport().startTls(client(), null));
    InputStream in = peer.socket().getInputStream();
    assertThat(new String(in.readNBytes(STARTTLS.length()), UTF_8)).isEqualTo(STARTTLS);
    assertThat(in.read()).isEqualTo(22);
    say(peer.socket(), "<stream:features/>");
    assertThatThrownBy(() -> get(starting))
        .isInstanceOfSatisfying(
            TlsFailedException.class,
            e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.NOT_TLS));
    assertThat(peer.transport().receivedBytes()).isEqualTo(PROCEED.length());
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-09")
  void nothingButTheHandshakeFollowsProceedInTheClear(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting = startAsServer(peer.transport());
    say(peer.socket(), STARTTLS);
    assertThat(hear(peer.socket(), PROCEED.length())).isEqualTo(PROCEED);
    say(peer.transport(), "<too-early/>");
    peer.socket().getOutputStream().write(clientHello());
    byte[] answer = peer.socket().getInputStream().readNBytes(6);
    assertThat(answer[0]).isEqualTo((byte) 22); // a handshake record
    assertThat(answer[5]).isEqualTo((byte) 2); // with a ServerHello
    peer.socket().close();
    assertThatIOException().isThrownBy(() -> get(starting));
  }

  // Ends.

  @ParameterizedTest
  @MethodSource("bothSides")
  @Clause("S2S-CLS-04")
  void anEndWithoutCloseNotifyIsATruncation(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> serverSide = startAsServer(ends.server());
    say(ends.client(), STARTTLS);
    expect(ends.client(), PROCEED);
    ends.client().startTls(client(), null);
    get(serverSide);
    say(ends.client(), "the start of");
    ends.client().execute(((NettyTransport) ends.client())::sendFin);
    expect(ends.server(), "the start of");
    assertThatIOException()
        .isThrownBy(() -> ends.server().take())
        .withMessageContaining("close_notify");
    assertThat(get(ends.server().closed())).hasMessageContaining("close_notify");
  }

  @ParameterizedTest
  @MethodSource("bothSides")
  @Clause("S2S-CLS-03")
  void closeSendsCloseNotifyAndAwaitsThePeers(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> serverSide = startAsServer(ends.server());
    say(ends.client(), STARTTLS);
    expect(ends.client(), PROCEED);
    ends.client().startTls(client(), null);
    get(serverSide);
    ends.client().close();
    assertThat(ends.server().take()).isNull(); // not a truncation: it was said
    ends.server().close();
    assertThat(get(ends.client().closed())).isNull();
    assertThat(get(ends.server().closed())).isNull();
  }

  @ParameterizedTest
  @MethodSource("bothSidesOverTcp")
  @Clause("S2S-CLS-03")
  void thePeersCloseNotifyIsAwaitedWithABound(Wire wire, TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(wire, left, right);
    CompletableFuture<TlsSession> serverSide = startAsServer(ends.server());
    say(ends.client(), STARTTLS);
    expect(ends.client(), PROCEED);
    ends.client().startTls(client(), null);
    get(serverSide);
    ends.server().pauseReading(); // as good as gone
    Bench.afterLoop(ends.server());
    ends.client().close();
    Bench.afterLoop(ends.client());
    bench.timers.advance(Duration.ofMillis(4_999));
    Bench.afterLoop(ends.client());
    assertThat(ends.client().closed()).isNotDone();
    bench.timers.advance(Duration.ofMillis(1));
    assertThat(get(ends.client().closed())).isNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-13")
  void aFailedHandshakeEndsTheConnectionWithoutXml(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting = startAsServer(peer.transport());
    say(peer.socket(), STARTTLS);
    assertThat(hear(peer.socket(), PROCEED.length())).isEqualTo(PROCEED);
    byte[] hello = clientHello();
    Arrays.fill(hello, 9, hello.length, (byte) 0xff);
    peer.socket().getOutputStream().write(hello);
    assertThatThrownBy(() -> get(starting)).isInstanceOf(TlsFailedException.class);
    byte[] rest = peer.socket().getInputStream().readAllBytes();
    assertThat(new String(rest, UTF_8)).doesNotContain("<");
    if (rest.length > 0) {
      assertThat(rest[0]).isEqualTo((byte) 21); // an alert
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TCP-15")
  void aDeadlineEndsAHandshakeThatStalls(TlsProvider provider) throws Exception {
    Accepted server = bench.accept(bench.network(Wire.EPOLL, provider));
    Accepted client = bench.dial(bench.network(Wire.EPOLL, provider));
    Deadline deadline = Deadline.start(bench.timers, Duration.ofSeconds(60));
    deadline.guard(server.transport());
    deadline.guard(client.transport());
    deadline.step("TLS");
    CompletableFuture<TlsSession> one = startAsServer(server.transport());
    say(server.socket(), STARTTLS);
    assertThat(hear(server.socket(), PROCEED.length())).isEqualTo(PROCEED);
    server.socket().getOutputStream().write(clientHello(), 0, 100);
    CompletableFuture<TlsSession> other = async(() -> client.transport().startTls(client(), null));
    assertThat(client.socket().getInputStream().read()).isEqualTo(22);
    bench.timers.advance(Duration.ofSeconds(60));
    for (CompletableFuture<TlsSession> starting : List.of(one, other)) {
      assertThatThrownBy(() -> get(starting))
          .isInstanceOfSatisfying(
              OutOfTimeException.class, e -> assertThat(e.step()).isEqualTo("TLS"));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void anEndDuringTheHandshakeIsToldAsSuch(TlsProvider provider) throws Exception {
    for (boolean half : new boolean[] {true, false}) {
      Accepted peer = bench.dial(bench.network(Wire.EPOLL, provider));
      CompletableFuture<TlsSession> starting =
          async(() -> peer.transport().startTls(client(), null));
      assertThat(peer.socket().getInputStream().read()).isEqualTo(22);
      if (half) {
        peer.socket().shutdownOutput();
      } else {
        peer.socket().setSoLinger(true, 0);
        peer.socket().close();
      }
      assertThatThrownBy(() -> get(starting))
          .isInstanceOfSatisfying(
              TlsFailedException.class,
              e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.CONNECTION_ENDED));
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void tlsAfterTheEndFails(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    ends.client().close();
    assertThat(ends.server().take()).isNull();
    assertThatThrownBy(() -> ends.server().startTls(server(), null))
        .isInstanceOf(TlsFailedException.class);
    assertThatIOException().isThrownBy(() -> ends.client().startTls(client(), null));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void tlsStartsOnce(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    CompletableFuture<TlsSession> starting = async(() -> ends.server().startTls(server(), null));
    ends.client().startTls(client(), null);
    get(starting);
    assertThatIllegalStateException().isThrownBy(() -> ends.client().startTls(client(), null));
  }

  private static void assertEnded(Socket socket) {
    try {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("reset");
    }
  }

  /** A first flight as any TLS client sends it. */
  static byte[] clientHello() throws Exception {
    SSLEngine engine = javax.net.ssl.SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    ByteBuffer hello = ByteBuffer.allocate(32 << 10);
    engine.wrap(ByteBuffer.allocate(0), hello);
    return Arrays.copyOf(hello.array(), hello.position());
  }
}
