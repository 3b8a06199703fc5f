package im.comity.stanza;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.Jid;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.jspecify.annotations.Nullable;

/**
 * A stanza error (RFC 6120 8.3.2).
 *
 * @param type what the sender may do about it
 * @param condition what was wrong
 * @param text for people, in English; cut to {@value #MAX_TEXT} characters, and what XML cannot
 *     carry becomes U+FFFD, for it may quote a stranger. Null if there is none
 * @param by the domain that noticed, or null if it is not said (S2S-BNC-09)
 */
public record StanzaError(
    ErrorType type, StanzaErrorCondition condition, @Nullable String text, @Nullable Domain by) {
  private static final int MAX_TEXT = 500;

  public StanzaError {
    text = text == null || text.isEmpty() ? null : writable(text);
  }

  /** An error of the condition's usual type. */
  public static StanzaError of(StanzaErrorCondition condition, @Nullable String text) {
    return new StanzaError(condition.defaultType(), condition, text, null);
  }

  /**
   * Reads a received {@code <error/>}. Nothing in it is refused: an unknown condition is {@code
   * undefined-condition} (S2S-BNC-10), an unknown type that of the condition, an unreadable {@code
   * by} none.
   */
  public static StanzaError of(Element error) {
    StanzaErrorCondition condition = StanzaErrorCondition.UNDEFINED_CONDITION;
    for (Element child : error.children()) {
      if (child.namespace().equals(Namespaces.STANZA_ERRORS) && !child.name().equals("text")) {
        condition = StanzaErrorCondition.of(child.name());
        break;
      }
    }
    String typeText = error.attribute("type");
    ErrorType type = typeText == null ? null : ErrorType.of(typeText);
    Element text = error.child(Namespaces.STANZA_ERRORS, "text");
    return new StanzaError(
        type == null ? condition.defaultType() : type,
        condition,
        text == null ? null : text.text(),
        domain(error.attribute("by")));
  }

  /** The element {@code <error/>}, in the content namespace of servers. */
  public Element toElement() {
    Element.Builder error = Element.of(Namespaces.SERVER, "error").attribute("type", type.wire());
    if (by != null) {
      error.attribute("by", by.toString());
    }
    error.child(Element.of(Namespaces.STANZA_ERRORS, condition.wire()).build());
    if (text != null) {
      error.child(
          Element.of(Namespaces.STANZA_ERRORS, "text")
              .attribute("xml", Namespaces.XML, "lang", "en")
              .text(text)
              .build());
    }
    return error.build();
  }

  private static @Nullable Domain domain(@Nullable String by) {
    if (by == null) {
      return null;
    }
    try {
      return Jid.parse(by).domain();
    } catch (AddressFormatException e) {
      return null;
    }
  }

  private static String writable(String text) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), MAX_TEXT));
    for (int i = 0; i < text.length() && out.length() < MAX_TEXT; ) {
      int c = text.codePointAt(i);
      boolean isChar =
          c >= 0x20
              ? Character.getType(c) != Character.SURROGATE && c != 0xfffe && c != 0xffff
              : c == '\t' || c == '\n' || c == '\r';
      out.appendCodePoint(isChar ? c : 0xfffd);
      i += Character.charCount(c);
    }
    return out.toString();
  }
}
