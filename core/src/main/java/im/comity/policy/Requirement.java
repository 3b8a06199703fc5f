package im.comity.policy;

import java.util.List;

/**
 * What the policy asks for one pair in one direction.
 *
 * @param level the least level at which stanzas may flow
 * @param prooftypes the names of the prooftypes that count, in the order in which they are tried;
 *     empty means that any does (DNA-GEN-08)
 * @param dialback whether dialback may be spoken at all; at level trusted it is signalling and
 *     proves nothing (S2S-POL-72)
 * @param startTlsUnoffered whether STARTTLS is tried though the peer does not offer it; always true
 *     where the level needs TLS (S2S-TLS-05)
 * @param strictPairs whether a stanza of a pair that was not negotiated on its stream ends that
 *     stream, to the letter of RFC 6120 8.1.1.2 (S2S-STZ-05)
 * @param rule the rule or rules that decided, for traces
 */
public record Requirement(
    FederationLevel level,
    List<String> prooftypes,
    boolean dialback,
    boolean startTlsUnoffered,
    boolean strictPairs,
    String rule) {
  public Requirement {
    prooftypes = List.copyOf(prooftypes);
  }

  /** Whether a proof by this prooftype counts. */
  public boolean allows(String prooftype) {
    return prooftypes.isEmpty() || prooftypes.contains(prooftype);
  }
}
