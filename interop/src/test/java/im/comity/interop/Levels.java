package im.comity.interop;

import im.comity.policy.FederationLevel;

/**
 * The levels that the two directions of a play reached, each told by both sides: ours by the
 * associations, the peer's by its own log.
 *
 * @param ours what we say of our stream to the peer
 * @param theirs what we say of the peer's stream to us
 * @param oursByPeer what the peer's log says of our stream
 * @param theirsByPeer what the peer's log says of its stream to us
 */
record Levels(
    FederationLevel ours,
    FederationLevel theirs,
    FederationLevel oursByPeer,
    FederationLevel theirsByPeer) {

  /** Everyone says the same of both directions. */
  static Levels all(FederationLevel level) {
    return new Levels(level, level, level, level);
  }
}
