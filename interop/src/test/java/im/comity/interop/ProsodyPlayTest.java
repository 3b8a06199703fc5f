package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.tls.CertificateKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/** Plays with a real Prosody: initiating, receiving and authoritative. */
@Timeout(120)
final class ProsodyPlayTest {
  private Lab lab;
  private Prosody prosody;

  @BeforeEach
  void open(TestInfo info) throws Exception {
    Peers.require("/usr/bin/prosody");
    lab = new Lab("prosody-" + info.getTestMethod().orElseThrow().getName());
    prosody = new Prosody(lab, "p.test");
  }

  @AfterEach
  void close() {
    prosody.close();
    lab.close();
  }

  private ComityNode comity(FederationLevel level, CertificateKind kind, ComityNode.Ways ways)
      throws Exception {
    return new ComityNode(lab, "c.test", PolicyRule.of(level), kind, ways);
  }

  private void reached(ComityNode comity, FederationLevel out, FederationLevel in)
      throws Exception {
    ComityNode.Arrived answer = comity.next();
    assertThat(answer.stanza().type()).as(comity.story()).isEqualTo("result");
    assertThat(answer.along().level()).isEqualTo(in);
    assertThat(
            comity.await(FederationEvent.WayOpened.class, _ -> true).association().level())
        .isEqualTo(out);
  }

  @Test
  void trustedByExternalOverDirectTls() throws Exception {
    prosody.secureAuth().start();
    try (ComityNode comity =
        comity(FederationLevel.TRUSTED, CertificateKind.GOOD, ComityNode.Ways.DIRECT_TLS)) {
      comity.ping("p.test", "1");
      reached(comity, FederationLevel.TRUSTED, FederationLevel.TRUSTED);
    }
  }
}
