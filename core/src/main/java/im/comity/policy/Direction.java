package im.comity.policy;

import java.util.Locale;

/** The way in which stanzas of a pair flow, seen from this process. */
public enum Direction {
  /** From a host domain to a remote one: the pair's sender is ours. */
  OUTBOUND,
  /** From a remote domain to a host domain: the pair's target is ours. */
  INBOUND;

  private final String wire = name().toLowerCase(Locale.ROOT);

  /** The name in configuration, traces and metrics: lower case. */
  public String wire() {
    return wire;
  }
}
