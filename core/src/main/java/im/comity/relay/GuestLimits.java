package im.comity.relay;

import im.comity.policy.DomainPatterns;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What peers may send that have proven themselves (S2S-DOS-01).
 *
 * @param perPeer what one sender domain may send over all its streams; null for any amount
 * @param perPair what one sender domain may send to one domain of ours; null for any amount
 * @param perDomain what all peers together may send to one domain of ours; null for any amount
 * @param excepted sender domains whose stanzas are not counted anywhere
 */
public record GuestLimits(
    @Nullable Allowance perPeer,
    @Nullable Allowance perPair,
    @Nullable Allowance perDomain,
    DomainPatterns excepted) {

  /**
   * What is shipped: no limit. What waits is bounded anyway and a full component holds a stream
   * back, so that a number of ours would only ever bite honest bulk: one stream carries 250,000
   * stanzas a second, and a room with 10,000 occupants makes as many of each message.
   */
  public static final GuestLimits NONE =
      new GuestLimits(null, null, null, DomainPatterns.of(List.of()));

  /** Whether anything is limited. */
  boolean any() {
    return perPeer != null || perPair != null || perDomain != null;
  }
}
