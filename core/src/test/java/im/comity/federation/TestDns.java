package im.comity.federation;

import im.comity.address.Domain;
import im.comity.discovery.DnsAnswer;
import im.comity.discovery.DnsRecord;
import im.comity.discovery.RecordType;
import im.comity.discovery.Resolver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** DNS of a test with several sites: servers are {@code localhost} with ports, unless told. */
final class TestDns implements Resolver {
  private static final Duration TTL = Duration.ofMinutes(5);
  private final Map<String, List<DnsRecord>> services = new ConcurrentHashMap<>();
  private final Map<String, InetAddress> hosts = new ConcurrentHashMap<>();
  private volatile CompletableFuture<Void> open = CompletableFuture.completedFuture(null);

  /** Answers nothing until {@link #release}: attempts that begin now stay at their beginning. */
  void hold() {
    open = new CompletableFuture<>();
  }

  /** Answers what was asked since {@link #hold}, and goes on. */
  void release() {
    open.complete(null);
  }

  void serve(Domain domain, InetSocketAddress at, boolean directTls) {
    serve(domain, at, directTls, 1);
  }

  /** The lower the priority, the sooner it is tried. */
  void serve(Domain domain, InetSocketAddress at, boolean directTls, int priority) {
    String name = (directTls ? "_xmpps-server._tcp." : "_xmpp-server._tcp.") + domain.ascii() + ".";
    services.compute(
        name,
        (_, before) -> {
          List<DnsRecord> all = new ArrayList<>(before == null ? List.of() : before);
          all.add(new DnsRecord.Service(priority, 1, at.getPort(), "localhost."));
          return all;
        });
  }

  /** One server for STARTTLS, on a host of its own. */
  void serve(Domain domain, String host, InetAddress address, int port) {
    hosts.put(host + ".", address);
    services.put(
        "_xmpp-server._tcp." + domain.ascii() + ".",
        List.of(new DnsRecord.Service(1, 1, port, host)));
  }

  /** A domain without SRV records, whose name itself has an address. */
  void host(Domain domain, InetAddress address) {
    hosts.put(domain.ascii() + ".", address);
  }

  void forget(Domain domain) {
    services.remove("_xmpp-server._tcp." + domain.ascii() + ".");
    services.remove("_xmpps-server._tcp." + domain.ascii() + ".");
  }

  @Override
  public CompletableFuture<DnsAnswer> ask(String absoluteName, RecordType type) {
    return open.thenCompose(_ -> answer(absoluteName, type));
  }

  private CompletableFuture<DnsAnswer> answer(String absoluteName, RecordType type) {
    InetAddress host =
        absoluteName.startsWith("localhost")
            ? InetAddress.getLoopbackAddress()
            : hosts.get(absoluteName);
    if (host != null && type == (host.getAddress().length == 4 ? RecordType.A : RecordType.AAAA)) {
      return CompletableFuture.completedFuture(
          new DnsAnswer.Records(
              absoluteName, List.of(new DnsRecord.Address(host)), TTL, List.of()));
    }
    List<DnsRecord> found = type == RecordType.SRV ? services.get(absoluteName) : null;
    return CompletableFuture.completedFuture(
        found == null
            ? new DnsAnswer.NoSuchRecord(true, TTL)
            : new DnsAnswer.Records(absoluteName, found, TTL, List.of()));
  }
}
