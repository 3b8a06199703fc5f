package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.stanza.Reading.Read;
import im.comity.stanza.SecondParser.Parsed;
import im.comity.stanza.SecondParser.Tree;
import im.comity.testkit.Clause;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The verbatim path and the rewriting path say the same, in the form that {@link Stanza} promises,
 * and what they say is what the sender said: judged by another parser, on streams of servers and of
 * components alike.
 */
class StanzaTwinsTest {
  private static final String ADDRESSES = "from='ann@north.example/x' to='bob@south.example'";
  private static final String PREFIXES =
      "xmlns:x='urn:x' xmlns:s='jabber:server' xmlns:y='urn:y&amp;'";
  private static final List<String> STREAMS =
      List.of(Namespaces.SERVER, Namespaces.COMPONENT_ACCEPT);

  static List<String> samples() {
    return List.of(
        "<message %s/>",
        "<message %s><body>hello</body></message>",
        "<message %s xml:lang='en' id='1'><body xml:lang=''>a</body><thread parent=''>b</thread></message>",
        "<presence %s type='subscribe'><x:a/><x:b x:c='d' e='f'/></presence>",
        "<iq %s id='1' type='set'><query xmlns='urn:q'><item/></query></iq>",
        "<message %s><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>a</body></message></forwarded></message>",
        "<message %s><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:server'><body>a</body></message></forwarded></message>",
        "<message %s><f:forwarded xmlns:f='urn:xmpp:forward:0'><message><body>a</body></message></f:forwarded></message>",
        "<message %s><x:forwarded><message><body>a</body></message></x:forwarded></message>",
        "<message %s><f:forwarded xmlns:f='urn:xmpp:forward:0'><message xmlns='jabber:server'><body>a</body></message></f:forwarded></message>",
        "<message %s><f:forwarded xmlns:f='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>a</body></message></f:forwarded></message>",
        "<message %s><s:body>a</s:body></message>",
        "<message %s><x:a><s:b/><c/></x:a></message>",
        "<message %s><s:body s:a='b'><s:c/><d/></s:body></message>",
        "<message xmlns='jabber:server' %s><body/><a xmlns='urn:a'><b xmlns='jabber:server'/></a></message>",
        "<message xmlns:c='jabber:client' %s><c:body/><a c:d=''/></message>",
        "<message xmlns:p='urn:p' %s p:q='r'><p:s xmlns:p='urn:other' p:t='u'><p:v/></p:s><p:w/></message>",
        "<message %s><x:a xmlns:x='urn:not-x'><x:b/></x:a><x:c/></message>",
        "<message %s><a xmlns='urn:a'><b xmlns=''><c/><x:d/></b></a></message>",
        "<message %s><b xmlns=''><c/></b></message>",
        "<message %s><body>&lt;&gt;&amp;&apos;&quot;&#x1F4A9;&#13;&#10;&#9; </body></message>",
        "<message %s id='&lt;&gt;&amp;&apos;&quot;&#13;&#10;&#9;&#x10ffff;'/>",
        "<message %s><body><![CDATA[<&>'\"]]>]]&gt;<![CDATA[]]></body></message>",
        "<message\n\t%s\r\n>\r\n<body\n>a\r\nb\rc</body\n>\t</message >",
        "<message %s><ü ü='é'>\u20ac\ud83d\udca9</ü></message>",
        "<message %s y:a='1' x:a='2' a='3'/>",
        "<message %s>text <b/> mixed <c/>\n</message>");
  }

  @ParameterizedTest
  @MethodSource("samples")
  @Clause({"S2S-STZ-13", "S2S-STZ-14", "S2S-NS-06", "S2S-NS-09", "S2S-NS-10"})
  void bothPathsSayWhatTheSenderSaid(String form) {
    for (String more : List.of("", PREFIXES)) {
      if (more.isEmpty() && (form.contains("x:") || form.contains("s:") || form.contains("y:"))) {
        continue;
      }
      check(more, form.formatted(ADDRESSES), form);
    }
  }

  @Test
  @Clause({"S2S-STZ-13", "S2S-NS-06", "S2S-NS-09", "S2S-NS-10", "S2S-XML-07"})
  void bothPathsSayWhatTheSenderSaidWhateverItIs() {
    for (int seed = 0; seed < 1_500; seed++) {
      String text = new StanzaMaker(new Random(seed)).stanza();
      check(PREFIXES, text, "seed " + seed + ": " + text);
    }
  }

  private static void check(String more, String text, String name) {
    for (String sender : STREAMS) {
      for (String language : new String[] {null, "fr"}) {
        check(
            sender,
            language,
            more.replace(Namespaces.SERVER, sender),
            text.replace(Namespaces.SERVER, sender),
            name);
      }
    }
  }

  private static void check(String sender, String language, String more, String text, String name) {
    OneStream stream = new OneStream(sender, more);
    Tree said = withLanguage(SecondParser.said(stream.header, text, stream.content), language);
    ScannedElement element = stream.element(text);
    Octets read =
        ((Read) new StanzaReader(sender, language, false).read(element)).stanza().octets();
    boolean lacks = element.start().language() == null;
    Octets rewritten = Rewriting.rewrite(element.toElement(), sender, lacks ? language : null);
    for (String content : STREAMS) {
      Parsed asRead = SecondParser.relayed(read, stream.content, content);
      Parsed asRewritten = SecondParser.relayed(rewritten, stream.content, content);
      assertThat(asRead.faults()).as("%s%n%s", name, read).isEmpty();
      assertThat(asRewritten.faults()).as("%s%n%s", name, rewritten).isEmpty();
      assertThat(asRead.tree()).as("%s%n%s", name, read).isEqualTo(said);
      assertThat(asRewritten.tree()).as("%s%n%s", name, rewritten).isEqualTo(said);
    }
  }

  private static Tree withLanguage(Tree tree, String language) {
    Map<String, String> attributes = new TreeMap<>(tree.attributes());
    if (language != null) {
      attributes.putIfAbsent('{' + Namespaces.XML + "}lang", language);
    }
    return new Tree(tree.name(), attributes, tree.children());
  }
}
