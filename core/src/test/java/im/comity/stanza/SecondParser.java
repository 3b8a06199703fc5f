package im.comity.stanza;

import com.ctc.wstx.stax.WstxInputFactory;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * What a stanza says, as Woodstox reads it: the witness against our own scanner, tree and writer.
 *
 * <p>Trees are compared by expanded names, attributes in no order, text joined. {@code {content}}
 * stands for the content namespace of whatever stream the stanza is read on: that of the root, and
 * of every element all of whose parents are in it. All other elements have the same name on every
 * stream.
 */
final class SecondParser {
  private static final XMLInputFactory FACTORY = factory();

  /** An element; children are of this type or String. */
  record Tree(String name, Map<String, String> attributes, List<Object> children) {}

  /**
   * An element read off a stream.
   *
   * @param tree what it says
   * @param faults what {@link Stanza} promises and this does not keep
   */
  record Parsed(Tree tree, List<String> faults) {}

  private final XMLStreamReader reader;
  private final String sendersContent;
  private final boolean relayed;
  private final List<String> faults = new ArrayList<>();

  private SecondParser(XMLStreamReader reader, String sendersContent, boolean relayed) {
    this.reader = reader;
    this.sendersContent = sendersContent;
    this.relayed = relayed;
  }

  /** What the sender said on a stream with this header. */
  static Tree said(String header, String element, String content) {
    return parse(header, element, content, false).tree();
  }

  /**
   * What arrives on another stream, whose header declares nothing but that stream's content
   * namespace.
   */
  static Parsed relayed(Octets octets, String sendersContent, String content) {
    String header =
        "<stream:stream xmlns='" + content + "' xmlns:stream='" + Namespaces.STREAM + "'>";
    return parse(header, octets.toUtf8(), sendersContent, true);
  }

  private static Parsed parse(String header, String element, String content, boolean relayed) {
    try {
      XMLStreamReader reader =
          FACTORY.createXMLStreamReader(new StringReader(header + element + "</stream:stream>"));
      reader.nextTag();
      reader.nextTag();
      SecondParser parser = new SecondParser(reader, content, relayed);
      Tree tree = parser.element(true, true);
      reader.nextTag();
      return new Parsed(tree, parser.faults);
    } catch (XMLStreamException e) {
      throw new AssertionError(header + element, e);
    }
  }

  /**
   * Reads the element the reader is at.
   *
   * @param allContent whether all elements around it are in the content namespace of the stream
   * @param inherited whether nothing around it declares a default namespace
   */
  private Tree element(boolean allContent, boolean inherited) throws XMLStreamException {
    String namespace = text(reader.getNamespaceURI());
    String prefix = text(reader.getPrefix());
    Map<String, String> declared = new TreeMap<>();
    for (int i = 0; i < reader.getNamespaceCount(); i++) {
      declared.put(text(reader.getNamespacePrefix(i)), text(reader.getNamespaceURI(i)));
    }
    boolean inherits = inherited && !declared.containsKey("");
    boolean ofTheStream =
        allContent && (relayed ? inherits && prefix.isEmpty() : namespace.equals(sendersContent));
    Map<String, String> attributes = new TreeMap<>();
    for (int i = 0; i < reader.getAttributeCount(); i++) {
      String ofAttribute = text(reader.getAttributeNamespace(i));
      attributes.put(
          '{' + ofAttribute + '}' + reader.getAttributeLocalName(i), reader.getAttributeValue(i));
      declared.values().remove(ofAttribute); // only an attribute may need the name
    }
    if (relayed && ofTheStream && declared.containsValue(sendersContent)) {
      faults.add(reader.getLocalName() + " names the content namespace");
    }
    String name = '{' + (ofTheStream ? "content" : namespace) + '}' + reader.getLocalName();
    List<Object> children = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    while (reader.next() != XMLStreamConstants.END_ELEMENT) {
      if (reader.isStartElement()) {
        endText(text, children);
        children.add(element(ofTheStream, inherits));
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

  private static String text(String text) {
    return text == null ? "" : text;
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = new WstxInputFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    return factory;
  }
}
