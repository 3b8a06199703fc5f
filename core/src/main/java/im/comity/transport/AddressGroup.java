package im.comity.transport;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** What counts as one source of connections. */
public final class AddressGroup {
  private AddressGroup() {}

  /** The address that stands for all that one peer has: of IPv6 the first half. */
  public static InetAddress of(InetAddress address) {
    if (address instanceof Inet4Address) {
      return address;
    }
    byte[] half = new byte[16];
    System.arraycopy(address.getAddress(), 0, half, 0, 8);
    try {
      return InetAddress.getByAddress(half);
    } catch (UnknownHostException e) {
      throw new AssertionError("16 bytes are an address", e);
    }
  }
}
