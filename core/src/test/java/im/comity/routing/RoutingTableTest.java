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
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamLimits;
import im.comity.testkit.Clause;
import im.comity.transport.Deadline;
import im.comity.transport.FakeTimers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class RoutingTableTest {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private static final NegotiationFailure NETWORK =
      new NegotiationFailure.PeerClosed("header", true);
  private static final NegotiationFailure REFUSAL = new NegotiationFailure.TlsRefused();

  private final FakeTimers timers = new FakeTimers();
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final BlockingQueue<Opening> openings = new LinkedBlockingQueue<>();
  private final List<Opening> all = new CopyOnWriteArrayList<>();
  private final List<FederationEvent> events = new CopyOnWriteArrayList<>();
  private final Locals locals = new Locals();
  private final List<String> whoFailsAtOnce = new CopyOnWriteArrayList<>();
  private RelaySettings relay = RelaySettings.DEFAULTS;
  private StreamFeatures features = StreamFeatures.NONE;
  private RoutingTable table = table(RoutingSettings.DEFAULTS);

  /** An attempt that waits for the test to say how it ends. */
  private record Opening(DomainPair pair, CompletableFuture<Way> result) {
    void fails(NegotiationFailure failure) {
      result.completeExceptionally(new NegotiationException(failure));
    }
  }

  /** The local side: north.example and neighbour.example are served. */
  private static final class Locals implements LocalSide {
    final BlockingQueue<Stanza> delivered = new LinkedBlockingQueue<>();
    volatile Offer answer = Offer.ACCEPTED;
    volatile boolean broken;

    @Override
    public Standing standing(Domain domain) {
      return domains().contains(domain) ? Standing.SERVED : Standing.FOREIGN;
    }

    @Override
    public Collection<Domain> domains() {
      return Set.of(Ways.domain("north.example"), Ways.domain("neighbour.example"));
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      throw new AssertionError("nothing comes in here");
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      if (broken) {
        throw new IllegalStateException("broken");
      }
      if (answer instanceof Offer.Accepted) {
        delivered.add(stanza);
      }
      return answer;
    }
  }

  private RoutingTable table(RoutingSettings settings) {
    return new RoutingTable(this::establish, locals, timers, events::add, settings, new Random(1));
  }

  private Way establish(DomainPair pair, Deadline deadline) throws NegotiationException {
    Opening opening = new Opening(pair, new CompletableFuture<>());
    all.add(opening);
    if (whoFailsAtOnce.contains(pair.target().toString())) {
      throw new NegotiationException(NETWORK);
    }
    openings.add(opening);
    try {
      return opening.result().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof NegotiationException failed) {
        throw failed;
      }
      throw (Error) e.getCause();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void end() {
    all.forEach(opening -> opening.fails(new NegotiationFailure.ShuttingDown()));
  }

  private Opening opening() throws InterruptedException {
    Opening next = openings.poll(10, TimeUnit.SECONDS);
    assertThat(next).as("an attempt").isNotNull();
    return next;
  }

  private Way way(StubTransport transport) {
    RelayContext context = Ways.context(locals, timers, relay, events::add, table::left);
    Way way = Ways.open(transport, context, PAIR, features);
    loop.run();
    return way;
  }

  private StubTransport opens(Opening opening) {
    StubTransport transport = new StubTransport(loop);
    opening.result().complete(way(transport));
    awaitOpen(1);
    return transport;
  }

  /** Waits until so many ways have opened. */
  private void awaitOpen(int atLeast) {
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> events(FederationEvent.WayOpened.class).size() >= atLeast);
  }

  private <T extends FederationEvent> List<T> events(Class<T> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private void send(String id) {
    assertThat(table.send(Ways.message(PAIR, id))).isEqualTo(Offer.ACCEPTED);
  }

  private void awaitWritten(StubTransport transport, String... ids) {
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              loop.run();
              assertThat(transport.ids()).containsExactly(ids);
            });
  }

  /** The next bounce, which has this id, condition and code. */
  private void bounced(String id, String condition, String code) throws InterruptedException {
    Stanza bounce = locals.delivered.poll(10, TimeUnit.SECONDS);
    assertThat(bounce).as("a bounce of " + id).isNotNull();
    assertThat(bounce.id()).isEqualTo(id);
    assertThat(bounce.type()).isEqualTo("error");
    assertThat(bounce.octets().toUtf8()).contains("<" + condition, code + ": ");
  }

  private void noMoreAttempts(int than) {
    assertThat(all).hasSize(than);
  }

  private FederationEvent.AttemptFailed failed(int number) {
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> events(FederationEvent.AttemptFailed.class).size() >= number);
    return events(FederationEvent.AttemptFailed.class).get(number - 1);
  }

  // ---- waiting and opening ---------------------------------------------------------------------

  @Test
  @Clause("S2S-ORD-05")
  void whatWaitsGoesFirstAndOneAttemptServesAll() throws Exception {
    send("m1");
    Opening opening = opening();
    send("m2");
    send("m3");
    StubTransport transport = opens(opening);
    send("m4");
    awaitWritten(transport, "m1", "m2", "m3", "m4");
    noMoreAttempts(1);
    assertThat(locals.delivered).isEmpty();
  }

  @Test
  @Clause({"S2S-MUX-06", "S2S-STZ-06"})
  void eachPairHasAnAttemptOfItsOwn() throws Exception {
    DomainPair other = Ways.pair("neighbour.example", "south.example");
    send("m1");
    table.send(Ways.message(other, "m2"));
    assertThat(List.of(opening().pair(), opening().pair())).containsExactlyInAnyOrder(PAIR, other);
    noMoreAttempts(2);
  }

  @Test
  void whatIsForADomainOfOursNeverLeaves() throws Exception {
    DomainPair inside = Ways.pair("north.example", "neighbour.example");
    table.send(Ways.message(inside, "m1"));
    assertThat(locals.delivered.take().id()).isEqualTo("m1");
    assertThat(table.size()).isZero();
    noMoreAttempts(0);
  }

  @Test
  void aStanzaOverThePeersLimitReturnsAndThoseAroundItPass() throws Exception {
    features =
        new StreamFeatures(
            false, false, false, false, false, false, new StreamLimits(10_000, 0), List.of());
    send("m1");
    Opening opening = opening();
    assertThat(table.send(Ways.stanza("message", PAIR, "big", 10_000))).isEqualTo(Offer.ACCEPTED);
    send("m2");
    StubTransport transport = opens(opening);
    awaitWritten(transport, "m1", "m2");
    Stanza bounce = locals.delivered.take();
    assertThat(bounce.id()).isEqualTo("big");
    assertThat(bounce.octets().toUtf8()).contains("<policy-violation", "10000 bytes");
  }

  // ---- failing ---------------------------------------------------------------------------------

  @Test
  void anAttemptThatFailsAtOnceCountsItsStanzaAndIsBegunOnce() throws Exception {
    int pairs = 300;
    for (int i = 0; i < pairs; i++) {
      whoFailsAtOnce.add("t" + i + ".example");
    }
    for (int i = 0; i < pairs; i++) {
      table.send(Ways.message(Ways.pair("north.example", "t" + i + ".example"), "m" + i));
    }
    failed(pairs);
    assertThat(events(FederationEvent.AttemptFailed.class))
        .hasSize(pairs)
        .allSatisfy(failure -> assertThat(failure.bounced()).isEqualTo(1));
    await().until(() -> locals.delivered.size() == pairs);
    noMoreAttempts(pairs);
  }

  @Test
  @Clause("S2S-BNC-01")
  void everyKindOfStanzaReturnsOnceWithTheCode() throws Exception {
    table.send(Ways.stanza("message", PAIR, "m1", 1));
    Opening opening = opening();
    table.send(Ways.stanza("presence", PAIR, "p1", 1));
    table.send(
        Stanza.of(
            im.comity.xml.Element.of(im.comity.xml.Namespaces.SERVER, "iq")
                .attribute("from", "a@north.example")
                .attribute("to", "b@south.example")
                .attribute("type", "get")
                .attribute("id", "i1")
                .build()));
    opening.fails(REFUSAL);
    bounced("m1", "remote-server-timeout", "TLS_REFUSED");
    bounced("p1", "remote-server-timeout", "TLS_REFUSED");
    bounced("i1", "remote-server-timeout", "TLS_REFUSED");
    assertThat(failed(1).bounced()).isEqualTo(3);
    assertThat(locals.delivered).isEmpty();
  }

  @Test
  void untilTheBarIsOverStanzasReturnWithTheSameReasonAndNothingIsTried() throws Exception {
    send("m1");
    opening().fails(NETWORK);
    bounced("m1", "remote-server-timeout", "PEER_CLOSED");
    Duration bar = failed(1).barred();
    assertThat(bar).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
    timers.advance(bar.minusNanos(1));
    send("m2");
    bounced("m2", "remote-server-timeout", "PEER_CLOSED");
    noMoreAttempts(1);
    timers.advance(Duration.ofNanos(1));
    send("m3");
    opening().fails(NETWORK);
    assertThat(failed(2).barred()).isEqualTo(bar.multipliedBy(2));
  }

  @Test
  void aDomainThatShowsUpIsTriedAtOnceAndOthersAreNot() throws Exception {
    send("m1");
    opening().fails(REFUSAL);
    bounced("m1", "remote-server-timeout", "TLS_REFUSED");
    assertThat(failed(1).barred()).isEqualTo(Duration.ofMinutes(5));
    table.unbar(Ways.domain("elsewhere.example"));
    send("m2");
    bounced("m2", "remote-server-timeout", "TLS_REFUSED");
    table.unbar(PAIR.target());
    send("m3");
    opening().fails(REFUSAL);
    assertThat(failed(2).barred()).as("what was before is forgotten").hasMinutes(5);
  }

  @Test
  void aFailureOfOurOwnBarsNothing() throws Exception {
    send("m1");
    opening().fails(new NegotiationFailure.LimitReached("x"));
    bounced("m1", "resource-constraint", "OUR_LIMIT_REACHED");
    assertThat(failed(1).barred()).isZero();
    assertThat(table.size()).isZero();
    send("m2");
    opening();
  }

  @Test
  void aFaultOfTheProgramReturnsWhatWaitsAndTheNextIsTriedAgain() throws Exception {
    send("m1");
    opening().result().completeExceptionally(new StackOverflowError());
    bounced("m1", "internal-server-error", "OUR_INTERNAL_ERROR");
    assertThat(events(FederationEvent.Fault.class)).hasSize(1);
    timers.advance(failed(1).barred());
    send("m2");
    opening();
  }

  @Test
  void aBounceThatNobodyTakesIsToldAndThoseBehindItAreNotLost() throws Exception {
    send("m1");
    Opening opening = opening();
    send("m2");
    locals.broken = true;
    opening.fails(NETWORK);
    failed(1);
    await().until(() -> events(FederationEvent.Dropped.class).size() == 2);
    assertThat(events(FederationEvent.Fault.class)).hasSize(2);
  }

  @Test
  void barsThatAreOverAreSweptAway() throws Exception {
    send("m1");
    opening().fails(NETWORK);
    Duration bar = failed(1).barred();
    table.sweep();
    assertThat(table.size()).isEqualTo(1);
    timers.advance(bar);
    table.sweep();
    assertThat(table.size()).isZero();
  }

  // ---- bounds ----------------------------------------------------------------------------------

  @Test
  @Clause("S2S-BNC-13")
  void whatFindsTheWaitingRoomFullReturnsAndTheRestWaitsOn() throws Exception {
    table = table(new RoutingSettings(2, 1 << 20, 100, 100, Duration.ofMinutes(1)));
    send("m1");
    Opening opening = opening();
    send("m2");
    send("m3");
    bounced("m3", "resource-constraint", "OUR_QUEUE_FULL");
    awaitWritten(opens(opening), "m1", "m2");
  }

  @Test
  @Clause("S2S-BNC-13")
  void whoCanWaitIsHeldBackByAFullWaitingRoomUntilItsNegotiationIsOver() throws Exception {
    table = table(new RoutingSettings(2, 1 << 20, 100, 100, Duration.ofMinutes(1)));
    send("m1");
    Opening opening = opening();
    send("m2");
    Stanza third = Ways.message(PAIR, "m3");
    assertThat(table.offer(third)).isEqualTo(Offer.FULL);
    List<Offer> again = new CopyOnWriteArrayList<>();
    assertThat(table.whenRoom(third, () -> again.add(table.offer(third)))).isTrue();
    assertThat(again).isEmpty();
    awaitWritten(opens(opening), "m1", "m2", "m3");
    assertThat(again).containsExactly(Offer.ACCEPTED);
    assertThat(locals.delivered).isEmpty();
  }

  @Test
  @Clause("S2S-BNC-13")
  void whoWaitsForANegotiationThatFailsGetsItsReason() throws Exception {
    table = table(new RoutingSettings(1, 1 << 20, 100, 100, Duration.ofMinutes(1)));
    send("m1");
    Opening opening = opening();
    Stanza second = Ways.message(PAIR, "m2");
    assertThat(table.offer(second)).isEqualTo(Offer.FULL);
    table.whenRoom(second, () -> table.offer(second));
    opening.fails(REFUSAL);
    failed(1);
    await().until(() -> locals.delivered.size() == 2);
  }

  @Test
  @Clause("S2S-DOS-05")
  void betweenDomainsOfOursWhoCanWaitIsToldSoAndOthersGetTheirStanzaBack() {
    Stanza stanza = Ways.message(Ways.pair("north.example", "neighbour.example"), "m1");
    locals.answer = Offer.FULL;
    assertThat(table.offer(stanza)).isEqualTo(Offer.FULL);
    assertThat(events(FederationEvent.Bounced.class)).isEmpty();
    assertThat(table.send(stanza)).isEqualTo(Offer.ACCEPTED);
    assertThat(events(FederationEvent.Bounced.class)).hasSize(1);
  }

  @Test
  void overTheNumberOfPairsAStanzaReturnsAndThePairIsNotEntered() throws Exception {
    table = table(new RoutingSettings(100, 1 << 20, 1, 100, Duration.ofMinutes(1)));
    send("m1");
    opening();
    table.send(Ways.message(Ways.pair("north.example", "other.example"), "m2"));
    bounced("m2", "resource-constraint", "OUR_LIMIT_REACHED");
    assertThat(table.size()).isEqualTo(1);
    noMoreAttempts(1);
  }

  @Test
  void overTheNumberOfAttemptsAStanzaReturnsAndTheNextMayTry() throws Exception {
    table = table(new RoutingSettings(100, 1 << 20, 100, 1, Duration.ofMinutes(1)));
    DomainPair other = Ways.pair("north.example", "other.example");
    send("m1");
    Opening first = opening();
    table.send(Ways.message(other, "m2"));
    bounced("m2", "resource-constraint", "OUR_LIMIT_REACHED");
    first.fails(NETWORK);
    bounced("m1", "remote-server-timeout", "PEER_CLOSED");
    await()
        .until(
            () -> {
              table.send(Ways.message(other, "m3"));
              return all.size() > 1;
            });
  }

  @Test
  void anOpenWayThatIsFullSaysSoAndSaysWhenThereIsRoom() throws Exception {
    relay = withOutlet(1);
    send("m1");
    StubTransport transport = opens(opening());
    awaitWritten(transport, "m1");
    send("m2");
    assertThat(table.send(Ways.message(PAIR, "m3"))).isEqualTo(Offer.FULL);
    List<String> calls = new ArrayList<>();
    table.whenRoom(Ways.message(PAIR, "any"), () -> calls.add("room"));
    assertThat(calls).isEmpty();
    loop.run();
    assertThat(calls).hasSize(1);
    assertThat(locals.delivered).isEmpty();
    table.whenRoom(
        Ways.message(Ways.pair("north.example", "other.example"), "any"),
        () -> calls.add("at once"));
    assertThat(calls).hasSize(2);
  }

  private static RelaySettings withOutlet(int bytes) {
    RelaySettings d = RelaySettings.DEFAULTS;
    return new RelaySettings(
        bytes,
        d.limits(),
        d.associations(),
        d.keepalive(),
        d.idle(),
        d.unproven(),
        d.farewell(),
        d.stuck());
  }

  // ---- ways that end ---------------------------------------------------------------------------

  /** An open way, a good while old, on which these stanzas were accepted and not written. */
  private StubTransport stuck(String... ids) throws InterruptedException {
    send("m0");
    StubTransport transport = opens(opening());
    awaitWritten(transport, "m0");
    timers.advance(Duration.ofSeconds(2));
    transport.writable(false);
    loop.run();
    for (String id : ids) {
      send(id);
    }
    return transport;
  }

  @Test
  @Clause({"S2S-CLS-06", "S2S-ORD-05"})
  void whatWasNotWrittenGoesToANewWayBeforeAllThatComesLater() throws Exception {
    StubTransport first = stuck("m1", "m2");
    first.abort(new IOException("cut"));
    loop.run();
    Opening again = opening();
    send("m3");
    StubTransport second = new StubTransport(loop);
    again.result().complete(way(second));
    awaitOpen(2);
    send("m4");
    awaitWritten(second, "m1", "m2", "m3", "m4");
    assertThat(first.ids()).containsExactly("m0");
    assertThat(locals.delivered).isEmpty();
  }

  @Test
  @Clause({"S2S-CLS-06", "S2S-ORD-05"})
  void whoFindsTheWayClosedBeforeItsEndIsToldComesBehindWhatWasNotWritten() throws Exception {
    StubTransport first = stuck("m1");
    // The stream has closed for sending; its end is told on the loop only after this task.
    first.execute(() -> {});
    first.receive("</stream:stream>");
    loop.run();
    Opening again = opening();
    send("m2");
    StubTransport second = new StubTransport(loop);
    again.result().complete(way(second));
    awaitWritten(second, "m1", "m2");
  }

  @Test
  @Clause("S2S-CLS-06")
  void onlyWhenTheNewWayFailsDoesWhatWasNotWrittenReturn() throws Exception {
    stuck("m1", "m2").abort(new IOException("cut"));
    loop.run();
    Opening again = opening();
    assertThat(locals.delivered).isEmpty();
    again.fails(REFUSAL);
    bounced("m1", "remote-server-timeout", "TLS_REFUSED");
    bounced("m2", "remote-server-timeout", "TLS_REFUSED");
    assertThat(locals.delivered).isEmpty();
    noMoreAttempts(2);
  }

  @Test
  @Clause({"S2S-CLS-06", "S2S-ORD-05"})
  void whoWaitedForRoomComesBehindWhatWasNotWritten() throws Exception {
    relay = withOutlet(1);
    StubTransport first = stuck("m1");
    assertThat(table.send(Ways.message(PAIR, "m2"))).isEqualTo(Offer.FULL);
    table.whenRoom(Ways.message(PAIR, "any"), () -> send("m2"));
    first.abort(new IOException("cut"));
    loop.run();
    StubTransport second = new StubTransport(loop);
    opening().result().complete(way(second));
    awaitWritten(second, "m1", "m2");
    noMoreAttempts(2);
  }

  @Test
  void aWayThatEndsWithNothingLeftBarsNothing() throws Exception {
    StubTransport first = stuck();
    first.abort(null);
    loop.run();
    assertThat(table.size()).isZero();
    send("m1");
    opening();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWayThatClosesAsSoonAsItOpenedCountsAsAFailure(boolean beforeItIsUsed) throws Exception {
    Duration last = Duration.ZERO;
    for (int i = 1; i <= 3; i++) {
      send("m" + i);
      Opening opening = opening();
      StubTransport transport = new StubTransport(loop);
      transport.writable(false);
      Way way = way(transport);
      if (beforeItIsUsed) {
        transport.abort(null);
        loop.run();
      }
      opening.result().complete(way);
      awaitOpen(i);
      if (!beforeItIsUsed) {
        await().until(() -> way.stream().outlet().queuedBytes() > 0);
        transport.abort(null);
        // The attempt's own look at the way, or this, finds it closed.
        loop.run();
      }
      bounced("m" + i, "remote-server-timeout", "PEER_CLOSED");
      noMoreAttempts(i);
      Duration bar = barOf();
      assertThat(bar).as("in a row it is barred for longer").isGreaterThan(last);
      last = bar;
    }
  }

  /** Moves time on until the pair may be tried again; returns how long that was. */
  private Duration barOf() {
    Duration step = Duration.ofMillis(100);
    Duration bar = Duration.ZERO;
    while (table.size() > 0) {
      timers.advance(step);
      bar = bar.plus(step);
      table.sweep();
      assertThat(bar).isLessThan(Duration.ofMinutes(5));
    }
    return bar;
  }

  // ---- the end ---------------------------------------------------------------------------------

  @Test
  void whatWaitsWhenTheTableStopsReturnsOnceThoughTheWayOpensLater() throws Exception {
    send("m1");
    Opening opening = opening();
    table.stop();
    bounced("m1", "remote-server-timeout", "OUR_SHUTDOWN");
    send("m2");
    bounced("m2", "remote-server-timeout", "OUR_SHUTDOWN");
    StubTransport transport = opens(opening);
    loop.run();
    assertThat(transport.ids()).isEmpty();
    assertThat(locals.delivered).isEmpty();
    assertThat(table.size()).isZero();
    noMoreAttempts(1);
  }

  @Test
  void afterTheStopOpenWaysCarryOnAndWhatTheyLeaveReturns() throws Exception {
    StubTransport transport = stuck("m1");
    table.stop();
    send("m2");
    transport.abort(null);
    loop.run();
    bounced("m1", "remote-server-timeout", "OUR_SHUTDOWN");
    bounced("m2", "remote-server-timeout", "OUR_SHUTDOWN");
    noMoreAttempts(1);
    assertThat(table.size()).isZero();
  }

  @Test
  void noStanzaIsForgottenBetweenTheLookAtTheStopAndTheTable() throws Exception {
    // Many senders against the stop: each of their stanzas returns.
    for (int round = 0; round < 20; round++) {
      RoutingTable one = table(RoutingSettings.DEFAULTS);
      int senders = 4;
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < senders; i++) {
        DomainPair pair = Ways.pair("north.example", "s" + i + ".example");
        threads.add(Thread.ofPlatform().start(() -> one.send(Ways.message(pair, pair + ""))));
      }
      one.stop();
      for (Thread thread : threads) {
        thread.join();
      }
      int returned = senders * (round + 1);
      await()
          .pollInterval(Duration.ofMillis(5))
          .untilAsserted(() -> assertThat(locals.delivered).hasSize(returned));
    }
  }

  @Test
  void otherBoundsHoldForWhatComesLater() throws Exception {
    table.replaceSettings(new RoutingSettings(1, 1 << 20, 100, 1, Duration.ofMinutes(1)));
    send("m1");
    opening();
    send("m2");
    bounced("m2", "resource-constraint", "OUR_QUEUE_FULL");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLocalSideThatTakesNothingIsNotAnsweredForErrors(boolean full) {
    locals.answer = full ? Offer.FULL : Offer.CLOSED;
    DomainPair inside = Ways.pair("north.example", "neighbour.example");
    table.send(Ways.message(inside, "m1"));
    assertThat(events(FederationEvent.Bounced.class)).hasSize(1);
    assertThat(events(FederationEvent.Dropped.class)).hasSize(1);
  }
}
