package im.comity.relay;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.dialback.DialbackReading;
import im.comity.event.FederationEvent;
import im.comity.local.LocalSide;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Reason;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stream.Settled;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamHandle;
import im.comity.stream.StreamVersion;
import im.comity.testkit.Clause;
import im.comity.transport.Cancellable;
import im.comity.transport.Deadline;
import im.comity.transport.FakeTimers;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an inbound stream does while the local side has no room. */
final class HeldBackTest {
  private static final DomainPair PAIR = Ways.pair("south.example", "north.example");

  private final FakeTimers timers = new FakeTimers();
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);
  private final List<FederationEvent> events = new ArrayList<>();
  private final List<String> back = new ArrayList<>();
  private final List<String> requests = new ArrayList<>();
  private final Locals locals = new Locals();
  private final StreamHandle handle = StreamHandle.next();
  private EstablishedStream stream;

  /** Takes so many stanzas and then none. */
  private static final class Locals implements LocalSide {
    final List<String> delivered = new ArrayList<>();
    final List<Runnable> waiting = new ArrayList<>();
    int room;
    boolean tells = true;

    @Override
    public Standing standing(Domain domain) {
      return domains().contains(domain) ? Standing.SERVED : Standing.FOREIGN;
    }

    @Override
    public Collection<Domain> domains() {
      return Set.of(Ways.domain("north.example"), Ways.domain("rooms.north.example"));
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      if (room == 0) {
        return Offer.FULL;
      }
      room--;
      delivered.add(String.valueOf(stanza.id()));
      return Offer.ACCEPTED;
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      throw new AssertionError("nothing is sent here");
    }

    @Override
    public @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
      if (!tells) {
        return null;
      }
      waiting.add(task);
      return () -> waiting.remove(task);
    }

    void makeRoom(int stanzas) {
      room = stanzas;
      List<Runnable> woken = List.copyOf(waiting);
      waiting.clear();
      woken.forEach(Runnable::run);
    }
  }

  private final class Requests implements PairRequests {
    @Override
    public void requested(EstablishedStream on, Element element, DialbackReading reading) {
      requests.add(element.name().toString());
    }

    @Override
    public boolean pending(EstablishedStream on, DomainPair pair) {
      return false;
    }

    @Override
    public void ended(EstablishedStream on) {}
  }

  private static PolicyTable permissive() {
    PolicyRule rule = new PolicyRule(FederationLevel.PERMISSIVE, List.of(), true, false, false, "");
    try {
      return PolicyTable.builder()
          .byDefault(Direction.INBOUND, rule)
          .byDefault(Direction.OUTBOUND, rule)
          .build();
    } catch (PolicyException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void establish() {
    PolicyTable policy = permissive();
    RelayContext context =
        new RelayContext(
            locals,
            () -> policy,
            answer -> back.add(answer.octets().toUtf8()),
            new Requests(),
            new StreamDirectory(),
            _ -> {},
            events::add,
            timers,
            RelaySettings.DEFAULTS);
    StreamFacts facts =
        new StreamFacts(
            handle,
            false,
            PAIR,
            null,
            StreamVersion.ONE,
            null,
            StreamFeatures.NONE,
            false,
            transport.remote());
    Deadline deadline = Deadline.start(timers, Duration.ofMinutes(1));
    stream =
        new EstablishedStream(
            new Settled(transport, scanner(), List.of(), facts, null, deadline), context);
    admit(PAIR);
    stream.start();
    loop.run();
  }

  /** One that stands behind the header. */
  private static ElementScanner scanner() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] header =
        ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
                + " xmlns:db='jabber:server:dialback' version='1.0'>")
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    assertThat(scanner.scan(header, 0, header.length)).isEqualTo(ElementScanner.Event.HEADER);
    return scanner;
  }

  private void admit(DomainPair pair) {
    Admission admission =
        Admission.inbound(
            new Requirement(FederationLevel.PERMISSIVE, List.of(), true, true, false, "test"),
            new Channel(handle.value(), null),
            pair,
            new Judgement.NotProven(
                List.of(new Reason(Reason.ANY, Reason.Code.SELF_SIGNED, "test"))),
            null,
            null);
    if (!(admission instanceof Admission.Admitted(var association))) {
      throw new AssertionError(admission);
    }
    assertThat(stream.admit(association)).isTrue();
    loop.run();
  }

  private static String message(String from, String to, String id) {
    return "<message from='a@" + from + "' to='b@" + to + "' id='" + id + "'/>";
  }

  private static String messages(int from, int to) {
    StringBuilder all = new StringBuilder();
    for (int i = from; i < to; i++) {
      all.append(message("south.example", "north.example", "m" + i));
    }
    return all.toString();
  }

  private void receive(String text) {
    transport.receive(text);
    loop.run();
  }

  private void room(int stanzas) {
    locals.makeRoom(stanzas);
    loop.run();
  }

  private void pass(Duration time) {
    timers.advance(time);
    loop.run();
  }

  private static List<String> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "m" + i).toList();
  }

  private int bounces() {
    List<FederationEvent> told =
        events.stream().filter(FederationEvent.Bounced.class::isInstance).toList();
    assertThat(told).hasSameSizeAs(back);
    assertThat(back).allMatch(answer -> answer.contains("<resource-constraint"));
    return told.size();
  }

  @Test
  @Clause("S2S-DOS-05")
  void aStreamOfOnePairIsNotReadUntilThereIsRoomAndNothingIsLostOrOvertakes() {
    room(2);
    receive(messages(0, 4));
    assertThat(transport.paused()).isTrue();
    assertThat(locals.delivered).isEqualTo(ids(0, 2));
    // The connection had read on.
    receive(messages(4, 6));
    assertThat(locals.delivered).hasSize(2);
    room(1);
    assertThat(transport.paused()).isTrue();
    assertThat(locals.delivered).isEqualTo(ids(0, 3));
    room(100);
    assertThat(transport.paused()).isFalse();
    receive(messages(6, 8));
    assertThat(locals.delivered).isEqualTo(ids(0, 8));
    assertThat(bounces()).isZero();
  }

  @Test
  @Clause({"S2S-DOS-05", "S2S-BNC-13"})
  void aStreamThatPairsShareIsReadOnAndEachStanzaWithoutRoomBouncesOnce() {
    room(2);
    receive(message("south.example", "rooms.north.example", "r") + messages(0, 5));
    assertThat(transport.paused()).isFalse();
    assertThat(bounces()).isEqualTo(4);
    room(100);
    receive(messages(5, 6));
    assertThat(locals.delivered).containsExactly("r", "m0", "m5");
  }

  @Test
  @Clause("S2S-DOS-05")
  void aPairThatWasAddedMakesTheStreamAsSharedAsOneThatSends() {
    admit(Ways.pair("south.example", "rooms.north.example"));
    receive(messages(0, 2));
    assertThat(transport.paused()).isFalse();
    assertThat(bounces()).isEqualTo(2);
  }

  @Test
  @Clause("S2S-DOS-05")
  void whatLiesBehindAStanzaThatWaitsIsReadWhenPatienceIsOver() {
    receive(
        messages(0, 3)
            + "<db:result from='west.example' to='north.example'>k</db:result>"
            + messages(3, 5));
    assertThat(requests).isEmpty();
    pass(EstablishedStream.PATIENCE.minusMillis(1));
    assertThat(requests).isEmpty();
    assertThat(bounces()).isZero();
    pass(Duration.ofMillis(1));
    // All that follows bounces without a wait of its own.
    assertThat(requests).hasSize(1);
    assertThat(bounces()).isEqualTo(5);
    assertThat(transport.paused()).isFalse();
    assertThat(locals.waiting).as("nothing is left with the local side").isEmpty();
    room(1);
    receive(messages(5, 7));
    assertThat(locals.delivered).containsExactly("m5");
    assertThat(transport.paused()).as("patient again").isTrue();
    assertThat(bounces()).isEqualTo(5);
  }

  @Test
  void aLocalSideThatCannotTellOfRoomIsNotWaitedFor() {
    locals.tells = false;
    receive(messages(0, 2));
    assertThat(transport.paused()).isFalse();
    assertThat(bounces()).isEqualTo(2);
  }

  @Test
  void whatThePeerSentBeforeItEndedInGoodOrderStillGoesItsWay() {
    receive(messages(0, 3));
    transport.abort(null);
    loop.run();
    assertThat(events).noneMatch(FederationEvent.StreamClosed.class::isInstance);
    room(100);
    assertThat(locals.delivered).isEqualTo(ids(0, 3));
    assertThat(events).filteredOn(FederationEvent.StreamClosed.class::isInstance).hasSize(1);
  }

  @Test
  void whenTheConnectionBreaksWhatWaitsReturnsAtOnce() {
    receive(messages(0, 3));
    transport.abort(new IOException("broken"));
    loop.run();
    assertThat(bounces()).isEqualTo(3);
    assertThat(locals.waiting).isEmpty();
    assertThat(events).filteredOn(FederationEvent.StreamClosed.class::isInstance).hasSize(1);
  }

  @Test
  void whenWeEndTheStreamWhatWaitsReturnsOnce() {
    receive(messages(0, 3));
    stream.close(
        im.comity.stream.StreamError.of(im.comity.stream.StreamErrorCondition.SYSTEM_SHUTDOWN));
    loop.run();
    assertThat(bounces()).isEqualTo(1);
    assertThat(locals.waiting).isEmpty();
    room(100);
    pass(Duration.ofMinutes(1));
    assertThat(locals.delivered).isEmpty();
    assertThat(events).filteredOn(FederationEvent.StreamClosed.class::isInstance).hasSize(1);
  }

  @Test
  void whenWeClosePolitelyAllThatWaitsReturnsAndWhatComesIsStillRead() {
    receive(messages(0, 3));
    stream.close("of a test");
    loop.run();
    assertThat(bounces()).isEqualTo(3);
    assertThat(transport.paused()).isFalse();
    locals.room = 1;
    receive(messages(3, 4));
    assertThat(locals.delivered).containsExactly("m3");
  }
}
