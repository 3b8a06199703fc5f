package im.comity.xml;

import java.util.Map;

/**
 * Writes XML that RFC 6120 11 allows, and no other: UTF-8, escaped, well-formed, with every
 * namespace declared where it is needed (S2S-XML-01, -07).
 *
 * <p>The static methods write a tree. An instance writes piece by piece: {@link #start}, then
 * {@link #declare} and {@link #attribute}, then content, then {@link #end}; {@link #take} hands
 * over what is written so far, which may be a start tag alone, as a stream header is.
 */
public final class ElementWriter {

  /**
   * A writer into the content of an element that has these namespaces in scope.
   *
   * @param inheritedDefaultNamespace the default namespace where the bytes will stand, or empty
   * @param inheritedPrefixes the prefixes declared where the bytes will stand
   */
  public ElementWriter(String inheritedDefaultNamespace, Map<String, String> inheritedPrefixes) {}

  /**
   * The bytes of a tree.
   *
   * @param inheritedDefaultNamespace the default namespace where the bytes will stand, or empty
   * @param inheritedPrefixes the prefixes declared where the bytes will stand
   * @throws IllegalArgumentException if a name is no name, a text has a character that XML does not
   *     allow, or an attribute is there twice
   */
  public static Octets write(
      Element element, String inheritedDefaultNamespace, Map<String, String> inheritedPrefixes) {
    return Soon.soon();
  }

  /**
   * The bytes of a tree, with one namespace left to inheritance, for any stream whose default
   * namespace is to take its place (S2S-NS-10).
   *
   * <p>The root, if it is in {@code contentNamespace}, and every element in it whose parents all
   * are, are written without prefix and without declaration. All others are written so that they
   * keep their namespace wherever the bytes stand, {@code contentNamespace} included. No prefix is
   * taken to be inherited.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static Octets rescope(Element element, String contentNamespace) {
    return Soon.soon();
  }

  /** Writes {@code <?xml version='1.0'?>}. */
  public ElementWriter declaration() {
    return Soon.soon();
  }

  /**
   * Begins an element, declaring its namespace if it is not in scope under this prefix.
   *
   * @param prefix a wish; empty for the default namespace
   */
  public ElementWriter start(String prefix, String namespace, String localName) {
    return Soon.soon();
  }

  /** Declares a prefix, or with an empty prefix the default namespace, in the open start tag. */
  public ElementWriter declare(String prefix, String namespace) {
    return Soon.soon();
  }

  /** Adds an attribute in no namespace to the open start tag. */
  public ElementWriter attribute(String localName, String value) {
    return Soon.soon();
  }

  /** Adds an attribute to the open start tag, declaring its namespace if need be. */
  public ElementWriter attribute(String prefix, String namespace, String localName, String value) {
    return Soon.soon();
  }

  /** Writes text. */
  public ElementWriter text(String text) {
    return Soon.soon();
  }

  /** Writes a whole tree. */
  public ElementWriter element(Element element) {
    return Soon.soon();
  }

  /** Ends the innermost open element. */
  public ElementWriter end() {
    return Soon.soon();
  }

  /**
   * Closes an open start tag with {@code >} and hands over what was written since the last call;
   * elements stay open.
   */
  public Octets take() {
    return Soon.soon();
  }
}
