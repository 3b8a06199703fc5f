package im.comity.component;

import static im.comity.component.ComponentBench.ROOMS;
import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;
import static im.comity.component.ComponentBench.loopback;
import static im.comity.component.ComponentBench.message;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.stanza.Offer;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.TlsOptions;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.TlsIdentities;
import im.comity.transport.TlsIdentity;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Components that come by direct TLS, with a certificate where one is asked for. */
@Timeout(60)
@ExtendWith(LeakChecked.class)
final class ComponentTlsTest {
  private static final TestCa CA = TestCa.root("Root of the server", InstantSource.system());
  private static final TestCa OURS = TestCa.root("Root of the components", InstantSource.system());
  private static final TestCa STRANGE = TestCa.root("Strange root", InstantSource.system());
  private static final TestCertificate SERVER = CA.issue("north.example");

  private final ComponentBench bench = new ComponentBench().serve(component(ROOMS));

  @AfterEach
  void stop() {
    bench.close();
    assertThat(bench.events).noneMatch(FederationEvent.Fault.class::isInstance);
  }

  private InetSocketAddress listen(X509Certificate... anchors) throws Exception {
    return bench
        .acceptor
        .listen(
            loopback(),
            new ComponentAcceptor.Tls(
                TlsIdentities.of(
                    List.of(TlsIdentity.of("north.example", SERVER.privateKey(), SERVER.chain())),
                    null),
                List.of(anchors)))
        .address();
  }

  private ScriptedPeer secured(InetSocketAddress at, TestCertificate own) throws Exception {
    ScriptedPeer peer = bench.connect(at);
    peer.startTls(
        TlsOptions.client(
            own == null
                ? TlsOptions.anonymous()
                : TlsOptions.context(own.privateKey(), own.chain()),
            "north.example"));
    return peer;
  }

  private void expectWork(ScriptedPeer peer) throws Exception {
    peer.openComponent(ROOMS, SECRET);
    peer.send("<message from='" + ROOMS + "' to='b@south.example' id='m1'/>");
    assertThat(bench.nextRouted().id()).isEqualTo("m1");
    assertThat(bench.domains.deliverLocally(message("b@south.example", ROOMS, "m2")))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(peer.next().attribute("id")).isEqualTo("m2");
    peer.sendStreamEnd();
    peer.expectStreamEnd();
    peer.expectEnd();
  }

  private void expectRefusal(ScriptedPeer peer) {
    peer.expectHeader();
    peer.expectStreamError("not-authorized");
    peer.expectEnd();
    assertThat(bench.domains.connected()).isEmpty();
  }

  @Test
  void aComponentComesByDirectTls() throws Exception {
    ScriptedPeer peer = secured(listen(), null);
    assertThat(peer.tls().peerCertificates().getFirst()).isEqualTo(SERVER.chain().getFirst());
    expectWork(peer);
  }

  @Test
  void clearTextOnTheTlsPortIsNoHandshake() throws Exception {
    ScriptedPeer peer = bench.connect(listen());
    peer.send(StreamHead.component(ROOMS).xml());
    try {
      peer.sendStreamEnd();
    } catch (AssertionError gone) {
      // It may be cut off already.
    }
    bench.await(FederationEvent.LocalSideChanged.class, event -> !event.connected());
    assertThat(bench.domains.connected()).isEmpty();
  }

  @Test
  void aCertificateOfTheRightAuthorityIsAccepted() throws Exception {
    expectWork(secured(listen(OURS.certificate()), OURS.issue(ROOMS)));
  }

  @Test
  void aCertificateBelowAnIntermediateIsAccepted() throws Exception {
    expectWork(secured(listen(OURS.certificate()), OURS.intermediate("Between").issue(ROOMS)));
  }

  @Test
  void oneOfSeveralAuthoritiesIsEnough() throws Exception {
    expectWork(secured(listen(CA.certificate(), OURS.certificate()), OURS.issue(ROOMS)));
  }

  @Test
  @Clause("S2S-CMP-09")
  void withoutACertificateWhereOneIsRequiredTheStreamIsRefused() throws Exception {
    expectRefusal(secured(listen(OURS.certificate()), null));
  }

  @Test
  @Clause("S2S-CMP-09")
  void aCertificateOfAStrangeAuthorityIsRefused() throws Exception {
    expectRefusal(secured(listen(OURS.certificate()), STRANGE.issue(ROOMS)));
  }

  @Test
  void anAuthorityOfTheSameNameIsStrangeToo() throws Exception {
    TestCa twin = TestCa.root("Root of the components", InstantSource.system());
    expectRefusal(secured(listen(OURS.certificate()), twin.issue(ROOMS)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"EXPIRED", "SELF_SIGNED"})
  void aBadCertificateIsRefused(CertificateKind kind) throws Exception {
    expectRefusal(secured(listen(OURS.certificate()), OURS.issue(kind, ROOMS)));
  }

  @Test
  void theCertificateDoesNotReplaceTheSecret() throws Exception {
    ScriptedPeer peer = secured(listen(OURS.certificate()), OURS.issue(ROOMS));
    peer.open(StreamHead.component(ROOMS));
    peer.send("<handshake>" + "0".repeat(40) + "</handshake>");
    peer.expectStreamError("not-authorized");
    peer.expectEnd();
  }
}
