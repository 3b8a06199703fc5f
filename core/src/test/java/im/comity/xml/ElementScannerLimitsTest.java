package im.comity.xml;

import static im.comity.xml.Scan.HEADER;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.xml.ElementScanner.Event;
import im.comity.xml.Scan.Chunks;
import im.comity.xml.ScannerLimits.Limit;
import im.comity.xml.XmlViolation.Kind;
import im.comity.xml.XmlViolation.OverLimit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each limit exactly, what happens beyond it, and what it costs us. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // work that grows has an end
class ElementScannerLimitsTest {
  private static final int BYTES = 10_000;

  /** Elements may be skipped. */
  private static final ScannerLimits PROVEN = new ScannerLimits(BYTES, 4, 10, 8, 20, 50, 5);

  /** The same, but nothing may be skipped. */
  private static final ScannerLimits STRANGER = new ScannerLimits(BYTES, 1, 10, 8, 20, 50, 5);

  private static final String ELEMENT = "<message to='a@b' from='c@d' id='1'>%s</message>";

  /** For each limit an element that has as much of it as asked. */
  static Stream<Arguments> limits() {
    IntFunction<String> bytes =
        n -> ELEMENT.formatted("x".repeat(n - ELEMENT.formatted("").length()));
    IntFunction<String> depth =
        n -> ELEMENT.formatted("<a>".repeat(n - 2) + "<a/>" + "</a>".repeat(n - 2));
    IntFunction<String> attributes = n -> ELEMENT.formatted("<a " + attributes(n, "a") + "/>");
    IntFunction<String> elementName = n -> ELEMENT.formatted("<" + "n".repeat(n) + "/>");
    IntFunction<String> attributeName =
        n -> ELEMENT.formatted("<a " + "n".repeat(n) + "='1' b='2'></a>");
    IntFunction<String> wideName =
        n -> ELEMENT.formatted("<" + "é".repeat(n / 2) + "n".repeat(n % 2) + "/>");
    IntFunction<String> value = n -> ELEMENT.formatted("<a b='" + "v".repeat(n) + "' c='2'></a>");
    IntFunction<String> encodedValue =
        n -> ELEMENT.formatted("<a b='" + "v".repeat(n - 4) + "&lt;'></a>");
    IntFunction<String> uri = n -> ELEMENT.formatted("<a xmlns='" + "u".repeat(n) + "'><b/></a>");
    IntFunction<String> declarations =
        n ->
            ELEMENT.formatted(
                "<a xmlns='urn:a'>"
                    + "<b xmlns:p='urn:p'>".repeat(n - 1)
                    + "</b>".repeat(n - 1)
                    + "<b xmlns='urn:c'/></a>");
    return Stream.of(
        Arguments.of("bytes", Limit.ELEMENT_BYTES, bytes),
        Arguments.of("depth", Limit.DEPTH, depth),
        Arguments.of("attributes", Limit.ATTRIBUTES, attributes),
        Arguments.of("name of an element", Limit.NAME_BYTES, elementName),
        Arguments.of("name of an attribute", Limit.NAME_BYTES, attributeName),
        Arguments.of("name beyond ASCII", Limit.NAME_BYTES, wideName),
        Arguments.of("value", Limit.VALUE_BYTES, value),
        Arguments.of("value with a reference", Limit.VALUE_BYTES, encodedValue),
        Arguments.of("name of a namespace", Limit.VALUE_BYTES, uri),
        Arguments.of("declarations", Limit.DECLARATIONS, declarations));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("limits")
  @Clause({"S2S-XML-13", "S2S-XML-15", "S2S-XML-18"})
  void eachLimitHoldsExactly(String what, Limit limit, IntFunction<String> element) {
    String at = element.apply(PROVEN.of(limit));
    String over = element.apply(PROVEN.of(limit) + 1);
    for (Chunks chunks : List.of(Chunks.whole(), Chunks.bytes(), Chunks.of(7))) {
      Scan within = scan(PROVEN, HEADER + at + "<iq/>", chunks);
      assertThat(within.violation()).isNull();
      assertThat(within.elements()).hasSize(2);
      assertThat(within.elements().getFirst().octets().toUtf8()).isEqualTo(at);

      Scan beyond = scan(PROVEN, HEADER + over + " <iq/></stream:stream>", chunks);
      assertThat(beyond.violation()).isNull();
      assertThat(beyond.log().get(1)).startsWith("refused " + limit + " StartTag");
      assertThat(beyond.log().get(1)).contains("value=a@b", "value=c@d");
      assertThat(beyond.elements()).hasSize(1);
      assertThat(beyond.elements().getFirst().octets().toUtf8()).isEqualTo("<iq/>");
      assertThat(beyond.ended()).isTrue();

      Scan strict = scan(STRANGER, HEADER + over, chunks);
      assertThat(strict.violation()).isInstanceOf(OverLimit.class);
      assertThat(strict.violation().kind()).isEqualTo(Kind.POLICY_VIOLATION);
      assertThat(((OverLimit) strict.violation()).limit()).isEqualTo(limit);
    }
  }

  @Test
  @Clause("S2S-XML-18")
  void deepStanzasAreRefusedAloneAndTheStreamLives() {
    for (int depth : new int[] {200, 2_000, 50_000}) {
      String stanza = ELEMENT.formatted("<a>".repeat(depth) + "</a>".repeat(depth));
      Scan scan = scan(ScannerLimits.PROVEN, HEADER + stanza + "<iq/>", Chunks.of(1000));
      assertThat(scan.violation()).isNull();
      assertThat(scan.log().get(1)).startsWith("refused DEPTH");
      assertThat(scan.elements()).hasSize(1);
    }
  }

  @Test
  void whatIsSkippedIsStillChecked() {
    for (String wrong :
        List.of(
            "<a></b>",
            "&#0;",
            "\u0001",
            "<!-- -->",
            "&foo;",
            "<p:a/>",
            "<a b='1' b='2'/>",
            "]]>",
            "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
            "<a xmlns:p=''/>",
            "\uFFFE",
            "<a b=''c=''/>",
            "</a>")) {
      for (String over :
          List.of(
              "x".repeat(BYTES),
              "<a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a>")) {
        String stanza = ELEMENT.formatted(over + wrong + "<x/>");
        for (Chunks chunks : List.of(Chunks.whole(), Chunks.of(5))) {
          Scan scan = scan(PROVEN, HEADER + stanza, chunks);
          assertThat(scan.violation()).as(wrong).isNotNull();
          assertThat(scan.violation().kind())
              .as(wrong)
              .isIn(Kind.NOT_WELL_FORMED, Kind.RESTRICTED_XML);
        }
      }
    }
  }

  @Test
  @Clause("S2S-XML-15")
  void anElementIsSkippedUpToFourTimesTheLimitExactly() {
    int frame = ELEMENT.formatted("").length();
    String longest = ELEMENT.formatted("x".repeat(4 * BYTES - frame));
    String tooLong = ELEMENT.formatted("x".repeat(4 * BYTES - frame + 1));
    String deepAndTooLong =
        ELEMENT.formatted("<a>".repeat(20) + "</a>".repeat(20) + "x".repeat(4 * BYTES));
    for (Chunks chunks : List.of(Chunks.whole(), Chunks.bytes(), Chunks.of(999))) {
      assertThat(scan(PROVEN, HEADER + longest + "<iq/>", chunks).elements()).hasSize(1);
      for (String over : List.of(tooLong, deepAndTooLong)) {
        Scan scan = scan(PROVEN, HEADER + over + "<iq/>", chunks);
        assertThat(scan.violation()).isInstanceOf(OverLimit.class);
        assertThat(((OverLimit) scan.violation()).limit()).isEqualTo(Limit.ELEMENT_BYTES);
        assertThat(scan.consumed()).isEqualTo(HEADER.length() + 4 * BYTES);
      }
    }
  }

  @Test
  @Clause("S2S-XML-15")
  void aStartTagOverALimitHasNoReadableAddressesAndEndsTheStream() {
    for (String element :
        List.of(
            "<message to='a' " + attributes(8, "a") + "/>",
            "<message " + "n".repeat(21) + "=''/>",
            "<" + "n".repeat(21) + "/>",
            "<message to='" + "v".repeat(51) + "'/>",
            "<message " + attributes(6, "xmlns:p") + "/>",
            "<message to='a'" + " ".repeat(BYTES) + "/>")) {
      for (Chunks chunks : List.of(Chunks.whole(), Chunks.bytes())) {
        assertThat(scan(PROVEN, HEADER + element, chunks).violation())
            .isInstanceOf(OverLimit.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Limit.class)
  @Clause("S2S-XML-17")
  void theHeaderIsLimitedAsWell(Limit limit) {
    ScannerLimits limits = new ScannerLimits(300, 1, 10, 8, 20, 70, 5);
    String start =
        "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'";
    IntFunction<String> header =
        switch (limit) {
          case ELEMENT_BYTES -> n -> start + " ".repeat(n - start.length() - 1) + ">";
          case ATTRIBUTES -> n -> start + " " + attributes(n - 2, "a") + ">";
          case NAME_BYTES -> n -> start + " " + "n".repeat(n) + "=''>";
          case VALUE_BYTES -> n -> start + " a='" + "v".repeat(n) + "'>";
          case DECLARATIONS -> n -> start + " " + attributes(n - 2, "xmlns:p") + ">";
          case DEPTH -> n -> start + ">" + "<a>".repeat(n);
        };
    for (Chunks chunks : List.of(Chunks.whole(), Chunks.bytes())) {
      assertThat(scan(limits, header.apply(limits.of(limit)), chunks).header()).isNotNull();
      assertThat(scan(limits, header.apply(limits.of(limit)), chunks).violation()).isNull();
      Scan over = scan(limits, header.apply(limits.of(limit) + 1), chunks);
      assertThat(over.violation()).isInstanceOf(OverLimit.class);
      assertThat(((OverLimit) over.violation()).limit()).isEqualTo(limit);
    }
  }

  @Test
  void whatPrecedesTheHeaderCountsWithIt() {
    ScannerLimits limits = ScannerLimits.STRANGER.withElementBytes(1000);
    for (String endless : List.of(" ", "<?xml version='1.0'", "<?xml version='1.0'?>\n")) {
      String document = endless + " ".repeat(2000);
      for (Chunks chunks : List.of(Chunks.whole(), Chunks.bytes())) {
        Scan scan = scan(limits, document, chunks);
        assertThat(scan.violation().kind()).isEqualTo(Kind.POLICY_VIOLATION);
        assertThat(scan.consumed()).isEqualTo(1000);
      }
    }
  }

  @Test
  void theEndTagOfTheStreamIsLimited() {
    Scan scan =
        scan(STRANGER, HEADER + "</stream:stream" + " ".repeat(2 * BYTES) + ">", Chunks.of(100));
    assertThat(scan.violation().kind()).isEqualTo(Kind.POLICY_VIOLATION);
  }

  @Test
  void theHeadersDeclarationsDoNotCountForElements() {
    String header = "<stream:stream " + attributes(4, "xmlns:p") + " xmlns:stream='urn:s'>";
    String element = "<a " + attributes(5, "xmlns:q") + "/>";
    assertThat(scan(PROVEN, header + element, Chunks.whole()).elements()).hasSize(1);
  }

  @Test
  @Clause("S2S-XML-14")
  void noLimitBelowTenThousandBytesWhereStanzasAreExchanged() {
    assertThat(ScannerLimits.PROVEN.withElementBytes(10_000).elementBytes()).isEqualTo(10_000);
    assertThatThrownBy(() -> ScannerLimits.PROVEN.withElementBytes(9_999))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ScannerLimits.STRANGER.withElementBytes(8_192).elementBytes()).isEqualTo(8_192);
  }

  @Test
  @Clause("S2S-XML-17")
  void aStrangerIsAllowedLess() {
    assertThat(ScannerLimits.STRANGER.elementBytes()).isBetween(8 * 1024, 16 * 1024);
    assertThat(ScannerLimits.STRANGER.skipFactor()).isLessThan(2);
    String element = "<auth>" + "x".repeat(20_000) + "</auth>";
    assertThat(scan(ScannerLimits.STRANGER, HEADER + element, Chunks.of(1460)).violation().kind())
        .isEqualTo(Kind.POLICY_VIOLATION);
    for (Limit limit : Limit.values()) {
      assertThat(ScannerLimits.STRANGER.of(limit)).isLessThan(ScannerLimits.PROVEN.of(limit));
    }
  }

  @Test
  @Clause("S2S-XML-18")
  void theDefaultsForAProvenPeerAreThoseOfTheLedger() {
    assertThat(ScannerLimits.PROVEN.depth()).isEqualTo(128);
    assertThat(ScannerLimits.PROVEN.attributes()).isEqualTo(64);
    assertThat(ScannerLimits.PROVEN.skipFactor()).isEqualTo(4);
  }

  @Test
  void limitsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new ScannerLimits(0, 1, 1, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ScannerLimits(BYTES, -1, 1, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ScannerLimits(BYTES, 1, 1001, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ScannerLimits(1 << 29, 4, 1, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    for (int i = 2; i < 7; i++) {
      int[] v = {BYTES, 1, 1, 1, 1, 1, 1};
      v[i] = 0;
      assertThatThrownBy(() -> new ScannerLimits(v[0], v[1], v[2], v[3], v[4], v[5], v[6]))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  // Memory.

  @Test
  void anIdleScannerIsSmallWhateverItHasRead() {
    ElementScanner scanner = new ElementScanner(Differential.LIMITS);
    int fresh = scanner.capacity();
    assertThat(fresh).isLessThan(2_000);
    Scan.of(scanner, HEADER.getBytes(UTF_8), Chunks.whole());
    for (String element : large(10_000)) {
      Scan scan = Scan.of(scanner, (element + " ").getBytes(UTF_8), Chunks.of(1000));
      assertThat(scan.elements()).hasSize(1);
      assertThat(scanner.capacity()).as(element.substring(0, 20)).isLessThan(2_500);
    }
  }

  @Test
  void aSkippedElementIsNotKept() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    Scan.of(scanner, HEADER.getBytes(UTF_8), Chunks.whole());
    byte[] start = "<message to='a'>".getBytes(UTF_8);
    byte[] text = "x".repeat(1000).getBytes(UTF_8);
    scanner.scan(start, 0, start.length);
    int most = 0;
    for (int i = 0; i < 1900; i++) {
      assertThat(scanner.scan(text, 0, text.length)).isEqualTo(Event.MORE);
      most = Math.max(most, scanner.capacity());
      if (i > 600) {
        assertThat(scanner.capacity()).isLessThan(3_000);
      }
    }
    assertThat(most).isLessThan(ScannerLimits.PROVEN.elementBytes() + 3_000);
  }

  @Test
  void whatIsHeldToCheckASkippedElementIsBounded() {
    int budget = 4 * ScannerLimits.PROVEN.elementBytes();
    for (String part : List.of("<a>", "<a xmlns:p='u'>", "<n" + "n".repeat(500) + ">")) {
      String stanza = "<message to='a'>" + part.repeat(2 * budget / part.length());
      assertBounded(stanza, budget);
    }
    assertBounded("<message><a " + attributes(budget / 8, "b"), budget);
    assertBounded("<message><a " + attributes(budget / 8, "xmlns:b"), budget);
    assertBounded("<message><a b='" + "v".repeat(2 * budget), budget);
    assertBounded("<message><a xmlns='" + "v".repeat(2 * budget), budget);
    assertBounded("<message><" + "v".repeat(2 * budget), budget);
  }

  private static void assertBounded(String document, int budget) {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] bytes = (HEADER + document).getBytes(UTF_8);
    int at = 0;
    Event event = Event.MORE;
    while (event != Event.VIOLATION) {
      assertThat(at).isLessThan(bytes.length);
      event = scanner.scan(bytes, at, Math.min(at + 4096, bytes.length));
      at = scanner.position();
      // Twice for arrays that grow by doubling, and once more for their rounding.
      assertThat(scanner.capacity()).isLessThan(3 * budget);
    }
    assertThat(scanner.violation()).isInstanceOf(OverLimit.class);
    scanner.restart();
    assertThat(scanner.capacity()).isLessThan(3_000);
  }

  @Test
  void aTenantsLargestStanzaElsewhereIsRefusedAlone() {
    // What a server that limits its users to 256 KiB lets through.
    for (String inner :
        List.of(
            "<a>".repeat(37_000) + "</a>".repeat(37_000),
            "<a " + attributes(20_000, "b") + "/>",
            "<a xmlns:p='u'>".repeat(13_000) + "</a>".repeat(13_000))) {
      String stanza = ELEMENT.formatted(inner);
      assertThat(stanza.length()).isBetween(200_000, 300_000);
      Scan scan = scan(ScannerLimits.PROVEN, HEADER + stanza + "<iq/>", Chunks.of(8192));
      assertThat(scan.violation()).isNull();
      assertThat(scan.elements()).hasSize(1);
    }
  }

  // Time, in steps.

  @Test
  void theWorkIsLinearInEveryInput() {
    List<List<String>> sizes = List.of(large(5_000), large(10_000), large(20_000));
    for (int kind = 0; kind < sizes.getFirst().size(); kind++) {
      double[] steps = new double[3];
      for (int i = 0; i < 3; i++) {
        String element = sizes.get(i).get(kind);
        for (int chunk : new int[] {Integer.MAX_VALUE, 100}) {
          ElementScanner scanner = new ElementScanner(Differential.LIMITS);
          List<Event> events = events(scanner, HEADER + element, chunk);
          assertThat(events).containsExactly(Event.HEADER, Event.ELEMENT);
          steps[i] = Math.max(steps[i], (double) scanner.work() / element.length());
        }
      }
      String shown =
          sizes.getFirst().get(kind).substring(0, 30) + " " + List.of(steps[0], steps[1], steps[2]);
      assertThat(steps[2]).as(shown).isLessThan(12);
      assertThat(steps[2]).as(shown).isLessThan(1.5 * steps[0] + 1);
    }
  }

  @Test
  void theWorkIsLinearWhileSkipping() {
    for (String element : large(20_000)) {
      ElementScanner scanner = new ElementScanner(new ScannerLimits(1 << 23, 16, 2, 2, 16, 64, 2));
      String document = HEADER + "<message>" + element + "</message>";
      List<Event> events = events(scanner, document, 1000);
      assertThat(events.getFirst()).isEqualTo(Event.HEADER);
      assertThat(events.get(1)).as(element.substring(0, 30)).isIn(Event.REFUSED, Event.ELEMENT);
      assertThat((double) scanner.work() / document.length())
          .as(element.substring(0, 30))
          .isLessThan(12);
    }
  }

  private static List<Event> events(ElementScanner scanner, String document, int chunk) {
    byte[] bytes = document.getBytes(UTF_8);
    List<Event> events = new ArrayList<>();
    int at = 0;
    while (at < bytes.length) {
      int to = (int) Math.min(bytes.length, (long) at + chunk);
      Event event = scanner.scan(bytes, at, to);
      at = scanner.position();
      if (event != Event.MORE) {
        events.add(event);
      }
      assertThat(event).isNotEqualTo(Event.VIOLATION);
    }
    return events;
  }

  /** Elements that are large in every way an element can be, about n items each. */
  private static List<String> large(int n) {
    int deep = Math.min(n, 900);
    return List.of(
        "<a>" + "x".repeat(n) + "</a>",
        "<a>" + "&amp;".repeat(n) + "</a>",
        "<a>" + "é汉😀]".repeat(n) + "</a>",
        "<a>" + "]".repeat(n) + "</a>",
        "<a><![CDATA[" + "]".repeat(n) + "]]></a>",
        "<a>&#" + "0".repeat(n) + "65;</a>",
        "<a " + attributes(n, "a") + "/>",
        "<a " + attributes(n, "attribute-with-a-long-name-") + "/>",
        // String.hashCode is the same for all of these.
        "<a " + collisions(n) + "/>",
        "<a " + attributes(Math.min(n, 90_000), "xmlns:p") + "/>",
        "<a "
            + attributes(Math.min(n, 90_000), "xmlns:p")
            + " "
            + prefixed(Math.min(n, 90_000))
            + "/>",
        "<a xmlns:p='u' xmlns:q='v' "
            + attributes(n / 2, "p:b")
            + " "
            + attributes(n / 2, "q:b")
            + "/>",
        "<a>" + "<b c='d' e='f'/>".repeat(n) + "</a>",
        "<a>" + "<b xmlns='u'><c/></b>".repeat(n) + "</a>",
        "<a>" + "<p:b xmlns:p='u'><p:c/></p:b>".repeat(n) + "</a>",
        "<a xmlns:q='v'>"
            + "<p:b xmlns:p='u'>".repeat(deep)
            + "<q:c/>".repeat(n)
            + "</p:b>".repeat(deep)
            + "</a>",
        "<a "
            + attributes(Math.min(n, 5_000), "xmlns:p")
            + ">"
            + "<p0:b/>".repeat(n)
            + "<p1:b/>".repeat(n)
            + "</a>",
        "<a>" + "<b>".repeat(deep) + "<c/>".repeat(n) + "</b>".repeat(deep) + "</a>",
        "<a b='" + "v".repeat(n) + "'/>",
        "<a b='" + "&lt;é".repeat(n) + "'/>",
        "<a xmlns='" + "u&amp;".repeat(n) + "'><b/></a>",
        "<" + "n".repeat(n) + "></" + "n".repeat(n) + ">",
        "<a " + "n".repeat(n) + "=''/>",
        "<a" + " ".repeat(n) + "/>");
  }

  private static String attributes(int n, String name) {
    return IntStream.range(0, n)
        .mapToObj(i -> name + i + "='u" + i + "'")
        .collect(Collectors.joining(" "));
  }

  private static String prefixed(int n) {
    return IntStream.range(0, n).mapToObj(i -> "p" + i + ":b='u'").collect(Collectors.joining(" "));
  }

  private static String collisions(int n) {
    return IntStream.range(0, n)
        .mapToObj(
            i -> {
              StringBuilder name = new StringBuilder("a");
              for (int bit = 0; bit < 20; bit++) {
                name.append((i >> bit & 1) == 0 ? "Aa" : "BB");
              }
              return name + "=''";
            })
        .collect(Collectors.joining(" "));
  }

  private static Scan scan(ScannerLimits limits, String document, Chunks chunks) {
    return Scan.of(document.getBytes(UTF_8), limits, chunks);
  }
}
