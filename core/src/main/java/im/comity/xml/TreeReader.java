package im.comity.xml;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a tree from the bytes of an element that the scanner has found to be well-formed; it
 * checks nothing again.
 */
final class TreeReader {
  private final byte[] bytes;
  private final int to;
  private int at;

  /** The namespaces in scope by prefix; the default namespace has the empty prefix. */
  private Map<String, String> scope;

  private final Deque<Map<String, String>> outerScopes = new ArrayDeque<>();
  private final Deque<Element.Builder> open = new ArrayDeque<>();

  private TreeReader(byte[] bytes, int from, int to, Map<String, String> scope) {
    this.bytes = bytes;
    this.at = from;
    this.to = to;
    this.scope = scope;
  }

  /** The tree of {@code bytes[from..to)}, in which these namespaces are inherited. */
  static Element read(
      byte[] bytes, int from, int to, String defaultNamespace, Map<String, String> prefixes) {
    Map<String, String> scope = new HashMap<>(prefixes);
    scope.put("", defaultNamespace);
    scope.put("xml", Namespaces.XML);
    return new TreeReader(bytes, from, to, scope).read();
  }

  private Element read() {
    while (true) {
      // Here bytes[at] is '<'.
      if (bytes[at + 1] == '/') {
        at = indexOf('>', at) + 1;
        Element ended = open.pop().build();
        scope = outerScopes.pop();
        if (open.isEmpty()) {
          return ended;
        }
        open.element().child(ended);
      } else if (bytes[at + 1] == '!') {
        int from = at + "<![CDATA[".length();
        int end = from;
        while (!(bytes[end] == ']' && bytes[end + 1] == ']' && bytes[end + 2] == '>')) {
          end++;
        }
        open.element().text(Decoder.cdata(bytes, from, end));
        at = end + "]]>".length();
      } else if (startTag()) {
        Element empty = open.pop().build();
        scope = outerScopes.pop();
        if (open.isEmpty()) {
          return empty;
        }
        open.element().child(empty);
      }
      int end = indexOf('<', at);
      if (end > at) {
        open.element().text(Decoder.text(bytes, at, end));
        at = end;
      }
    }
  }

  /** Reads a start tag; whether it is that of an empty element. */
  private boolean startTag() {
    at++;
    String name = name();
    Map<String, String> declared = new LinkedHashMap<>();
    List<String> attributes = new ArrayList<>();
    skipSpace();
    while (bytes[at] != '>' && bytes[at] != '/') {
      String attribute = name();
      while (bytes[at] != '\'' && bytes[at] != '"') {
        at++;
      }
      int end = indexOf(bytes[at], at + 1);
      String value = Decoder.value(bytes, at + 1, end);
      at = end + 1;
      if (attribute.equals("xmlns")) {
        declared.put("", value);
      } else if (attribute.startsWith("xmlns:")) {
        declared.put(attribute.substring("xmlns:".length()), value);
      } else {
        attributes.add(attribute);
        attributes.add(value);
      }
      skipSpace();
    }
    outerScopes.push(scope);
    if (!declared.isEmpty()) {
      scope = new HashMap<>(scope);
      scope.putAll(declared);
    }
    open.push(element(name, attributes, declared));
    boolean empty = bytes[at] == '/';
    at += empty ? 2 : 1;
    return empty;
  }

  private Element.Builder element(
      String name, List<String> attributes, Map<String, String> declared) {
    String prefix = prefix(name);
    Element.Builder element = Element.of(namespace(prefix), local(name)).prefix(prefix);
    declared.forEach(
        (declaredPrefix, namespace) -> {
          if (!declaredPrefix.isEmpty() && !declaredPrefix.equals("xml")) {
            element.declare(declaredPrefix, namespace);
          }
        });
    for (int i = 0; i < attributes.size(); i += 2) {
      String attribute = attributes.get(i);
      String value = attributes.get(i + 1);
      String attributePrefix = prefix(attribute);
      element.attribute(
          attributePrefix,
          attributePrefix.isEmpty() ? "" : namespace(attributePrefix),
          local(attribute),
          value);
    }
    return element;
  }

  private String name() {
    int from = at;
    while (!XmlCharacters.isSpace(bytes[at])
        && bytes[at] != '='
        && bytes[at] != '>'
        && bytes[at] != '/') {
      at++;
    }
    return CommonNames.text(bytes, from, at);
  }

  private void skipSpace() {
    while (XmlCharacters.isSpace(bytes[at])) {
      at++;
    }
  }

  private int indexOf(int c, int from) {
    int index = from;
    while (index < to && bytes[index] != c) {
      index++;
    }
    return index;
  }

  private String namespace(String prefix) {
    return scope.getOrDefault(prefix, "");
  }

  private static String prefix(String name) {
    int colon = name.indexOf(':');
    return colon < 0 ? "" : name.substring(0, colon);
  }

  private static String local(String name) {
    return name.substring(name.indexOf(':') + 1);
  }
}
