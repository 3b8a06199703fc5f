package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AddressOrderTest {
  /** Endpoints from words like {@code 0/1.1.1.1}: the candidate's place and the address. */
  private static List<Endpoint> endpoints(String words) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (String word : words.strip().split(" +", -1)) {
      int slash = word.indexOf('/');
      int rank = Integer.parseInt(word.substring(0, slash));
      InetAddress address = InetAddress.ofLiteral(word.substring(slash + 1));
      endpoints.add(
          new Endpoint(
              new Candidate("h" + rank, 5269, false, 1, 0, false),
              rank,
              new InetSocketAddress(address, 5269)));
    }
    return endpoints;
  }

  @ParameterizedTest(name = "{0}: {1} -> {2}")
  @CsvSource({
    "the families take turns and IPv6 begins,"
        + "0/1.1.1.1 0/1.1.1.2 0/2a00::1 0/2a00::2,"
        + "0/2a00::1 0/1.1.1.1 0/2a00::2 0/1.1.1.2",
    "what one family has more comes last,"
        + "0/1.1.1.1 0/2a00::1 0/2a00::2 0/2a00::3,"
        + "0/2a00::1 0/1.1.1.1 0/2a00::2 0/2a00::3",
    "in one family the order of the draw decides,"
        + "2/1.1.1.3 0/1.1.1.1 1/1.1.1.2,"
        + "0/1.1.1.1 1/1.1.1.2 2/1.1.1.3",
    "for one candidate the order of the answer decides,"
        + "0/1.1.1.3 0/1.1.1.1 0/1.1.1.2,"
        + "0/1.1.1.3 0/1.1.1.1 0/1.1.1.2",
    "the draw decides in each family,"
        + "1/2a00::2 1/1.1.1.2 0/2a00::1 0/1.1.1.1,"
        + "0/2a00::1 0/1.1.1.1 1/2a00::2 1/1.1.1.2",
    "precedence comes before the draw,"
        + "0/fd00::1 0/1.1.1.1 1/2a00::1,"
        + "1/2a00::1 0/1.1.1.1 0/fd00::1",
    "IPv4 begins where all IPv6 addresses have less precedence,"
        + "0/fd00::1 0/1.1.1.1,"
        + "0/1.1.1.1 0/fd00::1",
    "6to4 and Teredo come after native IPv6,"
        + "0/2001::1 0/2002::1 0/2a00::1,"
        + "0/2a00::1 0/2002::1 0/2001::1",
    "site-local and 6bone addresses come last, "
        + "0/fec0::1 0/fd00::1 0/3ffe::1,"
        + "0/fd00::1 0/fec0::1 0/3ffe::1",
    "loopback is nearest,"
        + "0/2a00::1 0/::1 0/127.0.0.1 0/1.1.1.1,"
        + "0/::1 0/127.0.0.1 0/2a00::1 0/1.1.1.1",
    "link-local is nearer than global," + "0/1.1.1.1 0/169.254.1.1,0/169.254.1.1 0/1.1.1.1",
  })
  @Clause("S2S-TCP-04")
  void addressesAreSortedAndInterleaved(String name, String given, String expected) {
    assertThat(AddressOrder.of(endpoints(given), null)).as(name).isEqualTo(endpoints(expected));
  }

  @Test
  @Clause("S2S-TCP-04")
  void theOtherFamilyThanTheLastTriedComesNext() {
    List<Endpoint> left = endpoints("0/2a00::2 0/1.1.1.1 0/2a00::3");
    assertThat(AddressOrder.of(left, InetAddress.ofLiteral("2a00::1")))
        .isEqualTo(endpoints("0/1.1.1.1 0/2a00::2 0/2a00::3"));
    assertThat(AddressOrder.of(left, InetAddress.ofLiteral("1.1.1.9")))
        .isEqualTo(endpoints("0/2a00::2 0/1.1.1.1 0/2a00::3"));
  }

  @Test
  void nothingIsOrderedToNothing() {
    assertThat(AddressOrder.of(Arrays.asList(), null)).isEmpty();
  }
}
