package im.comity.event;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.dialback.DialbackAnswer;
import im.comity.policy.FederationLevel;
import im.comity.prooftype.Reason;
import im.comity.stream.StreamError;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why two domains do not federate: the closed catalogue. Each leaf is a record of evidence with a
 * stable code, the same in logs, bounces, traces and the manual. What follows from a failure is
 * decided in {@link Consequences} and nowhere else.
 */
public sealed interface NegotiationFailure {
  /** The stable code, upper case with underscores; never reused for another meaning. */
  String code();

  /** The peer could not be found. */
  sealed interface DiscoveryFailed extends NegotiationFailure {}

  /** DNS says that there is neither a service nor an address. */
  record NoSuchDomain(Domain domain) implements DiscoveryFailed {
    @Override
    public String code() {
      return "DNS_NO_SUCH_DOMAIN";
    }
  }

  /** The SRV records say "not here" (target "."). */
  record ServiceNotOffered(Domain domain) implements DiscoveryFailed {
    @Override
    public String code() {
      return "DNS_SERVICE_NOT_OFFERED";
    }
  }

  /** DNS gave no answer that can be used: SERVFAIL, a time-out, a refused query. */
  record LookupFailed(Domain domain, String reason) implements DiscoveryFailed {
    @Override
    public String code() {
      return "DNS_LOOKUP_FAILED";
    }
  }

  /** The domain is an IP address, and those are not federated with. */
  record AddressLiteral(Domain domain) implements DiscoveryFailed {
    @Override
    public String code() {
      return "DOMAIN_IS_ADDRESS";
    }
  }

  /** No connection led to a stream. */
  sealed interface ConnectFailed extends NegotiationFailure {}

  /**
   * One thing that was tried.
   *
   * @param where host, port and address as far as known
   * @param cause what happened, in words
   */
  record Tried(String where, String cause) {}

  /**
   * No candidate could be reached.
   *
   * @param fallback whether the addresses of the bare domain were all there was (decision C1)
   */
  record AllCandidatesFailed(Domain domain, List<Tried> tried, boolean fallback)
      implements ConnectFailed {
    @Override
    public String code() {
      return "CONNECT_FAILED";
    }
  }

  /** Every address found lies in a range that is not dialled. */
  record PrivateAddresses(Domain domain, List<Tried> tried) implements ConnectFailed {
    @Override
    public String code() {
      return "CONNECT_PRIVATE_ADDRESS";
    }
  }

  /** The connection broke while this was going on. */
  record ConnectionLost(String step, String reason) implements ConnectFailed {
    @Override
    public String code() {
      return "CONNECTION_LOST";
    }
  }

  /** The rules that a peer can break. */
  enum Rule {
    /** XML that cannot be read, or that XMPP forbids. */
    UNREADABLE_XML,
    /** Cleartext where the TLS handshake belongs: perhaps an injection. */
    PLAINTEXT_AFTER_STARTTLS,
    /** A response header without an id, where dialback needs one. */
    NO_STREAM_ID,
    /** Something that does not belong at this point of the conversation. */
    UNEXPECTED_ELEMENT,
    /** A stanza before any domain was proven. */
    STANZA_BEFORE_ASSOCIATION,
    /** A stanza from a domain that was not proven on the stream. */
    UNPROVEN_SENDER,
    /** A stanza without readable addresses. */
    IMPROPER_ADDRESSING,
    /** A header that cannot be served. */
    BAD_HEADER,
    /** More authentication attempts than are allowed. */
    TOO_MANY_ATTEMPTS,
    /** A header that claims one of our own domains. */
    CLAIMS_OUR_DOMAIN,
    /** A restarted header that names somebody else. */
    CHANGED_IDENTITY
  }

  /** The peer broke a rule. */
  record PeerMisbehaved(Rule rule, String detail) implements NegotiationFailure {
    @Override
    public String code() {
      return "PEER_" + rule.name();
    }
  }

  /** Both ends are well, but have nothing in common. */
  sealed interface Incompatible extends NegotiationFailure {}

  /** The peer offers no TLS, and the policy needs it. */
  record TlsNotOffered(FederationLevel required, String rule) implements Incompatible {
    @Override
    public String code() {
      return "TLS_NOT_OFFERED";
    }
  }

  /** The peer answered STARTTLS with a failure. */
  record TlsRefused() implements Incompatible {
    @Override
    public String code() {
      return "TLS_REFUSED";
    }
  }

  /** The TLS handshake failed. */
  record TlsFailed(String reason) implements Incompatible {
    @Override
    public String code() {
      return "TLS_HANDSHAKE_FAILED";
    }
  }

  /** The peer takes neither our certificate nor, as far as policy lets us offer it, dialback. */
  record NoCommonAuthentication(boolean externalOffered, boolean dialbackOffered, String why)
      implements Incompatible {
    @Override
    public String code() {
      return "AUTH_NO_COMMON_METHOD";
    }
  }

  /** The peer speaks a version that cannot be served here. */
  record VersionTooOld(String version) implements Incompatible {
    @Override
    public String code() {
      return "STREAM_VERSION_TOO_OLD";
    }
  }

  /** The peer requires features that we do not know. */
  record FeatureUnknown(List<String> features) implements Incompatible {
    @Override
    public String code() {
      return "STREAM_FEATURE_UNKNOWN";
    }
  }

  /**
   * The peer's certificate does not prove its domain.
   *
   * @param reasons one or more per prooftype that was tried; the first one gives the code
   */
  record NotProven(Domain domain, List<Reason> reasons) implements NegotiationFailure {
    @Override
    public String code() {
      return reasons.isEmpty() ? "CERT_NOT_PROVEN" : "CERT_" + reasons.getFirst().code().name();
    }
  }

  /** The peer refused us. */
  sealed interface PeerRefused extends NegotiationFailure {}

  /** The peer sent a stream error. */
  record PeerStreamError(StreamError error, String step) implements PeerRefused {
    @Override
    public String code() {
      return "PEER_STREAM_ERROR";
    }
  }

  /** The peer closed without saying why. */
  record PeerClosed(String step, boolean orderly) implements PeerRefused {
    @Override
    public String code() {
      return "PEER_CLOSED";
    }
  }

  /** The peer refused our certificate in SASL. */
  record PeerSaslFailure(String condition, @Nullable String text) implements PeerRefused {
    @Override
    public String code() {
      return "PEER_SASL_FAILURE";
    }
  }

  /** The peer says that our dialback key is not ours. */
  record PeerDialbackInvalid(DomainPair pair) implements PeerRefused {
    @Override
    public String code() {
      return "PEER_DIALBACK_INVALID";
    }
  }

  /** The peer could not or would not verify our dialback key. */
  record PeerDialbackError(DomainPair pair, DialbackAnswer.Failed error) implements PeerRefused {
    @Override
    public String code() {
      return "PEER_DIALBACK_ERROR";
    }
  }

  /** Our own policy refuses. */
  sealed interface PolicyRefused extends NegotiationFailure {}

  /** The level reached is below the level required. */
  record LevelTooLow(FederationLevel reached, FederationLevel required, String rule)
      implements PolicyRefused {
    @Override
    public String code() {
      return "POLICY_LEVEL_TOO_LOW";
    }
  }

  /** The only way left is dialback, and the policy does not allow it. */
  record DialbackNotAllowed(String rule) implements PolicyRefused {
    @Override
    public String code() {
      return "POLICY_DIALBACK_NOT_ALLOWED";
    }
  }

  /** The peer is proven, but in a way that does not count under the rule. */
  record ProofNotAllowed(String prooftype, List<String> allowed, String rule)
      implements PolicyRefused {
    @Override
    public String code() {
      return "POLICY_PROOF_NOT_ALLOWED";
    }
  }

  /** Time ran out during this step. */
  record OutOfTime(String step) implements NegotiationFailure {
    @Override
    public String code() {
      return "TIMED_OUT";
    }
  }

  /** The sender domain of an inbound claim could not be verified. */
  sealed interface Unverified extends NegotiationFailure {}

  /** The authoritative server says that it did not make the key: a forged claim. */
  record KeyInvalid(DomainPair pair) implements Unverified {
    @Override
    public String code() {
      return "DIALBACK_KEY_INVALID";
    }
  }

  /** The authoritative server could not be asked. */
  record AuthorityFailed(DomainPair pair, NegotiationFailure why) implements Unverified {
    @Override
    public String code() {
      return "DIALBACK_AUTHORITY_FAILED";
    }
  }

  /** The target is no domain of ours. */
  record HostUnknown(@Nullable Domain target) implements NegotiationFailure {
    @Override
    public String code() {
      return "HOST_UNKNOWN";
    }
  }

  /** The fault is ours. */
  sealed interface OurFault extends NegotiationFailure {}

  /** We have no certificate to show, and the peer takes nothing else. */
  record NoIdentity(Domain domain) implements OurFault {
    @Override
    public String code() {
      return "OUR_CERTIFICATE_MISSING";
    }
  }

  /** Too much waits already. */
  record QueueFull(DomainPair pair) implements OurFault {
    @Override
    public String code() {
      return "OUR_QUEUE_FULL";
    }
  }

  /** We are stopping. */
  record ShuttingDown() implements OurFault {
    @Override
    public String code() {
      return "OUR_SHUTDOWN";
    }
  }

  /** A limit of ours was reached. */
  record LimitReached(String what) implements OurFault {
    @Override
    public String code() {
      return "OUR_LIMIT_REACHED";
    }
  }

  /** What of strangers is limited, at our door. */
  enum StrangerLimit {
    /** Connections of one address that are not proven. */
    UNPROVEN_PER_ADDRESS,
    /** Connections of all addresses that are not proven. */
    UNPROVEN_IN_ALL,
    /** New connections of one address in a second. */
    RATE,
    /** Connections of one address in a second that ended without a stream header. */
    FRUITLESS,
    /** TLS handshakes of all addresses in a second. */
    HANDSHAKE_RATE,
    /** TLS handshakes of all addresses that are under way. */
    HANDSHAKES,
    /** Connections of one address, proven or not. */
    CONNECTIONS_PER_ADDRESS
  }

  /**
   * More connections came than strangers may have, and were closed without a byte or at their TLS
   * handshake.
   *
   * @param limit which limit
   * @param most its value
   */
  record TooManyStrangers(StrangerLimit limit, int most) implements OurFault {
    @Override
    public String code() {
      return "OUR_DOOR_CLOSED";
    }
  }

  /** Whose traffic is limited. */
  enum TrafficLimit {
    /** Of a sender domain over all its streams. */
    PER_PEER,
    /** Of a sender domain to one domain of ours. */
    PER_PAIR,
    /** Of all peers to one domain of ours. */
    PER_DOMAIN,
    /** Of one connection of a component. */
    PER_COMPONENT
  }

  /**
   * More came than somebody may send.
   *
   * @param limit which limit
   * @param who the domain, pair or component
   * @param bytesPerSecond the limit's bytes; 0 if there is none
   * @param stanzasPerSecond the limit's stanzas; 0 if there is none
   */
  record TooMuchTraffic(TrafficLimit limit, String who, long bytesPerSecond, long stanzasPerSecond)
      implements OurFault {
    @Override
    public String code() {
      return "OUR_TRAFFIC_LIMIT";
    }
  }

  /** A fault in this program. */
  record ProgramFault(String what) implements OurFault {
    @Override
    public String code() {
      return "OUR_INTERNAL_ERROR";
    }
  }
}
