package im.comity.event;

import im.comity.dialback.DialbackAnswer;
import im.comity.event.NegotiationFailure.AddressLiteral;
import im.comity.event.NegotiationFailure.AllCandidatesFailed;
import im.comity.event.NegotiationFailure.AuthorityFailed;
import im.comity.event.NegotiationFailure.ConnectionLost;
import im.comity.event.NegotiationFailure.DialbackNotAllowed;
import im.comity.event.NegotiationFailure.FeatureUnknown;
import im.comity.event.NegotiationFailure.HostUnknown;
import im.comity.event.NegotiationFailure.KeyInvalid;
import im.comity.event.NegotiationFailure.LevelTooLow;
import im.comity.event.NegotiationFailure.LimitReached;
import im.comity.event.NegotiationFailure.LookupFailed;
import im.comity.event.NegotiationFailure.NoCommonAuthentication;
import im.comity.event.NegotiationFailure.NoIdentity;
import im.comity.event.NegotiationFailure.NoSuchDomain;
import im.comity.event.NegotiationFailure.NotProven;
import im.comity.event.NegotiationFailure.OutOfTime;
import im.comity.event.NegotiationFailure.PeerClosed;
import im.comity.event.NegotiationFailure.PeerDialbackError;
import im.comity.event.NegotiationFailure.PeerDialbackInvalid;
import im.comity.event.NegotiationFailure.PeerMisbehaved;
import im.comity.event.NegotiationFailure.PeerSaslFailure;
import im.comity.event.NegotiationFailure.PeerStreamError;
import im.comity.event.NegotiationFailure.PrivateAddresses;
import im.comity.event.NegotiationFailure.ProgramFault;
import im.comity.event.NegotiationFailure.ProofNotAllowed;
import im.comity.event.NegotiationFailure.QueueFull;
import im.comity.event.NegotiationFailure.ServiceNotOffered;
import im.comity.event.NegotiationFailure.ShuttingDown;
import im.comity.event.NegotiationFailure.TlsFailed;
import im.comity.event.NegotiationFailure.TlsNotOffered;
import im.comity.event.NegotiationFailure.TlsRefused;
import im.comity.event.NegotiationFailure.TooManyStrangers;
import im.comity.event.NegotiationFailure.TooMuchTraffic;
import im.comity.event.NegotiationFailure.VersionTooOld;
import im.comity.event.Remedy.Party;
import im.comity.stanza.ErrorType;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What follows from a failure: five exhaustive switches over the catalogue and no sixth. A new leaf
 * does not compile until all five know it.
 */
public final class Consequences {
  private Consequences() {}

  /** For how long a pair is not tried again. */
  public enum Barring {
    /** 1 to 5 seconds, doubling to 5 minutes: trouble that passes. */
    NETWORK,
    /** 5 minutes, doubling to 1 hour: somebody refused, and must act first (DNA-DEL-27). */
    REFUSAL,
    /** Not at all: the next stanza tries again. */
    NONE
  }

  /**
   * The stream error to send when a stream is given up for this failure; null when the stream ends
   * without one: it is gone already, or the failure is no fault of the stream.
   */
  public static @Nullable StreamError streamError(NegotiationFailure failure) {
    return switch (failure) {
      case NoSuchDomain _,
          ServiceNotOffered _,
          LookupFailed _,
          AddressLiteral _,
          AllCandidatesFailed _,
          PrivateAddresses _,
          ConnectionLost _,
          TlsFailed _,
          TlsRefused _,
          PeerStreamError _,
          PeerClosed _,
          PeerDialbackInvalid _,
          PeerDialbackError _,
          AuthorityFailed _,
          KeyInvalid _,
          QueueFull _,
          TooManyStrangers _,
          TooMuchTraffic _ ->
          null;
      case PeerMisbehaved misbehaved ->
          switch (misbehaved.rule()) {
            // What cannot be read was answered by the stream itself; an injection gets no answer.
            case UNREADABLE_XML, PLAINTEXT_AFTER_STARTTLS, BAD_HEADER -> null;
            case NO_STREAM_ID ->
                StreamError.of(
                    StreamErrorCondition.INVALID_XML,
                    "Dialback needs the id of your stream header");
            case UNEXPECTED_ELEMENT ->
                StreamError.of(StreamErrorCondition.UNSUPPORTED_STANZA_TYPE, misbehaved.detail());
            case STANZA_BEFORE_ASSOCIATION ->
                StreamError.of(
                    StreamErrorCondition.NOT_AUTHORIZED, "No stanzas before authentication");
            case UNPROVEN_SENDER, CLAIMS_OUR_DOMAIN, CHANGED_IDENTITY ->
                StreamError.of(StreamErrorCondition.INVALID_FROM, misbehaved.detail());
            case IMPROPER_ADDRESSING ->
                StreamError.of(StreamErrorCondition.IMPROPER_ADDRESSING, misbehaved.detail());
            case TOO_MANY_ATTEMPTS ->
                StreamError.of(StreamErrorCondition.POLICY_VIOLATION, misbehaved.detail());
          };
      case TlsNotOffered _ ->
          StreamError.of(StreamErrorCondition.POLICY_VIOLATION, "TLS is required here");
      case NoCommonAuthentication _, NotProven _, PeerSaslFailure _ ->
          StreamError.of(StreamErrorCondition.POLICY_VIOLATION, explain(failure).sentence());
      case LevelTooLow _, DialbackNotAllowed _, ProofNotAllowed _ ->
          StreamError.of(StreamErrorCondition.POLICY_VIOLATION, explain(failure).sentence());
      case VersionTooOld _ ->
          StreamError.of(StreamErrorCondition.UNSUPPORTED_VERSION, "XMPP 1.0 is required here");
      case FeatureUnknown unknown ->
          StreamError.of(
              StreamErrorCondition.UNSUPPORTED_FEATURE,
              "Required but unknown here: " + String.join(", ", unknown.features()));
      case OutOfTime out ->
          StreamError.of(StreamErrorCondition.CONNECTION_TIMEOUT, "Too slow: " + out.step());
      case HostUnknown _ -> StreamError.of(StreamErrorCondition.HOST_UNKNOWN);
      case NoIdentity _, ProgramFault _ ->
          StreamError.of(StreamErrorCondition.INTERNAL_SERVER_ERROR);
      case LimitReached limit ->
          StreamError.of(StreamErrorCondition.RESOURCE_CONSTRAINT, limit.what());
      case ShuttingDown _ -> StreamError.of(StreamErrorCondition.SYSTEM_SHUTDOWN);
    };
  }

  /**
   * The stanza error with which the queued stanzas return (streams.md 17.1). The text carries the
   * code, and names neither addresses nor certificates (S2S-BNC-11).
   */
  public static StanzaError stanzaError(NegotiationFailure failure) {
    return switch (failure) {
      case NoSuchDomain _, ServiceNotOffered _, AddressLiteral _ ->
          bounce(ErrorType.CANCEL, StanzaErrorCondition.REMOTE_SERVER_NOT_FOUND, failure);
      case LookupFailed _ ->
          bounce(ErrorType.WAIT, StanzaErrorCondition.REMOTE_SERVER_NOT_FOUND, failure);
      case AllCandidatesFailed all ->
          all.fallback()
              ? bounce(ErrorType.CANCEL, StanzaErrorCondition.REMOTE_SERVER_NOT_FOUND, failure)
              : bounce(ErrorType.WAIT, StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, failure);
      case PeerDialbackInvalid _ ->
          bounce(ErrorType.CANCEL, StanzaErrorCondition.INTERNAL_SERVER_ERROR, failure);
      case ConnectionLost _,
          PeerClosed _,
          PeerDialbackError _,
          OutOfTime _,
          AuthorityFailed _,
          TlsFailed _ ->
          bounce(ErrorType.WAIT, StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, failure);
      case PeerStreamError refused ->
          bounce(
              refused.error().condition().retry() == StreamErrorCondition.Retry.TRANSIENT
                  ? ErrorType.WAIT
                  : ErrorType.CANCEL,
              StanzaErrorCondition.REMOTE_SERVER_TIMEOUT,
              failure);
      case PrivateAddresses _,
          PeerMisbehaved _,
          TlsNotOffered _,
          TlsRefused _,
          NoCommonAuthentication _,
          VersionTooOld _,
          FeatureUnknown _,
          NotProven _,
          PeerSaslFailure _,
          LevelTooLow _,
          DialbackNotAllowed _,
          ProofNotAllowed _,
          KeyInvalid _,
          HostUnknown _,
          NoIdentity _ ->
          bounce(ErrorType.CANCEL, StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, failure);
      case QueueFull _, LimitReached _, TooManyStrangers _, TooMuchTraffic _ ->
          bounce(ErrorType.WAIT, StanzaErrorCondition.RESOURCE_CONSTRAINT, failure);
      case ShuttingDown _ ->
          bounce(ErrorType.WAIT, StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, failure);
      case ProgramFault _ ->
          bounce(ErrorType.WAIT, StanzaErrorCondition.INTERNAL_SERVER_ERROR, failure);
    };
  }

  private static StanzaError bounce(
      ErrorType type, StanzaErrorCondition condition, NegotiationFailure failure) {
    return new StanzaError(type, condition, failure.code() + ": " + publicSentence(failure), null);
  }

  /** What a user may read: no address, no certificate, no third party. */
  private static String publicSentence(NegotiationFailure failure) {
    return switch (explain(failure).who()) {
      case US ->
          "this server cannot federate with that domain now; tell its administrator the code";
      case THEM -> "the other server cannot be federated with as it is set up now";
      case DNS -> "DNS does not lead to the other server";
      case NETWORK -> "the other server cannot be reached now";
    };
  }

  /** Whether the next candidate of the same domain may be tried after this. */
  public static boolean anotherCandidate(NegotiationFailure failure) {
    return switch (failure) {
      case ConnectionLost _,
          TlsFailed _,
          TlsNotOffered _,
          TlsRefused _,
          OutOfTime _,
          PeerClosed _,
          NotProven _,
          VersionTooOld _,
          FeatureUnknown _,
          NoCommonAuthentication _ ->
          true;
      case PeerMisbehaved misbehaved ->
          switch (misbehaved.rule()) {
            case UNREADABLE_XML,
                PLAINTEXT_AFTER_STARTTLS,
                NO_STREAM_ID,
                UNEXPECTED_ELEMENT,
                BAD_HEADER ->
                true;
            case STANZA_BEFORE_ASSOCIATION,
                UNPROVEN_SENDER,
                IMPROPER_ADDRESSING,
                TOO_MANY_ATTEMPTS,
                CLAIMS_OUR_DOMAIN,
                CHANGED_IDENTITY ->
                false;
          };
      case PeerStreamError refused ->
          refused.error().condition().retry() == StreamErrorCondition.Retry.TRANSIENT;
      case NoSuchDomain _,
          ServiceNotOffered _,
          LookupFailed _,
          AddressLiteral _,
          AllCandidatesFailed _,
          PrivateAddresses _,
          PeerSaslFailure _,
          PeerDialbackInvalid _,
          PeerDialbackError _,
          LevelTooLow _,
          DialbackNotAllowed _,
          ProofNotAllowed _,
          KeyInvalid _,
          AuthorityFailed _,
          HostUnknown _,
          NoIdentity _,
          QueueFull _,
          LimitReached _,
          TooManyStrangers _,
          TooMuchTraffic _,
          ShuttingDown _,
          ProgramFault _ ->
          false;
    };
  }

  /** For how long the pair is not tried again. */
  public static Barring barring(NegotiationFailure failure) {
    return switch (failure) {
      case LookupFailed _,
          AllCandidatesFailed _,
          ConnectionLost _,
          OutOfTime _,
          PeerClosed _,
          TlsFailed _,
          AuthorityFailed _,
          ProgramFault _ ->
          Barring.NETWORK;
      case PeerStreamError refused ->
          refused.error().condition().retry() == StreamErrorCondition.Retry.TRANSIENT
              ? Barring.NETWORK
              : Barring.REFUSAL;
      case PeerDialbackError error ->
          switch (error.error().meaning()) {
            case NEEDS_TLS, NEEDS_PROOF, NOT_HOSTED -> Barring.REFUSAL;
            case NEEDS_CONNECTION, TRANSIENT -> Barring.NETWORK;
          };
      // Prosody says "invalid" when it could not ask (S2S-QK-03), so it may be trouble that passes.
      case PeerDialbackInvalid _ -> Barring.NETWORK;
      case NoSuchDomain _,
          ServiceNotOffered _,
          AddressLiteral _,
          PrivateAddresses _,
          PeerMisbehaved _,
          TlsNotOffered _,
          TlsRefused _,
          NoCommonAuthentication _,
          VersionTooOld _,
          FeatureUnknown _,
          NotProven _,
          PeerSaslFailure _,
          LevelTooLow _,
          DialbackNotAllowed _,
          ProofNotAllowed _,
          KeyInvalid _,
          HostUnknown _,
          NoIdentity _ ->
          Barring.REFUSAL;
      case QueueFull _, LimitReached _, TooManyStrangers _, TooMuchTraffic _, ShuttingDown _ ->
          Barring.NONE;
    };
  }

  /** What a person reads: who must act, what happened, what to do. */
  public static Remedy explain(NegotiationFailure failure) {
    return switch (failure) {
      case NoSuchDomain f ->
          new Remedy(
              Party.DNS,
              f.domain() + " has neither SRV records for _xmpp-server nor an address",
              "check the spelling; if the domain is right, it needs _xmpp-server._tcp."
                  + f.domain()
                  + " SRV records or an address");
      case ServiceNotOffered f ->
          new Remedy(
              Party.DNS,
              "the SRV records of " + f.domain() + " say that it does not federate (target \".\")",
              "its operator must publish SRV records with a host if it should");
      case LookupFailed f ->
          new Remedy(
              Party.DNS,
              "DNS gave no usable answer for " + f.domain() + ": " + f.reason(),
              "check the configured resolver; if it is well, the name servers or the DNSSEC"
                  + " signatures of the domain are at fault");
      case AddressLiteral f ->
          new Remedy(
              Party.US,
              f.domain() + " is an IP address, not a domain name",
              "address the peer by its domain name");
      case AllCandidatesFailed f ->
          new Remedy(
              Party.NETWORK,
              "no server of " + f.domain() + " could be reached: " + tried(f.tried()),
              "check that the hosts of its SRV records listen on those ports and that no firewall"
                  + " is between");
      case PrivateAddresses f ->
          new Remedy(
              Party.DNS,
              "every address of " + f.domain() + " is private: " + tried(f.tried()),
              "publish public addresses; in a closed network set allow-private-addresses");
      case ConnectionLost f ->
          new Remedy(
              Party.NETWORK,
              "the connection broke during " + f.step() + ": " + f.reason(),
              "try again; if it stays, look at the other server's log and the path between");
      case PeerMisbehaved f ->
          new Remedy(
              Party.THEM,
              "the peer broke a rule of the protocol ("
                  + f.rule().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ')
                  + "): "
                  + f.detail(),
              "report it to the operator of the other server");
      case TlsNotOffered f ->
          new Remedy(
              Party.THEM,
              "the peer offers no TLS, and " + f.rule() + " requires " + f.required().wire(),
              "the peer must switch TLS on; or lower the level for this peer to verified");
      case TlsRefused _ ->
          new Remedy(
              Party.THEM,
              "the peer answered STARTTLS with a failure",
              "the peer's TLS set-up for this domain is broken: usually no certificate");
      case TlsFailed f ->
          new Remedy(
              Party.THEM,
              "the TLS handshake failed: " + f.reason(),
              "TLS 1.2 or 1.3 with an AEAD cipher suite is needed at both ends");
      case NoCommonAuthentication f ->
          new Remedy(
              f.dialbackOffered() || f.externalOffered() ? Party.US : Party.THEM,
              "the peer accepts neither our certificate nor dialback: " + f.why(),
              "show the peer a certificate that it trusts, or allow dialback at both ends");
      case VersionTooOld f ->
          new Remedy(
              Party.THEM,
              "the peer speaks XMPP " + f.version() + ", which knows no TLS",
              "the peer must be updated; or lower the level for this peer to verified");
      case FeatureUnknown f ->
          new Remedy(
              Party.THEM,
              "the peer requires what we do not know: " + String.join(", ", f.features()),
              "report it to the operator of the other server");
      case NotProven f ->
          new Remedy(
              Party.THEM,
              "the certificate does not prove "
                  + f.domain()
                  + ": "
                  + f.reasons().stream()
                      .map(reason -> reason.detail())
                      .collect(Collectors.joining("; ")),
              certificateRemedy(f));
      case PeerStreamError f when refusesAll(f) ->
          new Remedy(
              Party.THEM,
              "the peer accepts neither our certificate nor dialback: " + f.error(),
              "show the peer a certificate that it trusts, or allow dialback at both ends");
      case PeerStreamError f ->
          new Remedy(
              Party.THEM,
              "the peer ended the stream during " + f.step() + ": " + f.error(),
              "the other server's log says why it refuses");
      case PeerClosed f ->
          new Remedy(
              Party.THEM,
              "the peer closed "
                  + (f.orderly() ? "the stream" : "the connection")
                  + " during "
                  + f.step(),
              "the other server's log may say why; a proxy or firewall between may do this too");
      case PeerSaslFailure f ->
          new Remedy(
              Party.US,
              "the peer refused our certificate: "
                  + f.condition()
                  + (f.text() == null ? "" : " (" + f.text() + ")"),
              "check that our certificate names the sender domain and comes from a CA that the peer"
                  + " trusts; \"unsupported certificate purpose\" means that the peer wants"
                  + " clientAuth, which needs its update (ejabberd 25.08 or newer)");
      case PeerDialbackInvalid f ->
          new Remedy(
              Party.US,
              "the peer says that our dialback key for " + f.pair().sender() + " is not valid",
              "the SRV records of "
                  + f.pair().sender()
                  + " must lead back here, and all our nodes must share one dialback secret");
      case PeerDialbackError f ->
          new Remedy(
              f.error().meaning() == DialbackAnswer.Meaning.NOT_HOSTED ? Party.THEM : Party.US,
              "the peer could not verify "
                  + f.pair().sender()
                  + " by dialback: "
                  + f.error().name(),
              "check that the SRV records of "
                  + f.pair().sender()
                  + " lead back here and that the peer can connect");
      case LevelTooLow f ->
          new Remedy(
              Party.THEM,
              "level "
                  + f.reached().wire()
                  + " reached, "
                  + f.required().wire()
                  + " required by "
                  + f.rule(),
              "the peer needs a certificate from a trusted CA that names its domain; or lower the"
                  + " level for this peer");
      case ProofNotAllowed f ->
          new Remedy(
              Party.US,
              "proven by "
                  + f.prooftype()
                  + ", but "
                  + f.rule()
                  + " accepts only "
                  + String.join(", ", f.allowed()),
              "allow that proof for this peer, or ask the peer for one of those allowed");
      case DialbackNotAllowed f ->
          new Remedy(
              Party.US,
              "only dialback was left, and " + f.rule() + " does not allow it",
              "allow dialback for this peer, or see why the certificates were not enough");
      case OutOfTime f ->
          new Remedy(
              Party.NETWORK,
              "time ran out during " + f.step(),
              "the peer or the path is too slow; a firewall that swallows packets looks like this");
      case KeyInvalid f ->
          new Remedy(
              Party.THEM,
              "the authoritative server of "
                  + f.pair().sender()
                  + " says that the dialback key is not its own",
              "somebody claims that domain, or its servers do not share one dialback secret");
      case AuthorityFailed f ->
          new Remedy(
              explain(f.why()).who(),
              "the authoritative server of "
                  + f.pair().sender()
                  + " could not be asked: "
                  + f.why().code()
                  + ", "
                  + explain(f.why()).sentence(),
              explain(f.why()).remedy());
      case HostUnknown f ->
          new Remedy(
              Party.THEM,
              (f.target() == null ? "no domain" : f.target().toString())
                  + " was asked for; it is not served here",
              "if it should be, add it to the domains or connect its component; else the peer's DNS"
                  + " look-up went wrong");
      case NoIdentity f ->
          new Remedy(
              Party.US,
              "there is no certificate for " + f.domain() + ", and no default one",
              "configure a certificate for the domain or a default-certificate");
      case QueueFull f ->
          new Remedy(
              Party.US,
              "too many stanzas wait for " + f.pair().target(),
              "the peer is slow or away; see why in its last attempt");
      case LimitReached f ->
          new Remedy(
              Party.US,
              "a limit was reached: " + f.what(),
              "raise the limit if the load is legitimate");
      case TooManyStrangers f ->
          new Remedy(
              Party.US,
              switch (f.limit()) {
                case UNPROVEN_PER_ADDRESS ->
                    "more than " + f.most() + " connections of one address that are not proven";
                case UNPROVEN_IN_ALL ->
                    "more than " + f.most() + " connections of all addresses that are not proven";
                case RATE -> "more than " + f.most() + " new connections a second from one address";
                case FRUITLESS ->
                    "more than "
                        + f.most()
                        + " connections a second from one address that end without a stream header";
                case HANDSHAKE_RATE ->
                    "more TLS handshakes than " + f.most() + " a second can begin in time";
                case HANDSHAKES ->
                    "more than " + f.most() + " TLS handshakes of all addresses under way";
                case CONNECTIONS_PER_ADDRESS ->
                    "more than " + f.most() + " connections of one address";
              },
              "nothing if it is an attack; else raise "
                  + switch (f.limit()) {
                    case UNPROVEN_PER_ADDRESS -> "limits.strangers.per-address";
                    case UNPROVEN_IN_ALL -> "limits.strangers.in-all";
                    case RATE -> "limits.strangers.connections-per-second";
                    case FRUITLESS -> "limits.strangers.fruitless-per-second";
                    case HANDSHAKE_RATE -> "limits.strangers.handshakes-per-second";
                    case HANDSHAKES -> "limits.strangers.handshakes-at-once";
                    case CONNECTIONS_PER_ADDRESS -> "limits.connections-per-address";
                  }
                  + " or name the network in limits.strangers.excepted");
      case TooMuchTraffic f ->
          new Remedy(
              Party.US,
              "more than "
                  + (f.bytesPerSecond() > 0 ? f.bytesPerSecond() + " bytes" : "")
                  + (f.bytesPerSecond() > 0 && f.stanzasPerSecond() > 0 ? " or " : "")
                  + (f.stanzasPerSecond() > 0 ? f.stanzasPerSecond() + " stanzas" : "")
                  + " a second "
                  + (f.limit() == NegotiationFailure.TrafficLimit.PER_DOMAIN ? "to " : "from ")
                  + f.who(),
              "nothing if it is a flood; else raise "
                  + switch (f.limit()) {
                    case PER_PEER ->
                        "limits.guests.per-peer or name the peer in limits.guests.excepted";
                    case PER_PAIR ->
                        "limits.guests.per-pair or name the peer in limits.guests.excepted";
                    case PER_DOMAIN -> "limits.guests.per-domain";
                    case PER_COMPONENT -> "limits.guests.per-component";
                  });
      case ShuttingDown _ ->
          new Remedy(Party.US, "this server is stopping", "wait until it is up again");
      case ProgramFault f ->
          new Remedy(
              Party.US, "a fault in this program: " + f.what(), "report it with the log around it");
    };
  }

  /** An error of no kind in place of features: the peer had none to offer us (S2S-FEAT-18). */
  private static boolean refusesAll(PeerStreamError refused) {
    return refused.error().condition() == StreamErrorCondition.UNDEFINED_CONDITION
        && refused.step().equals("features");
  }

  private static String tried(java.util.List<NegotiationFailure.Tried> tried) {
    return tried.stream()
        .map(one -> one.where() + " (" + one.cause() + ")")
        .collect(Collectors.joining(", "));
  }

  private static String certificateRemedy(NotProven failure) {
    if (failure.reasons().isEmpty()) {
      return "the peer needs a certificate for its domain";
    }
    return switch (failure.reasons().getFirst().code()) {
      case NO_CERTIFICATE -> "the peer must show a certificate";
      case NAME_MISMATCH ->
          "the certificate must name " + failure.domain() + " as dNSName or SRVName";
      case EXPIRED -> "the certificate must be renewed";
      case NOT_YET_VALID -> "check the clocks at both ends, or wait until the certificate is valid";
      case SELF_SIGNED, UNKNOWN_ISSUER ->
          "the peer needs a certificate from a CA that is trusted here; or add its CA to trust";
      case INCOMPLETE_CHAIN -> "the peer must send its intermediate certificates";
      case WRONG_PURPOSE -> "the certificate must be usable for serverAuth";
      default -> "the peer needs another certificate";
    };
  }
}
