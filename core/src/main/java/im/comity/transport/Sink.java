package im.comity.transport;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Takes what a connection receives, from {@link Transport#handOver} on. All calls come on the event
 * loop of the connection and must not block. An unchecked exception out of any of them drops the
 * connection.
 */
public interface Sink {
  /** The first call, once: from now on the connection is the sink's. */
  void begin();

  /**
   * A run of bytes, in the order in which they came.
   *
   * @param bytes belongs to the event loop and is valid during this call only: who keeps, copies
   */
  void received(byte[] bytes, int from, int to);

  /**
   * All that could be read for now was given: the moment to flush what was written on account of
   * it.
   */
  void readComplete();

  /** {@link Transport#writable()} has become true again. */
  void writable();

  /**
   * The last call, once: nothing more will be received.
   *
   * @param cause null if the peer ended in an orderly way (a FIN in the clear, a {@code
   *     close_notify} under TLS) or we closed ourselves, else what broke the connection; a
   *     truncation under TLS is such a cause (S2S-CLS-04)
   */
  void ended(@Nullable IOException cause);
}
