package im.comity.testkit.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Fault;
import im.comity.testkit.Fault.Point;
import im.comity.testkit.Pipe;
import im.comity.testkit.peer.StreamReader.Event;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.namespace.QName;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamReaderTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String HEAD = StreamHead.server().from("a").to("b").id("1").xml();

  private static final Pattern COLON_FIRST = Pattern.compile("[<\\s/]:");

  private final Pipe pipe = new Pipe();
  private final StreamReader reader = new StreamReader(Wire.of(pipe.right()));

  private void feed(String text) throws IOException {
    feed(text.getBytes(UTF_8));
  }

  private void feed(byte... bytes) throws IOException {
    pipe.left().write(bytes, 0, bytes.length, PATIENCE);
  }

  private Event next() throws IOException {
    return reader.next(PATIENCE);
  }

  private Received header() throws IOException {
    return ((Event.Header) next()).tag();
  }

  private Received element() throws IOException {
    return ((Event.Element) next()).element();
  }

  /** The one element of a stream that has no other. */
  private Received parse(String xml) throws IOException {
    feed(HEAD + xml);
    header();
    return element();
  }

  @Test
  void aStreamIsReadEventByEvent() throws Exception {
    feed(HEAD + "<a/> \n<b></b></stream:stream>");
    pipe.left().closeOutput();
    assertThat(header().raw()).isEqualTo(HEAD);
    assertThat(element().raw()).isEqualTo("<a/>");
    assertThat(next()).isEqualTo(new Event.Space(" \n"));
    assertThat(element().raw()).isEqualTo("<b></b>");
    assertThat(next()).isEqualTo(new Event.StreamEnd("</stream:stream>"));
    assertThat(next()).isEqualTo(new Event.End());
    assertThat(next()).isEqualTo(new Event.End());
  }

  @Test
  void whitespaceIsToldAsItComes() throws Exception {
    feed(HEAD);
    header();
    feed(" \n");
    assertThat(next()).isEqualTo(new Event.Space(" \n"));
    feed("\t");
    assertThat(next()).isEqualTo(new Event.Space("\t"));
  }

  @Test
  void aHeaderTellsItsAttributesAndDeclarations() throws Exception {
    feed(HEAD);
    Received header = header();
    assertThat(header.is(Xmpp.STREAM, "stream")).isTrue();
    assertThat(header.prefix()).isEqualTo("stream");
    assertThat(header.attributes())
        .containsExactly(
            Map.entry("version", "1.0"),
            Map.entry("xml:lang", "en"),
            Map.entry("from", "a"),
            Map.entry("to", "b"),
            Map.entry("id", "1"));
    assertThat(header.language()).isEqualTo("en");
    assertThat(header.declarations())
        .containsEntry("", Xmpp.SERVER)
        .containsEntry("stream", Xmpp.STREAM)
        .containsEntry("db", Xmpp.DIALBACK)
        .hasSize(3);
  }

  @Test
  void anElementTellsWhatItMeansAndHowItWasWritten() throws Exception {
    String xml =
        "<db:result\n from=\"a&amp;b\" x:y='1' xmlns:x='urn:x' ><x:in>1</x:in> k<![CDATA[<e>]]>y&#x41;"
            + "<error xmlns='urn:e'><deep/></error></db:result >";
    Received result = parse(xml);
    assertThat(result.raw()).isEqualTo(xml).isEqualTo(result.toString());
    assertThat(result.is(Xmpp.DIALBACK, "result")).isTrue();
    assertThat(result.attribute("from")).isEqualTo("a&b");
    assertThat(result.attribute("y")).isNull();
    assertThat(result.attribute("urn:x", "y")).isEqualTo("1");
    assertThat(result.text()).isEqualTo(" k<e>yA");
    assertThat(result.children()).hasSize(2);
    assertThat(result.child("urn:x", "in").text()).isEqualTo("1");
    assertThat(result.child("urn:x", "in").raw()).isEqualTo("<x:in>1</x:in>");
    Received error = result.child("urn:e", "error");
    assertThat(error.raw()).isEqualTo("<error xmlns='urn:e'><deep/></error>");
    assertThat(error.children().getFirst().is("urn:e", "deep")).isTrue();
    assertThat(error.declarations()).containsEntry("", "urn:e");
    assertThat(result.child("urn:e", "in")).isNull();
  }

  @Test
  void aMissingAttributeThatIsRequiredFails() throws Exception {
    Received element = parse("<a b='c'/>");
    assertThat(element.required("b")).isEqualTo("c");
    assertThatThrownBy(() -> element.required("d"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("<a b='c'/>");
  }

  @Test
  void lineEndsAndWhitespaceInAttributesAreNormalized() throws Exception {
    Received element = parse("<a b='1\r\n2\t3\n4&#10;5'>x\r\ny\rz\n<![CDATA[\r\n]]></a>");
    assertThat(element.attribute("b")).isEqualTo("1 2 3 4\n5");
    assertThat(element.text()).isEqualTo("x\ny\nz\n\n");
  }

  @Test
  void nothingBehindTheEndOfAnElementIsNeeded() throws Exception {
    feed(HEAD + "<proceed xmlns='" + Xmpp.TLS + "'/>");
    header();
    element();
    assertThat(reader.buffered()).isEmpty();
    feed("<a/>" + "\u0016\u0003\u0001");
    element();
    assertThat(reader.buffered()).containsExactly(0x16, 3, 1);
  }

  @Test
  void aRestartBeginsANewDocumentWithWhatIsBuffered() throws Exception {
    feed(
        HEAD
            + "<success/>"
            + "<?xml version=\"1.0\" encoding='UTF-8'?>\n<s xmlns='"
            + Xmpp.STREAM
            + "'>");
    header();
    element();
    reader.restart();
    assertThat(header().name()).isEqualTo("s");
    feed("</s>");
    assertThat(next()).isEqualTo(new Event.StreamEnd("</s>"));
  }

  @Test
  void aTimeOutTellsWhatCame() throws Exception {
    feed(HEAD + "<a><b");
    header();
    assertThatThrownBy(() -> reader.next(Duration.ofMillis(1)))
        .isInstanceOf(SocketTimeoutException.class);
    assertThat(reader.partial()).isEqualTo("<a><b");
  }

  @Test
  void awaitingConsumesNothing() throws Exception {
    assertThat(reader.await(Duration.ofMillis(1))).isFalse();
    feed(HEAD);
    assertThat(reader.await(PATIENCE)).isTrue();
    assertThat(reader.await(Duration.ZERO)).isTrue();
    assertThat(header().raw()).isEqualTo(HEAD);
    pipe.left().closeOutput();
    assertThat(reader.await(PATIENCE)).isTrue();
    assertThat(next()).isEqualTo(new Event.End());
  }

  @Test
  void aConnectionThatBrokeWhileAwaitedBreaksTheNextRead() throws Exception {
    pipe.left().reset();
    assertThat(reader.await(PATIENCE)).isTrue();
    assertThatThrownBy(this::next).hasMessage("Connection reset");
  }

  @Test
  void anEndInTheMidstOfAnElementIsNoOrderlyEnd() throws Exception {
    feed(HEAD + "<a>");
    pipe.left().closeOutput();
    header();
    assertThatThrownBy(this::next).isInstanceOf(EOFException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<!-- comment -->",
        "<a><!-- comment --></a>",
        "<?pi data?>",
        "<a><?pi data?></a>",
        "<!DOCTYPE a>",
        "<![CDATA[x]]>",
        "<a>&unknown;</a>",
        "<a>&lt</a>",
        "<a>&;</a>",
        "<a>& b</a>",
        "<a>&#0;</a>",
        "<a>&#x1;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#xFFFE;</a>",
        "<a>&#99999999999;</a>",
        "<a>&#;</a>",
        "<a>&#-1;</a>",
        "<a b='&#1;'/>",
        "<a>\u0001</a>",
        "<a>\ufffe</a>",
        "<a>]]></a>",
        "<a b='<'/>",
        "<a b=c/>",
        "<a b/>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
        "<a xmlns:x='urn:x' xmlns:x='urn:x'/>",
        "<a xmlns:x=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<x:a/>",
        "<a x:b='1'/>",
        "<a><b></a></b>",
        "<a></b>",
        "<a></a b='1'>",
        "<a / >",
        "< a/>",
        "<1a/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='urn:a'/>",
        "<stream:a:b/>",
        "<a b='1'/ >",
        "text",
        "&lt;",
        "</stream:other>",
        "</stream>",
        "</s:stream>",
        "\ufeff<a/>",
      })
  void whatIsNoXmlStreamIsRefused(String xml) throws Exception {
    feed(HEAD + xml);
    header();
    assertThatThrownBy(this::next).isInstanceOf(StreamReader.Malformed.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<?xml version='1.1'?><s>",
        "<?xml version='1.0' encoding='latin1'?><s>",
        "<?xml encoding='UTF-8'?><s>",
        "<?xml version=1.0?><s>",
        "<?pi version='1.0'?><s>",
        "<?xml version='1.0'?>text<s>",
        "<?xml version='1.0'?><!DOCTYPE s><s>",
        "<s/>",
        "\ufeff<s>",
        "<x:s>",
      })
  void whatIsNoHeaderIsRefused(String xml) throws Exception {
    feed(xml);
    assertThatThrownBy(this::next).isInstanceOf(StreamReader.Malformed.class);
  }

  @ParameterizedTest
  @CsvSource({
    "c0af", // overlong slash
    "c1bf",
    "e08080", // overlong
    "f0808080",
    "eda080", // surrogate
    "f4908080", // beyond U+10FFFF
    "f5808080",
    "ff",
    "80",
    "c32f", // cut short
  })
  void whatIsNotUtf8IsRefused(String hex) throws Exception {
    feed(HEAD + "<a>");
    feed(HexFormat.of().parseHex(hex));
    feed("</a>");
    header();
    assertThatThrownBy(this::next).isInstanceOf(StreamReader.Malformed.class);
  }

  @Test
  void nothingMayFollowTheEndOfTheStreamButWhitespace() throws Exception {
    feed(HEAD + "</stream:stream>\n<a/>");
    header();
    next();
    assertThat(next()).isInstanceOf(Event.Space.class);
    assertThatThrownBy(this::next).isInstanceOf(StreamReader.Malformed.class);
  }

  @Test
  void depthIsBounded() throws Exception {
    assertThat(parse("<a>".repeat(1_000) + "</a>".repeat(1_000)).name()).isEqualTo("a");
    feed("<a>".repeat(1_001));
    assertThatThrownBy(this::next).isInstanceOf(StreamReader.Malformed.class);
  }

  @Test
  void lengthIsBounded() throws Exception {
    feed(HEAD + "<a>");
    Thread flood =
        Thread.startVirtualThread(
            () -> {
              try {
                while (true) {
                  feed("x".repeat(10_000));
                }
              } catch (IOException e) {
                // The reader has gone: that is what ends the flood.
                Thread.currentThread().interrupt();
              }
            });
    header();
    assertThatThrownBy(this::next)
        .isInstanceOf(StreamReader.Malformed.class)
        .hasMessageContaining("characters");
    pipe.right().close();
    assertThat(flood.join(PATIENCE)).isTrue();
  }

  static Stream<String> samples() {
    return Stream.of(
        "<a/>",
        "<a></a>",
        "<a >text</a >",
        "<message from='a@b/c' to=\"d@e\" type='chat'><body>Grüße, 世界 🐎</body></message>",
        "<a b='\"' c=\"'\" d='&lt;&gt;&amp;&apos;&quot;'>&lt;&gt;&amp;&apos;&quot;</a>",
        "<a>&#65;&#x1F40E;&#xd;&#10;</a>",
        "<a>x\r\ny\rz</a>",
        "<a b='x\r\ny\tz'/>",
        "<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>",
        "<a><![CDATA[]]></a>",
        "<a>]] > ]></a>",
        "<a xmlns='urn:a'><b xmlns=''><c/></b><d/></a>",
        "<x:a xmlns:x='urn:1'><x:b xmlns:x='urn:2' x:c='1'/><x:d/></x:a>",
        "<a xml:lang='de' xmlns:p='urn:p' p:q='1' q='2'/>",
        "<db:verify from='a' to='b' id='c'>key\n</db:verify>",
        "<stream:features><starttls xmlns='"
            + Xmpp.TLS
            + "'><required/></starttls></stream:features>",
        "<é:ü xmlns:é='urn:e' ñ-1.2='·'/>",
        "<a\n\tb = 'c'\r\n/>",
        "<a>" + "<b>x</b>".repeat(200) + "</a>",
        "<a>" + "x".repeat(30_000) + "</a>");
  }

  @ParameterizedTest
  @MethodSource("samples")
  void itReadsWhatTheParserOfTheJdkReads(String xml) throws Exception {
    assertThat(tree(parse(xml))).isEqualTo(treeOfTheJdk(xml));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void bytesThatComeOneByOneGiveTheSame(String xml) throws Exception {
    Received whole = parse(xml);
    Pipe other = new Pipe();
    other.left().fault(new Fault.Trickle(Point.afterBytes(0)));
    StreamReader slow = new StreamReader(Wire.of(other.right()));
    byte[] bytes = (HEAD + xml).getBytes(UTF_8);
    other.left().write(bytes, 0, bytes.length, PATIENCE);
    slow.next(PATIENCE);
    Received pieced = ((Event.Element) slow.next(PATIENCE)).element();
    assertThat(pieced).isEqualTo(whole);
    assertThat(tree(pieced)).isEqualTo(tree(whole));
  }

  private static List<String> mutations() {
    List<String> mutations = new ArrayList<>();
    String xml =
        "<a b='1' xmlns:x='urn:x'>t&amp;<x:c d=\"2\"/><![CDATA[e]]><f xmlns='urn:f'>g</f></a>";
    String replacements = "<>&'\"=/:;!?] \u0001x";
    for (int at = 0; at < xml.length(); at++) {
      mutations.add(xml.substring(0, at) + xml.substring(at + 1));
      for (int i = 0; i < replacements.length(); i++) {
        mutations.add(xml.substring(0, at) + replacements.charAt(i) + xml.substring(at + 1));
      }
    }
    return mutations;
  }

  /** Each text with one character gone or another: both parsers read the same or both refuse. */
  @Test
  void itRefusesWhatTheParserOfTheJdkRefuses() throws Exception {
    int refused = 0;
    for (String xml : mutations()) {
      String expected;
      try {
        expected = treeOfTheJdk(xml);
      } catch (XMLStreamException e) {
        expected = null;
      }
      String actual = treeOrNull(xml);
      // The JDK lets a name begin with a colon.
      if (expected != null && actual == null && COLON_FIRST.matcher(xml).find()) {
        continue;
      }
      assertThat(actual).as(xml).isEqualTo(expected);
      refused += expected == null ? 1 : 0;
    }
    assertThat(refused).isPositive();
  }

  private static String treeOrNull(String xml) throws IOException {
    Pipe one = new Pipe();
    byte[] bytes = (HEAD + xml + "</stream:stream>").getBytes(UTF_8);
    one.left().write(bytes, 0, bytes.length, PATIENCE);
    one.left().closeOutput();
    StreamReader reader = new StreamReader(Wire.of(one.right()));
    reader.next(PATIENCE);
    try {
      String tree = "";
      while (true) {
        switch (reader.next(PATIENCE)) {
          case Event.Element(Received element) -> tree += tree(element);
          case Event.StreamEnd _ -> {
            return tree;
          }
          case Event.Space _ -> {}
          default -> throw new IOException("no element");
        }
      }
    } catch (IOException e) {
      return null;
    }
  }

  private static String tree(Received element) {
    StringBuilder tree = new StringBuilder();
    tree.append('(').append(new QName(element.namespace(), element.name()));
    element
        .attributes()
        .forEach((name, value) -> tree.append(" @").append(name).append('=').append(value));
    tree.append(" '").append(element.text()).append('\'');
    element.children().forEach(child -> tree.append(tree(child)));
    return tree.append(')').toString();
  }

  private static String treeOfTheJdk(String xml) throws XMLStreamException {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    XMLStreamReader reader =
        factory.createXMLStreamReader(new StringReader(HEAD + xml + "</stream:stream>"));
    reader.nextTag();
    StringBuilder trees = new StringBuilder();
    while (reader.next() != XMLStreamReader.END_ELEMENT) {
      if (reader.isStartElement()) {
        trees.append(treeOfTheJdk(reader));
      } else if (reader.isCharacters() && !reader.isWhiteSpace()) {
        throw new XMLStreamException("text between first-level elements");
      }
    }
    while (reader.hasNext()) {
      reader.next();
    }
    return trees.toString();
  }

  private static String treeOfTheJdk(XMLStreamReader reader) throws XMLStreamException {
    StringBuilder tree = new StringBuilder("(").append(reader.getName());
    for (int i = 0; i < reader.getAttributeCount(); i++) {
      String prefix = reader.getAttributePrefix(i);
      tree.append(" @").append(prefix == null || prefix.isEmpty() ? "" : prefix + ":");
      tree.append(reader.getAttributeLocalName(i)).append('=').append(reader.getAttributeValue(i));
    }
    StringBuilder text = new StringBuilder();
    StringBuilder children = new StringBuilder();
    while (reader.next() != XMLStreamReader.END_ELEMENT) {
      switch (reader.getEventType()) {
        case XMLStreamReader.START_ELEMENT -> children.append(treeOfTheJdk(reader));
        case XMLStreamReader.CHARACTERS, XMLStreamReader.CDATA, XMLStreamReader.SPACE ->
            text.append(reader.getText());
        case XMLStreamReader.ENTITY_REFERENCE -> throw new XMLStreamException("an entity");
        default -> {}
      }
    }
    return tree.append(" '").append(text).append('\'').append(children).append(')').toString();
  }
}
