package im.comity.component;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.stanza.Bounce;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.stanza.StanzaKind;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a host domain answers by itself: ping, version, discovery, contact addresses (streams.md
 * 20). For users of a domain behind which nobody is, one and the same answer, whoever they are
 * (S2S-STZ-18).
 */
public final class HostServices {
  private static final String PING = "urn:xmpp:ping";
  private static final String VERSION = "jabber:iq:version";
  private static final String DISCO_INFO = "http://jabber.org/protocol/disco#info";
  private static final String DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
  private static final String DATA_FORM = "jabber:x:data";
  private static final String SERVER_INFO = "http://jabber.org/network/serverinfo";

  private final String version;

  /**
   * What one domain says of itself.
   *
   * @param name the human name of its identity
   * @param category the category of its identity, {@code server} or {@code component}
   * @param type the type of its identity
   * @param contacts addresses by field of XEP-0157, for example {@code abuse-addresses}
   */
  public record Profile(
      String name, String category, String type, Map<String, List<String>> contacts) {
    /** A domain of which nothing is said. */
    public static final Profile PLAIN = new Profile("Comity", "component", "generic", Map.of());
  }

  /**
   * @param version of this program
   */
  public HostServices(String version) {
    this.version = version;
  }

  /**
   * The answer to a stanza for a domain behind which nobody is, or for the bare domain itself.
   *
   * @return null if none is due
   */
  public @Nullable Stanza answer(Stanza stanza, Profile profile) {
    if (stanza.envelope().isMalformedIq()) {
      return error(stanza, StanzaErrorCondition.BAD_REQUEST);
    }
    if (stanza.kind() != StanzaKind.IQ
        || stanza.to().local() != null
        || stanza.to().resource() != null) {
      return stanza.kind() == StanzaKind.PRESENCE ? null : unavailable(stanza);
    }
    String type = stanza.type();
    if (!"get".equals(type) && !"set".equals(type)) {
      return null;
    }
    List<Element> children = stanza.toElement().children();
    if (children.size() != 1) {
      return error(stanza, StanzaErrorCondition.BAD_REQUEST);
    }
    Element request = children.getFirst();
    if ("set".equals(type)) {
      return unavailable(stanza);
    }
    if (request.is(PING, "ping")) {
      return result(stanza, null);
    }
    if (request.is(VERSION, "query")) {
      return result(
          stanza,
          Element.of(VERSION, "query")
              .child(Element.of(VERSION, "name").text("Comity").build())
              .child(Element.of(VERSION, "version").text(version).build())
              .build());
    }
    if (request.is(DISCO_INFO, "query")) {
      return request.attribute("node") != null
          ? error(stanza, StanzaErrorCondition.ITEM_NOT_FOUND)
          : result(stanza, info(profile));
    }
    if (request.is(DISCO_ITEMS, "query")) {
      return request.attribute("node") != null
          ? error(stanza, StanzaErrorCondition.ITEM_NOT_FOUND)
          : result(stanza, Element.of(DISCO_ITEMS, "query").build());
    }
    return unavailable(stanza);
  }

  private static Element info(Profile profile) {
    Element.Builder query =
        Element.of(DISCO_INFO, "query")
            .child(
                Element.of(DISCO_INFO, "identity")
                    .attribute("category", profile.category())
                    .attribute("type", profile.type())
                    .attribute("name", profile.name())
                    .build());
    for (String feature : List.of(DISCO_INFO, DISCO_ITEMS, PING, VERSION)) {
      query.child(Element.of(DISCO_INFO, "feature").attribute("var", feature).build());
    }
    if (!profile.contacts().isEmpty()) {
      Element.Builder form =
          Element.of(DATA_FORM, "x")
              .attribute("type", "result")
              .child(field("FORM_TYPE", "hidden", List.of(SERVER_INFO)));
      profile.contacts().forEach((name, values) -> form.child(field(name, "list-multi", values)));
      query.child(form.build());
    }
    return query.build();
  }

  private static Element field(String name, String type, List<String> values) {
    Element.Builder field =
        Element.of(DATA_FORM, "field").attribute("var", name).attribute("type", type);
    values.forEach(value -> field.child(Element.of(DATA_FORM, "value").text(value).build()));
    return field.build();
  }

  private static @Nullable Stanza unavailable(Stanza stanza) {
    return error(stanza, StanzaErrorCondition.SERVICE_UNAVAILABLE);
  }

  private static @Nullable Stanza error(Stanza stanza, StanzaErrorCondition condition) {
    return Bounce.of(stanza, StanzaError.of(condition, null));
  }

  private static Stanza result(Stanza request, @Nullable Element payload) {
    Element.Builder answer =
        Element.of(Namespaces.SERVER, "iq")
            .attribute("from", request.to().toString())
            .attribute("to", request.from().toString())
            .attribute("type", "result");
    if (request.id() != null) {
      answer.attribute("id", request.id());
    }
    if (payload != null) {
      answer.child(payload);
    }
    try {
      return Stanza.of(answer.build());
    } catch (AddressFormatException e) {
      throw new IllegalStateException("addresses that were read before", e);
    }
  }

  /** Whether the stanza is an iq to the bare domain itself. */
  static boolean isForDomain(Stanza stanza, Domain domain) {
    return stanza.kind() == StanzaKind.IQ
        && stanza.to().local() == null
        && stanza.to().resource() == null
        && stanza.target().equals(domain);
  }
}
