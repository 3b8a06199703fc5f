package im.comity.transport;

/** Connections in memory, through the same pipeline as those over TCP, for tests and embedding. */
public final class PipeTransport {
  private PipeTransport() {}

  /** Two connected ends. */
  public record Pair(Transport left, Transport right) {}

  /**
   * Two connected ends on the loops of a network, which must be one of {@link NettyNetwork}.
   *
   * <p>There is no socket buffer between them: an end is always {@link Transport#writable}, and
   * what the other does not read waits in memory.
   */
  public static Pair pair(Network network) {
    if (network instanceof NettyNetwork netty) {
      return netty.pipe();
    }
    throw new IllegalArgumentException("only on a network of Netty");
  }
}
