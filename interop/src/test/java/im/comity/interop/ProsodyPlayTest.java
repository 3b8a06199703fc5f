package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.tls.CertificateKind;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Plays with a real Prosody: initiating, receiving and authoritative. */
@Timeout(120)
final class ProsodyPlayTest {
  private Lab lab;
  private Prosody prosody;

  @BeforeEach
  void open(TestInfo info) throws Exception {
    Peers.require("/usr/bin/prosody");
    lab =
        new Lab(
            "prosody-" + info.getTestMethod().orElseThrow().getName() + "-" + System.nanoTime());
    prosody = new Prosody(lab, "p.test");
  }

  @AfterEach
  void close() {
    prosody.close();
    lab.close();
  }

  private ComityNode comity(
      FederationLevel level, @Nullable CertificateKind kind, ComityNode.Ways ways)
      throws IOException {
    return new ComityNode(lab, "c.test", PolicyRule.of(level), kind, ways);
  }

  private void reached(ComityNode comity, FederationLevel level) throws Exception {
    assertThat(comity.levels(prosody)).isEqualTo(Levels.all(level));
  }

  private static final String TOOK_EXTERNAL = "Accepting SASL EXTERNAL identity from c\\.test";

  @Test
  void trustedByExternalOverDirectTls() throws Exception {
    prosody.secureAuth().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.DIRECT_TLS)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.TRUSTED);
      assertThat(prosody.logText()).doesNotContain("<starttls");
    }
  }

  @Test
  void trustedByExternalOverStarttls() throws Exception {
    prosody.secureAuth().starttlsOnly().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.STARTTLS)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.TRUSTED);
      assertThat(prosody.logText()).contains("Received[s2sin_unauthed]: <starttls ");
      assertThat(prosody.logText()).contains("Sending[s2sout_unauthed]: <starttls ");
    }
  }

  @Test
  void aCertificateForServersAloneSufficesBothWays() throws Exception {
    prosody.certificate(CertificateKind.SERVER_AUTH_ONLY).secureAuth().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.SERVER_AUTH_ONLY, ComityNode.Ways.BOTH)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.TRUSTED);
    }
  }

  @Test
  void encryptedByDialbackWithSelfSignedCertificates() throws Exception {
    prosody.certificate(CertificateKind.SELF_SIGNED).start();
    try (ComityNode comity =
        comity(FederationLevel.ENCRYPTED, CertificateKind.SELF_SIGNED, ComityNode.Ways.BOTH)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.ENCRYPTED);
    }
  }

  @Test
  void verifiedInClear() throws Exception {
    prosody.inClear().start();
    try (ComityNode comity = comity(FederationLevel.VERIFIED, null, ComityNode.Ways.STARTTLS)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.VERIFIED);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXPIRED", "WRONG_NAME", "SELF_SIGNED"})
  void prosodyRefusesOurBadCertificateAndTheStanzaReturns(CertificateKind bad) throws Exception {
    prosody.secureAuth().start();
    try (ComityNode comity = comity(FederationLevel.ENCRYPTED, bad, ComityNode.Ways.BOTH)) {
      comity.ping("p.test", "1");
      ComityNode.Arrived bounce = comity.next();
      assertThat(bounce.stanza().type()).isEqualTo("error");
      assertThat(bounce.stanza().octets().toUtf8()).contains("remote-server-timeout");
      assertThat(comity.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
          .startsWith("PEER_");
      assertThat(prosody.logText()).doesNotContainPattern(TOOK_EXTERNAL);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED, CERT_EXPIRED",
    "WRONG_NAME, CERT_NAME_MISMATCH",
    "SELF_SIGNED, CERT_SELF_SIGNED"
  })
  void weRefuseItsBadCertificateUnderTrusted(CertificateKind bad, String code) throws Exception {
    prosody.certificate(bad).start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      comity.ping("p.test", "1");
      ComityNode.Arrived bounce = comity.next();
      assertThat(bounce.stanza().type()).isEqualTo("error");
      assertThat(bounce.stanza().octets().toUtf8()).contains(code);
      assertThat(comity.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
          .isEqualTo(code);
    }
  }

  @Test
  void anOfferOfBidiIsDeclinedPolitely() throws Exception {
    prosody.secureAuth().bidi().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.TRUSTED);
      assertThat(prosody.logText()).contains("urn:xmpp:features:bidi");
      assertThat(prosody.logText()).doesNotContainPattern("bidirectional|using bidi");
    }
  }

  @Test
  void aRestartOfProsodyInTheMiddleDoublesNothingAndLosesNothingAfterIt() throws Exception {
    prosody.secureAuth().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      Restart.ofThePeer(comity, prosody);
    }
  }

  @Test
  void aRestartOfOursInTheMiddleDoublesNothingAndLosesNothingAfterIt() throws Exception {
    prosody.secureAuth().start();
    Restart.Starter starter =
        () -> comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH);
    try (ComityNode first = starter.start()) {
      Restart.ofOurs(first, starter, prosody);
    }
  }
}
