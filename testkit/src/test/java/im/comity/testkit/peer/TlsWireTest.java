package im.comity.testkit.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Fault;
import im.comity.testkit.Fault.Point;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.Pipe;
import im.comity.testkit.peer.TlsOptions.ClientCertificate;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakChecked.class)
class TlsWireTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final SelfSigned NORTH = SelfSigned.of("north.example");
  private static final SelfSigned SOUTH = SelfSigned.of("south.example");

  private final Pipe pipe = new Pipe();
  private final TlsOptions client = TlsOptions.client(NORTH.context(), "south.example");
  private final TlsOptions server = TlsOptions.server(SOUTH.context());

  /** Both ends after the handshake. */
  private record Ends(Wire client, Wire server) {}

  private static CompletableFuture<Wire> handshake(Wire wire, TlsOptions options) {
    CompletableFuture<Wire> result = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            result.complete(wire.startTls(options, PATIENCE));
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  private Ends connect(TlsOptions client, TlsOptions server) throws Exception {
    CompletableFuture<Wire> left = handshake(Wire.of(pipe.left()), client);
    CompletableFuture<Wire> right = handshake(Wire.of(pipe.right()), server);
    return new Ends(left.get(10, TimeUnit.SECONDS), right.get(10, TimeUnit.SECONDS));
  }

  private static void write(Wire wire, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    wire.write(bytes, 0, bytes.length, PATIENCE);
  }

  private static String read(Wire wire) throws IOException {
    byte[] bytes = new byte[1000];
    int count = wire.read(bytes, 0, bytes.length, PATIENCE);
    return count < 0 ? null : new String(bytes, 0, count, UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void bothSidesKnowTheFactsAndTalkBothWays(String version) throws Exception {
    Ends ends =
        connect(
            client.alpn("h2", "xmpp-server").protocols(version),
            server.alpn("xmpp-server", "xmpp-client"));
    TlsFacts ofClient = ends.client.tls();
    assertThat(ofClient.protocol()).isEqualTo(version);
    assertThat(ofClient.cipherSuite()).startsWith("TLS_");
    assertThat(ofClient.alpn()).isEqualTo("xmpp-server");
    assertThat(ofClient.alpnOffered()).containsExactly("h2", "xmpp-server");
    assertThat(ofClient.serverName()).isEqualTo("south.example");
    assertThat(ofClient.peerCertificates()).containsExactly(SOUTH.certificate());
    TlsFacts ofServer = ends.server.tls();
    assertThat(ofServer.protocol()).isEqualTo(version);
    assertThat(ofServer.alpn()).isEqualTo("xmpp-server");
    assertThat(ofServer.alpnOffered()).containsExactly("h2", "xmpp-server");
    assertThat(ofServer.serverName()).isEqualTo("south.example");
    assertThat(ofServer.peerCertificates()).containsExactly(NORTH.certificate());

    write(ends.client, "to the server");
    write(ends.server, "to the client");
    assertThat(read(ends.server)).isEqualTo("to the server");
    assertThat(read(ends.client)).isEqualTo("to the client");
  }

  @Test
  void withoutNamesCertificatesAndAlpnTheFactsSaySo() throws Exception {
    Ends ends =
        connect(TlsOptions.client(TlsOptions.anonymous(), null), server.alpn("xmpp-server"));
    assertThat(ends.server.tls().serverName()).isNull();
    assertThat(ends.server.tls().alpn()).isNull();
    assertThat(ends.server.tls().alpnOffered()).isEmpty();
    assertThat(ends.server.tls().peerCertificates()).isEmpty();
    assertThat(ends.client.tls().serverName()).isNull();
    assertThat(ends.client.tls().alpn()).isNull();
  }

  @Test
  void aServerWithoutAlpnPassesOverWhatIsOffered() throws Exception {
    Ends ends = connect(client.alpn("xmpp-server"), server);
    assertThat(ends.server.tls().alpn()).isNull();
    assertThat(ends.server.tls().alpnOffered()).containsExactly("xmpp-server");
  }

  @Test
  void noCommonAlpnFailsTheHandshakeOnBothSides() {
    CompletableFuture<Wire> left = handshake(Wire.of(pipe.left()), client.alpn("h2"));
    CompletableFuture<Wire> right = handshake(Wire.of(pipe.right()), server.alpn("xmpp-server"));
    assertThatThrownBy(() -> right.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(SSLException.class);
    assertThatThrownBy(() -> left.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(SSLException.class)
        .hasMessageContaining("no_application_protocol");
  }

  @Test
  void aCertificateThatIsNotAskedForIsNotShown() throws Exception {
    Ends ends = connect(client, server.clientCertificate(ClientCertificate.UNASKED));
    assertThat(ends.server.tls().peerCertificates()).isEmpty();
  }

  @Test
  void aCertificateThatIsNeededAndMissingFailsTheServerAndThenTheClient() throws Exception {
    TlsOptions anonymous = TlsOptions.client(TlsOptions.anonymous(), "south.example");
    CompletableFuture<Wire> left = handshake(Wire.of(pipe.left()), anonymous);
    CompletableFuture<Wire> right =
        handshake(Wire.of(pipe.right()), server.clientCertificate(ClientCertificate.NEEDED));
    assertThatThrownBy(() -> right.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(SSLException.class);
    Wire client = left.get(10, TimeUnit.SECONDS);
    assertThatThrownBy(() -> read(client)).isInstanceOf(SSLException.class);
  }

  @Test
  void whatIsNotTlsFailsTheHandshake() throws Exception {
    CompletableFuture<Wire> right = handshake(Wire.of(pipe.right()), server);
    write(Wire.of(pipe.left()), "<stream:stream>");
    assertThatThrownBy(() -> right.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(SSLException.class);
  }

  @Test
  void anEndDuringTheHandshakeFailsIt() {
    CompletableFuture<Wire> left = handshake(Wire.of(pipe.left()), client);
    pipe.right().close();
    assertThatThrownBy(() -> left.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(IOException.class);
  }

  @Test
  void aPatienceThatEndsDuringAReadLeavesTheWireUsable() throws Exception {
    Ends ends = connect(client, server);
    byte[] one = new byte[1];
    assertThatThrownBy(() -> ends.client.read(one, 0, 1, Duration.ofMillis(1)))
        .isInstanceOf(SocketTimeoutException.class);
    write(ends.server, "x");
    assertThat(read(ends.client)).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void anOrderlyEndIsToldFromACutOne(String version) throws Exception {
    Ends ends = connect(client.protocols(version), server);
    write(ends.client, "last");
    ends.client.closeOutput();
    assertThat(read(ends.server)).isEqualTo("last");
    assertThat(read(ends.server)).isNull();
    assertThat(read(ends.server)).isNull();

    ends.server.cutOutput();
    assertThatThrownBy(() -> read(ends.client))
        .isInstanceOf(EOFException.class)
        .hasMessageContaining("close_notify");
  }

  @Test
  void afterTheOtherSidesCloseNotifyTls13CanStillBeWritten() throws Exception {
    Ends ends = connect(client, server);
    ends.client.closeOutput();
    assertThat(read(ends.server)).isNull();
    write(ends.server, "still");
    assertThat(read(ends.client)).isEqualTo("still");
    assertThatThrownBy(() -> write(ends.client, "no more")).isInstanceOf(IOException.class);
  }

  @Test
  void closingSaysCloseNotify() throws Exception {
    Ends ends = connect(client, server);
    ends.client.close();
    assertThat(read(ends.server)).isNull();
  }

  @Test
  void aResetIsAReset() throws Exception {
    Ends ends = connect(client, server);
    ends.client.reset();
    assertThatThrownBy(() -> read(ends.server)).isInstanceOf(SocketException.class);
  }

  @Test
  void aMegabyteArrivesThroughANarrowPipe() throws Exception {
    pipe.left().capacity(1000);
    pipe.right().capacity(1000);
    Ends ends = connect(client, server);
    byte[] sent = new byte[1 << 20];
    new Random(1).nextBytes(sent);
    Thread writer =
        Thread.startVirtualThread(
            () -> {
              try {
                ends.client.write(sent, 0, sent.length, PATIENCE);
              } catch (IOException e) {
                // The reader sees too few bytes.
                pipe.left().close();
              }
            });
    byte[] received = new byte[sent.length];
    for (int at = 0; at < received.length; ) {
      int count = ends.server.read(received, at, received.length - at, PATIENCE);
      assertThat(count).isPositive();
      at += count;
    }
    assertThat(Arrays.equals(received, sent)).isTrue();
    assertThat(writer.join(PATIENCE)).isTrue();
  }

  @Test
  void aHandshakeByteByByteIsAHandshake() throws Exception {
    pipe.left().fault(new Fault.Trickle(Point.afterBytes(0)));
    pipe.right().fault(new Fault.Trickle(Point.afterBytes(0)));
    Ends ends = connect(client, server);
    write(ends.client, "slow");
    assertThat(read(ends.server)).isEqualTo("slow");
  }

  @Test
  void aWriteIsOneWriteOfTheWireBelow() throws Exception {
    Ends ends = connect(client, server);
    long before = pipe.left().writes();
    write(ends.client, "x".repeat(100_000).substring(0, 40_000));
    assertThat(pipe.left().writes()).isEqualTo(before + 1);
  }

  @Test
  void garbageInTheStreamFailsTheReader() throws Exception {
    Ends ends = connect(client, server);
    pipe.left().fault(new Fault.Garbage(Point.afterBytes(pipe.left().bytesWritten() + 10), 5, 1));
    write(ends.client, "x".repeat(100));
    assertThatThrownBy(() -> read(ends.server)).isInstanceOf(SSLException.class);
  }

  @Test
  void itWorksOverTcpAndWithTheEngineOfAnSslSocket() throws Exception {
    SSLContext context = NORTH.context();
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Wire> served = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try {
              served.complete(Wire.of(listening.accept()).startTls(server, PATIENCE));
            } catch (IOException e) {
              served.completeExceptionally(e);
            }
          });
      try (Socket socket =
          context
              .getSocketFactory()
              .createSocket(listening.getInetAddress(), listening.getLocalPort())) {
        socket.getOutputStream().write("hello".getBytes(UTF_8));
        try (Wire wire = served.get(10, TimeUnit.SECONDS)) {
          assertThat(read(wire)).isEqualTo("hello");
          write(wire, "hello yourself");
          assertThat(new String(socket.getInputStream().readNBytes(14), UTF_8))
              .isEqualTo("hello yourself");
        }
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
    }
  }
}
