package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Refusal;
import im.comity.event.NegotiationFailure;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.stream.StreamEnded;
import java.util.List;

/** Makes a leaf of the catalogue from what the packages below return. */
final class Failures {
  private Failures() {}

  /** Why a stream ended. */
  static NegotiationFailure of(StreamEnded ended) {
    String step = ended.step();
    return switch (ended.why()) {
      case StreamEnded.Why.ClosedByPeer(var orderly) ->
          new NegotiationFailure.PeerClosed(step, orderly);
      case StreamEnded.Why.ErrorFromPeer(var error) ->
          new NegotiationFailure.PeerStreamError(error, step);
      case StreamEnded.Why.Unreadable(var answered) ->
          new NegotiationFailure.PeerMisbehaved(
              NegotiationFailure.Rule.UNREADABLE_XML, answered + " during " + step);
      case StreamEnded.Why.TlsFailed(var reason) -> new NegotiationFailure.TlsFailed(reason);
      case StreamEnded.Why.PlaintextInjected _ ->
          new NegotiationFailure.PeerMisbehaved(
              NegotiationFailure.Rule.PLAINTEXT_AFTER_STARTTLS,
              "bytes in clear where the TLS handshake begins");
      case StreamEnded.Why.OutOfTime(var late) -> new NegotiationFailure.OutOfTime(late);
      case StreamEnded.Why.ConnectionLost(var reason) ->
          new NegotiationFailure.ConnectionLost(step, reason);
    };
  }

  /**
   * Why a pair was not admitted.
   *
   * @param remote the domain of the peer
   */
  static NegotiationFailure of(
      Refusal refusal, Requirement required, DomainPair pair, Domain remote) {
    return switch (refusal) {
      case Refusal.LevelTooLow(var reached, var wanted, var reasons) ->
          reasons.isEmpty() || !reached.meets(FederationLevel.ENCRYPTED)
              ? new NegotiationFailure.LevelTooLow(reached, wanted, required.rule())
              : new NegotiationFailure.NotProven(remote, reasons);
      case Refusal.ProoftypeNotAllowed(var prooftype, var allowed) ->
          new NegotiationFailure.ProofNotAllowed(prooftype, allowed, required.rule());
      case Refusal.DialbackNotAllowed _ ->
          new NegotiationFailure.DialbackNotAllowed(required.rule());
      case Refusal.KeyForged _ -> new NegotiationFailure.KeyInvalid(pair);
      case Refusal.KeyUnverified(var error) ->
          new NegotiationFailure.AuthorityFailed(
              pair, new NegotiationFailure.PeerDialbackError(pair, error));
      case Refusal.NotAccepted _ ->
          new NegotiationFailure.NoCommonAuthentication(
              false, false, "it was not asked, and " + required.rule() + " is not permissive");
      case Refusal.Forbidden(var reason) ->
          new NegotiationFailure.NotProven(remote, List.of(reason));
      case Refusal.CannotTellNow(var reason) ->
          new NegotiationFailure.NotProven(remote, List.of(reason));
    };
  }
}
