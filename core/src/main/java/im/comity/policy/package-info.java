/**
 * What is asked of a peer: the federation level, the proofs that count, and the routes set by hand,
 * per host domain, remote domain and pair, outbound and inbound apart (S2S-POL-70).
 *
 * <p>Knows patterns of domains, rules and which of them speak for a pair. Must not know how
 * anything is proven: prooftypes are names here, and nothing is looked up or connected to.
 *
 * <p>Start at {@link im.comity.policy.PolicyTable}; {@link im.comity.policy.Requirement} is what it
 * answers, {@link im.comity.policy.PolicyRule} what it is made of.
 */
@NullMarked
package im.comity.policy;

import org.jspecify.annotations.NullMarked;
