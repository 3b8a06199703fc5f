package im.comity.stream;

import java.util.HashMap;
import java.util.Map;

/** The defined conditions of stream errors (RFC 6120 4.9.3) and what each means for a next try. */
public enum StreamErrorCondition {
  BAD_FORMAT("bad-format", Retry.TRANSIENT),
  BAD_NAMESPACE_PREFIX("bad-namespace-prefix", Retry.PERMANENT),
  CONFLICT("conflict", Retry.TRANSIENT),
  CONNECTION_TIMEOUT("connection-timeout", Retry.TRANSIENT),
  HOST_GONE("host-gone", Retry.PERMANENT),
  HOST_UNKNOWN("host-unknown", Retry.PERMANENT),
  IMPROPER_ADDRESSING("improper-addressing", Retry.PERMANENT),
  INTERNAL_SERVER_ERROR("internal-server-error", Retry.TRANSIENT),
  INVALID_FROM("invalid-from", Retry.POLICY),
  INVALID_NAMESPACE("invalid-namespace", Retry.PERMANENT),
  INVALID_XML("invalid-xml", Retry.PERMANENT),
  NOT_AUTHORIZED("not-authorized", Retry.POLICY),
  NOT_WELL_FORMED("not-well-formed", Retry.TRANSIENT),
  POLICY_VIOLATION("policy-violation", Retry.POLICY),
  REMOTE_CONNECTION_FAILED("remote-connection-failed", Retry.TRANSIENT),
  RESET("reset", Retry.TRANSIENT),
  RESOURCE_CONSTRAINT("resource-constraint", Retry.TRANSIENT),
  RESTRICTED_XML("restricted-xml", Retry.PERMANENT),
  SEE_OTHER_HOST("see-other-host", Retry.REDIRECT),
  SYSTEM_SHUTDOWN("system-shutdown", Retry.TRANSIENT),
  UNDEFINED_CONDITION("undefined-condition", Retry.POLICY),
  UNSUPPORTED_ENCODING("unsupported-encoding", Retry.PERMANENT),
  UNSUPPORTED_FEATURE("unsupported-feature", Retry.PERMANENT),
  UNSUPPORTED_STANZA_TYPE("unsupported-stanza-type", Retry.PERMANENT),
  UNSUPPORTED_VERSION("unsupported-version", Retry.PERMANENT);

  /** What a received condition means for the pair that met it (S2S-ERR-11). */
  public enum Retry {
    /** Nothing changes until the peer's set-up does. */
    PERMANENT,
    /** The peer refuses us by a rule; a new proof or a new rule may help. */
    POLICY,
    /** Trouble that passes. */
    TRANSIENT,
    /** Another host should be tried. */
    REDIRECT
  }

  private static final Map<String, StreamErrorCondition> BY_WIRE = new HashMap<>();

  static {
    for (StreamErrorCondition condition : values()) {
      BY_WIRE.put(condition.wire, condition);
    }
    // RFC 3920's name of the condition, still sent by old servers (S2S-XML-05).
    BY_WIRE.put("xml-not-well-formed", NOT_WELL_FORMED);
  }

  private final String wire;
  private final Retry retry;

  StreamErrorCondition(String wire, Retry retry) {
    this.wire = wire;
    this.retry = retry;
  }

  /** The element name. */
  public String wire() {
    return wire;
  }

  /** What it means for a next try when a peer sends it. */
  public Retry retry() {
    return retry;
  }

  /** The condition of that element name; unknown ones are undefined-condition (S2S-ERR-07). */
  public static StreamErrorCondition of(String wire) {
    return BY_WIRE.getOrDefault(wire, UNDEFINED_CONDITION);
  }
}
