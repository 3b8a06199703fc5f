package im.comity.dialback;

import im.comity.stanza.ErrorType;
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
   * @param type how the sender would go on
   * @param condition {@link StanzaErrorCondition#UNDEFINED_CONDITION} for one that RFC 6120 has not
   * @param name the condition as it stood on the wire, bounded
   * @param text for people, bounded; may be empty
   */
  record Failed(ErrorType type, StanzaErrorCondition condition, String name, String text)
      implements DialbackAnswer {

    /** An error of ours, for a cause. */
    public static Failed because(DialbackRefusal cause) {
      StanzaErrorCondition condition = cause.condition();
      return new Failed(condition.defaultType(), condition, condition.wire(), cause.text());
    }

    /** What it means for another try (S2S-DB-24). */
    public Meaning meaning() {
      if (name.equals("host-unknown")) {
        return Meaning.NOT_HOSTED; // a stream error condition, which some put here
      }
      return switch (condition) {
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
