package im.comity.testkit.peer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An element that the other side sent, or the start tag of its stream. Namespaces are resolved, the
 * text is what it means rather than how it was written; {@link #raw()} is how it was written.
 */
public final class Received {
  /** One attribute; {@code prefix} and {@code namespace} are empty for the usual ones. */
  record Attribute(String prefix, String namespace, String name, String value) {
    String written() {
      return prefix.isEmpty() ? name : prefix + ":" + name;
    }
  }

  private final String prefix;
  private final String namespace;
  private final String name;
  private final List<Attribute> attributes;
  private final Map<String, String> declarations;
  private final List<Received> children;
  private final String text;
  private final String raw;

  Received(
      String prefix,
      String namespace,
      String name,
      List<Attribute> attributes,
      Map<String, String> declarations,
      List<Received> children,
      String text,
      String raw) {
    this.prefix = prefix;
    this.namespace = namespace;
    this.name = name;
    this.attributes = List.copyOf(attributes);
    this.declarations = Collections.unmodifiableMap(new LinkedHashMap<>(declarations));
    this.children = List.copyOf(children);
    this.text = text;
    this.raw = raw;
  }

  /** The prefix it was written with, or empty. */
  public String prefix() {
    return prefix;
  }

  /** The name without prefix. */
  public String name() {
    return name;
  }

  /** The namespace, or empty for none. */
  public String namespace() {
    return namespace;
  }

  /** Whether it is this element. */
  public boolean is(String namespace, String name) {
    return this.namespace.equals(namespace) && this.name.equals(name);
  }

  /** The attributes by their names as written, for example {@code xml:lang}, in order. */
  public Map<String, String> attributes() {
    Map<String, String> map = new LinkedHashMap<>();
    attributes.forEach(a -> map.put(a.written(), a.value()));
    return Collections.unmodifiableMap(map);
  }

  /** The value of the attribute of this name and no namespace, or null. */
  public @Nullable String attribute(String name) {
    return attribute("", name);
  }

  /** The value of the attribute of this namespace and name, or null. */
  public @Nullable String attribute(String namespace, String name) {
    for (Attribute attribute : attributes) {
      if (attribute.namespace.equals(namespace) && attribute.name.equals(name)) {
        return attribute.value;
      }
    }
    return null;
  }

  /**
   * The value of an attribute without which the conversation cannot go on.
   *
   * @throws AssertionError if it is missing
   */
  public String required(String name) {
    String value = attribute(name);
    if (value == null) {
      throw new AssertionError("no attribute " + name + ": " + raw);
    }
    return value;
  }

  /** {@code xml:lang}, or null. */
  public @Nullable String language() {
    return attribute(Xmpp.XML, "lang");
  }

  /** The namespaces declared on this very tag, by prefix; the default one by the empty prefix. */
  public Map<String, String> declarations() {
    return declarations;
  }

  /** The child elements, in order; none for the start tag of a stream. */
  public List<Received> children() {
    return children;
  }

  /** The first child of this namespace and name, or null. */
  public @Nullable Received child(String namespace, String name) {
    for (Received child : children) {
      if (child.is(namespace, name)) {
        return child;
      }
    }
    return null;
  }

  /** The text directly inside, without that of children. */
  public String text() {
    return text;
  }

  /**
   * Exactly what was sent: from {@code <} to {@code >} of an element; of a stream's start tag with
   * the XML declaration before it.
   */
  public String raw() {
    return raw;
  }

  /** Equal are those written alike, character by character, in the same namespace. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Received that
        && raw.equals(that.raw)
        && namespace.equals(that.namespace);
  }

  @Override
  public int hashCode() {
    return Objects.hash(namespace, raw);
  }

  @Override
  public String toString() {
    return raw;
  }
}
