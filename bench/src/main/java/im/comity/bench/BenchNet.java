package im.comity.bench;

import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The internet of a comparison, on loopback: a CA, a DNS server, and a folder to be thrown away.
 */
final class BenchNet implements AutoCloseable {
  final Path folder;
  final Path anchors;
  private final TestCa ca = TestCa.root("Bench CA", InstantSource.system());
  private final NameServer dns;
  private final Map<String, String> records = new TreeMap<>();

  BenchNet(Path folder) throws IOException {
    this.folder = folder.toAbsolutePath();
    Files.createDirectories(this.folder);
    anchors = this.folder.resolve("ca.pem");
    ca.write(anchors);
    dns = NameServer.start();
  }

  int dnsPort() {
    return dns.port();
  }

  /** One certificate that names all these domains. */
  TestCertificate certificate(List<String> domains) {
    return ca.issue(
        CertificateSpec.server(domains.getFirst()).dnsNames(domains.toArray(String[]::new)));
  }

  /** Says where domains are served; a port of 0 leaves its service out. */
  synchronized void publish(List<String> domains, int starttls, int directTls) throws IOException {
    for (String domain : domains) {
      String lines = "";
      if (starttls != 0) {
        lines += "_xmpp-server._tcp." + domain + ". 3600 IN SRV 5 1 " + starttls + " localhost.\n";
      }
      if (directTls != 0) {
        lines +=
            "_xmpps-server._tcp." + domain + ". 3600 IN SRV 1 1 " + directTls + " localhost.\n";
      }
      records.put(domain, lines);
    }
    dns.serve(records.values().stream().flatMap(String::lines).toList());
  }

  /** A port that nobody listens on now. */
  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    dns.close();
  }
}
