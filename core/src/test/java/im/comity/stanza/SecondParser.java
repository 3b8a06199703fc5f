package im.comity.stanza;

import com.ctc.wstx.stax.WstxInputFactory;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * What a stanza says, as Woodstox reads it: the witness against our own scanner, tree and writer.
 *
 * <p>Trees are compared by expanded names, attributes in no order, text joined. {@code {content}}
 * stands for the content namespace of whatever stream the stanza is read on, where the stanza
 * leaves it to the stream.
 */
final class SecondParser {
  static final Set<String> CONTENT_NAMESPACES =
      Set.of(
          Namespaces.SERVER,
          Namespaces.CLIENT,
          Namespaces.COMPONENT_ACCEPT,
          Namespaces.COMPONENT_CONNECT);

  private static final XMLInputFactory FACTORY = factory();

  /** An element; children are of this type or String. */
  record Tree(String name, Map<String, String> attributes, List<Object> children) {}

  /**
   * The first element in the content of a stream.
   *
   * @param tree what it says
   * @param faults what {@link Stanza} promises and this does not keep
   */
  record Parsed(Tree tree, List<String> faults) {}

  private final XMLStreamReader reader;
  private final String content;
  private final List<String> faults = new ArrayList<>();

  private SecondParser(XMLStreamReader reader, String content) {
    this.reader = reader;
    this.content = content;
  }

  /** Reads an element behind a stream header, which is {@code <stream:stream ...>}. */
  static Parsed parse(String header, String element, String content) {
    try {
      XMLStreamReader reader =
          FACTORY.createXMLStreamReader(new StringReader(header + element + "</stream:stream>"));
      reader.nextTag();
      reader.nextTag();
      SecondParser parser = new SecondParser(reader, content);
      Tree tree = parser.element(true, true);
      reader.nextTag();
      return new Parsed(tree, parser.faults);
    } catch (XMLStreamException e) {
      throw new AssertionError(header + element, e);
    }
  }

  /** Reads a stanza's bytes on a stream that declares nothing but its own two namespaces. */
  static Parsed parse(Octets octets, String content) {
    String header =
        "<stream:stream xmlns='" + content + "' xmlns:stream='" + Namespaces.STREAM + "'>";
    return parse(header, octets.toUtf8(), content);
  }

  /**
   * Reads the element the reader is at.
   *
   * @param allContent whether all elements around it are in the content namespace
   * @param inherited whether nothing around it declares a default namespace
   */
  private Tree element(boolean allContent, boolean inherited) throws XMLStreamException {
    String namespace = uri(reader.getNamespaceURI());
    boolean inherits = inherited;
    boolean isContent = namespace.equals(content);
    for (int i = 0; i < reader.getNamespaceCount(); i++) {
      String declared = uri(reader.getNamespaceURI(i));
      inherits &= reader.getNamespacePrefix(i) != null;
      if (allContent && isContent && CONTENT_NAMESPACES.contains(declared)) {
        faults.add(reader.getLocalName() + " declares " + declared);
      }
    }
    boolean prefixed = reader.getPrefix() != null && !reader.getPrefix().isEmpty();
    if (allContent && isContent && (prefixed || !inherits)) {
      faults.add(reader.getLocalName() + " does not inherit the content namespace");
    }
    boolean ofTheStream = isContent && (allContent || (inherits && !prefixed));
    Map<String, String> attributes = new TreeMap<>();
    for (int i = 0; i < reader.getAttributeCount(); i++) {
      attributes.put(
          '{' + uri(reader.getAttributeNamespace(i)) + '}' + reader.getAttributeLocalName(i),
          reader.getAttributeValue(i));
    }
    String name = '{' + (ofTheStream ? "content" : namespace) + '}' + reader.getLocalName();
    List<Object> children = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    while (reader.next() != XMLStreamConstants.END_ELEMENT) {
      if (reader.isStartElement()) {
        endText(text, children);
        children.add(element(allContent && isContent, inherits));
      } else {
        text.append(reader.getText());
      }
    }
    endText(text, children);
    return new Tree(name, attributes, children);
  }

  private static void endText(StringBuilder text, List<Object> children) {
    if (!text.isEmpty()) {
      children.add(text.toString());
      text.setLength(0);
    }
  }

  private static String uri(String uri) {
    return uri == null ? "" : uri;
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = new WstxInputFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    return factory;
  }
}
