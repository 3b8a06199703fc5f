package im.comity.association;

import im.comity.address.DomainPair;
import im.comity.dialback.DialbackVerdict;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Proof;
import org.jspecify.annotations.Nullable;

/**
 * Whether a pair is admitted to a stream: the one workshop in which associations are made. Pure.
 *
 * <p>The level reached is how the remote domain is proven to us, capped by encryption (S2S-POL-71):
 *
 * <ul>
 *   <li>trusted: a proof, which needs TLS; or dialback whose authoritative server is proven and
 *       shows the very key of the peer (DNA-DBT-05);
 *   <li>encrypted: TLS, and dialback (inbound) or the way that DNS showed us (outbound);
 *   <li>verified: the same in clear;
 *   <li>permissive: nothing but a rule that asks for nothing.
 * </ul>
 *
 * How well we are proven to the peer is the peer's rule and never enters.
 */
public sealed interface Admission {
  /**
   * Stanzas of the pair may flow.
   *
   * @param association the permission
   */
  record Admitted(Association association) implements Admission {}

  /**
   * They may not.
   *
   * @param why for the failure and for people
   */
  record Refused(Refusal why) implements Admission {}

  /**
   * May we send stanzas of this pair along this stream?
   *
   * @param required our outbound rule for the pair
   * @param channel the stream
   * @param pair sender ours, target the remote domain
   * @param ofPeer whether the peer is proven for the target; a proof must come from this stream's
   *     certificate
   * @param ofUs how the peer took us
   * @throws IllegalArgumentException if the facts are not of this pair and this stream
   */
  static Admission outbound(
      Requirement required, Channel channel, DomainPair pair, Judgement ofPeer, Acceptance ofUs) {
    return Workshop.outbound(required, channel, pair, ofPeer, ofUs);
  }

  /**
   * May the peer send stanzas of this pair along this stream?
   *
   * @param required our inbound rule for the pair
   * @param channel the stream
   * @param pair sender the remote domain, target ours
   * @param ofPeer whether the peer is proven for the sender; a proof must come from this stream's
   *     certificate
   * @param verdict what the sender's authoritative server said of the peer's key, or null if it was
   *     not asked, because a proof made it needless (S2S-DB-67) or the rule asks for nothing
   * @param authority how that server was proven for the sender, or null
   * @throws IllegalArgumentException if the facts are not of this pair and this stream
   */
  static Admission inbound(
      Requirement required,
      Channel channel,
      DomainPair pair,
      Judgement ofPeer,
      @Nullable DialbackVerdict verdict,
      @Nullable Proof authority) {
    return Workshop.inbound(required, channel, pair, ofPeer, verdict, authority);
  }

  /**
   * Does a permission that was given under other rules still hold under these?
   *
   * @param required our rule of today for the association's pair and direction
   */
  static boolean stillHolds(Requirement required, Association association) {
    return Workshop.further(required, association, association.pair()) instanceof Admitted;
  }
}
