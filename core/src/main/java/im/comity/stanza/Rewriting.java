package im.comity.stanza;

import im.comity.xml.Attribute;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ElementScanner.Event;
import im.comity.xml.ElementWriter;
import im.comity.xml.Namespaces;
import im.comity.xml.Node;
import im.comity.xml.Octets;
import im.comity.xml.ScannerLimits;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The slow path: stanzas to trees and back. */
final class Rewriting {
  /** For bytes that this process has checked or written: they are not judged again. */
  private static final ScannerLimits NO_LIMITS =
      new ScannerLimits(
          1 << 30,
          1,
          1000,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE);

  private Rewriting() {}

  /**
   * The bytes of a stanza in the form that {@link Stanza} promises.
   *
   * @param language added as {@code xml:lang} to the root, or null
   */
  static Octets rewrite(Element root, String contentNamespace, @Nullable String language) {
    // A prefix that the stream header declared is declared on the root once. Left to each element
    // that uses it, a long namespace and many short elements would grow without measure.
    Map<String, String> missing = new LinkedHashMap<>();
    collectUndeclared(root, Map.of(), missing);
    if (language == null && missing.isEmpty()) {
      return ElementWriter.rescope(root, contentNamespace);
    }
    Element.Builder copy = copyOfTag(root, root.namespace(), root.prefix());
    missing.forEach(copy::declare);
    if (language != null) {
      copy.attribute("xml", Namespaces.XML, "lang", language);
    }
    copyNodes(root, copy);
    return ElementWriter.rescope(copy.build(), contentNamespace);
  }

  /**
   * A stanza with what careless senders put in {@code jabber:client} moved into the content
   * namespace of the stream: the root, and what is reached from it through these two namespaces
   * alone (S2S-CMP-10, S2S-QK-95).
   */
  static Element intoContent(Element element, String contentNamespace) {
    boolean isClient = element.namespace().equals(Namespaces.CLIENT);
    if (!isClient && !element.namespace().equals(contentNamespace)) {
      return element;
    }
    Element.Builder copy =
        isClient
            ? copyOfTag(element, contentNamespace, "")
            : copyOfTag(element, contentNamespace, element.prefix());
    for (Node node : element.nodes()) {
      switch (node) {
        case Element child -> copy.child(intoContent(child, contentNamespace));
        case Node.Text(String text) -> copy.text(text);
      }
    }
    return copy.build();
  }

  private static Element.Builder copyOfTag(Element element, String namespace, String prefix) {
    Element.Builder copy = Element.of(namespace, element.name()).prefix(prefix);
    for (Attribute attribute : element.attributes()) {
      copy.attribute(
          attribute.prefix(), attribute.namespace(), attribute.localName(), attribute.value());
    }
    element.declarations().forEach(copy::declare);
    return copy;
  }

  private static void copyNodes(Element element, Element.Builder copy) {
    for (Node node : element.nodes()) {
      switch (node) {
        case Element child -> copy.child(child);
        case Node.Text(String text) -> copy.text(text);
      }
    }
  }

  /**
   * Whether writing the stanza anew would add more than so many bytes. A tree does not keep where a
   * default namespace was declared, so one that stood on a prefixed element is written on each
   * element that takes it: a long namespace and many short elements again.
   */
  static boolean grows(Element root, String contentNamespace, long limit) {
    return defaultDeclarations(root, contentNamespace, true, null) > limit;
  }

  /** The bytes that declaring default namespaces takes, roughly. */
  private static long defaultDeclarations(
      Element element, String contentNamespace, boolean allContent, @Nullable String inScope) {
    String namespace = element.namespace();
    String inside = inScope;
    long bytes = 0;
    boolean inherits = allContent && namespace.equals(contentNamespace);
    if (!inherits && element.prefix().isEmpty() && !namespace.equals(inScope)) {
      bytes = namespace.length() + 9L; // with xmlns=''
      inside = namespace;
    }
    for (Node node : element.nodes()) {
      if (node instanceof Element child) {
        bytes += defaultDeclarations(child, contentNamespace, inherits, inside);
      }
    }
    return bytes;
  }

  /** Gathers prefixes that are used below elements none of which declares them. */
  private static void collectUndeclared(
      Element element, Map<String, String> outside, Map<String, String> missing) {
    Map<String, String> declared = outside;
    if (!element.declarations().isEmpty()) {
      declared = new HashMap<>(outside);
      declared.putAll(element.declarations());
    }
    note(element.prefix(), element.namespace(), declared, missing);
    for (Attribute attribute : element.attributes()) {
      note(attribute.prefix(), attribute.namespace(), declared, missing);
    }
    for (Node node : element.nodes()) {
      if (node instanceof Element child) {
        collectUndeclared(child, declared, missing);
      }
    }
  }

  private static void note(
      String prefix, String namespace, Map<String, String> declared, Map<String, String> missing) {
    if (!prefix.isEmpty() && !prefix.equals("xml") && !declared.containsKey(prefix)) {
      missing.putIfAbsent(prefix, namespace);
    }
  }

  /** The tree of a stanza's bytes, read as if on a stream with this content namespace. */
  static Element parse(Octets octets, String contentNamespace) {
    ElementScanner scanner = new ElementScanner(NO_LIMITS);
    byte[] header =
        Octets.utf8(
                "<stream:stream xmlns='"
                    + contentNamespace
                    + "' xmlns:stream='"
                    + Namespaces.STREAM
                    + "'>")
            .toBytes();
    Event event = scanner.scan(header, 0, header.length);
    if (event == Event.HEADER) {
      event = scanner.scan(octets.array(), octets.from(), octets.to());
    }
    if (event != Event.ELEMENT) {
      throw new IllegalStateException("a stanza's own bytes do not parse: " + event);
    }
    return scanner.element().toElement();
  }
}
