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

/** Plays with a real ejabberd: initiating, receiving and authoritative. */
@Timeout(180)
final class EjabberdPlayTest {

  private Lab lab;
  private Ejabberd ejabberd;

  @BeforeEach
  void open(TestInfo info) throws Exception {
    Peers.require("/usr/sbin/ejabberdctl");
    lab =
        new Lab(
            "ejabberd-" + info.getTestMethod().orElseThrow().getName() + "-" + System.nanoTime());
    ejabberd = new Ejabberd(lab, "e.test");
  }

  @AfterEach
  void close() {
    ejabberd.close();
    lab.close();
  }

  private ComityNode comity(
      FederationLevel level, @Nullable CertificateKind kind, ComityNode.Ways ways)
      throws IOException {
    return new ComityNode(lab, "c.test", PolicyRule.of(level), kind, ways);
  }

  private void reached(ComityNode comity, FederationLevel level) throws Exception {
    assertThat(comity.levels(ejabberd)).isEqualTo(Levels.all(level));
  }

  @Test
  void trustedByExternalOverDirectTls() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.DIRECT_TLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.TRUSTED);
      assertThat(ejabberd.logText()).doesNotContain("<starttls");
    }
  }

  @Test
  void trustedByExternalOverStarttls() throws Exception {
    ejabberd.starttlsOnly().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.STARTTLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.TRUSTED);
      assertThat(ejabberd.logText()).containsPattern("Received XML on stream = <<\"<starttls");
      assertThat(ejabberd.logText()).containsPattern("Send XML on stream = <<\"<starttls");
    }
  }

  @Test
  void encryptedByDialbackWithSelfSignedCertificates() throws Exception {
    ejabberd.certificate(CertificateKind.SELF_SIGNED).start();
    try (ComityNode comity =
        comity(FederationLevel.ENCRYPTED, CertificateKind.SELF_SIGNED, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.ENCRYPTED);
    }
  }

  @Test
  void verifiedInClear() throws Exception {
    ejabberd.inClear().start();
    try (ComityNode comity = comity(FederationLevel.VERIFIED, null, ComityNode.Ways.STARTTLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.VERIFIED);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED, CERT_EXPIRED",
    "WRONG_NAME, CERT_NAME_MISMATCH",
    "SELF_SIGNED, CERT_SELF_SIGNED"
  })
  void weRefuseItsBadCertificateUnderTrusted(CertificateKind bad, String code) throws Exception {
    ejabberd.certificate(bad).start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      ComityNode.Arrived bounce = comity.next();
      assertThat(bounce.stanza().type()).isEqualTo("error");
      assertThat(bounce.stanza().octets().toUtf8()).contains(code);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXPIRED", "WRONG_NAME", "SELF_SIGNED"})
  void ejabberdRefusesOurBadCertificateAndTheStanzaReturns(CertificateKind bad) throws Exception {
    ejabberd.withoutDialback().start();
    try (ComityNode comity = comity(FederationLevel.ENCRYPTED, bad, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      ComityNode.Arrived bounce = comity.next();
      assertThat(bounce.stanza().type()).isEqualTo("error");
      assertThat(bounce.stanza().octets().toUtf8()).contains("remote-server-timeout");
      assertThat(comity.await(FederationEvent.AttemptFailed.class, _ -> true).failure().code())
          .as(comity.story())
          .startsWith("PEER_");
      ejabberd.awaitLog(
          "connection c\\.test -> e\\.test: Stream closed by local host: not-authorized");
    }
  }

  @Test
  void aRefusedCertificateOfOursFallsBackToDialbackOnTheSameStream() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.ENCRYPTED, CertificateKind.SELF_SIGNED, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      // ejabberd itself is proven to us by its certificate; we are to it by dialback.
      assertThat(comity.levels(ejabberd))
          .isEqualTo(
              new Levels(
                  FederationLevel.TRUSTED,
                  FederationLevel.TRUSTED,
                  FederationLevel.ENCRYPTED,
                  FederationLevel.TRUSTED));
    }
  }

  @Test
  void aRestartOfEjabberdInTheMiddleDoublesNothingAndLosesNothingAfterIt() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      Restart.ofThePeer(comity, ejabberd);
    }
  }

  @Test
  void aRestartOfOursInTheMiddleDoublesNothingAndLosesNothingAfterIt() throws Exception {
    ejabberd.start();
    Restart.Starter starter =
        () -> comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH);
    try (ComityNode first = starter.start()) {
      Restart.ofOurs(first, starter, ejabberd);
    }
  }
}
