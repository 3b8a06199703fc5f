package im.comity.xml;

import com.ctc.wstx.api.WstxInputProperties;
import com.ctc.wstx.stax.WstxInputFactory;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** Another XML parser, with all its limits off, and what it reads in a document. */
interface Oracle {

  /**
   * What a parser read, in a form in which all of them can be compared: names with their
   * namespaces, attributes sorted, text in one piece. White space between the children of the root
   * is left out.
   */
  final class Reading {
    private final List<String> events = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private int depth;

    /** Attributes are given as {@code {namespace}name=value}. */
    void start(String namespace, String localName, List<String> attributes) {
      endText();
      List<String> sorted = new ArrayList<>(attributes);
      Collections.sort(sorted);
      events.add("<{" + namespace + "}" + localName + " " + sorted);
      depth++;
    }

    void text(String more) {
      text.append(more);
    }

    void end() {
      endText();
      events.add(">");
      depth--;
    }

    void other(String what) {
      endText();
      events.add(what);
    }

    /** The trees of a stream, and its header. */
    static Reading of(StartTag header, List<Element> elements) {
      Reading reading = new Reading();
      reading.start(header.namespace(), header.localName(), shown(header.attributes()));
      elements.forEach(reading::add);
      reading.end();
      return reading;
    }

    private void add(Element element) {
      start(element.namespace(), element.name(), shown(element.attributes()));
      for (Node node : element.nodes()) {
        switch (node) {
          case Element child -> add(child);
          case Node.Text(String content) -> text(content);
        }
      }
      end();
    }

    private static List<String> shown(List<Attribute> attributes) {
      return attributes.stream()
          .map(a -> attribute(a.namespace(), a.localName(), a.value()))
          .toList();
    }

    static String attribute(String namespace, String localName, String value) {
      return "{" + namespace + "}" + localName + "=" + value;
    }

    private void endText() {
      if (!text.isEmpty() && !(depth == 1 && text.toString().isBlank())) {
        events.add("\"" + text);
      }
      text.setLength(0);
    }

    List<String> events() {
      return events;
    }
  }

  /** The parser does not accept the document. */
  final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(String why) {
      super(why);
    }
  }

  String name();

  /** Reads a whole document. */
  Reading read(byte[] document) throws Refused;

  /** The parsers there are on this machine. */
  static List<Oracle> all() {
    List<Oracle> all = new ArrayList<>(List.of(woodstox(), jdk()));
    all.addAll(Expat.parsers());
    return all;
  }

  static Oracle woodstox() {
    WstxInputFactory factory = new WstxInputFactory();
    for (String limit :
        List.of(
            WstxInputProperties.P_MAX_ATTRIBUTES_PER_ELEMENT,
            WstxInputProperties.P_MAX_ATTRIBUTE_SIZE,
            WstxInputProperties.P_MAX_CHILDREN_PER_ELEMENT,
            WstxInputProperties.P_MAX_ELEMENT_COUNT,
            WstxInputProperties.P_MAX_ELEMENT_DEPTH,
            WstxInputProperties.P_MAX_TEXT_LENGTH)) {
      factory.setProperty(limit, Integer.MAX_VALUE);
    }
    factory.setProperty(WstxInputProperties.P_MAX_CHARACTERS, Long.MAX_VALUE);
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    return new Stax("Woodstox", factory);
  }

  static Oracle jdk() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    for (String limit :
        List.of(
            "elementAttributeLimit",
            "entityExpansionLimit",
            "entityReplacementLimit",
            "maxElementDepth",
            "maxGeneralEntitySizeLimit",
            "maxParameterEntitySizeLimit",
            "maxXMLNameLimit",
            "totalEntitySizeLimit")) {
      factory.setProperty("http://www.oracle.com/xml/jaxp/properties/" + limit, "0");
    }
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    return new Stax("JDK", factory);
  }

  /** A parser behind the StAX interface. */
  record Stax(String name, XMLInputFactory factory) implements Oracle {
    @Override
    public Reading read(byte[] document) throws Refused {
      Reading reading = new Reading();
      try {
        XMLStreamReader reader = factory.createXMLStreamReader(new ByteArrayInputStream(document));
        while (reader.hasNext()) {
          switch (reader.next()) {
            case XMLStreamConstants.START_ELEMENT -> start(reader, reading);
            case XMLStreamConstants.END_ELEMENT -> reading.end();
            case XMLStreamConstants.CHARACTERS,
                XMLStreamConstants.CDATA,
                XMLStreamConstants.SPACE ->
                reading.text(reader.getText());
            case XMLStreamConstants.END_DOCUMENT -> {}
            default -> reading.other("event " + reader.getEventType());
          }
        }
        reader.close();
      } catch (XMLStreamException | RuntimeException e) {
        // Both throw unchecked exceptions for some malformed documents.
        throw new Refused(String.valueOf(e.getMessage()));
      }
      return reading;
    }

    private static void start(XMLStreamReader reader, Reading reading) {
      List<String> attributes = new ArrayList<>();
      for (int i = 0; i < reader.getAttributeCount(); i++) {
        attributes.add(
            Reading.attribute(
                orEmpty(reader.getAttributeNamespace(i)),
                reader.getAttributeLocalName(i),
                reader.getAttributeValue(i)));
      }
      reading.start(orEmpty(reader.getNamespaceURI()), reader.getLocalName(), attributes);
    }

    private static String orEmpty(String text) {
      return text == null ? "" : text;
    }
  }
}
