package im.comity.dialback;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.stanza.StanzaError;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.jspecify.annotations.Nullable;

/** Dialback's elements as XML: both directions. */
final class Wire {
  static final String RESULT = "result";
  static final String VERIFY = "verify";

  private static final String PREFIX = "db";
  private static final int LONGEST_NAME = 64;

  /** Stands for an error that is missing. */
  private static final Element NOT_SAID = Element.of(Namespaces.SERVER, "error").build();

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
      case DialbackAnswer.Failed failed ->
          element.attribute("type", "error").child(failed.error().toElement()).build();
    };
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
          case null, default -> failed(element);
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

  private static DialbackAnswer failed(Element answer) {
    Element error = NOT_SAID;
    for (Element child : answer.children()) {
      if (child.name().equals("error")) {
        error = child;
      }
    }
    String name = "";
    for (Element child : error.children()) {
      if (name.isEmpty() && isCondition(child)) {
        name = child.name();
      }
    }
    return new DialbackAnswer.Failed(
        StanzaError.of(error), name.substring(0, Math.min(name.length(), LONGEST_NAME)));
  }

  /** Some put the condition of a stream error here. */
  private static boolean isCondition(Element child) {
    return !child.name().equals("text")
        && (child.namespace().equals(Namespaces.STANZA_ERRORS)
            || child.namespace().equals(Namespaces.STREAM_ERRORS));
  }

  private static DialbackReading malformed(Element request, Domain from, Domain to, String detail) {
    Element answer =
        answer(
            element(request.name(), to, from, request.attribute("id")),
            DialbackAnswer.Failed.because(DialbackRefusal.MALFORMED));
    return new DialbackReading.Malformed(answer, detail);
  }
}
