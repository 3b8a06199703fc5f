package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.stanza.Reading.BadAddress;
import im.comity.stanza.Reading.BadNamespacePrefix;
import im.comity.stanza.Reading.Head;
import im.comity.stanza.Reading.NotAStanza;
import im.comity.stanza.Reading.Read;
import im.comity.stanza.Reading.WrongNamespace;
import im.comity.testkit.Clause;
import im.comity.xml.Attribute;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import im.comity.xml.StartTag;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StanzaReaderTest {
  private static final String ADDRESSES = "from='ann@north.example/x' to='bob@south.example'";

  @Test
  void theStartTagSaysAllThatIsNeededToRoute() throws AddressFormatException {
    Stanza stanza =
        read(
            "<iq type='get' "
                + ADDRESSES
                + " id='a&apos;&lt;&#10;1' xml:lang='de'><query xmlns='urn:x'/></iq>");

    assertThat(stanza.kind()).isEqualTo(StanzaKind.IQ);
    assertThat(stanza.from()).hasToString("ann@north.example/x");
    assertThat(stanza.to()).hasToString("bob@south.example");
    assertThat(stanza.id()).isEqualTo("a'<\n1");
    assertThat(stanza.type()).isEqualTo("get");
    assertThat(stanza.language()).isEqualTo("de");
    assertThat(stanza.pair())
        .isEqualTo(new DomainPair(Domain.of("north.example"), Domain.of("south.example")));
    assertThat(stanza.target()).isEqualTo(Domain.of("south.example"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<message %s/>",
        "<message\n%s\n/>",
        "<message %s><body>a &amp; b</body></message>",
        "<presence %s type='probe' unknown='kept' xml:lang='x'/>",
        "<iq %s id=\"'\"  type = 'set' ><a:b xmlns:a='urn:a' a:c='d'><![CDATA[<>]]></a:b></iq >",
      })
  @Clause({"S2S-STZ-13", "S2S-STZ-14"})
  void aStanzaInTheCommonFormKeepsItsBytes(String form) {
    String text = form.formatted(ADDRESSES);

    assertThat(read(text).octets()).hasToString(text);
  }

  @Test
  void bytesAreBorrowedUntilTheyAreKept() {
    OneStream stream = OneStream.server();
    ScannedElement element = stream.element("<message " + ADDRESSES + "/>");
    Stanza stanza = stanza(new StanzaReader(Namespaces.SERVER, null).read(element));
    Octets borrowed = stanza.octets();
    assertThat(borrowed.array()).isSameAs(element.octets().array());

    Stanza kept = stanza.keep();
    Arrays.fill(borrowed.array(), (byte) 'x');

    assertThat(kept.octets()).hasToString("<message " + ADDRESSES + "/>");
    assertThat(kept.keep()).isSameAs(kept);
    assertThat(kept.envelope()).isEqualTo(stanza.envelope());
  }

  // Language

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<message %s/> | <message xml:lang='fr' %s/>",
        "<iq\t%s id='1'/> | <iq xml:lang='fr'\t%s id='1'/>",
        "<presence %s></presence> | <presence xml:lang='fr' %s></presence>",
        "<message %s xml:lang='de'/> | <message %s xml:lang='de'/>",
        "<message %s xml:lang=''/> | <message %s xml:lang=''/>",
        "<message %s lang='de'/> | <message xml:lang='fr' %s lang='de'/>",
        "<message %s><body xml:lang='de'/></message> | <message xml:lang='fr' %s><body xml:lang='de'/></message>",
      })
  @Clause({"S2S-STR-25", "S2S-STZ-14"})
  void aStanzaWithoutLanguageCarriesThatOfItsStream(String text, String expected) {
    OneStream stream = new OneStream(Namespaces.SERVER, "xml:lang='fr'");

    Stanza stanza =
        stanza(
            new StanzaReader(Namespaces.SERVER, "fr")
                .read(stream.element(text.formatted(ADDRESSES))));

    assertThat(stanza.octets()).hasToString(expected.formatted(ADDRESSES));
    assertThat(stanza.language())
        .isEqualTo(
            expected.contains("lang='de'/>") && !expected.contains("'fr'")
                ? "de"
                : expected.contains("lang=''") ? "" : "fr");
    assertThat(stanza.keep().octets()).hasToString(expected.formatted(ADDRESSES));
  }

  @Test
  @Clause("S2S-STR-25")
  void theRewritingPathAddsTheLanguageToo() {
    OneStream stream = new OneStream(Namespaces.SERVER, "xml:lang='fr' xmlns:x='urn:x'");
    StanzaReader reader = new StanzaReader(Namespaces.SERVER, "fr");

    Stanza without =
        stanza(reader.read(stream.element("<message " + ADDRESSES + "><x:a/></message>")));
    assertThat(without.toElement().start().language()).isEqualTo("fr");
    assertThat(without.language()).isEqualTo("fr");

    Stanza with =
        stanza(
            reader.read(
                stream.element("<message " + ADDRESSES + " xml:lang='de'><x:a/></message>")));
    assertThat(with.toElement().start().language()).isEqualTo("de");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a'b", "<", "a b", "é", "abcdefghijklmnopqrstuvwxyz-0123456789"})
  void whatIsNoLanguageTagIsNotCopiedIntoStanzas(String language) {
    OneStream stream = OneStream.server();
    String text = "<message " + ADDRESSES + "/>";

    Stanza stanza =
        stanza(new StanzaReader(Namespaces.SERVER, language).read(stream.element(text)));

    assertThat(stanza.octets()).hasToString(text);
    assertThat(stanza.language()).isNull();
  }

  // Namespaces and prefixes

  @Test
  @Clause("S2S-NS-09")
  void aPrefixOfTheStreamHeaderIsDeclaredInTheStanza() {
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:x='urn:x' xmlns:y='urn:y'");

    Stanza stanza =
        stanza(
            new StanzaReader(Namespaces.SERVER, null)
                .read(
                    stream.element(
                        "<message " + ADDRESSES + "><x:a y:b='c'><x:d/></x:a><x:e/></message>")));

    assertThat(stanza.octets())
        .hasToString(
            "<message xmlns:x='urn:x' xmlns:y='urn:y' "
                + ADDRESSES
                + "><x:a y:b='c'><x:d/></x:a><x:e/></message>");
  }

  @Test
  @Clause("S2S-NS-14")
  void prefixesAreKept() {
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:x='urn:x'");

    Stanza stanza =
        stanza(
            new StanzaReader(Namespaces.SERVER, null)
                .read(
                    stream.element(
                        "<message " + ADDRESSES + "><a:b xmlns:a='urn:a'/><x:c/></message>")));

    assertThat(stanza.octets().toUtf8()).contains("<a:b xmlns:a='urn:a'/>", "<x:c/>");
  }

  @Test
  void aLongNamespaceInTheHeaderIsCopiedOnceAndNotPerElement() {
    String namespace = "urn:" + "x".repeat(3_000);
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:x='" + namespace + "'");
    String text = "<message " + ADDRESSES + '>' + "<x:a/>".repeat(10_000) + "</message>";

    Stanza stanza = stanza(new StanzaReader(Namespaces.SERVER, null).read(stream.element(text)));

    assertThat(stanza.octets().length()).isLessThan(text.length() + 2 * namespace.length());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<h:a/><q:w xmlns:q='urn:q' xmlns='%s'>%s</q:w>",
        "<s:w xmlns:s='jabber:server' xmlns='%s'>%s</s:w>",
      })
  void aDefaultNamespaceThatWouldBeWrittenOnEachElementIsRefusedWhenThatIsTooMuch(String form) {
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:h='urn:h'");
    StanzaReader reader = new StanzaReader(Namespaces.SERVER, null);
    String content = "<message " + ADDRESSES + " id='m1'>" + form + "</message>";
    String namespace = "urn:" + "x".repeat(30_000);

    Reading large =
        reader.read(stream.element(content.formatted(namespace, "<a/>".repeat(90_000))));
    assertThat(((Head) large).envelope().id()).isEqualTo("m1");

    String few = content.formatted(namespace, "<a/>".repeat(2));
    assertThat(stanza(reader.read(stream.element(few))).octets().length())
        .isLessThan(2 * few.length() + 64 * 1024);
    String small = content.formatted("urn:x", "<a/>".repeat(5_000));
    assertThat(stanza(reader.read(stream.element(small))).toElement().children()).isNotEmpty();
  }

  @Test
  void aDefaultNamespaceThatIsDeclaredOnceStaysDeclaredOnce() {
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:h='urn:h'");
    String text =
        "<message %s><h:a/><w xmlns='urn:%s'>%s</w></message>"
            .formatted(ADDRESSES, "x".repeat(30_000), "<a/>".repeat(90_000));

    Stanza stanza = stanza(new StanzaReader(Namespaces.SERVER, null).read(stream.element(text)));

    assertThat(stanza.octets().length()).isLessThan(text.length() + 100);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<carbon xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
            + "<message xmlns='jabber:client' to='x@y'><body>a</body></message></forwarded></carbon>",
        "<f:forwarded xmlns:f='urn:xmpp:forward:0'>"
            + "<c:message xmlns:c='jabber:client'><c:body>a</c:body></c:message></f:forwarded>",
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:server'/></forwarded>",
        "<a xmlns='urn:a'><b xmlns=''/></a>",
      })
  @Clause("S2S-NS-10")
  void elementsInOtherNamespacesAndTheirChildrenAreLeftUntouched(String payload) {
    String text = "<message " + ADDRESSES + '>' + payload + "</message>";

    assertThat(read(text).octets()).hasToString(text);
    Stanza rewritten =
        stanza(
            new StanzaReader(Namespaces.SERVER, null)
                .read(
                    new OneStream(Namespaces.SERVER, "")
                        .element(
                            "<message xmlns='jabber:server' "
                                + ADDRESSES
                                + '>'
                                + payload
                                + "</message>")));
    assertThat(rewritten.octets()).hasToString(text);
  }

  @Test
  @Clause("S2S-NS-10")
  void whatInheritsThroughAnElementOfAnotherNamespaceIsGivenTheNameItHad() {
    Stanza stanza =
        read(
            "<message "
                + ADDRESSES
                + "><f:forwarded xmlns:f='urn:f'><message><body/></message></f:forwarded></message>");

    assertThat(stanza.octets())
        .hasToString(
            "<message "
                + ADDRESSES
                + "><f:forwarded xmlns:f='urn:f'><message xmlns='jabber:server'><body/></message>"
                + "</f:forwarded></message>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<message xmlns='jabber:server' %s><body>a</body></message>",
        "<message %s><body xmlns='jabber:server'>a</body></message>",
        "<message %s><s:body xmlns:s='jabber:server'>a</s:body></message>",
        "<message xmlns:s='jabber:server' %s><s:body>a</s:body></message>",
        "<message xmlns:s='jabber:server' %s><body>a</body></message>",
      })
  @Clause({"S2S-NS-06", "S2S-NS-10"})
  void theContentNamespaceIsLeftToInheritance(String form) {
    assertThat(read(form.formatted(ADDRESSES)).octets())
        .hasToString("<message " + ADDRESSES + "><body>a</body></message>");
  }

  @Test
  void aStreamWhoseDefaultIsNotTheContentNamespaceIsReadToo() {
    OneStream stream = new OneStream("<stream xmlns='" + Namespaces.STREAM + "'>");

    Stanza stanza =
        stanza(
            new StanzaReader(Namespaces.SERVER, null)
                .read(
                    stream.element(
                        "<message xmlns='jabber:server' " + ADDRESSES + "><body/></message>")));

    assertThat(stanza.octets()).hasToString("<message " + ADDRESSES + "><body/></message>");
  }

  @Test
  @Clause("S2S-NS-07")
  void aPrefixedStanzaIsNotAccepted() {
    assertThat(reading("<s:message xmlns:s='jabber:server' " + ADDRESSES + "/>"))
        .isInstanceOf(BadNamespacePrefix.class);
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:s='jabber:server'");
    assertThat(
            new StanzaReader(Namespaces.SERVER, null)
                .read(stream.element("<s:iq " + ADDRESSES + "/>")))
        .isInstanceOf(BadNamespacePrefix.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<foo %s/>",
        "<message xmlns='urn:x' %s/>",
        "<message xmlns='' %s/>",
        "<x:message xmlns:x='urn:x' %s/>",
        "<Message %s/>",
        "<stream:features/>",
        "<db:result xmlns:db='jabber:server:dialback' from='a' to='b'>k</db:result>",
      })
  @Clause("S2S-NS-12")
  void otherElementsAreNoStanzas(String form) {
    assertThat(reading(form.formatted(ADDRESSES))).isInstanceOf(NotAStanza.class);
  }

  @Test
  @Clause("S2S-QK-95")
  void aClientStanzaBetweenServersIsRefusedOrMovedByASetting() {
    String text =
        "<message xmlns='jabber:client' " + ADDRESSES + "><body/><x xmlns='urn:x'/></message>";

    assertThat(reading(text)).isInstanceOf(WrongNamespace.class);
    assertThat(
            stanza(
                    new StanzaReader(Namespaces.SERVER, null, true)
                        .read(OneStream.server().element(text)))
                .octets())
        .hasToString("<message " + ADDRESSES + "><body/><x xmlns='urn:x'/></message>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<message %s><body/><x xmlns='urn:x'/></message>",
        "<message xmlns='jabber:component:accept' %s><body/><x xmlns='urn:x'/></message>",
        "<message xmlns='jabber:client' %s><body/><x xmlns='urn:x'/></message>",
        "<message %s><body xmlns='jabber:client'/><x xmlns='urn:x'/></message>",
        "<message xmlns='jabber:client' %s><body xmlns='jabber:component:accept'/><x xmlns='urn:x'/></message>",
      })
  @Clause({"S2S-CMP-10", "S2S-NS-11"})
  void aComponentsStanzasAreMovedAlsoWhenTheySayClient(String form) {
    OneStream stream = new OneStream(Namespaces.COMPONENT_ACCEPT, "");

    Stanza stanza =
        stanza(
            new StanzaReader(Namespaces.COMPONENT_ACCEPT, null)
                .read(stream.element(form.formatted(ADDRESSES))));

    assertThat(stanza.octets())
        .hasToString("<message " + ADDRESSES + "><body/><x xmlns='urn:x'/></message>");
  }

  @Test
  void aServersStanzaOnAComponentsStreamIsRefused() {
    OneStream stream = new OneStream(Namespaces.COMPONENT_ACCEPT, "");

    assertThat(
            new StanzaReader(Namespaces.COMPONENT_ACCEPT, null)
                .read(stream.element("<message xmlns='jabber:server' " + ADDRESSES + "/>")))
        .isInstanceOf(WrongNamespace.class);
  }

  // Addresses

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        // to or from missing, empty, or with a domainpart that cannot be read: nobody to answer
        "to='bob@south.example' | from | -",
        "from='ann@north.example' | to | -",
        "from='' to='bob@south.example' | from | -",
        "from='ann@north.example' to='' | to | -",
        "from='ann@no_rth.example' to='bob@south.example' | from | -",
        "from='ann@north.example' to='bob@' | to | -",
        "x:from='ann@north.example' to='bob@south.example' | from | -",
        // a bad localpart or resourcepart: the domains can be answered
        "from='a b@north.example' to='bob@south.example/x' | from | north.example bob@south.example/x",
        "from='north.example/' to='bob@south.example' | from | north.example bob@south.example",
        "from='ann@north.example' to='@south.example/x@y' | to | ann@north.example south.example",
        "from='ann@north.example' to='b:b@South.example.' | to | ann@north.example south.example",
        "from='ann@north.example' to='bob@south.example/' | to | ann@north.example south.example",
        "from='a b@north.example' to='b b@south.example' | from | north.example south.example",
        // of two the one that closes the stream
        "from='a b@north.example' to='bob@' | to | -",
        "from='' to='b b@south.example' | from | -",
        "from='' to='' | from | -",
      })
  @Clause({"S2S-STZ-02", "S2S-JID-05"})
  void anAddressThatCannotBeUsedIsToldByHowMuchOfItCanBeRead(
      String addresses, String attribute, String answerable) {
    OneStream stream = new OneStream(Namespaces.SERVER, "xmlns:x='urn:x'");

    Reading reading =
        new StanzaReader(Namespaces.SERVER, null)
            .read(stream.element("<iq id='1' type='get' " + addresses + "/>"));

    BadAddress bad = (BadAddress) reading;
    assertThat(bad.attribute()).isEqualTo(attribute);
    assertThat(bad.problem()).isNotEmpty();
    assertThat(bad.domainUnreadable()).isEqualTo(answerable == null);
    if (answerable != null) {
      assertThat(bad.envelope().from() + " " + bad.envelope().to()).isEqualTo(answerable);
      assertThat(bad.envelope().id()).isEqualTo("1");
    }
  }

  @Test
  void aSkippedStanzaCanBeAnsweredButNotHandedOn() {
    StartTag start =
        new StartTag(
            "",
            "message",
            Namespaces.SERVER,
            List.of(
                new Attribute("", "from", "", "ann@north.example"),
                new Attribute("", "to", "", "bob@south.example"),
                new Attribute("", "id", "", "m1")));
    StanzaReader reader = new StanzaReader(Namespaces.SERVER, "fr");

    Envelope envelope = ((Head) reader.readHead(start)).envelope();

    assertThat(envelope.pair()).hasToString("north.example -> south.example");
    assertThat(envelope.id()).isEqualTo("m1");
    assertThat(envelope.language()).isEqualTo("fr");
    assertThat(reader.readHead(new StartTag("", "message", Namespaces.SERVER, List.of())))
        .isInstanceOf(BadAddress.class);
    assertThat(reader.readHead(new StartTag("", "foo", Namespaces.SERVER, List.of())))
        .isInstanceOf(NotAStanza.class);
  }

  @ParameterizedTest
  @CsvSource({
    "<iq id='1' type='get' %s/>, false",
    "<iq id='1' type='set' %s/>, false",
    "<iq id='1' type='result' %s/>, false",
    "<iq id='1' type='error' %s/>, false",
    "<iq type='get' %s/>, true",
    "<iq id='1' %s/>, true",
    "<iq id='1' type='' %s/>, true",
    "<iq id='1' type='Get' %s/>, true",
    "<iq id='1' type='chat' %s/>, true",
    "<message type='get' %s/>, false",
    "<presence %s/>, false",
  })
  @Clause("S2S-STZ-09")
  void anIqWithoutIdOrWithAnotherTypeIsMalformed(String form, boolean malformed) {
    assertThat(read(form.formatted(ADDRESSES)).envelope().isMalformedIq()).isEqualTo(malformed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<iq from='ann@north.example' to='bob@south.example' id='1' type='get'/>",
        "<message to='South.Example.' from='NORTH.example'/>",
        "<message xmlns:a='urn:a' xmlns='jabber:server' a:from='x' a:to='y' a:id='1' a:type='t'"
            + " from='ann@north.example/&amp;&#65;' to='gr\u00fcn.example' a:lang='de'/>",
        "<presence FROM='x' fro='x' from='north.example' to='south.example' xml:id='2' lang='no'/>",
        "<presence from='north.example' to='south.example' xml:lang=''/>",
        "<message from='north.example' to='south.example' xml:lang='fr' id='' type=''/>",
        "<message from='north.example' to='south.example' id='a&lt;&#10;\t1' type='un\tknown'/>",
        "<message from='north.example/\u00e9' to='[::1]'><body from='x' to='y' id='z'/></message>",
      })
  void whatIsReadWithoutTheTagIsWhatTheTagSays(String text) {
    StanzaReader reader = new StanzaReader(Namespaces.SERVER, "en");
    OneStream stream = OneStream.server();
    // Twice, since the second time the addresses are known.
    for (int round = 0; round < 2; round++) {
      ScannedElement element = stream.element(text);
      Stanza stanza = stanza(reader.read(element));
      StartTag start = element.start();

      assertThat(stanza.envelope()).isEqualTo(((Head) reader.readHead(start)).envelope());
      assertThat(stanza.from()).hasToString(start.attribute("from"));
      assertThat(stanza.to()).hasToString(start.attribute("to"));
      assertThat(stanza.pair()).isEqualTo(stanza.envelope().pair());
      assertThat(element.hasLanguage()).isEqualTo(start.language() != null);
    }
  }

  @Test
  void thePairIsThatOfEachStanzaWhateverCameBefore() {
    StanzaReader reader = new StanzaReader(Namespaces.SERVER, null);
    OneStream stream = OneStream.server();
    for (String from : List.of("a.example", "b.example", "a.example", "x@b.example", "a.example")) {
      for (String to : List.of("c.example", "d.example", "d.example/r", "c.example")) {
        String text = "<message from='%s' to='%s'/>".formatted(from, to);
        Stanza stanza = stanza(reader.read(stream.element(text)));

        assertThat(stanza.pair()).isEqualTo(stanza.envelope().pair());
        assertThat(stanza.pair())
            .hasToString(from.replaceAll(".*@", "") + " -> " + to.replaceAll("/.*", ""));
      }
    }
  }

  private static Stanza read(String text) {
    return stanza(reading(text));
  }

  private static Reading reading(String text) {
    return new StanzaReader(Namespaces.SERVER, null).read(OneStream.server().element(text));
  }

  private static Stanza stanza(Reading reading) {
    assertThat(reading).isInstanceOf(Read.class);
    return ((Read) reading).stanza();
  }
}
