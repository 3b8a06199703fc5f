package im.comity.xml;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Writes XML that RFC 6120 11 allows, and no other: UTF-8, escaped, well-formed, with every
 * namespace declared where it is needed (S2S-XML-01, -07).
 *
 * <p>The static methods write a tree. An instance writes piece by piece: {@link #start}, then
 * {@link #declare} and {@link #attribute}, then content, then {@link #end}; {@link #take} hands
 * over what is written so far, which may be a start tag alone, as a stream header is. An instance
 * that has thrown is of no more use. For one thread.
 */
public final class ElementWriter {
  /** The default namespace where bytes are written for any stream; equal to no namespace. */
  private static final String UNKNOWN = "\0";

  private static final Set<String> CONTENT_NAMESPACES =
      Set.of(
          Namespaces.SERVER,
          Namespaces.CLIENT,
          Namespaces.COMPONENT_ACCEPT,
          Namespaces.COMPONENT_CONNECT);

  private byte[] out = new byte[256];
  private int length;

  /** The namespaces in scope by prefix, the default one with the empty prefix. */
  private Map<String, String> scope;

  private final Deque<Map<String, String>> outerScopes = new ArrayDeque<>();
  private final Deque<String> open = new ArrayDeque<>();

  // The start tag that is not yet closed.
  private boolean inTag;
  private boolean declares;
  private final Map<String, String> used = new HashMap<>();
  private final Set<Attribute> written = new HashSet<>();

  /**
   * A writer into the content of an element that has these namespaces in scope.
   *
   * @param inheritedDefaultNamespace the default namespace where the bytes will stand, or empty
   * @param inheritedPrefixes the prefixes declared where the bytes will stand
   */
  public ElementWriter(String inheritedDefaultNamespace, Map<String, String> inheritedPrefixes) {
    scope = new HashMap<>(inheritedPrefixes);
    scope.put("", inheritedDefaultNamespace);
    scope.put("xml", Namespaces.XML);
  }

  /**
   * The bytes of a tree.
   *
   * @param inheritedDefaultNamespace the default namespace where the bytes will stand, or empty
   * @param inheritedPrefixes the prefixes declared where the bytes will stand
   * @throws IllegalArgumentException if a name is no name, a text has a character that XML does not
   *     allow, the name of a namespace has a control character, an attribute is there twice, or
   *     declarations contradict one another
   */
  public static Octets write(
      Element element, String inheritedDefaultNamespace, Map<String, String> inheritedPrefixes) {
    return new ElementWriter(inheritedDefaultNamespace, inheritedPrefixes).element(element).take();
  }

  /**
   * The bytes of a tree, with one namespace left to inheritance, for any stream whose default
   * namespace is to take its place (S2S-NS-10).
   *
   * <p>The root, if it is in {@code contentNamespace}, and every element in it whose parents all
   * are, are written without prefix and without declaration. All others are written so that they
   * keep their namespace wherever the bytes stand, {@code contentNamespace} included. No prefix is
   * taken to be inherited.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static Octets rescope(Element element, String contentNamespace) {
    ElementWriter writer = new ElementWriter(UNKNOWN, Map.of());
    writer.rescoped(element, contentNamespace, true);
    return writer.take();
  }

  /** Writes {@code <?xml version='1.0'?>}. */
  public ElementWriter declaration() {
    put("<?xml version='1.0'?>");
    return this;
  }

  /**
   * Begins an element, declaring its namespace if it is not in scope under this prefix.
   *
   * @param prefix a wish, empty for the default namespace; not followed where it cannot be
   */
  public ElementWriter start(String prefix, String namespace, String localName) {
    String usable =
        switch (namespace) {
          case "" -> "";
          case Namespaces.XML -> "xml";
          default -> prefix.equals("xml") ? "" : prefix;
        };
    begin(usable, localName);
    use(usable, namespace);
    return this;
  }

  /** Declares a prefix, or with an empty prefix the default namespace, in the open start tag. */
  public ElementWriter declare(String prefix, String namespace) {
    requireTag();
    if (used.containsKey(prefix) && !namespace.equals(used.get(prefix))) {
      throw new IllegalArgumentException("the prefix '" + prefix + "' is another namespace's");
    }
    use(prefix, namespace);
    return this;
  }

  /** Adds an attribute in no namespace to the open start tag. */
  public ElementWriter attribute(String localName, String value) {
    return attribute("", "", localName, value);
  }

  /**
   * Adds an attribute to the open start tag, declaring its namespace if need be.
   *
   * @param prefix a wish; not followed where it means something else in this tag
   */
  public ElementWriter attribute(String prefix, String namespace, String localName, String value) {
    requireTag();
    requireName(localName);
    if (namespace.isEmpty() && localName.equals("xmlns")) {
      throw new IllegalArgumentException("a declaration is no attribute");
    }
    if (!written.add(new Attribute("", localName, namespace, ""))) {
      throw new IllegalArgumentException("the attribute " + localName + " twice");
    }
    String usable = namespace.isEmpty() ? "" : attributePrefix(prefix, namespace);
    if (!usable.isEmpty()) {
      use(usable, namespace);
    }
    put(' ');
    putName(usable, localName);
    put("='");
    putEscaped(value, true);
    put('\'');
    return this;
  }

  /** Writes text. */
  public ElementWriter text(String text) {
    closeTag();
    putEscaped(text, false);
    return this;
  }

  /** Writes a whole tree. */
  public ElementWriter element(Element element) {
    start(element.prefix(), element.namespace(), element.name());
    element.declarations().forEach(this::declare);
    attributesOf(element);
    for (Node node : element.nodes()) {
      switch (node) {
        case Element child -> element(child);
        case Node.Text(String text) -> text(text);
      }
    }
    return end();
  }

  /** Ends the innermost open element. */
  public ElementWriter end() {
    String name = open.pop();
    if (inTag) {
      inTag = false;
      put("/>");
    } else {
      put("</");
      put(name);
      put('>');
    }
    scope = outerScopes.pop();
    return this;
  }

  /**
   * Closes an open start tag with {@code >} and hands over what was written since the last call;
   * elements stay open.
   */
  public Octets take() {
    closeTag();
    Octets all = Octets.of(out, 0, length);
    out = new byte[256];
    length = 0;
    return all;
  }

  private void rescoped(Element element, String content, boolean parentInherits) {
    boolean inherits = parentInherits && element.namespace().equals(content);
    if (inherits) {
      begin("", element.name());
      used.put("", UNKNOWN);
    } else {
      start(element.prefix(), element.namespace(), element.name());
    }
    element
        .declarations()
        .forEach(
            (prefix, namespace) -> {
              // Here it would name what is to be inherited; who needs it further in declares it.
              if (!inherits || !(namespace.equals(content) || isContent(namespace))) {
                declare(prefix, namespace);
              }
            });
    attributesOf(element);
    for (Node node : element.nodes()) {
      switch (node) {
        case Element child -> rescoped(child, content, inherits);
        case Node.Text(String text) -> text(text);
      }
    }
    end();
  }

  private static boolean isContent(String namespace) {
    return CONTENT_NAMESPACES.contains(namespace);
  }

  private void attributesOf(Element element) {
    for (Attribute attribute : element.attributes()) {
      attribute(
          attribute.prefix(), attribute.namespace(), attribute.localName(), attribute.value());
    }
  }

  private void begin(String prefix, String localName) {
    closeTag();
    if (!prefix.isEmpty()) {
      requireName(prefix);
    }
    requireName(localName);
    open.push(prefix.isEmpty() ? localName : prefix + ":" + localName);
    outerScopes.push(scope);
    used.clear();
    written.clear();
    inTag = true;
    declares = false;
    put('<');
    putName(prefix, localName);
  }

  /** Takes the prefix for this namespace in the open tag, declaring it if it is not yet. */
  private void use(String prefix, String namespace) {
    used.put(prefix, namespace);
    if (namespace.equals(scope.get(prefix))) {
      return;
    }
    if (prefix.equals("xml")
        || prefix.equals("xmlns")
        || namespace.equals(Namespaces.XML)
        || namespace.equals(Namespaces.XMLNS)
        || (!prefix.isEmpty() && namespace.isEmpty())) {
      throw new IllegalArgumentException(
          "the prefix '" + prefix + "' cannot stand for '" + namespace + "'");
    }
    if (namespace.chars().anyMatch(c -> c < ' ')) {
      // The scanner takes none either: parsers differ over them.
      throw new IllegalArgumentException("a control character in the name of a namespace");
    }
    if (!declares) {
      scope = new HashMap<>(scope);
      declares = true;
    }
    scope.put(prefix, namespace);
    put(" xmlns");
    if (!prefix.isEmpty()) {
      requireName(prefix);
      put(':');
      put(prefix);
    }
    put("='");
    putEscaped(namespace, true);
    put('\'');
  }

  private String attributePrefix(String wish, String namespace) {
    if (namespace.equals(Namespaces.XML)) {
      return "xml";
    }
    if (!wish.isEmpty()
        && !wish.equals("xml")
        && namespace.equals(used.getOrDefault(wish, namespace))) {
      return wish;
    }
    for (Map.Entry<String, String> declared : scope.entrySet()) {
      if (!declared.getKey().isEmpty() && declared.getValue().equals(namespace)) {
        return declared.getKey();
      }
    }
    int number = 1;
    while (scope.containsKey("ns" + number)) {
      number++;
    }
    return "ns" + number;
  }

  private void requireTag() {
    if (!inTag) {
      throw new IllegalStateException("no start tag is open");
    }
  }

  private static void requireName(String name) {
    if (!XmlCharacters.isName(name)) {
      throw new IllegalArgumentException("no name: " + name);
    }
  }

  private void closeTag() {
    if (inTag) {
      inTag = false;
      put('>');
    }
  }

  private void putName(String prefix, String localName) {
    if (!prefix.isEmpty()) {
      put(prefix);
      put(':');
    }
    put(localName);
  }

  private void put(String text) {
    for (int i = 0; i < text.length(); i++) {
      put(text.charAt(i));
    }
  }

  /** Writes one code point. */
  private void put(int c) {
    if (out.length - length < 4) {
      out = Arrays.copyOf(out, out.length * 2);
    }
    length = Utf8.write(c, out, length);
  }

  private void putEscaped(String text, boolean inValue) {
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      if (!XmlCharacters.isChar(c)) {
        throw new IllegalArgumentException(String.format("no character of XML: U+%04X", c));
      }
      switch (c) {
        case '&' -> put("&amp;");
        case '<' -> put("&lt;");
        case '>' -> put("&gt;");
        case '\r' -> put("&#13;");
        case '\'' -> put(inValue ? "&apos;" : "'");
        case '\n' -> put(inValue ? "&#10;" : "\n");
        case '\t' -> put(inValue ? "&#9;" : "\t");
        default -> put(c);
      }
      i += Character.charCount(c);
    }
  }
}
