package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.relay.EstablishedStream;
import im.comity.relay.RelaySettings;
import im.comity.stanza.Offer;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.FakeTimers;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Silence, idleness and farewells of established streams, in time that the test moves. */
@Timeout(60)
final class StreamLifeTest {
  private static final Duration KEEPALIVE = RelaySettings.DEFAULTS.keepalive();
  private static final Match MESSAGE = Match.element(Xmpp.SERVER, "message");

  private final TestDns dns = new TestDns();
  private final FakeTimers timers = new FakeTimers();
  private final List<ScriptedServer> servers = new ArrayList<>();
  private Site site;
  private ScriptedPeer peer;

  @AfterEach
  void close() {
    if (peer != null) {
      peer.close();
    }
    if (site != null) {
      // Nobody moves the time any more for what waits for it.
      site.federation.close(Duration.ofMillis(1));
      site.close();
    }
    servers.forEach(ScriptedServer::close);
  }

  private void start(NegotiationSettings settings) throws IOException {
    site =
        Site.plan(dns, "north.example")
            .rule(new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, ""))
            .negotiation(settings)
            .timers(timers)
            .starttls()
            .start();
  }

  private ScriptedServer south(ScriptedServer.Script script) throws IOException {
    ScriptedServer server = ScriptedServer.onLoopback(script);
    servers.add(server);
    dns.serve(Site.domain("south.example"), server.address(), false);
    return server;
  }

  private static void acceptDialback(ScriptedPeer from, String... features) {
    from.accept();
    List<String> all = new ArrayList<>(List.of(features));
    all.add(Xmpp.DIALBACK_ERRORS_OFFER);
    from.sendFeatures(all.toArray(String[]::new));
    from.acceptDialback("north.example", "south.example");
  }

  private void send(String id) {
    site.message("a@north.example", "b@south.example", id);
  }

  /** A verified stream of south.example to us. */
  private void inbound() throws IOException {
    south(
        server -> {
          server.accept();
          server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
          Received verify = server.expect(Xmpp.DIALBACK, "verify");
          server.send(
              Xmpp.verifyAnswer("south.example", "north.example", verify.attribute("id"), "valid"));
          server.expectStreamEnd();
          server.sendStreamEnd();
        });
    start(NegotiationSettings.DEFAULTS);
    connect();
    peer.send(Xmpp.dialbackRequest("south.example", "north.example", "key"));
    peer.expectDialbackAnswer("north.example", "south.example", "valid");
    // The sweep and the tick; the deadlines of the negotiation and the verification are gone.
    org.awaitility.Awaitility.await().until(() -> timers.waiting() == 2);
  }

  private void connect() throws IOException {
    peer = ScriptedPeer.connect(site.federation.addresses().getFirst()).named("peer");
    peer.open("south.example", "north.example");
    peer.expectFeatures();
  }

  /** Moves time on to the tick of a stream, and waits until it has arranged its next one. */
  private void tick(Duration time) throws InterruptedException {
    int waiting = timers.waiting();
    timers.advance(time);
    timers.awaitWaiting(waiting);
  }

  // ---- silence ---------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-CLS-07", "S2S-CLS-08"})
  void aStreamOnWhichWeAreSilentGetsOneSpacePerInterval() throws Exception {
    ScriptedServer server =
        south(
            peer -> {
              acceptDialback(peer);
              peer.expect(MESSAGE);
              // The sweep and the tick; the deadlines of the negotiation are gone.
              org.awaitility.Awaitility.await().until(() -> timers.waiting() == 2);
              tick(KEEPALIVE);
              for (int i = 0; i < 3; i++) {
                peer.expectSilenceWhile(() -> timers.advance(KEEPALIVE.minusNanos(1)));
                tick(Duration.ofNanos(1));
                assertThat(peer.expectWhitespace()).isEqualTo(" ");
              }
            });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    server.awaitPlayed(1);
    assertThat(KEEPALIVE).isGreaterThanOrEqualTo(Duration.ofMinutes(5));
  }

  @Test
  @Clause("S2S-CLS-07")
  void aStreamOfAPeerGetsItsSpacesAndIsNeverIdle() throws Exception {
    inbound();
    Duration told = Duration.ZERO;
    while (told.compareTo(RelaySettings.DEFAULTS.idle().multipliedBy(2)) < 0) {
      tick(KEEPALIVE);
      assertThat(peer.expectWhitespace()).isEqualTo(" ");
      told = told.plus(KEEPALIVE);
    }
    peer.send(Xmpp.message("b@south.example", "a@north.example", "hello"));
    site.next();
  }

  @Test
  void whileWeNegotiateThereIsNoSpace() throws Exception {
    NegotiationSettings d = NegotiationSettings.DEFAULTS;
    start(
        new NegotiationSettings(
            Duration.ofHours(2),
            Duration.ofHours(2),
            d.dialback(),
            d.saslAttempts(),
            d.strangerSenders(),
            d.provenSenders(),
            d.verifications(),
            d.proven(),
            d.idleSeconds()));
    connect();
    peer.expectSilenceWhile(
        () -> {
          for (int i = 0; i < 10; i++) {
            timers.advance(KEEPALIVE);
          }
        });
  }

  @Test
  @Clause("S2S-LIM-04")
  void aPeerThatSaysWhenSilenceEndsTheStreamHearsFromUsBefore() throws Exception {
    Duration limit = Duration.ofMinutes(2);
    ScriptedServer server =
        south(
            peer -> {
              acceptDialback(
                  peer,
                  "<limits xmlns='urn:xmpp:stream-limits:0'><idle-seconds>120</idle-seconds>"
                      + "</limits>");
              peer.expect(MESSAGE);
              // The worst moment: what was sent last left just after we looked.
              Duration silent = Duration.ZERO;
              while (silent.compareTo(limit.minusSeconds(1)) < 0) {
                timers.advance(Duration.ofSeconds(1));
                silent = silent.plusSeconds(1);
                // Lets the loop of the connection arrange what it has to.
                timers.awaitWaiting(2);
              }
              assertThat(peer.expectWhitespace()).isEqualTo(" ");
            });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    server.awaitPlayed(1);
  }

  // ---- idleness --------------------------------------------------------------------------------

  @Test
  @Clause({"S2S-CLS-11", "S2S-CLS-01"})
  void aStreamOfOursThatCarriesNothingForAnHourIsClosedWithoutAnError() throws Exception {
    ScriptedServer server =
        south(
            peer -> {
              acceptDialback(peer);
              peer.expect(MESSAGE);
              tick(KEEPALIVE);
              Duration idle = KEEPALIVE;
              while (idle.compareTo(RelaySettings.DEFAULTS.idle()) < 0) {
                tick(KEEPALIVE);
                assertThat(peer.expectWhitespace()).isEqualTo(" ");
                idle = idle.plus(KEEPALIVE);
              }
              timers.advance(KEEPALIVE);
              peer.expectClose();
            });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    server.awaitPlayed(1);
    FederationEvent.StreamClosed closed = site.await(FederationEvent.StreamClosed.class, _ -> true);
    assertThat(closed.sent()).isNull();
    assertThat(closed.orderly()).isTrue();
    assertThat(closed.reason()).isEqualTo("idle");
    assertThat(RelaySettings.DEFAULTS.idle()).isGreaterThanOrEqualTo(Duration.ofHours(1));
    assertThat(site.arrived).isEmpty();
  }

  @Test
  void aStreamThatAnsweredAVerificationAndProvedNobodyEndsAfterFiveMinutes() throws Exception {
    start(NegotiationSettings.DEFAULTS);
    connect();
    peer.send(Xmpp.verifyRequest("south.example", "north.example", "id", "key"));
    peer.expect(Xmpp.DIALBACK, "verify");
    timers.advance(RelaySettings.DEFAULTS.unproven());
    peer.expectClose();
  }

  // ---- what does not last forever ---------------------------------------------------------------

  @Test
  @Clause("S2S-CLS-18")
  void aStreamOfWhichEveryDomainIsGoneEndsWithHostGoneAndASharedOneStays() throws Exception {
    inbound();
    site.federation.reconsider();
    peer.send(Xmpp.message("b@south.example", "a@north.example", "still here"));
    site.next();
    site.gone("north.example");
    site.federation.reconsider();
    peer.expectStreamError("host-gone");
  }

  @Test
  void aWayThatTheNewRulesDoNotAdmitIsClosedAndItsPairNegotiatesAnew() throws Exception {
    AtomicBoolean before = new AtomicBoolean(true);
    ScriptedServer server =
        south(
            peer -> {
              if (before.getAndSet(false)) {
                acceptDialback(peer);
                peer.expect(MESSAGE);
              } else {
                peer.accept();
                peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
                peer.expect(Xmpp.TLS, "starttls");
                peer.send(Xmpp.streamError("unsupported-stanza-type"));
              }
              peer.expectClose();
            });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    site.await(FederationEvent.WayOpened.class, _ -> true);
    site.reconfigure(Site.policyOf(PolicyRule.of(FederationLevel.TRUSTED)));
    server.awaitPlayed(1);
    send("m2");
    assertThat(site.next().stanza().octets().toUtf8()).contains("type='error'", "id='m2'");
  }

  @Test
  @Clause("S2S-CLS-09")
  void aPeerThatDoesNotReadWhileMuchWaitsIsGivenUpAndWhatWaitsComesBack() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    south(
        peer -> {
          acceptDialback(peer);
          over.await();
        });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    site.await(FederationEvent.WayOpened.class, _ -> true);
    String text = "x".repeat(100_000);
    int accepted = 0;
    // Full more than once: the connection takes some when its loop comes to it.
    for (int full = 0; full < 1_000; ) {
      if (site.message("a@north.example", "b@south.example", text) instanceof Offer.Accepted) {
        accepted++;
      } else {
        full++;
      }
    }
    dns.forget(Site.domain("south.example"));
    org.awaitility.Awaitility.await()
        .until(
            () -> {
              timers.advance(RelaySettings.DEFAULTS.stuck());
              return !site.events(FederationEvent.StreamClosed.class).isEmpty();
            });
    FederationEvent.StreamClosed closed =
        site.events(FederationEvent.StreamClosed.class).getFirst();
    assertThat(closed.reason()).contains("does not read");
    assertThat(closed.orderly()).isFalse();
    // What was not written is tried again, and returns when that fails.
    for (long i = closed.written(); i < accepted + 1; i++) {
      assertThat(site.next().stanza().type()).isEqualTo("error");
    }
    over.countDown();
  }

  @Test
  @Clause({"S2S-CLS-15", "S2S-ERR-35"})
  void whenTheCertificateExpiresTheStreamIsReset() throws Exception {
    TestCa ca = TestCa.root("Root", timers.time());
    TestCertificate ours = ca.issue("north.example");
    TestCertificate theirs = ca.issue("south.example");
    site =
        Site.plan(dns, "north.example")
            .rule(PolicyRule.of(FederationLevel.TRUSTED))
            .timers(timers)
            .identity(TlsIdentity.of("north.example", ours.privateKey(), ours.chain()))
            .trusts(ca.certificate())
            .starttls()
            .start();
    connect();
    peer.requestTls(
        TlsOptions.client(
            TlsOptions.context(theirs.privateKey(), theirs.chain()), "north.example"));
    peer.open("south.example", "north.example");
    peer.expectFeatures();
    peer.requestExternal("south.example");
    peer.open("south.example", "north.example");
    peer.expectFeatures();
    peer.send(Xmpp.message("b@south.example", "a@north.example", "in time"));
    site.next();
    Instant end = theirs.certificate().getNotAfter().toInstant();
    timers.advance(Duration.between(timers.time().instant(), end));
    peer.send(Xmpp.message("b@south.example", "a@north.example", "at the last moment"));
    site.next();
    timers.advance(Duration.ofSeconds(1));
    peer.await(
        Match.element(Xmpp.STREAM, "error").child(Match.element(Xmpp.STREAM_ERRORS, "reset")));
  }

  @Test
  @Clause("S2S-CLS-17")
  void peersAreToldOfAShutdownOneAfterTheOther() throws Exception {
    CountDownLatch told = new CountDownLatch(2);
    for (String domain : List.of("south.example", "east.example")) {
      ScriptedServer server =
          ScriptedServer.onLoopback(
              peer -> {
                peer.accept();
                peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
                peer.acceptDialback("north.example", domain);
                peer.expect(MESSAGE);
                peer.expectStreamError("system-shutdown");
                told.countDown();
                peer.sendStreamEnd();
              });
      servers.add(server);
      dns.serve(Site.domain(domain), server.address(), false);
    }
    start(NegotiationSettings.DEFAULTS);
    site.message("a@north.example", "b@south.example", "m1");
    site.message("a@north.example", "b@east.example", "m2");
    org.awaitility.Awaitility.await()
        .until(() -> site.events(FederationEvent.WayOpened.class).size() == 2);
    Thread stopping = Thread.ofVirtual().start(() -> site.federation.close(Duration.ofSeconds(10)));
    // Of the stream that was told nothing is left; the other has its tick and its farewell to come.
    org.awaitility.Awaitility.await().until(() -> told.getCount() == 1 && timers.waiting() == 2);
    timers.advance(Duration.ofMillis(1));
    stopping.join();
    assertThat(told.getCount()).isZero();
  }

  // ---- farewells -------------------------------------------------------------------------------

  private void weClose() {
    EstablishedStream stream =
        site.federation.streams().stream().filter(s -> !s.facts().initiated()).findAny().get();
    stream.close("test");
    peer.expectStreamEnd();
  }

  @Test
  @Clause("S2S-CLS-01")
  void afterOurEndWhatThePeerStillSendsIsProcessedAndNothingIsSaid() throws Exception {
    inbound();
    weClose();
    for (int i = 0; i < 3; i++) {
      peer.send(Xmpp.message("b@south.example", "a@north.example", "late " + i));
    }
    peer.send(Xmpp.dialbackRequest("other.example", "north.example", "key"));
    for (int i = 0; i < 3; i++) {
      assertThat(site.next().stanza().octets().toUtf8()).contains("late " + i);
    }
    peer.sendStreamEnd();
    peer.expectEnd();
    assertThat(
            site.await(FederationEvent.StreamClosed.class, e -> e.reason().equals("test"))
                .orderly())
        .isTrue();
  }

  @Test
  void aPeerThatDoesNotAnswerOurEndIsLeftAfterAWhile() throws Exception {
    inbound();
    weClose();
    peer.expectSilenceWhile(() -> timers.advance(RelaySettings.DEFAULTS.farewell().minusMillis(1)));
    timers.advance(Duration.ofMillis(1));
    peer.expectDisconnect();
  }

  @Test
  void whenBothHaveEndedNoTimerIsLeft() throws Exception {
    inbound();
    site.await(FederationEvent.SenderAdmitted.class, _ -> true);
    weClose();
    peer.sendStreamEnd();
    peer.expectEnd();
    peer.close();
    site.await(FederationEvent.StreamClosed.class, e -> e.reason().equals("test"));
    org.awaitility.Awaitility.await()
        .untilAsserted(() -> assertThat(timers.waiting()).as("the sweep alone").isEqualTo(1));
  }

  @Test
  void aConnectionThatBreaksIsNoticedAndTheNextStanzaOpensAnother() throws Exception {
    ScriptedServer server =
        south(
            peer -> {
              acceptDialback(peer);
              peer.expect(MESSAGE);
              peer.reset();
            });
    start(NegotiationSettings.DEFAULTS);
    send("m1");
    FederationEvent.StreamClosed closed = site.await(FederationEvent.StreamClosed.class, _ -> true);
    assertThat(closed.orderly()).isFalse();
    send("m2");
    server.awaitPlayed(2);
  }
}
