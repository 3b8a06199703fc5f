package im.comity.bench;

import com.sun.management.OperatingSystemMXBean;
import im.comity.discovery.DnsAnswer;
import im.comity.discovery.DnsRecord;
import im.comity.discovery.RecordType;
import im.comity.discovery.Resolver;
import im.comity.testkit.tls.TestCa;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Sends stanzas of mixed size and kind from a component through two servers to another component,
 * and checks each one: none lost, doubled or reordered, and what it says unchanged.
 *
 * <p>{@code Million [COUNT]}; exit status 1 if anything is wrong.
 */
public final class Million {
  /**
   * How many stanzas are under way at most. A server never lets one slow component stop a stream
   * that others share: what finds no room there returns. So a sender must know how much is on the
   * way.
   */
  private static final int WINDOW = 1_000;

  private Million() {}

  /**
   * What was found.
   *
   * @param stanzas how many arrived
   * @param bytes how many bytes the sender wrote
   * @param seconds from the first byte sent to the last stanza arrived
   * @param cpuSeconds of this whole process, the load program and its checks included
   * @param problem the first thing that was wrong, or null
   */
  public record Result(
      long stanzas, long bytes, double seconds, double cpuSeconds, @Nullable String problem) {}

  /** Runs it once. */
  public static Result run(long count, long seed) throws Exception {
    Map<String, Integer> ports = new ConcurrentHashMap<>();
    Resolver dns = (name, type) -> CompletableFuture.completedFuture(answer(ports, name, type));
    TestCa ca = TestCa.root("Bench CA", InstantSource.system());
    try (LoadedServer north = new LoadedServer("north.test", ca, dns);
        LoadedServer south = new LoadedServer("south.test", ca, dns);
        ComponentClient sender =
            new ComponentClient(north.componentPort, "north.test", LoadedServer.SECRET);
        ComponentClient receiver =
            new ComponentClient(south.componentPort, "south.test", LoadedServer.SECRET)) {
      ports.put("_xmpps-server._tcp.north.test.", north.port);
      ports.put("_xmpps-server._tcp.south.test.", south.port);
      AtomicReference<@Nullable String> problem = new AtomicReference<>();
      CountDownLatch done = new CountDownLatch(1);
      Semaphore window = new Semaphore(WINDOW);
      long[] arrived = {0};
      StanzaSource expected = new StanzaSource(seed, "north.test", "south.test");
      Thread reading =
          Thread.ofPlatform()
              .name("receiver")
              .start(
                  () -> {
                    ElementScanner again = scanner();
                    try {
                      receiver.receive(
                          stanza -> {
                            long number = arrived[0]++;
                            String wanted = Canonical.digest(parse(again, expected.next(number)));
                            if (!String.valueOf(number).equals(stanza.attribute("id"))) {
                              problem.compareAndSet(
                                  null,
                                  "stanza "
                                      + number
                                      + " expected, "
                                      + stanza.attribute("id")
                                      + " came");
                              done.countDown();
                            } else if (!Canonical.digest(stanza).equals(wanted)) {
                              problem.compareAndSet(
                                  null, "stanza " + number + " was changed: " + stanza);
                              done.countDown();
                            }
                            window.release();
                            if (arrived[0] == count) {
                              done.countDown();
                            }
                          });
                    } catch (IOException e) {
                      if (done.getCount() > 0) {
                        problem.compareAndSet(null, e.toString());
                      }
                    }
                    done.countDown();
                  });
      long cpu = cpu();
      long began = System.nanoTime();
      long bytes = send(sender, count, seed, window, done);
      boolean ended = done.await(30 + count / 1_000, TimeUnit.SECONDS);
      double seconds = (System.nanoTime() - began) / 1e9;
      double cpuSeconds = (cpu() - cpu) / 1e9;
      if (!ended) {
        problem.compareAndSet(null, arrived[0] + " of " + count + " arrived in time");
        done.countDown();
      }
      receiver.hangUp();
      reading.join();
      if (north.bounced.get() + south.bounced.get() > 0) {
        problem.compareAndSet(null, north.bounced.get() + south.bounced.get() + " were returned");
      }
      if (arrived[0] != count) {
        problem.compareAndSet(null, arrived[0] + " of " + count + " arrived");
      }
      return new Result(arrived[0], bytes, seconds, cpuSeconds, problem.get());
    }
  }

  private static long send(
      ComponentClient sender, long count, long seed, Semaphore window, CountDownLatch done)
      throws Exception {
    StanzaSource source = new StanzaSource(seed, "north.test", "south.test");
    long bytes = 0;
    byte[] batch = new byte[64 * 1024];
    int filled = 0;
    for (long number = 0; number < count; number++) {
      if (!window.tryAcquire()) {
        sender.send(Octets.of(batch, 0, filled));
        filled = 0;
        while (!window.tryAcquire(1, TimeUnit.SECONDS)) {
          if (done.getCount() == 0) {
            return bytes;
          }
        }
      }
      Octets stanza = source.next(number);
      bytes += stanza.length();
      if (filled + stanza.length() > batch.length) {
        sender.send(Octets.of(batch, 0, filled));
        filled = 0;
      }
      if (stanza.length() > batch.length) {
        sender.send(stanza);
      } else {
        stanza.writeTo(batch, filled);
        filled += stanza.length();
      }
    }
    sender.send(Octets.of(batch, 0, filled));
    return bytes;
  }

  private static ElementScanner scanner() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] header =
        ("<stream:stream xmlns='"
                + Namespaces.COMPONENT_ACCEPT
                + "' xmlns:stream='"
                + Namespaces.STREAM
                + "'>")
            .getBytes(StandardCharsets.UTF_8);
    scanner.scan(header, 0, header.length);
    return scanner;
  }

  private static Element parse(ElementScanner scanner, Octets stanza) {
    ElementScanner.Event event = scanner.scan(stanza.array(), stanza.from(), stanza.to());
    if (event != ElementScanner.Event.ELEMENT) {
      throw new IllegalStateException(event + ": " + stanza.toUtf8());
    }
    return scanner.element().toElement();
  }

  static DnsAnswer answer(Map<String, Integer> ports, String name, RecordType type) {
    Duration ttl = Duration.ofMinutes(5);
    Integer port = ports.get(name);
    if (type == RecordType.SRV && port != null) {
      return new DnsAnswer.Records(
          name, List.of(new DnsRecord.Service(1, 1, port, "localhost.")), ttl, List.of());
    }
    if (type == RecordType.A && name.startsWith("localhost")) {
      return new DnsAnswer.Records(
          name, List.of(new DnsRecord.Address(InetAddress.getLoopbackAddress())), ttl, List.of());
    }
    return new DnsAnswer.NoSuchRecord(false, ttl);
  }

  private static long cpu() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** The program. */
  public static void main(String[] arguments) throws Exception {
    long count = arguments.length > 0 ? Long.parseLong(arguments[0]) : 1_000_000;
    Result result = run(count, 42);
    System.out.printf(
        "%,d of %,d stanzas, %,d bytes in %.1f s: %,.0f stanzas/s, %.1f CPU s in all (both servers,"
            + " generator and checks in one process)%n%s%n",
        result.stanzas(),
        count,
        result.bytes(),
        result.seconds(),
        result.stanzas() / result.seconds(),
        result.cpuSeconds(),
        result.problem() == null
            ? "none lost, doubled, reordered or changed"
            : "WRONG: " + result.problem());
    System.exit(result.problem() == null ? 0 : 1);
  }
}
