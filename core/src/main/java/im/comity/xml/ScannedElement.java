package im.comity.xml;

import org.jspecify.annotations.Nullable;

/**
 * One first-level element as the scanner found it. Valid until the scanner's next {@code scan}.
 *
 * <p>{@link #octets()} may be put into another stream as they are if {@link #selfContained()} and
 * not {@link #namesContentNamespace()}: then every name in them has the same meaning there, except
 * that the content namespace of this stream has become the content namespace of that one.
 */
public final class ScannedElement {
  private static final byte[] NOTHING = new byte[0];

  private final ElementScanner scanner;
  private byte[] array = NOTHING;
  private int from;
  private int to;
  private @Nullable StartTag start;

  ScannedElement(ElementScanner scanner) {
    this.scanner = scanner;
  }

  void found(byte[] array, int from, int to) {
    this.array = array;
    this.from = from;
    this.to = to;
  }

  void forget() {
    array = NOTHING;
    from = 0;
    to = 0;
    start = null;
  }

  /** The decoded start tag, a value of its own; made when first asked for. */
  public StartTag start() {
    StartTag made = start;
    if (made == null) {
      requireValid();
      made = scanner.elementStart(array, from);
      start = made;
    }
    return made;
  }

  // The same start tag piece by piece, for those who need little of it and keep no tag: what they
  // do not ask for is not made. Attributes are counted from 0, in the order received, declarations
  // of namespaces among them.

  /** The name of the root after the colon. */
  public String localName() {
    requireValid();
    return scanner.rootName();
  }

  /** Whether the name of the root has a prefix. */
  public boolean isPrefixed() {
    requireValid();
    return scanner.isRootPrefixed();
  }

  /** The name of the root's namespace, or empty. */
  public String namespace() {
    requireValid();
    return scanner.rootNamespace();
  }

  /** How many attributes the root has, declarations included. */
  public int attributeCount() {
    requireValid();
    return scanner.rootAttributes();
  }

  /**
   * The name of an attribute that is in no namespace, if it is a name that many elements have, such
   * as {@code from}, {@code to}, {@code id} and {@code type}; else null.
   */
  public @Nullable String attributeName(int attribute) {
    requireValid();
    return scanner.rootAttributeName(array, from, attribute);
  }

  /** Whether an attribute is {@code xml:lang}. */
  public boolean isLanguage(int attribute) {
    requireValid();
    return scanner.isRootLanguage(array, from, attribute);
  }

  /** Whether the root has an {@code xml:lang}, be it empty. */
  public boolean hasLanguage() {
    for (int i = 0; i < attributeCount(); i++) {
      if (isLanguage(i)) {
        return true;
      }
    }
    return false;
  }

  /** The value of an attribute, as {@link Attribute#value()} has it. */
  public String attributeValue(int attribute) {
    requireValid();
    return scanner.rootValue(array, from, attribute);
  }

  /** Whether the bytes of a value are ASCII and stand for themselves. */
  public boolean isPlainValue(int attribute) {
    requireValid();
    return scanner.isRootValuePlain(attribute);
  }

  /** The index in {@link #octets()} of the first byte of a value. */
  public int valueFrom(int attribute) {
    requireValid();
    return scanner.rootValueAt(attribute);
  }

  /** The index in {@link #octets()} after the last byte of a value. */
  public int valueTo(int attribute) {
    requireValid();
    return scanner.rootValueTo(attribute);
  }

  /** The bytes from {@code <} to {@code >}, exactly as received. */
  public Octets octets() {
    requireValid();
    return Octets.of(array, from, to);
  }

  /**
   * Whether no element or attribute in it has a prefix that only the stream header declares, {@code
   * xml} excepted (S2S-NS-09). A prefix in a text or in the value of an attribute is not seen.
   */
  public boolean selfContained() {
    requireValid();
    return scanner.isSelfContained();
  }

  /**
   * Whether the content namespace comes into it otherwise than to the root and its children by
   * inheritance from the header all the way down (S2S-NS-07, -10). That is so if
   *
   * <ul>
   *   <li>the root has a prefix, or is not in the default namespace of the header;
   *   <li>the root, or an element whose parents all inherit, declares a content namespace, as
   *       default or for a prefix: the default namespace of the header, {@code jabber:server},
   *       {@code jabber:client}, or one of the two of components;
   *   <li>an element inherits the default namespace of the header although one of its parents is in
   *       another, which only a prefix makes possible.
   * </ul>
   *
   * <p>What an element of another namespace declares does not count: {@code <message
   * xmlns='jabber:client'>} in a {@code <forwarded/>} stays what it is in every stream.
   */
  public boolean namesContentNamespace() {
    requireValid();
    return scanner.isNamingContentNamespace();
  }

  /** The element as a tree, a value of its own, with the namespaces the header declared. */
  public Element toElement() {
    requireValid();
    return TreeReader.read(array, from, to, scanner.defaultNamespace(), scanner.prefixes());
  }

  private void requireValid() {
    if (array.length == 0) {
      throw new IllegalStateException("the scanner went on");
    }
  }
}
