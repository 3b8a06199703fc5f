package im.comity.policy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How well a peer must be, or was, authenticated (XEP-0238 1), from the weakest to the strictest:
 * the order of the constants is the order of strength (DNA-GEN-06, -07).
 */
public enum FederationLevel {
  /** No verification at all. For closed networks and tests; whoever uses it is warned. */
  PERMISSIVE,
  /** Dialback; TLS is not needed. */
  VERIFIED,
  /** TLS with whatever certificate, and dialback. */
  ENCRYPTED,
  /** TLS, and a strong proof of the domain; dialback proves nothing here. */
  TRUSTED;

  private final String wire = name().toLowerCase(Locale.ROOT);

  /** The name in configuration, traces and metrics: lower case. */
  public String wire() {
    return wire;
  }

  /** The level with this {@link #wire()} name, or null if there is none. */
  public static @Nullable FederationLevel of(String wire) {
    for (FederationLevel level : values()) {
      if (level.wire.equals(wire)) {
        return level;
      }
    }
    return null;
  }

  /** Whether this level is at least as strict as the other. */
  public boolean meets(FederationLevel required) {
    return compareTo(required) >= 0;
  }
}
