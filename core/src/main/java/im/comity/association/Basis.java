package im.comity.association;

import im.comity.dialback.DialbackVerdict;
import im.comity.prooftype.Proof;
import org.jspecify.annotations.Nullable;

/** Why we hold that a domain belongs to the far end of a stream. */
public sealed interface Basis {
  /**
   * The peer is proven for the domain.
   *
   * @param proof by what
   */
  record ByProof(Proof proof) implements Basis {}

  /**
   * The domain's authoritative server confirmed a key (inbound).
   *
   * @param verdict of the authoritative server
   * @param authority how that server was proven for the domain, or null (shown as {@code +linked}:
   *     DNA-DBT-05)
   * @param sameKey whether it holds the same key as the peer, which makes a proof of it
   */
  record ByDialback(DialbackVerdict verdict, @Nullable Proof authority, boolean sameKey)
      implements Basis {}

  /**
   * DNS led to the peer, and it took us (outbound). All that is known of it is what DNS says
   * (DNA-DEC-31, DNA-DEC-33).
   *
   * @param acceptance how it took us
   */
  record ByDelegation(Acceptance acceptance) implements Basis {}

  /** The rule asks for nothing, and nothing is known. */
  record ByPolicyAlone() implements Basis {}
}
