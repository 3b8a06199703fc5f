package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.association.AssociationTable;
import im.comity.event.FederationEvent;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.relay.RelaySettings;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes in and what must go out, when a scripted peer opens a stream to us. */
@Timeout(60)
final class InboundConversationTest {
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final TestCertificate NORTH = CA.issue("north.example");
  private static final TestCertificate SOUTH = CA.issue("south.example");

  private final TestDns dns = new TestDns();
  private Site south;
  private ScriptedPeer peer;
  private ScriptedServer authority;

  @AfterEach
  void close() {
    if (peer != null) {
      peer.close();
    }
    if (authority != null) {
      authority.close();
    }
    if (south != null) {
      south.close();
    }
  }

  private static TlsIdentity identity(String name, TestCertificate certificate) {
    return TlsIdentity.of(name, certificate.privateKey(), certificate.chain());
  }

  private void serve(PolicyRule rule) throws IOException {
    serve(rule, NegotiationSettings.DEFAULTS, "south.example");
  }

  private void serve(PolicyRule rule, NegotiationSettings settings, String... domains)
      throws IOException {
    south =
        Site.plan(dns, domains)
            .rule(rule)
            .identity(identity("south.example", SOUTH))
            .trusts(CA.certificate())
            .negotiation(settings)
            .starttls()
            .directTls()
            .start();
    connect();
  }

  private void serveWithoutTls(PolicyRule rule) throws IOException {
    south = Site.plan(dns, "south.example").rule(rule).starttls().start();
    connect();
  }

  private void connect() throws IOException {
    peer = ScriptedPeer.connect(south.federation.addresses().getFirst()).named("peer");
  }

  private static SSLContext context(TestCertificate certificate) {
    return TlsOptions.context(certificate.privateKey(), certificate.chain());
  }

  /** Opens the stream and puts TLS under it; returns the features after TLS. */
  private Received openUnderTls(String from, TestCertificate certificate) {
    peer.open(from, "south.example");
    peer.expectFeatures();
    peer.requestTls(
        TlsOptions.client(
            certificate == null ? TlsOptions.anonymous() : context(certificate), "south.example"));
    peer.open(from, "south.example");
    return peer.expectFeatures();
  }

  private Received openInClear() {
    peer.open("north.example", "south.example");
    return peer.expectFeatures();
  }

  /** The level alone; STARTTLS is not tried where it is not offered, so that scripts stay short. */
  private static PolicyRule rule(FederationLevel level) {
    return new PolicyRule(level, List.of(), true, false, false, "");
  }

  /** Answers db:verify for north.example as its authoritative server would. */
  private void authorityOf(String domain, String type) throws IOException {
    authority =
        ScriptedServer.onLoopback(
            server -> {
              server.accept();
              server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
              Received verify = server.expect(Xmpp.DIALBACK, "verify");
              server.send(
                  type.equals("error")
                      ? Xmpp.verifyError(
                          verify.attribute("to"),
                          verify.attribute("from"),
                          verify.attribute("id"),
                          "item-not-found")
                      : Xmpp.verifyAnswer(
                          verify.attribute("to"),
                          verify.attribute("from"),
                          verify.attribute("id"),
                          type));
              server.expectStreamEnd();
              server.sendStreamEnd();
            });
    dns.serve(Site.domain(domain), authority.address(), false);
  }

  private void becomeVerified() throws IOException {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "valid");
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
  }

  private void becomeTrusted() throws IOException {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open("north.example", "south.example");
    peer.expectFeatures();
  }

  // ---- the stream header -----------------------------------------------------------------------

  @Test
  @Clause({
    "S2S-STR-01",
    "S2S-STR-05",
    "S2S-STR-06",
    "S2S-STR-10",
    "S2S-STR-24",
    "S2S-FEAT-01",
    "DNA-S2S-01"
  })
  void aHeaderIsAnsweredWithOursThenFeatures() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received header = peer.open("north.example", "south.example");
    assertThat(header.attribute("from")).isEqualTo("south.example");
    assertThat(header.attribute("to")).isEqualTo("north.example");
    assertThat(header.attribute("version")).isEqualTo("1.0");
    assertThat(header.attribute("id")).hasSize(32);
    assertThat(header.raw()).contains("xml:lang=");
    peer.expectFeatures();
  }

  @Test
  @Clause("S2S-STR-06")
  void withoutFromTheAnswerHasNoTo() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    Received header = peer.open(StreamHead.server().to("south.example"));
    assertThat(header.attribute("to")).isNull();
    peer.expectFeatures();
  }

  @Test
  @Clause({"S2S-STR-13", "S2S-STR-15", "S2S-TLS-11", "S2S-STR-11"})
  void everyRestartHasANewIdAndAnIdOfThePeerIsIgnored() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    Set<String> ids = new HashSet<>();
    ids.add(
        peer.open(StreamHead.server().from("north.example").to("south.example").id("mine"))
            .attribute("id"));
    peer.expectFeatures();
    peer.requestTls(TlsOptions.client(context(NORTH), "south.example"));
    ids.add(peer.open("north.example", "south.example").attribute("id"));
    peer.expectFeatures();
    peer.requestExternal("north.example");
    ids.add(peer.open("north.example", "south.example").attribute("id"));
    assertThat(ids).hasSize(3).doesNotContain("mine").doesNotContainNull();
  }

  @ParameterizedTest
  @Clause({"S2S-STR-17", "S2S-STR-22"})
  @ValueSource(strings = {"1.0", "1.10", "2.4", "01.00", "11.0"})
  void theLowerVersionIsAnswered(String version) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received header =
        peer.open(StreamHead.server().from("north.example").to("south.example").version(version));
    assertThat(header.attribute("version")).isEqualTo("1.0");
    peer.expectFeatures();
  }

  @ParameterizedTest
  @Clause({"S2S-STR-20", "S2S-ERR-44", "S2S-ERR-03"})
  @ValueSource(strings = {"", "1", "1.", ".0", "-1.0", "one", "1.0.0"})
  void aVersionThatIsNoneIsUnsupported(String version) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.send(
        "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
            + " from='north.example' to='south.example' version='"
            + version
            + "'>");
    peer.expectHeader();
    peer.expectStreamError("unsupported-version");
    peer.expectEnd();
  }

  @Test
  @Clause("S2S-STR-18")
  void aPeerWithoutVersionGetsNeitherVersionNorFeatures() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "valid");
    Received header = peer.open(StreamHead.legacy().from("north.example").to("south.example"));
    assertThat(header.attribute("version")).isNull();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    // The very next element is the answer: no features came between.
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
  }

  @Test
  @Clause({"S2S-ERR-25", "S2S-ERR-03", "S2S-ERR-04", "S2S-ERR-01", "S2S-ERR-06"})
  void anUnknownTargetIsHostUnknownAfterAHeaderOfOurs() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received header = peer.open("north.example", "elsewhere.example");
    assertThat(header.attribute("from")).isEmpty();
    Received error = peer.expectStreamError("host-unknown");
    assertThat(error.children())
        .filteredOn(c -> c.namespace().equals(Xmpp.STREAM_ERRORS))
        .hasSize(1);
    peer.expectEnd();
  }

  private void serveWhereEastIsGone() throws IOException {
    south =
        Site.plan(dns, "south.example")
            .rule(rule(FederationLevel.TRUSTED))
            .gone("east.example")
            .identity(identity("south.example", SOUTH))
            .trusts(CA.certificate())
            .starttls()
            .start();
    connect();
  }

  @Test
  @Clause("S2S-ERR-24")
  void aTargetOfThePastIsHostGone() throws Exception {
    serveWhereEastIsGone();
    peer.open("north.example", "east.example");
    peer.expectStreamError("host-gone");
    peer.expectEnd();
  }

  @Test
  @Clause("S2S-ERR-24")
  void aStanzaToATargetOfThePastIsHostGone() throws Exception {
    serveWhereEastIsGone();
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.send(Xmpp.message("a@north.example", "b@east.example", "hello"));
    peer.expectStreamError("host-gone");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause("S2S-ERR-27")
  void withoutACertificateOfOursWhereTlsIsRequiredTheFaultIsOurs() throws Exception {
    serveWithoutTls(rule(FederationLevel.ENCRYPTED));
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.expectStreamError("internal-server-error");
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("OUR_CERTIFICATE_MISSING");
  }

  @Test
  @Clause("S2S-STR-09")
  void withoutToTheOnlyDomainIsMeant() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received header = peer.open(StreamHead.server().from("north.example"));
    assertThat(header.attribute("from")).isEqualTo("south.example");
    peer.expectFeatures();
  }

  @Test
  @Clause({"S2S-STR-09", "S2S-ERR-26"})
  void withoutToAmongSeveralDomainsIsImproperAddressing() throws Exception {
    serve(
        rule(FederationLevel.ENCRYPTED),
        NegotiationSettings.DEFAULTS,
        "south.example",
        "chat.south.example");
    peer.open(StreamHead.server().from("north.example"));
    peer.expectStreamError("improper-addressing");
    peer.expectEnd();
  }

  @Test
  @Clause({"S2S-STR-33", "S2S-ERR-26"})
  void aLocalpartInToIsImproperAddressing() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open("north.example", "x@south.example");
    peer.expectStreamError("improper-addressing");
  }

  @Test
  @Clause({"S2S-STR-32", "S2S-ERR-28"})
  void aPeerThatClaimsOurDomainIsRefused() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open("south.example", "south.example");
    peer.expectFeatures();
    peer.expectStreamError("invalid-from");
  }

  @Test
  @Clause({"S2S-NS-01", "S2S-ERR-29", "S2S-ERR-03"})
  void aWrongStreamNamespaceIsInvalidNamespace() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.send(
        "<stream:stream xmlns='jabber:server' xmlns:stream='urn:wrong' from='north.example'"
            + " to='south.example' version='1.0'>");
    peer.expectHeader();
    peer.expectStreamError("invalid-namespace");
  }

  @Test
  @Clause({"S2S-NS-02", "S2S-ERR-29"})
  void clientStreamsAreRefused() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open(
        StreamHead.bare(Xmpp.CLIENT).from("north.example").to("south.example").version("1.0"));
    peer.expectStreamError("invalid-namespace");
  }

  @Test
  @Clause("S2S-NS-05")
  void anyPrefixForTheStreamNamespaceIsAccepted() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open(StreamHead.server().prefix("s").from("north.example").to("south.example"));
    peer.expectFeatures();
  }

  @Test
  @Clause({"S2S-NS-03", "S2S-QK-92"})
  void theStyleWithoutPrefixesReachesEstablished() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "valid");
    peer.open(StreamHead.server().prefixFree().from("north.example").to("south.example"));
    peer.expectFeatures();
    peer.send(
        "<r:result xmlns:r='jabber:server:dialback' from='north.example' to='south.example'>key</r:result>");
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.send(
        "<message xmlns='jabber:server' from='a@north.example' to='b@south.example' id='m'><body>x</body></message>");
    assertThat(south.next().stanza().id()).isEqualTo("m");
  }

  @Test
  @Clause({"S2S-STR-34", "S2S-QK-92"})
  void aConversationByteByByteIsTheSame() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "valid");
    peer.sendInPieces(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback'"
            + " xmlns:stream='http://etherx.jabber.org/streams' from='north.example'"
            + " to='south.example' version='1.0'>"
            + Xmpp.dialbackRequest("north.example", "south.example", "key"),
        1);
    peer.expectHeader();
    peer.expectFeatures();
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.sendInPieces(Xmpp.message("a@north.example", "b@south.example", "hello"), 1);
    assertThat(south.next().stanza().octets().toUtf8()).contains("hello");
  }

  // ---- features --------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-FEAT-11", "S2S-TLS-02", "S2S-EXT-03", "DNA-EXT-06", "S2S-BIDI-01"})
  void beforeRequiredTlsNothingElseIsOffered() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open("north.example", "south.example");
    Received features = peer.expectFeatures();
    assertThat(features.children()).hasSize(1);
    assertThat(features.child(Xmpp.TLS, "starttls").child(Xmpp.TLS, "required")).isNotNull();
  }

  @Test
  @Clause({"S2S-TLS-02", "S2S-FEAT-12", "S2S-FEAT-16"})
  void whereTlsIsNotRequiredDialbackIsOfferedBesideIt() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    peer.open("north.example", "south.example");
    Received features = peer.expectFeatures();
    assertThat(features.child(Xmpp.TLS, "starttls").child(Xmpp.TLS, "required")).isNull();
    assertThat(
            features
                .child(Xmpp.DIALBACK_FEATURE, "dialback")
                .child(Xmpp.DIALBACK_FEATURE, "errors"))
        .isNotNull();
    assertThat(features.child(Xmpp.SASL, "mechanisms")).isNull();
  }

  @Test
  @Clause({
    "S2S-TLS-09",
    "S2S-TLS-12",
    "S2S-EXT-02",
    "S2S-EXT-05",
    "S2S-FEAT-10",
    "S2S-FEAT-13",
    "S2S-TLS-17",
    "S2S-TLS-20",
    "S2S-CB-01",
    "DNA-EXT-10"
  })
  void underTlsAProvenPeerIsOfferedExternalFirstAndDialback() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received features =
        openUnderTls("north.example", CA.issue(CertificateKind.SERVER_AUTH_ONLY, "north.example"));
    assertThat(features.child(Xmpp.TLS, "starttls")).isNull();
    // No channel binding beside EXTERNAL, no compression, nothing for accounts.
    assertThat(features.children())
        .extracting(Received::name)
        .containsExactlyInAnyOrder("mechanisms", "dialback", "limits");
    assertThat(features.children().getFirst().name()).isEqualTo("mechanisms");
    assertThat(features.raw()).contains("EXTERNAL");
    assertThat(features.child(Xmpp.DIALBACK_FEATURE, "dialback")).isNotNull();
  }

  @ParameterizedTest
  @Clause({"S2S-EXT-04", "DNA-EXT-01", "S2S-TLS-22", "S2S-TLS-23"})
  @CsvSource({"SELF_SIGNED", "EXPIRED", "WRONG_NAME", "CLIENT_AUTH_ONLY"})
  void aCertificateThatProvesNothingIsNotOfferedExternal(CertificateKind kind) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received features = openUnderTls("north.example", CA.issue(kind, "north.example"));
    assertThat(features.child(Xmpp.SASL, "mechanisms")).isNull();
    assertThat(features.child(Xmpp.DIALBACK_FEATURE, "dialback")).isNotNull();
  }

  @Test
  @Clause({"S2S-EXT-04", "DNA-S2S-03", "DNA-S2S-22"})
  void withoutACertificateTheHandshakeCompletesAndDialbackIsOffered() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    Received features = openUnderTls("north.example", null);
    assertThat(features.child(Xmpp.SASL, "mechanisms")).isNull();
    assertThat(features.child(Xmpp.DIALBACK_FEATURE, "dialback")).isNotNull();
  }

  @Test
  @Clause("S2S-STR-08")
  void withoutFromUnderTlsExternalIsNotOffered() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.requestTls(TlsOptions.client(context(NORTH), "south.example"));
    peer.open(StreamHead.server().to("south.example"));
    assertThat(peer.expectFeatures().child(Xmpp.SASL, "mechanisms")).isNull();
  }

  @Test
  @Clause({"S2S-STR-28", "DNA-S2S-13"})
  void onlyTheHeaderAfterTlsCounts() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    peer.open("evil.example", "south.example");
    peer.expectFeatures();
    peer.requestTls(TlsOptions.client(context(NORTH), "other.example"));
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.requestExternal("north.example");
  }

  @Test
  @Clause({"S2S-FEAT-02", "S2S-FEAT-14", "S2S-FEAT-03"})
  void afterSaslAFreshListOffersDialbackForFurtherPairs() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open("north.example", "south.example");
    Received features = peer.expectFeatures();
    assertThat(features.child(Xmpp.SASL, "mechanisms")).isNull();
    assertThat(features.child(Xmpp.DIALBACK_FEATURE, "dialback")).isNotNull();
  }

  @Test
  @Clause({"S2S-EXT-33", "S2S-TLS-23", "S2S-POL-26", "S2S-TLS-17", "DNA-PKX-05", "S2S-ERR-33"})
  void anUnprovenPeerUnderTrustedWithoutDialbackIsClosedAtOnceWithPolicyViolation()
      throws Exception {
    serve(rule(FederationLevel.TRUSTED).withoutDialback());
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.requestTls(
        TlsOptions.client(
            context(CA.issue(CertificateKind.SELF_SIGNED, "north.example")), "south.example"));
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.expectStreamError("policy-violation");
    peer.expectEnd();
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("CERT_SELF_SIGNED");
  }

  // ---- STARTTLS --------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-TLS-10"})
  void bytesBehindStarttlsInOneSegmentAreFatalAndNeverRead() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.STARTTLS + Xmpp.dialbackRequest("north.example", "south.example", "injected"));
    peer.expectDisconnect();
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("PEER_PLAINTEXT_AFTER_STARTTLS");
    assertThat(south.events(FederationEvent.SenderAdmitted.class)).isEmpty();
  }

  @Test
  @Clause({"S2S-TLS-07", "S2S-DTLS-03"})
  void aSecondStarttlsUnderTlsGetsFailureAndTheEnd() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openUnderTls("north.example", NORTH);
    peer.send(Xmpp.STARTTLS);
    peer.expect(Xmpp.TLS, "failure");
    peer.expectStreamEnd();
    peer.expectEnd();
  }

  @Test
  @Clause({"S2S-TLS-06", "S2S-TLS-07", "S2S-QK-08"})
  void starttlsWithoutACertificateOfOursGetsFailure() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.STARTTLS);
    peer.expect(Xmpp.TLS, "failure");
    peer.expectStreamEnd();
    peer.expectEnd();
  }

  @Test
  @Clause({"S2S-TLS-13", "S2S-ERR-10"})
  void aFailedHandshakeEndsWithoutXml() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openInClear();
    peer.send(Xmpp.STARTTLS);
    peer.expect(Xmpp.TLS, "proceed");
    peer.sendBytes("this is no handshake at all, no, no".getBytes(StandardCharsets.US_ASCII));
    peer.expectDisconnect();
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("TLS_HANDSHAKE_FAILED");
  }

  @Test
  @Clause({"S2S-DTLS-01", "S2S-DTLS-03"})
  void directTlsOffersNoStarttls() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.close();
    InetSocketAddress direct = south.federation.addresses().get(1);
    peer = ScriptedPeer.connect(direct);
    peer.startTls(TlsOptions.client(context(NORTH), "south.example").alpn("xmpp-server"));
    peer.open("north.example", "south.example");
    Received features = peer.expectFeatures();
    assertThat(features.child(Xmpp.TLS, "starttls")).isNull();
    assertThat(features.raw()).contains("EXTERNAL");
  }

  // ---- SASL ------------------------------------------------------------------------------------

  @Test
  @Clause({
    "S2S-EXT-01",
    "S2S-EXT-27",
    "S2S-STR-31",
    "DNA-EXT-02",
    "S2S-EXT-30",
    "DNA-EKU-01",
    "S2S-POL-36"
  })
  void externalAdmitsTheSenderAtTrusted() throws Exception {
    becomeTrusted();
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    Site.Arrived arrived = south.next();
    assertThat(arrived.along().level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(arrived.along().pair().sender().toString()).isEqualTo("north.example");
  }

  @Test
  @Clause("S2S-EXT-27")
  void aHeaderThatComesWithTheAuthIsReadAfterSuccess() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send(
        Xmpp.external("north.example")
            + "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
            + " from='north.example' to='south.example' version='1.0'>");
    peer.expect(Xmpp.SASL, "success");
    peer.expectHeader();
    peer.expectFeatures();
  }

  @Test
  @Clause({"S2S-EXT-11", "DNA-EXT-03"})
  void anEmptyIdentityIsThatOfTheHeader() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'>=</auth>");
    peer.expect(Xmpp.SASL, "success");
  }

  @Test
  @Clause("S2S-EXT-09")
  void authWithoutDataIsAskedForItByAnEmptyChallenge() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'/>");
    assertThat(peer.expect(Xmpp.SASL, "challenge").text()).isEmpty();
    peer.send("<response xmlns='" + Xmpp.SASL + "'>bm9ydGguZXhhbXBsZQ==</response>");
    peer.expect(Xmpp.SASL, "success");
  }

  @Test
  @Clause("S2S-EXT-23")
  void aSecondAuthReplacesTheFirst() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'/>");
    peer.expect(Xmpp.SASL, "challenge");
    peer.requestExternal("north.example");
  }

  @Test
  @Clause("S2S-EXT-26")
  void whiteSpaceAroundTheIdentityIsTolerated() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send(
        "<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'>\n  bm9ydGguZXhhbXBsZQ==\n</auth>");
    peer.expect(Xmpp.SASL, "success");
  }

  @ParameterizedTest
  @Clause({"S2S-EXT-12", "S2S-EXT-13", "S2S-EXT-18", "S2S-EXT-20", "S2S-EXT-21", "DNA-EXT-03"})
  @CsvSource({
    "EXTERNAL, dXNlckBub3J0aC5leGFtcGxl, invalid-authzid", // user@north.example
    "EXTERNAL, b3RoZXIuZXhhbXBsZQ==, invalid-authzid", // other.example
    "PLAIN, bm9ydGguZXhhbXBsZQ==, invalid-mechanism",
    "'', bm9ydGguZXhhbXBsZQ==, invalid-mechanism",
    "EXTERNAL, %%%, incorrect-encoding",
    "EXTERNAL, bm9ydGguZXhhbXBsZQ=, incorrect-encoding",
    "EXTERNAL, bm9ydGgu=XhhbXBsZQ==, incorrect-encoding",
    "EXTERNAL, bm9ydGgAZXhhbXBsZQ==, malformed-request", // a NUL
    "EXTERNAL, /w==, malformed-request" // no UTF-8
  })
  void aBadAuthGetsItsCondition(String mechanism, String data, String condition) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openUnderTls("north.example", NORTH);
    peer.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='" + mechanism + "'>" + data + "</auth>");
    Received failure = peer.expect(Xmpp.SASL, "failure");
    assertThat(failure.child(Xmpp.SASL, condition)).as(failure.raw()).isNotNull();
    // The stream lives: a right one succeeds.
    peer.requestExternal("north.example");
  }

  @Test
  @Clause("S2S-EXT-12")
  void theIdentityIsComparedAsADomain() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("NORTH.example");
  }

  @Test
  @Clause({"S2S-EXT-19", "S2S-FEAT-07"})
  void authBeforeTlsNeedsEncryption() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.external("north.example"));
    assertThat(peer.expect(Xmpp.SASL, "failure").child(Xmpp.SASL, "encryption-required"))
        .isNotNull();
  }

  @Test
  @Clause("S2S-EXT-22")
  void abortIsAnsweredWithAborted() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'/>");
    peer.expect(Xmpp.SASL, "challenge");
    peer.send("<abort xmlns='" + Xmpp.SASL + "'/>");
    assertThat(peer.expect(Xmpp.SASL, "failure").child(Xmpp.SASL, "aborted")).isNotNull();
  }

  @Test
  @Clause({"S2S-EXT-14", "DNA-EXT-04", "DNA-S2S-04"})
  void aRefusedCertificateLeavesTheStreamOpenForDialback() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    authorityOf("north.example", "valid");
    dns.forget(Site.domain("north.example"));
    TestCertificate selfSigned = CA.issue(CertificateKind.SELF_SIGNED, "north.example");
    authority.close();
    authority =
        ScriptedServer.onLoopback(
            server -> {
              server.accept();
              server.sendFeatures(Xmpp.STARTTLS_FEATURE);
              server.acceptTls(TlsOptions.server(context(SOUTH)));
              server.accept();
              server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
              Received verify = server.expect(Xmpp.DIALBACK, "verify");
              server.send(
                  Xmpp.verifyAnswer(
                      verify.attribute("to"),
                      verify.attribute("from"),
                      verify.attribute("id"),
                      "valid"));
              server.expectStreamEnd();
              server.sendStreamEnd();
            });
    dns.serve(Site.domain("north.example"), authority.address(), false);
    openUnderTls("north.example", selfSigned);
    peer.send(Xmpp.external("north.example"));
    assertThat(peer.expect(Xmpp.SASL, "failure").child(Xmpp.SASL, "not-authorized")).isNotNull();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    assertThat(south.next().along().level()).isEqualTo(FederationLevel.ENCRYPTED);
  }

  @Test
  @Clause("S2S-EXT-15")
  void theThirdAttemptCloses() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openUnderTls("north.example", NORTH);
    for (int i = 0; i < 2; i++) {
      peer.send(Xmpp.external("other.example"));
      peer.expect(Xmpp.SASL, "failure");
    }
    peer.send(Xmpp.external("other.example"));
    peer.expectStreamError("policy-violation");
  }

  @Test
  @Clause({"S2S-STR-30", "DNA-EXT-05", "S2S-ERR-28"})
  void anotherFromAfterSuccessIsInvalidFrom() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open("evil.example", "south.example");
    peer.expectFeatures();
    peer.expectStreamError("invalid-from");
  }

  @Test
  @Clause("S2S-STR-30")
  void noFromAfterSuccessMeansTheAuthenticatedDomain() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open(StreamHead.server().to("south.example"));
    peer.expectFeatures();
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    assertThat(south.next().along().pair().sender().toString()).isEqualTo("north.example");
  }

  // ---- dialback, receiving ---------------------------------------------------------------------

  @Test
  @Clause({
    "S2S-DB-28",
    "S2S-DB-35",
    "S2S-DB-37",
    "S2S-DB-50",
    "S2S-DB-10",
    "S2S-DB-51",
    "S2S-DB-36",
    "DNA-DBT-01"
  })
  void aKeyIsVerifiedByTheAuthoritativeServerThatDnsNames() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authority =
        ScriptedServer.onLoopback(
            server -> {
              server.accept();
              server.sendFeatures();
              Received verify = server.expect(Xmpp.DIALBACK, "verify");
              assertThat(verify.attribute("from")).isEqualTo("south.example");
              assertThat(verify.attribute("to")).isEqualTo("north.example");
              assertThat(verify.attribute("id")).isEqualTo(peer.streamId());
              assertThat(verify.text()).isEqualTo("0123456789012345678901234567890123456789");
              server.send(
                  Xmpp.verifyAnswer("north.example", "south.example", peer.streamId(), "valid"));
              server.expectStreamEnd();
              server.sendStreamEnd();
            });
    dns.serve(Site.domain("north.example"), authority.address(), false);
    openInClear();
    peer.send(
        Xmpp.dialbackRequest(
            "north.example", "south.example", "0123456789012345678901234567890123456789"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    authority.awaitPlayed(1);
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    assertThat(south.next().along().level()).isEqualTo(FederationLevel.VERIFIED);
  }

  @Test
  @Clause({"S2S-DB-40", "DNA-DBT-09", "S2S-DB-39"})
  void anInvalidKeyIsSaidSoAndTheStreamEnds() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "invalid");
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "forged"));
    peer.expectDialbackAnswer("south.example", "north.example", "invalid");
    peer.expectStreamEnd();
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("DIALBACK_KEY_INVALID");
  }

  @Test
  @Clause({"S2S-DB-42", "S2S-DB-43"})
  void anErrorOfTheAuthorityIsRemoteServerNotFound() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "error");
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "north.example", "error");
    assertThat(answer.raw()).contains("remote-server-not-found");
  }

  @Test
  @Clause({"S2S-DB-43", "DNA-DBT-08", "S2S-ERR-34"})
  void anUnreachableAuthorityIsRemoteServerTimeout() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authority = ScriptedServer.onLoopback(ScriptedPeer::expectEnd);
    dns.serve(Site.domain("north.example"), authority.address(), false);
    authority.close();
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "north.example", "error");
    assertThat(answer.raw()).contains("remote-server-timeout");
    // The stream lives.
    peer.send(Xmpp.verifyRequest("asker.example", "south.example", "id", "key"));
    peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "invalid"));
  }

  @Test
  @Clause({"S2S-DB-43", "DNA-DBT-08"})
  void aSenderWithoutServersIsRemoteServerNotFound() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "north.example", "error");
    assertThat(answer.raw()).contains("remote-server-not-found");
  }

  @Test
  @Clause({"S2S-DB-32", "DNA-S2S-07"})
  void anUnknownTargetGetsAnErrorAndTheStreamLives() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    authorityOf("north.example", "valid");
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "unknown.example", "key"));
    Received answer = peer.expectDialbackAnswer("unknown.example", "north.example", "error");
    assertThat(answer.raw()).contains("item-not-found", "type='cancel'");
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
  }

  @Test
  @Clause("S2S-DB-31")
  void aRequestFromOurOwnDomainIsNotAcceptable() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.dialbackRequest("south.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "south.example", "error");
    assertThat(answer.raw()).contains("not-acceptable");
    assertThat(south.events(FederationEvent.Step.class)).isEmpty();
  }

  @Test
  @Clause({"S2S-DB-30", "S2S-ERR-26"})
  void aRequestWithoutFromIsImproperAddressing() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send("<db:result to='south.example'>key</db:result>");
    peer.expectStreamError("improper-addressing");
  }

  @Test
  @Clause({"S2S-DB-33", "S2S-POL-14", "S2S-ERR-33"})
  void dialbackInClearWhereTlsIsRequiredIsPolicyViolation() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectStreamError("policy-violation");
  }

  @Test
  @Clause({"S2S-DB-33", "S2S-POL-15", "S2S-POL-16", "S2S-ERR-31"})
  void dialbackOfAnOldPeerWhereTlsIsRequiredIsNotAuthorized() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    peer.open(StreamHead.legacy().from("north.example").to("south.example"));
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectStreamError("not-authorized");
  }

  @Test
  @Clause({
    "S2S-TLS-26",
    "S2S-DB-67",
    "S2S-DB-68",
    "S2S-DB-69",
    "DNA-DBT-03",
    "DNA-S2S-08",
    "DNA-EXT-07"
  })
  void aCertificateThatProvesASecondSenderNeedsNoDiallingBack() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    TestCertificate both =
        CA.issue(
            CertificateSpec.server("north.example")
                .dnsNames("north.example", "rooms.north.example"));
    openUnderTls("north.example", both);
    peer.requestExternal("north.example");
    peer.open("north.example", "south.example");
    peer.expectFeatures();
    peer.send(Xmpp.dialbackRequest("rooms.north.example", "south.example", "any key"));
    peer.expectDialbackAnswer("south.example", "rooms.north.example", "valid");
    peer.send(Xmpp.message("a@rooms.north.example", "b@south.example", "hello"));
    Site.Arrived arrived = south.next();
    assertThat(arrived.along().level()).isEqualTo(FederationLevel.TRUSTED);
    // Nothing was dialled.
    assertThat(south.events(FederationEvent.Step.class)).isEmpty();
  }

  @Test
  @Clause({"DNA-DBT-08", "S2S-DB-33", "DNA-S2S-04"})
  void aSecondSenderThatIsNotProvenUnderTrustedIsNotAuthorizedAndTheStreamLives() throws Exception {
    becomeTrusted();
    peer.send(Xmpp.dialbackRequest("other.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "other.example", "error");
    assertThat(answer.raw()).containsAnyOf("not-authorized", "remote-server-not-found");
    peer.send(Xmpp.message("a@north.example", "b@south.example", "still here"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("still here");
  }

  @Test
  @Clause({"S2S-DB-41"})
  void aForgedKeyBesideAValidPairIsForbiddenAndTheStreamLives() throws Exception {
    becomeVerified();
    authority.close();
    authorityOf("evil.example", "invalid");
    peer.send(Xmpp.dialbackRequest("evil.example", "south.example", "forged"));
    Received answer = peer.expectDialbackAnswer("south.example", "evil.example", "error");
    assertThat(answer.raw()).contains("forbidden");
    peer.send(Xmpp.message("a@north.example", "b@south.example", "still here"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("still here");
  }

  /** A server that plays the scripts in turn, and the last one for all that come after. */
  private void authority(String domain, ScriptedServer.Script... scripts) throws IOException {
    if (authority != null) {
      authority.close();
    }
    AtomicInteger next = new AtomicInteger();
    authority =
        ScriptedServer.onLoopback(
            server -> scripts[Math.min(next.getAndIncrement(), scripts.length - 1)].play(server));
    dns.serve(Site.domain(domain), authority.address(), false);
  }

  private static void answerVerification(ScriptedPeer server, String type) {
    Received verify = server.expect(Xmpp.DIALBACK, "verify");
    server.send(
        Xmpp.verifyAnswer(
            verify.attribute("to"), verify.attribute("from"), verify.attribute("id"), type));
    server.expectClose();
  }

  private static void acceptUnderTls(ScriptedPeer server, String offer, TestCertificate shown) {
    server.accept();
    server.sendFeatures(offer, Xmpp.DIALBACK_ERRORS_OFFER);
    server.acceptTls(TlsOptions.server(context(shown)));
    server.accept();
  }

  @Test
  @Clause({"S2S-DB-52", "DNA-S2S-05"})
  void theAuthorityIsAskedUnderTlsWhereItOffersThat() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, NORTH);
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          answerVerification(server, "valid");
        });
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    authority.awaitPlayed(1);
  }

  @Test
  @Clause({"DNA-S2S-05", "S2S-DB-52"})
  void anAuthorityWithoutTheTlsThatTheRuleRequiresIsNotAsked() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    authority(
        "north.example",
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          // Tried all the same, as for stanzas.
          server.expect(Xmpp.TLS, "starttls");
          server.send(Xmpp.TLS_FAILURE);
          server.expectClose();
        });
    openUnderTls("north.example", null);
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "north.example", "error");
    assertThat(answer.raw()).contains("remote-server-timeout");
    authority.awaitPlayed(1);
  }

  @Test
  @Clause("DNA-S2S-05")
  void anAuthorityThatIsNotProvenUnderTrustedIsNotAsked() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    TestCertificate selfSigned = CA.issue(CertificateKind.SELF_SIGNED, "north.example");
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, selfSigned);
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          server.expectStreamError("policy-violation");
        });
    openUnderTls("north.example", selfSigned);
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "error");
    authority.awaitPlayed(1);
  }

  @ParameterizedTest
  @Clause("S2S-DB-53")
  @ValueSource(booleans = {true, false})
  void theAuthorityIsAskedAtOnceUnlessItInsistsOnExternal(boolean insists) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, NORTH);
          if (insists) {
            server.sendFeatures(Xmpp.EXTERNAL_FEATURE);
            assertThat(server.acceptExternal()).isEqualTo("south.example");
            server.accept();
            server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          } else {
            server.sendFeatures(Xmpp.EXTERNAL_FEATURE, Xmpp.DIALBACK_ERRORS_OFFER);
          }
          answerVerification(server, "valid");
        });
    openUnderTls("north.example", null);
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    authority.awaitPlayed(1);
  }

  @Test
  @Clause("S2S-DB-53")
  void anAuthorityThatInsistsAndRefusesIsAskedAllTheSame() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, NORTH);
          server.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          server.refuseExternal("not-authorized");
          answerVerification(server, "valid");
        });
    openUnderTls("north.example", null);
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    authority.awaitPlayed(1);
  }

  /** The authority shows the asker's certificate or another one; only what is dialled counts. */
  @ParameterizedTest
  @Clause({"S2S-DB-58", "S2S-DB-57"})
  @ValueSource(booleans = {true, false})
  void aCertificateSparesTheQuestionOnlyAtTheAuthorityThatWeDialled(boolean same) throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    TestCertificate asker = CA.issue(CertificateKind.SELF_SIGNED, "north.example");
    TestCertificate shown = same ? asker : CA.issue(CertificateKind.SELF_SIGNED, "north.example");
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, shown);
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          if (same) {
            server.expectClose();
          } else {
            answerVerification(server, "invalid");
          }
        });
    // Another connection with the asker's certificate says nothing about the authority.
    try (ScriptedPeer other =
        ScriptedPeer.connect(south.federation.addresses().getFirst()).named("other")) {
      other.open("north.example", "south.example");
      other.expectFeatures();
      other.requestTls(TlsOptions.client(context(asker), "south.example"));
      other.open("north.example", "south.example");
      other.expectFeatures();
      openUnderTls("north.example", asker);
      peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
      peer.expectDialbackAnswer("south.example", "north.example", same ? "valid" : "invalid");
    }
    authority.awaitPlayed(1);
    assertThat(authority.connections()).isEqualTo(1);
  }

  @Test
  @Clause({"DNA-S2S-09", "S2S-DB-36"})
  void aSecondSenderIsVerifiedOverAConnectionOfItsOwnWithTheIdOfTheFirst() throws Exception {
    becomeVerified();
    authority.awaitPlayed(1);
    authority(
        "second.example",
        server -> {
          Received header = server.accept();
          assertThat(header.attribute("to")).isEqualTo("second.example");
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          assertThat(server.expect(Xmpp.DIALBACK, "verify").attribute("id"))
              .isEqualTo(peer.streamId());
          server.send(
              Xmpp.verifyAnswer("second.example", "south.example", peer.streamId(), "valid"));
          server.expectClose();
        });
    peer.send(Xmpp.dialbackRequest("second.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "second.example", "valid");
    authority.awaitPlayed(1);
    peer.send(Xmpp.message("a@second.example", "b@south.example", "hello"));
    assertThat(south.next().along().pair().sender().toString()).isEqualTo("second.example");
  }

  @Test
  @Clause("S2S-DB-29")
  void whileAPairIsVerifiedAllElseGoesOn() throws Exception {
    becomeVerified();
    authority.awaitPlayed(1);
    CountDownLatch enough = new CountDownLatch(1);
    authority(
        "second.example",
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          server.expect(Xmpp.DIALBACK, "verify");
          assertThat(enough.await(10, TimeUnit.SECONDS)).isTrue();
          server.send(
              Xmpp.verifyAnswer("second.example", "south.example", peer.streamId(), "valid"));
          server.expectClose();
        });
    peer.send(Xmpp.dialbackRequest("second.example", "south.example", "key"));
    peer.send(Xmpp.message("a@north.example", "b@south.example", "meanwhile"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("meanwhile");
    peer.send(Xmpp.verifyRequest("asker.example", "south.example", "id", "key"));
    peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "invalid"));
    // Nobody serves the third one, which is found out before the second has its answer.
    peer.send(Xmpp.dialbackRequest("third.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "third.example", "error");
    enough.countDown();
    peer.expectDialbackAnswer("south.example", "second.example", "valid");
  }

  @Test
  @Clause("S2S-DB-38")
  void validIsNotSaidBeforeThePairIsAdmitted() throws Exception {
    RelaySettings usual = RelaySettings.DEFAULTS;
    south =
        Site.plan(dns, "south.example")
            .rule(rule(FederationLevel.VERIFIED))
            .relay(
                new RelaySettings(
                    usual.outletBytes(),
                    usual.limits(),
                    // A second sender is not admitted.
                    new AssociationTable.Limits(1, 1, 1),
                    usual.keepalive(),
                    usual.idle(),
                    usual.unproven(),
                    usual.farewell(),
                    usual.stuck()))
            .starttls()
            .start();
    connect();
    authority(
        "north.example",
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          answerVerification(server, "valid");
        });
    dns.serve(Site.domain("second.example"), authority.address(), false);
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    // The stanza may come as soon as the answer is there.
    peer.send(Xmpp.message("a@north.example", "b@south.example", "at once"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("at once");
    peer.send(Xmpp.dialbackRequest("second.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "second.example", "error");
    assertThat(answer.raw()).contains("resource-constraint");
  }

  @Test
  @Clause({"DNA-DBT-07", "S2S-DB-33"})
  void inClearASenderThatMustUseTlsGetsAnErrorBesideOneThatNeedNot() throws Exception {
    south =
        Site.plan(dns, "south.example")
            .policy(
                PolicyTable.builder()
                    .byDefault(Direction.INBOUND, rule(FederationLevel.VERIFIED))
                    .byDefault(Direction.OUTBOUND, rule(FederationLevel.VERIFIED))
                    .remote(Direction.INBOUND, "strict.example", rule(FederationLevel.ENCRYPTED))
                    .build())
            .starttls()
            .start();
    connect();
    authorityOf("north.example", "valid");
    peer.open(StreamHead.legacy().from("north.example").to("south.example"));
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.send(Xmpp.dialbackRequest("strict.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "strict.example", "error");
    assertThat(answer.raw()).contains("policy-violation");
    peer.send(Xmpp.message("a@north.example", "b@south.example", "still here"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("still here");
  }

  @Test
  @Clause("S2S-TLS-33")
  void thePeersOwnConnectionProvesNothingAboutTheServerThatWeReach() throws Exception {
    becomeTrusted();
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    assertThat(south.next().along().level()).isEqualTo(FederationLevel.TRUSTED);
    TestCertificate selfSigned = CA.issue(CertificateKind.SELF_SIGNED, "north.example");
    authority(
        "north.example",
        server -> {
          acceptUnderTls(server, Xmpp.STARTTLS_FEATURE, selfSigned);
          server.sendFeatures(Xmpp.EXTERNAL_FEATURE, Xmpp.DIALBACK_ERRORS_OFFER);
          server.expectStreamError("policy-violation");
        });
    south.message("b@south.example", "a@north.example", "back");
    assertThat(south.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
        .isEqualTo("CERT_SELF_SIGNED");
    authority.awaitPlayed(1);
    // Nor did it go back over the peer's connection.
    peer.expectSilenceWhile(() -> {});
  }

  @Test
  @Clause("S2S-ERR-05")
  void aStanzaErrorGoesTheOtherWayAndAStreamErrorBackOnItsOwnStream() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    CountDownLatch done = new CountDownLatch(1);
    authority(
        "north.example",
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          answerVerification(server, "valid");
        },
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          server.acceptDialback("south.example", "north.example");
          Received error =
              server.expect(Match.element(Xmpp.SERVER, "message").attribute("type", "error"));
          assertThat(error.raw()).contains("jid-malformed");
          assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
          // The stream error of the other connection is none of this one.
          server.expect(Match.element(Xmpp.SERVER, "message").attribute("id", "after"));
        });
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectDialbackAnswer("south.example", "north.example", "valid");
    peer.send("<message from='a@north.example' to='b&amp;c@south.example' id='m'/>");
    south.await(FederationEvent.WayOpened.class, _ -> true);
    peer.send(Xmpp.message("a@evil.example", "b@south.example", "hello"));
    // The very next thing here is the stream error: the stanza error was not.
    peer.expectStreamError("invalid-from");
    peer.expectEnd();
    south.message("b@south.example", "a@north.example", "after");
    done.countDown();
    authority.awaitPlayed(2);
  }

  @Test
  @Clause("S2S-DB-48")
  void aFloodOfFakeSendersIsNotPassedOn() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    long began = System.nanoTime();
    int refused = 0;
    for (int i = 0; i < 2_000; i++) {
      String sender = "fake" + i + ".example";
      peer.send(Xmpp.dialbackRequest(sender, "south.example", "key"));
      String answer = peer.expectDialbackAnswer("south.example", sender, "error").raw();
      refused += answer.contains("resource-constraint") ? 1 : 0;
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began) + 1;
    assertThat(2_000 - refused).isBetween(500, (int) Math.min(1_999, 500 + 20 * seconds));
  }

  @Test
  @Clause("S2S-DB-47")
  void aStrangerMayAskForOneSenderOnly() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    // The first one hangs.
    authority =
        ScriptedServer.onLoopback(
            server -> {
              server.expectHeader();
              server.expectDisconnect();
            });
    dns.serve(Site.domain("north.example"), authority.address(), false);
    openInClear();
    peer.send(
        Xmpp.dialbackRequest("north.example", "south.example", "key")
            + Xmpp.dialbackRequest("second.example", "south.example", "key"));
    Received answer = peer.expectDialbackAnswer("south.example", "second.example", "error");
    assertThat(answer.raw()).contains("resource-constraint");
  }

  // ---- dialback, authoritative -----------------------------------------------------------------

  @Test
  @Clause({"S2S-DB-59", "S2S-DB-61", "S2S-DB-01", "S2S-DB-07", "S2S-DB-08"})
  void aKeyOfOursIsConfirmedToAnybodyInAnyState() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    peer.open("somebody.example", "south.example");
    peer.expectFeatures();
    String key =
        Xmpp.dialbackKey("secret of [south.example]", "asker.example", "south.example", "id7");
    peer.send(Xmpp.verifyRequest("asker.example", "SOUTH.example", "id7", "\n" + key + "\n"));
    Received answer =
        peer.expect(
            Match.element(Xmpp.DIALBACK, "verify")
                .attribute("from", "south.example")
                .attribute("to", "asker.example")
                .attribute("id", "id7")
                .attribute("type", "valid"));
    assertThat(answer.raw()).startsWith("<db:verify");
    peer.send(Xmpp.verifyRequest("asker.example", "south.example", "id8", key));
    peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "invalid"));
  }

  @Test
  @Clause({"S2S-DB-60"})
  void aKeyOfADomainThatIsNotOursIsItemNotFoundAndTheStreamLives() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.verifyRequest("asker.example", "unknown.example", "id", "key"));
    Received answer =
        peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "error"));
    assertThat(answer.raw()).contains("item-not-found");
    peer.send(Xmpp.verifyRequest("asker.example", "south.example", "id", "key"));
    peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "invalid"));
  }

  @Test
  @Clause({"S2S-DB-62"})
  void inClearWhereTlsIsRequiredAKeyIsNotAnswered() throws Exception {
    serve(rule(FederationLevel.ENCRYPTED));
    openInClear();
    peer.send(Xmpp.verifyRequest("asker.example", "south.example", "id", "key"));
    Received answer =
        peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "error"));
    assertThat(answer.raw()).contains("policy-violation");
  }

  @Test
  @Clause({"S2S-DB-64"})
  void aVerifyWithoutIdIsBadRequest() throws Exception {
    serveWithoutTls(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send("<db:verify from='asker.example' to='south.example'>key</db:verify>");
    assertThat(peer.expect(Match.element(Xmpp.DIALBACK, "verify").attribute("type", "error")).raw())
        .contains("bad-request");
  }

  @Test
  @Clause({"S2S-DB-65", "S2S-DOS-08", "DNA-DBT-10", "S2S-DB-18", "S2S-BIDI-12"})
  void anUnsolicitedResultHasNoEffect() throws Exception {
    becomeVerified();
    peer.send(
        Xmpp.dialbackAnswer("north.example", "south.example", "valid")
            + Xmpp.dialbackAnswer("evil.example", "south.example", "valid")
            + Xmpp.verifyAnswer("evil.example", "south.example", "x", "valid"));
    south.await(FederationEvent.UnsolicitedDialback.class, _ -> true);
    peer.send(Xmpp.message("a@evil.example", "b@south.example", "let me in"));
    peer.expectStreamError("invalid-from");
    assertThat(south.arrived).isEmpty();
  }

  // ---- stanzas ---------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-STZ-01", "S2S-DOS-02", "DNA-GEN-03", "S2S-STR-27", "S2S-ERR-31"})
  void aStanzaBeforeAuthenticationCloses() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send(Xmpp.message("a@north.example", "b@south.example", "hello"));
    peer.expectStreamError("not-authorized");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-STZ-03", "S2S-ERR-28", "DNA-S2S-18"})
  void aSpoofedSenderCloses() throws Exception {
    becomeTrusted();
    peer.send(Xmpp.message("a@sub.north.example", "b@south.example", "hello"));
    peer.expectStreamError("invalid-from");
    peer.expectEnd();
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-STZ-04", "DNA-S2S-18", "S2S-ERR-25"})
  void aForeignTargetCloses() throws Exception {
    becomeTrusted();
    peer.send(Xmpp.message("a@north.example", "b@elsewhere.example", "hello"));
    peer.expectStreamError("host-unknown");
    assertThat(south.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-STZ-02", "S2S-ERR-26", "S2S-JID-05", "DNA-S2S-18"})
  @ValueSource(
      strings = {
        "<message to='b@south.example'/>",
        "<message from='a@north.example'/>",
        "<message from='' to='b@south.example'/>",
        "<message from='a@north.example' to=''/>",
        "<message from='a@-north.example' to='b@south.example'/>",
        "<message from='a@north.example' to='b@south..example'/>"
      })
  void aStanzaWithoutReadableAddressesCloses(String stanza) throws Exception {
    becomeTrusted();
    peer.send(stanza);
    peer.expectStreamError("improper-addressing");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-STZ-08", "S2S-CLS-04"})
  void aStanzaThatIsCutIsNotDelivered() throws Exception {
    becomeTrusted();
    String whole = Xmpp.message("a@north.example", "b@south.example", "hello");
    peer.send(whole + whole.substring(0, whole.length() - 3));
    south.next();
    peer.reset();
    FederationEvent.StreamClosed closed =
        south.await(FederationEvent.StreamClosed.class, _ -> true);
    assertThat(closed.orderly()).isFalse();
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-NS-12", "S2S-NS-13"})
  void anUnknownElementIsIgnoredAfterAuthenticationAndNeverRouted() throws Exception {
    becomeTrusted();
    peer.send(
        "<foo xmlns='urn:x' to='b@south.example' from='a@north.example'/>"
            + Xmpp.message("a@north.example", "b@south.example", "hello"));
    assertThat(south.next().stanza().octets().toUtf8()).contains("hello");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-NS-13", "S2S-ERR-43"})
  void anUnknownElementBeforeAuthenticationCloses() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send("<foo xmlns='urn:x'/>");
    peer.expectStreamError("unsupported-stanza-type");
  }

  @Test
  @Clause({"S2S-NS-07", "S2S-ERR-21"})
  void aPrefixedStanzaIsNotRouted() throws Exception {
    becomeTrusted();
    peer.send("<x:message xmlns:x='jabber:server' from='a@north.example' to='b@south.example'/>");
    peer.expectStreamError("bad-namespace-prefix");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-NS-09", "S2S-STR-25"})
  void aStanzaIsHandedOnSelfContainedAndInItsLanguage() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.requestExternal("north.example");
    peer.open(
        StreamHead.server()
            .from("north.example")
            .to("south.example")
            .language("fr")
            .with("xmlns:ext", "urn:ext"));
    peer.expectFeatures();
    peer.send("<message from='a@north.example' to='b@south.example'><ext:x/></message>");
    String handedOn = south.next().stanza().octets().toUtf8();
    assertThat(handedOn).contains("urn:ext").contains("fr");
  }

  @Test
  @Clause({"S2S-BIDI-14"})
  void askingForBidiUnofferedHasNoEffect() throws Exception {
    serve(rule(FederationLevel.TRUSTED));
    openUnderTls("north.example", NORTH);
    peer.send("<bidi xmlns='" + Xmpp.BIDI + "'/>");
    peer.requestExternal("north.example");
  }

  // ---- XML -------------------------------------------------------------------------------------

  @ParameterizedTest
  @Clause({"S2S-XML-02", "S2S-XML-03", "S2S-ERR-37", "S2S-ERR-20"})
  @ValueSource(
      strings = {
        "<!-- a comment -->",
        "<?pi data?>",
        "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>",
        "<message from='a@north.example' to='b@south.example'>&lol;</message>"
      })
  void restrictedXmlCloses(String xml) throws Exception {
    becomeTrusted();
    peer.send(xml);
    peer.expectStreamError("restricted-xml");
    assertThat(south.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-XML-05", "S2S-XML-06", "S2S-XML-10", "S2S-ERR-32", "S2S-ERR-20"})
  @ValueSource(
      strings = {
        "<message from='a@north.example' to='b@south.example'><a></b></message>",
        "<message from='a@north.example' from='b@north.example' to='b@south.example'/>",
        "<message from='a@north.example' to='b@south.example'><foo:body/></message>",
        "<message from='a@north.example' to='b@south.example'>&#1;</message>"
      })
  void xmlThatIsNotWellFormedCloses(String xml) throws Exception {
    becomeTrusted();
    peer.send(xml);
    peer.expectStreamError("not-well-formed");
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause({"S2S-XML-08", "S2S-ERR-41", "S2S-ERR-20"})
  void brokenUtf8Closes() throws Exception {
    becomeTrusted();
    peer.send("<message from='a@north.example' to='b@south.example'><body>");
    peer.sendBytes((byte) 0xc0, (byte) 0xaf);
    peer.expectStreamError("unsupported-encoding");
  }

  @Test
  @Clause({"S2S-XML-17", "S2S-XML-15"})
  void aLargeElementBeforeAuthenticationCloses() throws Exception {
    serve(rule(FederationLevel.VERIFIED));
    openInClear();
    peer.send("<db:result from='north.example' to='south.example'>" + "k".repeat(20_000));
    Received error = peer.expectStreamError("policy-violation");
    assertThat(error.raw()).contains("stanza-too-big");
  }

  @Test
  @Clause({"S2S-XML-12"})
  void whiteSpaceBetweenElementsIsIgnored() throws Exception {
    becomeTrusted();
    peer.send(" \n\t" + Xmpp.message("a@north.example", "b@south.example", "hello") + "\n \n");
    assertThat(south.next().stanza().octets().toUtf8()).contains("hello");
  }

  @Test
  @Clause({"S2S-ERR-30", "S2S-XML-19"})
  void nothingIsHeldAgainstASchema() throws Exception {
    becomeTrusted();
    peer.send(
        "<message from='a@north.example' to='b@south.example' type='unheard-of' colour='red'>"
            + "<thread/><body>one</body><body>two</body><nobody/></message>");
    assertThat(south.next().stanza().octets().toUtf8()).contains("colour", "two", "nobody");
    peer.expectSilenceWhile(() -> {});
  }

  // ---- time ------------------------------------------------------------------------------------

  private void serveWithTwoSeconds(FederationLevel level) throws IOException {
    NegotiationSettings usual = NegotiationSettings.DEFAULTS;
    serve(
        rule(level),
        new NegotiationSettings(
            Duration.ofSeconds(2),
            usual.candidate(),
            usual.dialback(),
            usual.saslAttempts(),
            usual.strangerSenders(),
            usual.provenSenders(),
            usual.verifications(),
            usual.proven(),
            usual.idleSeconds()),
        "south.example");
  }

  private void timedOut() {
    assertThat(south.await(FederationEvent.SenderRefused.class, _ -> true).failure().code())
        .isEqualTo("TIMED_OUT");
  }

  @Test
  @Clause("S2S-ERR-23")
  void aPeerThatDoesNotGoOnIsToldThatTimeIsUp() throws Exception {
    serveWithTwoSeconds(FederationLevel.VERIFIED);
    openInClear();
    peer.expectStreamError("connection-timeout");
    peer.expectEnd();
    timedOut();
  }

  @Test
  @Clause("S2S-ERR-23")
  void aPeerThatWaitsForItsVerdictTooLongIsToldThatTimeIsUp() throws Exception {
    serveWithTwoSeconds(FederationLevel.VERIFIED);
    authority(
        "north.example",
        server -> {
          server.expectHeader();
          server.nextOrEnd();
        });
    openInClear();
    peer.send(Xmpp.dialbackRequest("north.example", "south.example", "key"));
    peer.expectStreamError("connection-timeout");
    peer.expectEnd();
    assertThat(south.await(FederationEvent.StreamClosed.class, _ -> true).sent().condition().wire())
        .isEqualTo("connection-timeout");
  }

  @Test
  void aPeerThatSaidNothingIsDroppedWithoutXml() throws Exception {
    serveWithTwoSeconds(FederationLevel.VERIFIED);
    peer.expectDisconnect();
    timedOut();
  }

  @Test
  void aHandshakeThatStallsEndsWithoutXml() throws Exception {
    serveWithTwoSeconds(FederationLevel.VERIFIED);
    openInClear();
    peer.send(Xmpp.STARTTLS);
    peer.expect(Xmpp.TLS, "proceed");
    peer.expectDisconnect();
    timedOut();
  }

  // ---- the end ---------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-CLS-05", "S2S-CLS-02"})
  void theEndOfThePeersStreamIsAnsweredWithOurs() throws Exception {
    becomeTrusted();
    peer.sendStreamEnd();
    peer.expectStreamEnd();
    peer.expectEnd();
    assertThat(south.await(FederationEvent.StreamClosed.class, _ -> true).orderly()).isTrue();
  }

  @ParameterizedTest
  @Clause({"S2S-ERR-02", "S2S-ERR-07", "S2S-ERR-20", "S2S-ERR-34", "S2S-XML-20"})
  @CsvSource({
    "bad-format,               bad-format",
    "conflict,                 conflict",
    "connection-timeout,       connection-timeout",
    "invalid-xml,              invalid-xml",
    "remote-connection-failed, remote-connection-failed",
    "reset,                    reset",
    "see-other-host,           see-other-host",
    "invalid-id,               undefined-condition"
  })
  void aStreamErrorOfThePeerEndsOurSideToo(String condition, String understood) throws Exception {
    becomeTrusted();
    peer.send(Xmpp.streamError(condition));
    peer.expectStreamEnd();
    assertThat(
            south
                .await(FederationEvent.StreamClosed.class, _ -> true)
                .received()
                .condition()
                .wire())
        .isEqualTo(understood);
  }

  @Test
  @Clause({"S2S-CLS-17", "S2S-ERR-39"})
  void aShutdownIsSaid() throws Exception {
    becomeTrusted();
    Thread closing = Thread.startVirtualThread(() -> south.federation.close());
    peer.expectStreamError("system-shutdown");
    peer.sendStreamEnd();
    closing.join();
  }
}
