package im.comity.transport;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * Where and from whom connections are accepted.
 *
 * @param address where to listen; port 0 takes any free one
 * @param proxyFrom networks in CIDR form whose hosts must begin each connection with a header of
 *     the PROXY protocol, version 1 or 2; what others send of it is ordinary bytes
 * @param maxConnectionsPerAddress how many connections one peer address may have open here; further
 *     ones are closed without a byte (S2S-TCP-13). An IPv6 network of 64 bits counts as one
 *     address, and behind a proxy the address that it tells counts
 */
public record ListenOptions(
    InetSocketAddress address, List<String> proxyFrom, int maxConnectionsPerAddress) {

  /**
   * What is shipped. Some servers open a connection for each pair, so that a large provider, or
   * what looks like one address behind a translator, comes with thousands; this bound only keeps
   * one address from taking all descriptors. From those who have proven nothing {@link
   * StrangerLimits} protects, long before.
   */
  public static final int CONNECTIONS_PER_ADDRESS = 10_000;

  public ListenOptions {
    proxyFrom = List.copyOf(proxyFrom);
    if (maxConnectionsPerAddress < 1) {
      throw new IllegalArgumentException("maxConnectionsPerAddress must be positive");
    }
  }

  /** Without proxies, and with {@link #CONNECTIONS_PER_ADDRESS}. */
  public static ListenOptions at(InetSocketAddress address) {
    return new ListenOptions(address, List.of(), CONNECTIONS_PER_ADDRESS);
  }
}
