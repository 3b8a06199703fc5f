package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import im.comity.testkit.Clause;
import im.comity.xml.Oracle.Reading;
import im.comity.xml.Oracle.Refused;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The scanner against Woodstox, the JDK's parser and expat: never does it accept what one of them
 * refuses, nor relay what two of them read differently. {@link ScannerTwinsFuzz} does the same with
 * inputs that it searches.
 */
class ElementScannerTwinsTest {
  private static final Differential TWINS = new Differential(Oracle.all());

  static List<String> streams() {
    return ElementScannerChunksTest.STREAMS;
  }

  @Test
  void expatIsAmongTheTwins() {
    assumeFalse(Expat.parsers().isEmpty(), "no libexpat.so.1 here: compared with two parsers only");
    assertThat(Expat.parsers()).hasSize(2);
    assertThat(Oracle.all()).hasSize(4);
  }

  @Test
  void theTwinsReadWhatWasWritten() throws Refused {
    for (Oracle oracle : Oracle.all()) {
      assertThat(
              oracle
                  .read(
                      "<s:s xmlns:s='u'> <a b='1' s:b='&#9;'>x<![CDATA[y]]>&lt;</a> </s:s>"
                          .getBytes(UTF_8))
                  .events())
          .as(oracle.name())
          .containsExactly("<{u}s []", "<{}a [{u}b=\t, {}b=1]", "\"xy<", ">", ">");
      for (String refused : List.of("<a>", "<a></b>", "<a>&#1;</a>", "<p:a/>", "<a b='' b=''/>")) {
        assertThatThrownBy(() -> oracle.read(refused.getBytes(UTF_8)))
            .as(oracle.name() + refused)
            .isInstanceOf(Refused.class);
      }
    }
  }

  @Test
  void aDifferenceWouldBeNoticed() {
    Oracle refuses =
        new Oracle() {
          @Override
          public String name() {
            return "one that refuses";
          }

          @Override
          public Reading read(byte[] document) throws Refused {
            throw new Refused("everything");
          }
        };
    Oracle misreads =
        new Oracle() {
          @Override
          public String name() {
            return "one that reads something else";
          }

          @Override
          public Reading read(byte[] document) {
            return new Reading();
          }
        };
    byte[] document = (Scan.HEADER + "<a/></stream:stream>").getBytes(UTF_8);
    for (Oracle other : List.of(refuses, misreads)) {
      Differential twins = new Differential(List.of(Oracle.jdk(), other));
      assertThatThrownBy(() -> twins.check(document)).isInstanceOf(AssertionError.class);
    }
  }

  @ParameterizedTest
  @MethodSource("streams")
  void goldenStreamsAreReadAsTheTwinsReadThem(String name) {
    byte[] stream = ElementScannerChunksTest.stream(name);
    assertThat(TWINS.check(stream)).isPositive();
    for (int cut = 0; cut < stream.length; cut += 7) {
      TWINS.check(Arrays.copyOf(stream, cut));
    }
  }

  @Test
  @Clause({"S2S-XML-05", "S2S-XML-06", "S2S-XML-08", "S2S-XML-10", "S2S-NS-10"})
  void randomStreamsAreReadAsTheTwinsReadThem() {
    int compared = 0;
    for (int seed = 0; seed < 4000; seed++) {
      Random random = new Random(seed);
      Documents documents = new Documents(random);
      byte[] document = documents.next();
      try {
        compared += TWINS.check(document);
        compared += TWINS.check(documents.spoil(document));
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
    // Else the documents are too often malformed for the comparison to say much.
    assertThat(compared).isGreaterThan(4000);
  }
}
