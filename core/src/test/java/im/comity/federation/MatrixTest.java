package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.LegacyServer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.Wire;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every combination of the six kinds of service of XEP-0238, each with the result that it must
 * have. Kind 1, from before XMPP 1.0, is played by the test kit; all others are whole servers with
 * the settings as shipped.
 */
@Timeout(60)
final class MatrixTest {
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final Map<String, TestCertificate> ISSUED =
      Map.of(
          "north.example", CA.issue("north.example"),
          "south.example", CA.issue("south.example"));
  private static final Map<String, TestCertificate> SELF_SIGNED =
      Map.of(
          "north.example", CA.issue(CertificateKind.SELF_SIGNED, "north.example"),
          "south.example", CA.issue(CertificateKind.SELF_SIGNED, "south.example"));

  private final TestDns dns = new TestDns();
  private final Map<String, InetSocketAddress> addresses = new ConcurrentHashMap<>();
  private Site north;
  private Site south;
  private ScriptedServer oldNorth;
  private ScriptedServer oldSouth;

  @AfterEach
  void close() {
    if (north != null) {
      north.close();
    }
    if (south != null) {
      south.close();
    }
    if (oldNorth != null) {
      oldNorth.close();
    }
    if (oldSouth != null) {
      oldSouth.close();
    }
  }

  private Site site(int kind, String domain) throws IOException {
    PolicyRule rule =
        switch (kind) {
          case 2, 3 -> PolicyRule.of(FederationLevel.VERIFIED);
          case 4, 5 -> PolicyRule.of(FederationLevel.ENCRYPTED);
          case 6 -> PolicyRule.of(FederationLevel.TRUSTED).withoutDialback();
          default -> throw new IllegalArgumentException("kind " + kind);
        };
    TestCertificate shown = (kind == 2 || kind == 4 ? SELF_SIGNED : ISSUED).get(domain);
    Site site =
        Site.plan(dns, domain)
            .rule(rule)
            .identity(TlsIdentity.of(domain, shown.privateKey(), shown.chain()))
            .trusts(CA.certificate())
            .starttls()
            .start();
    addresses.put(domain, site.federation.addresses().getFirst());
    return site;
  }

  private LegacyServer legacy(String domain) {
    return new LegacyServer(domain, "secret of " + domain, to -> Wire.connect(addresses.get(to)));
  }

  private ScriptedServer listening(String domain, LegacyServer legacy) throws IOException {
    ScriptedServer server = ScriptedServer.onLoopback(legacy);
    addresses.put(domain, server.address());
    dns.serve(Site.domain(domain), server.address(), false);
    return server;
  }

  private void send() {
    north.message("a@north.example", "b@south.example", "m1");
  }

  private FederationLevel opened() {
    return north.await(FederationEvent.WayOpened.class, _ -> true).association().level();
  }

  /** One bounce, one failure of this code, and no trace of a way. */
  private void returned(String code) throws InterruptedException {
    assertThat(north.next().stanza().octets().toUtf8())
        .contains("<remote-server-timeout", "type='error'", code + ": ");
    assertThat(north.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
        .isEqualTo(code);
    assertThat(north.events(FederationEvent.AttemptFailed.class)).hasSize(1);
    assertThat(north.events(FederationEvent.WayOpened.class)).isEmpty();
    assertThat(north.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause({
    "S2S-POL-22",
    "S2S-POL-23",
    "S2S-POL-24",
    "S2S-POL-25",
    "S2S-POL-32",
    "S2S-POL-33",
    "S2S-POL-34",
    "S2S-POL-35",
    "S2S-POL-36",
    "S2S-POL-42",
    "S2S-POL-43",
    "S2S-POL-44",
    "S2S-POL-45",
    "S2S-POL-52",
    "S2S-POL-53",
    "S2S-POL-54",
    "S2S-POL-55",
    "S2S-POL-56",
    "S2S-POL-63",
    "S2S-POL-65",
    "S2S-POL-66",
    "S2S-POL-71"
  })
  @CsvSource({
    "2, 2, ENCRYPTED",
    "2, 3, ENCRYPTED",
    "2, 4, ENCRYPTED",
    "2, 5, ENCRYPTED",
    "3, 2, ENCRYPTED",
    "3, 3, TRUSTED",
    "3, 4, ENCRYPTED",
    "3, 5, TRUSTED",
    "3, 6, TRUSTED",
    "4, 2, ENCRYPTED",
    "4, 3, ENCRYPTED",
    "4, 4, ENCRYPTED",
    "4, 5, ENCRYPTED",
    "5, 2, ENCRYPTED",
    "5, 3, TRUSTED",
    "5, 4, ENCRYPTED",
    "5, 5, TRUSTED",
    "5, 6, TRUSTED",
    "6, 3, TRUSTED",
    "6, 5, TRUSTED",
    "6, 6, TRUSTED"
  })
  void theLevelIsTheWeakerOfBothEnds(int from, int to, FederationLevel level) throws Exception {
    north = site(from, "north.example");
    south = site(to, "south.example");
    send();
    Site.Arrived arrived = south.next();
    assertThat(arrived.stanza().id()).isEqualTo("m1");
    FederationLevel there = arrived.along().level();
    FederationLevel here = opened();
    assertThat(here.compareTo(there) < 0 ? here : there).isEqualTo(level);
    assertThat(north.arrived).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-POL-26", "S2S-POL-46", "S2S-POL-62", "S2S-POL-64", "S2S-POL-74"})
  @CsvSource({
    "2, 6, AUTH_NO_COMMON_METHOD",
    "4, 6, AUTH_NO_COMMON_METHOD",
    "6, 2, CERT_SELF_SIGNED",
    "6, 4, CERT_SELF_SIGNED"
  })
  void whatCannotBeIsReturnedOnceWithTheRule(int from, int to, String code) throws Exception {
    north = site(from, "north.example");
    south = site(to, "south.example");
    send();
    returned(code);
    assertThat(south.arrived).isEmpty();
    assertThat(south.events(FederationEvent.SenderAdmitted.class)).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-POL-21", "S2S-POL-31"})
  @CsvSource({"2", "3"})
  void anOldServerIsMetInClear(int from) throws Exception {
    LegacyServer old = legacy("south.example");
    oldSouth = listening("south.example", old);
    north = site(from, "north.example");
    send();
    assertThat(old.awaitStanzas(1)).hasSize(1);
    assertThat(opened()).isEqualTo(FederationLevel.VERIFIED);
  }

  @ParameterizedTest
  @Clause({"S2S-POL-41", "S2S-POL-51", "S2S-POL-61", "S2S-POL-74"})
  @CsvSource({"4", "5", "6"})
  void anOldServerIsRefusedWhereTlsIsRequired(int from) throws Exception {
    LegacyServer old = legacy("south.example");
    oldSouth = listening("south.example", old);
    north = site(from, "north.example");
    send();
    returned("STREAM_VERSION_TOO_OLD");
    assertThat(old.stanzas()).isEmpty();
  }

  @ParameterizedTest
  @Clause({"S2S-POL-12", "S2S-POL-13"})
  @CsvSource({"2", "3"})
  void anOldServerIsHeardInClear(int to) throws Exception {
    LegacyServer old = legacy("north.example");
    oldNorth = listening("north.example", old);
    south = site(to, "south.example");
    try (LegacyServer.Link link = old.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new LegacyServer.Outcome.Answered("valid"));
      link.send(Xmpp.message("a@north.example", "b@south.example", "m1"));
      assertThat(south.next().along().level()).isEqualTo(FederationLevel.VERIFIED);
    }
  }

  @ParameterizedTest
  @Clause({"S2S-POL-14", "S2S-POL-15", "S2S-POL-16"})
  @CsvSource({"4", "5", "6"})
  void anOldServerIsNotAuthorizedWhereTlsIsRequired(int to) throws Exception {
    LegacyServer old = legacy("north.example");
    oldNorth = listening("north.example", old);
    south = site(to, "south.example");
    try (LegacyServer.Link link = old.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new LegacyServer.Outcome.StreamError("not-authorized"));
    }
    // The peer hears of it before the listener does.
    south.await(FederationEvent.SenderRefused.class, _ -> true);
    assertThat(south.events(FederationEvent.SenderRefused.class)).hasSize(1);
    assertThat(south.arrived).isEmpty();
  }

  @Test
  @Clause("S2S-POL-11")
  void twoOldServersMeetInClear() throws Exception {
    LegacyServer from = legacy("north.example");
    LegacyServer to = legacy("south.example");
    oldNorth = listening("north.example", from);
    oldSouth = listening("south.example", to);
    try (LegacyServer.Link link = from.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new LegacyServer.Outcome.Answered("valid"));
      link.send(Xmpp.message("a@north.example", "b@south.example", "m1"));
      assertThat(to.awaitStanzas(1)).hasSize(1);
    }
  }
}
