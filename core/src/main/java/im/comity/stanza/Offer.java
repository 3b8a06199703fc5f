package im.comity.stanza;

/** What became of a stanza handed on. */
public sealed interface Offer {
  /** It was taken. */
  Accepted ACCEPTED = new Accepted();

  /** It was not taken, for there is no room; trying again later may help. */
  Full FULL = new Full();

  /** It was not taken, and nothing will be any more. */
  Closed CLOSED = new Closed();

  /** {@link #ACCEPTED}. */
  record Accepted() implements Offer {}

  /** {@link #FULL}. */
  record Full() implements Offer {}

  /** {@link #CLOSED}. */
  record Closed() implements Offer {}
}
