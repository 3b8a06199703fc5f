package im.comity.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ScannerLimits;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/** Elements for fuzzers: as a peer could send them, read as we would. */
public final class FirstElement {
  private static final byte[] HEADER =
      ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
              + " xmlns:db='jabber:server:dialback' version='1.0'>")
          .getBytes(UTF_8);

  private FirstElement() {}

  /** The first element behind a header; null if there is none. */
  public static @Nullable Element in(byte[] content) {
    ByteArrayOutputStream document = new ByteArrayOutputStream();
    document.writeBytes(HEADER);
    document.writeBytes(content);
    byte[] bytes = document.toByteArray();
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    if (scanner.scan(bytes, 0, bytes.length) != ElementScanner.Event.HEADER) {
      throw new AssertionError("the header is in order");
    }
    return scanner.scan(bytes, scanner.position(), bytes.length) == ElementScanner.Event.ELEMENT
        ? scanner.element().toElement()
        : null;
  }
}
