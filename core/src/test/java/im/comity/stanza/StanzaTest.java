package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.testkit.Clause;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StanzaTest {

  @ParameterizedTest
  @ValueSource(strings = {Namespaces.SERVER, Namespaces.CLIENT, Namespaces.COMPONENT_ACCEPT})
  void aStanzaMadeHereIsWrittenInTheCommonForm(String namespace) throws AddressFormatException {
    Stanza stanza =
        Stanza.of(
            Element.of(namespace, "message")
                .prefix("p")
                .attribute("from", "ann@north.example")
                .attribute("to", "bob@south.example")
                .attribute("type", "chat")
                .child(Element.of(namespace, "body").prefix("p").text("a < b").build())
                .child(Element.of("urn:x", "x").prefix("x").build())
                .build());

    assertThat(stanza.octets().toUtf8())
        .startsWith("<message ")
        .endsWith("<body>a &lt; b</body><x:x/></message>")
        .contains("xmlns:x='urn:x'")
        .doesNotContain(namespace);
    assertThat(SecondParser.relayed(stanza.octets(), namespace, Namespaces.SERVER).faults())
        .isEmpty();
    assertThat(stanza.type()).isEqualTo("chat");
    assertThat(stanza.keep()).isSameAs(stanza);
    assertThat(stanza.toElement().child(Namespaces.SERVER, "body").text()).isEqualTo("a < b");
    assertThat(Stanza.of(stanza.toElement()).octets()).isEqualTo(stanza.octets());
  }

  @Test
  @Clause("S2S-STZ-07")
  void aStanzaMadeHereHasFromAndTo() {
    assertThatThrownBy(
            () -> Stanza.of(message(Namespaces.SERVER, "message", null, "south.example")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> Stanza.of(message(Namespaces.SERVER, "message", "north.example", null)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @Clause("S2S-JID-05")
  void aLocalSenderIsToldOfEveryBadAddress() {
    for (String bad : List.of("", "a b@south.example", "bob@", "bob@south.example/", "so_uth")) {
      assertThatThrownBy(
              () -> Stanza.of(message(Namespaces.SERVER, "message", "north.example", bad)))
          .isInstanceOf(AddressFormatException.class);
      assertThatThrownBy(
              () -> Stanza.of(message(Namespaces.SERVER, "message", bad, "south.example")))
          .isInstanceOf(AddressFormatException.class);
    }
  }

  @Test
  void whatIsNoStanzaCannotBeMadeOne() {
    for (String namespace : List.of("", "urn:x", Namespaces.STREAM)) {
      assertThatThrownBy(
              () -> Stanza.of(message(namespace, "message", "north.example", "south.example")))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(
            () -> Stanza.of(message(Namespaces.SERVER, "foo", "north.example", "south.example")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource
  void everyConditionIsFoundByItsName(StanzaErrorCondition condition)
      throws AddressFormatException {
    assertThat(StanzaErrorCondition.of(condition.wire())).isEqualTo(condition);
    StanzaError error =
        new StanzaError(ErrorType.WAIT, condition, "because", Domain.of("north.example"));
    assertThat(StanzaError.of(error.toElement())).isEqualTo(error);
  }

  @Test
  void theConditionsAreThoseOfTheStandardWithTheirTypes() {
    assertThat(
            Stream.of(StanzaErrorCondition.values())
                .map(c -> c.wire() + " " + c.defaultType().wire()))
        .containsExactly(
            "bad-request modify",
            "conflict cancel",
            "feature-not-implemented cancel",
            "forbidden auth",
            "gone cancel",
            "internal-server-error cancel",
            "item-not-found cancel",
            "jid-malformed modify",
            "not-acceptable modify",
            "not-allowed cancel",
            "not-authorized auth",
            "policy-violation modify",
            "recipient-unavailable wait",
            "redirect modify",
            "registration-required auth",
            "remote-server-not-found cancel",
            "remote-server-timeout wait",
            "resource-constraint wait",
            "service-unavailable cancel",
            "subscription-required auth",
            "undefined-condition cancel",
            "unexpected-request wait");
    assertThat(ErrorType.of("modify")).isEqualTo(ErrorType.MODIFY);
    assertThat(ErrorType.of("MODIFY")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "forbidden | auth | auth FORBIDDEN",
        "forbidden | wait | wait FORBIDDEN",
        "forbidden | strange | auth FORBIDDEN",
        "forbidden | - | auth FORBIDDEN",
        "remote-connection-failed | cancel | cancel UNDEFINED_CONDITION",
        "text | wait | wait UNDEFINED_CONDITION",
        "- | modify | modify UNDEFINED_CONDITION",
      })
  @Clause("S2S-BNC-10")
  void anUnknownConditionIsUndefined(String condition, String type, String expected) {
    Element.Builder error = Element.of(Namespaces.SERVER, "error");
    if (type != null) {
      error.attribute("type", type);
    }
    error.attribute("by", "no_body");
    error.child(Element.of("urn:application", "conflict").build());
    if (condition != null) {
      error.child(Element.of(Namespaces.STANZA_ERRORS, condition).build());
    }

    StanzaError read = StanzaError.of(error.build());

    assertThat(read.type().wire() + " " + read.condition()).isEqualTo(expected);
    assertThat(read.by()).isNull();
  }

  @Test
  void theTextMayStandBeforeTheCondition() {
    StanzaError error = StanzaError.of(StanzaErrorCondition.FORBIDDEN, "because");
    Element.Builder turned = Element.of(Namespaces.SERVER, "error").attribute("type", "auth");
    error.toElement().children().reversed().forEach(turned::child);

    assertThat(StanzaError.of(turned.build())).isEqualTo(error);
  }

  @Test
  void theTextOfAnErrorIsBoundedAndCanAlwaysBeWritten() throws AddressFormatException {
    StanzaError error =
        StanzaError.of(
            StanzaErrorCondition.NOT_AUTHORIZED,
            "\u0000a\ud800b\uffff\udc00\t" + "\ud83d\udca9".repeat(10_000));

    assertThat(error.text())
        .hasSizeLessThan(502)
        .startsWith("\ufffda\ufffdb\ufffd\ufffd\t\ud83d\udca9");
    Stanza stanza =
        Stanza.of(
            Element.of(Namespaces.SERVER, "message")
                .attribute("from", "north.example")
                .attribute("to", "south.example")
                .child(error.toElement())
                .build());
    assertThat(StanzaError.of(stanza.toElement().children().get(0))).isEqualTo(error);
    assertThat(StanzaError.of(StanzaErrorCondition.NOT_AUTHORIZED, "").text()).isNull();
  }

  @Test
  void whatBecomesOfAStanzaIsOneOfThree() {
    for (Offer offer : List.of(Offer.ACCEPTED, Offer.FULL, Offer.CLOSED)) {
      String said =
          switch (offer) {
            case Offer.Accepted _ -> "accepted";
            case Offer.Full _ -> "full";
            case Offer.Closed _ -> "closed";
          };
      assertThat(offer.getClass().getSimpleName()).isEqualToIgnoringCase(said);
    }
  }

  private static Element message(String namespace, String name, String from, String to) {
    Element.Builder message = Element.of(namespace, name);
    if (from != null) {
      message.attribute("from", from);
    }
    if (to != null) {
      message.attribute("to", to);
    }
    return message.build();
  }
}
