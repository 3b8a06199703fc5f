package im.comity.policy;

import java.util.List;

/**
 * What one line of the policy says; where it applies is said to {@link PolicyTable.Builder}. The
 * components are those of {@link Requirement}.
 *
 * @param level the least level
 * @param prooftypes names in order of preference; empty allows any
 * @param dialback whether dialback may be spoken at all
 * @param startTlsUnoffered whether STARTTLS is tried where it is not offered; below level encrypted
 *     only, above it always is
 * @param strictPairs whether only pairs negotiated on a stream may use it
 * @param origin where the rule stands, for traces, for example {@code comity.yaml:12}; may be empty
 */
public record PolicyRule(
    FederationLevel level,
    List<String> prooftypes,
    boolean dialback,
    boolean startTlsUnoffered,
    boolean strictPairs,
    String origin) {

  /**
   * The recipe of DNA-GEN-10, {@code trusted{pkix}}: TLS, a certificate from an accepted root for
   * the domain itself, SASL EXTERNAL, and no dialback to fall back on.
   */
  public static final PolicyRule TRUSTED_PKIX =
      new PolicyRule(FederationLevel.TRUSTED, List.of("pkix"), false, true, false, "");

  public PolicyRule {
    prooftypes = List.copyOf(prooftypes);
  }

  /** A rule that asks for a level and leaves all else at its default: any proof, dialback too. */
  public static PolicyRule of(FederationLevel level) {
    return new PolicyRule(level, List.of(), true, true, false, "");
  }

  /** The same rule, narrowed to these prooftypes in this order. */
  public PolicyRule withProoftypes(String... names) {
    return new PolicyRule(level, List.of(names), dialback, startTlsUnoffered, strictPairs, origin);
  }

  /** The same rule without dialback. */
  public PolicyRule withoutDialback() {
    return new PolicyRule(level, prooftypes, false, startTlsUnoffered, strictPairs, origin);
  }

  /** The same rule, holding peers to the pairs negotiated on each stream. */
  public PolicyRule withStrictPairs() {
    return new PolicyRule(level, prooftypes, dialback, startTlsUnoffered, true, origin);
  }

  /** The same rule with the place where it stands. */
  public PolicyRule at(String place) {
    return new PolicyRule(level, prooftypes, dialback, startTlsUnoffered, strictPairs, place);
  }

  /** For traces: {@code trusted{pkix,dane} without dialback (comity.yaml:12)}. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder(level.wire());
    if (!prooftypes.isEmpty()) {
      out.append('{').append(String.join(",", prooftypes)).append('}');
    }
    if (!dialback) {
      out.append(" without dialback");
    }
    if (!origin.isEmpty()) {
      out.append(" (").append(origin).append(')');
    }
    return out.toString();
  }
}
