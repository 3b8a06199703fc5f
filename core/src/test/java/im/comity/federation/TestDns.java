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

/** DNS of a test with several sites: every domain's servers are {@code localhost} with ports. */
final class TestDns implements Resolver {
  private static final Duration TTL = Duration.ofMinutes(5);
  private final Map<String, List<DnsRecord>> services = new ConcurrentHashMap<>();
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

  void forget(Domain domain) {
    services.remove("_xmpp-server._tcp." + domain.ascii() + ".");
    services.remove("_xmpps-server._tcp." + domain.ascii() + ".");
  }

  @Override
  public CompletableFuture<DnsAnswer> ask(String absoluteName, RecordType type) {
    return open.thenCompose(_ -> answer(absoluteName, type));
  }

  private CompletableFuture<DnsAnswer> answer(String absoluteName, RecordType type) {
    if (type == RecordType.A && absoluteName.startsWith("localhost")) {
      return CompletableFuture.completedFuture(
          new DnsAnswer.Records(
              absoluteName,
              List.of(new DnsRecord.Address(InetAddress.getLoopbackAddress())),
              TTL,
              List.of()));
    }
    List<DnsRecord> found = type == RecordType.SRV ? services.get(absoluteName) : null;
    return CompletableFuture.completedFuture(
        found == null
            ? new DnsAnswer.NoSuchRecord(true, TTL)
            : new DnsAnswer.Records(absoluteName, found, TTL, List.of()));
  }
}
