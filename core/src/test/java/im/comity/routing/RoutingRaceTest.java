package im.comity.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Association;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.local.LocalSide;
import im.comity.relay.RelayContext;
import im.comity.relay.RelaySettings;
import im.comity.relay.StubTransport;
import im.comity.relay.Way;
import im.comity.relay.Ways;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaKind;
import im.comity.testkit.Clause;
import im.comity.transport.Cancellable;
import im.comity.transport.Deadline;
import im.comity.transport.Timers;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several threads send on many pairs while their ways open, fail, stop taking and are cut. */
@Timeout(120)
final class RoutingRaceTest {
  private static final int SENDERS = 4;
  private static final int PAIRS = 12;
  private static final int STANZAS = 4_000;

  /** Time that flies: what bars for seconds is over after milliseconds. */
  private static final class Fast implements Timers {
    private static final long BEGAN = System.nanoTime();

    @Override
    public InstantSource time() {
      return () -> Instant.EPOCH.plusNanos(nanoTime());
    }

    @Override
    public long nanoTime() {
      return (System.nanoTime() - BEGAN) * 2_000;
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
      return () -> {};
    }
  }

  private final Timers timers = new Fast();
  private final Queue<String> written = new ConcurrentLinkedQueue<>();
  private final Queue<String> returned = new ConcurrentLinkedQueue<>();
  private final List<FederationEvent> faults = new CopyOnWriteArrayList<>();
  private final Set<StubTransport> transports = ConcurrentHashMap.newKeySet();
  private final ExecutorService[] loops = {
    Executors.newSingleThreadExecutor(), Executors.newSingleThreadExecutor()
  };
  private volatile boolean calm;
  private final RoutingTable table =
      new RoutingTable(
          this::establish,
          new Locals(),
          timers,
          this::event,
          new RoutingSettings(50, 1 << 20, 1_000, 1_000, Duration.ofMinutes(1)),
          new Random(1));
  private final RelayContext relay;

  RoutingRaceTest() {
    RelaySettings d = RelaySettings.DEFAULTS;
    relay =
        Ways.context(
            new Locals(),
            timers,
            new RelaySettings(
                2_000,
                d.limits(),
                d.associations(),
                d.keepalive(),
                d.idle(),
                d.unproven(),
                d.farewell(),
                d.stuck()),
            this::event,
            table::left);
  }

  private void event(FederationEvent event) {
    if (event instanceof FederationEvent.Fault || event instanceof FederationEvent.Dropped) {
      faults.add(event);
    }
  }

  private final class Locals implements LocalSide {
    @Override
    public Standing standing(Domain domain) {
      return domain.toString().equals("north.example") ? Standing.SERVED : Standing.FOREIGN;
    }

    @Override
    public Collection<Domain> domains() {
      return Set.of(Ways.domain("north.example"));
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      throw new AssertionError();
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      assertThat(stanza.kind()).isEqualTo(StanzaKind.MESSAGE);
      returned.add(String.valueOf(stanza.id()));
      return Offer.ACCEPTED;
    }
  }

  private Way establish(DomainPair pair, Deadline deadline) throws NegotiationException {
    int dice = calm ? 9 : ThreadLocalRandom.current().nextInt(10);
    if (dice == 0) {
      throw new NegotiationException(new NegotiationFailure.PeerClosed("race", true));
    } else if (dice == 1) {
      throw new NegotiationException(new NegotiationFailure.LimitReached("race"));
    }
    StubTransport transport =
        new StubTransport(loops[ThreadLocalRandom.current().nextInt(2)], written::add);
    transports.add(transport);
    var _ = transport.closed().thenRun(() -> transports.remove(transport));
    Way way = Ways.open(transport, relay, pair);
    if (dice == 2) {
      transport.abort(new IOException("as soon as it was there"));
    }
    return way;
  }

  private Void disturb() throws Exception {
    while (!calm) {
      for (StubTransport transport : List.copyOf(transports)) {
        switch (ThreadLocalRandom.current().nextInt(8)) {
          case 0 -> {
            transport.abort(new IOException("cut"));
            transports.remove(transport);
          }
          case 1 -> transport.receive("</stream:stream>");
          case 2, 3 -> transport.writable(false);
          case 4 -> table.unbar(Ways.domain("t1.example"));
          default -> transport.writable(true);
        }
      }
      table.sweep();
      // The loops keep up, or they would do nothing but this in the end.
      for (ExecutorService loop : loops) {
        loop.submit(() -> {}).get();
      }
    }
    return null;
  }

  private void send(int sender) throws InterruptedException {
    DomainPair[] pairs =
        IntStream.range(0, PAIRS)
            .mapToObj(i -> Ways.pair("north.example", "t" + i + ".example"))
            .toArray(DomainPair[]::new);
    for (int i = 0; i < STANZAS; i++) {
      DomainPair pair = pairs[ThreadLocalRandom.current().nextInt(PAIRS)];
      Stanza stanza = Ways.message(pair, sender + "/" + pair.target() + "/" + i);
      while (table.send(stanza) instanceof Offer.Full) {
        CountDownLatch room = new CountDownLatch(1);
        table.whenRoom(stanza, room::countDown);
        assertThat(room.await(30, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  @Clause({"S2S-CLS-06", "S2S-ORD-05"})
  void everyStanzaIsWrittenOnceOrReturnsOnceAndEachSenderKeepsItsOrder() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Future<?> disturbing = threads.submit(this::disturb);
      List<Future<?>> sending = new ArrayList<>();
      for (int i = 0; i < SENDERS; i++) {
        int sender = i;
        sending.add(
            threads.submit(
                () -> {
                  send(sender);
                  return null;
                }));
      }
      for (Future<?> one : sending) {
        one.get();
      }
      calm = true;
      disturbing.get(30, TimeUnit.SECONDS);
      transports.forEach(transport -> transport.writable(true));
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> written.size() + returned.size() >= SENDERS * STANZAS);
    } finally {
      calm = true;
      threads.shutdownNow();
      for (ExecutorService loop : loops) {
        loop.shutdownNow();
      }
    }
    assertThat(faults).isEmpty();
    List<String> ends = new ArrayList<>(written);
    ends.addAll(returned);
    assertThat(ends).hasSize(SENDERS * STANZAS).doesNotHaveDuplicates();
    assertThat(written).as("ways did open").hasSizeGreaterThan(SENDERS * STANZAS / 10);
    Map<String, Integer> last = new HashMap<>();
    for (String id : written) {
      int slash = id.lastIndexOf('/');
      int number = Integer.parseInt(id.substring(slash + 1));
      Integer before = last.put(id.substring(0, slash), number);
      assertThat(before == null ? -1 : before).as(id).isLessThan(number);
    }
  }
}
