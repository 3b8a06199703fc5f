package im.comity.stanza;

import im.comity.address.AddressFormatException;
import im.comity.address.AddressFormatException.Part;
import im.comity.address.Domain;
import im.comity.address.Jid;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import im.comity.xml.StartTag;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Makes stanzas of the first-level elements of one stream.
 *
 * <p>A stanza that already has the form {@link Stanza} promises keeps its bytes: the fast path. One
 * that lacks only the language of the stream gets it spliced into its root tag. All others are
 * written anew from their tree, which is slow and changes nothing but the writing.
 *
 * <p>For as many threads as like.
 */
public final class StanzaReader {
  /** RFC 5646 4.4.1: no tag that means anything is longer. */
  private static final int MAX_LANGUAGE = 35;

  private final String contentNamespace;
  private final boolean takesClientNamespace;
  private final @Nullable String language;
  private final byte[] languageAttribute;

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

  /** Reads an element; a stanza made of it may borrow the element's bytes. */
  public Reading read(ScannedElement element) {
    StartTag start = element.start();
    Reading reading = readHead(start);
    if (!(reading instanceof Reading.Head(Envelope envelope))) {
      return reading;
    }
    boolean lacksLanguage = language != null && start.language() == null;
    Stanza stanza;
    if (!element.selfContained() || element.namesContentNamespace()) {
      Element tree = element.toElement();
      if (takesClientNamespace) {
        tree = Rewriting.intoContent(tree, contentNamespace);
      }
      stanza =
          new Stanza(
              envelope,
              Rewriting.rewrite(tree, contentNamespace, lacksLanguage ? language : null),
              false);
    } else if (lacksLanguage) {
      stanza = new Stanza(envelope, withLanguage(envelope.kind(), element.octets()), false);
    } else {
      stanza = new Stanza(envelope, element.octets(), true);
    }
    return new Reading.Read(stanza);
  }

  /**
   * Reads a start tag alone, of an element that went over a limit and was skipped (decision C20).
   *
   * @return never {@link Reading.Read}
   */
  public Reading readHead(StartTag start) {
    StanzaKind kind = StanzaKind.of(start.localName());
    if (kind == null || !isContentNamespace(start.namespace(), contentNamespace)) {
      return new Reading.NotAStanza(start);
    }
    if (!start.prefix().isEmpty()) {
      return new Reading.BadNamespacePrefix(start);
    }
    if (!start.namespace().equals(contentNamespace)
        && !(takesClientNamespace && start.namespace().equals(Namespaces.CLIENT))) {
      return new Reading.WrongNamespace(start);
    }
    Address from = Address.of(start, "from");
    Address to = Address.of(start, "to");
    Envelope envelope =
        from.jid() == null || to.jid() == null
            ? null
            : new Envelope(
                kind,
                from.jid(),
                to.jid(),
                start.attribute("id"),
                start.attribute("type"),
                start.language() == null ? language : start.language());
    Address bad = worse(from, to);
    return bad.problem() == null && envelope != null
        ? new Reading.Head(envelope)
        : new Reading.BadAddress(start, bad.attribute(), String.valueOf(bad.problem()), envelope);
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

  private static boolean isContentNamespace(String namespace, String ofStream) {
    return namespace.equals(ofStream) || isContentNamespace(namespace);
  }

  /** The address to complain of: one that cannot be used at all goes first. */
  private static Address worse(Address from, Address to) {
    return from.problem() == null || (from.jid() != null && to.jid() == null) ? to : from;
  }

  /** Splices the stream's language in behind the name of a root that stands without prefix. */
  private Octets withLanguage(StanzaKind kind, Octets octets) {
    int name = 1 + kind.wire().length();
    byte[] spliced = new byte[octets.length() + languageAttribute.length];
    octets.slice(0, name).writeTo(spliced, 0);
    System.arraycopy(languageAttribute, 0, spliced, name, languageAttribute.length);
    octets.slice(name, octets.length()).writeTo(spliced, name + languageAttribute.length);
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
    static Address of(StartTag start, String attribute) {
      String text = start.attribute(attribute);
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
