package im.comity.event;

/** Carries a failure of the catalogue out of a conversation. */
public final class NegotiationException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient NegotiationFailure failure;

  /** Wraps the failure. */
  public NegotiationException(NegotiationFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  /** What failed. */
  public NegotiationFailure failure() {
    return failure;
  }
}
