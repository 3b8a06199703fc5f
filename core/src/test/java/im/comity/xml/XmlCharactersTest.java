package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import im.comity.xml.Oracle.Refused;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class XmlCharactersTest {
  private static final int LAST = Character.MAX_CODE_POINT;

  /** NameStartChar of the fifth edition, production 4, without the colon. */
  private static boolean startsFifthEditionName(int c) {
    return isIn(
        c, 'A', 'Z', '_', '_', 'a', 'z', 0xC0, 0xD6, 0xD8, 0xF6, 0xF8, 0x2FF, 0x370, 0x37D, 0x37F,
        0x1FFF, 0x200C, 0x200D, 0x2070, 0x218F, 0x2C00, 0x2FEF, 0x3001, 0xD7FF, 0xF900, 0xFDCF,
        0xFDF0, 0xFFFD, 0x10000, 0xEFFFF);
  }

  /** NameChar of the fifth edition, production 4a. */
  private static boolean isInFifthEditionName(int c) {
    return startsFifthEditionName(c)
        || isIn(c, '-', '-', '.', '.', '0', '9', 0xB7, 0xB7, 0x300, 0x36F, 0x203F, 0x2040);
  }

  private static boolean isIn(int c, int... ranges) {
    for (int i = 0; i < ranges.length; i += 2) {
      if (c >= ranges[i] && c <= ranges[i + 1]) {
        return true;
      }
    }
    return false;
  }

  @Test
  void namesOfTheFourthEditionAreNamesOfTheFifth() {
    for (int c = 0; c <= LAST; c++) {
      if (XmlCharacters.isNameStart(c)) {
        assertThat(startsFifthEditionName(c)).as("U+%04X", c).isTrue();
        assertThat(XmlCharacters.isName(c)).as("U+%04X", c).isTrue();
      }
      if (XmlCharacters.isName(c)) {
        assertThat(isInFifthEditionName(c)).as("U+%04X", c).isTrue();
        assertThat(XmlCharacters.isChar(c)).as("U+%04X", c).isTrue();
      }
    }
  }

  @Test
  void everyParserAcceptsEveryNameCharacterThatWeAccept() throws Refused {
    assertAllAccept(namesOf(XmlCharacters::isNameStart, ""));
    assertAllAccept(namesOf(XmlCharacters::isName, "p:a"));
  }

  @Test
  void someParserRefusesEveryNameCharacterNextToThoseWeAccept() {
    List<Oracle> oracles = Oracle.all();
    int edges = 0;
    for (int c = 0x80; c <= 0x10001; c++) {
      if (!XmlCharacters.isChar(c)) {
        continue;
      }
      boolean edge =
          !XmlCharacters.isName(c) && (XmlCharacters.isName(c - 1) || XmlCharacters.isName(c + 1));
      boolean startEdge =
          !XmlCharacters.isNameStart(c)
              && (XmlCharacters.isNameStart(c - 1) || XmlCharacters.isNameStart(c + 1));
      if (edge) {
        edges++;
        assertThat(someRefuses(oracles, "<a" + Character.toString(c) + "/>"))
            .as("U+%04X", c)
            .isTrue();
      }
      if (startEdge) {
        edges++;
        assertThat(someRefuses(oracles, "<" + Character.toString(c) + "/>"))
            .as("U+%04X", c)
            .isTrue();
      }
    }
    assertThat(edges).isGreaterThan(600);
  }

  @Test
  @Clause("S2S-XML-10")
  void theScannerTakesExactlyTheCharactersOfXml() {
    for (int c = 1; c <= LAST; c++) {
      if (XmlCharacters.isChar(c)
          != isIn(c, 9, 10, 13, 13, 0x20, 0xD7FF, 0xE000, 0xFFFD, 0x10000, LAST)) {
        throw new AssertionError(c);
      }
    }
    // Every plane at both ends, and all of the first with what is next to it.
    IntStream.concat(IntStream.rangeClosed(1, 0x10100), IntStream.rangeClosed(0x10FF00, LAST))
        .filter(c -> c < 0x3000 || c > 0xD000)
        .forEach(
            c -> {
              String reference = Scan.HEADER + "<a>&#" + c + ";</a>";
              assertThat(Scan.accepts(reference))
                  .as("reference U+%04X", c)
                  .isEqualTo(XmlCharacters.isChar(c));
              if (c != '<' && c != '&' && (c < 0xD800 || c > 0xDFFF)) {
                String text = Scan.HEADER + "<a>" + Character.toString(c) + "</a>";
                assertThat(Scan.accepts(text))
                    .as("text U+%04X", c)
                    .isEqualTo(XmlCharacters.isChar(c));
              }
            });
  }

  @Test
  void theScannerTakesExactlyTheNameCharacters() {
    IntStream.rangeClosed(0x80, 0x10010)
        .filter(c -> c < 0xD800 || c > 0xDFFF)
        .forEach(
            c -> {
              String character = Character.toString(c);
              assertThat(Scan.accepts(Scan.HEADER + "<" + character + "/>"))
                  .as("start U+%04X", c)
                  .isEqualTo(XmlCharacters.isNameStart(c));
              assertThat(Scan.accepts(Scan.HEADER + "<a a" + character + "=''/>"))
                  .as("name U+%04X", c)
                  .isEqualTo(XmlCharacters.isName(c));
            });
  }

  private static byte[] namesOf(IntPredicate characters, String before) {
    StringBuilder document = new StringBuilder("<s xmlns:p='urn:p'>");
    IntStream.rangeClosed(0, LAST)
        .filter(characters)
        .forEach(
            c ->
                document
                    .append('<')
                    .append(before)
                    .appendCodePoint(c)
                    .append(" ")
                    .append(before)
                    .appendCodePoint(c)
                    .append("=''/>"));
    return document.append("</s>").toString().getBytes(UTF_8);
  }

  private static void assertAllAccept(byte[] document) throws Refused {
    List<String> first = null;
    for (Oracle oracle : Oracle.all()) {
      List<String> events = oracle.read(document).events();
      assertThat(events).hasSizeGreaterThan(20_000);
      if (first == null) {
        first = events;
      }
      assertThat(events.equals(first)).as(oracle.name()).isTrue();
    }
  }

  private static boolean someRefuses(List<Oracle> oracles, String document) {
    for (Oracle oracle : oracles) {
      try {
        oracle.read(document.getBytes(UTF_8));
      } catch (Refused e) {
        return true;
      }
    }
    return false;
  }
}
