package im.comity.component;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a host domain answers by itself. */
final class HostServicesTest {
  private static final String INFO = "http://jabber.org/protocol/disco#info";
  private static final String ITEMS = "http://jabber.org/protocol/disco#items";
  private static final String VERSION = "jabber:iq:version";
  private static final String DATA = "jabber:x:data";

  private final HostServices services = new HostServices("1.2.3");

  private static Element query(String namespace, String name) {
    return Element.of(namespace, name).build();
  }

  private static Stanza stanza(
      String kind, String to, @Nullable String type, @Nullable String id, Element... children) {
    Element.Builder stanza =
        Element.of(Namespaces.SERVER, kind)
            .attribute("from", "a@south.example/x")
            .attribute("to", to);
    if (type != null) {
      stanza.attribute("type", type);
    }
    if (id != null) {
      stanza.attribute("id", id);
    }
    for (Element child : children) {
      stanza.child(child);
    }
    try {
      return Stanza.of(stanza.build());
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  private static Stanza get(Element child) {
    return stanza("iq", "north.example", "get", "i 1<&", child);
  }

  private @Nullable Stanza answer(Stanza stanza) {
    return services.answer(stanza, HostServices.Profile.PLAIN);
  }

  /** The one child of the result for a request. */
  private List<Element> result(Stanza request, HostServices.Profile profile) {
    Stanza answer = services.answer(request, profile);
    assertThat(answer).isNotNull();
    assertThat(answer.type()).isEqualTo("result");
    assertThat(answer.id()).isEqualTo(request.id());
    assertThat(answer.from()).isEqualTo(request.to());
    assertThat(answer.to()).isEqualTo(request.from());
    return answer.toElement().children();
  }

  private static void assertError(
      @Nullable Stanza answer, Stanza to, String type, String condition) {
    assertThat(answer).isNotNull();
    assertThat(answer.type()).isEqualTo("error");
    assertThat(answer.id()).isEqualTo(to.id());
    assertThat(answer.from()).isEqualTo(to.to());
    assertThat(answer.to()).isEqualTo(to.from());
    Element error = answer.toElement().child(Namespaces.SERVER, "error");
    assertThat(error).isNotNull();
    assertThat(error.attribute("type")).isEqualTo(type);
    assertThat(error.children()).extracting(Element::name).containsExactly(condition);
  }

  @Test
  @Clause({"S2S-SVC-01", "S2S-STZ-10", "S2S-STZ-17"})
  void aPingGetsAnEmptyResultWithItsId() {
    assertThat(result(get(query("urn:xmpp:ping", "ping")), HostServices.Profile.PLAIN)).isEmpty();
  }

  @Test
  @Clause("S2S-SVC-02")
  void theVersionIsNameAndVersionAndNothingOfTheSystem() {
    List<Element> content = result(get(query(VERSION, "query")), HostServices.Profile.PLAIN);
    assertThat(content).hasSize(1);
    assertThat(content.getFirst().is(VERSION, "query")).isTrue();
    assertThat(content.getFirst().children())
        .extracting(child -> child.name() + "=" + child.text())
        .containsExactly("name=Comity", "version=1.2.3");
  }

  @Test
  @Clause("S2S-SVC-03")
  void discoveryTellsTheIdentityOfTheOperatorAndTheFeatures() {
    HostServices.Profile profile =
        new HostServices.Profile("North & Co", "gateway", "smtp", Map.of());
    List<Element> content = result(get(query(INFO, "query")), profile);
    assertThat(content).hasSize(1);
    List<Element> children = content.getFirst().children();
    assertThat(children.stream().filter(child -> child.is(INFO, "identity")))
        .singleElement()
        .satisfies(
            identity -> {
              assertThat(identity.attribute("category")).isEqualTo("gateway");
              assertThat(identity.attribute("type")).isEqualTo("smtp");
              assertThat(identity.attribute("name")).isEqualTo("North & Co");
            });
    assertThat(features(content.getFirst()))
        .containsExactlyInAnyOrder(INFO, ITEMS, "urn:xmpp:ping", VERSION);
    assertThat(children).noneMatch(child -> child.is(DATA, "x"));
  }

  private static List<String> features(Element info) {
    return info.children().stream()
        .filter(child -> child.is(INFO, "feature"))
        .map(child -> String.valueOf(child.attribute("var")))
        .toList();
  }

  @Test
  void aDomainOfWhichNothingIsSaidIsNoServerOfUsers() {
    Element info = result(get(query(INFO, "query")), HostServices.Profile.PLAIN).getFirst();
    assertThat(info.child(INFO, "identity").attribute("category")).isEqualTo("component");
  }

  @Test
  void everyFeatureThatIsToldIsAnswered() {
    Element info = result(get(query(INFO, "query")), HostServices.Profile.PLAIN).getFirst();
    for (String feature : features(info)) {
      String name = feature.equals("urn:xmpp:ping") ? "ping" : "query";
      assertThat(answer(get(query(feature, name))).type()).as(feature).isEqualTo("result");
    }
  }

  @Test
  @Clause("S2S-SVC-07")
  void contactAddressesAreAFormInTheDiscovery() {
    Map<String, List<String>> contacts = new TreeMap<>();
    contacts.put("abuse-addresses", List.of("mailto:abuse@north.example", "xmpp:a@north.example"));
    contacts.put("status-addresses", List.of("https://north.example/status"));
    Element info =
        result(
                get(query(INFO, "query")),
                new HostServices.Profile("North", "server", "im", contacts))
            .getFirst();
    Element form = info.child(DATA, "x");
    assertThat(form.attribute("type")).isEqualTo("result");
    assertThat(form.children())
        .extracting(
            field ->
                field.attribute("var")
                    + " "
                    + field.attribute("type")
                    + " "
                    + field.children().stream().map(Element::text).toList())
        .containsExactly(
            "FORM_TYPE hidden [http://jabber.org/network/serverinfo]",
            "abuse-addresses list-multi [mailto:abuse@north.example, xmpp:a@north.example]",
            "status-addresses list-multi [https://north.example/status]");
  }

  @Test
  @Clause({"S2S-SVC-08", "S2S-SVC-09"})
  void noFederationDataArePublishedAndNoneAreAnnounced() {
    Stanza answer = answer(get(query(INFO, "query")));
    assertThat(answer.octets().toUtf8()).doesNotContain("serverinfo");
    assertThat(answer(get(query("http://jabber.org/protocol/pubsub", "pubsub"))).type())
        .isEqualTo("error");
  }

  @ParameterizedTest
  @ValueSource(strings = {INFO, ITEMS})
  @Clause("S2S-SVC-04")
  void anUnknownNodeIsNotFoundAndMirrored(String namespace) {
    Stanza request = get(Element.of(namespace, "query").attribute("node", "n'1").build());
    Stanza answer = answer(request);
    assertError(answer, request, "cancel", "item-not-found");
    assertThat(answer.toElement().child(namespace, "query").attribute("node")).isEqualTo("n'1");
  }

  @Test
  @Clause({"S2S-SVC-05", "S2S-SVC-06"})
  void theItemsAreNoneWithoutAnError() {
    List<Element> content = result(get(query(ITEMS, "query")), HostServices.Profile.PLAIN);
    assertThat(content).hasSize(1);
    assertThat(content.getFirst().is(ITEMS, "query")).isTrue();
    assertThat(content.getFirst().children()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"get", "set"})
  @Clause({"S2S-SVC-11", "S2S-STZ-10"})
  void anUnknownRequestIsNoServiceHere(String type) {
    Stanza request = stanza("iq", "north.example", type, "i1", query("urn:x", "query"));
    assertError(answer(request), request, "cancel", "service-unavailable");
  }

  @ParameterizedTest
  @ValueSource(strings = {"urn:xmpp:ping", VERSION, INFO, ITEMS})
  void whatCanBeAskedCannotBeSet(String namespace) {
    String name = namespace.equals("urn:xmpp:ping") ? "ping" : "query";
    Stanza request = stanza("iq", "north.example", "set", "i1", query(namespace, name));
    assertError(answer(request), request, "cancel", "service-unavailable");
  }

  @ParameterizedTest
  @CsvSource({"get", "set"})
  @Clause({"S2S-STZ-12", "S2S-STZ-10"})
  void aRequestWithoutExactlyOneChildIsBad(String type) {
    Element ping = query("urn:xmpp:ping", "ping");
    Stanza none = stanza("iq", "north.example", type, "i1");
    assertError(answer(none), none, "modify", "bad-request");
    Stanza two = stanza("iq", "north.example", type, "i2", ping, ping);
    assertError(answer(two), two, "modify", "bad-request");
  }

  @ParameterizedTest
  @CsvSource({"get,", ",i1", "ask,i1"})
  @Clause("S2S-STZ-09")
  void anIqWithoutIdOrWithAnUnknownTypeIsBad(@Nullable String type, @Nullable String id) {
    Stanza request = stanza("iq", "north.example", type, id, query("urn:xmpp:ping", "ping"));
    assertError(answer(request), request, "modify", "bad-request");
  }

  @ParameterizedTest
  @CsvSource({
    "iq, north.example, result",
    "iq, north.example, error",
    "iq, a@north.example, result",
    "iq, a@north.example, error",
    "message, north.example, error",
    "message, a@north.example, error",
    "presence, north.example, error",
  })
  @Clause("S2S-STZ-11")
  void answersAndErrorsAreNeverAnswered(String kind, String to, String type) {
    assertThat(answer(stanza(kind, to, type, "i1"))).isNull();
    assertThat(answer(stanza(kind, to, type, "i1", query("urn:xmpp:ping", "ping")))).isNull();
  }

  @Test
  @Clause("S2S-SVC-12")
  void aMessageToTheDomainIsReturned() {
    Stanza message = stanza("message", "north.example", "chat", "m1");
    assertError(answer(message), message, "cancel", "service-unavailable");
  }

  @ParameterizedTest
  @CsvSource({
    ",",
    "subscribe,",
    "probe,",
    "unavailable,",
    "unsubscribed,",
    "subscribe,a@",
    "probe,a@",
    ",a@"
  })
  @Clause("S2S-SVC-12")
  void presenceIsIgnored(@Nullable String type, @Nullable String local) {
    assertThat(
            answer(stanza("presence", (local == null ? "" : local) + "north.example", type, null)))
        .isNull();
  }

  /** The bytes of the answer without what the asker himself put into the question. */
  private String shape(String kind, String to) {
    Stanza request =
        stanza(kind, to, kind.equals("iq") ? "get" : "chat", "i1", query(INFO, "query"));
    return answer(request).octets().toUtf8().replace("from='" + to + "'", "from='?'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"iq", "message"})
  @Clause({"S2S-STZ-18", "S2S-SVC-06"})
  void usersGetOneAndTheSameAnswerWhoeverTheyAre(String kind) {
    String one = shape(kind, "admin@north.example");
    assertThat(one).contains("<service-unavailable ");
    assertThat(shape(kind, "admin@north.example/phone")).isEqualTo(one);
    assertThat(shape(kind, "nobody@north.example")).isEqualTo(one);
    assertThat(shape(kind, "nobody@north.example/x")).isEqualTo(one);
  }

  @Test
  void aResourceOfTheDomainIsNoService() {
    Stanza request = stanza("iq", "north.example/x", "get", "i1", query("urn:xmpp:ping", "ping"));
    assertError(answer(request), request, "cancel", "service-unavailable");
  }
}
