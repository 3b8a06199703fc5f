package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.routing.RoutingSettings;
import im.comity.testkit.Clause;
import im.comity.testkit.Transcript;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What Prosody, ejabberd, Openfire and others do in their own way (section 24 of the ledger of
 * streams), played by a scripted peer, and that it does not keep two domains apart.
 */
@Timeout(60)
final class PeerQuirksTest {
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final TestCertificate OURS = CA.issue("ours.example");
  private static final TestCertificate THEIRS = CA.issue("theirs.example");

  private final TestDns dns = new TestDns();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Site ours;
  private ScriptedServer theirs;
  private ScriptedPeer peer;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private void serve(FederationLevel level) throws IOException {
    PolicyRule rule = new PolicyRule(level, List.of(), true, false, false, "");
    Site.Plan plan = Site.plan(dns, "ours.example").rule(rule).trusts(CA.certificate()).starttls();
    if (level != FederationLevel.VERIFIED) {
      plan.identity(TlsIdentity.of("ours.example", OURS.privateKey(), OURS.chain())).directTls();
    }
    ours = plan.start();
    open.add(ours);
  }

  /**
   * The peer as a server, which plays the scripts in turn; the last one for all that come after.
   */
  private void theirs(ScriptedServer.Script... scripts) throws IOException {
    List<ScriptedServer.Script> left = new ArrayList<>(List.of(scripts));
    theirs =
        ScriptedServer.onLoopback(
            one -> {
              ScriptedServer.Script next;
              synchronized (left) {
                next = left.size() > 1 ? left.removeFirst() : left.getFirst();
              }
              next.play(one);
            });
    open.add(theirs);
    dns.serve(Site.domain("theirs.example"), theirs.address(), false);
  }

  /** The peer as a client of ours. */
  private void connect(int listener) throws IOException {
    peer = ScriptedPeer.connect(ours.federation.addresses().get(listener)).named("peer");
    open.add(peer);
  }

  private void sayHello() {
    ours.message("a@ours.example", "b@theirs.example", "hello");
  }

  private void theyAcceptDialback(ScriptedPeer one) {
    one.acceptDialback("ours.example", "theirs.example");
    one.expect(Xmpp.SERVER, "message");
  }

  private static TlsOptions serverTls() {
    return TlsOptions.server(TlsOptions.context(THEIRS.privateKey(), THEIRS.chain()));
  }

  private static TlsOptions clientTls() {
    return TlsOptions.client(
        TlsOptions.context(THEIRS.privateKey(), THEIRS.chain()), "ours.example");
  }

  private FederationEvent.AttemptFailed failed() {
    return ours.await(FederationEvent.AttemptFailed.class, _ -> true);
  }

  private FederationLevel opened() {
    return ours.await(FederationEvent.WayOpened.class, _ -> true).association().level();
  }

  private static String key(ScriptedPeer one) {
    return one.expect(Xmpp.DIALBACK, "result").text();
  }

  // ---- they are asked by us --------------------------------------------------------------------

  @ParameterizedTest
  @Clause("S2S-QK-04")
  @ValueSource(
      strings = {
        "<db:result from='theirs.example' to='ours.example' type='valid' id='%s'>%s</db:result>",
        "<db:result from='theirs.example' to='ours.example' type='valid' x='%s'><y>%s</y></db:result>"
      })
  void anAnswerMayCarryTheKeyAndTheIdAgain(String answer) throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          one.send(answer.formatted(one.streamId(), key(one)));
          one.expect(Xmpp.SERVER, "message");
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    theirs.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-QK-03")
  void invalidIsTakenForAPassingTrouble() throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          one.expect(Xmpp.DIALBACK, "result");
          one.send(Xmpp.dialbackAnswer("theirs.example", "ours.example", "invalid"));
          one.expectStreamEnd();
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    FederationEvent.AttemptFailed failed = failed();
    assertThat(failed.failure().code()).isEqualTo("PEER_DIALBACK_INVALID");
    assertThat(failed.barred()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(5));
  }

  @Test
  @Clause({"S2S-QK-05", "S2S-QK-12", "S2S-QK-93"})
  void aConditionThatNobodyDefinedAndItsTextAreKeptForTheOperator() throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          one.expect(Xmpp.DIALBACK, "result");
          one.send(
              "<stream:error><invalid-id xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                  + "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>your certificate has expired"
                  + "</text></stream:error>");
          one.sendStreamEnd();
          one.expectStreamEnd();
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    FederationEvent.AttemptFailed failed = failed();
    assertThat(failed.failure().code()).isEqualTo("PEER_STREAM_ERROR");
    assertThat(failed.failure().toString()).contains("your certificate has expired", "invalid-id");
  }

  @ParameterizedTest
  @Clause({"S2S-QK-38", "S2S-QK-64", "S2S-QK-65"})
  @CsvSource({"not-allowed", "forbidden", "remote-server-not-found", "item-not-found"})
  void refusalsOfDialbackAreKnownByWhatEachServerCallsThem(String condition) throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          one.expect(Xmpp.DIALBACK, "result");
          one.send(Xmpp.dialbackError("theirs.example", "ours.example", condition));
          one.expectStreamEnd();
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    FederationEvent.AttemptFailed failed = failed();
    assertThat(failed.failure().code()).isEqualTo("PEER_DIALBACK_ERROR");
    assertThat(failed.failure().toString()).contains(condition);
    assertThat(failed.barred()).isPositive();
  }

  @Test
  @Clause({"S2S-QK-47", "S2S-QK-71"})
  void anEmptyListOfMechanismsLeadsToDialback() throws Exception {
    String none = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.STARTTLS_FEATURE, none, Xmpp.DIALBACK_OFFER);
          one.acceptTls(serverTls());
          one.accept();
          one.sendFeatures(none, Xmpp.DIALBACK_OFFER);
          theyAcceptDialback(one);
        });
    serve(FederationLevel.ENCRYPTED);
    sayHello();
    theirs.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-QK-72")
  void theHeaderAfterSuccessMayLackTheNamespaceOfDialback() throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.STARTTLS_REQUIRED);
          one.acceptTls(serverTls());
          one.accept();
          one.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          one.acceptExternal();
          one.accept(
              StreamHead.server()
                  .from("theirs.example")
                  .to("ours.example")
                  .id("third")
                  .withoutDialback());
          one.sendFeatures();
          one.expect(Xmpp.SERVER, "message");
        });
    serve(FederationLevel.TRUSTED);
    sayHello();
    theirs.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.TRUSTED);
  }

  @Test
  @Clause({"S2S-QK-79", "S2S-QK-01"})
  void dialbackIsTriedWhereOnlyItsNamespaceIsDeclared() throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.STARTTLS_REQUIRED);
          one.acceptTls(serverTls());
          one.accept();
          one.sendFeatures();
          theyAcceptDialback(one);
        });
    serve(FederationLevel.ENCRYPTED);
    sayHello();
    theirs.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-QK-16", "S2S-QK-30", "S2S-QK-61"})
  void ourHeaderAndOurDialbackAreWrittenTheWayTheyLookForThem() throws Exception {
    theirs(
        one -> {
          Received header = one.accept();
          assertThat(header.raw()).contains("?><stream:stream xmlns='jabber:server' ");
          assertThat(header.declarations()).containsEntry("db", Xmpp.DIALBACK);
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          assertThat(one.acceptDialback("ours.example", "theirs.example").raw())
              .startsWith("<db:result ");
          one.expect(Xmpp.SERVER, "message");
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    theirs.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-QK-17")
  void weAreDoneLongBeforeTheyGiveUpOnUs() {
    assertThat(RoutingSettings.DEFAULTS.negotiation()).isLessThanOrEqualTo(Duration.ofSeconds(45));
  }

  @ParameterizedTest
  @Clause("S2S-QK-94")
  @ValueSource(booleans = {true, false})
  void aConnectionThatJustEndsIsOneClosedStreamAndNoMore(boolean reset) throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          theyAcceptDialback(one);
          first.await();
          if (reset) {
            one.reset();
          } else {
            one.closeOutput();
            one.expectStreamEnd();
            one.expectEnd();
          }
        });
    serve(FederationLevel.VERIFIED);
    sayHello();
    opened();
    first.countDown();
    ours.await(FederationEvent.StreamClosed.class, _ -> true);
    theirs.awaitPlayed(1);
    assertThat(ours.events(FederationEvent.StreamClosed.class)).hasSize(1);
    assertThat(ours.events(FederationEvent.Fault.class)).isEmpty();
    assertThat(ours.events(FederationEvent.Bounced.class)).isEmpty();
    assertThat(theirs.connections()).isEqualTo(1);
  }

  // ---- they ask us -----------------------------------------------------------------------------

  @Test
  @Clause("S2S-QK-07")
  void anEmptyAddressInAHeaderIsNone() throws Exception {
    serve(FederationLevel.ENCRYPTED);
    connect(0);
    Received header = peer.open(StreamHead.server().from("").to(""));
    assertThat(header.attribute("from")).isEqualTo("ours.example");
    assertThat(header.attribute("to")).isNull();
    peer.expectFeatures();
  }

  @Test
  @Clause("S2S-QK-08")
  void aPeerBeforeVersionOneMayAskForTls() throws Exception {
    serve(FederationLevel.ENCRYPTED);
    connect(0);
    peer.open(StreamHead.legacy().from("theirs.example").to("ours.example"));
    peer.requestTls(clientTls());
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
  }

  @Test
  @Clause("S2S-QK-06")
  void aKeyIsJudgedWhileOurOwnVerificationOfThatPeerStillRuns() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          one.expect(Xmpp.DIALBACK, "verify");
          asked.countDown();
          answered.await();
        });
    serve(FederationLevel.VERIFIED);
    connect(0);
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
    peer.send(Xmpp.dialbackRequest("theirs.example", "ours.example", "key"));
    asked.await();
    peer.send(Xmpp.verifyRequest("theirs.example", "ours.example", "some id", "not our key"));
    Received answer = peer.next();
    assertThat(answer.is(Xmpp.DIALBACK, "verify")).isTrue();
    assertThat(answer.attribute("type")).isEqualTo("invalid");
    answered.countDown();
  }

  @Test
  @Clause({"S2S-QK-31", "S2S-QK-67", "S2S-QK-68"})
  void behindExternalTheVeryNextElementAnswersAKeyExactly() throws Exception {
    serve(FederationLevel.ENCRYPTED);
    connect(0);
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
    peer.requestTls(clientTls());
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
    peer.requestExternal("theirs.example");
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
    peer.send(Xmpp.verifyRequest("theirs.example", "ours.example", "their id", "00"));
    Received answer = peer.next();
    assertThat(answer.raw()).startsWith("<db:verify ");
    assertThat(answer.attribute("id")).isEqualTo("their id");
    assertThat(answer.attribute("from")).isEqualTo("ours.example");
    assertThat(answer.attribute("to")).isEqualTo("theirs.example");
    assertThat(answer.attribute("type")).isEqualTo("invalid");
    peer.sendStreamEnd();
    peer.expectStreamEnd();
  }

  @ParameterizedTest
  @Clause({"S2S-QK-60", "S2S-QK-48"})
  @ValueSource(
      strings = {"a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "K", "not/hex+at=all", "1e701f"})
  void aKeyOfTheirsIsHandedToTheAuthorityAsItIs(String theirKey) throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          Received verify = one.expect(Xmpp.DIALBACK, "verify");
          assertThat(verify.text()).isEqualTo(theirKey);
          one.send(
              Xmpp.verifyAnswer("theirs.example", "ours.example", verify.attribute("id"), "valid"));
          one.expectStreamEnd();
        });
    serve(FederationLevel.VERIFIED);
    connect(0);
    peer.open("theirs.example", "ours.example");
    peer.expectFeatures();
    peer.send(Xmpp.dialbackRequest("theirs.example", "ours.example", theirKey));
    peer.expectDialbackAnswer("ours.example", "theirs.example", "valid");
  }

  @Test
  @Clause("S2S-QK-69")
  void aHeaderThatOnlyCarriesAnErrorHasAnId() throws Exception {
    serve(FederationLevel.ENCRYPTED);
    connect(0);
    assertThat(peer.open("theirs.example", "elsewhere.example").attribute("id")).isNotEmpty();
    peer.expectStreamError("host-unknown");
  }

  @Test
  @Clause("S2S-QK-74")
  void thePortForDirectTlsAnswersNothingInClear() throws Exception {
    serve(FederationLevel.ENCRYPTED);
    connect(1);
    peer.send(StreamHead.server().from("theirs.example").to("ours.example").xml());
    assertThat(peer.nextOrEnd()).isNull();
    assertThat(String.join("", peer.transcript().texts(Transcript.Direction.RECEIVED)))
        .doesNotContain("<");
  }

  @Test
  @Clause("S2S-QK-90")
  void attributesThatWeDoNotKnowAreIgnored() throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(
              "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls' x='1' xml:lang='fr'/>",
              "<dialback xmlns='urn:xmpp:features:dialback' y='2'/>");
          one.expect(Xmpp.TLS, "starttls");
          one.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls' z='3'/>");
          one.startTls(serverTls());
          one.accept();
          one.sendFeatures(
              "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl' x='1'>"
                  + "<mechanism x='2'>EXTERNAL</mechanism></mechanisms>");
          one.expect(Xmpp.SASL, "auth");
          one.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl' x='1'/>");
          one.accept();
          one.sendFeatures();
          one.expect(Xmpp.SERVER, "message");
        });
    serve(FederationLevel.TRUSTED);
    sayHello();
    theirs.awaitPlayed(1);
    connect(0);
    peer.open(StreamHead.server().from("theirs.example").to("ours.example").with("x", "1"));
    peer.expectFeatures();
    peer.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls' x='1'/>");
    peer.expect(Xmpp.TLS, "proceed");
    peer.startTls(clientTls());
    peer.open(StreamHead.server().from("theirs.example").to("ours.example").with("x", "2"));
    peer.expectFeatures();
    peer.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' x='3' mechanism='EXTERNAL'>=</auth>");
    peer.expect(Xmpp.SASL, "success");
  }

  @ParameterizedTest
  @Clause("S2S-QK-91")
  @ValueSource(
      strings = {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<?xml version='1.0'\n encoding='utf-8' standalone=\"yes\" ?>\r\n",
        "<?xml version='1.0' ?>",
        ""
      })
  void quotesOrderLineBreaksAndEmptyTagsAreOfNoConsequence(String declaration) throws Exception {
    theirs(
        one -> {
          one.accept();
          one.sendFeatures(Xmpp.DIALBACK_OFFER);
          Received verify = one.expect(Xmpp.DIALBACK, "verify");
          one.send(
              "<db:verify\n\ttype=\"valid\"\r\n id=\"%s\" to='ours.example'  from=\"theirs.example\" ></db:verify >"
                  .formatted(verify.attribute("id")));
          one.expectStreamEnd();
        });
    serve(FederationLevel.VERIFIED);
    connect(0);
    peer.send(
        declaration
            + "<stream:stream\n version=\"1.0\"\n to=\"ours.example\" from='theirs.example'\r\n"
            + " xmlns:stream=\"http://etherx.jabber.org/streams\" xmlns:db='jabber:server:dialback'\n"
            + "\txmlns=\"jabber:server\"  >");
    peer.expectHeader();
    peer.expectFeatures();
    peer.send("<db:result\nto=\"ours.example\"\tfrom='theirs.example'>key</db:result\n>");
    peer.expectDialbackAnswer("ours.example", "theirs.example", "valid");
    peer.send("<message to=\"b@ours.example\" id='m'\nfrom=\"a@theirs.example\"></message >");
    assertThat(ours.next().stanza().id()).isEqualTo("m");
  }
}
