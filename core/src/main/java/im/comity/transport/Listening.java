package im.comity.transport;

import java.net.InetSocketAddress;

/** A socket that accepts connections. */
public interface Listening extends AutoCloseable {
  /** Where it listens, with the port it was given if none was asked for. */
  InetSocketAddress address();

  /** Stops accepting. Connections accepted before stay. */
  @Override
  void close();
}
