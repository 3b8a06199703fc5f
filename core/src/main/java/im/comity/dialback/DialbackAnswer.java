package im.comity.dialback;

import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;

/** How a dialback request was answered: the {@code type} of the element, and what belongs to it. */
public sealed interface DialbackAnswer {
  /** The key is right; or, from a receiving server, the pair may be used. */
  record Valid() implements DialbackAnswer {}

  /** The key is wrong: somebody claims a domain that is not theirs. */
  record Invalid() implements DialbackAnswer {}

  /**
   * The question could not be answered; fatal for the pair, not for the stream (S2S-DB-21).
   *
   * @param error what was said
   * @param name the condition as it stood on the wire, bounded: some put there what is no stanza
   *     error condition; empty if there was none
   */
  record Failed(StanzaError error, String name) implements DialbackAnswer {

    /** An error of ours, for a cause. */
    public static Failed because(DialbackRefusal cause) {
      return new Failed(StanzaError.of(cause.condition(), cause.text()), cause.condition().wire());
    }

    /** What it means for another try (S2S-DB-24). */
    public Meaning meaning() {
      if (name.equals("host-unknown")) {
        return Meaning.NOT_HOSTED; // a stream error condition, which some put here
      }
      return switch (StanzaErrorCondition.of(name)) {
        case POLICY_VIOLATION -> Meaning.NEEDS_TLS;
        case NOT_AUTHORIZED -> Meaning.NEEDS_PROOF;
        case ITEM_NOT_FOUND, NOT_ALLOWED -> Meaning.NOT_HOSTED;
        case RESOURCE_CONSTRAINT -> Meaning.NEEDS_CONNECTION;
        case BAD_REQUEST,
            CONFLICT,
            FEATURE_NOT_IMPLEMENTED,
            FORBIDDEN,
            GONE,
            INTERNAL_SERVER_ERROR,
            JID_MALFORMED,
            NOT_ACCEPTABLE,
            RECIPIENT_UNAVAILABLE,
            REDIRECT,
            REGISTRATION_REQUIRED,
            REMOTE_SERVER_NOT_FOUND,
            REMOTE_SERVER_TIMEOUT,
            SERVICE_UNAVAILABLE,
            SUBSCRIPTION_REQUIRED,
            UNDEFINED_CONDITION,
            UNEXPECTED_REQUEST ->
            Meaning.TRANSIENT;
      };
    }
  }

  /** What an error received means for another try. */
  enum Meaning {
    /** The peer takes the pair under TLS only. */
    NEEDS_TLS,
    /** The peer wants a certificate or another proof. */
    NEEDS_PROOF,
    /** The peer does not serve the target: trying again is of no use. */
    NOT_HOSTED,
    /**
     * The peer has no room on this connection; on a new one the same answer is final (S2S-DB-23).
     */
    NEEDS_CONNECTION,
    /** Trouble that may pass. */
    TRANSIENT
  }
}
