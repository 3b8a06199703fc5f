package im.comity.address;

/**
 * Sender and target domain together, in the direction in which stanzas flow (XEP-0220).
 *
 * <p>For an inbound stanza the sender is the remote domain. The way back is another pair, with its
 * own permission: {@link #reversed()}.
 *
 * @param sender the domainpart of {@code from}
 * @param target the domainpart of {@code to}
 */
public record DomainPair(Domain sender, Domain target) {
  /** The pair of the way back. */
  public DomainPair reversed() {
    return new DomainPair(target, sender);
  }

  /** For people: {@code north.example -> south.example}. */
  @Override
  public String toString() {
    return sender + " -> " + target;
  }
}
