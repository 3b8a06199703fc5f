package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.discovery.AddressGuard;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationFailure;
import im.comity.event.Remedy;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Strangers whose DNS leads to the machines beside a whole server (S2S-DOS-07). Every address leads
 * to loopback here, so that what is dialled where it must not be is seen there.
 */
@Timeout(60)
final class WhereStrangersLeadUsTest {
  private static final Domain SOUTH = Site.domain("south.example");

  /** IPv4-mapped, which is no address of IPv4 while it comes from an AAAA record. */
  private static final String MAPPED = "::ffff:127.0.0.1";

  private final TestDns dns = new TestDns();
  private ServerSocket inside;
  private Site site;

  @BeforeEach
  void listen() throws IOException {
    inside = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws IOException {
    if (site != null) {
      site.close();
    }
    inside.close();
  }

  private void start(AddressGuard guard) throws IOException {
    site = plan("north.example").guard(guard).starttls().start();
  }

  private Site.Plan plan(String domain) {
    return Site.plan(dns, domain)
        .rule(new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, ""));
  }

  private static InetAddress address(String text) throws UnknownHostException {
    byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 127, 0, 0, 1};
    return text.equals(MAPPED)
        ? Inet6Address.getByAddress(null, mapped, -1)
        : InetAddress.ofLiteral(text);
  }

  private void southLeadsTo(String address) throws IOException {
    dns.serve(SOUTH, "inside.south.example", address(address), inside.getLocalPort());
  }

  private void nobodyWasDialled() throws IOException {
    assertThat(site.dialled).isEmpty();
    inside.setSoTimeout(1);
    // A connection that had been made would wait to be accepted.
    assertThatThrownBy(inside::accept).isInstanceOf(SocketTimeoutException.class);
  }

  private static void namesTheGuard(NegotiationFailure failure) {
    Remedy remedy = Consequences.explain(failure);
    assertThat(remedy.sentence()).contains("which policy forbids");
    assertThat(remedy.remedy()).contains("allow-private-addresses");
  }

  private void returned(String id) throws InterruptedException {
    String bounce = site.next().stanza().octets().toUtf8();
    assertThat(bounce).contains("id='" + id + "'", "type='error'", "CONNECT_PRIVATE_ADDRESS");
    namesTheGuard(site.await(FederationEvent.AttemptFailed.class, _ -> true).failure());
  }

  private ScriptedPeer stranger() throws IOException {
    ScriptedPeer peer =
        ScriptedPeer.connect(site.federation.addresses().getFirst()).named("stranger");
    peer.open("south.example", "north.example");
    peer.expectFeatures();
    return peer;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00::1",
        "64:ff9b::10.0.0.1",
        "::7f00:1",
        MAPPED
      })
  @Clause("S2S-DOS-07")
  void neitherAStanzaNorADialbackKeyTakesUsInside(String address) throws Exception {
    southLeadsTo(address);
    start(AddressGuard.PUBLIC_ONLY);
    site.message("a@north.example", "b@south.example", "m1");
    returned("m1");
    try (ScriptedPeer peer = stranger()) {
      peer.send(Xmpp.dialbackRequest("south.example", "north.example", "key"));
      peer.expectDialbackAnswer("north.example", "south.example", "error");
      NegotiationFailure failure =
          site.await(FederationEvent.SenderRefused.class, _ -> true).failure();
      assertThat(failure)
          .isInstanceOfSatisfying(
              NegotiationFailure.AuthorityFailed.class,
              why -> assertThat(why.why().code()).isEqualTo("CONNECT_PRIVATE_ADDRESS"));
      namesTheGuard(failure);
    }
    nobodyWasDialled();
  }

  @Test
  @Clause("S2S-DOS-07")
  void anAddressThatStandsInTheSrvRecordItselfIsNoWayAround() throws Exception {
    dns.serve(SOUTH, MAPPED, address("10.9.9.9"), inside.getLocalPort());
    start(AddressGuard.PUBLIC_ONLY);
    site.message("a@north.example", "b@south.example", "m1");
    returned("m1");
    nobodyWasDialled();
  }

  @Test
  @Clause("S2S-DOS-07")
  void norIsADomainWithoutSrvRecords() throws Exception {
    dns.host(SOUTH, address("10.1.2.3"));
    start(AddressGuard.PUBLIC_ONLY);
    site.message("a@north.example", "b@south.example", "m1");
    returned("m1");
    nobodyWasDialled();
  }

  /** The question whether a key is ours is answered from what we know (S2S-DB-72). */
  @Test
  @Clause("S2S-DOS-07")
  void aQuestionAboutAKeyMakesUsDialNobody() throws Exception {
    southLeadsTo("10.1.2.3");
    start(AddressGuard.PRIVATE_TOO);
    try (ScriptedPeer peer = stranger()) {
      peer.send(Xmpp.verifyRequest("south.example", "north.example", "s1", "key"));
      Received answer = peer.expect(Xmpp.DIALBACK, "verify");
      assertThat(answer.attribute("type")).isEqualTo("invalid");
    }
    nobodyWasDialled();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.7", "inside.example"})
  @Clause("S2S-DOS-07")
  void aRedirectLeadsInsideAsLittleAsARecord(String where) throws Exception {
    TestCertificate certificate =
        TestCa.root("Test Root", InstantSource.system()).issue("south.example");
    dns.serve(
        Site.domain("inside.example"),
        "inside.example",
        address("10.0.0.7"),
        inside.getLocalPort());
    try (ScriptedServer south =
        ScriptedServer.onLoopback(
            peer -> {
              peer.accept();
              peer.sendFeatures(Xmpp.STARTTLS_FEATURE);
              peer.acceptTls(
                  TlsOptions.server(
                      TlsOptions.context(certificate.privateKey(), certificate.chain())));
              peer.accept();
              peer.send(
                  "<stream:error><see-other-host xmlns='%s'>%s</see-other-host></stream:error>"
                      .formatted(
                          Xmpp.STREAM_ERRORS,
                          where.startsWith("10.") ? where + ":" + inside.getLocalPort() : where));
              peer.expectClose();
            })) {
      dns.serve(SOUTH, south.address(), false);
      start(AddressGuard.LOOPBACK_TOO);
      site.message("a@north.example", "b@south.example", "m1");
      returned("m1");
      south.awaitPlayed(1);
      assertThat(site.dialled)
          .extracting(at -> at.getPort())
          .containsExactly(south.address().getPort());
    }
  }

  /** Both ways: the stanza's own connection, and that of the verification it causes there. */
  @ParameterizedTest
  @ValueSource(strings = {"127.8.8.8", "10.1.2.3", "::1", "fd00::1"})
  @Clause("S2S-DOS-07")
  void insideIsReachedWhereTheConfigurationOpensIt(String address) throws Exception {
    start(AddressGuard.PRIVATE_TOO);
    try (Site south = plan("south.example").guard(AddressGuard.PRIVATE_TOO).starttls().start()) {
      dns.serve(
          SOUTH,
          "inside.south.example",
          address(address),
          south.federation.addresses().getFirst().getPort());
      dns.serve(
          Site.domain("north.example"),
          "inside.north.example",
          address(address),
          site.federation.addresses().getFirst().getPort());
      site.message("a@north.example", "b@south.example", "m1");
      Site.Arrived arrived = south.next();
      assertThat(arrived.stanza().id()).isEqualTo("m1");
      assertThat(arrived.along())
          .extracting(Association::level)
          .isEqualTo(FederationLevel.VERIFIED);
      assertThat(site.dialled).extracting(at -> at.getAddress()).containsExactly(address(address));
      assertThat(south.dialled).extracting(at -> at.getAddress()).containsExactly(address(address));
    }
  }
}
