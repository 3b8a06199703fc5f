package im.comity.testkit.peer;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the stream that the other side sends: XML 1.0 with namespaces, in UTF-8, without what RFC
 * 6120 11.1 forbids. Anything else is an error; there is no recovery from one.
 *
 * <p>It never needs a byte behind the {@code >} that ends what it returns. So when the protocol
 * says that something else must follow, TLS for example, {@link #buffered()} tells whether the
 * other side has kept to that.
 */
final class StreamReader {
  /** Characters of one element, and how deep its children may go: far above what XMPP needs. */
  private static final int LONGEST = 4 * 1024 * 1024;

  private static final int DEEPEST = 1_000;

  private static final Pattern DECLARATION =
      Pattern.compile(
          "xml\\s+version\\s*=\\s*(['\"])1\\.0\\1"
              + "(\\s+encoding\\s*=\\s*(['\"])(?i:utf-8)\\3)?"
              + "(\\s+standalone\\s*=\\s*(['\"])(yes|no)\\5)?\\s*");

  private static final Map<String, String> NO_PREFIXES = Map.of("", "", "xml", Xmpp.XML);
  private static final String XMLNS = "http://www.w3.org/2000/xmlns/";

  /** What can come next. */
  sealed interface Event {
    /** The start tag of the stream. */
    record Header(Received tag) implements Event {}

    /** A whole first-level element. */
    record Element(Received element) implements Event {}

    /** Whitespace between first-level elements, as much as there was. */
    record Space(String text) implements Event {}

    /** The end tag of the stream. */
    record StreamEnd(String raw) implements Event {}

    /** The orderly end of what the other side sends. */
    record End() implements Event {}
  }

  /** The other side sent what is no XML stream. */
  static final class Malformed extends IOException {
    private static final long serialVersionUID = 1;

    Malformed(String what) {
      super(what);
    }
  }

  private Wire wire;
  private final byte[] buffer = new byte[8192];
  private int at;
  private int to;
  private boolean ended;
  private @Nullable IOException broken;
  private long deadline;

  /** What has been read of the current event. */
  private final StringBuilder raw = new StringBuilder();

  /** The character read last. */
  private int c;

  private @Nullable Tag head;
  private boolean streamEnded;

  StreamReader(Wire wire) {
    this.wire = wire;
  }

  /** What follows is a new document; what is buffered belongs to it. */
  void restart() {
    head = null;
    streamEnded = false;
  }

  /** What follows comes from here. */
  void switchTo(Wire other) {
    wire = other;
    restart();
  }

  /** What has come and was not asked for yet. */
  byte[] buffered() {
    return Arrays.copyOfRange(buffer, at, to);
  }

  /** What was read of an event that did not come to its end. */
  String partial() {
    return raw.toString();
  }

  /** Whether anything is there to be read, an end included, at once or within this time. */
  boolean await(Duration time) {
    if (at < to || ended || broken != null) {
      return true;
    }
    try {
      fill(time);
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      broken = e;
      return true;
    }
  }

  private void fill(Duration patience) throws IOException {
    if (broken != null) {
      throw broken;
    }
    int count = ended ? -1 : wire.read(buffer, 0, buffer.length, patience);
    ended = count < 0;
    at = 0;
    to = Math.max(0, count);
  }

  private int readByte() throws IOException {
    if (at == to) {
      fill(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
      if (ended) {
        return -1;
      }
    }
    return buffer[at++] & 0xff;
  }

  /**
   * The next thing that comes.
   *
   * @throws SocketTimeoutException if it has not come whole within this time
   * @throws Malformed if it is not what may come in a stream
   * @throws IOException if the connection broke, or ended in the midst of it
   */
  Event next(Duration patience) throws IOException {
    deadline = System.nanoTime() + patience.toNanos();
    raw.setLength(0);
    int first = readCharacter();
    if (first < 0) {
      return new Event.End();
    }
    if (isSpace(first)) {
      while (at < to && isSpace(buffer[at])) {
        advance();
      }
      return new Event.Space(raw.toString());
    }
    if (first != '<') {
      throw new Malformed("text between first-level elements");
    }
    advance();
    if (head == null) {
      return header();
    }
    if (c == '/') {
      advance();
      endTag(head);
      streamEnded = true;
      return new Event.StreamEnd(raw.toString());
    }
    if (streamEnded) {
      throw new Malformed("an element behind the end of the stream");
    }
    return new Event.Element(element(0, head.scope, 1));
  }

  private Event header() throws IOException {
    if (c == '?') {
      while (!endsWith("?>")) {
        advance();
      }
      String declaration = raw.substring(2, raw.length() - 2);
      if (!DECLARATION.matcher(declaration).matches()) {
        throw new Malformed("not the declaration of XML 1.0 in UTF-8: " + raw);
      }
      advance();
      skipSpace();
      if (c != '<') {
        throw new Malformed("text before the start tag of the stream");
      }
      advance();
    }
    Tag tag = startTag(NO_PREFIXES);
    if (tag.empty) {
      throw new Malformed("a stream that is empty");
    }
    head = tag;
    return new Event.Header(tag.received(List.of(), "", raw.toString()));
  }

  /** A start tag with its names resolved. */
  private record Tag(
      String written,
      String prefix,
      String namespace,
      String name,
      List<Received.Attribute> attributes,
      Map<String, String> declarations,
      Map<String, String> scope,
      boolean empty) {
    Received received(List<Received> children, String text, String raw) {
      return new Received(prefix, namespace, name, attributes, declarations, children, text, raw);
    }
  }

  /** An element of which {@code <} and the next character were read, at this index of the raw. */
  private Received element(int start, Map<String, String> scope, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new Malformed("more than " + DEEPEST + " elements in each other");
    }
    Tag tag = startTag(scope);
    List<Received> children = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    boolean open = !tag.empty;
    while (open) {
      advance();
      if (c != '<') {
        text(text);
        continue;
      }
      int childStart = raw.length() - 1;
      advance();
      if (c == '/') {
        advance();
        endTag(tag);
        open = false;
      } else if (c == '!') {
        characterData(text);
      } else {
        children.add(element(childStart, tag.scope, depth + 1));
      }
    }
    return tag.received(children, text.toString(), raw.substring(start));
  }

  private void text(StringBuilder text) throws IOException {
    if (c == '&') {
      text.appendCodePoint(reference());
    } else if (c == '>' && endsWith("]]>")) {
      throw new Malformed("]]> in text");
    } else {
      appendNormalized(text);
    }
  }

  /** Line ends are one line feed each, however they were written (XML 1.0 2.11). */
  private void appendNormalized(StringBuilder text) {
    if (c == '\r') {
      text.append('\n');
    } else if (c != '\n' || !endsWith("\r\n")) {
      text.appendCodePoint(c);
    }
  }

  private void characterData(StringBuilder text) throws IOException {
    int start = raw.length() - 2;
    while (raw.length() - start < "<![CDATA[".length()) {
      advance();
      if (!"<![CDATA[".startsWith(raw.substring(start))) {
        throw new Malformed("a comment or a document type");
      }
    }
    int from = raw.length();
    StringBuilder data = new StringBuilder();
    while (!(endsWith("]]>") && raw.length() - from >= 3)) {
      advance();
      appendNormalized(data);
    }
    text.append(data, 0, data.length() - 3);
  }

  private void endTag(Tag of) throws IOException {
    String written = name();
    skipSpace();
    if (c != '>') {
      throw new Malformed("no > at the end of </" + written);
    }
    if (!written.equals(of.written)) {
      throw new Malformed("</" + written + "> where </" + of.written + "> belongs");
    }
  }

  /** A start tag of which the first character of the name was read; reads to its {@code >}. */
  private Tag startTag(Map<String, String> outer) throws IOException {
    if (c == '!' || c == '?') {
      throw new Malformed("a comment, a processing instruction or a document type");
    }
    String written = name();
    Map<String, String> declarations = new LinkedHashMap<>();
    Map<String, String> plain = new LinkedHashMap<>();
    boolean spaced = skipSpace();
    while (c != '>' && c != '/') {
      if (!spaced) {
        throw new Malformed("no space before an attribute");
      }
      String attribute = name();
      String value = attributeValue();
      boolean twice;
      if (attribute.equals("xmlns")) {
        twice = declarations.put("", value) != null;
      } else if (prefix(attribute).equals("xmlns")) {
        twice = declarations.put(local(attribute), value) != null;
      } else {
        twice = plain.put(attribute, value) != null;
      }
      if (twice) {
        throw new Malformed("attribute " + attribute + " twice");
      }
      advance();
      spaced = skipSpace();
    }
    boolean empty = c == '/';
    if (empty) {
      advance();
      if (c != '>') {
        throw new Malformed("no > behind /");
      }
    }
    Map<String, String> scope = outer;
    if (!declarations.isEmpty()) {
      scope = new HashMap<>(outer);
      for (Map.Entry<String, String> declaration : declarations.entrySet()) {
        checkDeclaration(declaration.getKey(), declaration.getValue());
        scope.put(declaration.getKey(), declaration.getValue());
      }
    }
    return new Tag(
        written,
        prefix(written),
        namespace(prefix(written), scope),
        local(written),
        attributes(plain, scope),
        declarations,
        scope,
        empty);
  }

  private static List<Received.Attribute> attributes(
      Map<String, String> plain, Map<String, String> scope) throws Malformed {
    List<Received.Attribute> attributes = new ArrayList<>();
    Set<List<String>> names = new HashSet<>();
    for (Map.Entry<String, String> entry : plain.entrySet()) {
      String prefix = prefix(entry.getKey());
      String name = local(entry.getKey());
      // The default namespace is none of an attribute's business.
      String namespace = prefix.isEmpty() ? "" : namespace(prefix, scope);
      if (!names.add(List.of(namespace, name))) {
        throw new Malformed("attribute {" + namespace + "}" + name + " twice");
      }
      attributes.add(new Received.Attribute(prefix, namespace, name, entry.getValue()));
    }
    return attributes;
  }

  private static String namespace(String prefix, Map<String, String> scope) throws Malformed {
    String namespace = scope.get(prefix);
    if (namespace == null) {
      throw new Malformed("prefix " + prefix + " is not declared");
    }
    return namespace;
  }

  private static void checkDeclaration(String prefix, String namespace) throws Malformed {
    boolean allowed =
        prefix.equals("xml") == namespace.equals(Xmpp.XML)
            && !prefix.equals("xmlns")
            && !namespace.equals(XMLNS)
            && (prefix.isEmpty() || !namespace.isEmpty());
    if (!allowed) {
      throw new Malformed("xmlns:" + prefix + "='" + namespace + "' is not allowed");
    }
  }

  private static String prefix(String written) {
    return written.substring(0, Math.max(0, written.indexOf(':')));
  }

  private static String local(String written) {
    return written.substring(written.indexOf(':') + 1);
  }

  /** A name of which the first character was read, with its prefix; and the character behind it. */
  private String name() throws IOException {
    StringBuilder name = new StringBuilder();
    boolean starts = true;
    boolean colon = false;
    while (true) {
      if (starts ? isNameStart(c) : isName(c)) {
        name.appendCodePoint(c);
        starts = false;
      } else if (c == ':' && !starts && !colon) {
        name.append(':');
        starts = true;
        colon = true;
      } else if (starts) {
        throw new Malformed("not a name");
      } else {
        return name.toString();
      }
      advance();
    }
  }

  /** What stands behind the name of an attribute, up to and with the closing quote. */
  private String attributeValue() throws IOException {
    skipSpace();
    if (c != '=') {
      throw new Malformed("an attribute without a value");
    }
    advance();
    skipSpace();
    int quote = c;
    if (quote != '\'' && quote != '"') {
      throw new Malformed("an attribute value without quotes");
    }
    StringBuilder value = new StringBuilder();
    for (advance(); c != quote; advance()) {
      if (c == '<') {
        throw new Malformed("< in an attribute");
      } else if (c == '&') {
        value.appendCodePoint(reference());
      } else if (!isSpace(c)) {
        value.appendCodePoint(c);
      } else if (!endsWith("\r\n")) {
        value.append(' ');
      }
    }
    return value.toString();
  }

  /** What a reference stands for of which the {@code &} was read; reads its semicolon. */
  private int reference() throws IOException {
    StringBuilder name = new StringBuilder();
    for (advance(); c != ';'; advance()) {
      name.appendCodePoint(c);
      if (name.length() > 10 || !(isName(c) || c == '#')) {
        throw new Malformed("a reference to an unknown entity");
      }
    }
    return switch (name.toString()) {
      case "lt" -> '<';
      case "gt" -> '>';
      case "amp" -> '&';
      case "apos" -> '\'';
      case "quot" -> '"';
      default -> numeric(name.toString());
    };
  }

  private static int numeric(String name) throws Malformed {
    boolean hexadecimal = name.startsWith("#x");
    String digits = name.substring(hexadecimal ? 2 : Math.min(1, name.length()));
    if (!name.startsWith("#") || !digits.matches(hexadecimal ? "[0-9a-fA-F]+" : "[0-9]+")) {
      throw new Malformed("a reference to an unknown entity");
    }
    long character = Long.parseLong(digits, hexadecimal ? 16 : 10);
    if (character > Character.MAX_CODE_POINT || !isXml((int) character)) {
      throw new Malformed("a reference to what is no character of XML");
    }
    return (int) character;
  }

  private boolean skipSpace() throws IOException {
    boolean any = false;
    while (isSpace(c)) {
      advance();
      any = true;
    }
    return any;
  }

  private boolean endsWith(String end) {
    int from = raw.length() - end.length();
    return from >= 0 && raw.indexOf(end, from) >= 0;
  }

  private void advance() throws IOException {
    c = readCharacter();
    if (c < 0) {
      throw new EOFException("the connection ended in the midst of this");
    }
  }

  private int readCharacter() throws IOException {
    int first = readByte();
    int character = first < 0x80 ? first : readMultiByte(first);
    if (character >= 0) {
      if (!isXml(character)) {
        throw new Malformed("U+%04X is no character of XML".formatted(character));
      }
      raw.appendCodePoint(character);
      if (raw.length() > LONGEST) {
        throw new Malformed("more than " + LONGEST + " characters");
      }
    }
    return character;
  }

  private int readMultiByte(int first) throws IOException {
    int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    int character = first & (0x3f >> more);
    for (int i = 0; i < more; i++) {
      int next = readByte();
      if (next < 0) {
        throw new EOFException("the connection ended in the midst of a character");
      }
      if ((next & 0xc0) != 0x80) {
        throw new Malformed("not UTF-8");
      }
      character = (character << 6) | (next & 0x3f);
    }
    int least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    boolean surrogate =
        character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
    if (first < 0xc0
        || first > 0xf4
        || character < least
        || surrogate
        || character > Character.MAX_CODE_POINT) {
      throw new Malformed("not UTF-8");
    }
    return character;
  }

  private static boolean isSpace(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  /** Char of XML 1.0 2.2. */
  private static boolean isXml(int c) {
    return isSpace(c) || in(c, 0x20, 0xd7ff) || in(c, 0xe000, 0xfffd) || in(c, 0x10000, 0x10ffff);
  }

  /** NameStartChar of XML 1.0 2.3 (fifth edition), without the colon. */
  private static boolean isNameStart(int c) {
    return in(c, 'a', 'z')
        || in(c, 'A', 'Z')
        || c == '_'
        || (in(c, 0xc0, 0x2ff) && c != 0xd7 && c != 0xf7)
        || (in(c, 0x370, 0x1fff) && c != 0x37e)
        || c == 0x200c
        || c == 0x200d
        || in(c, 0x2070, 0x218f)
        || in(c, 0x2c00, 0x2fef)
        || in(c, 0x3001, 0xd7ff)
        || in(c, 0xf900, 0xfdcf)
        || in(c, 0xfdf0, 0xfffd)
        || in(c, 0x10000, 0xeffff);
  }

  /** NameChar of XML 1.0 2.3 (fifth edition), without the colon. */
  private static boolean isName(int c) {
    return isNameStart(c)
        || in(c, '0', '9')
        || c == '-'
        || c == '.'
        || c == 0xb7
        || in(c, 0x300, 0x36f)
        || c == 0x203f
        || c == 0x2040;
  }

  private static boolean in(int c, int from, int to) {
    return c >= from && c <= to;
  }
}
