package im.comity.discovery;

import java.net.InetAddress;

/** The data of one record of an answer. */
public sealed interface DnsRecord {
  /**
   * An SRV record (RFC 2782).
   *
   * @param priority 0 to 65535, the lowest is tried first
   * @param weight 0 to 65535, the share among equal priorities
   * @param port 0 to 65535; 0 is no port one can connect to
   * @param target absolute name of the host in A-labels, without the last dot; {@code "."} when the
   *     service is decidedly not available
   */
  record Service(int priority, int weight, int port, String target) implements DnsRecord {
    /** Whether this record says that the service is decidedly not available. */
    public boolean isNotOffered() {
      return target.equals(".");
    }
  }

  /**
   * An A or AAAA record.
   *
   * @param address an {@code Inet6Address} for every AAAA record, also where the JDK would like to
   *     turn an IPv4-mapped one into an {@code Inet4Address}
   */
  record Address(InetAddress address) implements DnsRecord {}
}
