package im.comity.dialback;

import static im.comity.dialback.Samples.pair;
import static im.comity.dialback.Samples.xml;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.dialback.DialbackElement.Result;
import im.comity.dialback.DialbackElement.ResultAnswer;
import im.comity.dialback.DialbackElement.Verify;
import im.comity.dialback.DialbackElement.VerifyAnswer;
import im.comity.stanza.ErrorType;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.testkit.Clause;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DialbackElementTest {
  private static final DomainPair PAIR = pair("north.example", "south.example");
  private static final DialbackKey KEY =
      new DialbackKey("bdb1fc855600226ec018f08c556e907f8980389e8eaa1f9eef3e62ef8f2b95de");
  private static final String ID = "s1-7f3a9c";

  @Test
  @Clause("S2S-DB-11")
  void step1NamesTheSenderInFrom() {
    assertThat(new Result(PAIR, KEY).toElement())
        .isEqualTo(db("result", "north.example", "south.example").text(KEY.text()).build());
  }

  @Test
  @Clause("S2S-DB-50")
  void step2GoesFromTargetToSenderWithTheIdAndTheKeyUnchanged() {
    assertThat(new Verify(PAIR, ID, KEY).toElement())
        .isEqualTo(
            db("verify", "south.example", "north.example")
                .attribute("id", ID)
                .text(KEY.text())
                .build());
  }

  @Test
  @Clause("S2S-DB-59")
  void step3SwapsTheAddressesAndRepeatsTheId() {
    assertThat(new VerifyAnswer(PAIR, ID, new DialbackAnswer.Valid()).toElement())
        .isEqualTo(
            db("verify", "north.example", "south.example")
                .attribute("id", ID)
                .attribute("type", "valid")
                .build());
    assertThat(new VerifyAnswer(PAIR, ID, new DialbackAnswer.Invalid()).toElement())
        .isEqualTo(
            db("verify", "north.example", "south.example")
                .attribute("id", ID)
                .attribute("type", "invalid")
                .build());
  }

  @Test
  @Clause("S2S-DB-37")
  void step4GoesFromTargetToSenderWithoutAKey() {
    assertThat(new ResultAnswer(PAIR, new DialbackAnswer.Valid()).toElement())
        .isEqualTo(
            db("result", "south.example", "north.example").attribute("type", "valid").build());
    assertThat(new ResultAnswer(PAIR, new DialbackAnswer.Invalid()).toElement())
        .isEqualTo(
            db("result", "south.example", "north.example").attribute("type", "invalid").build());
  }

  @Test
  @Clause("S2S-DB-32")
  void anErrorHasItsConditionInsideAnErrorOfTheContentNamespace() {
    Element error =
        new ResultAnswer(
                pair("north.example", "chat.south.example"),
                DialbackAnswer.Failed.because(DialbackRefusal.NOT_OURS))
            .toElement();
    assertThat(error.attribute("from")).isEqualTo("chat.south.example");
    assertThat(error.attribute("type")).isEqualTo("error");
    Element inside = error.child(Namespaces.SERVER, "error");
    assertThat(inside.attribute("type")).isEqualTo("cancel");
    assertThat(inside.child(Namespaces.STANZA_ERRORS, "item-not-found")).isNotNull();
  }

  @Test
  void allElementsAreReadAsTheyWereWritten() {
    for (DialbackElement element :
        List.of(
            new Result(PAIR, KEY),
            new Result(PAIR, new DialbackKey("")),
            new Verify(PAIR, ID, KEY),
            new VerifyAnswer(PAIR, ID, new DialbackAnswer.Valid()),
            new VerifyAnswer(PAIR, ID, new DialbackAnswer.Invalid()),
            new VerifyAnswer(PAIR, ID, DialbackAnswer.Failed.because(DialbackRefusal.NO_ROOM)),
            new ResultAnswer(PAIR, new DialbackAnswer.Valid()),
            new ResultAnswer(PAIR, new DialbackAnswer.Invalid()),
            new ResultAnswer(PAIR, DialbackAnswer.Failed.because(DialbackRefusal.FORGED)))) {
      assertThat(DialbackElement.read(element.toElement()))
          .isEqualTo(new DialbackReading.Read(element));
    }
  }

  @Test
  @Clause("S2S-DB-10")
  void aKeyOfAnyKindIsPassedOnUnchanged() {
    String odd = " 0ce6d4d9b4c8d09bb8f5b7a9e1d2c3f4a5b6c7d8\n";
    Result result =
        read(
            Result.class,
            "<db:result from='north.example' to='south.example'>" + odd + "</db:result>");
    assertThat(new Verify(PAIR, ID, result.key()).toElement().text()).isEqualTo(odd);
  }

  @Test
  void theNamespaceCountsNotThePrefixAndMoreIsTolerated() {
    Element foreign =
        xml(
            "<x:result xmlns:x='jabber:server:dialback' to='south.example' more='1' "
                + "from='north.example' x:id='2'><other/>"
                + KEY.text()
                + "</x:result>");
    assertThat(DialbackElement.read(foreign))
        .isEqualTo(new DialbackReading.Read(new Result(PAIR, KEY)));
    assertThat(DialbackElement.read(xml("<result from='a' to='b'/>"))).isNull();
    assertThat(DialbackElement.read(xml("<db:other from='a' to='b'/>"))).isNull();
  }

  @Test
  @Clause("S2S-DB-07")
  void addressesArePrepared() {
    Result result =
        read(
            Result.class,
            "<db:result from='NORTH.Example.' to='xn--bcher-kva.example'>k</db:result>");
    assertThat(result.pair()).isEqualTo(pair("north.example", "bücher.example"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<db:result to='south.example'>k</db:result>",
        "<db:result from='north.example'>k</db:result>",
        "<db:result from='' to='south.example'>k</db:result>",
        "<db:result from='ann@north.example' to='south.example'>k</db:result>",
        "<db:result from='north.example' to='no domain'>k</db:result>",
        "<db:verify id='1' to='south.example'>k</db:verify>",
        "<db:verify id='1' from='north.example'>k</db:verify>"
      })
  @Clause({"S2S-DB-30", "S2S-DB-64"})
  void aRequestWithoutUsableAddressesCannotBeAnswered(String text) {
    assertThat(DialbackElement.read(xml(text))).isInstanceOf(DialbackReading.Unaddressed.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<db:result type='valid' to='south.example'/>",
        "<db:result type='error' from='no domain' to='south.example'/>",
        "<db:verify type='valid' from='north.example' to='south.example'/>",
        "<db:verify type='valid' id='' from='north.example' to='south.example'/>"
      })
  @Clause("S2S-DB-65")
  void anAnswerThatNamesNoRequestIsForNobody(String text) {
    assertThat(DialbackElement.read(xml(text))).isInstanceOf(DialbackReading.Unmatchable.class);
  }

  @Test
  @Clause("S2S-DB-64")
  void aVerificationWithoutIdIsABadRequest() {
    DialbackReading reading =
        DialbackElement.read(
            xml("<db:verify from='south.example' to='north.example'>k</db:verify>"));
    assertThat(reading).isInstanceOf(DialbackReading.Malformed.class);
    Element answer = ((DialbackReading.Malformed) reading).answer();
    assertThat(answer.is(Namespaces.DIALBACK, "verify")).isTrue();
    assertThat(answer.prefix()).isEqualTo("db");
    assertThat(answer.attribute("from")).isEqualTo("north.example");
    assertThat(answer.attribute("to")).isEqualTo("south.example");
    assertThat(answer.attribute("id")).isNull();
    assertThat(answer.attribute("type")).isEqualTo("error");
    assertThat(answer.child(Namespaces.SERVER, "error").children().getFirst().name())
        .isEqualTo("bad-request");
  }

  @Test
  @Clause("S2S-DB-10")
  void aKeyThatIsTooLongIsABadRequest() {
    String key = "k".repeat(1025);
    for (String text :
        List.of(
            "<db:result from='north.example' to='south.example'>" + key + "</db:result>",
            "<db:verify id='7' from='south.example' to='north.example'>" + key + "</db:verify>")) {
      DialbackReading reading = DialbackElement.read(xml(text));
      assertThat(reading).isInstanceOf(DialbackReading.Malformed.class);
      Element answer = ((DialbackReading.Malformed) reading).answer();
      assertThat(answer.attribute("from")).isEqualTo(xml(text).attribute("to"));
      assertThat(answer.attribute("id")).isEqualTo(xml(text).attribute("id"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"type='fine'", "type=''", "type='VALID'"})
  @Clause("S2S-DB-55")
  void anUnknownTypeIsAnError(String type) {
    ResultAnswer answer =
        read(
            ResultAnswer.class,
            "<db:result from='south.example' to='north.example' " + type + "/>");
    assertThat(answer.answer()).isInstanceOf(DialbackAnswer.Failed.class);
    assertThat(((DialbackAnswer.Failed) answer.answer()).meaning())
        .isEqualTo(DialbackAnswer.Meaning.TRANSIENT);
  }

  @Test
  @Clause("S2S-DB-55")
  void aMissingTypeIsAnErrorWhereOnlyAnswersCome() {
    Element bare =
        xml("<db:verify id='" + ID + "' from='north.example' to='south.example'>k</db:verify>");
    assertThat(DialbackElement.readAnswer(bare))
        .isInstanceOfSatisfying(
            DialbackReading.Read.class,
            read -> {
              VerifyAnswer answer = (VerifyAnswer) read.element();
              assertThat(answer.pair()).isEqualTo(PAIR);
              assertThat(answer.answer()).isInstanceOf(DialbackAnswer.Failed.class);
            });
    assertThat(DialbackElement.read(bare))
        .as("elsewhere it is a question")
        .isEqualTo(new DialbackReading.Read(new Verify(PAIR.reversed(), ID, new DialbackKey("k"))));
  }

  @ParameterizedTest(name = "{0} in {1}: {3}")
  @CsvSource({
    "bad-request, stanzas, BAD_REQUEST, TRANSIENT",
    "conflict, stanzas, CONFLICT, TRANSIENT",
    "feature-not-implemented, stanzas, FEATURE_NOT_IMPLEMENTED, TRANSIENT",
    "forbidden, stanzas, FORBIDDEN, TRANSIENT",
    "gone, stanzas, GONE, TRANSIENT",
    "internal-server-error, stanzas, INTERNAL_SERVER_ERROR, TRANSIENT",
    "item-not-found, stanzas, ITEM_NOT_FOUND, NOT_HOSTED",
    "jid-malformed, stanzas, JID_MALFORMED, TRANSIENT",
    "not-acceptable, stanzas, NOT_ACCEPTABLE, TRANSIENT",
    "not-allowed, stanzas, NOT_ALLOWED, NOT_HOSTED",
    "not-authorized, stanzas, NOT_AUTHORIZED, NEEDS_PROOF",
    "policy-violation, stanzas, POLICY_VIOLATION, NEEDS_TLS",
    "recipient-unavailable, stanzas, RECIPIENT_UNAVAILABLE, TRANSIENT",
    "redirect, stanzas, REDIRECT, TRANSIENT",
    "registration-required, stanzas, REGISTRATION_REQUIRED, TRANSIENT",
    "remote-server-not-found, stanzas, REMOTE_SERVER_NOT_FOUND, TRANSIENT",
    "remote-server-timeout, stanzas, REMOTE_SERVER_TIMEOUT, TRANSIENT",
    "resource-constraint, stanzas, RESOURCE_CONSTRAINT, NEEDS_CONNECTION",
    "service-unavailable, stanzas, SERVICE_UNAVAILABLE, TRANSIENT",
    "subscription-required, stanzas, SUBSCRIPTION_REQUIRED, TRANSIENT",
    "undefined-condition, stanzas, UNDEFINED_CONDITION, TRANSIENT",
    "unexpected-request, stanzas, UNEXPECTED_REQUEST, TRANSIENT",
    // no stanza error conditions, but seen on the wire
    "host-unknown, streams, UNDEFINED_CONDITION, NOT_HOSTED",
    "host-unknown, stanzas, UNDEFINED_CONDITION, NOT_HOSTED",
    "remote-connection-failed, streams, UNDEFINED_CONDITION, TRANSIENT",
    "remote-connection-failed, stanzas, UNDEFINED_CONDITION, TRANSIENT",
    "we-made-this-up, stanzas, UNDEFINED_CONDITION, TRANSIENT",
    "policy-violation, streams, POLICY_VIOLATION, NEEDS_TLS"
  })
  @Clause({"S2S-DB-24", "S2S-DB-23"})
  void anErrorSaysWhatAnotherTryWouldTake(
      String name,
      String namespace,
      StanzaErrorCondition condition,
      DialbackAnswer.Meaning meaning) {
    DialbackAnswer.Failed failed =
        failed(
            "<error type='cancel'><"
                + name
                + " xmlns='urn:ietf:params:xml:ns:xmpp-"
                + namespace
                + "'/></error>");
    assertThat(StanzaErrorCondition.of(failed.name())).isEqualTo(condition);
    assertThat(failed.name()).isEqualTo(name);
    assertThat(failed.meaning()).isEqualTo(meaning);
  }

  @Test
  void theTextOfAnErrorIsKeptForPeopleWithinBounds() {
    DialbackAnswer.Failed failed =
        failed(
            "<error type='wait'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>"
                + "x".repeat(1000)
                + "</text><"
                + "y".repeat(1000)
                + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    assertThat(failed.error().type()).isEqualTo(ErrorType.WAIT);
    assertThat(failed.error().text()).hasSize(500);
    assertThat(failed.name()).hasSize(64);
  }

  @Test
  @Clause("S2S-DB-24")
  void anErrorThatSaysNothingMayPass() {
    assertThat(failed("").meaning()).isEqualTo(DialbackAnswer.Meaning.TRANSIENT);
    assertThat(failed("<error/>").meaning()).isEqualTo(DialbackAnswer.Meaning.TRANSIENT);
  }

  @ParameterizedTest(name = "{0}: {1}, type {2}")
  @CsvSource({
    "MALFORMED, bad-request, modify",
    "NOT_OURS, item-not-found, cancel",
    "OWN_DOMAIN, not-acceptable, modify",
    "NEEDS_TLS, policy-violation, modify",
    "NEEDS_PROOF, not-authorized, auth",
    "BARRED, forbidden, auth",
    "FORGED, forbidden, auth",
    "NO_AUTHORITY, remote-server-not-found, cancel",
    "AUTHORITY_SILENT, remote-server-timeout, wait",
    "AUTHORITY_UNPROVEN, not-acceptable, modify",
    "NO_ROOM, resource-constraint, wait"
  })
  @Clause({
    "S2S-DB-31",
    "S2S-DB-32",
    "S2S-DB-33",
    "S2S-DB-41",
    "S2S-DB-42",
    "S2S-DB-43",
    "DNA-DBT-08"
  })
  void eachCauseHasItsCondition(DialbackRefusal cause, String condition, String type) {
    Element error =
        new ResultAnswer(PAIR, DialbackAnswer.Failed.because(cause))
            .toElement()
            .child(Namespaces.SERVER, "error");
    assertThat(error.attribute("type")).isEqualTo(type);
    assertThat(error.children().getFirst().is(Namespaces.STANZA_ERRORS, condition)).isTrue();
    assertThat(error.child(Namespaces.STANZA_ERRORS, "text").text()).isNotBlank();
  }

  @Test
  void theTableOfCausesIsComplete() {
    assertThat(DialbackRefusal.values()).hasSize(11);
  }

  private static DialbackAnswer.Failed failed(String inside) {
    ResultAnswer answer =
        read(
            ResultAnswer.class,
            "<db:result from='south.example' to='north.example' type='error'>"
                + inside
                + "</db:result>");
    return (DialbackAnswer.Failed) answer.answer();
  }

  private static <T extends DialbackElement> T read(Class<T> kind, String text) {
    return kind.cast(((DialbackReading.Read) DialbackElement.read(xml(text))).element());
  }

  private static Element.Builder db(String name, String from, String to) {
    return Element.of(Namespaces.DIALBACK, name)
        .prefix("db")
        .attribute("from", from)
        .attribute("to", to);
  }
}
