package im.comity.xml;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The name and the attributes of an element, decoded; a value of its own that may be kept.
 *
 * @param prefix as received, or empty
 * @param localName the name after the colon
 * @param namespace the name of the element's namespace, or empty
 * @param attributes in the order received, without namespace declarations
 */
public record StartTag(
    String prefix, String localName, String namespace, List<Attribute> attributes) {

  public StartTag {
    attributes = List.copyOf(attributes);
  }

  /** The value of the attribute of this name that is in no namespace, or null. */
  public @Nullable String attribute(String localName) {
    return attribute("", localName);
  }

  /** The value of the attribute with this expanded name, or null. */
  public @Nullable String attribute(String namespace, String localName) {
    for (int i = 0; i < attributes.size(); i++) {
      Attribute attribute = attributes.get(i);
      if (attribute.is(namespace, localName)) {
        return attribute.value();
      }
    }
    return null;
  }

  /** The value of {@code xml:lang}, which may be empty, or null if there is none. */
  public @Nullable String language() {
    return attribute(Namespaces.XML, "lang");
  }

  /** Whether the element has this expanded name. */
  public boolean is(String namespace, String localName) {
    return this.localName.equals(localName) && this.namespace.equals(namespace);
  }
}
