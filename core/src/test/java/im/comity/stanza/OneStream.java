package im.comity.stanza;

import im.comity.xml.ElementScanner;
import im.comity.xml.ElementScanner.Event;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannedElement;
import im.comity.xml.ScannerLimits;
import java.nio.charset.StandardCharsets;

/** A stream whose header has been read, for tests that read stanzas off it. */
final class OneStream {
  final String header;
  final String content;
  private final ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);

  /** A stream with this content namespace and further attributes in its header. */
  OneStream(String content, String more) {
    this(
        "<stream:stream xmlns='"
            + content
            + "' xmlns:stream='"
            + Namespaces.STREAM
            + "' "
            + more
            + ">");
  }

  OneStream(String header) {
    this.header = header;
    byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
    Event event = scanner.scan(bytes, 0, bytes.length);
    if (event != Event.HEADER) {
      throw new AssertionError(event + " for " + header);
    }
    this.content = scanner.defaultNamespace();
  }

  static OneStream server() {
    return new OneStream(Namespaces.SERVER, "");
  }

  /** The element; valid until the next. */
  ScannedElement element(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Event event = scanner.scan(bytes, 0, bytes.length);
    if (event != Event.ELEMENT) {
      throw new AssertionError(
          event + " for " + text + (event == Event.VIOLATION ? ": " + scanner.violation() : ""));
    }
    return scanner.element();
  }
}
