package im.comity.stream;

import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.jspecify.annotations.Nullable;

/**
 * A stream error: one defined condition, perhaps a text for people, perhaps an application
 * condition (RFC 6120 4.9.2). Nothing ever acts on the text (S2S-ERR-08).
 *
 * @param condition what is wrong
 * @param text an explanation in English, or null
 * @param application an element that says more, or null: of another namespace, or of a peer's error
 *     the condition that RFC 6120 does not know
 * @param redirect where see-other-host points to, {@code host} or {@code host:port}, or null
 */
public record StreamError(
    StreamErrorCondition condition,
    @Nullable String text,
    @Nullable Element application,
    @Nullable String redirect) {

  /** The longest text that is kept of a peer's error, in characters. */
  private static final int TEXT_LIMIT = 500;

  /**
   * An error of ours with a text.
   *
   * @throws IllegalArgumentException undefined-condition says nothing without an application
   *     element (S2S-ERR-09, -40)
   */
  public static StreamError of(StreamErrorCondition condition, String text) {
    return new StreamError(sendable(condition), text, null, null);
  }

  /**
   * An error of ours without a text.
   *
   * @throws IllegalArgumentException as above
   */
  public static StreamError of(StreamErrorCondition condition) {
    return new StreamError(sendable(condition), null, null, null);
  }

  private static StreamErrorCondition sendable(StreamErrorCondition condition) {
    if (condition == StreamErrorCondition.UNDEFINED_CONDITION) {
      throw new IllegalArgumentException("undefined-condition without an application element");
    }
    return condition;
  }

  /** The error of size (S2S-XML-15): policy-violation with the application condition. */
  public static StreamError tooBig(String text) {
    return new StreamError(
        StreamErrorCondition.POLICY_VIOLATION,
        text,
        Element.of(Namespaces.APPLICATION_ERRORS, "stanza-too-big").build(),
        null);
  }

  /** What goes on the wire. */
  public Element toElement() {
    Element.Builder error =
        Element.of(Namespaces.STREAM, "error")
            .prefix("stream")
            .child(Element.of(Namespaces.STREAM_ERRORS, condition.wire()).build());
    if (text != null) {
      error.child(
          Element.of(Namespaces.STREAM_ERRORS, "text")
              .attribute("xml", Namespaces.XML, "lang", "en")
              .text(text)
              .build());
    }
    if (application != null) {
      error.child(application);
    }
    return error.build();
  }

  /** Reads a peer's error; a missing or unknown condition is undefined-condition (S2S-ERR-07). */
  public static StreamError parse(Element error) {
    StreamErrorCondition condition = StreamErrorCondition.UNDEFINED_CONDITION;
    String text = null;
    Element application = null;
    String redirect = null;
    boolean found = false;
    for (Element child : error.children()) {
      if (!child.namespace().equals(Namespaces.STREAM_ERRORS)) {
        application = application == null ? child : application;
      } else if (child.name().equals("text")) {
        text =
            child.text().length() > TEXT_LIMIT
                ? child.text().substring(0, TEXT_LIMIT)
                : child.text();
      } else if (!found) {
        condition = StreamErrorCondition.of(child.name());
        redirect = condition == StreamErrorCondition.SEE_OTHER_HOST ? child.text() : null;
        found = true;
        if (!condition.wire().equals(child.name()) && application == null) {
          // What the peer called it is all that its operator has to go by.
          application = Element.of(Namespaces.STREAM_ERRORS, child.name()).build();
        }
      }
    }
    return new StreamError(condition, text, application, redirect);
  }

  /**
   * The condition, what more exactly, and the text: {@code policy-violation stanza-too-big (…)}.
   */
  @Override
  public String toString() {
    return condition.wire()
        + (application == null ? "" : " " + application.name())
        + (text == null ? "" : " (" + text + ")");
  }
}
