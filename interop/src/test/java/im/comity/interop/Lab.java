package im.comity.interop;

import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import im.comity.testkit.tls.TestCa;
import im.comity.transport.ListenOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** The internet of a play: a signed zone {@code test.}, a CA, free ports and a folder. */
final class Lab implements AutoCloseable {
  final TestCa ca = TestCa.root("Play CA", InstantSource.system());
  final Path folder;
  private final TestDnsServer dns;
  private final Map<String, String> records = new TreeMap<>();
  private final Map<String, Integer> ports = new ConcurrentHashMap<>();

  Lab(String play) throws IOException {
    folder = Path.of("target", "plays", play).toAbsolutePath();
    Files.createDirectories(folder);
    dns = TestDnsServer.start(zones());
    ca.write(folder.resolve("ca.pem"));
  }

  int dnsPort() {
    return dns.address().getPort();
  }

  TestDnsServer dns() {
    return dns;
  }

  /** Says where a domain is served; 0 leaves a service out. */
  synchronized void publish(String domain, int starttls, int directTls) {
    String name = domain + ".";
    StringBuilder lines = new StringBuilder();
    if (starttls != 0) {
      lines.append("_xmpp-server._tcp." + name + " 5 IN SRV 5 1 " + starttls + " localhost.\n");
    }
    if (directTls != 0) {
      lines.append("_xmpps-server._tcp." + name + " 5 IN SRV 1 1 " + directTls + " localhost.\n");
    }
    records.put(domain, lines.toString());
    dns.serve(zones());
  }

  private ZoneSet zones() {
    return ZoneSet.of(
        InstantSource.system(),
        TestZone.of("test.", "@ 5 IN TXT \"plays\"\n" + String.join("", records.values())).sign(),
        TestZone.of("localhost.", "@ 5 IN A 127.0.0.1\n"));
  }

  /** Where to listen for a purpose: the same again after a restart, as with servers in earnest. */
  ListenOptions listenAt(String purpose) {
    int port = ports.computeIfAbsent(purpose, _ -> freePort());
    return ListenOptions.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
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
