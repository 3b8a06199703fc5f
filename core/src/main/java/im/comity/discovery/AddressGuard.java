package im.comity.discovery;

import java.net.Inet4Address;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses may be connected to because a stranger's DNS names them.
 *
 * <p>Anybody can publish an SRV record that leads to the machine next to us. So only addresses that
 * are globally reachable unicast (by IANA's special-purpose registries) are allowed, and what is
 * inside the house by setting only. Link-local, multicast, unspecified, IPv4-mapped, reserved,
 * benchmarking and documentation addresses are never allowed: no setting makes sense of them. An
 * IPv4 address embedded in NAT64's well-known prefix is judged as itself.
 *
 * @param loopback allow 127.0.0.0/8 and ::1
 * @param privateNetworks allow RFC 1918, RFC 6598 (carrier-grade NAT) and unique local addresses
 */
public record AddressGuard(boolean loopback, boolean privateNetworks) {
  /** The default: globally reachable addresses only. */
  public static final AddressGuard PUBLIC_ONLY = new AddressGuard(false, false);

  /** For tests and demonstrations on one machine. */
  public static final AddressGuard LOOPBACK_TOO = new AddressGuard(true, false);

  /** For federation inside private networks. */
  public static final AddressGuard PRIVATE_TOO = new AddressGuard(true, true);

  /** Why this address must not be connected to, as a noun for people, or null if it may. */
  public @Nullable String refusal(InetAddress address) {
    byte[] octets = address.getAddress();
    return address instanceof Inet4Address ? refusal4(octets, 0) : refusal6(octets);
  }

  private @Nullable String refusal4(byte[] octets, int at) {
    int a = octets[at] & 0xff;
    int b = octets[at + 1] & 0xff;
    int c = octets[at + 2] & 0xff;
    return switch (a) {
      case 0 -> "unspecified address";
      case 10 -> privateNetwork();
      case 100 -> b >= 64 && b <= 127 ? privateNetwork("carrier-grade NAT address") : null;
      case 127 -> loopback ? null : "loopback address";
      case 169 -> b == 254 ? "link-local address" : null;
      case 172 -> b >= 16 && b <= 31 ? privateNetwork() : null;
      case 192 ->
          switch (b) {
            case 0 -> c == 0 ? "reserved address" : c == 2 ? "documentation address" : null;
            case 88 -> c == 99 ? "reserved address" : null;
            case 168 -> privateNetwork();
            default -> null;
          };
      case 198 ->
          b == 18 || b == 19
              ? "benchmarking address"
              : b == 51 && c == 100 ? "documentation address" : null;
      case 203 -> b == 0 && c == 113 ? "documentation address" : null;
      default -> a < 224 ? null : a < 240 ? "multicast address" : "reserved address";
    };
  }

  private @Nullable String refusal6(byte[] octets) {
    int first = group(octets, 0);
    int second = group(octets, 1);
    if (zero(octets, 0, 10)) {
      if (group(octets, 5) == 0xffff) {
        return "IPv4-mapped address";
      }
      if (zero(octets, 10, 15)) {
        if (octets[15] == 0) {
          return "unspecified address";
        }
        if (octets[15] == 1) {
          return loopback ? null : "loopback address";
        }
      }
      return "reserved address";
    }
    if (first == 0x64 && second == 0xff9b && zero(octets, 4, 12)) {
      return refusal4(octets, 12);
    }
    if ((first & 0xfe00) == 0xfc00) {
      return privateNetwork("unique local address");
    }
    if ((first & 0xffc0) == 0xfe80) {
      return "link-local address";
    }
    if ((first & 0xff00) == 0xff00) {
      return "multicast address";
    }
    if ((first & 0xe000) != 0x2000) {
      return "reserved address"; // only 2000::/3 is given out as global unicast
    }
    if ((first == 0x2001 && second == 0xdb8) || (first == 0x3fff && second < 0x1000)) {
      return "documentation address";
    }
    // 2001::/23 is for protocols (Teredo, benchmarking, ORCHID...) and 2002::/16 was 6to4, whose
    // addresses hide any IPv4 address.
    if ((first == 0x2001 && second < 0x200) || first == 0x2002) {
      return "reserved address";
    }
    return null;
  }

  private @Nullable String privateNetwork() {
    return privateNetwork("private address");
  }

  private @Nullable String privateNetwork(String name) {
    return privateNetworks ? null : name;
  }

  private static int group(byte[] octets, int index) {
    return (octets[2 * index] & 0xff) << 8 | (octets[2 * index + 1] & 0xff);
  }

  private static boolean zero(byte[] octets, int from, int to) {
    for (int i = from; i < to; i++) {
      if (octets[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
