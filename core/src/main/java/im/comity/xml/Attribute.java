package im.comity.xml;

/**
 * One attribute of an element; declarations of namespaces are not among them.
 *
 * @param prefix as received, or empty
 * @param localName the name after the colon
 * @param namespace the name of the namespace the prefix is bound to; empty without prefix
 * @param value with references resolved and white space normalised (XML 1.0 3.3.3)
 */
public record Attribute(String prefix, String localName, String namespace, String value) {

  /** Whether the attribute has this expanded name. */
  public boolean is(String namespace, String localName) {
    return this.localName.equals(localName) && this.namespace.equals(namespace);
  }
}
