package im.comity.discovery;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order in which the addresses of one priority group are tried (RFC 8305 section 4, XEP-0495
 * section 4.3). Pure.
 *
 * <p>Of RFC 6724's rules for destinations those are applied that need no knowledge of the source
 * address: precedence (6) and scope (8), then, as XEP-0495 wants, the order drawn by SRV weight,
 * then the order in which DNS gave the addresses (10). What an unreachable family costs is one
 * attempt that fails at once.
 */
final class AddressOrder {
  private static final Comparator<Endpoint> DESTINATIONS =
      Comparator.<Endpoint>comparingInt(e -> -precedence(e.address()))
          .thenComparingInt(e -> scope(e.address()))
          .thenComparingInt(Endpoint::rank);

  private AddressOrder() {}

  /**
   * All endpoints in the order to try them, the families taking turns as long as both have some.
   *
   * @param previous the address tried last in this group, whose family is not the next one's; null
   *     at the beginning
   */
  static List<Endpoint> of(Collection<Endpoint> endpoints, @Nullable InetAddress previous) {
    List<Endpoint> sorted = endpoints.stream().sorted(DESTINATIONS).toList();
    if (sorted.isEmpty()) {
      return sorted;
    }
    boolean turn = previous == null ? isIpv4(sorted.getFirst().address()) : !isIpv4(previous);
    Deque<Endpoint> ipv4 = new ArrayDeque<>();
    Deque<Endpoint> ipv6 = new ArrayDeque<>();
    sorted.forEach(e -> (isIpv4(e.address()) ? ipv4 : ipv6).add(e));
    List<Endpoint> ordered = new ArrayList<>(sorted.size());
    for (; ordered.size() < sorted.size(); turn = !turn) {
      Endpoint next = (turn ? ipv4 : ipv6).poll();
      if (next != null) {
        ordered.add(next);
      }
    }
    return ordered;
  }

  static boolean isIpv4(InetAddress address) {
    return address instanceof Inet4Address;
  }

  /** RFC 6724 section 2.1, without the IPv4-mapped and -compatible prefixes nobody can reach. */
  private static int precedence(InetAddress address) {
    if (isIpv4(address)) {
      return 35;
    }
    byte[] octets = address.getAddress();
    int first = (octets[0] & 0xff) << 8 | (octets[1] & 0xff);
    int second = (octets[2] & 0xff) << 8 | (octets[3] & 0xff);
    if (address.isLoopbackAddress()) {
      return 50;
    }
    if (first == 0x2002) {
      return 30;
    }
    if (first == 0x2001 && second == 0) {
      return 5;
    }
    if ((first & 0xfe00) == 0xfc00) {
      return 3;
    }
    if ((first & 0xffc0) == 0xfec0 || first == 0x3ffe) {
      return 1;
    }
    return 40;
  }

  /** Smaller is nearer; RFC 6724 section 3.2 counts private IPv4 addresses as global. */
  private static int scope(InetAddress address) {
    return address.isLinkLocalAddress() || address.isLoopbackAddress() ? 0 : 1;
  }
}
