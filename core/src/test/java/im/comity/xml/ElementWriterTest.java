package im.comity.xml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ElementWriterTest {

  @Test
  void aTreeIsWrittenWithTheDeclarationsItNeeds() {
    Element tree =
        Element.of("jabber:server", "message")
            .attribute("to", "a@b.example")
            .attribute("xml", Namespaces.XML, "lang", "de")
            .child(Element.of("jabber:server", "body").text("x < y & \"z\"").build())
            .child(Element.of("urn:x", "x").child(Element.of("", "y").build()).build())
            .child(Element.of("urn:p", "p").prefix("p").attribute("p", "urn:p", "q", "'").build())
            .build();
    assertThat(ElementWriter.write(tree, "jabber:server", Map.of()).toUtf8())
        .isEqualTo(
            "<message to='a@b.example' xml:lang='de'><body>x &lt; y &amp; \"z\"</body>"
                + "<x xmlns='urn:x'><y xmlns=''/></x><p:p xmlns:p='urn:p' p:q='&apos;'/></message>");
    assertThat(ElementWriter.write(tree, "", Map.of("p", "urn:p")).toUtf8())
        .startsWith("<message xmlns='jabber:server' to=")
        .endsWith("<p:p p:q='&apos;'/></message>");
    assertThat(tree.toString()).isEqualTo(ElementWriter.write(tree, "", Map.of()).toUtf8());
  }

  @Test
  void aStreamHeaderIsAnOpenStartTag() {
    ElementWriter writer = new ElementWriter("", Map.of());
    Octets header =
        writer
            .declaration()
            .start("stream", Namespaces.STREAM, "stream")
            .declare("", Namespaces.SERVER)
            .declare("db", Namespaces.DIALBACK)
            .attribute("to", "b.example")
            .take();
    assertThat(header.toUtf8())
        .isEqualTo(
            "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'"
                + " xmlns='jabber:server' xmlns:db='jabber:server:dialback' to='b.example'>");
    writer.element(
        Element.of(Namespaces.DIALBACK, "result").prefix("db").attribute("type", "valid").build());
    assertThat(writer.take().toUtf8()).isEqualTo("<db:result type='valid'/>");
    assertThat(writer.end().take().toUtf8()).isEqualTo("</stream:stream>");
  }

  @Test
  void anElementCanBeWrittenPieceByPiece() {
    ElementWriter writer = new ElementWriter("jabber:server", Map.of());
    Octets octets =
        writer
            .start("", "jabber:server", "iq")
            .attribute("id", "1")
            .start("", "urn:q", "query")
            .text("a")
            .text("b")
            .end()
            .start("", "jabber:server", "x")
            .end()
            .end()
            .take();
    assertThat(octets.toUtf8()).isEqualTo("<iq id='1'><query xmlns='urn:q'>ab</query><x/></iq>");
  }

  @Test
  @Clause("S2S-NS-14")
  void prefixesAreKeptAndDeclarationsToo() {
    for (String element :
        List.of(
            "<a:b xmlns:a='urn:x'/>",
            "<a:b xmlns:a='urn:x' xmlns:c='urn:y' c:d='1'><e xmlns='urn:e' f='c:g'/></a:b>",
            "<b xmlns='urn:x' xmlns:a='urn:x' a:c='1'><a:d/></b>",
            "<a:b xmlns:a='urn:x'><a:b xmlns:a='urn:y'><a:b/></a:b><a:b/></a:b>",
            "<xml:b xml:c='1'/>")) {
      Element tree = Scan.of(Scan.HEADER + element).elements().getFirst().tree();
      assertThat(ElementWriter.write(tree, "jabber:server", Map.of()).toUtf8()).isEqualTo(element);
    }
  }

  @Test
  void aPrefixThatIsImpossibleIsReplaced() {
    assertThat(Element.of("", "a").prefix("p").build().toString()).isEqualTo("<a/>");
    assertThat(Element.of("urn:x", "a").prefix("xml").build().toString())
        .isEqualTo("<a xmlns='urn:x'/>");
    assertThat(Element.of(Namespaces.XML, "a").prefix("p").build().toString())
        .isEqualTo("<xml:a/>");
    assertThat(
            Element.of("urn:x", "a")
                .prefix("p")
                .attribute("p", "urn:y", "b", "1")
                .attribute("", "urn:y", "c", "2")
                .attribute("", "urn:z", "d", "3")
                .attribute("q", "", "e", "4")
                .attribute("q", Namespaces.XML, "lang", "5")
                .attribute("xml", "urn:x", "f", "6")
                .build()
                .toString())
        .isEqualTo(
            "<p:a xmlns:p='urn:x' xmlns:ns1='urn:y' ns1:b='1' ns1:c='2' xmlns:ns2='urn:z' ns2:d='3'"
                + " e='4' xml:lang='5' p:f='6'/>");
  }

  @Test
  void whiteSpaceThatAParserWouldChangeIsWrittenAsReferences() {
    Element tree =
        Element.of("", "a").attribute("b", " \t\n\r'\"<>&").text(" \t\n\r'\"<>&]]>").build();
    assertThat(tree.toString())
        .isEqualTo(
            "<a b=' &#9;&#10;&#13;&apos;\"&lt;&gt;&amp;'> \t\n&#13;'\"&lt;&gt;&amp;]]&gt;</a>");
    assertThat(Scan.of("<s>" + tree).elements().getFirst().tree()).isEqualTo(tree);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\0",
        "\u0001",
        "\u001F",
        "\uFFFE",
        "\uFFFF",
        "\uD800",
        "\uDC00",
        "a\uD83D",
        "\uDE00\uD83D"
      })
  @Clause({"S2S-XML-01", "S2S-XML-07"})
  void whatIsNoCharacterOfXmlIsNotWritten(String text) {
    assertRefused(Element.of("urn:x\n", "a"));
    assertRefused(Element.of("urn:x", "a").declare("p", "urn:\ty"));
    assertRefused(Element.of("", "a").text(text));
    assertRefused(Element.of("", "a").attribute("b", text));
    assertRefused(Element.of("urn:" + text, "a"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "a b", "a:b", "1", "-", "a>", "a/", "a=", "<", "\u0370", "😀", "a\0"})
  void whatIsNoNameIsNotWritten(String name) {
    assertRefused(Element.of("", name));
    assertRefused(Element.of("", "a").attribute(name, "1"));
    if (!name.isEmpty()) {
      assertRefused(Element.of("urn:x", "a").prefix(name));
      assertRefused(Element.of("urn:x", "a").attribute(name, "urn:x", "b", "1"));
      assertRefused(Element.of("urn:x", "a").declare(name, "urn:x"));
    }
  }

  @Test
  void contradictionsAreNotWritten() {
    assertRefused(Element.of("", "a").attribute("b", "1").attribute("b", "2"));
    assertRefused(
        Element.of("", "a").attribute("p", "urn:x", "b", "1").attribute("q", "urn:x", "b", "2"));
    assertRefused(Element.of("", "a").attribute("xmlns", "urn:x"));
    assertRefused(Element.of("urn:x", "a").prefix("xmlns"));
    assertRefused(Element.of(Namespaces.XMLNS, "a"));
    assertRefused(Element.of("", "a").attribute("p", Namespaces.XMLNS, "b", "1"));
    assertRefused(Element.of("", "a").declare("p", ""));
    assertRefused(Element.of("", "a").declare("xml", "urn:x"));
    assertRefused(Element.of("", "a").declare("p", Namespaces.XML));
    assertRefused(Element.of("", "a").declare("xmlns", "urn:x"));
    assertRefused(Element.of("urn:x", "a").prefix("p").declare("p", "urn:y"));
    assertRefused(Element.of("urn:x", "a").declare("", "urn:y"));
    assertThatThrownBy(() -> new ElementWriter("", Map.of()).attribute("a", "b"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> new ElementWriter("", Map.of()).start("", "", "a").text("").declare("p", "urn:p"))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  @Clause({"S2S-XML-01", "S2S-XML-07", "S2S-NS-14"})
  void whatIsWrittenIsReadBackByEveryParser() {
    Differential twins = new Differential(Oracle.all());
    for (int seed = 0; seed < 1500; seed++) {
      Element tree = Trees.next(new Random(seed));
      Octets written = ElementWriter.write(tree, "jabber:server", Map.of());
      byte[] document =
          (Scan.HEADER + written + "</stream:stream>")
              .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      Scan scan = Scan.of(document, Differential.LIMITS, Scan.Chunks.whole());
      assertThat(scan.violation()).as("%d %s", seed, written).isNull();
      assertThat(Differential.same(scan.elements().getFirst().tree(), tree))
          .as("%d %s", seed, written)
          .isTrue();
      twins.check(document);
    }
  }

  private static void assertRefused(Element.Builder element) {
    Element tree = element.build();
    assertThatThrownBy(() -> ElementWriter.write(tree, "", Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
