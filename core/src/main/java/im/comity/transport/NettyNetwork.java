package im.comity.transport;

/** The network on Netty: epoll where there is one, NIO else. */
@SuppressWarnings("DoNotCallSuggester")
public final class NettyNetwork {
  private NettyNetwork() {}

  /**
   * Starts the event loops.
   *
   * @throws IllegalStateException the TLS provider asked for cannot be had
   */
  public static Network open(NetworkOptions options) {
    throw new UnsupportedOperationException(options.toString());
  }
}
