package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.event.FederationEvent.TrafficLimited.Action;
import im.comity.policy.DomainPatterns;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.relay.Allowance;
import im.comity.relay.GuestLimits;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.Xmpp;
import im.comity.transport.FakeTimers;
import im.comity.transport.Sums;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Proven peers that send more than {@code limits.guests} allow, beside others (S2S-DOS-01). */
@Timeout(60)
final class GuestsWhoFloodTest {
  /** How many stanzas a peer may send at once, and in a second. */
  private static final int ALLOWED = 10;

  private final TestDns dns = new TestDns();
  private final FakeTimers timers = new FakeTimers();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private final BlockingQueue<Received> returned = new LinkedBlockingQueue<>();
  private Site site;

  @BeforeEach
  void start() throws IOException {
    site =
        Site.plan(dns, "north.example")
            .rule(new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, ""))
            .guests(
                new GuestLimits(
                    new Allowance(0, ALLOWED, 1), null, null, DomainPatterns.of(List.of())))
            .timers(timers)
            .starttls()
            .start();
    for (String domain : List.of("south.example", "west.example")) {
      ScriptedServer server = ScriptedServer.onLoopback(this::play);
      toClose.add(server);
      dns.serve(Site.domain(domain), server.address(), false);
    }
  }

  @AfterEach
  void stop() throws Exception {
    site.federation.close(Duration.ofMillis(1));
    site.close();
    for (AutoCloseable one : toClose) {
      one.close();
    }
  }

  /** Says that every key is valid, takes everybody, and keeps what comes. */
  private void play(ScriptedPeer peer) {
    try {
      answer(peer);
    } catch (AssertionError e) {
      // Nobody moves the time for good-byes when the test is over; what is missing is missed there.
      peer.transcript().note("over: " + e.getMessage());
    }
  }

  private void answer(ScriptedPeer peer) {
    peer.accept();
    peer.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
    for (Received next; (next = peer.nextOrEnd()) != null; ) {
      if (next.is(Xmpp.DIALBACK, "verify")) {
        peer.send(
            Xmpp.verifyAnswer(
                next.required("to"), next.required("from"), next.required("id"), "valid"));
      } else if (next.is(Xmpp.DIALBACK, "result")) {
        peer.send(Xmpp.dialbackAnswer(next.required("to"), next.required("from"), "valid"));
      } else {
        returned.add(next);
      }
    }
  }

  private ScriptedPeer guest(String domain) throws IOException {
    ScriptedPeer peer = ScriptedPeer.connect(site.federation.addresses().getFirst()).named(domain);
    toClose.add(peer);
    peer.open(domain, "north.example");
    peer.expectFeatures();
    prove(peer, domain);
    return peer;
  }

  private static void prove(ScriptedPeer peer, String domain) {
    peer.send(Xmpp.dialbackRequest(domain, "north.example", "key"));
    peer.expectDialbackAnswer("north.example", domain, "valid");
  }

  private static String messages(String domain, int from, int to) {
    StringBuilder all = new StringBuilder();
    for (int i = from; i < to; i++) {
      all.append(
          "<message from='a@%s' to='b@north.example' id='%s%d'/>".formatted(domain, domain, i));
    }
    return all.toString();
  }

  private void arrive(String domain, int from, int to) throws InterruptedException {
    for (int i = from; i < to; i++) {
      assertThat(site.next().stanza().id()).isEqualTo(domain + i);
    }
  }

  private List<FederationEvent.TrafficLimited> told(Action action) {
    List<FederationEvent.TrafficLimited> all = site.events(FederationEvent.TrafficLimited.class);
    assertThat(all).allMatch(one -> one.action() == action && !one.others());
    assertThat(all).allMatch(one -> one.failure().code().equals("OUR_TRAFFIC_LIMIT"));
    assertThat(all).allMatch(one -> one.failure().who().equals("south.example"));
    return all;
  }

  @Test
  @Clause("S2S-DOS-01")
  void whoHasAStreamForItselfIsReadAtItsRateAndToldOfOnceAPeriodWhileOthersGoOn() throws Exception {
    ScriptedPeer south = guest("south.example");
    ScriptedPeer west = guest("west.example");
    south.send(messages("south.example", 0, ALLOWED + 15));
    arrive("south.example", 0, ALLOWED);
    assertThat(told(Action.HELD_BACK)).hasSize(1);
    west.send(messages("west.example", 0, ALLOWED - 1));
    arrive("west.example", 0, ALLOWED - 1);
    for (int i = ALLOWED; i < ALLOWED + 15; i++) {
      timers.advance(Duration.ofMillis(99));
      assertThat(site.arrived).isEmpty();
      timers.advance(Duration.ofMillis(1));
      arrive("south.example", i, i + 1);
    }
    assertThat(told(Action.HELD_BACK)).hasSize(1);
    timers.advance(Sums.PERIOD);
    assertThat(told(Action.HELD_BACK)).hasSize(2);
    assertThat(told(Action.HELD_BACK).getLast().period()).isEqualTo(Sums.PERIOD);
    assertThat(told(Action.HELD_BACK).getLast().count()).isEqualTo(16);
    assertThat(returned).isEmpty();
    assertThat(site.events(FederationEvent.Bounced.class)).isEmpty();
  }

  @Test
  @Clause({"S2S-DOS-01", "S2S-BNC-13"})
  void whoSharesAStreamGetsWhatIsTooMuchBackAndItsNeighboursGoOn() throws Exception {
    ScriptedPeer both = guest("south.example");
    prove(both, "west.example");
    both.send(
        messages("south.example", 0, ALLOWED + 15) + messages("west.example", 0, ALLOWED - 1));
    arrive("south.example", 0, ALLOWED);
    arrive("west.example", 0, ALLOWED - 1);
    for (int i = ALLOWED; i < ALLOWED + 15; i++) {
      Received bounce = returned.poll(10, TimeUnit.SECONDS);
      assertThat(bounce).isNotNull();
      assertThat(bounce.attribute("id")).isEqualTo("south.example" + i);
      assertThat(bounce.attribute("to")).isEqualTo("a@south.example");
      assertThat(bounce.attribute("type")).isEqualTo("error");
      Received error = bounce.child(Xmpp.SERVER, "error");
      assertThat(error.attribute("type")).isEqualTo("wait");
      assertThat(error.child(Xmpp.STANZA_ERRORS, "resource-constraint")).isNotNull();
      assertThat(error.child(Xmpp.STANZA_ERRORS, "text").text()).startsWith("OUR_TRAFFIC_LIMIT: ");
    }
    assertThat(told(Action.RETURNED)).hasSize(1);
    timers.advance(Sums.PERIOD);
    assertThat(told(Action.RETURNED)).hasSize(2);
    assertThat(told(Action.RETURNED).getLast().count()).isEqualTo(15);
    both.send(messages("south.example", 100, 101));
    arrive("south.example", 100, 101);
  }
}
