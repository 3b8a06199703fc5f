package im.comity.stanza;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.address.Jid;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import org.jspecify.annotations.Nullable;

/**
 * A stanza on its way: what its start tag says, and its bytes.
 *
 * <p>The bytes stand for themselves on any stream whose default namespace is its content namespace,
 * be that {@code jabber:server} or a component's. They use no prefix from outside except {@code
 * xml}. The root, and every element in it of which all parents are in the content namespace too,
 * carry that namespace by inheritance, never by name or prefix (S2S-NS-06, -09, -10); what another
 * namespace's element holds is left as it was. So every outlet may append them verbatim.
 *
 * <p>A stanza that {@link StanzaReader} made may borrow the bytes of the read it came in. Whoever
 * keeps one longer than the call that brought it calls {@link #keep()}.
 */
public final class Stanza {
  private final Envelope envelope;
  private final DomainPair pair;
  private final Octets octets;
  private final boolean borrowed;

  Stanza(Envelope envelope, Octets octets, boolean borrowed) {
    this(envelope, envelope.pair(), octets, borrowed);
  }

  Stanza(Envelope envelope, DomainPair pair, Octets octets, boolean borrowed) {
    this.envelope = envelope;
    this.pair = pair;
    this.octets = octets;
    this.borrowed = borrowed;
  }

  /**
   * A stanza made here. It is written in the common form, whatever content namespace the element is
   * in.
   *
   * @throws AddressFormatException if {@code from} or {@code to} is no address, which a local
   *     sender is always told (S2S-JID-05)
   * @throws IllegalArgumentException if the element is no stanza, has no {@code from} or {@code to}
   *     (S2S-STZ-07), or holds what XML cannot carry
   */
  public static Stanza of(Element element) throws AddressFormatException {
    StanzaKind kind = StanzaKind.of(element.name());
    String from = element.attribute("from");
    String to = element.attribute("to");
    if (kind == null || !StanzaReader.isContentNamespace(element.namespace())) {
      throw new IllegalArgumentException(
          "no stanza: {" + element.namespace() + '}' + element.name());
    }
    if (from == null || to == null) {
      throw new IllegalArgumentException("a stanza without from and to");
    }
    Envelope envelope =
        new Envelope(
            kind,
            Jid.parse(from),
            Jid.parse(to),
            element.attribute("id"),
            element.attribute("type"),
            element.start().language());
    return new Stanza(envelope, Rewriting.rewrite(element, element.namespace(), null), false);
  }

  /** What the start tag says. */
  public Envelope envelope() {
    return envelope;
  }

  /** Message, presence or iq. */
  public StanzaKind kind() {
    return envelope.kind();
  }

  /** The sender, as claimed. */
  public Jid from() {
    return envelope.from();
  }

  /** The recipient. */
  public Jid to() {
    return envelope.to();
  }

  /** The id as received, or null. */
  public @Nullable String id() {
    return envelope.id();
  }

  /** The type as received, or null. */
  public @Nullable String type() {
    return envelope.type();
  }

  /** The language of the stanza, its stream's if it has none of its own, or null. */
  public @Nullable String language() {
    return envelope.language();
  }

  /** The pair along which it travels. */
  public DomainPair pair() {
    return pair;
  }

  /** The domain of the recipient. */
  public Domain target() {
    return pair.target();
  }

  /** The bytes, to be appended to any stream as they are. */
  public Octets octets() {
    return octets;
  }

  /** This stanza with bytes that stay: a copy if they are borrowed, else this very one. */
  public Stanza keep() {
    return borrowed ? new Stanza(envelope, pair, octets.copy(), false) : this;
  }

  /**
   * The stanza as a tree, in the content namespace of servers. It is parsed anew at each call: for
   * those who answer stanzas, not for those who pass them on.
   */
  public Element toElement() {
    return Rewriting.parse(octets, Namespaces.SERVER);
  }

  /** For people: kind, type, addresses and id, without the content. */
  @Override
  public String toString() {
    return envelope.toString();
  }
}
