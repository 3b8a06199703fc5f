package im.comity.bench;

import im.comity.xml.Attribute;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.Node;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/**
 * A digest of what a stanza says: names with their namespaces, attributes in order of name, text.
 * Prefixes do not count, and the content namespaces are one and the same. Nor does xml:lang on the
 * root: a server writes the language out that a stanza has from its stream (RFC 6120 4.7.4).
 */
final class Canonical {
  private Canonical() {}

  static String digest(Element stanza) {
    try {
      StringBuilder text = new StringBuilder();
      write(stanza, text, true);
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(Element element, StringBuilder text, boolean root) {
    text.append("<{").append(content(element.namespace())).append('}').append(element.name());
    List<Attribute> attributes =
        element.attributes().stream()
            .filter(attribute -> !(root && attribute.namespace().equals(Namespaces.XML)))
            .sorted(Comparator.comparing(Attribute::namespace).thenComparing(Attribute::localName))
            .toList();
    for (Attribute attribute : attributes) {
      text.append(" {")
          .append(attribute.namespace())
          .append('}')
          .append(attribute.localName())
          .append('=')
          .append(attribute.value())
          .append('\u0001');
    }
    text.append('>');
    for (Node node : element.nodes()) {
      switch (node) {
        case Element child -> write(child, text, false);
        case Node.Text run -> text.append('\u0002').append(run.text()).append('\u0003');
      }
    }
    text.append("</>");
  }

  private static String content(String namespace) {
    return namespace.equals(Namespaces.COMPONENT_ACCEPT) || namespace.equals(Namespaces.SERVER)
        ? "content"
        : namespace;
  }
}
