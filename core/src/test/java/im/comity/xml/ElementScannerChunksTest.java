package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import im.comity.testkit.Clause;
import im.comity.xml.ElementScanner.Event;
import im.comity.xml.Scan.Chunks;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the scanner finds does not depend on how the bytes arrive. */
class ElementScannerChunksTest {
  static final List<String> STREAMS =
      List.of("server.xml", "component.xml", "prefix-free.xml", "corners.xml");

  static byte[] stream(String name) {
    try (InputStream in = ElementScannerChunksTest.class.getResourceAsStream("streams/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> streams() {
    return STREAMS.stream();
  }

  @ParameterizedTest
  @MethodSource("streams")
  void aGoldenStreamIsReadAlikeInAnyChunks(String name) {
    byte[] document = stream(name);
    Scan whole = Scan.of(document, ScannerLimits.PROVEN, Chunks.whole());
    assertThat(whole.violation()).isNull();
    assertThat(whole.ended()).isTrue();
    assertThat(whole.elements()).hasSizeGreaterThan(2);
    for (int length = 1; length < 20; length++) {
      assertSame(whole, document, Chunks.of(length));
    }
    for (int cut = 1; cut < document.length; cut++) {
      assertSame(whole, document, Chunks.cutAt(cut));
    }
    for (int seed = 0; seed < 50; seed++) {
      assertSame(whole, document, Chunks.random(new Random(seed), 200));
    }
  }

  @Test
  void randomStreamsAreReadAlikeInAnyChunks() {
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      Documents documents = new Documents(random);
      byte[] document = documents.next();
      if (seed % 2 == 1) {
        document = documents.spoil(document);
      }
      for (ScannerLimits limits :
          List.of(
              ScannerLimits.PROVEN,
              new ScannerLimits(10_000, 4, 3, 3, 9, 12, 2),
              new ScannerLimits(200, 1, 4, 5, 12, 30, 3))) {
        Scan whole = Scan.of(document, limits, Chunks.whole());
        for (Chunks chunks :
            List.of(Chunks.bytes(), Chunks.random(random, 9), Chunks.random(random, 60))) {
          assertThat(Scan.of(document, limits, chunks).log()).as("%d", seed).isEqualTo(whole.log());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n \t\r\n"})
  @Clause("S2S-XML-12")
  void whiteSpaceBetweenElementsIsOfNoConsequence(String space) {
    ElementScanner scanner = new ElementScanner(ScannerLimits.STRANGER);
    Scan.of(scanner, Scan.HEADER.getBytes(UTF_8), Chunks.whole());
    byte[] bytes = space.repeat(100_000).getBytes(UTF_8);
    assertThat(scanner.scan(bytes, 0, bytes.length)).isEqualTo(Event.MORE);
    assertThat(scanner.betweenElements()).isTrue();
  }

  @Test
  void anElementThatArrivesInPiecesIsTheSameElement() {
    byte[] stanza = "<message to='a@b.example'><body>hello</body></message>".getBytes(UTF_8);
    for (int cut = 1; cut < stanza.length; cut++) {
      ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
      Scan.of(scanner, Scan.HEADER.getBytes(UTF_8), Chunks.whole());
      byte[] first = Arrays.copyOf(stanza, cut);
      assertThat(scanner.scan(first, 0, cut)).isEqualTo(Event.MORE);
      // The caller may do with its array what it likes after the call.
      Arrays.fill(first, (byte) '<');
      assertThat(scanner.scan(stanza, cut, stanza.length)).isEqualTo(Event.ELEMENT);
      assertThat(scanner.element().octets()).isEqualTo(Octets.of(stanza));
      assertThat(scanner.element().start().attribute("to")).isEqualTo("a@b.example");
    }
  }

  @Test
  void nothingIsAllocatedForElementsInsideTheChunk() {
    byte[] corpus = ScannerRate.corpus(40, new String[] {"word", "é", "&amp;", "汉"});
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] allocated = new long[3];
    for (int round = 0; round < allocated.length; round++) {
      scanner.restart();
      long before = threads.getCurrentThreadAllocatedBytes();
      int elements = 0;
      int at = 0;
      while (scanner.scan(corpus, at, corpus.length) != Event.MORE) {
        at = scanner.position();
        elements++;
      }
      allocated[round] = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(elements).isEqualTo(20_001);
    }
    // The header alone makes objects.
    assertThat(allocated[2]).isLessThan(20_000);
  }

  private static void assertSame(Scan whole, byte[] document, Chunks chunks) {
    assertThat(Scan.of(document, ScannerLimits.PROVEN, chunks).log()).isEqualTo(whole.log());
  }
}
