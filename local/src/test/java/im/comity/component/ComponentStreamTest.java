package im.comity.component;

import static im.comity.component.ComponentBench.ROOMS;
import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;
import static im.comity.component.ComponentBench.domain;
import static im.comity.component.ComponentBench.message;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.Xmpp;
import im.comity.transport.FakeTimers;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What flows on a component's stream after its handshake. */
@Timeout(120)
@ExtendWith(LeakChecked.class)
final class ComponentStreamTest {
  private static final int MANY = 20_000;

  private final ComponentBench bench =
      new ComponentBench(null, 1 << 16)
          .serve(
              new Component(
                  List.of(domain(ROOMS), domain("irc.north.example")),
                  Set.of(domain("north.example")),
                  SECRET,
                  Component.Conflict.REFUSE),
              component("bank.north.example"));

  @AfterEach
  void stop() {
    bench.close();
    assertThat(bench.events).noneMatch(FederationEvent.Fault.class::isInstance);
  }

  private static String xml(String from, String to, String id, String more) {
    return "<message from='" + from + "' to='" + to + "' id='" + id + "'>" + more + "</message>";
  }

  private static void expectEnd(ScriptedPeer peer, String condition) {
    peer.expectStreamError(condition);
    peer.expectEnd();
  }

  @Test
  void whatAComponentSendsStandsInTheNamespaceOfServersAndForeignContentStaysAsItIs()
      throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(
        xml(
            ROOMS,
            "b@south.example",
            "m1",
            "<body>x</body><forwarded xmlns='urn:xmpp:forward:0'>"
                + "<message xmlns='jabber:client'><body>y</body></message></forwarded>"));
    Stanza stanza = bench.nextRouted();
    assertThat(stanza.toElement().namespace()).isEqualTo(Namespaces.SERVER);
    assertThat(stanza.toElement().child(Namespaces.SERVER, "body")).isNotNull();
    assertThat(
            stanza
                .toElement()
                .child("urn:xmpp:forward:0", "forwarded")
                .child(Namespaces.CLIENT, "message")
                .child(Namespaces.CLIENT, "body")
                .text())
        .isEqualTo("y");
    assertThat(stanza.octets().toUtf8()).doesNotContain(Namespaces.COMPONENT_ACCEPT);
  }

  @Test
  @Clause("S2S-NS-10")
  void aCarelessComponentsStanzaInTheNamespaceOfClientsIsMovedWithItsContent() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(
        "<message xmlns='jabber:client' from='"
            + ROOMS
            + "' to='b@south.example' id='m1'><body>x</body></message>");
    Stanza stanza = bench.nextRouted();
    assertThat(stanza.toElement().child(Namespaces.SERVER, "body").text()).isEqualTo("x");
    assertThat(stanza.octets().toUtf8()).doesNotContain(Namespaces.CLIENT);
  }

  @Test
  void whatAComponentGetsStandsInItsNamespace() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    assertThat(bench.domains.deliverLocally(message("a@south.example/x", "r@" + ROOMS, "m1")))
        .isEqualTo(Offer.ACCEPTED);
    Received got = peer.next();
    assertThat(got.is(Xmpp.COMPONENT, "message")).isTrue();
    assertThat(got.child(Xmpp.COMPONENT, "body").text()).isEqualTo("m1");
    assertThat(got.raw()).doesNotContain(Namespaces.SERVER);
    assertThat(got.attribute("from")).isEqualTo("a@south.example/x");
    assertThat(got.attribute("to")).isEqualTo("r@" + ROOMS);
  }

  @ParameterizedTest
  @CsvSource({
    "rooms.north.example",
    "ROOMS.north.example",
    "irc.north.example",
    "r@rooms.north.example",
    "r@rooms.north.example/nick",
    "a@north.example/x",
  })
  @Clause({"S2S-CMP-06", "S2S-CMP-07"})
  void aComponentSendsFromAllOfItsDomains(String from) throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(xml(from, "b@south.example", "m1", ""));
    assertThat(bench.nextRouted().id()).isEqualTo("m1");
  }

  record Bad(String what, String sent, String condition) {
    @Override
    public String toString() {
      return what;
    }
  }

  static List<Bad> bad() {
    String to = "' to='b@south.example' id='m1'/>";
    return List.of(
        new Bad("another's domain", "<message from='bank.north.example" + to, "invalid-from"),
        new Bad("a remote domain", "<message from='b@south.example" + to, "invalid-from"),
        new Bad("a child of its domain", "<message from='x." + ROOMS + to, "invalid-from"),
        new Bad("the parent of its extra domain", "<message from='example" + to, "invalid-from"),
        new Bad("no from", "<message to='b@south.example' id='m1'/>", "improper-addressing"),
        new Bad("an empty from", "<message from='" + to, "improper-addressing"),
        new Bad("no to", "<message from='" + ROOMS + "' id='m1'/>", "improper-addressing"),
        new Bad("an empty to", "<message from='" + ROOMS + "' to=''/>", "improper-addressing"),
        new Bad(
            "a to without domain",
            "<message from='" + ROOMS + "' to='b@'/>",
            "improper-addressing"),
        new Bad("a foreign element", "<foo xmlns='urn:x'/>", "unsupported-stanza-type"),
        new Bad("an element of the stream", "<handshake/>", "unsupported-stanza-type"),
        new Bad(
            "the namespace of servers",
            "<message xmlns='jabber:server' from='" + ROOMS + to,
            "invalid-namespace"),
        new Bad(
            "a prefixed stanza",
            "<c:message xmlns:c='jabber:component:accept' from='" + ROOMS + to,
            "bad-namespace-prefix"),
        new Bad(
            "a second header",
            StreamHead.component(ROOMS).declaration("").xml() + "</stream:stream>",
            "unsupported-stanza-type"),
        new Bad(
            "a second header with a declaration",
            StreamHead.component(ROOMS).xml(),
            "restricted-xml"),
        new Bad("a DTD", "<!DOCTYPE a>", "restricted-xml"),
        new Bad("a comment", "<!-- a -->", "restricted-xml"),
        new Bad("an instruction", "<?php a?>", "restricted-xml"),
        new Bad("an entity", "<message>&foo;</message>", "restricted-xml"),
        new Bad("a wrong end tag", "<message></massage>", "not-well-formed"),
        new Bad("text between stanzas", "hello", "bad-format"),
        new Bad(
            "what is too big to be skipped",
            xml(ROOMS, "b@south.example", "m1", "a".repeat(100_000)),
            "policy-violation"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  @Clause({"S2S-CMP-06", "S2S-CMP-07"})
  void whatAComponentMustNotSendEndsItsStream(Bad bad) throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(bad.sent());
    expectEnd(peer, bad.condition());
    bench.awaitConnected();
    assertThat(bench.routed).isEmpty();
  }

  @Test
  void aStanzaOverTheLimitIsReturnedAndTheStreamLives() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(xml(ROOMS, "b@south.example", "m1", "a".repeat(30_000)));
    peer.send(xml(ROOMS, "b@south.example", "m2", ""));
    peer.expect(
        Match.element(Xmpp.COMPONENT, "message")
            .attribute("type", "error")
            .attribute("id", "m1")
            .attribute("from", "b@south.example")
            .attribute("to", ROOMS)
            .child(
                Match.element(Xmpp.COMPONENT, "error")
                    .child(Match.element(Xmpp.STANZA_ERRORS, "policy-violation"))));
    assertThat(bench.nextRouted().id()).isEqualTo("m2");
  }

  @Test
  void aMalformedLocalpartIsReturnedAndTheStreamLives() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(xml(ROOMS, "a b@south.example", "m1", ""));
    peer.send(xml(ROOMS, "b@south.example", "m2", ""));
    peer.expect(
        Match.element(Xmpp.COMPONENT, "message")
            .attribute("id", "m1")
            .child(
                Match.element(Xmpp.COMPONENT, "error")
                    .child(Match.element(Xmpp.STANZA_ERRORS, "jid-malformed"))));
    assertThat(bench.nextRouted().id()).isEqualTo("m2");
  }

  @ParameterizedTest
  @CsvSource({"get,", ",i1", "question,i1", ","})
  @Clause("S2S-STZ-09")
  void anIqWithoutIdOrWithAnUnknownTypeIsABadRequestAndTheStreamLives(String type, String id)
      throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(
        "<iq from='"
            + ROOMS
            + "' to='south.example'"
            + (type == null ? "" : " type='" + type + "'")
            + (id == null ? "" : " id='" + id + "'")
            + "><ping xmlns='urn:xmpp:ping'/></iq>");
    Received answer =
        peer.expect(
            Match.element(Xmpp.COMPONENT, "iq")
                .attribute("type", "error")
                .child(
                    Match.element(Xmpp.COMPONENT, "error")
                        .child(Match.element(Xmpp.STANZA_ERRORS, "bad-request"))));
    assertThat(answer.attribute("id")).isEqualTo(id);
    peer.send(xml(ROOMS, "b@south.example", "m2", ""));
    assertThat(bench.nextRouted().id()).isEqualTo("m2");
  }

  @Test
  void aStreamErrorOfTheComponentEndsItsStream() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.send(Xmpp.streamError("system-shutdown"));
    peer.expectStreamEnd();
    peer.expectEnd();
    bench.awaitConnected();
    assertThat(bench.await(FederationEvent.LocalSideChanged.class, e -> !e.connected()).detail())
        .contains("system-shutdown");
  }

  @Test
  void aComponentThatEndsItsConnectionWithoutAWordIsGoneAndItsConnectionIsClosed()
      throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.closeOutput();
    peer.expectEnd();
    bench.awaitConnected();
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> bench.network.openConnections() == 0);
  }

  @Test
  void aComponentThatResetsItsConnectionIsGone() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    peer.reset();
    bench.awaitConnected();
    assertThat(bench.domains.deliverLocally(message("a@south.example", ROOMS, "m1")))
        .isEqualTo(Offer.CLOSED);
  }

  // ---- Much

  private static String numbered(int number) {
    return xml(ROOMS, "b@south.example", "m" + number, "<body>" + "x".repeat(1000) + "</body>");
  }

  /** Writes many stanzas from a thread of its own; counts those the connection took. */
  private Thread writeMany(RawComponent component, AtomicInteger written, String last) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (int i = 0; i < MANY; i++) {
                  component.write(numbered(i));
                  written.incrementAndGet();
                }
                component.write(last);
                component.closeOutput();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static void awaitStandstill(AtomicInteger count) {
    AtomicInteger before = new AtomicInteger(-1);
    Awaitility.await()
        .pollInterval(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(30))
        .until(() -> count.get() == before.getAndSet(count.get()));
  }

  @ParameterizedTest
  @CsvSource({"</stream:stream>", "' '"})
  void whenTheWayIsFullTheComponentWaitsAndThenAllArrivesOnceAndInOrder(String last)
      throws Exception {
    try (RawComponent component = RawComponent.open(bench.address(), ROOMS, SECRET)) {
      bench.fill();
      AtomicInteger written = new AtomicInteger();
      Thread writer = writeMany(component, written, last);
      awaitStandstill(written);
      // What was written is in the kernel's buffers, for one stanza alone was read and kept.
      assertThat(written.get()).isLessThan(MANY * 3 / 4);
      assertThat(bench.heldBack()).isEqualTo(1);
      assertThat(bench.routed).isEmpty();
      for (int i = 0; i < MANY; i++) {
        if (i % 1000 == 999) {
          // Full again in the midst.
          bench.fill();
          bench.makeRoom();
        } else if (i == 0) {
          bench.makeRoom();
        }
        assertThat(bench.nextRouted().id()).isEqualTo("m" + i);
      }
      writer.join();
      component.rest();
      bench.awaitConnected();
      assertThat(bench.routed).isEmpty();
    }
  }

  @Test
  @Clause("S2S-DOS-05")
  void aNeighbourThatHangsHoldsAComponentBackForATimeAndThenItsStanzasReturn() throws Exception {
    FakeTimers timers = new FakeTimers();
    try (ComponentBench own =
        new ComponentBench(timers, 1 << 16)
            .serve(component(ROOMS), component("bank.north.example"))) {
      ScriptedPeer peer = own.open(ROOMS);
      own.fill();
      own.returning = true;
      peer.send(xml(ROOMS, "bank.north.example", "m1", ""));
      peer.send(xml(ROOMS, "bank.north.example", "m2", ""));
      Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> own.heldBack() == 1);
      timers.advance(ComponentStream.PATIENCE.minusMillis(1));
      assertThat(own.returned).isEmpty();
      timers.advance(Duration.ofMillis(1));
      assertThat(own.returned.poll(10, TimeUnit.SECONDS).id()).isEqualTo("m1");
      // No second wait for one that hangs.
      assertThat(own.returned.poll(10, TimeUnit.SECONDS).id()).isEqualTo("m2");
      own.makeRoom();
      peer.send(xml(ROOMS, "bank.north.example", "m3", ""));
      assertThat(own.nextRouted().id()).isEqualTo("m3");
      own.fill();
      peer.send(xml(ROOMS, "bank.north.example", "m4", ""));
      Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> own.heldBack() == 1);
      assertThat(own.returned).isEmpty();
      own.makeRoom();
      assertThat(own.nextRouted().id()).isEqualTo("m4");
    }
  }

  @Test
  void whatLaySentWhenTheComponentEndedItsConnectionStillGoesItsWay() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    bench.fill();
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      all.append(numbered(i));
    }
    peer.send(all.toString());
    Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> bench.heldBack() == 1);
    peer.closeOutput();
    peer.expectEnd();
    bench.makeRoom();
    for (int i = 0; i < 100; i++) {
      assertThat(bench.nextRouted().id()).isEqualTo("m" + i);
    }
  }

  @Test
  @Clause("S2S-CMP-11")
  void whatWasAcceptedForAComponentThatGoesAwayReturnsToItsSenders() throws Exception {
    int accepted;
    try (RawComponent component = RawComponent.open(bench.address(), ROOMS, SECRET)) {
      accepted = bench.stuff(ROOMS);
      assertThat(component.nextId()).isEqualTo("m0");
    }
    bench.awaitConnected();
    List<Stanza> bounced = new ArrayList<>();
    do {
      bounced.add(bench.nextRouted());
    } while (!("m" + (accepted - 1)).equals(bounced.getLast().id()));
    for (int i = 0; i < bounced.size(); i++) {
      Stanza bounce = bounced.get(i);
      assertThat(bounce.id()).isEqualTo("m" + (accepted - bounced.size() + i));
      assertThat(bounce.type()).isEqualTo("error");
      assertThat(bounce.to().toString()).isEqualTo("a@south.example");
      assertThat(bounce.octets().toUtf8()).contains("type='wait'", "<remote-server-timeout ");
    }
  }

  @Test
  void whatWasAcceptedForAComponentThatIsRemovedIsCountedAsDropped() throws Exception {
    try (RawComponent component = RawComponent.open(bench.address(), ROOMS, SECRET)) {
      bench.stuff(ROOMS);
      bench.serve();
      bench.await(FederationEvent.Dropped.class, _ -> true);
      assertThat(component.rest()).endsWith("</stream:error></stream:stream>");
    }
    assertThat(bench.routed).isEmpty();
  }

  @Test
  void aComponentThatSendsBadStanzasAndDoesNotReadIsNotOwedMoreThanItsShare() throws Exception {
    String iq = "<iq from='" + ROOMS + "' to='south.example' id='i'>" + "x".repeat(900) + "</iq>";
    try (RawComponent component = RawComponent.open(bench.address(), ROOMS, SECRET)) {
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < MANY; i++) {
                        component.write(iq);
                      }
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      writer.join();
      assertThat(bench.await(FederationEvent.Dropped.class, _ -> true).why())
          .isEqualTo("the component does not read");
      component.write(xml(ROOMS, "b@south.example", "m1", ""));
      assertThat(bench.nextRouted().id()).isEqualTo("m1");
    }
  }
}
