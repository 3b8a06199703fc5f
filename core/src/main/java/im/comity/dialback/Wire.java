package im.comity.dialback;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.stanza.ErrorType;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.jspecify.annotations.Nullable;

/** Dialback's elements as XML: both directions. */
final class Wire {
  static final String RESULT = "result";
  static final String VERIFY = "verify";

  private static final String PREFIX = "db";
  private static final int LONGEST_TEXT = 256;

  private Wire() {}

  static Element.Builder element(String name, Domain from, Domain to, @Nullable String id) {
    Element.Builder element =
        Element.of(Namespaces.DIALBACK, name)
            .prefix(PREFIX)
            .attribute("from", from.toString())
            .attribute("to", to.toString());
    return id == null ? element : element.attribute("id", id);
  }

  static Element answer(Element.Builder element, DialbackAnswer answer) {
    return switch (answer) {
      case DialbackAnswer.Valid _ -> element.attribute("type", "valid").build();
      case DialbackAnswer.Invalid _ -> element.attribute("type", "invalid").build();
      case DialbackAnswer.Failed error ->
          element.attribute("type", "error").child(errorElement(error)).build();
    };
  }

  private static Element errorElement(DialbackAnswer.Failed error) {
    Element.Builder element =
        Element.of(Namespaces.SERVER, "error")
            .attribute("type", error.type().wire())
            .child(Element.of(Namespaces.STANZA_ERRORS, error.condition().wire()).build());
    if (!error.text().isEmpty()) {
      element.child(Element.of(Namespaces.STANZA_ERRORS, "text").text(error.text()).build());
    }
    return element.build();
  }

  static @Nullable DialbackReading read(Element element, boolean answer) {
    boolean result = element.is(Namespaces.DIALBACK, RESULT);
    if (!result && !element.is(Namespaces.DIALBACK, VERIFY)) {
      return null;
    }
    try {
      Domain from = Domain.of(address(element, "from"));
      Domain to = Domain.of(address(element, "to"));
      return answer
          ? readAnswer(element, from, to, result)
          : readRequest(element, from, to, result);
    } catch (AddressFormatException e) {
      String detail = "from or to of %s: %s".formatted(element.name(), e.getMessage());
      return answer
          ? new DialbackReading.Unmatchable(detail)
          : new DialbackReading.Unaddressed(detail);
    }
  }

  /** A missing address is no domain either, and says so when it is prepared. */
  private static String address(Element element, String attribute) {
    String value = element.attribute(attribute);
    return value == null ? "" : value;
  }

  private static DialbackReading readRequest(
      Element element, Domain from, Domain to, boolean result) {
    String id = element.attribute("id");
    String text = element.text();
    if (!DialbackKey.fits(text)) {
      return malformed(
          element, from, to, "the key is longer than %d octets".formatted(DialbackKey.MOST_OCTETS));
    }
    DialbackKey key = new DialbackKey(text);
    if (result) {
      return new DialbackReading.Read(new DialbackElement.Result(new DomainPair(from, to), key));
    }
    if (id == null || id.isEmpty()) {
      return malformed(element, from, to, "the id is missing");
    }
    return new DialbackReading.Read(new DialbackElement.Verify(new DomainPair(to, from), id, key));
  }

  private static DialbackReading readAnswer(
      Element element, Domain from, Domain to, boolean result) {
    DialbackAnswer answer =
        switch (element.attribute("type")) {
          case "valid" -> new DialbackAnswer.Valid();
          case "invalid" -> new DialbackAnswer.Invalid();
          case null ->
              new DialbackAnswer.Failed(
                  StanzaErrorCondition.UNDEFINED_CONDITION.defaultType(),
                  StanzaErrorCondition.UNDEFINED_CONDITION,
                  "",
                  "the answer has no type");
          default -> error(element);
        };
    if (result) {
      return new DialbackReading.Read(
          new DialbackElement.ResultAnswer(new DomainPair(to, from), answer));
    }
    String id = element.attribute("id");
    if (id == null || id.isEmpty()) {
      return new DialbackReading.Unmatchable("the id is missing");
    }
    return new DialbackReading.Read(
        new DialbackElement.VerifyAnswer(new DomainPair(from, to), id, answer));
  }

  private static DialbackAnswer.Failed error(Element element) {
    String name = "";
    String text = "";
    ErrorType type = null;
    for (Element error : element.children()) {
      if (error.name().equals("error")) {
        type = ErrorType.of(error.attribute("type"));
        for (Element child : error.children()) {
          if (child.name().equals("text")) {
            text = cut(child.text());
          } else if (name.isEmpty() && isCondition(child)) {
            name = cut(child.name());
          }
        }
      }
    }
    StanzaErrorCondition condition = StanzaErrorCondition.of(name);
    return new DialbackAnswer.Failed(
        type == null ? condition.defaultType() : type, condition, name, text);
  }

  /** Some put the condition of a stream error here. */
  private static boolean isCondition(Element child) {
    return child.namespace().equals(Namespaces.STANZA_ERRORS)
        || child.namespace().equals(Namespaces.STREAM_ERRORS);
  }

  private static DialbackReading malformed(Element request, Domain from, Domain to, String detail) {
    Element answer =
        answer(
            element(request.name(), to, from, request.attribute("id")),
            DialbackAnswer.Failed.because(DialbackRefusal.MALFORMED));
    return new DialbackReading.Malformed(answer, detail);
  }

  private static String cut(String text) {
    return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT);
  }
}
