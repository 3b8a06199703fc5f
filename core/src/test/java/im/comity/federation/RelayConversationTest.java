package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.Xmpp;
import im.comity.transport.NetworkLeaks;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is relayed, kept in order and returned; and what is left when all is over. */
@Timeout(60)
@ExtendWith({LeakChecked.class, NetworkLeaks.class})
final class RelayConversationTest {
  private static final Match MESSAGE = Match.element(Xmpp.SERVER, "message");
  private static final PolicyRule VERIFIED =
      new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, "");

  private final TestDns dns = new TestDns();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Site south;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private <T extends AutoCloseable> T keep(T one) {
    open.add(one);
    return one;
  }

  private Site site(NegotiationSettings settings, String... domains) throws IOException {
    return keep(Site.plan(dns, domains).rule(VERIFIED).negotiation(settings).starttls().start());
  }

  private Site site(String... domains) throws IOException {
    return site(NegotiationSettings.DEFAULTS, domains);
  }

  private ScriptedPeer peer(String from) throws IOException {
    ScriptedPeer peer =
        keep(ScriptedPeer.connect(south.federation.addresses().getFirst()).named(from));
    peer.open(from, "south.example");
    peer.expectFeatures();
    return peer;
  }

  /** A server that confirms every key, and takes us for whoever we say. */
  private ScriptedServer authority(ScriptedServer.Script whenTaken, String... domains)
      throws IOException {
    ScriptedServer server =
        keep(
            ScriptedServer.onLoopback(
                peer -> {
                  peer.accept();
                  peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
                  Received first = peer.next();
                  String from = first.attribute("from");
                  String to = first.attribute("to");
                  if (first.name().equals("verify")) {
                    peer.send(Xmpp.verifyAnswer(to, from, first.attribute("id"), "valid"));
                    peer.expectStreamEnd();
                    peer.sendStreamEnd();
                  } else {
                    peer.send(Xmpp.dialbackAnswer(to, from, "valid"));
                    whenTaken.play(peer);
                  }
                }));
    for (String domain : domains) {
      dns.serve(Site.domain(domain), server.address(), false);
    }
    return server;
  }

  private static void ask(ScriptedPeer peer, String from, String to) {
    peer.send(Xmpp.dialbackRequest(from, to, "key"));
  }

  private static void become(ScriptedPeer peer, String from, String to) {
    ask(peer, from, to);
    peer.expectDialbackAnswer(to, from, "valid");
  }

  private static String message(String from, String to, String id) {
    return "<message from='a@" + from + "' to='b@" + to + "' id='" + id + "'/>";
  }

  // ---- order -----------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-ORD-01", "S2S-BNC-15"})
  void aStanzaRightBehindItsRequestReturnsOverAStreamOfOursAndTheFirstStreamLives()
      throws Exception {
    CountDownLatch returned = new CountDownLatch(1);
    CountDownLatch verify = new CountDownLatch(1);
    ScriptedServer north =
        keep(
            ScriptedServer.onLoopback(
                peer -> {
                  peer.accept();
                  peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
                  Received first = peer.next();
                  if (first.name().equals("verify")) {
                    assertThat(verify.await(10, TimeUnit.SECONDS)).isTrue();
                    peer.send(
                        Xmpp.verifyAnswer(
                            "north.example", "south.example", first.attribute("id"), "valid"));
                    peer.expectStreamEnd();
                    peer.sendStreamEnd();
                  } else {
                    peer.send(Xmpp.dialbackAnswer("north.example", "south.example", "valid"));
                    Received error = peer.expect(MESSAGE.attribute("id", "early"));
                    assertThat(error.raw()).contains("not-authorized");
                    returned.countDown();
                  }
                }));
    dns.serve(Site.domain("north.example"), north.address(), false);
    south = site("south.example");
    ScriptedPeer peer = peer("north.example");
    peer.send(
        Xmpp.dialbackRequest("north.example", "south.example", "key")
            + message("north.example", "south.example", "early"));
    assertThat(returned.await(10, TimeUnit.SECONDS)).isTrue();
    verify.countDown();
    // The next on this stream is the answer, and no error.
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.send(message("north.example", "south.example", "m1"));
    assertThat(south.next().stanza().id()).isEqualTo("m1");
    assertThat(south.arrived).isEmpty();
    north.awaitPlayed(2); // or its good-bye may meet the end of the network
  }

  @Test
  @Clause("S2S-BNC-15")
  void anErrorThatHasNoWayBackIsDropped() throws Exception {
    authority(_ -> {}, "north.example");
    south = site("south.example");
    ScriptedPeer peer = peer("north.example");
    become(peer, "north.example", "south.example");
    dns.forget(Site.domain("north.example"));
    peer.send("<iq from='a@north.example' to='south.example' type='get'/>");
    south.await(FederationEvent.Dropped.class, dropped -> dropped.why().startsWith("DNS_"));
    peer.send(message("north.example", "south.example", "m1"));
    assertThat(south.next().stanza().id()).isEqualTo("m1");
    // Nothing was said on the peer's own stream.
    peer.sendStreamEnd();
    peer.expectStreamEnd();
  }

  @ParameterizedTest
  @Clause("S2S-ORD-03")
  @ValueSource(ints = {1 << 20, 997, 13})
  void whatComesInIsDeliveredInOrder(int pieces) throws Exception {
    authority(_ -> {}, "north.example");
    south = site("south.example");
    ScriptedPeer peer = peer("north.example");
    become(peer, "north.example", "south.example");
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      all.append(message("north.example", "south.example", "m" + i));
    }
    peer.sendInPieces(all.toString(), pieces);
    for (int i = 0; i < 500; i++) {
      assertThat(south.next().stanza().id()).isEqualTo("m" + i);
    }
  }

  // ---- many pairs ------------------------------------------------------------------------------

  @Test
  @Clause("S2S-MUX-06")
  void twoDomainsOnEachSideTakeEightNegotiations() throws Exception {
    Site north = site("n1.example", "n2.example");
    south = site("s1.example", "s2.example");
    for (int i = 0; i < 2; i++) {
      for (String n : List.of("n1.example", "n2.example")) {
        for (String s : List.of("s1.example", "s2.example")) {
          north.message("a@" + n, "b@" + s, "x" + i);
          south.message("b@" + s, "a@" + n, "y" + i);
        }
      }
    }
    for (int i = 0; i < 8; i++) {
      north.next();
      south.next();
    }
    for (Site site : List.of(north, south)) {
      assertThat(site.events(FederationEvent.WayOpened.class)).hasSize(4);
      assertThat(site.events(FederationEvent.SenderAdmitted.class)).hasSize(4);
    }
  }

  @Test
  @Clause("S2S-MUX-10")
  void manySendersAndTargetsShareAStream() throws Exception {
    int senders = 20;
    String[] names = new String[senders];
    for (int i = 0; i < senders; i++) {
      names[i] = "n" + i + ".example";
    }
    authority(_ -> {}, names);
    south = site("south.example", "chat.south.example");
    ScriptedPeer peer = peer("n0.example");
    for (String name : names) {
      become(peer, name, "south.example");
      become(peer, name, "chat.south.example");
    }
    for (String name : names) {
      peer.send(message(name, "south.example", name));
      peer.send(message(name, "chat.south.example", name));
      assertThat(south.next().stanza().pair().target().toString()).isEqualTo("south.example");
      assertThat(south.next().stanza().pair().target().toString()).startsWith("chat.");
    }
    assertThat(south.federation.streams()).hasSize(1);
  }

  @Test
  @Clause("S2S-MUX-10")
  void oneSenderTooManyIsResourceConstraintAndTheStreamLives() throws Exception {
    authority(_ -> {}, "n1.example", "n2.example", "n3.example");
    NegotiationSettings d = NegotiationSettings.DEFAULTS;
    south =
        site(
            new NegotiationSettings(
                d.negotiation(),
                d.candidate(),
                d.dialback(),
                d.saslAttempts(),
                d.strangerSenders(),
                2,
                d.verifications(),
                d.proven(),
                d.idleSeconds()),
            "south.example");
    ScriptedPeer peer = peer("n1.example");
    become(peer, "n1.example", "south.example");
    become(peer, "n2.example", "south.example");
    ask(peer, "n3.example", "south.example");
    assertThat(peer.expectDialbackAnswer("south.example", "n3.example", "error").raw())
        .contains("resource-constraint");
    peer.send(message("n1.example", "south.example", "m1"));
    peer.send(message("n2.example", "south.example", "m2"));
    assertThat(south.next().stanza().id()).isEqualTo("m1");
    assertThat(south.next().stanza().id()).isEqualTo("m2");
  }

  @Test
  @Clause("S2S-MUX-11")
  void manyStreamsFromOneAddressServeDifferentPairs() throws Exception {
    String[] names = {"n1.example", "n2.example", "n3.example", "n4.example", "n5.example"};
    authority(_ -> {}, names);
    south = site("south.example");
    for (String name : names) {
      ScriptedPeer peer = peer(name);
      become(peer, name, "south.example");
      peer.send(message(name, "south.example", name));
      assertThat(south.next().stanza().id()).isEqualTo(name);
    }
    assertThat(south.federation.streams()).hasSize(names.length);
  }

  // ---- content ---------------------------------------------------------------------------------

  @ParameterizedTest
  @Clause("S2S-STZ-21")
  @ValueSource(
      strings = {
        "probe",
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "unavailable",
        "error",
        ""
      })
  void presenceOfEveryTypePassesUntouched(String type) throws Exception {
    Site north = site("north.example");
    south = site("south.example");
    Element.Builder presence =
        Element.of(Namespaces.SERVER, "presence")
            .attribute("from", "a@north.example/x")
            .attribute("to", "b@south.example")
            .attribute("id", "p1");
    if (!type.isEmpty()) {
      presence.attribute("type", type);
    }
    presence.child(Element.of("urn:example", "c").attribute("v", "1").text("t & t").build());
    Stanza sent = Stanza.of(presence.build());
    north.federation.send(sent);
    Stanza arrived = south.next().stanza();
    // The language is that of the stream it came by, and all else as it was.
    assertThat(arrived.octets().toUtf8().replace(" xml:lang='en'", ""))
        .isEqualTo(sent.octets().toUtf8());
    north.federation.send(Site.messageOf("a@north.example", "b@south.example", "after"));
    assertThat(south.next().stanza().id()).as("nothing of our own").isEqualTo("after");
    assertThat(north.arrived).isEmpty();
  }

  // ---- what is left ----------------------------------------------------------------------------

  @Test
  void aFederationThatServedAndClosedLeavesNothing() throws Exception {
    Site north = site("north.example");
    south = site("south.example");
    for (int i = 0; i < 200; i++) {
      north.message("a@north.example", "b@south.example", "m" + i);
      south.message("b@south.example", "a@north.example", "m" + i);
    }
    for (int i = 0; i < 200; i++) {
      north.next();
      south.next();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"refused", "silent", "cut", "reset", "garbage", "nobody"})
  void anAttemptThatFailsLeavesNothing(String how) throws Exception {
    ScriptedServer server =
        keep(
            ScriptedServer.onLoopback(
                peer -> {
                  peer.accept();
                  switch (how) {
                    case "refused" -> {
                      peer.send(Xmpp.streamError("policy-violation"));
                      peer.expectClose();
                    }
                    case "silent" -> {
                      peer.expectStreamError("connection-timeout");
                      peer.expectDisconnect();
                    }
                    case "cut" -> peer.closeOutput();
                    case "reset" -> peer.reset();
                    default -> {
                      peer.send("<<<");
                      peer.nextOrEnd();
                    }
                  }
                }));
    dns.serve(Site.domain("north.example"), server.address(), false);
    if (how.equals("nobody")) {
      server.close();
    }
    NegotiationSettings d = NegotiationSettings.DEFAULTS;
    south =
        site(
            new NegotiationSettings(
                d.negotiation(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                d.saslAttempts(),
                d.strangerSenders(),
                d.provenSenders(),
                d.verifications(),
                d.proven(),
                d.idleSeconds()),
            "south.example");
    south.message("b@south.example", "a@north.example", "m1");
    assertThat(south.next().stanza().type()).isEqualTo("error");
    assertThat(south.federation.streams()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"header", "request", "half an element"})
  void aPeerThatIsCutWhileItNegotiatesLeavesNothing(String when) throws Exception {
    south = site("south.example");
    ScriptedPeer peer = peer("north.example");
    switch (when) {
      case "request" -> ask(peer, "north.example", "south.example");
      case "half an element" -> peer.send("<db:result from='north.ex");
      default -> {}
    }
    peer.reset();
  }

  @Test
  void whoIsStillNegotiatingWhenTheFederationClosesIsCut() throws Exception {
    south = site("south.example");
    ScriptedPeer peer = peer("north.example");
    south.federation.close(Duration.ofSeconds(1));
    peer.expectDisconnect();
  }

  // ---- while it runs, and the end --------------------------------------------------------------

  @Test
  void aReconfigurationUnderTrafficLosesAndDoublesNothing() throws Exception {
    Site north = site("north.example");
    south = site("south.example");
    int count = 2_000;
    north.message("a@north.example", "b@south.example", "m0");
    assertThat(south.next().stanza().id()).isEqualTo("m0");
    List<?> addresses = south.federation.addresses();
    List<?> streams = List.copyOf(south.federation.streams());
    Thread sender =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 1; i <= count; i++) {
                    north.message("a@north.example", "b@south.example", "m" + i);
                  }
                });
    for (int i = 0; i < 50; i++) {
      north.federation.reconfigure(north.config);
      south.federation.reconfigure(south.config);
    }
    sender.join();
    for (int i = 1; i <= count; i++) {
      assertThat(south.next().stanza().id()).isEqualTo("m" + i);
    }
    assertThat(south.arrived).isEmpty();
    assertThat(north.arrived).isEmpty();
    assertThat(south.federation.addresses()).isEqualTo(addresses);
    assertThat(List.copyOf(south.federation.streams())).isEqualTo(streams);
    assertThat(north.events(FederationEvent.WayOpened.class)).hasSize(1);
  }

  @Test
  void afterTheEndNothingIsReconfigured() throws Exception {
    south = site("south.example");
    south.federation.close();
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> south.federation.reconfigure(south.config))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWaitsAtTheEndIsWrittenOnceOrReturnsOnce(boolean open) throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    List<String> heard = new ArrayList<>();
    ScriptedServer server =
        keep(
            ScriptedServer.onLoopback(
                peer -> {
                  peer.accept();
                  peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
                  peer.expectDialbackRequest("south.example", "north.example");
                  if (!open) {
                    peer.expectDisconnect();
                    return;
                  }
                  peer.send(Xmpp.dialbackAnswer("north.example", "south.example", "valid"));
                  assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
                  for (Received next; (next = peer.nextOrEnd()) != null; ) {
                    heard.add(next.name().equals("error") ? next.raw() : next.attribute("id"));
                  }
                }));
    dns.serve(Site.domain("north.example"), server.address(), false);
    south = site("south.example");
    int accepted = 0;
    south.message("b@south.example", "a@north.example", "m" + accepted++);
    if (open) {
      south.await(FederationEvent.WayOpened.class, _ -> true);
    }
    while (accepted < 3_000
        && south.message("b@south.example", "a@north.example", "m" + accepted)
            instanceof im.comity.stanza.Offer.Accepted) {
      accepted++;
    }
    go.countDown();
    south.federation.close(Duration.ofSeconds(2));
    if (open) {
      server.awaitPlayed(1);
      assertThat(heard.removeLast()).contains("system-shutdown");
    }
    Set<String> all = new HashSet<>(heard);
    int returned = accepted - heard.size();
    for (int i = 0; i < returned; i++) {
      assertThat(all.add(south.next().stanza().id())).isTrue();
    }
    assertThat(all).hasSize(accepted);
    assertThat(south.arrived).isEmpty();
  }
}
