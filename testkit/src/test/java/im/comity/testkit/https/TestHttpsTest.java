package im.comity.testkit.https;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Pause;
import im.comity.testkit.TrustingSocket;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.KeyKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.jcajce.JcaCertificateID;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TestHttpsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final TestCa CA = TestCa.root("Web Root", InstantSource.system());
  private static final TestCertificate GAMMA = CA.issue("gamma.example");
  private static final String POSH = "/.well-known/posh/xmpp-server.json";

  private static SSLSocket connect(TestHttps server, String host) throws Exception {
    return TrustingSocket.connect(server.address(), host, CA.certificate());
  }

  /** A socket that keeps what it received. */
  private static final class Recording extends Socket {
    private final ByteArrayOutputStream seen;

    Recording(InetSocketAddress address, ByteArrayOutputStream seen) throws IOException {
      super(address.getAddress(), address.getPort());
      this.seen = seen;
    }

    @Override
    public InputStream getInputStream() throws IOException {
      return new FilterInputStream(super.getInputStream()) {
        @Override
        public int read() throws IOException {
          int octet = super.read();
          if (octet >= 0) {
            seen.write(octet);
          }
          return octet;
        }

        @Override
        public int read(byte[] into, int at, int length) throws IOException {
          int got = super.read(into, at, length);
          if (got > 0) {
            seen.write(into, at, got);
          }
          return got;
        }
      };
    }
  }

  private static String get(String host, String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nX-Test: one\r\n\r\n";
  }

  private static String fetch(TestHttps server, String host, String path) throws Exception {
    try (SSLSocket socket = connect(server, host)) {
      return exchange(socket, get(host, path));
    }
  }

  private static String exchange(Socket socket, String request) throws IOException {
    return new String(
        exchange(socket, request.getBytes(StandardCharsets.ISO_8859_1)),
        StandardCharsets.ISO_8859_1);
  }

  private static byte[] exchange(Socket socket, byte[] request) throws IOException {
    socket.getOutputStream().write(request);
    socket.getOutputStream().flush();
    return socket.getInputStream().readAllBytes();
  }

  private static TestHttps.Builder anywhere() {
    return TestHttps.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  @Test
  void aDocumentIsServedAtItsHostAndPathAlone() throws Exception {
    try (TestHttps server = TestHttps.start(CA.issue("*.example"))) {
      server.on("Gamma.Example", POSH, HttpAnswer.json("{\"expires\":60}"));
      server.on("*", "/anywhere", HttpAnswer.ok("text/plain", "here"));
      assertThat(fetch(server, "gamma.example", POSH))
          .startsWith("HTTP/1.1 200 ")
          .contains("\r\nContent-Type: application/json\r\n")
          .contains("\r\nContent-Length: 14\r\n")
          .contains("\r\nConnection: close\r\n")
          .endsWith("\r\n\r\n{\"expires\":60}");
      assertThat(fetch(server, "delta.example", POSH)).startsWith("HTTP/1.1 404 ");
      assertThat(fetch(server, "gamma.example", POSH + "?x")).startsWith("HTTP/1.1 404 ");
      assertThat(fetch(server, "delta.example", "/anywhere")).endsWith("\r\n\r\nhere");
    }
  }

  @Test
  void theCertificateIsThatOfTheHostAskedFor() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      TestCertificate delta =
          CA.issue(CertificateSpec.server("delta.example").key(KeyKind.RSA_2048));
      server.certificate("Delta.Example", delta);
      for (TestCertificate wanted : List.of(GAMMA, delta)) {
        String host = wanted == delta ? "delta.example" : "gamma.example";
        try (SSLSocket socket = connect(server, host)) {
          assertThat(socket.getSession().getPeerCertificates()[0]).isEqualTo(wanted.certificate());
        }
      }
      assertThatThrownBy(() -> connect(server, "other.example")).isInstanceOf(SSLException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXPIRED", "SELF_SIGNED", "WRONG_NAME", "UNKNOWN_ISSUER"})
  void aClientThatLooksRefusesABadCertificate(CertificateKind kind) throws Exception {
    try (TestHttps server = TestHttps.start(CA.issue(kind, "gamma.example"))) {
      server.on("*", POSH, HttpAnswer.json("{}"));
      assertThatThrownBy(() -> fetch(server, "gamma.example", POSH))
          .isInstanceOf(SSLException.class);
      assertThat(server.requests()).isEmpty();
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void answersComeInOrderAndTheLastStays() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      server.on(
          "gamma.example",
          "/",
          new HttpAnswer.Full(503, Map.of(), new byte[0]),
          HttpAnswer.redirect(302, "http://gamma.example/plain"),
          HttpAnswer.json("[]"));
      assertThat(fetch(server, "gamma.example", "/")).startsWith("HTTP/1.1 503 ");
      assertThat(fetch(server, "gamma.example", "/"))
          .startsWith("HTTP/1.1 302 ")
          .contains("\r\nLocation: http://gamma.example/plain\r\n");
      assertThat(fetch(server, "gamma.example", "/")).endsWith("\r\n\r\n[]");
      assertThat(fetch(server, "gamma.example", "/")).endsWith("\r\n\r\n[]");
      server.on("gamma.example", "/", HttpAnswer.NOT_FOUND);
      assertThat(fetch(server, "gamma.example", "/")).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void givenHeadersAreSentAsTheyStand() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      server.on(
          "gamma.example",
          "/",
          new HttpAnswer.Full(
              200,
              Map.of("content-length", "9999", "Cache-Control", "max-age=31536000"),
              new byte[] {'x'}));
      assertThat(fetch(server, "gamma.example", "/"))
          .contains("\r\nCache-Control: max-age=31536000\r\n")
          .containsIgnoringCase("\r\nContent-Length: 9999\r\n")
          .doesNotContain("Content-Length: 1\r\n")
          .endsWith("\r\n\r\nx");
    }
  }

  @Test
  void theLogTellsWhoAskedForWhat() throws Exception {
    Instant now = Instant.parse("2026-11-20T12:00:00Z");
    try (TestHttps server = anywhere().time(Clock.fixed(now, ZoneOffset.UTC)).start(GAMMA)) {
      try (SSLSocket socket = connect(server, "gamma.example")) {
        exchange(
            socket,
            "POST /a?b=c HTTP/1.1\r\nHost: GAMMA.example:8443\r\nX-Test:  two \r\n"
                + "Content-Length: 3\r\n\r\nabc");
      }
      HttpRequest request = server.awaitRequests(1, PATIENCE).getFirst();
      assertThat(request.method()).isEqualTo("POST");
      assertThat(request.path()).isEqualTo("/a?b=c");
      assertThat(request.host()).isEqualTo("gamma.example");
      assertThat(request.headers()).containsEntry("x-test", "two");
      assertThat(request.body()).asString().isEqualTo("abc");
      assertThat(request.serverName()).isEqualTo("gamma.example");
      assertThat(request.at()).isEqualTo(now);
      assertThat(request.client().getAddress().isLoopbackAddress()).isTrue();
      assertThatThrownBy(() -> server.awaitRequests(2, Duration.ofMillis(1)))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("1 of 2 requests");
    }
  }

  @Test
  void aHeadRequestGetsTheHeadAlone() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA);
        SSLSocket socket = connect(server, "gamma.example")) {
      server.on("gamma.example", "/", HttpAnswer.json("[1]"));
      assertThat(exchange(socket, "HEAD / HTTP/1.1\r\nHost: gamma.example\r\n\r\n"))
          .contains("Content-Length: 3")
          .endsWith("\r\n\r\n");
    }
  }

  @Test
  void aSlowBodyPausesBeforeEachPiece() throws Exception {
    LinkedBlockingQueue<Duration> pauses = new LinkedBlockingQueue<>();
    try (TestHttps server = anywhere().pause(pauses::add).start(GAMMA)) {
      Duration second = Duration.ofSeconds(1);
      server.on("*", "/", new HttpAnswer.Slow(HttpAnswer.ok("text/plain", "abcde"), 2, second));
      assertThat(fetch(server, "gamma.example", "/")).endsWith("\r\n\r\nabcde");
      assertThat(pauses).containsExactly(second, second, second);
    }
  }

  @Test
  void aSlowBodyStandsStillBetweenPieces() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    LinkedBlockingQueue<Duration> pauses = new LinkedBlockingQueue<>();
    Pause pause =
        time -> {
          pauses.add(time);
          if (pauses.size() > 1) {
            over.await();
          }
        };
    try (TestHttps server = anywhere().pause(pause).start(GAMMA);
        SSLSocket socket = connect(server, "gamma.example")) {
      server.on("*", "/", new HttpAnswer.Slow(HttpAnswer.ok("text/plain", "ab"), 1, PATIENCE));
      socket.getOutputStream().write(get("gamma.example", "/").getBytes(StandardCharsets.UTF_8));
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\na")) {
        head.write(socket.getInputStream().read());
      }
      socket.setSoTimeout(1);
      InputStream in = socket.getInputStream();
      assertThatThrownBy(in::read).isInstanceOf(IOException.class);
      over.countDown();
      socket.setSoTimeout((int) PATIENCE.toMillis());
      assertThat(in.readAllBytes()).asString().isEqualTo("b");
    }
  }

  @Test
  void anEndlessBodyEndsOnlyWithTheClient() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA);
        SSLSocket socket = connect(server, "gamma.example")) {
      server.on("*", "/", new HttpAnswer.Endless(200, Map.of("Content-Type", "text/plain")));
      socket.getOutputStream().write(get("gamma.example", "/").getBytes(StandardCharsets.UTF_8));
      byte[] much = socket.getInputStream().readNBytes(1_000_000);
      assertThat(much).hasSize(1_000_000);
      assertThat(new String(much, StandardCharsets.ISO_8859_1))
          .doesNotContain("Content-Length")
          .endsWith("xxxxxxxx");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 60, 1_000_000})
  void aCutAnswerEndsEarly(int after) throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      HttpAnswer.Full whole = HttpAnswer.ok("text/plain", "b".repeat(100));
      server.on("*", "/", new HttpAnswer.Cut(whole, after), whole);
      String cut = fetch(server, "gamma.example", "/");
      String uncut = fetch(server, "gamma.example", "/");
      assertThat(cut).isEqualTo(uncut.substring(0, Math.min(after, uncut.length())));
    }
  }

  @Test
  void onlyAnAnswerThatIsNotCutEndsWithAFarewell() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      HttpAnswer.Full whole = HttpAnswer.ok("text/plain", "b".repeat(100));
      server.on("*", "/", new HttpAnswer.Cut(whole, 1000), whole);
      byte alert = 21;
      assertThat(recordTypes(server)).doesNotContain(alert);
      assertThat(recordTypes(server)).endsWith(alert);
    }
  }

  /** The types of the TLS records of one answer; by TLS 1.2, which shows them. */
  private static List<Byte> recordTypes(TestHttps server) throws Exception {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    try (SSLSocket socket =
        TrustingSocket.over(
            new Recording(server.address(), seen), "gamma.example", CA.certificate(), "TLSv1.2")) {
      exchange(socket, get("gamma.example", "/"));
    }
    byte[] octets = seen.toByteArray();
    List<Byte> types = new ArrayList<>();
    for (int at = 0; at < octets.length; ) {
      types.add(octets[at]);
      at += 5 + (((octets[at + 3] & 0xff) << 8) | (octets[at + 4] & 0xff));
    }
    return types;
  }

  @Test
  void rawOctetsAndSilenceAreWhatTheySay() throws Exception {
    try (TestHttps server = TestHttps.start(GAMMA)) {
      server.on("*", "/raw", new HttpAnswer.Raw("SSH-2.0-x\r\n".getBytes(StandardCharsets.UTF_8)));
      server.on("*", "/silence", HttpAnswer.SILENCE);
      assertThat(fetch(server, "gamma.example", "/raw")).isEqualTo("SSH-2.0-x\r\n");
      try (SSLSocket socket = connect(server, "gamma.example")) {
        socket
            .getOutputStream()
            .write(get("gamma.example", "/silence").getBytes(StandardCharsets.UTF_8));
        server.awaitRequests(2, PATIENCE);
        socket.setSoTimeout(1);
        InputStream in = socket.getInputStream();
        assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);
      }
    }
  }

  @Test
  void aPlainServerCanBeAnOcspResponder() throws Exception {
    CertificateID id =
        new JcaCertificateID(
            new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
            CA.certificate(),
            GAMMA.certificate().getSerialNumber());
    byte[] question = new OCSPReqBuilder().addRequest(id).build().getEncoded();
    try (TestHttps server = anywhere().startPlain();
        Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
      server.on(
          "*",
          "/ocsp",
          request ->
              new HttpAnswer.Full(
                  200,
                  Map.of("Content-Type", "application/ocsp-response"),
                  CA.answerOcsp(request.body())));
      OutputStream out = socket.getOutputStream();
      out.write(
          "POST /ocsp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
              .formatted(question.length)
              .getBytes(StandardCharsets.UTF_8));
      byte[] answer = exchange(socket, question);
      int body = new String(answer, StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
      OCSPResp read = new OCSPResp(Arrays.copyOfRange(answer, body, answer.length));
      assertThat(read.getStatus()).isEqualTo(OCSPResp.SUCCESSFUL);
      assertThat(server.requests().getFirst().serverName()).isNull();
    }
  }

  @Test
  void headsAndBodiesAreBounded() throws Exception {
    try (TestHttps server = anywhere().startPlain()) {
      assertThat(plain(server, "GET / HTTP/1.1\r\nX: " + "x".repeat(16 * 1024)))
          .startsWith("HTTP/1.1 431 ");
      String post = "POST / HTTP/1.1\r\nHost: a.example\r\n";
      assertThat(plain(server, post + "Content-Length: 65537\r\n\r\n")).startsWith("HTTP/1.1 413 ");
      assertThat(plain(server, post + "Content-Length: -1\r\n\r\n")).startsWith("HTTP/1.1 413 ");
      assertThat(plain(server, post + "Content-Length: x\r\n\r\n")).startsWith("HTTP/1.1 413 ");
      assertThat(plain(server, post + "Transfer-Encoding: chunked\r\n\r\n"))
          .startsWith("HTTP/1.1 413 ");
      assertThat(server.requests()).isEmpty();
      assertThat(plain(server, post + "Content-Length: 65536\r\n\r\n" + "x".repeat(65536)))
          .startsWith("HTTP/1.1 404 ");
      assertThat(plain(server, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"))
          .startsWith("HTTP/1.1 404 ");
      assertThat(server.requests().getLast().host()).isEqualTo("[::1]");
      assertThat(plain(server, "nonsense\r\n\r\n")).startsWith("HTTP/1.1 404 ");
    }
  }

  private static String plain(TestHttps server, String request) throws IOException {
    try (Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
      return exchange(socket, request);
    }
  }

  @Test
  void theLogKeepsTheNewest() throws Exception {
    try (TestHttps server = anywhere().startPlain()) {
      plain(server, get("old.example", "/"));
      for (int i = 0; i < 4096; i++) {
        plain(server, get("new.example", "/"));
      }
      assertThat(server.requests())
          .hasSize(4096)
          .allMatch(request -> request.host().equals("new.example"));
    }
  }

  @Test
  void connectionsAboveTheBoundAreClosedAtOnce() throws Exception {
    try (TestHttps server = anywhere().startPlain()) {
      server.on("*", "/", HttpAnswer.SILENCE);
      List<Socket> sockets = new ArrayList<>();
      try {
        for (int i = 1; i <= 128; i++) {
          Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
          sockets.add(socket);
          socket.getOutputStream().write(get("a.example", "/").getBytes(StandardCharsets.UTF_8));
          server.awaitRequests(i, PATIENCE);
        }
        Socket beyond = new Socket(server.address().getAddress(), server.address().getPort());
        sockets.add(beyond);
        assertThat(beyond.getInputStream().read()).isEqualTo(-1);
      } finally {
        for (Socket socket : sockets) {
          socket.close();
        }
      }
    }
  }

  @Test
  void closingEndsTheThreadsEvenOfAnswersInTheMaking() throws Exception {
    LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    CountDownLatch never = new CountDownLatch(1);
    Pause pause =
        time -> {
          threads.add(Thread.currentThread());
          never.await();
        };
    TestHttps server = anywhere().pause(pause).startPlain();
    server.on("*", "/", new HttpAnswer.Slow(HttpAnswer.json("[]"), 1, PATIENCE));
    server.on(
        "*",
        "/silence",
        request -> {
          threads.add(Thread.currentThread());
          return HttpAnswer.SILENCE;
        });
    server.on(
        "*",
        "/endless",
        request -> {
          threads.add(Thread.currentThread());
          return new HttpAnswer.Endless(200, Map.of());
        });
    List<Socket> sockets = new ArrayList<>();
    List<Thread> busy = new ArrayList<>();
    for (String path : List.of("/", "/silence", "/endless")) {
      Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
      sockets.add(socket);
      socket.getOutputStream().write(get("a.example", path).getBytes(StandardCharsets.UTF_8));
      busy.add(threads.poll(20, TimeUnit.SECONDS));
    }
    InetSocketAddress address = server.address();
    server.close();
    assertThat(busy).hasSize(3).doesNotContainNull().noneMatch(Thread::isAlive);
    server.close();
    TestHttps.at(address).startPlain().close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Test
  void wrongSettingsAreRefused() {
    assertThatThrownBy(
            () -> TestHttps.at(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HttpAnswer.Full(99, Map.of(), new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HttpAnswer.Endless(1000, Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HttpAnswer.Slow(HttpAnswer.NOT_FOUND, 0, PATIENCE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HttpAnswer.Cut(HttpAnswer.NOT_FOUND, -1))
        .isInstanceOf(IllegalArgumentException.class);
    try (TestHttps server = anywhere().startPlain()) {
      assertThatThrownBy(() -> server.on("*", "/", new HttpAnswer[0]))
          .isInstanceOf(IllegalArgumentException.class);
      TestHttps.Builder same = TestHttps.at(server.address());
      assertThatThrownBy(same::startPlain).isInstanceOf(UncheckedIOException.class);
    }
  }
}
