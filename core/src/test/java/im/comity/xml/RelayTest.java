package im.comity.xml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What may pass from one stream to another as it is, and what the rewriting makes of the rest. */
class RelayTest {
  private static final String SERVER =
      "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
          + " xmlns:db='jabber:server:dialback' xmlns:x='urn:header' xmlns:s='jabber:server'>";
  private static final String COMPONENT =
      "<s:stream xmlns='jabber:component:accept' xmlns:s='http://etherx.jabber.org/streams'"
          + " xmlns:p='urn:other' xmlns:x='urn:else'>";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          self-contained | names the content namespace | element
          yes | no  | <message to='a'><body>x</body></message>
          yes | no  | <message xml:lang='de'><body xml:space='preserve'/></message>
          yes | no  | <message><x xmlns='urn:x'><y><z xmlns='urn:z'/></y></x></message>
          yes | no  | <message><p:x xmlns:p='urn:x' p:a=''><p:y/></p:x></message>
          yes | no  | <message xmlns:p='urn:x'><body/><p:x/></message>
          yes | no  | <message><x xmlns=''><y/></x></message>
          yes | no  | <message><body xmlns=''/></message>
          yes | no  | <message><x:y xmlns:x='urn:own'/></message>
          yes | no  | <message><stream:y xmlns:stream='urn:own' stream:z=''/></message>
          yes | no  | <message><f xmlns='urn:f'><message xmlns='jabber:client'><body/></message></f></message>
          yes | no  | <message><f xmlns='urn:f'><message xmlns='jabber:server'><body/></message></f></message>
          yes | no  | <message><f xmlns='urn:f'><g xmlns=''><h xmlns='jabber:component:accept'/></g></f></message>
          yes | no  | <message><f xmlns='urn:f'><c:g xmlns:c='jabber:server'/></f></message>
          yes | no  | <message x='x:y' y='db:z'>x:y</message>
          yes | yes | <message xmlns='jabber:server'/>
          yes | yes | <message xmlns='jabber:serve&#x72;'/>
          yes | yes | <message xmlns='jabber:client'/>
          yes | yes | <message xmlns=''/>
          yes | yes | <message xmlns='urn:x'/>
          yes | yes | <message xmlns:c='jabber:server'/>
          yes | yes | <message xmlns:c='jabber:component:accept'/>
          yes | yes | <message xmlns:c='jabber:component:connect'/>
          yes | yes | <message xmlns:c='jabber:client'/>
          yes | yes | <c:message xmlns:c='jabber:server'/>
          yes | yes | <c:message xmlns:c='urn:x'/>
          yes | yes | <message><body xmlns='jabber:server'/></message>
          yes | yes | <message><body xmlns='jabber:client'/></message>
          yes | yes | <message><body xmlns='jabber:component:accept'/></message>
          yes | yes | <message><c:body xmlns:c='jabber:server'/></message>
          yes | yes | <message><thread><body xmlns='jabber:server'/></thread></message>
          yes | yes | <message><x xmlns='urn:x' xmlns:c='jabber:server'><c:y/></x></message>
          yes | yes | <message><p:x xmlns:p='urn:x'><body/></p:x></message>
          yes | yes | <message><p:x xmlns:p='urn:x'><p:y><body/></p:y></p:x></message>
          yes | yes | <message><xml:x><body/></xml:x></message>
          no  | no  | <message><x:y/></message>
          no  | no  | <message x:a=''/>
          no  | no  | <message><f xmlns='urn:f'><x:y/></f></message>
          no  | no  | <message><f xmlns='urn:f' db:y=''/></message>
          no  | yes | <db:result/>
          no  | yes | <stream:features/>
          no  | yes | <s:message/>
          no  | no  | <message><s:body/></message>
          no  | no  | <message><a xmlns:x='urn:own'><x:b/></a><x:c/></message>
          """,
      useHeadersInDisplayName = true)
  @Clause({"S2S-NS-07", "S2S-NS-09", "S2S-NS-10"})
  void theScannerTellsWhatMayPassAsItIs(String selfContained, String naming, String element) {
    Scan.Found found = only(SERVER, element);
    assertThat(found.selfContained()).isEqualTo(selfContained.equals("yes"));
    assertThat(found.namesContentNamespace()).isEqualTo(naming.equals("yes"));
  }

  @Test
  void theContentNamespaceIsTheDefaultOfTheHeader() {
    String header = "<s:stream xmlns:s='urn:s' xmlns='urn:content'>";
    assertThat(only(header, "<a xmlns='urn:content'/>").namesContentNamespace()).isTrue();
    assertThat(only(header, "<a><b xmlns='urn:conten&#x74;'/></a>").namesContentNamespace())
        .isTrue();
    assertThat(only(header, "<a><b xmlns='urn:contents'/></a>").namesContentNamespace()).isFalse();
    String without = "<s:stream xmlns:s='urn:s'>";
    assertThat(only(without, "<a/>").namesContentNamespace()).isFalse();
    assertThat(only(without, "<a><b xmlns=''/></a>").namesContentNamespace()).isTrue();
    String prefixFree = "<stream xmlns='http://etherx.jabber.org/streams'>";
    assertThat(only(prefixFree, "<features/>").namesContentNamespace()).isFalse();
    assertThat(only(prefixFree, "<message xmlns='jabber:server'/>").namesContentNamespace())
        .isTrue();
  }

  @Test
  void oneElementSaysNothingOfTheNext() {
    List<Scan.Found> found =
        Scan.of(
                SERVER
                    + "<x:a/><message/><message xmlns='jabber:server'/><message/>"
                    + "<message><f xmlns='urn:f'><g/></f><body xmlns='jabber:server'/></message>"
                    + "<message><f xmlns='urn:f'/><g/></message>")
            .elements();
    assertThat(found.stream().map(Scan.Found::selfContained))
        .containsExactly(false, true, true, true, true, true);
    assertThat(found.stream().map(Scan.Found::namesContentNamespace))
        .containsExactly(true, false, true, false, true, false);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          <message xmlns='jabber:server' to='a'><body/></message> | <message to='a'><body/></message>
          <s:message><s:body/></s:message>                        | <message><body/></message>
          <c:message xmlns:c='jabber:server'><c:body/></c:message>| <message><body/></message>
          <message><body xmlns='jabber:server'/></message>        | <message><body/></message>
          <message><x:y x:z='1'/></message>                       | <message><x:y xmlns:x='urn:header' x:z='1'/></message>
          <message x:z='1'/>                                      | <message xmlns:x='urn:header' x:z='1'/>
          <message><y xmlns='urn:y'><z/></y></message>            | <message><y xmlns='urn:y'><z/></y></message>
          <message><y xmlns=''/></message>                        | <message><y xmlns=''/></message>
          <message><f xmlns='urn:f'><message xmlns='jabber:client'><body/></message></f></message> | <message><f xmlns='urn:f'><message xmlns='jabber:client'><body/></message></f></message>
          <message><f xmlns='urn:f'><message xmlns='jabber:server'><body/></message></f></message> | <message><f xmlns='urn:f'><message xmlns='jabber:server'><body/></message></f></message>
          <message><p:f xmlns:p='urn:f'><body/></p:f></message>   | <message><p:f xmlns:p='urn:f'><body xmlns='jabber:server'/></p:f></message>
          <message><body xmlns='jabber:component:accept'/></message> | <message><body xmlns='jabber:component:accept'/></message>
          <message xmlns:c='jabber:server' xmlns:q='urn:q'><f xmlns='urn:f'><c:b/></f></message> | <message xmlns:q='urn:q'><f xmlns='urn:f'><c:b xmlns:c='jabber:server'/></f></message>
          <message xmlns:q='urn:q'><f a='q:b'/></message>         | <message xmlns:q='urn:q'><f a='q:b'/></message>
          <message xmlns='urn:not'/>                              | <message xmlns='urn:not'/>
          <message xml:lang='de'/>                                | <message xml:lang='de'/>
          """)
  @Clause({"S2S-NS-06", "S2S-NS-07", "S2S-NS-09", "S2S-NS-10", "S2S-NS-14"})
  void aTreeIsRescopedAtFirstLevelAndByInheritance(String element, String rescoped) {
    Element tree = only(SERVER, element).tree();
    assertThat(ElementWriter.rescope(tree, "jabber:server").toUtf8()).isEqualTo(rescoped);
    // It is self-contained, and what was rescoped is not rescoped again.
    Scan.Found again = only(COMPONENT, rescoped);
    assertThat(again.selfContained()).isTrue();
    assertThat(ElementWriter.rescope(only(SERVER, rescoped).tree(), "jabber:server").toUtf8())
        .isEqualTo(rescoped);
  }

  @Test
  @Clause({"S2S-NS-10", "S2S-NS-11"})
  void aStanzaOfAClientLosesItsNamespaceAndWhatItForwardsKeepsIt() {
    Element tree =
        only(
                COMPONENT,
                "<message xmlns='jabber:client'><body>x</body><f xmlns='urn:f'>"
                    + "<message xmlns='jabber:client'/></f></message>")
            .tree();
    assertThat(ElementWriter.rescope(tree, "jabber:client").toUtf8())
        .isEqualTo(
            "<message><body>x</body><f xmlns='urn:f'><message xmlns='jabber:client'/></f></message>");
  }

  @Test
  void whatMayPassAsItIsMeansTheSameAsWhatIsRewritten() {
    int passed = 0;
    for (String name : ElementScannerChunksTest.STREAMS) {
      ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
      Scan scan = Scan.of(scanner, ElementScannerChunksTest.stream(name), Scan.Chunks.whole());
      for (Scan.Found found : scan.elements()) {
        if (found.selfContained() && !found.namesContentNamespace()) {
          Octets rewritten = ElementWriter.rescope(found.tree(), scanner.defaultNamespace());
          assertThat(only(COMPONENT, rewritten.toUtf8()).tree())
              .isEqualTo(only(COMPONENT, found.octets().toUtf8()).tree());
          passed++;
        }
      }
    }
    assertThat(passed).isGreaterThan(12);
  }

  @Test
  @Clause("S2S-NS-16")
  void dialbackElementsAreKnownByNamespaceWithAnyPrefix() {
    for (String element :
        List.of(
            "<db:result/>",
            "<q:result xmlns:q='jabber:server:dialback'/>",
            "<result xmlns='jabber:server:dialback'/>")) {
      assertThat(only(SERVER, element).start().is(Namespaces.DIALBACK, "result")).isTrue();
    }
    assertThat(only(SERVER, "<db:result xmlns:db='urn:x'/>").start().namespace())
        .isEqualTo("urn:x");
  }

  @Test
  void aCdataSectionIsPassedOnAsItIsAndReadAsText() {
    String element = "<message><body><![CDATA[<b>]]&gt;&amp;]]>]]&gt;</body></message>";
    Scan.Found found = only(SERVER, element);
    assertThat(found.octets()).isEqualTo(Octets.of(element.getBytes(UTF_8)));
    assertThat(found.tree().child(Namespaces.SERVER, "body").text()).isEqualTo("<b>]]&gt;&amp;]]>");
    assertThat(ElementWriter.write(found.tree(), Namespaces.SERVER, Map.of()).toUtf8())
        .isEqualTo("<message><body>&lt;b&gt;]]&amp;gt;&amp;amp;]]&gt;</body></message>");
  }

  private static Scan.Found only(String header, String element) {
    Scan scan = Scan.of(header + element);
    assertThat(scan.violation()).isNull();
    assertThat(scan.elements()).hasSize(1);
    return scan.elements().getFirst();
  }
}
