package im.comity.component;

import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;

import im.comity.local.LocalSide;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A component over TCP as the local side. */
final class LocalDomainsContractTest extends LocalSideContract {
  private final ComponentBench bench = new ComponentBench(null, 1 << 20);
  private RawComponent component;

  @BeforeEach
  void connect() throws IOException {
    bench.domains.configure(Map.of(), List.of(component("north.example", "rooms.north.example")));
    component = RawComponent.open(bench.address(), "north.example", SECRET);
  }

  @AfterEach
  void close() throws IOException {
    component.close();
    bench.close();
  }

  @Override
  LocalSide side() {
    return bench.domains;
  }

  @Override
  String taken() throws IOException {
    return component.nextId();
  }

  @Override
  void stall() {
    // It reads when it is asked only.
  }

  @Override
  void leave() throws IOException {
    component.close();
    bench.awaitConnected();
  }
}
