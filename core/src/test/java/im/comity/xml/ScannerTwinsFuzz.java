package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;

/**
 * Searches for bytes that the scanner accepts and another parser does not, or that two parsers read
 * differently.
 *
 * <p>Without more it runs over the inputs saved in {@code src/test/resources} beside the streams.
 * To search, one method at a time:
 *
 * <pre>build/fuzz 600 ScannerTwinsFuzz</pre>
 *
 * <p>What it finds it saves there; what it learns, in {@code .cifuzz-corpus}.
 */
class ScannerTwinsFuzz {
  private static final Differential TWINS = new Differential(Oracle.all());

  @FuzzTest(maxDuration = "100h")
  void stream(byte[] document) {
    TWINS.check(document);
  }

  /** Begins inside a stream, so that less has to be searched. */
  @FuzzTest(maxDuration = "100h")
  void content(byte[] content) {
    ByteArrayOutputStream document = new ByteArrayOutputStream();
    document.writeBytes(Scan.HEADER.getBytes(UTF_8));
    document.writeBytes(content);
    TWINS.check(document.toByteArray());
  }
}
