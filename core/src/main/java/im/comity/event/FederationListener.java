package im.comity.event;

/** Watches a federation. */
@FunctionalInterface
public interface FederationListener {
  /**
   * Something happened. Called on event loops and on virtual threads, by several at once: must be
   * thread-safe, quick, and must not block nor throw.
   */
  void on(FederationEvent event);
}
