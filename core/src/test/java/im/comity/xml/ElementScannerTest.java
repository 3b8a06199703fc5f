package im.comity.xml;

import static im.comity.xml.Scan.HEADER;
import static im.comity.xml.XmlViolation.Kind.BAD_FORMAT;
import static im.comity.xml.XmlViolation.Kind.NOT_WELL_FORMED;
import static im.comity.xml.XmlViolation.Kind.UNSUPPORTED_ENCODING;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.xml.ElementScanner.Event;
import im.comity.xml.Scan.Chunks;
import im.comity.xml.XmlViolation.Kind;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the scanner accepts and what it refuses, and where.
 *
 * <p>In the tables of violations {@code ^} stands before the byte that decides, {@code ~} stands
 * for a line feed, and {@code \xHH} for a byte.
 */
class ElementScannerTest {

  @Test
  @DisplayName("the header is reported with what it declares")
  void headerIsReported() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.STRANGER);
    byte[] bytes =
        ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback'"
                + " xmlns:stream='http://etherx.jabber.org/streams' xml:lang='de' from='a.example'>")
            .getBytes(UTF_8);
    assertThat(scanner.scan(bytes, 0, bytes.length)).isEqualTo(Event.HEADER);
    assertThat(scanner.position()).isEqualTo(bytes.length);
    assertThat(scanner.start().is(Namespaces.STREAM, "stream")).isTrue();
    assertThat(scanner.start().prefix()).isEqualTo("stream");
    assertThat(scanner.start().language()).isEqualTo("de");
    assertThat(scanner.start().attribute("from")).isEqualTo("a.example");
    assertThat(scanner.start().attribute("to")).isNull();
    assertThat(scanner.start().attributes()).hasSize(2);
    assertThat(scanner.defaultNamespace()).isEqualTo("jabber:server");
    assertThat(scanner.prefixes())
        .isEqualTo(Map.of("db", Namespaces.DIALBACK, "stream", Namespaces.STREAM));
  }

  @Test
  @Clause("S2S-NS-03")
  void theHeaderMayHaveTheStreamNamespaceAsDefault() {
    Scan scan =
        Scan.of(
            "<stream xmlns='http://etherx.jabber.org/streams'><features/>"
                + "<message xmlns='jabber:server'/></stream>");
    assertThat(scan.header().is(Namespaces.STREAM, "stream")).isTrue();
    assertThat(scan.elements().get(0).start().is(Namespaces.STREAM, "features")).isTrue();
    assertThat(scan.elements().get(1).start().is(Namespaces.SERVER, "message")).isTrue();
    assertThat(scan.ended()).isTrue();
  }

  @Test
  void anElementIsTheExactBytesFromItsFirstToItsLastBracket() {
    String element = "<message  to = \"a\"\n><body >x &gt; y</body\t></message >";
    Scan scan = Scan.of(HEADER + " \n" + element + "\t<iq/>");
    assertThat(scan.elements()).hasSize(2);
    assertThat(scan.elements().get(0).octets().toUtf8()).isEqualTo(element);
    assertThat(scan.elements().get(1).octets().toUtf8()).isEqualTo("<iq/>");
  }

  @Test
  void anElementInsideTheChunkIsNotCopied() {
    ElementScanner scanner = opened();
    byte[] bytes = "<iq/><iq/>".getBytes(UTF_8);
    assertThat(scanner.scan(bytes, 0, bytes.length)).isEqualTo(Event.ELEMENT);
    assertThat(scanner.element().octets().array()).isSameAs(bytes);
    assertThat(scanner.position()).isEqualTo(5);
  }

  @Test
  void whatWasFoundIsVoidAfterTheNextScan() {
    ElementScanner scanner = opened();
    byte[] bytes = "<iq/> ".getBytes(UTF_8);
    assertThat(scanner.scan(bytes, 0, bytes.length)).isEqualTo(Event.ELEMENT);
    ScannedElement element = scanner.element();
    assertThatThrownBy(scanner::start).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(scanner::limit).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(scanner::violation).isInstanceOf(IllegalStateException.class);
    assertThat(scanner.scan(bytes, 5, 6)).isEqualTo(Event.MORE);
    assertThatThrownBy(scanner::element).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(element::octets).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(element::start).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(element::toElement).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theStartTagOutlivesTheScan() {
    ElementScanner scanner = opened();
    byte[] bytes = "<message from='a@b/ü' to='c'/><iq xml:lang=''/>".getBytes(UTF_8);
    scanner.scan(bytes, 0, bytes.length);
    StartTag first = scanner.element().start();
    scanner.scan(bytes, scanner.position(), bytes.length);
    StartTag second = scanner.element().start();
    java.util.Arrays.fill(bytes, (byte) 0);
    assertThat(first.attribute("from")).isEqualTo("a@b/ü");
    assertThat(first.language()).isNull();
    assertThat(second.language()).isEmpty();
  }

  @Test
  void betweenElementsIsWhereNothingIsHalfRead() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    assertThat(scanner.betweenElements()).isTrue();
    for (String half : new String[] {"<", "<stream", "\u00EF", "<?xml"}) {
      scanner.restart();
      byte[] bytes = half.getBytes(ISO_8859_1);
      scanner.scan(bytes, 0, bytes.length);
      assertThat(scanner.betweenElements()).as(half).isFalse();
    }
    for (String half : new String[] {"<", "</", "<a", "<a>", "<a>x", "<a/", "<a></a", "\u00C3"}) {
      scanner = opened();
      assertThat(scanner.betweenElements()).isTrue();
      byte[] bytes = half.getBytes(ISO_8859_1);
      scanner.scan(bytes, 0, bytes.length);
      assertThat(scanner.betweenElements()).as(half).isFalse();
    }
  }

  @Test
  @Clause("S2S-STR-28")
  void afterARestartNothingOfTheDocumentBeforeCounts() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    Scan before =
        Scan.of(
            scanner,
            "<stream:stream xmlns='jabber:server' xmlns:stream='urn:s' xmlns:p='urn:p'><p:a><b x='"
                .getBytes(UTF_8),
            Chunks.whole());
    assertThat(before.violation()).isNull();
    scanner.restart();
    assertThat(scanner.betweenElements()).isTrue();
    assertThat(scanner.defaultNamespace()).isEmpty();
    assertThat(scanner.prefixes()).isEmpty();
    Scan after =
        Scan.of(
            scanner,
            "<?xml version='1.0'?><s:stream xmlns:s='urn:s'><a/><p:a/>".getBytes(UTF_8),
            Chunks.whole());
    assertThat(after.elements()).hasSize(1);
    assertThat(after.elements().getFirst().start().namespace()).isEmpty();
    assertThat(after.violation().kind()).isEqualTo(NOT_WELL_FORMED);
  }

  @Test
  void aViolationIsTerminalUntilARestart() {
    ElementScanner scanner = opened();
    byte[] bytes = "<a>&#0;<b/>".getBytes(UTF_8);
    assertThat(scanner.scan(bytes, 0, bytes.length)).isEqualTo(Event.VIOLATION);
    XmlViolation violation = scanner.violation();
    int at = scanner.position();
    assertThat(scanner.scan(bytes, at, bytes.length)).isEqualTo(Event.VIOLATION);
    assertThat(scanner.position()).isEqualTo(at);
    assertThat(scanner.violation()).isSameAs(violation);
    assertThat(scanner.betweenElements()).isFalse();
    scanner.restart();
    assertThat(Scan.of(scanner, HEADER.getBytes(UTF_8), Chunks.whole()).header()).isNotNull();
  }

  @Test
  void newLimitsHoldFromTheNextElementOn() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.STRANGER.withElementBytes(100));
    byte[] half = (HEADER + "<a>123").getBytes(UTF_8);
    scanner.scan(half, 0, half.length);
    scanner.scan(half, scanner.position(), half.length);
    scanner.limits(ScannerLimits.STRANGER.withElementBytes(8));
    byte[] rest = "4567</a><b></b><c>12</c>".getBytes(UTF_8);
    Scan scan = Scan.of(scanner, rest, Chunks.whole());
    assertThat(scan.elements()).hasSize(2);
    assertThat(scan.violation().kind()).isEqualTo(Kind.POLICY_VIOLATION);
  }

  @Test
  void theEndOfTheStreamIsReported() {
    Scan scan = Scan.of(HEADER + "<a/></stream:stream \n>\n ");
    assertThat(scan.ended()).isTrue();
    assertThat(scan.violation()).isNull();
    Scan trailing = Scan.of(HEADER + "</stream:stream><a/>");
    assertThat(trailing.ended()).isTrue();
    assertThat(trailing.violation().kind()).isEqualTo(NOT_WELL_FORMED);
  }

  @Test
  @Clause("S2S-XML-09")
  void oneByteOrderMarkBeforeTheFirstHeaderIsIgnoredAndElsewhereItIsACharacter() {
    assertThat(Scan.of("\uFEFF" + HEADER + "<a/>").elements()).hasSize(1);
    assertThat(Scan.of("\uFEFF<?xml version='1.0'?>" + HEADER + "<a/>").elements()).hasSize(1);
    assertThat(Scan.of(HEADER + "<a>\uFEFFx</a>").elements().getFirst().tree().text())
        .isEqualTo("\uFEFFx");
    assertThat(Scan.of("\uFEFF\uFEFF" + HEADER).violation().kind()).isEqualTo(BAD_FORMAT);
    assertThat(Scan.of(" \uFEFF" + HEADER).violation().kind()).isEqualTo(BAD_FORMAT);
    assertThat(Scan.of(HEADER + "\uFEFF").violation().kind()).isEqualTo(BAD_FORMAT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' ?>",
        "<?xml\n version = '1.0'\r\n\tencoding = \"utf-8\" standalone = 'yes' ?>",
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version='1.0' encoding='Utf-8'?> \r\n\t",
        "<?xml version='1.0' standalone=\"yes\"?>",
        "",
        " \n"
      })
  void whatMayPrecedeTheHeader(String prolog) {
    assertThat(Scan.of(prolog + HEADER + "<a/>").elements()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          <?xml version='1.1'?^>                         | NOT_WELL_FORMED
          <?xml version='1.0.0'?^>                       | NOT_WELL_FORMED
          <?xml version='1.0\"?^>                        | NOT_WELL_FORMED
          <?xml version=1.0?^>                           | NOT_WELL_FORMED
          <?xml encoding='UTF-8'?^>                      | NOT_WELL_FORMED
          <?xml encoding='UTF-8' version='1.0'?^>        | NOT_WELL_FORMED
          <?xml version='1.0'encoding='UTF-8'?^>         | NOT_WELL_FORMED
          <?xml version='1.0' standalone='yes' encoding='UTF-8'?^> | NOT_WELL_FORMED
          <?xml version='1.0' standalone='maybe'?^>      | NOT_WELL_FORMED
          <?xml version='1.0' encoding='8-UTF'?^>        | NOT_WELL_FORMED
          <?xml version='1.0' encoding=''?^>             | NOT_WELL_FORMED
          <?xml version='1.0' more='x'?^>                | NOT_WELL_FORMED
          <?xml version='1.0'?^x                         | NOT_WELL_FORMED
          <?xml version='1.0' ^\\x01                     | NOT_WELL_FORMED
          <?xml version='1.0' \\xC3^\\xA9                | NOT_WELL_FORMED
          <?xml version='1.0' standalone='no'?^>         | RESTRICTED_XML
          <?xml version="1.0" standalone="no"?^>         | RESTRICTED_XML
          <?xml version='1.0' encoding='ISO-8859-1'?^>   | UNSUPPORTED_ENCODING
          <?xml version='1.0' encoding="UTF-16"?^>       | UNSUPPORTED_ENCODING
          <?xml version='1.0' encoding='UTF8'?^>         | UNSUPPORTED_ENCODING
          <?^php                                         | RESTRICTED_XML
          <?^XML version='1.0'?>                         | RESTRICTED_XML
          <?xml^-stylesheet href='a'?>                   | RESTRICTED_XML
          <?xm^a                                         | RESTRICTED_XML
          ` <^?xml version='1.0'?>`                      | RESTRICTED_XML
          <?xml version='1.0'?><^?xml version='1.0'?>    | RESTRICTED_XML
          <!^-- c -->                                    | RESTRICTED_XML
          <!^DOCTYPE a SYSTEM 'http://a.example/'>       | RESTRICTED_XML
          <?xml version='1.0'?><!^DOCTYPE a []>          | RESTRICTED_XML
          <!^ELEMENT a ANY>                              | NOT_WELL_FORMED
          <!^[CDATA[]]>                                  | NOT_WELL_FORMED
          ^x                                             | BAD_FORMAT
          ^GET / HTTP/1.1                                | BAD_FORMAT
          ~^]                                            | BAD_FORMAT
          ^&                                             | BAD_FORMAT
          \\xC3^\\xA9                                    | BAD_FORMAT
          ^\\x16\\x03\\x01                               | NOT_WELL_FORMED
          <^/a>                                          | NOT_WELL_FORMED
          <^ a>                                          | NOT_WELL_FORMED
          <^1>                                           | NOT_WELL_FORMED
          <a/^>                                          | BAD_FORMAT
          <a:b^>                                         | NOT_WELL_FORMED
          """)
  @Clause({"S2S-XML-02", "S2S-XML-03", "S2S-XML-04", "S2S-XML-08", "S2S-XML-11", "S2S-XML-12"})
  void whatMayNotPrecedeTheFirstElement(String document, Kind kind) {
    assertViolation("", document, kind);
  }

  @Test
  @Clause("S2S-XML-03")
  void entitiesAreNeitherDeclaredNorExpandedNorFetched() {
    String laughs =
        "<!DOCTYPE a [<!ENTITY l0 'ha'>"
            + IntStream.range(0, 30)
                .mapToObj(i -> "<!ENTITY l%d '&l%d;&l%d;'>".formatted(i + 1, i, i))
                .collect(Collectors.joining())
            + "]>";
    String outside = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    for (String type : List.of(laughs, outside)) {
      for (String document :
          List.of(
              "<?xml version='1.0'?>" + type + "<a>&l30;</a>",
              HEADER + type,
              HEADER + "<a>" + type)) {
        ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
        Scan scan = Scan.of(scanner, document.getBytes(UTF_8), Chunks.of(64));
        assertThat(scan.violation().kind()).isEqualTo(Kind.RESTRICTED_XML);
        assertThat(scan.consumed()).isEqualTo(document.indexOf("<!D") + 2);
        assertThat(scanner.capacity()).isLessThan(2_500);
      }
    }
  }

  @Test
  @Clause("S2S-XML-08")
  void otherEncodingsAreRecognisedByTheirFirstBytes() {
    for (var encoding : new java.nio.charset.Charset[] {UTF_16LE, UTF_16BE}) {
      for (String mark : new String[] {"", "\uFEFF"}) {
        byte[] bytes = (mark + "<?xml version='1.0'?>" + HEADER).getBytes(encoding);
        assertThat(Scan.of(bytes, ScannerLimits.PROVEN, Chunks.bytes()).violation().kind())
            .as("%s %s", encoding, mark)
            .isEqualTo(UNSUPPORTED_ENCODING);
      }
    }
    assertViolation("", "^\\x00\\x00\\xFE\\xFF", UNSUPPORTED_ENCODING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          <a>&#9;&#xA;&#xD;&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;</a>
          <a>&#0000000000000000000000065;&#x0000000000000000000041;</a>
          <a>&lt;&gt;&amp;&quot;&apos;</a>
          <a>]]&gt; ] ]] > ]>]</a>
          <a>]]<![CDATA[>]]></a>
          <a><![CDATA[]]></a>
          <a><![CDATA[<b>&foo;&#0;<!-- -->]] ]>]]]]></a>
          <a><![CDATA[x]]><![CDATA[y]]></a>
          <a b='"' c="'" d='>' e=']]>' f='' g='&#10;'/>
          <a b='~' c = "~"/>
          <a  b='1'~c='2' />
          <a></a >
          <a></a~>
          <_a.b-c1/>
          <p:a xmlns:p='urn:x' p:b='1' b='2'/>
          <a xmlns:p='urn:x' xmlns:q='urn:y' p:b='1' q:b='2' b='3'/>
          <a xmlns='urn:x' xmlns:p='urn:x' p:b='1' b='2'/>
          <a xmlns=''/>
          <a xmlns='urn:x'><b xmlns=''/></a>
          <a xmlns:p='urn:x'><b xmlns:p='urn:y'><p:c/></b><p:c/></a>
          <a><b xmlns:p='urn:y' p:c=''/><c xmlns:p='urn:x' p:c=''/></a>
          <a xml:lang='de' xml:space='preserve' xml:anything=''/>
          <xml:a/>
          <a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang=''/>
          <a xmlns:xml='http://www.w3.org/XML/1998/namespac&#101;'/>
          <a xmlns:xmlx='urn:x' xmlx:b=''/>
          <xmlns/>
          <stream:a/>
          <a xmlns:p='urn: x'/>
          """)
  void whatIsWellFormed(String element) {
    Scan scan = Scan.of(HEADER + element.replace('~', '\n'));
    assertThat(scan.violation()).isNull();
    assertThat(scan.elements()).hasSize(1);
    assertThat(scan.elements().getFirst().start())
        .isEqualTo(scan.elements().getFirst().tree().start());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          <a><!^-- c --></a>              | RESTRICTED_XML
          <!^-- c -->                     | RESTRICTED_XML
          <a><!^DOCTYPE                   | RESTRICTED_XML
          <!^DOCTYPE                      | RESTRICTED_XML
          <a><^?pi ?></a>                 | RESTRICTED_XML
          <^?pi ?>                        | RESTRICTED_XML
          <^?xml version='1.0'?>          | RESTRICTED_XML
          <a>&^f                          | RESTRICTED_XML
          <a>&am^q                        | RESTRICTED_XML
          <a>&amp^x                       | RESTRICTED_XML
          <a>&quot^quot;                  | RESTRICTED_XML
          <a>&am^;                        | RESTRICTED_XML
          <a>&l^T;                        | RESTRICTED_XML
          <a>&^AMP;                       | RESTRICTED_XML
          <a>&\\xC3^\\xA9;                | RESTRICTED_XML
          <a>&a\\xC3^\\xA9;               | RESTRICTED_XML
          <a>&^_                          | RESTRICTED_XML
          <a b='&^f                       | RESTRICTED_XML
          <a xmlns='&^f                   | RESTRICTED_XML
          """)
  @Clause({"S2S-XML-02", "S2S-XML-03"})
  void whatXmppForbidsEndsTheStreamAtTheFirstByteThatDecides(String element, Kind kind) {
    assertViolation(HEADER, element, kind);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          <a></^b>                        | NOT_WELL_FORMED
          <a></a^b>                       | NOT_WELL_FORMED
          <ab></a^>                       | NOT_WELL_FORMED
          <a></^>                         | NOT_WELL_FORMED
          <a></^ a>                       | NOT_WELL_FORMED
          <a></^p:a>                      | NOT_WELL_FORMED
          <a></^A>                        | NOT_WELL_FORMED
          <a></a ^b>                      | NOT_WELL_FORMED
          <a></a ^\\x01>                  | NOT_WELL_FORMED
          <a><b></^a></b>                 | NOT_WELL_FORMED
          <stream:a></stream:^b>          | NOT_WELL_FORMED
          </stream:strea^n>               | NOT_WELL_FORMED
          </^a>                           | NOT_WELL_FORMED
          </stream:stream ^/>             | NOT_WELL_FORMED
          <^>                             | NOT_WELL_FORMED
          <^ a/>                          | NOT_WELL_FORMED
          <^-a/>                          | NOT_WELL_FORMED
          <^.a/>                          | NOT_WELL_FORMED
          <^0a/>                          | NOT_WELL_FORMED
          <^:a/>                          | NOT_WELL_FORMED
          <a:^/>                          | NOT_WELL_FORMED
          <a:^0/>                         | NOT_WELL_FORMED
          <a:^:b/>                        | NOT_WELL_FORMED
          <a:b^:c/>                       | NOT_WELL_FORMED
          <a^,b/>                         | NOT_WELL_FORMED
          <a^<b/>                         | NOT_WELL_FORMED
          <\\xC2^\\xB7/>                  | NOT_WELL_FORMED
          <a\\xC3^\\x97/>                 | NOT_WELL_FORMED
          <a\\xF0\\x90\\x80^\\x80/>       | NOT_WELL_FORMED
          <a:\\xC2^\\xB7/>                | NOT_WELL_FORMED
          <a /^ >                         | NOT_WELL_FORMED
          <a/^/>                          | NOT_WELL_FORMED
          <a ^=''/>                       | NOT_WELL_FORMED
          <a b^/>                         | NOT_WELL_FORMED
          <a b ^c/>                       | NOT_WELL_FORMED
          <a b=^c/>                       | NOT_WELL_FORMED
          <a b=^>                         | NOT_WELL_FORMED
          <a b=''^c=''/>                  | NOT_WELL_FORMED
          <a b=''^'/>                     | NOT_WELL_FORMED
          <a b='^<'/>                     | NOT_WELL_FORMED
          <a b="x^<"/>                    | NOT_WELL_FORMED
          <a b:^=''/>                     | NOT_WELL_FORMED
          <a ^:b=''/>                     | NOT_WELL_FORMED
          <a b:c^:d=''/>                  | NOT_WELL_FORMED
          <a ^0=''/>                      | NOT_WELL_FORMED
          <a b='' b^=''/>                 | NOT_WELL_FORMED
          <a b='1' c='' b^='2'/>          | NOT_WELL_FORMED
          <a xml:lang='' xml:lang^=''/>   | NOT_WELL_FORMED
          <a xmlns='urn:x' xmlns^='urn:y'/> | NOT_WELL_FORMED
          <a xmlns:p='urn:x' xmlns:p^='urn:y'/> | NOT_WELL_FORMED
          <a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/^> | NOT_WELL_FORMED
          <a xmlns:p='urn:x' xmlns:q='urn:&#x78;' p:b='' q:b=''/^> | NOT_WELL_FORMED
          <a xmlns:p='urn:x'><b xmlns:q='urn:x' p:b='' q:b=''^> | NOT_WELL_FORMED
          <p:a/^>                         | NOT_WELL_FORMED
          <a><p:b^>                       | NOT_WELL_FORMED
          <a p:b=''^>                     | NOT_WELL_FORMED
          <a><b xmlns:p='urn:x'/><p:c/^>  | NOT_WELL_FORMED
          <xmlns:a/^>                     | NOT_WELL_FORMED
          <a xmlns:p='^'/>                | NOT_WELL_FORMED
          <a xmlns:xml='urn:x^'/>         | NOT_WELL_FORMED
          <a xmlns:xmlns='urn:x^'/>       | NOT_WELL_FORMED
          <a xmlns:xmlns='http://www.w3.org/2000/xmlns/^'/> | NOT_WELL_FORMED
          <a xmlns:p='http://www.w3.org/2000/xmlns/^'/>     | NOT_WELL_FORMED
          <a xmlns='http://www.w3.org/2000/xmlns/^'/>       | NOT_WELL_FORMED
          <a xmlns='http://www.w3.org/XML/1998/namespace^'/> | NOT_WELL_FORMED
          <a xmlns:p='http://www.w3.org/XML/1998/namespace^'/> | NOT_WELL_FORMED
          <a xmlns:p='http://www.w3.org/XML/1998/namespac&#101;^'/> | NOT_WELL_FORMED
          <a xmlns:^=''/>                 | NOT_WELL_FORMED
          <a xmlns='urn:&#10;x^'/>        | NOT_WELL_FORMED
          <a xmlns:p='urn:x&#9;^'/>       | NOT_WELL_FORMED
          <a>]]^>                         | NOT_WELL_FORMED
          <a>]]]]^>                       | NOT_WELL_FORMED
          <a><b/>]]^>                     | NOT_WELL_FORMED
          <a><![CDATA[]]>]]^>             | NOT_WELL_FORMED
          <a><![^cDATA[                   | NOT_WELL_FORMED
          <a><![CDATA^ [                  | NOT_WELL_FORMED
          <a><![CDATA[^\\x01              | NOT_WELL_FORMED
          <a>^\\x01                       | NOT_WELL_FORMED
          <a>^\\x00                       | NOT_WELL_FORMED
          <a>^\\x1F                       | NOT_WELL_FORMED
          <a>1234567^\\x0B                | NOT_WELL_FORMED
          <a>\\xEF\\xBF^\\xBE             | NOT_WELL_FORMED
          <a>\\xEF\\xBF^\\xBF             | NOT_WELL_FORMED
          <a b='^\\x01'/>                 | NOT_WELL_FORMED
          <a b='\\xEF\\xBF^\\xBF'/>       | NOT_WELL_FORMED
          <a ^\\x01/>                     | NOT_WELL_FORMED
          <a>&^ amp;                      | NOT_WELL_FORMED
          <a>&^;                          | NOT_WELL_FORMED
          <a>&^&                          | NOT_WELL_FORMED
          <a>&amp^ ;                      | NOT_WELL_FORMED
          <a>&am^<                        | NOT_WELL_FORMED
          <a>&#^;                         | NOT_WELL_FORMED
          <a>&#x^;                        | NOT_WELL_FORMED
          <a>&#^a;                        | NOT_WELL_FORMED
          <a>&#6^a;                       | NOT_WELL_FORMED
          <a>&#^X41;                      | NOT_WELL_FORMED
          <a>&#x4^g;                      | NOT_WELL_FORMED
          <a>&#^ 65;                      | NOT_WELL_FORMED
          <a>&#65^<                       | NOT_WELL_FORMED
          <a>&#^-1;                       | NOT_WELL_FORMED
          <a>&#0^;                        | NOT_WELL_FORMED
          <a>&#1^;                        | NOT_WELL_FORMED
          <a>&#x1F^;                      | NOT_WELL_FORMED
          <a>&#xD800^;                    | NOT_WELL_FORMED
          <a>&#xDFFF^;                    | NOT_WELL_FORMED
          <a>&#xFFFE^;                    | NOT_WELL_FORMED
          <a>&#xFFFF^;                    | NOT_WELL_FORMED
          <a>&#x11000^0;                  | NOT_WELL_FORMED
          <a>&#111411^2;                  | NOT_WELL_FORMED
          <a>&#429496^7361;               | NOT_WELL_FORMED
          <a b='&#0^;'/>                  | NOT_WELL_FORMED
          ^x                              | BAD_FORMAT
          ` ~^x`                          | BAD_FORMAT
          <a/>^]]>                        | BAD_FORMAT
          <a/>^&#32;                      | BAD_FORMAT
          <!^[CDATA[ ]]>                  | BAD_FORMAT
          <a/>\\xE2\\x80^\\xA8            | BAD_FORMAT
          ^\\x0C                          | NOT_WELL_FORMED
          """)
  @Clause({"S2S-XML-05", "S2S-XML-06", "S2S-XML-10", "S2S-XML-12"})
  void whatIsNotWellFormedEndsTheStreamAtTheByteThatDecides(String element, Kind kind) {
    assertViolation(HEADER, element, kind);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          overlong slash             | \\xC0^\\xAF
          overlong of two            | \\xC1^\\x81
          overlong of three          | \\xE0^\\x80\\xAF
          overlong of three, highest | \\xE0^\\x9F\\xBF
          overlong of four           | \\xF0^\\x80\\x80\\xAF
          overlong of four, highest  | \\xF0^\\x8F\\xBF\\xBF
          surrogate                  | \\xED^\\xA0\\x80
          surrogate, last            | \\xED^\\xBF\\xBF
          pair of surrogates         | \\xED^\\xA0\\xBD\\xED\\xB8\\x80
          beyond the last            | \\xF4^\\x90\\x80\\x80
          five bytes                 | ^\\xF8\\x88\\x80\\x80\\x80
          lead of nothing            | ^\\xF5\\x80\\x80\\x80
          no lead                    | ^\\x80
          Latin-1                    | \\xE9^l\\xE8ve
          truncated two              | \\xC3^<
          truncated three            | \\xE2\\x82^<
          truncated four             | \\xF0\\x9F\\x98^<
          lead after lead            | \\xC3^\\xC3\\xA9
          never in UTF-8             | ^\\xFF
          """)
  @Clause("S2S-XML-08")
  void whatIsNotUtf8EndsTheStreamWhereverItIs(String what, String bytes) {
    // The byte that decides is the first where it can begin nothing at all.
    String shown = bytes.matches("\\\\xC[01].*") ? "^" + bytes.replace("^", "") : bytes;
    for (String before :
        new String[] {
          "", "<", "<a", "<a ", "<a b", "<a b=", "<a b='", "<a b='1234567890", "<a b='é汉",
          "<a xmlns='urn:", "<a/", "<a>", "<a>1234567890", "<a>é", "<a>é汉", "<a>&", "<a>&a",
              "<a>&#",
          "<a>&#1", "<a>&#x", "<a>&#x1", "<a><![", "<a><![CDATA[", "<a><![CDATA[1234567890",
              "<a></a "
        }) {
      assertViolation(HEADER, before + shown, UNSUPPORTED_ENCODING);
    }
    assertViolation("", shown, UNSUPPORTED_ENCODING);
    assertViolation("", "<?xml " + shown, UNSUPPORTED_ENCODING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\xC2\\x80",
        "\\xDF\\xBF",
        "\\xE0\\xA0\\x80",
        "\\xE0\\xBF\\xBF",
        "\\xED\\x9F\\xBF",
        "\\xEE\\x80\\x80",
        "\\xEF\\xBF\\xBD",
        "\\xEF\\xB7\\x90",
        "\\xF0\\x90\\x80\\x80",
        "\\xF4\\x8F\\xBF\\xBF",
        "\\xF0\\x9F\\xBF\\xBF",
        "\\x7F"
      })
  void charactersAtTheEdgesOfUtf8Pass(String character) {
    for (String around :
        new String[] {"<a>@</a>", "<a b='@'/>", "<a><![CDATA[@]]></a>", "<a xmlns='@'/>"}) {
      for (int before = 0; before < 9; before++) {
        byte[] bytes = bytes(HEADER + around.replace("@", "x".repeat(before) + character + "yz"));
        Scan scan = Scan.of(bytes, ScannerLimits.PROVEN, Chunks.whole());
        assertThat(scan.violation()).isNull();
        assertThat(scan.elements()).hasSize(1);
      }
    }
  }

  @Test
  void everyDetailIsShortAndWithoutControls() {
    String name = "n".repeat(500) + "é";
    for (String document :
        new String[] {
          "<" + name + "></x>",
          "<" + name + " " + name + "='' " + name + "=''/>",
          "<" + name + ":a/>",
          "<a>\u0001",
          "<a>\uFFFE",
          "<a \u0080/>"
        }) {
      XmlViolation violation = Scan.of(HEADER + document).violation();
      assertThat(violation.detail()).hasSizeBetween(1, 200).matches("[ -~]*");
    }
  }

  @Test
  void theFirstElementTellsItsLanguageAndNamespaces() {
    Scan scan =
        Scan.of(
            HEADER
                + "<p:a xmlns:p='urn:x&amp;y' p:b=' 1&#9;2\t3\r\n4&#13;&#10;5 ' b=\"'&quot;\" xml:lang='fr'/>");
    StartTag start = scan.elements().getFirst().start();
    assertThat(start)
        .isEqualTo(
            new StartTag(
                "p",
                "a",
                "urn:x&y",
                List.of(
                    new Attribute("p", "b", "urn:x&y", " 1\t2 3 4\r\n5 "),
                    new Attribute("", "b", "", "'\""),
                    new Attribute("xml", "lang", Namespaces.XML, "fr"))));
    assertThat(start.language()).isEqualTo("fr");
    assertThat(start.attribute("b")).isEqualTo("'\"");
    assertThat(start.attribute("urn:x&y", "b")).startsWith(" 1");
    assertThat(start.attribute("lang")).isNull();
  }

  private static ElementScanner opened() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] header = HEADER.getBytes(UTF_8);
    assertThat(scanner.scan(header, 0, header.length)).isEqualTo(Event.HEADER);
    return scanner;
  }

  /** The document ends in this violation, found at the mark, in one chunk and in many. */
  private static void assertViolation(String before, String marked, Kind kind) {
    assertThat(marked).contains("^");
    int at = bytes(before + marked.substring(0, marked.indexOf('^'))).length;
    byte[] document = bytes(before + marked.replace("^", ""));
    for (Chunks chunks : new Chunks[] {Chunks.whole(), Chunks.bytes(), Chunks.of(3)}) {
      Scan scan = Scan.of(document, ScannerLimits.PROVEN, chunks);
      assertThat(scan.violation()).as(marked).isNotNull();
      assertThat(scan.violation().kind()).as(marked + scan.violation()).isEqualTo(kind);
      assertThat(scan.consumed()).as(marked + scan.violation()).isEqualTo(at);
    }
  }

  /** The bytes of a table's text. */
  private static byte[] bytes(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && text.charAt(i + 1) == 'x') {
        bytes.write(Integer.parseInt(text.substring(i + 2, i + 4), 16));
        i += 3;
      } else {
        bytes.writeBytes((c == '~' ? "\n" : Character.toString(c)).getBytes(UTF_8));
      }
    }
    return bytes.toByteArray();
  }
}
