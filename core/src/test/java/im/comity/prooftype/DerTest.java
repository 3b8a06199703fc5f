package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateParsingException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DerTest {
  @Test
  void elementsAreEnteredAndPassed() throws CertificateParsingException {
    Der two = der("30 07 0C 01 61 04 02 01 02").enter(Der.SEQUENCE);
    assertThat(two.string()).isEqualTo("a");
    assertThat(two.tag()).isEqualTo(Der.OCTET_STRING);
    assertThat(two.next().rest()).containsExactly(1, 2);
    assertThat(two.hasMore()).isFalse();
  }

  @Test
  void longLengthsAreRead() throws CertificateParsingException {
    String text = "x".repeat(300);
    byte[] octets = new byte[304];
    octets[0] = 0x16;
    octets[1] = (byte) 0x82;
    octets[2] = 1;
    octets[3] = 44;
    System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, octets, 4, 300);
    assertThat(Der.of(octets).string()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // nothing
        "30", // no length
        "30 01", // shorter than it says
        "30 80 00 00", // indefinite
        "30 84 00 00 00 00", // a length of four octets
        "30 83 FF FF FF", // far longer than what is there
        "30 81", // a length that is cut off
        "3F 81 00 00", // a tag of two octets
        "31 00" // another tag
      })
  void whatIsBrokenIsRefused(String hex) {
    assertThatThrownBy(() -> der(hex).enter(Der.SEQUENCE))
        .isInstanceOf(CertificateParsingException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"04 01 61", "0C 01 FF", "1E 02 00 61"})
  void whatIsNoTextIsRefused(String hex) {
    assertThatThrownBy(() -> der(hex).string()).isInstanceOf(CertificateParsingException.class);
  }

  private static Der der(String hex) {
    return Der.of(HexFormat.of().parseHex(hex.replace(" ", "")));
  }
}
