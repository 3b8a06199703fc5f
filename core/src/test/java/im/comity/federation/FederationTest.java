package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentity;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two whole servers in one process, over loopback. */
@Timeout(60)
final class FederationTest {
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private final TestDns dns = new TestDns();

  private static TlsIdentity identity(String domain) {
    TestCertificate certificate = CA.issue(domain);
    return TlsIdentity.of(domain, certificate.privateKey(), certificate.chain());
  }

  private Site.Plan north() {
    return Site.plan(dns, "north.example");
  }

  private Site.Plan south() {
    return Site.plan(dns, "south.example");
  }

  @Test
  void verifiedInClearByDialback() throws Exception {
    PolicyRule verified = PolicyRule.of(FederationLevel.VERIFIED);
    try (Site north = north().rule(verified).starttls().start();
        Site south = south().rule(verified).starttls().start()) {
      north.message("ann@north.example/x", "bob@south.example", "m1");
      Site.Arrived arrived = south.next();
      assertThat(arrived.stanza().id()).isEqualTo("m1");
      assertThat(arrived.along().level()).isEqualTo(FederationLevel.VERIFIED);
      assertThat(north.await(FederationEvent.WayOpened.class, _ -> true).association().level())
          .isEqualTo(FederationLevel.VERIFIED);
    }
  }

  @Test
  void encryptedByDialbackWithSelfSignedCertificates() throws Exception {
    PolicyRule encrypted = PolicyRule.of(FederationLevel.ENCRYPTED);
    try (Site north =
            north().rule(encrypted).identity(identity("north.example")).starttls().start();
        Site south =
            south().rule(encrypted).identity(identity("south.example")).starttls().start()) {
      north.message("ann@north.example/x", "bob@south.example", "m1");
      Site.Arrived arrived = south.next();
      assertThat(arrived.along().level()).isEqualTo(FederationLevel.ENCRYPTED);
    }
  }

  @Test
  void trustedByExternalOverStarttls() throws Exception {
    PolicyRule trusted = PolicyRule.of(FederationLevel.TRUSTED);
    try (Site north =
            north()
                .rule(trusted)
                .identity(identity("north.example"))
                .trusts(CA.certificate())
                .starttls()
                .start();
        Site south =
            south()
                .rule(trusted)
                .identity(identity("south.example"))
                .trusts(CA.certificate())
                .starttls()
                .start()) {
      for (int i = 0; i < 100; i++) {
        north.message("ann@north.example/x", "bob@south.example", "m" + i);
      }
      for (int i = 0; i < 100; i++) {
        Site.Arrived arrived = south.next();
        assertThat(arrived.stanza().id()).isEqualTo("m" + i);
        assertThat(arrived.along().level()).isEqualTo(FederationLevel.TRUSTED);
      }
      south.message("bob@south.example", "ann@north.example/x", "back");
      assertThat(north.next().stanza().id()).isEqualTo("back");
    }
  }

  @Test
  void trustedByExternalOverDirectTls() throws Exception {
    PolicyRule trusted = PolicyRule.of(FederationLevel.TRUSTED);
    try (Site north =
            north()
                .rule(trusted)
                .identity(identity("north.example"))
                .trusts(CA.certificate())
                .directTls()
                .start();
        Site south =
            south()
                .rule(trusted)
                .identity(identity("south.example"))
                .trusts(CA.certificate())
                .directTls()
                .start()) {
      north.message("ann@north.example/x", "bob@south.example", "m1");
      assertThat(south.next().along().level()).isEqualTo(FederationLevel.TRUSTED);
    }
  }

  @Test
  void anUnprovenPeerUnderTrustedIsRefusedWithOneBounceAndTheCode() throws Exception {
    PolicyRule trusted = PolicyRule.of(FederationLevel.TRUSTED);
    try (Site north = north().rule(trusted).identity(identity("north.example")).starttls().start();
        Site south =
            south()
                .rule(trusted)
                .identity(identity("south.example"))
                .trusts(CA.certificate())
                .starttls()
                .start()) {
      north.message("ann@north.example/x", "bob@south.example", "m1");
      Site.Arrived bounce = north.next();
      assertThat(bounce.stanza().type()).isEqualTo("error");
      assertThat(bounce.stanza().octets().toUtf8()).contains("remote-server-timeout", "CERT_");
      assertThat(south.arrived).isEmpty();
    }
  }
}
