package im.comity.transport;

import java.net.InetAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asked about each connection before anything is made for it: no buffer, no thread, no handshake.
 * Called on event loops, so that it must not block.
 */
public interface Gate {
  /**
   * What an admitted connection has. Cancelled when the peer is proven or the connection closed.
   */
  interface Place extends Cancellable {
    /**
     * The peer has shown that it means to speak with us, or could not for a reason of ours. Once or
     * more often, on any thread.
     */
    default void greeted() {}
  }

  /** Lets everybody in. */
  Gate OPEN = from -> () -> {};

  /**
   * Whether a connection may come in.
   *
   * @return to be cancelled when the peer is proven or the connection closed, once or more often;
   *     null if it is to be closed without a byte
   */
  @Nullable Place admit(InetAddress from);

  /**
   * How long a connection that was admitted may go on without a {@linkplain FirstWord first word}
   * until it is handed to who accepts all the same, by whose deadline it then ends. Zero hands it
   * on at once.
   */
  default Duration patience() {
    return Duration.ZERO;
  }

  /**
   * Asks for the turn of a TLS handshake, for a connection that was admitted. Unless a gate says
   * otherwise it has come.
   *
   * @param go to be run when the turn has come, on any thread, before this returns or later
   * @param giveUp to be run instead or afterwards, the same, when the connection is to be dropped
   * @return to be cancelled when the handshake is over or the connection closed, once or more often
   */
  default Cancellable turn(InetAddress from, Runnable go, Runnable giveUp) {
    go.run();
    return () -> {};
  }

  /** An address was turned away since it has as many connections as it may have, proven or not. */
  default void full(InetAddress from, int most) {}
}
