package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.tls.CertificateKind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plays with a real ejabberd: initiating, receiving and authoritative. */
@Timeout(180)
final class EjabberdPlayTest {
  private static final String TOOK_EXTERNAL =
      "Accepted inbound s2s EXTERNAL authentication c\\.test";
  private static final String TOOK_DIALBACK =
      "Accepted inbound s2s dialback authentication c\\.test";
  private static final String GAVE_EXTERNAL =
      "Accepted outbound s2s EXTERNAL authentication e\\.test -> c\\.test";
  private static final String GAVE_DIALBACK =
      "Accepted outbound s2s dialback authentication e\\.test -> c\\.test";

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
      throws Exception {
    return new ComityNode(lab, "c.test", PolicyRule.of(level), kind, ways);
  }

  private void reached(ComityNode comity, FederationLevel out, FederationLevel in)
      throws Exception {
    ComityNode.Arrived answer = comity.next();
    assertThat(answer.stanza().type()).as(comity.story()).isEqualTo("result");
    assertThat(answer.along().level()).isEqualTo(in);
    assertThat(comity.await(FederationEvent.WayOpened.class, _ -> true).association().level())
        .isEqualTo(out);
  }

  @Test
  void trustedByExternalOverDirectTls() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.DIRECT_TLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.TRUSTED, FederationLevel.TRUSTED);
      ejabberd.awaitLog(TOOK_EXTERNAL);
      ejabberd.awaitLog(GAVE_EXTERNAL);
    }
  }

  @Test
  void trustedByExternalOverStarttls() throws Exception {
    ejabberd.starttlsOnly().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.STARTTLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.TRUSTED, FederationLevel.TRUSTED);
      ejabberd.awaitLog(TOOK_EXTERNAL);
      ejabberd.awaitLog(GAVE_EXTERNAL);
    }
  }

  @Test
  void encryptedByDialbackWithSelfSignedCertificates() throws Exception {
    ejabberd.certificate(CertificateKind.SELF_SIGNED).start();
    try (ComityNode comity =
        comity(FederationLevel.ENCRYPTED, CertificateKind.SELF_SIGNED, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.ENCRYPTED, FederationLevel.ENCRYPTED);
      ejabberd.awaitLog(TOOK_DIALBACK);
      ejabberd.awaitLog(GAVE_DIALBACK);
    }
  }

  @Test
  void verifiedInClear() throws Exception {
    ejabberd.inClear().start();
    try (ComityNode comity = comity(FederationLevel.VERIFIED, null, ComityNode.Ways.STARTTLS)) {
      comity.ping("e.test", "1");
      reached(comity, FederationLevel.VERIFIED, FederationLevel.VERIFIED);
      ejabberd.awaitLog(TOOK_DIALBACK);
      ejabberd.awaitLog(GAVE_DIALBACK);
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

  @Test
  void aRefusedCertificateOfOursFallsBackToDialbackOnTheSameStream() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.ENCRYPTED, CertificateKind.SELF_SIGNED, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "1");
      // ejabberd itself is proven to us by its certificate; we are to it by dialback.
      reached(comity, FederationLevel.TRUSTED, FederationLevel.TRUSTED);
      ejabberd.awaitLog(TOOK_DIALBACK);
    }
  }

  @Test
  void aRestartOfEjabberdLosesNothingThatIsSentAfterIt() throws Exception {
    ejabberd.start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.BOTH)) {
      comity.ping("e.test", "before");
      reached(comity, FederationLevel.TRUSTED, FederationLevel.TRUSTED);
      ejabberd.stop();
      comity.await(FederationEvent.StreamClosed.class, _ -> true);
      ejabberd.start();
      comity.federation.retry(ComityNode.name("e.test"));
      for (int i = 0; i < 20; i++) {
        comity.ping("e.test", "after" + i);
      }
      for (int i = 0; i < 20; i++) {
        ComityNode.Arrived answer = comity.next();
        assertThat(answer.stanza().type()).as(comity.story()).isEqualTo("result");
        assertThat(answer.stanza().id()).isEqualTo("after" + i);
      }
    }
  }
}
