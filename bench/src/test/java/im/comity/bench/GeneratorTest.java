package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.discovery.Resolver;
import im.comity.testkit.tls.TestCa;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The generator of the comparison, between two servers in this process. */
@Timeout(120)
final class GeneratorTest {
  private interface Play {
    void play(LoadedServer north, LoadedServer south) throws Exception;
  }

  private static void between(Play play) throws Exception {
    Map<String, Integer> ports = new ConcurrentHashMap<>();
    Resolver dns =
        (name, type) -> CompletableFuture.completedFuture(Million.answer(ports, name, type));
    TestCa ca = TestCa.root("Bench CA", InstantSource.system());
    try (LoadedServer north = new LoadedServer("north.test", ca, dns);
        LoadedServer south = new LoadedServer("south.test", ca, dns)) {
      ports.put("_xmpps-server._tcp.north.test.", north.port);
      ports.put("_xmpps-server._tcp.south.test.", south.port);
      play.play(north, south);
    }
  }

  private static RawComponent north(LoadedServer server) throws Exception {
    return new RawComponent(server.componentPort, "north.test", LoadedServer.SECRET);
  }

  private static RawComponent south(LoadedServer server) throws Exception {
    return new RawComponent(server.componentPort, "south.test", LoadedServer.SECRET);
  }

  @Test
  void aFloodAPaceAndARoundTripAreCountedWhole() throws Exception {
    between(
        (north, south) -> {
          for (int body : new int[] {100, 1024}) {
            try (Generator generator = new Generator(north(north), south(south), body)) {
              Generator.Result flood = generator.flood(600);
              assertThat(flood.stanzas()).isEqualTo(600);
              assertThat(flood.latency(0.001)).isPositive();
              assertThat(flood.latency(0.99)).isGreaterThanOrEqualTo(flood.latency(0.5));
              assertThat(generator.paced(200, 20, false).stanzas()).isEqualTo(20);
              Generator.Result there = generator.paced(200, 20, true);
              assertThat(there.stanzas()).isEqualTo(20);
              assertThat(there.latency(0.01)).isPositive();
              assertThat(there.seconds()).isGreaterThan(19 / 200.0);
            }
          }
        });
  }

  @Test
  void aLinkIsCountedWhenItsMessageArrives() throws Exception {
    between(
        (north, south) -> {
          try (RawComponent from = north(north);
              RawComponent to = south(south)) {
            Generator.Result links =
                new Generator.Links(List.of(from), List.of(to), 50).open(List.of(from));
            assertThat(links.stanzas()).isEqualTo(1);
            assertThat(links.latency(0.01)).isPositive();
          }
        });
  }
}
