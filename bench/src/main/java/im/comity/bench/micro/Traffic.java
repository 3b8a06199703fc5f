package im.comity.bench.micro;

import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannerLimits;
import java.nio.charset.StandardCharsets;

/** What is scanned and relayed: chat messages as the comparison sends them. */
final class Traffic {
  /** How many stanzas a benchmark has in one read. */
  static final int STANZAS = 64;

  private Traffic() {}

  /** One read of {@link #STANZAS} messages. */
  static byte[] read(int body) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < STANZAS; i++) {
      text.append("<message from='x.north.test' to='y.south.test' type='chat' id='t")
          .append(1_000_000_000_000L + i)
          .append("'><body>")
          .append("x".repeat(body))
          .append("</body></message>");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** A scanner behind the header of a stream of servers. */
  static ElementScanner scanner() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] header =
        ("<stream:stream xmlns='"
                + Namespaces.SERVER
                + "' xmlns:stream='"
                + Namespaces.STREAM
                + "'>")
            .getBytes(StandardCharsets.UTF_8);
    if (scanner.scan(header, 0, header.length) != ElementScanner.Event.HEADER) {
      throw new IllegalStateException("no header");
    }
    return scanner;
  }
}
