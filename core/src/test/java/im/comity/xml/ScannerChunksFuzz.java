package im.comity.xml;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import im.comity.xml.Scan.Chunks;
import java.util.List;
import java.util.Random;

/**
 * Searches for bytes that the scanner reads differently in one chunk and in many.
 *
 * <p>Without more it runs over the inputs saved in {@code src/test/resources}. To search:
 *
 * <pre>build/fuzz 600 ScannerChunksFuzz</pre>
 */
class ScannerChunksFuzz {
  private static final List<ScannerLimits> LIMITS =
      List.of(
          ScannerLimits.PROVEN,
          new ScannerLimits(10_000, 4, 3, 3, 14, 40, 2),
          new ScannerLimits(150, 1, 4, 5, 14, 40, 3));

  @FuzzTest(maxDuration = "100h")
  void stream(byte[] document) {
    for (ScannerLimits limits : LIMITS) {
      List<String> whole = Scan.of(document, limits, Chunks.whole()).log();
      assertThat(Scan.of(document, limits, Chunks.bytes()).log()).isEqualTo(whole);
      Random random = new Random(document.length);
      assertThat(Scan.of(document, limits, Chunks.random(random, 30)).log()).isEqualTo(whole);
    }
  }
}
