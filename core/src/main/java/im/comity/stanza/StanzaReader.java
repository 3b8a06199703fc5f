package im.comity.stanza;

import im.comity.address.AddressFormatException;
import im.comity.address.AddressFormatException.Part;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.address.Jid;
import im.comity.xml.Attribute;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import im.comity.xml.StartTag;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes stanzas of the first-level elements of one stream.
 *
 * <p>A stanza that already has the form {@link Stanza} promises keeps its bytes: the fast path. One
 * that lacks only the language of the stream gets it spliced into its root tag. All others are
 * written anew from their tree, which is slow and changes nothing but the writing.
 *
 * <p>It holds the addresses that came last, within the bounds of {@link Addresses}. For one thread
 * at a time.
 */
public final class StanzaReader {
  /** The bytes by which a stanza may grow when it is written anew. */
  private static final int MAX_GROWTH = 64 * 1024;

  /** RFC 5646 4.4.1: no tag that means anything is longer. */
  private static final int MAX_LANGUAGE = 35;

  private final String contentNamespace;
  private final boolean takesClientNamespace;
  private final @Nullable String language;
  private final byte[] languageAttribute;
  private final Addresses addresses = new Addresses();
  private @Nullable DomainPair lastPair;

  /**
   * A reader that takes stanzas in the content namespace of the stream and, on a component's
   * stream, also those in {@code jabber:client} (S2S-CMP-10).
   *
   * @param contentNamespace what the stream header declared as default namespace
   * @param streamLanguage the header's {@code xml:lang}; stanzas without one get it (S2S-STR-25).
   *     What has not the shape of a language tag is ignored, for it would be copied into each one
   */
  public StanzaReader(String contentNamespace, @Nullable String streamLanguage) {
    this(
        contentNamespace,
        streamLanguage,
        contentNamespace.equals(Namespaces.COMPONENT_ACCEPT)
            || contentNamespace.equals(Namespaces.COMPONENT_CONNECT));
  }

  /**
   * A reader that is told whether it takes stanzas in {@code jabber:client} too, which is a setting
   * per peer (S2S-QK-95).
   */
  public StanzaReader(
      String contentNamespace, @Nullable String streamLanguage, boolean takesClientNamespace) {
    this.contentNamespace = contentNamespace;
    this.takesClientNamespace = takesClientNamespace;
    this.language = streamLanguage != null && isLanguageTag(streamLanguage) ? streamLanguage : null;
    this.languageAttribute =
        language == null
            ? new byte[0]
            : (" xml:lang='" + language + '\'').getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads an element; a stanza made of it may borrow the element's bytes.
   *
   * @return {@link Reading.Head} only for a stanza that cannot be written anew within bounds
   */
  public Reading read(ScannedElement element) {
    Octets octets = element.octets();
    Envelope envelope = goodHead(element, octets);
    if (envelope == null) {
      Reading reading = readHead(element.start());
      if (!(reading instanceof Reading.Head(Envelope head))) {
        return reading;
      }
      envelope = head;
    }
    DomainPair pair = pair(envelope);
    boolean lacksLanguage = language != null && !element.hasLanguage();
    Stanza stanza;
    if (!element.selfContained() || element.namesContentNamespace()) {
      Element tree = element.toElement();
      if (takesClientNamespace) {
        tree = Rewriting.intoContent(tree, contentNamespace);
      }
      // Declarations that stood in the stanza are no growth: they fit in its own length.
      if (Rewriting.grows(tree, contentNamespace, octets.length() + MAX_GROWTH)) {
        return new Reading.Head(envelope);
      }
      stanza =
          new Stanza(
              envelope,
              pair,
              Rewriting.rewrite(tree, contentNamespace, lacksLanguage ? language : null),
              false);
    } else if (lacksLanguage) {
      stanza = new Stanza(envelope, pair, withLanguage(envelope.kind(), octets), false);
    } else {
      stanza = new Stanza(envelope, pair, octets, true);
    }
    return new Reading.Read(stanza);
  }

  /** Gives back what it holds for the stanzas to come: for a stream that brings none. */
  public void forget() {
    addresses.forget();
    lastPair = null;
  }

  /**
   * What {@link #readHead} says of a stanza that is as nearly all are, read from the bytes without
   * the tag; null of any other element, which then is judged by it. Done for every stanza that is
   * relayed.
   */
  private @Nullable Envelope goodHead(ScannedElement element, Octets octets) {
    StanzaKind kind = StanzaKind.of(element.localName());
    if (kind == null || element.isPrefixed() || !element.namespace().equals(contentNamespace)) {
      return null;
    }
    Jid from = null;
    Jid to = null;
    String id = null;
    String type = null;
    String ownLanguage = null;
    int count = element.attributeCount();
    for (int i = 0; i < count; i++) {
      switch (element.attributeName(i)) {
        case "from" -> {
          from = address(element, i, octets);
          if (from == null) {
            return null;
          }
        }
        case "to" -> {
          to = address(element, i, octets);
          if (to == null) {
            return null;
          }
        }
        case "id" -> id = element.attributeValue(i);
        case "type" -> type = element.attributeValue(i);
        case null -> ownLanguage = element.isLanguage(i) ? element.attributeValue(i) : ownLanguage;
        default -> {}
      }
    }
    return from == null || to == null
        ? null
        : new Envelope(kind, from, to, id, type, ownLanguage == null ? language : ownLanguage);
  }

  /** The address in an attribute, or null if it is none. */
  private @Nullable Jid address(ScannedElement element, int attribute, Octets octets) {
    try {
      return element.isPlainValue(attribute)
          ? addresses.read(
              octets.array(),
              octets.from() + element.valueFrom(attribute),
              octets.from() + element.valueTo(attribute))
          : Jid.parse(element.attributeValue(attribute));
    } catch (AddressFormatException e) {
      return null;
    }
  }

  /** The pair of a stanza; mostly it is that of the stanza before. */
  private DomainPair pair(Envelope envelope) {
    DomainPair pair = lastPair;
    if (pair == null
        || !pair.sender().equals(envelope.from().domain())
        || !pair.target().equals(envelope.to().domain())) {
      pair = envelope.pair();
      lastPair = pair;
    }
    return pair;
  }

  /**
   * Reads a start tag alone, of an element that went over a limit and was skipped (decision C20).
   *
   * @return never {@link Reading.Read}
   */
  public Reading readHead(StartTag start) {
    StanzaKind kind = StanzaKind.of(start.localName());
    boolean inContent = start.namespace().equals(contentNamespace);
    if (kind == null || !(inContent || isContentNamespace(start.namespace()))) {
      return new Reading.NotAStanza(start);
    }
    if (!start.prefix().isEmpty()) {
      return new Reading.BadNamespacePrefix(start);
    }
    if (!inContent && !(takesClientNamespace && start.namespace().equals(Namespaces.CLIENT))) {
      return new Reading.WrongNamespace(start);
    }
    return readAttributes(kind, start);
  }

  private Reading readAttributes(StanzaKind kind, StartTag start) {
    String fromText = null;
    String toText = null;
    String id = null;
    String type = null;
    String ownLanguage = null;
    List<Attribute> attributes = start.attributes();
    for (int i = 0; i < attributes.size(); i++) {
      Attribute attribute = attributes.get(i);
      if (attribute.namespace().isEmpty()) {
        switch (attribute.localName()) {
          case "from" -> fromText = attribute.value();
          case "to" -> toText = attribute.value();
          case "id" -> id = attribute.value();
          case "type" -> type = attribute.value();
          default -> {}
        }
      } else if (attribute.is(Namespaces.XML, "lang")) {
        ownLanguage = attribute.value();
      }
    }
    Address from = Address.of("from", fromText);
    Address to = Address.of("to", toText);
    Envelope envelope = null;
    if (from.jid() != null && to.jid() != null) {
      envelope =
          new Envelope(
              kind, from.jid(), to.jid(), id, type, ownLanguage == null ? language : ownLanguage);
      if (from.problem() == null && to.problem() == null) {
        return new Reading.Head(envelope);
      }
    }
    Address bad = worse(from, to);
    return new Reading.BadAddress(start, bad.attribute(), String.valueOf(bad.problem()), envelope);
  }

  static boolean isContentNamespace(String namespace) {
    return switch (namespace) {
      case Namespaces.SERVER,
          Namespaces.CLIENT,
          Namespaces.COMPONENT_ACCEPT,
          Namespaces.COMPONENT_CONNECT ->
          true;
      default -> false;
    };
  }

  /** The address to complain of: one that cannot be used at all goes first. */
  private static Address worse(Address from, Address to) {
    return from.problem() == null || (from.jid() != null && to.jid() == null) ? to : from;
  }

  /** Splices the stream's language in behind the name of a root that stands without prefix. */
  private Octets withLanguage(StanzaKind kind, Octets octets) {
    byte[] array = octets.array();
    int behindName = octets.from() + 1 + kind.wire().length();
    byte[] spliced = new byte[octets.length() + languageAttribute.length];
    int at = behindName - octets.from();
    System.arraycopy(array, octets.from(), spliced, 0, at);
    System.arraycopy(languageAttribute, 0, spliced, at, languageAttribute.length);
    System.arraycopy(
        array, behindName, spliced, at + languageAttribute.length, octets.to() - behindName);
    return Octets.of(spliced);
  }

  private static boolean isLanguageTag(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_LANGUAGE
        && text.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '-');
  }

  /**
   * One address of a stanza: good, or with a problem, and then cut down to its domain if that can
   * be read.
   */
  private record Address(String attribute, @Nullable Jid jid, @Nullable String problem) {
    static Address of(String attribute, @Nullable String text) {
      if (text == null || text.isEmpty()) {
        return new Address(attribute, null, text == null ? "it is missing" : "it is empty");
      }
      try {
        return new Address(attribute, Jid.parse(text), null);
      } catch (AddressFormatException e) {
        return new Address(attribute, domainOf(text, e), e.getMessage());
      }
    }

    private static @Nullable Jid domainOf(String text, AddressFormatException problem) {
      if (problem.part() == Part.DOMAIN) {
        return null;
      }
      try {
        int slash = text.indexOf('/');
        String bare = slash < 0 ? text : text.substring(0, slash);
        return Jid.of(Domain.of(bare.substring(bare.indexOf('@') + 1)));
      } catch (AddressFormatException e) {
        return null;
      }
    }
  }
}
