package im.comity.xml;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small immutable tree, for elements at stream level and for services; never on the relay path.
 *
 * <p>Names of namespaces are what counts; prefixes, and declarations of prefixes, are kept as
 * received so that they can be written again (S2S-NS-14). A text may use a prefix that no name
 * does, which is why declarations are kept at all.
 */
public final class Element implements Node {
  private final StartTag tag;
  private final Map<String, String> declarations;
  private final List<Node> nodes;

  private Element(StartTag tag, Map<String, String> declarations, List<Node> nodes) {
    this.tag = tag;
    this.declarations = declarations;
    this.nodes = nodes;
  }

  /** Begins an element; an empty namespace means that it is in none. */
  public static Builder of(String namespace, String localName) {
    return new Builder(namespace, localName);
  }

  /** The local name. */
  public String name() {
    return tag.localName();
  }

  /** The name of the namespace, or empty. */
  public String namespace() {
    return tag.namespace();
  }

  /** The prefix, or empty. */
  public String prefix() {
    return tag.prefix();
  }

  /** The attributes in their order, without namespace declarations. */
  public List<Attribute> attributes() {
    return tag.attributes();
  }

  /** The value of the attribute of this name that is in no namespace, or null. */
  public @Nullable String attribute(String localName) {
    return tag.attribute(localName);
  }

  /** The value of the attribute with this expanded name, or null. */
  public @Nullable String attribute(String namespace, String localName) {
    return tag.attribute(namespace, localName);
  }

  /** Prefixes this very element declares, with their namespaces; the default is not among them. */
  public Map<String, String> declarations() {
    return declarations;
  }

  /** Name and attributes alone. */
  public StartTag start() {
    return tag;
  }

  /** The content in its order; no two texts are neighbours, and none is empty. */
  public List<Node> nodes() {
    return nodes;
  }

  /** The elements among the content. */
  public List<Element> children() {
    List<Element> children = new ArrayList<>();
    for (Node node : nodes) {
      if (node instanceof Element child) {
        children.add(child);
      }
    }
    return children;
  }

  /** The first child with this name, or null. */
  public @Nullable Element child(String namespace, String localName) {
    for (Node node : nodes) {
      if (node instanceof Element child && child.is(namespace, localName)) {
        return child;
      }
    }
    return null;
  }

  /** The text directly inside this element, without that of its children. */
  public String text() {
    StringBuilder all = new StringBuilder();
    for (Node node : nodes) {
      if (node instanceof Text(String text)) {
        all.append(text);
      }
    }
    return all.toString();
  }

  /** Whether the element has this expanded name. */
  public boolean is(String namespace, String localName) {
    return tag.is(namespace, localName);
  }

  /** Equal in names, attributes with their order, content, prefixes and declarations. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Element that
        && tag.equals(that.tag)
        && declarations.equals(that.declarations)
        && nodes.equals(that.nodes);
  }

  @Override
  public int hashCode() {
    return 31 * tag.hashCode() + nodes.hashCode();
  }

  /** The element as XML that stands alone. */
  @Override
  public String toString() {
    return ElementWriter.write(this, "", Map.of()).toUtf8();
  }

  /** Collects what an element consists of. */
  public static final class Builder {
    private final String namespace;
    private final String localName;
    private String prefix = "";
    private final List<Attribute> attributes = new ArrayList<>();
    private final Map<String, String> declarations = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();

    private Builder(String namespace, String localName) {
      this.namespace = namespace;
      this.localName = localName;
    }

    /** Sets the prefix to write the element with; a wish, kept unless something contradicts it. */
    public Builder prefix(String prefix) {
      this.prefix = prefix;
      return this;
    }

    /** Adds an attribute in no namespace. */
    public Builder attribute(String localName, String value) {
      return attribute("", "", localName, value);
    }

    /** Adds an attribute; one with the same expanded name must not be there yet. */
    public Builder attribute(String prefix, String namespace, String localName, String value) {
      attributes.add(new Attribute(prefix, localName, namespace, value));
      return this;
    }

    /** Declares a prefix here, whether or not a name uses it. */
    public Builder declare(String prefix, String namespace) {
      declarations.put(prefix, namespace);
      return this;
    }

    /** Adds a child. */
    public Builder child(Element child) {
      endText();
      nodes.add(child);
      return this;
    }

    /** Adds text; it joins text that directly precedes it. */
    public Builder text(String more) {
      text.append(more);
      return this;
    }

    /** The element. */
    public Element build() {
      endText();
      return new Element(
          new StartTag(prefix, localName, namespace, attributes),
          declarations.isEmpty()
              ? Map.of()
              : Collections.unmodifiableMap(new LinkedHashMap<>(declarations)),
          List.copyOf(nodes));
    }

    private void endText() {
      if (!text.isEmpty()) {
        nodes.add(new Text(text.toString()));
        text.setLength(0);
      }
    }
  }
}
