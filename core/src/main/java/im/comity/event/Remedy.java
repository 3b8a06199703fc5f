package im.comity.event;

/**
 * What a person reads about a failure.
 *
 * @param who who must act
 * @param sentence what happened, with the evidence
 * @param remedy what to do
 */
public record Remedy(Party who, String sentence, String remedy) {
  /** Who must act. */
  public enum Party {
    /** The operator of this server. */
    US,
    /** The operator of the other server. */
    THEM,
    /** Who runs the domain's DNS. */
    DNS,
    /** Whoever runs the path between. */
    NETWORK
  }
}
