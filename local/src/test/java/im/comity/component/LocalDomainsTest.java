package im.comity.component;

import static im.comity.component.ComponentBench.ROOMS;
import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;
import static im.comity.component.ComponentBench.domain;
import static im.comity.component.ComponentBench.message;
import static im.comity.component.ComponentBench.stanza;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.Domain;
import im.comity.event.FederationEvent;
import im.comity.local.LocalSide.Standing;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.Xmpp;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which connection stands behind which domain, while connections and the configuration change. */
@Timeout(60)
@ExtendWith(LeakChecked.class)
final class LocalDomainsTest {
  private static final String IRC = "irc.north.example";
  private static final Map<Domain, HostServices.Profile> HOST =
      Map.of(domain("north.example"), HostServices.Profile.PLAIN);

  private final ComponentBench bench = new ComponentBench();
  private final LocalDomains domains = bench.domains;

  @AfterEach
  void stop() {
    bench.close();
    assertThat(bench.events).noneMatch(FederationEvent.Fault.class::isInstance);
  }

  private static void expectEnd(ScriptedPeer peer, String condition) {
    peer.expectStreamError(condition);
    peer.expectEnd();
  }

  /** That a stanza for the domain comes to this component. */
  private void expectReached(ScriptedPeer peer, String to, String id) {
    assertThat(domains.deliverLocally(message("a@south.example", to, id)))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(peer.next().attribute("id")).isEqualTo(id);
  }

  // ---- Two connections of one component

  @Test
  @Clause("S2S-CMP-08")
  void refuseLeavesTheOldConnectionAndTurnsTheNewOneAway() throws Exception {
    bench.serve(component(Component.Conflict.REFUSE, ROOMS, IRC));
    ScriptedPeer old = bench.open(ROOMS);
    ScriptedPeer late = bench.connect();
    late.open(StreamHead.component(IRC));
    late.send("<handshake>" + Xmpp.componentHandshake(late.streamId(), SECRET) + "</handshake>");
    expectEnd(late, "conflict");
    expectReached(old, ROOMS, "m1");
    expectReached(old, IRC, "m2");
    old.sendStreamEnd();
    old.expectStreamEnd();
    bench.awaitConnected();
    expectReached(bench.open(ROOMS), IRC, "m3");
  }

  @Test
  @Clause("S2S-CMP-08")
  void replaceEndsTheOldConnectionAndTakesTheNewOne() throws Exception {
    bench.serve(component(Component.Conflict.REPLACE, ROOMS, IRC));
    ScriptedPeer old = bench.open(ROOMS);
    ScriptedPeer late = bench.open(IRC);
    expectEnd(old, "conflict");
    expectReached(late, ROOMS, "m1");
    expectReached(late, IRC, "m2");
    // The end of the old one does not unbind the new one.
    bench.await(FederationEvent.LocalSideChanged.class, event -> !event.connected());
    bench.awaitConnected(ROOMS, IRC);
    expectReached(late, ROOMS, "m3");
  }

  @Test
  @Clause("S2S-CMP-08")
  void shareGivesEachBareJidOneOfTheConnections() throws Exception {
    bench.serve(component(Component.Conflict.SHARE, ROOMS));
    ScriptedPeer one = bench.open(ROOMS);
    ScriptedPeer two = bench.open(ROOMS);
    int perUser = 4;
    int users = 40;
    for (int i = 0; i < perUser; i++) {
      for (int user = 0; user < users; user++) {
        String to = "user" + user + "@" + ROOMS + (i == 0 ? "" : "/resource" + i);
        domains.deliverLocally(message("a" + i + "@south.example", to, "m" + i));
      }
    }
    // What comes last on each connection: it ends when the component says so.
    Map<String, ScriptedPeer> owners = new HashMap<>();
    Map<String, Integer> seen = new HashMap<>();
    for (ScriptedPeer peer : List.of(one, two)) {
      peer.sendStreamEnd();
      for (Received next; (next = peer.nextOrEnd()) != null; ) {
        String bare = next.required("to").replaceFirst("/.*", "");
        assertThat(owners.merge(bare, peer, (first, _) -> first)).isSameAs(peer);
        int before = seen.merge(bare, 1, Integer::sum) - 1;
        assertThat(next.attribute("id")).isEqualTo("m" + before);
      }
    }
    assertThat(seen).hasSize(users).allSatisfy((_, count) -> assertThat(count).isEqualTo(perUser));
    assertThat(owners.values()).contains(one, two);
  }

  @Test
  void whenOneThatSharesEndsTheOtherHasAll() throws Exception {
    bench.serve(component(Component.Conflict.SHARE, ROOMS));
    ScriptedPeer one = bench.open(ROOMS);
    ScriptedPeer two = bench.open(ROOMS);
    one.sendStreamEnd();
    one.expectStreamEnd();
    bench.await(FederationEvent.LocalSideChanged.class, event -> !event.connected());
    for (int user = 0; user < 20; user++) {
      expectReached(two, "user" + user + "@" + ROOMS, "m" + user);
    }
  }

  @Test
  @Clause("S2S-CMP-05")
  void noStanzaPrecedesTheAnswerToTheHandshakeThoughOthersSendAllTheTime() throws Exception {
    bench.serve(component(Component.Conflict.REPLACE, ROOMS));
    AtomicBoolean over = new AtomicBoolean();
    Thread sender =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!over.get()) {
                    domains.deliverLocally(message("a@south.example", ROOMS, "m"));
                  }
                });
    try {
      for (int i = 0; i < 100; i++) {
        // It expects the answer first.
        try (ScriptedPeer peer = bench.open(ROOMS)) {
          assertThat(peer.next().attribute("id")).isEqualTo("m");
        }
      }
    } finally {
      over.set(true);
      sender.join();
    }
  }

  // ---- Another configuration

  @Test
  void theStandingOfADomainFollowsTheConfiguration() {
    assertThat(domains.standing(domain(ROOMS))).isEqualTo(Standing.FOREIGN);
    domains.configure(HOST, List.of(component(ROOMS, IRC)));
    assertThat(domains.standing(domain(ROOMS))).isEqualTo(Standing.SERVED);
    assertThat(domains.domains())
        .containsExactlyInAnyOrder(domain("north.example"), domain(ROOMS), domain(IRC));
    domains.configure(Map.of(), List.of(component(ROOMS)));
    assertThat(domains.standing(domain(IRC))).isEqualTo(Standing.GONE);
    assertThat(domains.standing(domain("north.example"))).isEqualTo(Standing.GONE);
    assertThat(domains.standing(domain("south.example"))).isEqualTo(Standing.FOREIGN);
    assertThat(domains.domains()).containsExactly(domain(ROOMS));
    domains.configure(HOST, List.of());
    assertThat(domains.standing(domain("north.example"))).isEqualTo(Standing.SERVED);
    assertThat(domains.standing(domain(IRC))).isEqualTo(Standing.GONE);
  }

  @Test
  void aComponentThatIsRemovedIsToldHostGoneAndOthersAreLeftAlone() throws Exception {
    bench.serve(component(ROOMS), component(IRC));
    ScriptedPeer rooms = bench.open(ROOMS);
    ScriptedPeer irc = bench.open(IRC);
    bench.serve(component(IRC));
    expectEnd(rooms, "host-gone");
    expectReached(irc, IRC, "m1");
    assertThat(domains.deliverLocally(message("a@south.example", ROOMS, "m2")))
        .isEqualTo(Offer.CLOSED);
    bench.awaitConnected(IRC);
    ScriptedPeer again = bench.connect();
    again.open(StreamHead.component(ROOMS));
    expectEnd(again, "host-unknown");
  }

  @Test
  void aComponentThatIsRenamedIsClosedAndComesBackByItsNewName() throws Exception {
    bench.serve(component(ROOMS));
    ScriptedPeer old = bench.open(ROOMS);
    bench.serve(component("chat.north.example"));
    expectEnd(old, "host-gone");
    bench.awaitConnected();
    expectReached(bench.open("chat.north.example"), "chat.north.example", "m1");
  }

  static List<Arguments> changes() {
    List<Domain> rooms = List.of(domain(ROOMS));
    return List.of(
        Arguments.of("more names", component(ROOMS, IRC)),
        Arguments.of(
            "another secret",
            new Component(rooms, Set.of(), "another-secret-of-it", Component.Conflict.REFUSE)),
        Arguments.of("another rule", component(Component.Conflict.SHARE, ROOMS)),
        Arguments.of(
            "more senders",
            new Component(
                rooms, Set.of(domain("north.example")), SECRET, Component.Conflict.REFUSE)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("changes")
  void aComponentThatIsConfiguredOtherwiseIsReset(String what, Component after) throws Exception {
    bench.serve(component(ROOMS), component("bank.north.example"));
    ScriptedPeer rooms = bench.open(ROOMS);
    ScriptedPeer bank = bench.open("bank.north.example");
    bench.serve(after, component("bank.north.example"));
    expectEnd(rooms, "reset");
    expectReached(bank, "bank.north.example", "m1");
    bench.awaitConnected("bank.north.example");
    ScriptedPeer again = bench.connect();
    again.openComponent(ROOMS, after.secret());
    expectReached(again, ROOMS, "m2");
  }

  @Test
  void theSameConfigurationOnceMoreLeavesAllAlone() throws Exception {
    bench.serve(component(ROOMS, IRC));
    ScriptedPeer peer = bench.open(ROOMS);
    bench.serve(component(ROOMS, IRC));
    expectReached(peer, IRC, "m1");
  }

  @Test
  void aComponentThatIsRemovedDuringItsHandshakeIsNotBound() throws Exception {
    bench.serve(component(ROOMS));
    ScriptedPeer peer = bench.connect();
    peer.open(StreamHead.component(ROOMS));
    bench.serve(component(IRC));
    peer.send("<handshake>" + Xmpp.componentHandshake(peer.streamId(), SECRET) + "</handshake>");
    expectEnd(peer, "reset");
    assertThat(domains.connected()).isEmpty();
  }

  @Test
  void whatAComponentSendsFromADomainThatIsServedNoMoreIsNotRouted() throws Exception {
    domains.configure(
        HOST,
        List.of(
            new Component(
                List.of(domain(ROOMS)),
                Set.of(domain("north.example")),
                SECRET,
                Component.Conflict.REFUSE)));
    ScriptedPeer peer = bench.open(ROOMS);
    domains.configure(
        Map.of(),
        List.of(
            new Component(
                List.of(domain(ROOMS)),
                Set.of(domain("north.example")),
                SECRET,
                Component.Conflict.REFUSE)));
    peer.send("<message from='north.example' to='b@south.example' id='m1'/>");
    expectEnd(peer, "host-gone");
    assertThat(bench.routed).isEmpty();
  }

  // ---- The end

  @Test
  void theServerSaysGoodByeToEveryComponentWhenItStops() throws Exception {
    bench.serve(component(ROOMS), component(IRC));
    ScriptedPeer rooms = bench.open(ROOMS);
    ScriptedPeer irc = bench.open(IRC);
    ScriptedPeer unfinished = bench.connect();
    unfinished.open(StreamHead.component(ROOMS));
    bench.acceptor.close();
    rooms.expectStreamError("system-shutdown");
    irc.expectStreamError("system-shutdown");
    rooms.sendStreamEnd();
    irc.sendStreamEnd();
    rooms.expectEnd();
    irc.expectEnd();
    unfinished.expectDisconnect();
    bench.awaitConnected();
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> bench.network.openConnections() == 0);
  }

  @Test
  void manyConnectionsThatComeAndGoLeaveNothing() throws Exception {
    bench.serve(component(Component.Conflict.SHARE, ROOMS));
    for (int i = 0; i < 50; i++) {
      ScriptedPeer peer = bench.open(ROOMS);
      switch (i % 3) {
        case 0 -> {
          peer.sendStreamEnd();
          peer.expectStreamEnd();
          peer.close();
        }
        case 1 -> peer.reset();
        default -> peer.close();
      }
    }
    bench.awaitConnected();
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(
            () -> bench.network.openConnections() == 0 && bench.network.outstandingBuffers() == 0);
    assertThat(domains.streams()).isEmpty();
  }

  // ---- Hosts

  @Test
  @Clause("S2S-STZ-17")
  void aRequestToADomainWithAComponentIsAnsweredByTheHostIfItHasAProfile() throws Exception {
    domains.configure(Map.of(domain(ROOMS), HostServices.Profile.PLAIN), List.of(component(ROOMS)));
    ScriptedPeer peer = bench.open(ROOMS);
    assertThat(
            domains.deliverLocally(
                stanza("iq", "a@south.example/x", ROOMS, "i1", "get", "query", "")))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(bench.nextRouted().id()).isEqualTo("i1");
    expectReached(peer, ROOMS, "m1");
    expectReached(peer, "r@" + ROOMS, "m2");
    domains.deliverLocally(
        stanza("iq", "a@south.example/x", "r@" + ROOMS, "i2", "get", "query", ""));
    assertThat(peer.next().attribute("id")).isEqualTo("i2");
    domains.deliverLocally(stanza("iq", "a@south.example/x", ROOMS, "i3", "result", "query", ""));
    assertThat(peer.next().attribute("id")).isEqualTo("i3");
  }

  @Test
  void withoutAProfileTheComponentAnswersForItsDomain() throws Exception {
    bench.serve(component(ROOMS));
    ScriptedPeer peer = bench.open(ROOMS);
    domains.deliverLocally(stanza("iq", "a@south.example/x", ROOMS, "i1", "get", "query", ""));
    assertThat(peer.next().attribute("id")).isEqualTo("i1");
    assertThat(bench.routed).isEmpty();
  }

  @Test
  @Clause("S2S-STZ-10")
  void aRequestWhoseAnswerFindsNoRoomIsNotAccepted() throws Exception {
    domains.configure(HOST, List.of());
    Stanza request = stanza("iq", "a@south.example/x", "north.example", "i1", "get", "query", "");
    bench.fill();
    assertThat(domains.deliverLocally(request)).isEqualTo(Offer.FULL);
    bench.makeRoom();
    assertThat(domains.deliverLocally(request)).isEqualTo(Offer.ACCEPTED);
    assertThat(bench.nextRouted().id()).isEqualTo("i1");
    assertThat(bench.routed).isEmpty();
  }
}
