package im.comity.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes connections, and owns the event loops they live on. */
public interface Network extends AutoCloseable {
  /**
   * Opens a TCP connection. Never looks up a name.
   *
   * @param to a resolved address
   * @param source the address of ours to come from, or null for any
   * @return completes with the connection, or with an {@link IOException}; cancelling it gives up
   *     the attempt
   */
  CompletableFuture<Transport> connect(InetSocketAddress to, @Nullable InetAddress source);

  /**
   * Accepts TCP connections.
   *
   * @param accepted called on the event loop of each new connection: it must not block, and hands
   *     over to a thread
   * @throws IOException the address cannot be had
   */
  default Listening listen(ListenOptions options, Consumer<Transport> accepted) throws IOException {
    return listen(options, Gate.OPEN, accepted);
  }

  /**
   * The same with somebody at the gate.
   *
   * @param gate asked about each connection; {@link Transport#proven} and the end of it give back
   *     what it gave
   * @throws IOException the address cannot be had
   */
  Listening listen(ListenOptions options, Gate gate, Consumer<Transport> accepted)
      throws IOException;

  /** Connections that are open now, in-memory ones included. */
  int openConnections();

  /** Buffers written that were neither sent nor dropped yet; zero when all is quiet. */
  int outstandingBuffers();

  /** Drops all connections, stops listening, and waits for the event loops to end. */
  @Override
  void close();
}
