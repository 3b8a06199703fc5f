package im.comity.component;

import static im.comity.component.ComponentBench.ROOMS;
import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;
import static im.comity.component.ComponentBench.domain;
import static im.comity.component.ComponentBench.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import im.comity.event.FederationEvent;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.Xmpp;
import im.comity.transport.FakeTimers;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From the connection to the handshake's answer (XEP-0114 3). */
@Timeout(60)
@ExtendWith(LeakChecked.class)
final class ComponentHandshakeTest {
  private final FakeTimers timers = new FakeTimers();
  private final ComponentBench bench =
      new ComponentBench(timers, 1 << 16).serve(component(ROOMS, "irc.north.example"));

  @AfterEach
  void stop() {
    bench.close();
    // The thread of a handshake that was cut short may still be on its way out.
    await("no alarm that nobody cancels").until(() -> timers.waiting() == 0);
    assertThat(bench.events).noneMatch(FederationEvent.Fault.class::isInstance);
  }

  private static String digest(ScriptedPeer peer) {
    return Xmpp.componentHandshake(peer.streamId(), SECRET);
  }

  private static void expectRefusal(ScriptedPeer peer, String condition) {
    peer.expectStreamError(condition);
    peer.expectEnd();
  }

  @Test
  @Clause({"S2S-CMP-01", "S2S-CMP-05", "S2S-CMP-09"})
  void aGoldenStream() throws Exception {
    ScriptedPeer peer = bench.connect();
    Received header = peer.open(StreamHead.component(ROOMS));
    assertThat(header.attributes().keySet()).containsExactlyInAnyOrder("from", "id");
    assertThat(header.declarations())
        .containsEntry("", Xmpp.COMPONENT)
        .containsEntry("stream", Xmpp.STREAM);
    assertThat(header.attribute("from")).isEqualTo(ROOMS);
    peer.send("<handshake>" + digest(peer) + "</handshake>");
    assertThat(peer.next().raw()).isEqualTo("<handshake/>");
    bench.awaitConnected(ROOMS, "irc.north.example");
    peer.sendStreamEnd();
    peer.expectStreamEnd();
    peer.expectEnd();
    bench.awaitConnected();
  }

  @Test
  @Clause("S2S-CMP-01")
  void theIdOfAStreamCannotBeGuessed() throws Exception {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      String id = bench.connect().open(StreamHead.component(ROOMS)).required("id");
      assertThat(id).hasSizeGreaterThanOrEqualTo(20);
      ids.add(id);
    }
    assertThat(ids).hasSize(20);
  }

  @Test
  @Clause("S2S-CMP-09")
  void aHeaderWithAVersionGetsNoFeatures() throws Exception {
    ScriptedPeer peer = bench.connect();
    Received header =
        peer.open(StreamHead.component(ROOMS).version("1.0").language("en").from(ROOMS));
    assertThat(header.attribute("version")).isNull();
    peer.send("<handshake>" + digest(peer) + "</handshake>");
    peer.expect(Xmpp.COMPONENT, "handshake");
  }

  @Test
  void aComponentMayConnectAsAnyOfItsNamesAndIsBoundToAll() throws Exception {
    ScriptedPeer peer = bench.open("irc.north.example");
    bench.domains.deliverLocally(message("a@south.example", "r@" + ROOMS, "m1"));
    assertThat(peer.next().attribute("id")).isEqualTo("m1");
  }

  @Test
  @Clause("S2S-CMP-03")
  void aDigestInUpperCaseIsAccepted() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send("<handshake>" + digest(peer).toUpperCase(Locale.ROOT) + "</handshake>");
    peer.expect(Xmpp.COMPONENT, "handshake");
  }

  @Test
  void bytesThatComeOneByOneMakeTheSameHandshake() throws Exception {
    bench.serve(component("größe.north.example"));
    ScriptedPeer peer = bench.connect();
    // Two bytes are one letter: each read ends within it.
    peer.sendInPieces(StreamHead.component("größe.north.example").xml(), 1);
    String id = peer.expectHeader().required("id");
    peer.sendInPieces("<handshake>" + Xmpp.componentHandshake(id, SECRET) + "</handshake>\n", 1);
    peer.expect(Xmpp.COMPONENT, "handshake");
    peer.sendInPieces("<message from='ä@größe.north.example' to='b@south.example' id='ü'/>", 1);
    assertThat(bench.nextRouted().id()).isEqualTo("ü");
  }

  @Test
  void whatFollowsTheHandshakeInTheSamePacketIsRead() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send(
        "<handshake>"
            + digest(peer)
            + "</handshake><message from='"
            + ROOMS
            + "' to='b@south.example' id='m1'/><message from='"
            + ROOMS
            + "' to='b@south.example' id='m2'/>");
    peer.expect(Xmpp.COMPONENT, "handshake");
    assertThat(bench.nextRouted().id()).isEqualTo("m1");
    assertThat(bench.nextRouted().id()).isEqualTo("m2");
  }

  record Bad(String what, String sent, String condition) {
    @Override
    public String toString() {
      return what;
    }
  }

  static List<Bad> badHeaders() {
    StreamHead good = StreamHead.component(ROOMS);
    return List.of(
        new Bad("a name that is not served", good.to("other.example").xml(), "host-unknown"),
        new Bad("a parent of a name", good.to("north.example").xml(), "host-unknown"),
        new Bad("an address that is no domain", good.to("a@" + ROOMS).xml(), "host-unknown"),
        new Bad("what cannot be a domain", good.to("a b'<>\"&").xml(), "host-unknown"),
        new Bad("no name", good.to(null).xml(), "improper-addressing"),
        new Bad(
            "the content namespace of servers",
            good.with("xmlns", Xmpp.SERVER).xml(),
            "invalid-namespace"),
        new Bad(
            "the content namespace of clients",
            good.with("xmlns", Xmpp.CLIENT).xml(),
            "invalid-namespace"),
        new Bad(
            "the namespace of the other method",
            good.with("xmlns", "jabber:component:connect").xml(),
            "invalid-namespace"),
        new Bad(
            "another stream namespace",
            good.with("xmlns:stream", "urn:other").xml(),
            "invalid-namespace"),
        new Bad("a DTD", "<?xml version='1.0'?><!DOCTYPE a>" + good.xml(), "restricted-xml"),
        new Bad("a comment", "<!-- hello -->" + good.xml(), "restricted-xml"),
        new Bad("an instruction", "<?php hello?>" + good.xml(), "restricted-xml"),
        new Bad("no XML", "GET / HTTP/1.1\r\n\r\n", "bad-format"),
        new Bad("a header without end", good.to("a".repeat(20_000)).xml(), "policy-violation"));
  }

  @ParameterizedTest
  @MethodSource("badHeaders")
  @Clause("S2S-CMP-02")
  void aBadHeaderGetsAHeaderAnErrorAndTheEnd(Bad bad) throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.send(bad.sent());
    Received header = peer.expectHeader();
    assertThat(header.attribute("id")).isNotEmpty();
    assertThat(header.declarations()).containsEntry("", Xmpp.COMPONENT);
    expectRefusal(peer, bad.condition());
    assertThat(bench.domains.connected()).isEmpty();
  }

  @Test
  void aHeaderThatNamesNoDomainIsAnsweredWithoutFrom() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.send(StreamHead.component("a b").xml());
    assertThat(peer.expectHeader().attribute("from")).isNull();
    expectRefusal(peer, "host-unknown");
    ScriptedPeer other = bench.connect();
    other.send("<!-- -->");
    assertThat(other.expectHeader().attribute("from")).isNull();
    expectRefusal(other, "restricted-xml");
  }

  static List<Bad> badHandshakes() {
    String stanza = "<message from='" + ROOMS + "' to='b@south.example' id='m1'/>";
    return List.of(
        new Bad(
            "a wrong digest", "<handshake>" + "0".repeat(40) + "</handshake>", "not-authorized"),
        new Bad("an empty one", "<handshake/>", "not-authorized"),
        new Bad("one too short", "<handshake>e1af61</handshake>", "not-authorized"),
        new Bad("no hexadecimal", "<handshake>not a digest</handshake>", "not-authorized"),
        new Bad("a stanza", stanza, "not-authorized"),
        new Bad("a foreign element", "<auth xmlns='urn:x'/>", "not-authorized"),
        new Bad(
            "a second header",
            StreamHead.component(ROOMS).declaration("").xml() + "<a/>" + "</stream:stream>",
            "not-authorized"),
        new Bad("a DTD", "<!DOCTYPE a>", "restricted-xml"),
        new Bad("a comment", "<!-- hello -->", "restricted-xml"),
        new Bad("an instruction", "<?php hello?>", "restricted-xml"),
        new Bad("a wrong end tag", "<handshake></hand>", "not-well-formed"),
        new Bad(
            "too much", "<handshake>" + "0".repeat(20_000) + "</handshake>", "policy-violation"));
  }

  @ParameterizedTest
  @MethodSource("badHandshakes")
  @Clause({"S2S-CMP-04", "S2S-CMP-05"})
  void whatIsNotTheRightHandshakeEndsStreamAndConnection(Bad bad) throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send(bad.sent());
    expectRefusal(peer, bad.condition());
    assertThat(bench.domains.connected()).isEmpty();
    assertThat(bench.routed).isEmpty();
  }

  @Test
  void theRightDigestInAForeignNamespaceIsNoHandshake() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send("<handshake xmlns='urn:x'>" + digest(peer) + "</handshake>");
    expectRefusal(peer, "not-authorized");
  }

  @Test
  void halfALetterThatNeverIsCompletedEndsTheStream() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.sendBytes((byte) '<', (byte) 'a', (byte) '>', (byte) 0xC3, (byte) '<');
    expectRefusal(peer, "unsupported-encoding");
  }

  @Test
  @Clause("S2S-CMP-05")
  void aStanzaBeforeTheHandshakeIsNotRoutedThoughTheHandshakeFollows() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send(
        "<message from='"
            + ROOMS
            + "' to='b@south.example' id='m1'/><handshake>"
            + digest(peer)
            + "</handshake>");
    expectRefusal(peer, "not-authorized");
    assertThat(bench.routed).isEmpty();
  }

  @Test
  @Clause("S2S-CMP-06")
  void aFromInTheHeaderGivesNoRight() throws Exception {
    bench.serve(component(ROOMS), component("bank.north.example"));
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS).from("bank.north.example"));
    peer.send("<handshake>" + digest(peer) + "</handshake>");
    peer.expect(Xmpp.COMPONENT, "handshake");
    assertThat(bench.domains.connected()).containsExactly(domain(ROOMS));
    peer.send("<message from='bank.north.example' to='b@south.example' id='m1'/>");
    expectRefusal(peer, "invalid-from");
    assertThat(bench.routed).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "<stream:stream ", "header"})
  void whoDoesNotFinishWithinThirtySecondsIsCut(String sent) throws Exception {
    ScriptedPeer peer = bench.connect();
    if (sent.equals("header")) {
      peer.open(StreamHead.component(ROOMS));
    } else {
      peer.send(sent);
    }
    timers.awaitWaiting(1);
    timers.advance(Duration.ofSeconds(29));
    assertThat(bench.events).noneMatch(FederationEvent.LocalSideChanged.class::isInstance);
    timers.advance(Duration.ofSeconds(1));
    peer.expectDisconnect();
    assertThat(bench.await(FederationEvent.LocalSideChanged.class, _ -> true).detail())
        .contains("out of time");
  }

  @Test
  void afterTheHandshakeSilenceIsAllowed() throws Exception {
    ScriptedPeer peer = bench.open(ROOMS);
    bench.await(
        FederationEvent.LocalSideChanged.class, FederationEvent.LocalSideChanged::connected);
    timers.advance(Duration.ofHours(1));
    peer.send("<message from='" + ROOMS + "' to='b@south.example' id='m1'/>");
    assertThat(bench.nextRouted().id()).isEqualTo("m1");
  }

  @Test
  void aConnectionThatEndsBeforeTheHandshakeIsForgotten() throws Exception {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.closeOutput();
    peer.expectDisconnect();
    bench.await(FederationEvent.LocalSideChanged.class, event -> !event.connected());
  }

  private void fail() throws IOException {
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    peer.send("<handshake>" + "0".repeat(40) + "</handshake>");
    expectRefusal(peer, "not-authorized");
  }

  private void expectToBeTurnedAway() throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(bench.address());
      socket.setSoTimeout(10_000);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (SocketException reset) {
      // So it is told most often; also while it still connects.
    }
  }

  @Test
  @Clause("S2S-CMP-16")
  void afterTenWrongHandshakesAnAddressIsTurnedAwayForAMinute() throws Exception {
    for (int i = 0; i < 9; i++) {
      fail();
    }
    ScriptedPeer right = bench.open(ROOMS);
    right.sendStreamEnd();
    right.expectStreamEnd();
    assertThat(bench.events.toString()).doesNotContain("too many wrong handshakes");
    fail();
    expectToBeTurnedAway();
    // Told after the connection has ended.
    bench.await(
        FederationEvent.LocalSideChanged.class,
        event -> event.detail().contains("too many wrong handshakes"));
    assertThat(bench.events.toString()).containsOnlyOnce("too many wrong handshakes");
    timers.advance(Duration.ofSeconds(60));
    expectToBeTurnedAway();
    timers.advance(Duration.ofSeconds(1));
    bench.awaitConnected();
    bench.open(ROOMS);
  }

  @Test
  @Clause("S2S-CMP-16")
  void aShortSecretIsRefusedAndNoneIsShown() {
    List<im.comity.address.Domain> names = List.of(domain(ROOMS));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new Component(names, Set.of(), "fifteen-letters", Component.Conflict.REFUSE))
        .withMessageNotContaining("fifteen-letters");
    assertThat(component(ROOMS).toString()).contains(ROOMS).doesNotContain(SECRET);
  }
}
