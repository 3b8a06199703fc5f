package im.comity.xml;

import im.comity.xml.Oracle.Reading;
import im.comity.xml.Oracle.Refused;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares the scanner with other parsers: it never accepts what one of them refuses, never relays
 * what two of them read differently, and reads what they read.
 *
 * <p>What the scanner accepted of a document is its header and the elements before its violation,
 * if any; closed with an end tag, this is a document that every parser must accept.
 */
final class Differential {
  /** So wide that the parsers are compared, and not the limits. */
  static final ScannerLimits LIMITS =
      new ScannerLimits(1 << 24, 4, 1000, 100_000, 1 << 20, 1 << 20, 100_000);

  private static final String OTHER_STREAM =
      "<stream:stream xmlns='jabber:component:accept' xmlns:stream='urn:other' xmlns:p='urn:q'>";

  private final List<Oracle> oracles;

  Differential(List<Oracle> oracles) {
    this.oracles = oracles;
  }

  /**
   * Compares on one document.
   *
   * @return how many elements were compared
   * @throws AssertionError if the parsers differ
   */
  int check(byte[] document) {
    ElementScanner scanner = new ElementScanner(LIMITS);
    Scan scan = Scan.of(scanner, document, Scan.Chunks.whole());
    StartTag header = scan.header();
    if (header == null) {
      return 0;
    }
    List<Element> trees = scan.elements().stream().map(Scan.Found::tree).toList();
    List<String> ours = Reading.of(header, trees).events();
    byte[] accepted = accepted(document, scan, header);
    for (Oracle oracle : oracles) {
      List<String> theirs;
      try {
        theirs = oracle.read(accepted).events();
      } catch (Refused e) {
        throw different(oracle.name() + " refuses (" + e.getMessage() + ")", accepted);
      }
      if (!theirs.equals(ours)) {
        throw different(oracle.name() + " reads " + theirs + " where we read " + ours, accepted);
      }
    }
    for (Scan.Found found : scan.elements()) {
      if (!found.start().equals(found.tree().start())) {
        throw different(found.start() + " where the tree has " + found.tree().start(), accepted);
      }
      relay(found, scanner.defaultNamespace());
    }
    return trees.size();
  }

  private static byte[] accepted(byte[] document, Scan scan, StartTag header) {
    ByteArrayOutputStream accepted = new ByteArrayOutputStream();
    if (scan.ended()) {
      accepted.write(document, 0, scan.consumed());
      return accepted.toByteArray();
    }
    int end = scan.headerEnd();
    if (!scan.elements().isEmpty()) {
      end = scan.elements().getLast().end();
    }
    accepted.write(document, 0, end);
    String prefix = header.prefix().isEmpty() ? "" : header.prefix() + ":";
    accepted.writeBytes(utf8("</" + prefix + header.localName() + ">"));
    return accepted.toByteArray();
  }

  /**
   * An element in another stream: as it is, if it may pass as it is, and rewritten. Both ways must
   * be the same element there, for us and for one of the others.
   */
  private void relay(Scan.Found found, String content) {
    Octets rewritten = ElementWriter.rescope(found.tree(), content);
    List<List<String>> readings = new ArrayList<>(read(rewritten));
    if (found.selfContained() && !found.namesContentNamespace()) {
      readings.addAll(read(found.octets()));
    }
    for (List<String> reading : readings) {
      if (!reading.equals(readings.getFirst())) {
        throw different(
            "relayed as " + readings.getFirst() + " and as " + reading, found.octets().toBytes());
      }
    }
    // Written for the stream it came from it is the element it was.
    Octets written = ElementWriter.write(found.tree(), content, Map.of());
    Element again = tree(written, "<s xmlns='" + escaped(content) + "'>");
    if (!same(again, found.tree())) {
      throw different("written as " + written, found.octets().toBytes());
    }
  }

  private List<List<String>> read(Octets octets) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes(utf8(OTHER_STREAM));
    stream.writeBytes(octets.toBytes());
    stream.writeBytes(utf8("</stream:stream>"));
    Scan scan = Scan.of(stream.toByteArray(), LIMITS, Scan.Chunks.whole());
    if (!scan.ended() || scan.header() == null) {
      throw different("not relayed: " + scan.log(), octets.toBytes());
    }
    Oracle oracle = oracles.getLast();
    try {
      return List.of(
          Reading.of(scan.header(), scan.elements().stream().map(Scan.Found::tree).toList())
              .events(),
          oracle.read(stream.toByteArray()).events());
    } catch (Refused e) {
      throw different(oracle.name() + " refuses what is relayed", octets.toBytes());
    }
  }

  private static Element tree(Octets octets, String header) {
    Scan scan = Scan.of(utf8(header + octets.toUtf8()), LIMITS, Scan.Chunks.whole());
    if (scan.elements().size() != 1) {
      throw different("not one element: " + scan.log(), octets.toBytes());
    }
    return scan.elements().getFirst().tree();
  }

  /** Whether two trees are the same but for prefixes. */
  static boolean same(Element a, Element b) {
    StartTag header = new StartTag("", "s", "", List.of());
    return Reading.of(header, List.of(a)).events().equals(Reading.of(header, List.of(b)).events());
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
  }

  private static AssertionError different(String what, byte[] bytes) {
    return new AssertionError(
        what
            + "\nin "
            + new String(bytes, StandardCharsets.UTF_8)
            + "\nas Latin-1 "
            + new String(bytes, StandardCharsets.ISO_8859_1));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
