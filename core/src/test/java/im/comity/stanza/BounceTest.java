package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.stanza.Reading.Read;
import im.comity.testkit.Clause;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BounceTest {
  private static final String ADDRESSES = "from='ann@north.example/x' to='bob@south.example'";
  private static final StanzaError TIMEOUT =
      StanzaError.of(StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, null);

  @Test
  @Clause({"S2S-BNC-02", "S2S-BNC-07"})
  void theAnswerGoesBackWithKindAndIdAndOneError() throws AddressFormatException {
    StanzaError error =
        new StanzaError(
            ErrorType.WAIT,
            StanzaErrorCondition.REMOTE_SERVER_TIMEOUT,
            "no route to south.example",
            Domain.of("north.example"));

    Stanza answer =
        Bounce.of(
            read("<message " + ADDRESSES + " id='m1' type='chat'><body>a</body></message>"), error);

    assertThat(answer.octets())
        .hasToString(
            "<message from='bob@south.example' to='ann@north.example/x' id='m1' type='error'>"
                + "<error type='wait' by='north.example'>"
                + "<remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                + "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>"
                + "no route to south.example</text></error></message>");
    assertThat(answer.envelope())
        .isEqualTo(Stanza.of(answer.toElement()).envelope())
        .extracting(Envelope::kind, Envelope::type, Envelope::id)
        .containsExactly(StanzaKind.MESSAGE, "error", "m1");
    assertThat(answer.pair()).hasToString("south.example -> north.example");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "message, -, true",
        "message, chat, true",
        "message, result, true",
        "message, error, false",
        "presence, -, true",
        "presence, subscribe, true",
        "presence, probe, true",
        "presence, unavailable, false",
        "presence, error, false",
        "iq, get, true",
        "iq, set, true",
        "iq, -, true",
        "iq, unavailable, true",
        "iq, result, false",
        "iq, error, false",
      })
  @Clause({"S2S-STZ-11", "S2S-BNC-12"})
  void errorsResultsAndUnavailablePresenceAreNeverAnswered(
      String kind, String type, boolean answered) {
    String attributes = type == null ? "" : " type='" + type + '\'';
    Stanza stanza = read('<' + kind + ' ' + ADDRESSES + " id='1'" + attributes + "/>");

    Stanza answer = Bounce.of(stanza, TIMEOUT);

    assertThat(answer != null).isEqualTo(answered);
    assertThat(Bounce.of(stanza.envelope(), TIMEOUT) != null).isEqualTo(answered);
    if (answer != null) {
      assertThat(answer.kind().wire()).isEqualTo(kind);
      assertThat(answer.type()).isEqualTo("error");
      assertThat(Bounce.of(answer, TIMEOUT)).as("an answer is never answered").isNull();
    }
  }

  @Test
  @Clause("S2S-BNC-08")
  void onlyASmallIqIsSentBack() {
    String payload = "<x:query xmlns:x='urn:x' a='b'><x:item>c</x:item></x:query>";
    Stanza small = read("<iq " + ADDRESSES + " id='1' type='get'>" + payload + "</iq>");
    Stanza large =
        read(
            "<iq "
                + ADDRESSES
                + " id='1' type='set'><a xmlns='urn:a'>"
                + "b".repeat(1024)
                + "</a></iq>");

    assertThat(Bounce.of(small, TIMEOUT).octets().toUtf8()).contains(payload + "<error ");
    assertThat(Bounce.of(large, TIMEOUT).octets().toUtf8()).doesNotContain("bbb");
    for (String kind : List.of("message", "presence")) {
      Stanza other = read('<' + kind + ' ' + ADDRESSES + '>' + payload + "</" + kind + '>');
      assertThat(Bounce.of(other, TIMEOUT).octets().toUtf8()).doesNotContain("urn:x");
    }
  }

  @Test
  void theContentOfAnIqKeepsItsNamespacesWhenTheyWereDeclaredOnItsRoot() {
    Stanza stanza = read("<iq xmlns:x='urn:x' " + ADDRESSES + " id='1' type='get'><x:query/></iq>");

    Element answer = Bounce.of(stanza, TIMEOUT).toElement();

    assertThat(answer.children().get(0).is("urn:x", "query")).isTrue();
    assertThat(answer.children().get(1).is(Namespaces.SERVER, "error")).isTrue();
  }

  @Test
  @Clause("S2S-XML-16")
  void anErrorAboutALimitDoesNotHoldTheContent() {
    Stanza small = read("<iq " + ADDRESSES + " id='1' type='get'><query xmlns='urn:x'/></iq>");

    Stanza answer =
        Bounce.of(
            small, StanzaError.of(StanzaErrorCondition.POLICY_VIOLATION, "over 10,000 bytes"));

    assertThat(answer.octets().toUtf8()).doesNotContain("urn:x").contains("<policy-violation ");
    assertThat(
            Bounce.of(small.envelope(), StanzaError.of(StanzaErrorCondition.POLICY_VIOLATION, null))
                .octets()
                .length())
        .isLessThan(300);
  }

  @Test
  @Clause("S2S-STZ-15")
  void oddIdsComeBackAsTheyWere() {
    for (String id :
        List.of(
            "&lt;&amp;&apos;&quot;&gt;", "&#13;&#10;&#9; a  b ", "\ud83d\udca9é", "]]&gt;", "")) {
      Stanza stanza = read("<message " + ADDRESSES + " id='" + id + "'/>");

      Stanza answer = Bounce.of(stanza, TIMEOUT);

      assertThat(answer.id()).isEqualTo(stanza.id());
      assertThat(answer.toElement().attribute("id")).isEqualTo(stanza.id());
    }
    assertThat(Bounce.of(read("<message " + ADDRESSES + "/>"), TIMEOUT).octets().toUtf8())
        .doesNotContain(" id=");
  }

  @Test
  @Clause("S2S-JID-06")
  void addressesComeBackAsTheyWereWritten() {
    Stanza answer =
        Bounce.of(
            read("<message from='\u2163@XN--BCHER-KVA.example./ Ü&apos;' to='South.EXAMPLE'/>"),
            TIMEOUT);

    assertThat(answer.octets().toUtf8())
        .startsWith("<message from='South.EXAMPLE' to='\u2163@XN--BCHER-KVA.example./ Ü&apos;' ");
  }

  private static Stanza read(String text) {
    return ((Read) new StanzaReader(Namespaces.SERVER, null).read(OneStream.server().element(text)))
        .stanza()
        .keep();
  }
}
