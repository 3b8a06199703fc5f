package im.comity.association;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission.Admitted;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackElement;
import im.comity.dialback.DialbackKey;
import im.comity.dialback.DialbackRequest;
import im.comity.dialback.DialbackVerdict;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Finding;
import im.comity.prooftype.Judge;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Proof;
import im.comity.prooftype.Prooftype;
import im.comity.prooftype.Question;
import im.comity.prooftype.Reason;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Facts for the tests of this package, each made by the only maker that there is. */
final class Facts {
  static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  static final Instant NOT_AFTER = Instant.parse("2026-12-20T12:00:00Z");
  static final long STREAM = 7;
  static final String PKIX = "pkix";
  static final String OTHER = "token";

  private static final InstantSource TIME = InstantSource.fixed(NOW);
  private static final TestCa CA = TestCa.root("Test CA", TIME);
  static final TestCertificate PEER = CA.issue("north.example");
  static final TestCertificate SOMEBODY = CA.issue("solo.example");
  static final Reason REASON = new Reason(PKIX, Reason.Code.SELF_SIGNED, "signed by itself");

  private Facts() {}

  static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  static DomainPair pair(String sender, String target) {
    return new DomainPair(domain(sender), domain(target));
  }

  static Requirement rule(FederationLevel level) {
    return rule(level, true);
  }

  static Requirement rule(FederationLevel level, boolean dialback, String... prooftypes) {
    return new Requirement(level, List.of(prooftypes), dialback, true, false, "a rule");
  }

  static Requirement strict(FederationLevel level) {
    return new Requirement(level, List.of(), true, true, true, "a strict rule");
  }

  static Channel clear() {
    return new Channel(STREAM, null);
  }

  static Channel tls() {
    return tls(PEER, true);
  }

  static Channel tls(@Nullable TestCertificate peer, boolean reliable) {
    return new Channel(STREAM, session(peer, reliable));
  }

  static TlsSession session(@Nullable TestCertificate peer, boolean reliable) {
    return new TlsSession(
        reliable ? "TLSv1.3" : "TLSv1.2",
        "TLS_AES_128_GCM_SHA256",
        null,
        null,
        false,
        reliable,
        peer == null ? null : new PeerCertificate(peer.chain()),
        null);
  }

  static Judgement notProven() {
    return new Judgement.NotProven(List.of(REASON));
  }

  static Judgement proven(Domain domain) {
    return proven(domain, PKIX, PEER);
  }

  static Judgement proven(Domain domain, String prooftype, TestCertificate certificate) {
    return proven(domain, prooftype, certificate, NOT_AFTER);
  }

  static Judgement proven(
      Domain domain, String prooftype, TestCertificate certificate, Instant notAfter) {
    Prooftype proving =
        new Prooftype() {
          @Override
          public String name() {
            return prooftype;
          }

          @Override
          public boolean needsSecureDns() {
            return false;
          }

          @Override
          public Finding judge(Question question) {
            return new Finding.Proves(List.of("because"), notAfter);
          }
        };
    return new Judge(List.of(proving), TIME)
        .judge(domain, session(certificate, true), rule(FederationLevel.TRUSTED), true);
  }

  static Proof proof(Domain domain, TestCertificate certificate) {
    return ((Judgement.Proven) proven(domain, PKIX, certificate)).proof();
  }

  /** What the receiving server said of our own request. */
  static DialbackVerdict received(DomainPair pair, DialbackAnswer answer) {
    return DialbackRequest.result(STREAM, pair, new DialbackKey("k"))
        .meet(new DialbackElement.ResultAnswer(pair, answer));
  }

  /** What the authoritative server said of the peer's key. */
  static DialbackVerdict verified(DomainPair pair, DialbackAnswer answer) {
    return DialbackRequest.verify(STREAM, pair, "id", new DialbackKey("k"))
        .meet(new DialbackElement.VerifyAnswer(pair, "id", answer));
  }

  static Acceptance byDialback(DomainPair pair) {
    return new Acceptance.ByDialback(received(pair, new DialbackAnswer.Valid()));
  }

  static Association admitted(Admission admission) {
    if (admission instanceof Admitted(var association)) {
      return association;
    }
    throw new AssertionError(admission);
  }

  static Association inboundByProof(DomainPair pair) {
    return admitted(
        Admission.inbound(
            rule(FederationLevel.PERMISSIVE), tls(), pair, proven(pair.sender()), null, null));
  }

  static Association inboundByDialback(DomainPair pair) {
    return admitted(
        Admission.inbound(
            rule(FederationLevel.PERMISSIVE),
            tls(),
            pair,
            notProven(),
            verified(pair, new DialbackAnswer.Valid()),
            null));
  }

  static Association outbound(DomainPair pair) {
    return admitted(
        Admission.outbound(
            rule(FederationLevel.PERMISSIVE), tls(), pair, notProven(), byDialback(pair)));
  }
}
