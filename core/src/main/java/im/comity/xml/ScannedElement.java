package im.comity.xml;

/**
 * One first-level element as the scanner found it. Valid until the scanner's next {@code scan}.
 *
 * <p>{@link #octets()} may be put into another stream as they are if {@link #selfContained()} and
 * not {@link #namesContentNamespace()}: then every name in them has the same meaning there, except
 * that the content namespace of this stream has become the content namespace of that one.
 */
public final class ScannedElement {
  ScannedElement() {}

  /** The decoded start tag; made when first asked for. */
  public StartTag start() {
    return Soon.soon();
  }

  /** The bytes from {@code <} to {@code >}, exactly as received. */
  public Octets octets() {
    return Soon.soon();
  }

  /**
   * Whether no element or attribute in it has a prefix that only the stream header declares, {@code
   * xml} excepted (S2S-NS-09).
   */
  public boolean selfContained() {
    return Soon.soon();
  }

  /**
   * Whether the root or something inside it is not in the content namespace by plain inheritance
   * although it should or could be: the root has a prefix or is not in the namespace that the
   * header declared as default, or the root or an element that inherits along with its parents
   * declares a content namespace by name, as default or for a prefix (S2S-NS-07, -10).
   *
   * <p>What an element of another namespace has inside it counts not: a forwarded {@code <message
   * xmlns='jabber:client'>} stays what it is.
   */
  public boolean namesContentNamespace() {
    return Soon.soon();
  }

  /** The element as a tree, a value of its own. */
  public Element toElement() {
    return Soon.soon();
  }
}
