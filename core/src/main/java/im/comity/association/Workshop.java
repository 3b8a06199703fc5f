package im.comity.association;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission.Admitted;
import im.comity.association.Admission.Refused;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackVerdict;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Proof;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The work behind {@link Admission}: one instance per question. */
final class Workshop {
  private final Requirement required;
  private final Channel channel;
  private final DomainPair pair;
  private final Direction direction;
  private final Judgement ofPeer;

  private Workshop(
      Requirement required,
      Channel channel,
      DomainPair pair,
      Direction direction,
      Judgement ofPeer) {
    this.required = required;
    this.channel = channel;
    this.pair = pair;
    this.direction = direction;
    this.ofPeer = ofPeer;
  }

  static Admission outbound(
      Requirement required, Channel channel, DomainPair pair, Judgement ofPeer, Acceptance ofUs) {
    return new Workshop(required, channel, pair, Direction.OUTBOUND, ofPeer).outbound(ofUs);
  }

  static Admission inbound(
      Requirement required,
      Channel channel,
      DomainPair pair,
      Judgement ofPeer,
      @Nullable DialbackVerdict verdict,
      @Nullable Proof authority) {
    return new Workshop(required, channel, pair, Direction.INBOUND, ofPeer)
        .inbound(verdict, authority);
  }

  /**
   * Whether what is known of a remote domain suffices for another of its pairs, too (C14). The held
   * association must be of that domain, in the same direction.
   */
  static Admission further(Requirement required, Association held, DomainPair pair) {
    FederationLevel level = held.level();
    switch (held.basis()) {
      case Basis.ByProof(var proof) -> {
        if (!required.allows(proof.prooftype())) {
          return refused(notAllowed(required, proof));
        }
      }
      case Basis.ByDialback(_, var authority, var sameKey) -> {
        if (!required.dialback()) {
          return refused(new Refusal.DialbackNotAllowed());
        }
        if (sameKey && authority != null && !required.allows(authority.prooftype())) {
          level = FederationLevel.ENCRYPTED;
        }
      }
      case Basis.ByDelegation _, Basis.ByPolicyAlone _ -> {}
    }
    return level.meets(required.level())
        ? new Admitted(held.along(pair, level))
        : refused(new Refusal.LevelTooLow(level, required.level(), List.of()));
  }

  private Admission outbound(Acceptance ofUs) {
    boolean unasked = ofUs instanceof Acceptance.Unasked;
    if (ofUs instanceof Acceptance.ByDialback(var verdict)) {
      checkAbout(verdict, DialbackVerdict.Speaker.RECEIVING);
      if (!required.dialback()) {
        return refused(new Refusal.DialbackNotAllowed());
      }
    }
    if (ofUs instanceof Acceptance.BySasl && channel.session() == null) {
      throw new IllegalArgumentException("nobody is accepted by a certificate without TLS");
    }
    if (unasked && required.level() != FederationLevel.PERMISSIVE) {
      return refused(new Refusal.NotAccepted());
    }
    Refusal stop = decisive();
    if (stop != null) {
      return refused(stop);
    }
    Proof proof = countingProof(pair.target());
    if (proof != null) {
      return byProof(proof);
    }
    return unasked
        ? admit(new Basis.ByPolicyAlone(), FederationLevel.PERMISSIVE, null)
        : admit(new Basis.ByDelegation(ofUs), levelWithoutProof(), null);
  }

  private Admission inbound(@Nullable DialbackVerdict verdict, @Nullable Proof authority) {
    if (verdict != null) {
      checkAbout(verdict, DialbackVerdict.Speaker.AUTHORITATIVE);
    }
    if (authority != null && (verdict == null || !authority.domain().equals(pair.sender()))) {
      throw new IllegalArgumentException("no authority for %s: %s".formatted(pair, authority));
    }
    Refusal stop = decisive();
    if (stop == null && verdict != null) {
      stop = disowned(verdict.answer());
    }
    if (stop != null) {
      return refused(stop);
    }
    Proof proof = countingProof(pair.sender());
    if (proof != null) {
      return byProof(proof);
    }
    if (verdict == null) {
      return admit(new Basis.ByPolicyAlone(), FederationLevel.PERMISSIVE, null);
    }
    if (!required.dialback()) {
      return refused(new Refusal.DialbackNotAllowed());
    }
    if (authority != null
        && required.allows(authority.prooftype())
        && peerHoldsKeyOf(authority.certificate())) {
      return admit(
          new Basis.ByDialback(verdict, authority, true),
          FederationLevel.TRUSTED,
          authority.notAfter());
    }
    return admit(new Basis.ByDialback(verdict, authority, false), levelWithoutProof(), null);
  }

  private Admission byProof(Proof proof) {
    return admit(new Basis.ByProof(proof), FederationLevel.TRUSTED, proof.notAfter());
  }

  private Admission admit(Basis basis, FederationLevel level, @Nullable Instant until) {
    if (level.meets(required.level())) {
      return new Admitted(new Association(channel.stream(), pair, direction, basis, level, until));
    }
    return refused(
        switch (ofPeer) {
          case Judgement.Proven(var proof) -> notAllowed(required, proof); // else it had counted
          case Judgement.NotProven(var reasons) ->
              new Refusal.LevelTooLow(level, required.level(), reasons);
          case Judgement.Forbidden(var reason) -> new Refusal.Forbidden(reason);
          case Judgement.CannotTellNow(var reason) -> new Refusal.CannotTellNow(reason);
        });
  }

  /** What the judge said that nothing weaker may go round (DNA-DEC-04). */
  private @Nullable Refusal decisive() {
    return switch (ofPeer) {
      case Judgement.Forbidden(var reason) -> new Refusal.Forbidden(reason);
      case Judgement.CannotTellNow(var reason) -> new Refusal.CannotTellNow(reason);
      case Judgement.Proven _, Judgement.NotProven _ -> null;
    };
  }

  /** The proof, if there is one that counts under the rule; of another stream it is a mistake. */
  private @Nullable Proof countingProof(Domain remote) {
    if (!(ofPeer instanceof Judgement.Proven(var proof))) {
      return null;
    }
    if (!proof.domain().equals(remote) || !proof.certificate().equals(peerCertificate())) {
      throw new IllegalArgumentException(
          "not a proof of %s on stream %d: %s".formatted(remote, channel.stream(), proof));
    }
    return required.allows(proof.prooftype()) ? proof : null;
  }

  private static @Nullable Refusal disowned(DialbackAnswer answer) {
    return switch (answer) {
      case DialbackAnswer.Valid _ -> null;
      case DialbackAnswer.Invalid _ -> new Refusal.KeyForged();
      case DialbackAnswer.Failed error -> new Refusal.KeyUnverified(error);
    };
  }

  /** A verdict about another stream or pair must never be used for this one (S2S-DB-49). */
  private void checkAbout(DialbackVerdict verdict, DialbackVerdict.Speaker speaker) {
    if (verdict.speaker() != speaker
        || verdict.stream() != channel.stream()
        || !verdict.pair().equals(pair)) {
      throw new IllegalArgumentException(
          "not about %s on stream %d: %s".formatted(pair, channel.stream(), verdict));
    }
  }

  private FederationLevel levelWithoutProof() {
    return channel.session() == null ? FederationLevel.VERIFIED : FederationLevel.ENCRYPTED;
  }

  /** Whether the peer proved in its handshake that it holds the key of this certificate. */
  private boolean peerHoldsKeyOf(X509Certificate certificate) {
    TlsSession session = channel.session();
    X509Certificate own = peerCertificate();
    return session != null
        && session.reliable()
        && own != null
        && Arrays.equals(own.getPublicKey().getEncoded(), certificate.getPublicKey().getEncoded());
  }

  private @Nullable X509Certificate peerCertificate() {
    TlsSession session = channel.session();
    PeerCertificate peer = session == null ? null : session.peer();
    return peer == null ? null : peer.leaf();
  }

  private static Refusal notAllowed(Requirement required, Proof proof) {
    return new Refusal.ProoftypeNotAllowed(proof.prooftype(), required.prooftypes());
  }

  private static Admission refused(Refusal why) {
    return new Refused(why);
  }
}
