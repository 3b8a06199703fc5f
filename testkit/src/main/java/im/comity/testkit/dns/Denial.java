package im.comity.testkit.dns;

import java.util.HexFormat;

/** How a signed zone proves that something does not exist. */
public sealed interface Denial {
  /** Plain names (RFC 4034 section 4). */
  Denial NSEC = new Nsec();

  /** Hashed names as RFC 9276 wants them: no iterations, no salt, no opt-out. */
  Denial NSEC3 = new Nsec3(0, false, "");

  /** Plain names (RFC 4034 section 4). */
  record Nsec() implements Denial {}

  /**
   * Hashed names (RFC 5155).
   *
   * @param iterations additional hash iterations, 0 to 65,535
   * @param optOut whether unsigned delegations are left out of the chain
   * @param salt hexadecimal digits, up to 255 octets; empty for none
   */
  record Nsec3(int iterations, boolean optOut, String salt) implements Denial {
    public Nsec3 {
      if (iterations < 0 || iterations > 0xffff) {
        throw new IllegalArgumentException("iterations out of 0 to 65535: " + iterations);
      }
      if (HexFormat.of().parseHex(salt).length > 255) {
        throw new IllegalArgumentException("salt longer than 255 octets");
      }
    }
  }
}
