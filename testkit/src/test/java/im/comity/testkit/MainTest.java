package im.comity.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.tls.TestCa;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

@Timeout(120)
class MainTest {
  @TempDir Path directory;

  private record Result(int status, String out, String err) {}

  private static Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        Main.run(
            List.of(args),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new CountDownLatch(0));
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A command that serves, with its lines as they come. */
  private static final class Running implements AutoCloseable {
    final BufferedReader lines;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CompletableFuture<Integer> status;

    Running(String... args) throws IOException {
      PipedOutputStream pipe = new PipedOutputStream();
      lines =
          new BufferedReader(
              new InputStreamReader(new PipedInputStream(pipe, 65_536), StandardCharsets.UTF_8));
      PrintStream out = new PrintStream(pipe, true, StandardCharsets.UTF_8);
      status =
          CompletableFuture.supplyAsync(
              () -> {
                try (out) {
                  return Main.run(List.of(args), out, System.err, stop);
                }
              },
              Thread::startVirtualThread);
    }

    InetSocketAddress address(String line) {
      int colon = line.lastIndexOf(':');
      return new InetSocketAddress(
          InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(line.substring(colon + 1)));
    }

    @Override
    public void close() {
      stop.countDown();
      assertThat(status.orTimeout(20, TimeUnit.SECONDS).join()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "''                                   | a command is missing",
        "frobnicate                           | unknown command: frobnicate",
        "dns                                  | zone file is missing",
        "dns --listen                         | address is missing",
        "dns --listen 127.0.0.1:1             | zone file is missing",
        "dns --listen 127.0.0.1 zones         | not of the form ADDRESS:PORT: 127.0.0.1",
        "dns --listen localhost:1 zones       | not of the form ADDRESS:PORT: localhost:1",
        "dns --listen 127.0.0.1:70000 zones   | not of the form ADDRESS:PORT: 127.0.0.1:70000",
        "dns --listen 192.0.2.1:53 zones      | not a loopback address: 192.0.2.1:53",
        "dns --frob zones                     | unknown or misplaced option: --frob",
        "dns zones --listen 127.0.0.1:1       | unknown or misplaced option: --listen",
        "ca directory                         | directory or domain is missing",
        "ca --listen directory gamma.example  | unknown or misplaced option: --listen",
        "https directory                      | directory or document is missing",
        "https directory nonsense             | not of the form HOST/PATH=FILE: nonsense",
      })
  void aMistakeIsToldWithTheUsageAndStatus2(String line, String complaint) {
    Result result = run(line.isEmpty() ? new String[0] : line.split(" "));
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith(complaint + "\n").contains("usage: dns ");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void anUnknownKindIsAMistake() {
    Result result = run("ca", directory.toString(), "rotten:gamma.example");
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.err()).startsWith("unknown kind of certificate: rotten\n");
  }

  @Test
  void whatCannotBeReadIsAFailureAndNoMistake() throws Exception {
    Path zone = Files.writeString(directory.resolve("zone"), "$ZONE gamma.example rotten\n");
    Result result = run("dns", zone.toString());
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("line 1: unknown word: rotten\n");
    assertThat(run("dns", directory.resolve("none").toString()).status()).isEqualTo(1);
  }

  @Test
  void dnsServesTheZonesOfItsFilesAndPrintsTheAnchor() throws Exception {
    Path one =
        Files.writeString(directory.resolve("one"), "$ZONE gamma.example signed\n@ A 127.0.0.1\n");
    Path two =
        Files.writeString(
            directory.resolve("two"),
            "$ORIGIN delta.example.\n@ 60 SOA ns a 1 2 3 4 5\n@ A 127.0.0.2\n");
    try (Running running =
        new Running("dns", "--listen", "127.0.0.1:0", one.toString(), two.toString())) {
      String first = running.lines.readLine();
      assertThat(first).matches("dns 127\\.0\\.0\\.1:[0-9]+");
      assertThat(running.lines.readLine()).startsWith("anchor .").contains("DS");
      SimpleResolver resolver = new SimpleResolver(running.address(first));
      for (String name : List.of("gamma.example.", "delta.example.")) {
        Record question = Record.newRecord(Name.fromString(name), Type.A, DClass.IN);
        assertThat(resolver.send(Message.newQuery(question)).getSection(Section.ANSWER)).hasSize(1);
      }
    }
  }

  @Test
  void caWritesCertificatesFromOneRoot() throws Exception {
    Path kept = directory.resolve("new");
    Result result = run("ca", kept.toString(), "gamma.example", "expired:delta.example");
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.out())
        .contains("ca " + kept.resolve("ca.crt") + "\n")
        .contains(
            "certificate %s %s\n"
                .formatted(kept.resolve("gamma.example.crt"), kept.resolve("gamma.example.key")))
        .containsPattern("tlsa gamma\\.example 3 1 1 [0-9a-f]{64}\n")
        .contains("certificate " + kept.resolve("expired.delta.example.crt"));
    String root = Files.readString(kept.resolve("ca.crt"));
    X509Certificate gamma = read(kept.resolve("gamma.example.crt"));
    gamma.verify(read(kept.resolve("ca.crt")).getPublicKey());

    assertThat(run("ca", kept.toString(), "later.example").status()).isZero();
    assertThat(kept.resolve("ca.crt")).hasContent(root);
    X509Certificate later = read(kept.resolve("later.example.crt"));
    later.verify(read(kept.resolve("ca.crt")).getPublicKey());
    assertThat(later.getSerialNumber()).isNotEqualTo(gamma.getSerialNumber());
  }

  @Test
  void aDirectoryWithSomethingElseIsAFailure() throws Exception {
    Files.writeString(directory.resolve("ca.crt"), "nonsense");
    Files.writeString(directory.resolve("ca.key"), "nonsense");
    Result result = run("ca", directory.toString(), "gamma.example");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).startsWith("no authority in ");
  }

  private static X509Certificate read(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  @Test
  void httpsServesFilesByHostAndPath() throws Exception {
    Path document = Files.writeString(directory.resolve("posh.json"), "{\"expires\":60}");
    TestCa ca = TestCa.keptIn(directory, InstantSource.system());
    try (Running running =
        new Running(
            "https",
            directory.toString(),
            "gamma.example/.well-known/posh/xmpp-server.json=" + document)) {
      assertThat(running.lines.readLine()).isEqualTo("ca " + directory.resolve("ca.crt"));
      String line = running.lines.readLine();
      assertThat(line).matches("https 127\\.0\\.0\\.1:[0-9]+");
      InetSocketAddress address = running.address(line);
      try (Socket socket = TrustingSocket.connect(address, "gamma.example", ca.certificate())) {
        socket
            .getOutputStream()
            .write(
                "GET /.well-known/posh/xmpp-server.json HTTP/1.1\r\nHost: gamma.example\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8));
        assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .startsWith("HTTP/1.1 200 ")
            .contains("application/json")
            .endsWith("{\"expires\":60}");
      }
    }
  }
}
