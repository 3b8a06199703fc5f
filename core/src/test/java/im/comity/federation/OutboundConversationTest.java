package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationFailure;
import im.comity.event.Remedy;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.policy.StaticRoute;
import im.comity.routing.RoutingSettings;
import im.comity.testkit.Clause;
import im.comity.testkit.Transcript;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.TlsFacts;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What we say and how we take the answers, when we open a stream to a scripted server. */
@Timeout(60)
final class OutboundConversationTest {
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final TestCertificate NORTH = CA.issue("north.example");
  private static final TestCertificate SOUTH = CA.issue("south.example");
  private static final String OFFER = Xmpp.DIALBACK_ERRORS_OFFER;
  private static final Match MESSAGE = Match.element(Xmpp.SERVER, "message");

  private final TestDns dns = new TestDns();
  private final List<ScriptedServer> servers = new ArrayList<>();
  private Site north;
  private ScriptedServer south;

  @AfterEach
  void close() {
    if (north != null) {
      north.close();
    }
    servers.forEach(ScriptedServer::close);
  }

  /** The level alone; STARTTLS is not tried where it is not offered, so that scripts stay short. */
  private static PolicyRule rule(FederationLevel level) {
    return new PolicyRule(level, List.of(), true, false, false, "");
  }

  private void serve(PolicyRule rule) throws IOException {
    north = plan(rule).start();
  }

  private Site.Plan plan(PolicyRule rule) {
    return Site.plan(dns, "north.example")
        .rule(rule)
        .identity(TlsIdentity.of("north.example", NORTH.privateKey(), NORTH.chain()))
        .trusts(CA.certificate());
  }

  /** A server that plays the scripts in turn, and the last one for all that come after. */
  private ScriptedServer server(ScriptedServer.Script... scripts) throws IOException {
    AtomicInteger next = new AtomicInteger();
    ScriptedServer server =
        ScriptedServer.onLoopback(
            peer -> scripts[Math.min(next.getAndIncrement(), scripts.length - 1)].play(peer));
    servers.add(server);
    return server;
  }

  private void south(ScriptedServer.Script... scripts) throws IOException {
    south = server(scripts);
    dns.serve(Site.domain("south.example"), south.address(), false);
  }

  private void send(String text) {
    north.message("a@north.example", "b@south.example", text);
  }

  private static TlsOptions tls(TestCertificate certificate) {
    return TlsOptions.server(TlsOptions.context(certificate.privateKey(), certificate.chain()));
  }

  /** Takes a connection up to the header after TLS, which it answers. */
  private static Received acceptUnderTls(ScriptedPeer peer, TestCertificate certificate) {
    peer.accept();
    peer.sendFeatures(Xmpp.STARTTLS_REQUIRED);
    peer.acceptTls(tls(certificate));
    return peer.accept();
  }

  private static void acceptDialback(ScriptedPeer peer) {
    peer.acceptDialback("north.example", "south.example");
  }

  private static void expectMessage(ScriptedPeer peer, String id) {
    peer.expect(MESSAGE.attribute("id", id));
  }

  /** Exactly one bounce and one failure, with these codes. */
  private void failed(String code, String condition, String type) throws InterruptedException {
    String bounce = north.next().stanza().octets().toUtf8();
    assertThat(bounce)
        .contains("<" + condition, "type='error'", "<error type='" + type + "'", code + ": ");
    FederationEvent.AttemptFailed failed =
        north.await(FederationEvent.AttemptFailed.class, _ -> true);
    assertThat(failed.failure().code()).isEqualTo(code);
    assertThat(failed.bounced()).isEqualTo(1);
    assertThat(north.events(FederationEvent.AttemptFailed.class)).hasSize(1);
    assertThat(north.arrived).isEmpty();
  }

  private FederationLevel opened() {
    return north.await(FederationEvent.WayOpened.class, _ -> true).association().level();
  }

  private String said(int connection) {
    return String.join(
        "", south.transcripts().get(connection).texts(Transcript.Direction.RECEIVED));
  }

  // ---- headers ---------------------------------------------------------------------------------

  @Test
  @Clause({
    "S2S-STR-03",
    "S2S-STR-04",
    "S2S-STR-12",
    "S2S-STR-16",
    "S2S-STR-23",
    "S2S-STR-26",
    "DNA-S2S-01"
  })
  void theFirstHeaderNamesBothDomainsAndHasNoId() throws Exception {
    south(
        peer -> {
          Received header = peer.accept();
          assertThat(header.attribute("from")).isEqualTo("north.example");
          assertThat(header.attribute("to")).isEqualTo("south.example");
          assertThat(header.attribute("version")).isEqualTo("1.0");
          assertThat(header.language()).isNotBlank();
          assertThat(header.attribute("id")).isNull();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(said(0)).startsWith("<?xml version='1.0'?><stream:stream ");
  }

  @Test
  @Clause({"S2S-NS-04", "S2S-NS-08", "S2S-NS-17"})
  void theHeaderDeclaresNoMoreThanStreamServerAndDialback() throws Exception {
    south(
        peer -> {
          Received header = peer.accept();
          assertThat(header.declarations())
              .containsOnly(
                  Map.entry("", Xmpp.SERVER),
                  Map.entry("stream", Xmpp.STREAM),
                  Map.entry("db", Xmpp.DIALBACK));
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-NS-17")
  void whereDialbackIsForbiddenItsNamespaceIsNotDeclared() throws Exception {
    south(
        peer -> {
          assertThat(peer.accept().declarations()).doesNotContainKey("db");
          peer.sendFeatures(OFFER);
          peer.expectStreamError("policy-violation");
        });
    serve(rule(FederationLevel.VERIFIED).withoutDialback());
    send("m1");
    failed("POLICY_DIALBACK_NOT_ALLOWED", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-STR-02", "S2S-STR-29", "S2S-EXT-07", "S2S-TLS-04", "S2S-TLS-30", "S2S-POL-36"})
  void underTrustedComesTlsThenExternalThenTheStanza() throws Exception {
    south(
        peer -> {
          Received first = peer.accept();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE, OFFER);
          TlsFacts tls = peer.acceptTls(tls(SOUTH));
          assertThat(tls.serverName()).isEqualTo("south.example");
          assertThat(tls.peerCertificates()).first().isEqualTo(NORTH.certificate());
          Received second = peer.accept();
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          assertThat(peer.acceptExternal()).isEqualTo("north.example");
          Received third = peer.accept();
          peer.sendFeatures();
          assertThat(second.attributes()).isEqualTo(first.attributes());
          assertThat(third.attributes()).isEqualTo(first.attributes());
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.TRUSTED);
  }

  @Test
  @Clause({"S2S-STR-19", "S2S-POL-21"})
  void aPeerBeforeVersionOneIsAskedByDialbackAtOnce() throws Exception {
    south(
        peer -> {
          peer.accept(StreamHead.legacy().from("south.example").to("north.example").id("old1"));
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(PolicyRule.of(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.VERIFIED);
  }

  @Test
  @Clause({"S2S-STR-19", "S2S-POL-41", "S2S-ERR-44"})
  void aPeerBeforeVersionOneIsRefusedWhereTlsIsRequired() throws Exception {
    south(
        peer -> {
          peer.accept(StreamHead.legacy().from("south.example").to("north.example").id("old1"));
          peer.expectStreamError("unsupported-version");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed("STREAM_VERSION_TOO_OLD", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-STR-14")
  void withoutAnIdDialbackIsGivenUpCleanly() throws Exception {
    south(
        peer -> {
          peer.accept(StreamHead.server().from("south.example").to("north.example").id(null));
          peer.sendFeatures(OFFER);
          peer.expectStreamError("invalid-xml");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_NO_STREAM_ID", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-STR-14")
  void withoutAnIdExternalGoesOn() throws Exception {
    StreamHead head = StreamHead.server().from("south.example").to("north.example").id(null);
    south(
        peer -> {
          peer.accept(head);
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE);
          peer.acceptTls(tls(SOUTH));
          peer.accept(head);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          peer.acceptExternal();
          peer.accept(head);
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
  }

  // ---- features --------------------------------------------------------------------------------

  @ParameterizedTest
  @Clause({"S2S-FEAT-06", "S2S-FEAT-15", "S2S-FEAT-17", "S2S-EXT-06"})
  @ValueSource(
      strings = {
        "<x xmlns='urn:x'/><dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>",
        "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback><x xmlns='urn:x'/>",
        "<dialback xmlns='urn:xmpp:features:dialback'><required/></dialback>",
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
            + "<dialback xmlns='urn:xmpp:features:dialback'/>",
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism name='EXTERNAL'/>"
            + "</mechanisms><dialback xmlns='urn:xmpp:features:dialback'/>",
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
            + "<mechanism>ANONYMOUS</mechanism></mechanisms>"
            + "<dialback xmlns='urn:xmpp:features:dialback'/>",
        ""
      })
  void whateverElseIsInTheListDialbackIsFound(String features) throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(features);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.TRUSTED);
  }

  @Test
  @Clause({"S2S-FEAT-05", "S2S-FEAT-04", "S2S-ERR-42"})
  void anUnknownFeatureThatIsRequiredEndsTheStream() throws Exception {
    south(
        peer -> {
          peer.accept(
              StreamHead.server()
                  .from("south.example")
                  .to("north.example")
                  .id("s1")
                  .withoutDialback());
          peer.sendFeatures("<x xmlns='urn:x'><required/></x>");
          peer.expectStreamError("unsupported-feature");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("STREAM_FEATURE_UNKNOWN", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-FEAT-04", "S2S-DB-27"})
  void anEmptyListWithoutDialbackIsNoLeaveToSend() throws Exception {
    south(
        peer -> {
          peer.accept(
              StreamHead.server()
                  .from("south.example")
                  .to("north.example")
                  .id("s1")
                  .withoutDialback());
          peer.sendFeatures();
          peer.expectStreamError("policy-violation");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("AUTH_NO_COMMON_METHOD", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-FEAT-18", "S2S-BNC-04"})
  void aPeerWithNothingToOfferHasRefusedUs() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.send(
              "<stream:error><undefined-condition xmlns='%s'/><text xmlns='%s'>No stream features to offer</text></stream:error>"
                  .formatted(Xmpp.STREAM_ERRORS, Xmpp.STREAM_ERRORS));
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_STREAM_ERROR", "remote-server-timeout", "cancel");
    Remedy remedy =
        Consequences.explain(
            north.events(FederationEvent.AttemptFailed.class).getFirst().failure());
    assertThat(remedy.sentence())
        .isEqualTo(
            "the peer accepts neither our certificate nor dialback: undefined-condition (No stream"
                + " features to offer)");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-FEAT-10")
  void compressionIsNotUsed() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(
              "<compression xmlns='http://jabber.org/features/compress'><method>zlib</method>"
                  + "</compression>",
              OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(said(0)).doesNotContain("compress");
  }

  @Test
  @Clause({"S2S-CB-01", "DNA-EXT-10"})
  void channelBindingIsIgnored() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(
              Xmpp.mechanisms("SCRAM-SHA-256-PLUS", "EXTERNAL"),
              "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding"
                  + " type='tls-exporter'/></sasl-channel-binding>");
          assertThat(peer.acceptExternal()).isEqualTo("north.example");
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-FEAT-07")
  void tlsComesBeforeSaslWhateverIsOffered() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER, Xmpp.STARTTLS_FEATURE);
          peer.acceptTls(tls(SOUTH));
          peer.accept();
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.acceptExternal();
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-FEAT-07")
  void externalInClearIsNotUsed() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
  }

  /** Our own reason stands, whenever the peer's comes. */
  @ParameterizedTest
  @ValueSource(strings = {"no error", "an error", "an error and the end"})
  void aListWithNothingForUsIsTheReasonWhateverFollowsIt(String followedBy) throws Exception {
    StreamHead head =
        StreamHead.server().from("south.example").to("north.example").id("s1").withoutDialback();
    String features = "<stream:features/>";
    String error = Xmpp.streamError("policy-violation") + "</stream:stream>";
    south(
        peer -> {
          peer.accept(head);
          peer.sendFeatures(Xmpp.STARTTLS_REQUIRED);
          peer.acceptTls(tls(SOUTH));
          peer.accept(head);
          peer.send(features + (followedBy.equals("no error") ? "" : error));
          if (followedBy.endsWith("the end")) {
            peer.closeOutput();
          } else {
            peer.expectStreamError("policy-violation");
          }
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed("AUTH_NO_COMMON_METHOD", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-POL-70"})
  void underPermissiveNothingNeedBeAsked() throws Exception {
    south(
        peer -> {
          peer.accept(
              StreamHead.server()
                  .from("south.example")
                  .to("north.example")
                  .id("s1")
                  .withoutDialback());
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.PERMISSIVE));
    send("m1");
    south.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.PERMISSIVE);
  }

  // ---- TLS -------------------------------------------------------------------------------------

  @ParameterizedTest
  @Clause({"S2S-TLS-03", "S2S-TLS-04", "S2S-TLS-08"})
  @ValueSource(strings = {Xmpp.STARTTLS_FEATURE, Xmpp.STARTTLS_REQUIRED})
  void startTlsIsTakenWhereverItIsOffered(String offer) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(offer);
          // Nothing, not even white space, may come between the command and the handshake.
          assertThat(peer.expect(Xmpp.TLS, "starttls").raw()).isEqualTo(Xmpp.STARTTLS);
          peer.send("\n " + Xmpp.PROCEED);
          peer.startTls(tls(SOUTH));
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause({"S2S-TLS-05", "DNA-S2S-20"})
  @CsvSource({"VERIFIED", "ENCRYPTED", "TRUSTED"})
  void startTlsIsTriedWhereItIsNotOffered(FederationLevel level) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.acceptTls(tls(SOUTH));
          peer.accept();
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          peer.acceptExternal();
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(PolicyRule.of(level));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-TLS-05")
  void aPeerThatClosesOverUnofferedStartTlsIsMetAgainInClearUnderVerified() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expect(Xmpp.TLS, "starttls");
          peer.send(Xmpp.streamError("unsupported-stanza-type"));
          peer.expectClose();
        },
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(PolicyRule.of(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(2);
    assertThat(opened()).isEqualTo(FederationLevel.VERIFIED);
  }

  @Test
  @Clause({"S2S-TLS-14", "S2S-BNC-04"})
  void aRefusedStartTlsIsNoReasonToGoOnInClear() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE, OFFER);
          peer.expect(Xmpp.TLS, "starttls");
          peer.send(Xmpp.TLS_FAILURE);
          peer.sendStreamEnd();
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("TLS_REFUSED", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
  }

  @Test
  @Clause({"S2S-TLS-14"})
  void aFailedHandshakeIsNoReasonToGoOnInClear() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE, OFFER);
          peer.expect(Xmpp.TLS, "starttls");
          peer.send(Xmpp.PROCEED);
          peer.closeOutput();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    String bounce = north.next().stanza().octets().toUtf8();
    assertThat(bounce).contains("remote-server-timeout");
    assertThat(south.connections()).isEqualTo(1);
    assertThat(north.events(FederationEvent.WayOpened.class)).isEmpty();
  }

  @Test
  void somethingElseInAnswerToStartTlsIsAnsweredAndTheEnd() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE);
          peer.expect(Xmpp.TLS, "starttls");
          peer.send("<x xmlns='urn:x'/>");
          peer.expectStreamError("unsupported-stanza-type");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed("PEER_UNEXPECTED_ELEMENT", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause("S2S-TLS-10")
  @ValueSource(
      strings = {
        "<stream:features/>",
        "<?xml version='1.0'?>",
        "<message from='a@south.example' to='b@north.example'/>"
      })
  void whatComesInClearBehindProceedEndsTheConnection(String injected) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE);
          peer.expect(Xmpp.TLS, "starttls");
          peer.send(Xmpp.PROCEED + injected);
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed("PEER_PLAINTEXT_AFTER_STARTTLS", "remote-server-timeout", "cancel");
  }

  @Test
  @Clause({"S2S-DTLS-04", "S2S-DTLS-05"})
  void directTlsNamesTheDomainAndTheProtocol() throws Exception {
    south =
        server(
            peer -> {
              TlsFacts tls = peer.startTls(tls(SOUTH).alpn("xmpp-server"));
              assertThat(tls.serverName()).isEqualTo("south.example");
              assertThat(tls.alpn()).isEqualTo("xmpp-server");
              peer.accept();
              peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
              peer.acceptExternal();
              peer.accept();
              peer.sendFeatures();
              expectMessage(peer, "m1");
            });
    dns.serve(Site.domain("south.example"), south.address(), true);
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause({"S2S-TCP-09", "S2S-DTLS-09"})
  @ValueSource(
      strings = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "<?xml version='1.0'?><stream:stream xmlns='jabber:server'"
            + " xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
      })
  void aDirectTlsPortWithoutTlsIsSkipped(String inClear) throws Exception {
    ScriptedServer other = server(peer -> peer.send(inClear));
    dns.serve(Site.domain("south.example"), other.address(), true, 0);
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(other.connections()).isEqualTo(1);
  }

  @Test
  @Clause("S2S-TCP-09")
  void aDirectTlsPortThatSpeaksHttpsIsSkipped() throws Exception {
    ScriptedServer other =
        server(
            peer -> {
              peer.startTls(tls(SOUTH));
              peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
            });
    dns.serve(Site.domain("south.example"), other.address(), true, 0);
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  void aCandidateThatClosesIsFollowedByTheNext() throws Exception {
    ScriptedServer other =
        server(
            peer -> {
              peer.accept();
              peer.sendStreamEnd();
              peer.expectClose();
            });
    dns.serve(Site.domain("south.example"), other.address(), false, 0);
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(north.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-EXT-32", "S2S-DB-26", "S2S-BNC-04", "S2S-TLS-23"})
  @CsvSource({
    "WRONG_NAME,     CERT_NAME_MISMATCH",
    "EXPIRED,        CERT_EXPIRED",
    "SELF_SIGNED,    CERT_SELF_SIGNED",
    "UNKNOWN_ISSUER, CERT_INCOMPLETE_CHAIN"
  })
  void underTrustedAnUnprovenServerGetsNeitherAuthNorDialback(CertificateKind kind, String code)
      throws Exception {
    TestCertificate bad = CA.issue(kind, "south.example");
    south(
        peer -> {
          acceptUnderTls(peer, bad);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          // The very next thing is the end: no auth, no db:result.
          peer.expectStreamError("policy-violation");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    failed(code, "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause("S2S-DTLS-02")
  @CsvSource({
    "WRONG_NAME,     CERT_NAME_MISMATCH",
    "EXPIRED,        CERT_EXPIRED",
    "SELF_SIGNED,    CERT_SELF_SIGNED",
    "UNKNOWN_ISSUER, CERT_INCOMPLETE_CHAIN"
  })
  void directTlsIsJudgedLikeStarttls(CertificateKind kind, String code) throws Exception {
    TestCertificate bad = CA.issue(kind, "south.example");
    south =
        server(
            peer -> {
              peer.startTls(tls(bad).alpn("xmpp-server"));
              peer.accept();
              peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
              peer.expectStreamError("policy-violation");
            });
    dns.serve(Site.domain("south.example"), south.address(), true);
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    failed(code, "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause("S2S-DNS-12")
  @CsvSource({"GOOD, true", "SELF_SIGNED, false"})
  void aRouteThatRequiresAProofIsHeldToItWhateverTheRuleSays(CertificateKind kind, boolean opens)
      throws Exception {
    TestCertificate shown = CA.issue(kind, "south.example");
    south =
        server(
            peer -> {
              acceptUnderTls(peer, shown);
              peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
              if (opens) {
                peer.acceptExternal();
                peer.accept();
                peer.sendFeatures();
                expectMessage(peer, "m1");
              } else {
                peer.expectStreamError("policy-violation");
              }
            });
    StaticRoute route =
        new StaticRoute("south.example", "127.0.0.1", south.address().getPort(), false, "pkix");
    north =
        plan(rule(FederationLevel.VERIFIED))
            .policy(
                PolicyTable.builder()
                    .byDefault(Direction.OUTBOUND, rule(FederationLevel.VERIFIED))
                    .route(route)
                    .build())
            .start();
    send("m1");
    if (opens) {
      assertThat(opened()).isEqualTo(FederationLevel.TRUSTED);
    } else {
      failed("CERT_SELF_SIGNED", "remote-server-timeout", "cancel");
    }
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @CsvSource({"WRONG_NAME", "EXPIRED", "SELF_SIGNED"})
  @Clause({"S2S-POL-52", "S2S-TLS-23"})
  void underEncryptedAnUnprovenServerIsLevelEncryptedWhateverItTakes(CertificateKind kind)
      throws Exception {
    TestCertificate bad = CA.issue(kind, "south.example");
    south(
        peer -> {
          acceptUnderTls(peer, bad);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.acceptExternal();
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(opened()).isEqualTo(FederationLevel.ENCRYPTED);
  }

  // ---- SASL ------------------------------------------------------------------------------------

  @ParameterizedTest
  @Clause("S2S-EXT-28")
  @ValueSource(strings = {"", "="})
  void successMayCarryNothing(String data) throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          peer.expect(Xmpp.SASL, "auth");
          peer.send("<success xmlns='" + Xmpp.SASL + "'>" + data + "</success>");
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-EXT-07", "S2S-EXT-08", "S2S-EXT-10"})
  void aChallengeIsAnsweredWithOurDomainAgain() throws Exception {
    String identity =
        Base64.getEncoder().encodeToString("north.example".getBytes(StandardCharsets.UTF_8));
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          peer.expect(
              Match.element(Xmpp.SASL, "auth").attribute("mechanism", "EXTERNAL").text(identity));
          peer.send("<challenge xmlns='" + Xmpp.SASL + "'/>");
          peer.expect(Match.element(Xmpp.SASL, "response").text(identity));
          peer.send(Xmpp.SUCCESS);
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause({"S2S-EXT-16", "S2S-EXT-25", "S2S-EXT-31"})
  @ValueSource(strings = {"not-authorized", "invalid-authzid", "never-heard-of"})
  void afterARefusalOfExternalDialbackIsAskedOnTheSameStream(String condition) throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal(condition);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @Clause("S2S-EXT-17")
  @ValueSource(booleans = {true, false})
  void aPeerThatClosesOverExternalIsMetAgainWithoutIt(boolean orderly) throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal("not-authorized");
          if (orderly) {
            peer.sendStreamEnd();
            // The end and the request cross.
            peer.expectDialbackRequest("north.example", "south.example");
            peer.expectClose();
          }
        },
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(2);
    assertThat(south.connections()).isEqualTo(2);
    assertThat(north.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause("S2S-EXT-17")
  @ValueSource(strings = {"policy-violation", "not-authorized", "undefined-condition"})
  void aPeerThatRefusesUsByAnErrorAfterExternalIsMetAgainWithoutIt(String condition)
      throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal("not-authorized");
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.streamError(condition));
          peer.expectClose();
        },
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(2);
    assertThat(north.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause("S2S-EXT-17")
  @CsvSource({
    "host-unknown,    PEER_STREAM_ERROR,   cancel",
    "system-shutdown, PEER_STREAM_ERROR,   wait",
    "'',              PEER_UNREADABLE_XML, cancel"
  })
  void anotherEndAfterExternalIsNoReasonToComeBack(String condition, String code, String type)
      throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal("not-authorized");
          peer.expectDialbackRequest("north.example", "south.example");
          if (condition.isEmpty()) {
            peer.send("<a></b>");
            peer.expectStreamError("not-well-formed");
          } else {
            peer.send(Xmpp.streamError(condition));
            peer.expectClose();
          }
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed(code, "remote-server-timeout", type);
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
  }

  @Test
  @Clause("DNA-EKU-07")
  void aPeerThatWantsClientCertificatesIsDiagnosedAndAskedByDialback() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.expect(Xmpp.SASL, "auth");
          peer.send(
              "<failure xmlns='%s'><not-authorized/><text>unsupported certificate purpose</text></failure>"
                  .formatted(Xmpp.SASL));
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
    assertThat(north.events(FederationEvent.Step.class))
        .extracting(FederationEvent.Step::detail)
        .contains(
            "EXTERNAL refused: not-authorized (unsupported certificate purpose); the peer rejects"
                + " server certificates as client certificates; needs ejabberd 25.08 or newer (or"
                + " equivalent)");
  }

  @Test
  @Clause({"S2S-EXT-16", "S2S-EXT-25"})
  void whereDialbackIsForbiddenARefusalOfExternalIsTheEnd() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal("never-heard-of");
          peer.expectStreamError("policy-violation");
        });
    serve(PolicyRule.TRUSTED_PKIX);
    send("m1");
    failed("PEER_SASL_FAILURE", "remote-server-timeout", "cancel");
    assertThat(north.events(FederationEvent.AttemptFailed.class).getFirst().failure().toString())
        .contains("not-authorized");
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
  }

  @Test
  @Clause({"S2S-EXT-16", "S2S-EXT-17"})
  void aPeerThatRefusesBothIsNotAskedAgain() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.refuseExternal("not-authorized");
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.dialbackError("south.example", "north.example", "not-authorized"));
          peer.expectClose();
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    failed("PEER_DIALBACK_ERROR", "remote-server-timeout", "wait");
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
  }

  // ---- dialback --------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-DB-11", "S2S-DB-12", "S2S-DB-13", "S2S-NS-15"})
  void theKeyIsMadeOverTheIdAfterTls() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(OFFER);
          Received request = peer.expectDialbackRequest("north.example", "south.example");
          String key =
              Xmpp.dialbackKey(
                  "secret of [north.example]", "south.example", "north.example", peer.streamId());
          assertThat(request.raw())
              .isEqualTo(Xmpp.dialbackRequest("north.example", "south.example", key));
          peer.expectSilenceWhile(() -> {});
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "valid"));
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.ENCRYPTED));
    send("m1");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-DB-20", "S2S-BNC-05"})
  void invalidReturnsTheStanzaAsInternalServerError() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "invalid"));
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_DIALBACK_INVALID", "internal-server-error", "cancel");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause({"S2S-DB-21", "S2S-DB-24", "S2S-BNC-06"})
  @CsvSource({
    "policy-violation,        true",
    "not-authorized,          true",
    "item-not-found,          true",
    "remote-server-timeout,   false",
    "never-heard-of,          false"
  })
  void anErrorReturnsTheStanzaAndSteersWhenWeTryAgain(String condition, boolean refusal)
      throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.dialbackError("south.example", "north.example", condition));
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_DIALBACK_ERROR", "remote-server-timeout", "wait");
    Duration barred = north.events(FederationEvent.AttemptFailed.class).getFirst().barred();
    assertThat(barred.compareTo(Duration.ofMinutes(1)) > 0).isEqualTo(refusal);
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-DB-22", "S2S-BNC-06"})
  void aCloseInsteadOfAnAnswerReturnsTheStanza() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.sendStreamEnd();
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_CLOSED", "remote-server-timeout", "wait");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-DB-17", "S2S-ERR-23"})
  void silenceInsteadOfAnAnswerRunsOutOfTimeAndThePeerIsToldSo() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.expectStreamError("connection-timeout");
        });
    serveWithTwoSeconds();
    send("m1");
    failed("TIMED_OUT", "remote-server-timeout", "wait");
    south.awaitPlayed(1);
  }

  private void serveWithTwoSeconds() throws IOException {
    RoutingSettings usual = RoutingSettings.DEFAULTS;
    north =
        plan(rule(FederationLevel.VERIFIED))
            .routing(
                new RoutingSettings(
                    usual.pairStanzas(),
                    usual.pairBytes(),
                    usual.pairs(),
                    usual.attempts(),
                    Duration.ofSeconds(2)))
            .start();
  }

  @Test
  @Clause("S2S-DB-09")
  void aPeerThatNeverAsksAboutTheKeyIsTakenAtItsWord() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    south.awaitPlayed(1);
    assertThat(north.events(FederationEvent.KeyAnswered.class)).isEmpty();
    assertThat(north.events(FederationEvent.Accepted.class)).isEmpty();
  }

  @Test
  @Clause("S2S-DB-16")
  void aThousandStanzasAtOnceAreOneRequest() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
          // Another request would be here.
          peer.expectSilenceWhile(() -> {});
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "valid"));
          for (int i = 0; i < 1_000; i++) {
            peer.expect(MESSAGE);
          }
        });
    serve(rule(FederationLevel.VERIFIED));
    List<Thread> senders = new ArrayList<>();
    for (int t = 0; t < 10; t++) {
      int first = 100 * t;
      senders.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = first; i < first + 100; i++) {
                      send("m" + i);
                    }
                  }));
    }
    for (Thread sender : senders) {
      sender.join();
    }
    waiting.countDown();
    south.awaitPlayed(1);
    assertThat(south.connections()).isEqualTo(1);
    assertThat(north.events(FederationEvent.AttemptStarted.class)).hasSize(1);
  }

  @Test
  @Clause({"S2S-DB-18", "S2S-DB-13"})
  void anAnswerToAnotherPairOpensNothing() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(
              Xmpp.dialbackAnswer("south.example", "other.example", "valid")
                  + Xmpp.dialbackAnswer("other.example", "north.example", "valid")
                  + Xmpp.verifyAnswer("south.example", "north.example", "x", "valid"));
          peer.expectSilenceWhile(() -> {});
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "invalid"));
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_DIALBACK_INVALID", "internal-server-error", "cancel");
    assertThat(north.events(FederationEvent.UnsolicitedDialback.class)).hasSize(3);
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-DB-18", "S2S-DB-19"})
  void anAnswerThatIsRepeatedHasNoEffect() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "valid"));
          peer.send(Xmpp.dialbackAnswer("south.example", "other.example", "valid"));
          expectMessage(peer, "m2");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    north.await(FederationEvent.UnsolicitedDialback.class, _ -> true);
    send("m2");
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-DB-19", "S2S-DB-13", "S2S-ORD-02"})
  void whatWaitedGoesFirstAndInOrder() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
          peer.send(Xmpp.dialbackAnswer("south.example", "north.example", "valid"));
          for (int i = 0; i < 2_000; i++) {
            expectMessage(peer, "m" + i);
          }
        });
    serve(rule(FederationLevel.VERIFIED));
    for (int i = 0; i < 1_000; i++) {
      send("m" + i);
    }
    waiting.countDown();
    for (int i = 1_000; i < 2_000; i++) {
      send("m" + i);
    }
    south.awaitPlayed(1);
  }

  // ---- stream errors and redirects -------------------------------------------------------------

  /** Every condition there is, one of our own making, and what each means for the next try. */
  @ParameterizedTest
  @Clause({
    "S2S-ERR-02",
    "S2S-ERR-07",
    "S2S-ERR-11",
    "S2S-ERR-20",
    "S2S-ERR-34",
    "S2S-XML-20",
    "S2S-BNC-04"
  })
  @CsvSource({
    "bad-format,               bad-format,               wait",
    "bad-namespace-prefix,     bad-namespace-prefix,     cancel",
    "conflict,                 conflict,                 wait",
    "connection-timeout,       connection-timeout,       wait",
    "host-gone,                host-gone,                cancel",
    "host-unknown,             host-unknown,             cancel",
    "improper-addressing,      improper-addressing,      cancel",
    "internal-server-error,    internal-server-error,    wait",
    "invalid-from,             invalid-from,             cancel",
    "invalid-namespace,        invalid-namespace,        cancel",
    "invalid-xml,              invalid-xml,              cancel",
    "not-authorized,           not-authorized,           cancel",
    "not-well-formed,          not-well-formed,          wait",
    "xml-not-well-formed,      not-well-formed,          wait",
    "policy-violation,         policy-violation,         cancel",
    "remote-connection-failed, remote-connection-failed, wait",
    "reset,                    reset,                    wait",
    "resource-constraint,      resource-constraint,      wait",
    "restricted-xml,           restricted-xml,           cancel",
    "see-other-host,           see-other-host,           cancel",
    "system-shutdown,          system-shutdown,          wait",
    "undefined-condition,      undefined-condition,      cancel",
    "unsupported-encoding,     unsupported-encoding,     cancel",
    "unsupported-feature,      unsupported-feature,      cancel",
    "unsupported-stanza-type,  unsupported-stanza-type,  cancel",
    "unsupported-version,      unsupported-version,      cancel",
    "invalid-id,               undefined-condition,      cancel",
    "never-heard-of,           undefined-condition,      cancel"
  })
  void aStreamErrorReturnsTheStanzaOnceAndEndsOurSide(
      String condition, String understood, String type) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.send(Xmpp.streamError(condition));
          // Our end and nothing before it: an error is not answered with one.
          peer.expectClose();
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_STREAM_ERROR", "remote-server-timeout", type);
    FederationEvent.AttemptFailed failed =
        north.events(FederationEvent.AttemptFailed.class).getFirst();
    assertThat(failed.failure())
        .isInstanceOfSatisfying(
            NegotiationFailure.PeerStreamError.class,
            error -> assertThat(error.error().condition().wire()).isEqualTo(understood));
    // What passes is tried again soon, what a person must mend is not.
    assertThat(failed.barred().compareTo(Duration.ofMinutes(1)) < 0).isEqualTo(type.equals("wait"));
    south.awaitPlayed(1);
  }

  private static void redirect(ScriptedPeer peer, String where) {
    peer.send(
        "<stream:error><see-other-host xmlns='%s'>%s</see-other-host></stream:error>"
            .formatted(Xmpp.STREAM_ERRORS, where));
    peer.expectClose();
  }

  @Test
  @Clause({"S2S-ERR-50", "S2S-ERR-51"})
  void underTlsARedirectToAnotherPortIsFollowed() throws Exception {
    ScriptedServer there =
        server(
            peer -> {
              Received header = acceptUnderTls(peer, SOUTH);
              assertThat(header.attribute("to")).isEqualTo("south.example");
              peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
              peer.acceptExternal();
              peer.accept();
              peer.sendFeatures();
              expectMessage(peer, "m1");
            });
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          redirect(peer, "south.example:" + there.address().getPort());
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    there.awaitPlayed(1);
    south.awaitPlayed(1);
  }

  @Test
  @Clause({"S2S-ERR-50", "S2S-ERR-51"})
  void theCertificateOfTheOtherHostItselfDoesNotHelp() throws Exception {
    ScriptedServer there =
        server(
            peer -> {
              acceptUnderTls(peer, CA.issue("other.example"));
              peer.sendFeatures(Xmpp.EXTERNAL_FEATURE);
              peer.expectStreamError("policy-violation");
            });
    dns.serve(Site.domain("other.example"), there.address(), false);
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          redirect(peer, "other.example");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    failed("CERT_NAME_MISMATCH", "remote-server-timeout", "cancel");
    south.awaitPlayed(1);
    there.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-ERR-52")
  void redirectsInARingEnd() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          redirect(peer, "south.example");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    north.next();
    assertThat(north.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
        .isEqualTo("PEER_STREAM_ERROR");
    south.awaitPlayed(south.connections());
    assertThat(south.connections()).isBetween(3, 6);
  }

  @Test
  @Clause("S2S-ERR-53")
  void inClearARedirectIsNotFollowed() throws Exception {
    ScriptedServer there = server(ScriptedPeer::accept);
    south(
        peer -> {
          peer.accept();
          redirect(peer, "south.example:" + there.address().getPort());
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    north.next();
    south.awaitPlayed(1);
    assertThat(there.connections()).isZero();
  }

  // ---- nobody there ----------------------------------------------------------------------------

  @Test
  @Clause("S2S-BNC-03")
  void aDomainWithoutServersIsNotFound() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("DNS_NO_SUCH_DOMAIN", "remote-server-not-found", "cancel");
  }

  @Test
  @Clause("S2S-BNC-04")
  void aServerThatIsNotReachedIsATimeout() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    dns.serve(
        Site.domain("south.example"),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        false);
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("CONNECT_FAILED", "remote-server-timeout", "wait");
  }

  // ---- the life of the stream ------------------------------------------------------------------

  @Test
  @Clause({"S2S-LIM-02", "S2S-BNC-14"})
  void aStanzaOverThePeersLimitIsReturnedAndTheStreamLives() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(
              OFFER,
              "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits>");
          acceptDialback(peer);
          expectMessage(peer, "m1");
          expectMessage(peer, "m3");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    opened();
    send("m".repeat(10_000));
    assertThat(north.next().stanza().octets().toUtf8())
        .contains("<policy-violation", "<error type='modify'");
    send("m3");
    south.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause("S2S-LIM-05")
  @ValueSource(strings = {"9999", "-1", "0", "1e6", "", "99999999999", "many"})
  void aLimitThatMakesNoSenseIsIgnoredAndTold(String absurd) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(
              OFFER,
              "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>%s</max-bytes></limits>"
                  .formatted(absurd));
          acceptDialback(peer);
          expectMessage(peer, "m1");
          peer.expect(MESSAGE);
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    opened();
    send("m".repeat(20_000));
    south.awaitPlayed(1);
    assertThat(north.events(FederationEvent.Step.class))
        .filteredOn(step -> step.step().equals("limits"))
        .singleElement()
        .satisfies(step -> assertThat(step.detail()).contains("max-bytes"));
  }

  @Test
  @Clause("S2S-STZ-19")
  void nothingThatWeSendTellsAnAddress() throws Exception {
    south(
        peer -> {
          acceptUnderTls(peer, SOUTH);
          peer.sendFeatures(Xmpp.EXTERNAL_FEATURE, OFFER);
          peer.acceptExternal();
          peer.accept();
          peer.sendFeatures();
          expectMessage(peer, "m1");
          peer.send("<nonsense");
          peer.send("&");
          peer.expectStreamError("not-well-formed");
        });
    serve(rule(FederationLevel.TRUSTED));
    send("m1");
    south.awaitPlayed(1);
    String port = Integer.toString(south.address().getPort());
    assertThat(said(0)).doesNotContain("127.0.0.1", "localhost", "::1", port);
  }

  @ParameterizedTest
  @Clause("S2S-CLS-13")
  @ValueSource(strings = {"end", "connection-timeout", "close"})
  void afterThePeerClosedTheNextStanzaOpensAStreamAtOnce(String how) throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m1");
          switch (how) {
            case "end" -> {
              peer.sendStreamEnd();
              peer.expectClose();
            }
            case "connection-timeout" -> {
              peer.send(Xmpp.streamError(how));
              peer.expectClose();
            }
            default -> peer.closeOutput();
          }
        },
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m2");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    north.await(FederationEvent.StreamClosed.class, _ -> true);
    assertThat(south.connections()).isEqualTo(1);
    send("m2");
    south.awaitPlayed(2);
    assertThat(north.arrived).isEmpty();
  }

  @Test
  @Clause("S2S-TCP-11")
  void aBarredPairIsReturnedAtOnceUntilSomebodyAsksToTryAgain() throws Exception {
    south(
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.dialbackError("south.example", "north.example", "not-authorized"));
          peer.expectClose();
        },
        peer -> {
          peer.accept();
          peer.sendFeatures(OFFER);
          acceptDialback(peer);
          expectMessage(peer, "m3");
        });
    serve(rule(FederationLevel.VERIFIED));
    send("m1");
    failed("PEER_DIALBACK_ERROR", "remote-server-timeout", "wait");
    send("m2");
    assertThat(north.next().stanza().octets().toUtf8())
        .contains("remote-server-timeout", "PEER_DIALBACK_ERROR");
    assertThat(south.connections()).isEqualTo(1);
    north.federation.retry(Site.domain("south.example"));
    send("m3");
    south.awaitPlayed(2);
  }
}
