package im.comity.stanza;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The defined conditions of stanza errors (RFC 6120 8.3.3), each with its usual type. */
public enum StanzaErrorCondition {
  BAD_REQUEST(ErrorType.MODIFY),
  CONFLICT(ErrorType.CANCEL),
  FEATURE_NOT_IMPLEMENTED(ErrorType.CANCEL),
  FORBIDDEN(ErrorType.AUTH),
  GONE(ErrorType.CANCEL),
  INTERNAL_SERVER_ERROR(ErrorType.CANCEL),
  ITEM_NOT_FOUND(ErrorType.CANCEL),
  JID_MALFORMED(ErrorType.MODIFY),
  NOT_ACCEPTABLE(ErrorType.MODIFY),
  NOT_ALLOWED(ErrorType.CANCEL),
  NOT_AUTHORIZED(ErrorType.AUTH),
  POLICY_VIOLATION(ErrorType.MODIFY),
  RECIPIENT_UNAVAILABLE(ErrorType.WAIT),
  REDIRECT(ErrorType.MODIFY),
  REGISTRATION_REQUIRED(ErrorType.AUTH),
  REMOTE_SERVER_NOT_FOUND(ErrorType.CANCEL),
  REMOTE_SERVER_TIMEOUT(ErrorType.WAIT),
  RESOURCE_CONSTRAINT(ErrorType.WAIT),
  SERVICE_UNAVAILABLE(ErrorType.CANCEL),
  SUBSCRIPTION_REQUIRED(ErrorType.AUTH),
  UNDEFINED_CONDITION(ErrorType.CANCEL),
  UNEXPECTED_REQUEST(ErrorType.WAIT);

  private static final Map<String, StanzaErrorCondition> BY_NAME =
      Stream.of(values()).collect(Collectors.toUnmodifiableMap(StanzaErrorCondition::wire, c -> c));

  private final String wire = name().toLowerCase(Locale.ROOT).replace('_', '-');
  private final ErrorType defaultType;

  StanzaErrorCondition(ErrorType defaultType) {
    this.defaultType = defaultType;
  }

  /** The local name of the element, whose namespace is that of stanza errors. */
  public String wire() {
    return wire;
  }

  /** The type that RFC 6120 8.3.3 gives with the condition; a cause may call for another. */
  public ErrorType defaultType() {
    return defaultType;
  }

  /** The condition with this name; {@link #UNDEFINED_CONDITION} for an unknown one (S2S-BNC-10). */
  public static StanzaErrorCondition of(String wire) {
    return BY_NAME.getOrDefault(wire, UNDEFINED_CONDITION);
  }
}
