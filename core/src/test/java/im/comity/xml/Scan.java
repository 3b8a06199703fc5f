package im.comity.xml;

import im.comity.xml.ElementScanner.Event;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What a scanner makes of a whole document, fed in chunks. */
record Scan(
    @Nullable StartTag header,
    int headerEnd,
    List<Found> elements,
    List<String> log,
    boolean ended,
    @Nullable XmlViolation violation,
    int consumed) {

  /** An element that was found, with everything the scanner says of it. */
  record Found(
      StartTag start,
      Octets octets,
      boolean selfContained,
      boolean namesContentNamespace,
      Element tree,
      int end) {}

  static final String HEADER =
      "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>";

  /** The length of the chunk that begins at an index. */
  interface Chunks {
    int lengthAt(int index);

    static Chunks whole() {
      return index -> Integer.MAX_VALUE;
    }

    static Chunks bytes() {
      return index -> 1;
    }

    static Chunks of(int length) {
      return index -> length;
    }

    static Chunks cutAt(int cut) {
      return index -> index < cut ? cut - index : Integer.MAX_VALUE;
    }

    static Chunks random(RandomGenerator random, int most) {
      return index -> 1 + random.nextInt(most);
    }
  }

  static Scan of(String document) {
    return of(document.getBytes(StandardCharsets.UTF_8), ScannerLimits.PROVEN, Chunks.whole());
  }

  static Scan of(byte[] document, ScannerLimits limits, Chunks chunks) {
    return of(new ElementScanner(limits), document, chunks);
  }

  /** Whether nothing in a document, given in one chunk, is a violation. */
  static boolean accepts(String document) {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
    Event event;
    int at = 0;
    do {
      event = scanner.scan(bytes, at, bytes.length);
      at = scanner.position();
    } while (event != Event.MORE && event != Event.VIOLATION);
    return event == Event.MORE;
  }

  /** Each chunk is given in an array of its own with something else around it. */
  static Scan of(ElementScanner scanner, byte[] document, Chunks chunks) {
    List<Found> elements = new ArrayList<>();
    List<String> log = new ArrayList<>();
    StartTag header = null;
    int headerEnd = 0;
    boolean ended = false;
    int index = 0;
    while (index < document.length) {
      int length = (int) Math.min(document.length - index, (long) chunks.lengthAt(index));
      byte[] chunk = new byte[length + 5];
      chunk[0] = '<';
      chunk[1] = '\'';
      System.arraycopy(document, index, chunk, 2, length);
      chunk[length + 2] = '>';
      int at = 2;
      Event event;
      do {
        event = scanner.scan(chunk, at, length + 2);
        at = scanner.position();
        int consumed = index + at - 2;
        switch (event) {
          case MORE -> {}
          case HEADER -> {
            header = scanner.start();
            headerEnd = consumed;
            log.add(
                "header %s %s %s to %d"
                    .formatted(
                        scanner.start(), scanner.defaultNamespace(), scanner.prefixes(), consumed));
          }
          case ELEMENT -> {
            ScannedElement element = scanner.element();
            Found found =
                new Found(
                    element.start(),
                    element.octets().copy(),
                    element.selfContained(),
                    element.namesContentNamespace(),
                    element.toElement(),
                    consumed);
            elements.add(found);
            log.add("element " + found);
          }
          case REFUSED ->
              log.add("refused %s %s to %d".formatted(scanner.limit(), scanner.start(), consumed));
          case END -> {
            ended = true;
            log.add("end to " + consumed);
          }
          case VIOLATION -> {
            log.add("violation %s at %d".formatted(scanner.violation(), consumed));
            return new Scan(header, headerEnd, elements, log, ended, scanner.violation(), consumed);
          }
        }
      } while (event != Event.MORE);
      index += length;
    }
    log.add("between " + scanner.betweenElements());
    return new Scan(header, headerEnd, elements, log, ended, null, index);
  }
}
