package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Map;
import org.junit.jupiter.api.Assertions;

/**
 * Searches for trees that are not read back as they were written, by us or by another parser, and
 * for text that is written although it may not be.
 *
 * <p>Without more it runs over the inputs saved in {@code src/test/resources}. To search:
 *
 * <pre>build/fuzz 600 WriterRoundTripFuzz</pre>
 */
class WriterRoundTripFuzz {
  private static final Differential TWINS = new Differential(Oracle.all());

  @FuzzTest(maxDuration = "100h")
  void tree(FuzzedDataProvider data) {
    Element tree = element(data, 0);
    Octets written;
    Octets rescoped;
    try {
      written = ElementWriter.write(tree, Namespaces.SERVER, Map.of());
      rescoped = ElementWriter.rescope(tree, Namespaces.SERVER);
    } catch (IllegalArgumentException e) {
      // Not writable, which is an answer.
      return;
    }
    for (Octets octets : new Octets[] {written, rescoped}) {
      byte[] document = (Scan.HEADER + octets + "</stream:stream>").getBytes(UTF_8);
      Scan scan = Scan.of(document, Differential.LIMITS, Scan.Chunks.whole());
      Assertions.assertTrue(scan.ended(), () -> octets + " gives " + scan.log());
      Assertions.assertTrue(
          Differential.same(tree, scan.elements().getFirst().tree()), octets::toString);
      TWINS.check(document);
    }
  }

  private static Element element(FuzzedDataProvider data, int depth) {
    Element.Builder element =
        Element.of(namespace(data), data.consumeString(6)).prefix(data.consumeString(3));
    for (int i = data.consumeInt(0, 3); i > 0; i--) {
      if (data.consumeBoolean()) {
        element.attribute(
            data.consumeString(3), namespace(data), data.consumeString(6), data.consumeString(20));
      } else {
        element.declare(data.consumeString(3), namespace(data));
      }
    }
    for (int i = depth > 5 ? 0 : data.consumeInt(0, 3); i > 0; i--) {
      if (data.consumeBoolean()) {
        element.child(element(data, depth + 1));
      } else {
        element.text(data.consumeString(40));
      }
    }
    return element.build();
  }

  private static String namespace(FuzzedDataProvider data) {
    return data.consumeBoolean()
        ? data.pickValue(
            new String[] {"", Namespaces.SERVER, Namespaces.CLIENT, Namespaces.XML, "urn:x"})
        : data.consumeString(10);
  }
}
