package im.comity.dialback;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.xml.Element;
import java.io.IOException;
import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Attr;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** What the tests of this package are made of. */
final class Samples {
  private Samples() {}

  static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  static DomainPair pair(String sender, String target) {
    return new DomainPair(domain(sender), domain(target));
  }

  /** Reads XML as it stands in the specification, inside a stream between servers. */
  static Element xml(String text) {
    String document = "<s xmlns='jabber:server' xmlns:db='jabber:server:dialback'>" + text + "</s>";
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    try {
      return element(
          factory
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(document)))
              .getDocumentElement()
              .getFirstChild());
    } catch (ParserConfigurationException | SAXException | IOException e) {
      throw new AssertionError(text, e);
    }
  }

  private static Element element(Node node) {
    Element.Builder element = Element.of(orEmpty(node.getNamespaceURI()), node.getLocalName());
    for (int i = 0; i < node.getAttributes().getLength(); i++) {
      Attr attribute = (Attr) node.getAttributes().item(i);
      if (!attribute.getName().startsWith("xmlns")) {
        element.attribute(
            orEmpty(attribute.getPrefix()),
            orEmpty(attribute.getNamespaceURI()),
            attribute.getLocalName(),
            attribute.getValue());
      }
    }
    for (Node child = node.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child.getNodeType() == Node.TEXT_NODE) {
        element.text(child.getNodeValue());
      } else if (child.getNodeType() == Node.ELEMENT_NODE) {
        element.child(element(child));
      }
    }
    return element.build();
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
