package im.comity.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannerLimits;

/**
 * Headers from anywhere: refused by the scanner, or read with or without a fault.
 *
 * <pre>build/fuzz 600 StreamHeaderFuzz</pre>
 */
class StreamHeaderFuzz {
  @FuzzTest(maxDuration = "100h")
  void everyHeaderIsRefusedOrRead(byte[] document) {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    if (document.length == 0
        || scanner.scan(document, 0, document.length) != ElementScanner.Event.HEADER) {
      return;
    }
    StreamHeader header =
        StreamHeader.parse(
            scanner.start(), scanner.defaultNamespace(), scanner.prefixes(), Namespaces.SERVER);
    if (header.fault() == null) {
      assertThat(scanner.start().is(Namespaces.STREAM, "stream")).isTrue();
      // An address that is given is never taken for one that is not.
      assertThat(header.from() == null).isEqualTo(isMissing(scanner, "from"));
      assertThat(header.to() == null).isEqualTo(isMissing(scanner, "to"));
      assertThat(header.version().atMost(StreamVersion.ONE).hasFeatures())
          .isEqualTo(header.version().hasFeatures());
    }
  }

  private static boolean isMissing(ElementScanner scanner, String attribute) {
    String value = scanner.start().attribute(attribute);
    return value == null || value.isEmpty();
  }
}
