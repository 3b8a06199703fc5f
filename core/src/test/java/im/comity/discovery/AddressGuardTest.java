package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AddressGuardTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2a00:1450:4001::1",
        "3ffe::1",
        "3fff:1000::1",
        "64:ff9b::1.1.1.1",
      })
  void aGloballyReachableAddressIsAllowed(String address) {
    assertThat(AddressGuard.PUBLIC_ONLY.refusal(InetAddress.ofLiteral(address))).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, loopback address",
    "127.255.255.255, loopback address",
    "::1, loopback address",
    "64:ff9b::127.0.0.1, loopback address",
  })
  void loopbackIsAllowedBySettingOnly(String address, String refusal) {
    InetAddress parsed = InetAddress.ofLiteral(address);
    assertThat(AddressGuard.PUBLIC_ONLY.refusal(parsed)).isEqualTo(refusal);
    assertThat(new AddressGuard(false, true).refusal(parsed)).isEqualTo(refusal);
    assertThat(AddressGuard.LOOPBACK_TOO.refusal(parsed)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0, private address",
    "10.255.255.255, private address",
    "172.16.0.0, private address",
    "172.31.255.255, private address",
    "192.168.0.1, private address",
    "100.64.0.0, carrier-grade NAT address",
    "100.127.255.255, carrier-grade NAT address",
    "fc00::1, unique local address",
    "fdff::1, unique local address",
    "64:ff9b::192.168.0.1, private address",
  })
  void privateNetworksAreAllowedBySettingOnly(String address, String refusal) {
    InetAddress parsed = InetAddress.ofLiteral(address);
    assertThat(AddressGuard.PUBLIC_ONLY.refusal(parsed)).isEqualTo(refusal);
    assertThat(AddressGuard.LOOPBACK_TOO.refusal(parsed)).isEqualTo(refusal);
    assertThat(AddressGuard.PRIVATE_TOO.refusal(parsed)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0, unspecified address",
    "0.1.2.3, unspecified address",
    "::, unspecified address",
    "169.254.169.254, link-local address",
    "fe80::1, link-local address",
    "febf::1, link-local address",
    "224.0.0.1, multicast address",
    "239.255.255.255, multicast address",
    "ff02::1, multicast address",
    "240.0.0.1, reserved address",
    "255.255.255.255, reserved address",
    "192.0.0.1, reserved address",
    "192.88.99.1, reserved address",
    "192.0.2.1, documentation address",
    "198.51.100.1, documentation address",
    "203.0.113.1, documentation address",
    "198.18.0.1, benchmarking address",
    "198.19.255.255, benchmarking address",
    "2001:db8::1, documentation address",
    "3fff::1, documentation address",
    "2001::1, reserved address",
    "2001:1ff::1, reserved address",
    "2002:a00:1::1, reserved address",
    "::2, reserved address",
    "::7f00:1, reserved address",
    "::1:0:0:1, reserved address",
    "64:ff9b:1::1, reserved address",
    "100::1, reserved address",
    "1fff::1, reserved address",
    "4000::1, reserved address",
    "5f00::1, reserved address",
    "fec0::1, reserved address",
    "64:ff9b::169.254.169.254, link-local address",
  })
  void whatNoSettingMakesSenseOfIsNeverAllowed(String address, String refusal) {
    InetAddress parsed = InetAddress.ofLiteral(address);
    assertThat(AddressGuard.PUBLIC_ONLY.refusal(parsed)).isEqualTo(refusal);
    assertThat(AddressGuard.PRIVATE_TOO.refusal(parsed)).isEqualTo(refusal);
  }

  @Test
  void anIpv4MappedAddressIsNeverAllowedThoughTheIpv4AddressIs() throws UnknownHostException {
    byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 1, 1, 1, 1};
    assertThat(AddressGuard.PRIVATE_TOO.refusal(Inet6Address.getByAddress(null, mapped, -1)))
        .isEqualTo("IPv4-mapped address");
  }
}
