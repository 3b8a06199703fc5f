package im.comity.testkit.peer;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The start of a stream, in any of the styles that servers write, and some that none should.
 * Immutable. Attributes are written in the order in which they were set; namespace declarations are
 * attributes like the others, so {@link #with} and {@link #without} can break any of it.
 */
public final class StreamHead {
  private static final String DECLARATION = "<?xml version='1.0'?>";

  private final String declaration;
  private final String prefix;
  private final Map<String, String> attributes;

  private StreamHead(String declaration, String prefix, Map<String, String> attributes) {
    this.declaration = declaration;
    this.prefix = prefix;
    this.attributes = attributes;
  }

  /** As RFC 6120 servers write it, with the dialback namespace: version 1.0, language en. */
  public static StreamHead server() {
    return legacy().version("1.0").language("en");
  }

  /** As before XMPP 1.0 (XEP-0238, type 1): no version, no language. */
  public static StreamHead legacy() {
    return bare(Xmpp.SERVER).with("xmlns:db", Xmpp.DIALBACK);
  }

  /** As a component opens its stream (XEP-0114): {@code to} is the component's own name. */
  public static StreamHead component(String name) {
    return bare(Xmpp.COMPONENT).to(name);
  }

  /** The least there can be: the stream namespace, and this default namespace. */
  public static StreamHead bare(String contentNamespace) {
    return new StreamHead(DECLARATION, "stream", Map.of())
        .with("xmlns", contentNamespace)
        .with("xmlns:stream", Xmpp.STREAM);
  }

  /** Sets or, by null, leaves out {@code from}. */
  public StreamHead from(@Nullable String domain) {
    return with("from", domain);
  }

  /** Sets or, by null, leaves out {@code to}. */
  public StreamHead to(@Nullable String domain) {
    return with("to", domain);
  }

  /** Sets or, by null, leaves out {@code id}. */
  public StreamHead id(@Nullable String id) {
    return with("id", id);
  }

  /** Sets or, by null, leaves out {@code version}. */
  public StreamHead version(@Nullable String version) {
    return with("version", version);
  }

  /** Sets or, by null, leaves out {@code xml:lang}. */
  public StreamHead language(@Nullable String language) {
    return with("xml:lang", language);
  }

  /** Leaves out the declaration of the dialback namespace. */
  public StreamHead withoutDialback() {
    return without("xmlns:db");
  }

  /** Sets an attribute, whatever it is; null leaves it out. */
  public StreamHead with(String name, @Nullable String value) {
    Map<String, String> changed = new LinkedHashMap<>(attributes);
    if (value == null) {
      changed.remove(name);
    } else {
      changed.put(name, value);
    }
    return new StreamHead(declaration, prefix, changed);
  }

  /** Leaves out an attribute. */
  public StreamHead without(String name) {
    return with(name, null);
  }

  /** Writes the stream namespace with another prefix than {@code stream}. */
  public StreamHead prefix(String other) {
    Map<String, String> changed = new LinkedHashMap<>();
    attributes.forEach(
        (name, value) ->
            changed.put(name.equals("xmlns:" + prefix) ? "xmlns:" + other : name, value));
    return new StreamHead(declaration, other, changed);
  }

  /**
   * Writes {@code <stream xmlns='http://etherx.jabber.org/streams'>}, without a content namespace:
   * each element must then declare its own (RFC 6120 4.8.2).
   */
  public StreamHead prefixFree() {
    Map<String, String> changed = new LinkedHashMap<>(attributes);
    changed.put("xmlns", Xmpp.STREAM);
    changed.remove("xmlns:" + prefix);
    return new StreamHead(declaration, "", changed);
  }

  /** Leaves out {@code <?xml version='1.0'?>}, or writes another; empty for none. */
  public StreamHead declaration(String declaration) {
    return new StreamHead(declaration, prefix, attributes);
  }

  /** The value set for this attribute, or null. */
  public @Nullable String attribute(String name) {
    return attributes.get(name);
  }

  /** What goes on the wire. */
  public String xml() {
    StringBuilder xml = new StringBuilder(declaration).append('<').append(qualified("stream"));
    attributes.forEach(
        (name, value) ->
            xml.append(' ').append(name).append("='").append(Xmpp.escape(value)).append('\''));
    return xml.append('>').toString();
  }

  /** The end tag that fits. */
  public String endTag() {
    return "</" + qualified("stream") + ">";
  }

  /** A name of the stream namespace as this stream writes it. */
  String qualified(String name) {
    return prefix.isEmpty() ? name : prefix + ":" + name;
  }

  @Override
  public String toString() {
    return xml();
  }
}
