package im.comity.transport;

/** Something that was arranged for later and can be called off. */
@FunctionalInterface
public interface Cancellable {
  /** Calls it off. Has no effect on what has run already, nor when called again. */
  void cancel();
}
