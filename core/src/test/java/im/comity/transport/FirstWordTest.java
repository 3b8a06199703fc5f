package im.comity.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FirstWordTest {
  /** In the table a letter stands for a byte: B for a handshake record, 0, 3 and 9 for numbers. */
  private static byte[] bytes(String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    for (int i = 0; i < bytes.length; i++) {
      switch (bytes[i]) {
        case 'B' -> bytes[i] = 22;
        case '0', '3', '9' -> bytes[i] = (byte) (bytes[i] - '0');
        case '_' -> bytes[i] = '\n';
        default -> {}
      }
    }
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "'', AWAITED",
    "'_ ', AWAITED",
    "<, AWAITED",
    "<stream:stream to='a', AWAITED",
    "<stream:stream to='a'>, SAID",
    "' _<stream:stream>', SAID",
    "<?xml version='1'?>, AWAITED",
    "<?xml version='1'?><stream:stream, AWAITED",
    "<?xml version='1'?><stream:stream>, SAID",
    "<!DOCTYPE a>, SAID",
    "<>, SAID",
    "a, NONE",
    "'  a', NONE",
    "GET / HTTP, NONE",
    "\u00ef\u00bb\u00bf<stream>, NONE",
    "\u00fe\u00ff, NONE",
    "B, AWAITED",
    "B330, AWAITED",
    "B3309, AWAITED",
    "B3309abcdefgh, AWAITED",
    "B3309abcdefghi, SAID",
    "B3309abcdefghij, SAID",
    "B3300, SAID",
    "B330\u00ff>, AWAITED",
    "' B3300', NONE"
  })
  @Clause("S2S-DOS-04")
  void isSaidWhenThereMayBeSomethingToAnswer(String text, FirstWord expected) {
    byte[] bytes = bytes(text);
    assertThat(FirstWord.in(bytes, bytes.length)).isEqualTo(expected);
    // What is behind the length has not come.
    byte[] more = Arrays.copyOf(bytes, bytes.length + 9);
    Arrays.fill(more, bytes.length, more.length, (byte) '>');
    assertThat(FirstWord.in(more, bytes.length)).isEqualTo(expected);
  }
}
