package im.comity.xml;

import static java.nio.charset.StandardCharsets.US_ASCII;

import im.comity.xml.ScannerLimits.Limit;
import im.comity.xml.XmlViolation.Kind;
import im.comity.xml.XmlViolation.OverLimit;
import im.comity.xml.XmlViolation.Unreadable;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first-level elements of an XML stream in bytes, and checks all of XML in the same pass.
 *
 * <p>Bytes are pushed in, events come out, on any division into chunks. The caller scans a chunk
 * again from {@link #position()} until it gets {@link Event#MORE}:
 *
 * <pre>{@code
 * for (int at = from; ; at = scanner.position()) {
 *   switch (scanner.scan(bytes, at, to)) {
 *     case MORE -> { return; }
 *     case ELEMENT -> take(scanner.element());
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>What passes is XML 1.0 in UTF-8, well-formed also in the sense of Namespaces in XML, and
 * without what RFC 6120 11.1 cuts out. Each byte is looked at once and decided on as soon as it can
 * be; nothing is read twice. An element that lies inside the caller's array is not copied. Of one
 * that does not, the bytes are collected, up to the limits. Of one over a limit only the names of
 * the open elements, their namespaces and the attributes of one start tag are held, and no more of
 * them than {@code skipFactor} times {@code elementBytes}, or it ends the stream. Between elements
 * a scanner holds about a kilobyte.
 *
 * <p>For one thread at a time.
 */
public final class ElementScanner {

  /** What the scanner found. */
  public enum Event {
    /** Everything was consumed, and nothing is complete. */
    MORE,
    /**
     * The stream header: {@link #start()}, {@link #defaultNamespace()}, {@link #prefixes()} speak
     * of it.
     */
    HEADER,
    /** A first-level element: {@link #element()}. */
    ELEMENT,
    /**
     * A first-level element that went over {@link #limit()} was checked and skipped to its end;
     * {@link #start()} is its start tag (S2S-XML-15, decision C20). One whose start tag itself goes
     * over a limit has no readable addresses and is a {@link #VIOLATION}, as is one too large to be
     * skipped.
     */
    REFUSED,
    /** The end tag of the stream. */
    END,
    /** {@link #violation()}; nothing more is scanned until {@link #restart()}. */
    VIOLATION
  }

  /**
   * What the next byte belongs to. Numbers, because an enumeration in a field costs a write barrier
   * for every step.
   */
  private static final class State {
    /** The very beginning, where a byte order mark may be. */
    static final int START = 0;

    /** Where a declaration may be. */
    static final int AFTER_MARK = 1;

    static final int DECLARATION_OR_HEADER = 2;
    static final int DECLARATION_TARGET = 3;
    static final int DECLARATION = 4;
    static final int DECLARATION_END = 5;
    static final int PROLOG = 6;

    /** After {@code <}. */
    static final int MARKUP = 7;

    /** After {@code <!}. */
    static final int BANG = 8;

    static final int CDATA_START = 9;
    static final int ELEMENT_NAME = 10;

    /** In a start tag, where an attribute or the end of the tag may come. */
    static final int TAG = 11;

    /** After the slash of an empty element. */
    static final int EMPTY_END = 12;

    static final int ATTRIBUTE_NAME = 13;
    static final int EQUALS = 14;
    static final int QUOTE = 15;
    static final int VALUE = 16;
    static final int TEXT = 17;
    static final int CDATA = 18;

    /** After {@code &}. */
    static final int REFERENCE = 19;

    static final int ENTITY_NAME = 20;

    /** After {@code &#}. */
    static final int CODE = 21;

    static final int DECIMAL = 22;

    /** After {@code &#x}. */
    static final int HEXADECIMAL_START = 23;

    static final int HEXADECIMAL = 24;
    static final int END_NAME = 25;
    static final int END_SPACE = 26;

    /** Between first-level elements. */
    static final int BETWEEN = 27;

    static final int ENDED = 28;
    static final int FAILED = 29;

    private State() {}

    static String where(int state) {
      return switch (state) {
        case START, AFTER_MARK, PROLOG -> "before the stream header";
        case DECLARATION_OR_HEADER, DECLARATION_TARGET, DECLARATION, DECLARATION_END ->
            "in the XML declaration";
        case MARKUP, BANG, CDATA_START -> "in markup";
        case ELEMENT_NAME, TAG, EMPTY_END -> "in a start tag";
        case ATTRIBUTE_NAME, EQUALS, QUOTE, VALUE -> "in an attribute";
        case TEXT -> "in text";
        case CDATA -> "in a CDATA section";
        case REFERENCE, ENTITY_NAME, CODE, DECIMAL, HEXADECIMAL_START, HEXADECIMAL ->
            "in a reference";
        case END_NAME, END_SPACE -> "in an end tag";
        case BETWEEN -> "between elements";
        default -> "after the end";
      };
    }
  }

  // What a byte may be part of.
  private static final byte NAME_START = 1;
  private static final byte NAME = 2;

  private static final byte[] CLASSES = new byte[256];

  static {
    for (int c = 0; c < 0x80; c++) {
      CLASSES[c] =
          (byte)
              ((XmlCharacters.isNameStart(c) ? NAME_START : 0)
                  | (XmlCharacters.isName(c) ? NAME : 0));
    }
  }

  private static final byte[] XML = "xml".getBytes(US_ASCII);
  private static final byte[] XMLNS = "xmlns".getBytes(US_ASCII);
  private static final byte[] CDATA_OPENING = "[CDATA[".getBytes(US_ASCII);
  private static final String ENTITY_REFERENCE = "an entity reference";

  private static final int IDLE_NAMES = 256;
  private static final int IDLE_DEPTH = 16;
  private static final byte[] NOTHING = new byte[0];

  /** In place of a declaration: the prefix is {@code xml}, which needs none. */
  private static final int PREDECLARED = -2;

  private ScannerLimits limits;
  private ScannerLimits nextLimits;
  private int state = State.START;
  private Event event = Event.MORE;
  private int position;

  // The item being read: the document up to the end of the header, a first-level element, or the
  // end tag of the stream. Offsets in it count from its first byte.

  /** The index in the caller's array of the byte whose offset is {@link #before}. */
  private int base;

  private int before;

  /** The first {@link #before} bytes of the item, unless it is being skipped. */
  private byte[] kept = NOTHING;

  /** The item is over a limit: it is checked, but its bytes are not kept. */
  private boolean skipping;

  // The open elements.

  /** Their names, one after the other, and above them those of the start tag's attributes. */
  private byte[] names = new byte[IDLE_NAMES];

  private int namesTo;

  /** Where the name of the element at each depth begins in {@link #names}. */
  private int[] open = new int[IDLE_DEPTH];

  /** -1 before the header, 0 at the level of the stream, 1 in a first-level element. */
  private int depth = -1;

  /** The depth down to which all open elements inherit the default namespace of the header. */
  private int inheriting;

  private final NamespaceScope scope = new NamespaceScope();

  // The name being read; its bytes are the last of `names`.
  private int nameFrom;
  private int nameAt;
  private int colon;
  private boolean nameStarts;

  // The start tag being read.
  private int tagNameTo;
  private int tagColon;
  private final AttributeTable attributes = new AttributeTable();
  private boolean spaced;
  private int prefixedAttributes;
  private boolean declaresContent;

  // The attribute value being read.
  private int quote;
  private int valueAt;
  private int valueForm;
  private boolean declaring;
  private int afterReturn;

  /** How much has been seen of an end tag's name or of one of the fixed texts of XML. */
  private int seen;

  /** The reference being read: the code of the character, or the letters of the name. */
  private int reference;

  // The character of which some bytes are still missing, and what the next of them may be.
  private int character;
  private int missing;
  private int least;
  private int most;

  private final StringBuilder declaration = new StringBuilder(0);

  // What was found.
  private String defaultNamespace = "";
  private Map<String, String> prefixes = Map.of();
  private int headerDefault = NamespaceScope.NONE;
  private int headerDeclarations;
  private boolean firstTagRead;
  private int firstNameTo;
  private int firstColon;
  private int firstDeclaration;
  private boolean selfContained;
  private boolean namesContentNamespace;
  private final ScannedElement element = new ScannedElement(this);
  private @Nullable StartTag start;
  private @Nullable Limit limit;
  private @Nullable XmlViolation violation;

  private long work;

  /** A scanner at the start of a document. */
  public ElementScanner(ScannerLimits limits) {
    this.limits = limits;
    this.nextLimits = limits;
  }

  /**
   * Consumes bytes up to the next event. What the event before handed out is void from now on.
   *
   * @return the event; {@link Event#MORE} if and only if all was consumed and nothing was found
   */
  public Event scan(byte[] bytes, int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    if (state == State.FAILED) {
      position = from;
      return event;
    }
    if (event != Event.MORE) {
      forgetItem();
      event = Event.MORE;
    }
    base = from;
    int at = from;
    while (at < to && event == Event.MORE) {
      if (state == State.BETWEEN && missing == 0) {
        at = between(bytes, at, to);
      } else if (state == State.ENDED) {
        at = afterEnd(bytes, at, to);
      } else {
        int room = allowance() - before;
        int stop = to - base > room ? base + room : to;
        at = at < stop ? read(bytes, at, stop) : over(Limit.ELEMENT_BYTES, bytes, at);
      }
    }
    position = at;
    if (event == Event.MORE && state != State.BETWEEN && state != State.ENDED) {
      keep(bytes, at);
    }
    return event;
  }

  /** The index of the first byte not consumed by the last {@link #scan}. */
  public int position() {
    return position;
  }

  /** A new document follows, as after TLS and SASL negotiation: forgets all but the limits. */
  public void restart() {
    scope.leave(0);
    namesTo = 0;
    depth = -1;
    forgetItem();
    missing = 0;
    declaration.setLength(0);
    defaultNamespace = "";
    prefixes = Map.of();
    headerDefault = NamespaceScope.NONE;
    headerDeclarations = 0;
    violation = null;
    limits = nextLimits;
    event = Event.MORE;
    state = State.START;
  }

  /**
   * Sets the limits for what begins from now on; an element half read keeps those it began with.
   */
  public void limits(ScannerLimits limits) {
    nextLimits = limits;
    if (state == State.START && before == 0) {
      this.limits = limits;
    }
  }

  /** Whether nothing is half read: between elements, or before the first byte of a document. */
  public boolean betweenElements() {
    return missing == 0
        && (state == State.BETWEEN
            || state == State.ENDED
            || (state == State.START && before == 0));
  }

  /**
   * The start tag of the header or of the element refused.
   *
   * @throws IllegalStateException if the last event was neither
   */
  public StartTag start() {
    return found(start, event == Event.HEADER || event == Event.REFUSED);
  }

  /**
   * The element.
   *
   * @throws IllegalStateException if the last event was not {@link Event#ELEMENT}
   */
  public ScannedElement element() {
    return found(element, event == Event.ELEMENT);
  }

  /**
   * The limit the refused element went over first.
   *
   * @throws IllegalStateException if the last event was not {@link Event#REFUSED}
   */
  public Limit limit() {
    return found(limit, event == Event.REFUSED);
  }

  /**
   * What was wrong.
   *
   * @throws IllegalStateException if the last event was not {@link Event#VIOLATION}
   */
  public XmlViolation violation() {
    return found(violation, event == Event.VIOLATION);
  }

  /** The default namespace the header declared, or empty; kept until {@link #restart()}. */
  public String defaultNamespace() {
    return defaultNamespace;
  }

  /** The prefixes the header declared, with their namespaces; kept until {@link #restart()}. */
  public Map<String, String> prefixes() {
    return prefixes;
  }

  /** The bytes of memory that the scanner holds in arrays. */
  public int capacity() {
    return kept.length
        + names.length
        + Integer.BYTES * open.length
        + attributes.capacity()
        + scope.capacity()
        + declaration.capacity();
  }

  /** The steps taken so far beyond one look at each byte, where their number depends on input. */
  long work() {
    return work + attributes.work() + scope.work();
  }

  private <T> T found(@Nullable T value, boolean isThere) {
    if (value == null || !isThere) {
      throw new IllegalStateException("the last event was " + event);
    }
    return value;
  }

  // Items.

  private int between(byte[] bytes, int from, int to) {
    for (int at = from; at < to; at++) {
      int c = bytes[at];
      if (c == '<') {
        limits = nextLimits;
        base = at;
        state = State.MARKUP;
        return at + 1;
      }
      if (!XmlCharacters.isSpace(c)) {
        return unexpected(bytes, at, to);
      }
    }
    return to;
  }

  private int afterEnd(byte[] bytes, int from, int to) {
    for (int at = from; at < to; at++) {
      if (!XmlCharacters.isSpace(bytes[at])) {
        return fail(Kind.NOT_WELL_FORMED, "something follows the end of the stream", at);
      }
    }
    return to;
  }

  private int read(byte[] bytes, int from, int stop) {
    int at = from;
    while (at < stop && event == Event.MORE) {
      if (missing > 0 && !readsRuns()) {
        at = continueCharacter(bytes, at, stop);
        continue;
      }
      at =
          switch (state) {
            case State.TEXT -> text(bytes, at, stop);
            case State.MARKUP -> markup(bytes, at, stop);
            case State.ELEMENT_NAME, State.ATTRIBUTE_NAME -> name(bytes, at, stop);
            case State.TAG -> tag(bytes, at, stop);
            case State.EQUALS -> equalsSign(bytes, at, stop);
            case State.QUOTE -> quote(bytes, at, stop);
            case State.VALUE -> value(bytes, at, stop);
            case State.EMPTY_END -> emptyEnd(bytes, at, stop);
            case State.END_NAME -> endName(bytes, at, stop);
            case State.END_SPACE -> endSpace(bytes, at, stop);
            case State.REFERENCE -> reference(bytes, at, stop);
            case State.ENTITY_NAME -> entityName(bytes, at, stop);
            case State.CODE -> code(bytes, at, stop);
            case State.DECIMAL -> digit(bytes, at, stop, 10);
            case State.HEXADECIMAL_START, State.HEXADECIMAL -> digit(bytes, at, stop, 16);
            case State.BANG -> bang(bytes, at, stop);
            case State.CDATA_START -> cdataStart(bytes, at, stop);
            case State.CDATA -> cdata(bytes, at, stop);
            case State.START, State.AFTER_MARK, State.PROLOG -> prolog(bytes, at, stop);
            case State.DECLARATION_OR_HEADER -> declarationOrHeader(bytes, at);
            case State.DECLARATION_TARGET -> declarationTarget(bytes, at);
            case State.DECLARATION -> declaration(bytes, at, stop);
            case State.DECLARATION_END -> declarationEnd(bytes, at, stop);
            default -> throw new IllegalStateException(State.where(state));
          };
    }
    return at;
  }

  /** Remembers the bytes of the item up to {@code at}, or how many they were. */
  private void keep(byte[] bytes, int at) {
    int length = at - base;
    if (!skipping && length > 0) {
      int needed = before + length;
      if (kept.length < needed) {
        kept = Arrays.copyOf(kept, Math.max(needed, Math.min(before * 2, limits.elementBytes())));
        work += before;
      }
      System.arraycopy(bytes, base, kept, before, length);
    }
    before += length;
    base = at;
  }

  private int offset(int at) {
    return before + (at - base);
  }

  private void forgetItem() {
    kept = NOTHING;
    before = 0;
    skipping = false;
    firstTagRead = false;
    quote = 0;
    start = null;
    limit = null;
    element.forget();
    attributes.clear();
    scope.leave(1);
    scope.trim();
    if (names.length > 2 * IDLE_NAMES && namesTo <= IDLE_NAMES) {
      names = Arrays.copyOf(names, IDLE_NAMES);
    }
    if (open.length > 2 * IDLE_DEPTH) {
      open = Arrays.copyOf(open, IDLE_DEPTH);
    }
  }

  // Violations.

  private int fail(Kind kind, String detail, int at) {
    fail(new Unreadable(kind, detail));
    return at;
  }

  private void fail(XmlViolation found) {
    violation = found;
    state = State.FAILED;
    event = Event.VIOLATION;
    kept = NOTHING;
  }

  /** Ends the stream for an item over a limit, or, if it may be skipped, begins to skip it. */
  private int over(Limit exceeded, byte[] bytes, int at) {
    if (!firstTagRead || skipping || limits.skipFactor() <= 1) {
      String rest = skipping ? ", and too much to be skipped" : "";
      fail(new OverLimit(exceeded, "over the limit of " + allowed(exceeded) + rest));
      return at;
    }
    start = decodedStart(bytes, at);
    limit = exceeded;
    skipping = true;
    keep(bytes, at);
    kept = NOTHING;
    return at;
  }

  /** Whether checking what is skipped takes more memory than keeping it would. */
  private boolean holdsTooMuch() {
    long held = (long) namesTo + (long) Integer.BYTES * depth + attributes.held() + scope.held();
    return held > allowance();
  }

  private int allowance() {
    if (depth < 0) {
      return Math.min(limits.elementBytes(), ScannerLimits.HEADER_BYTES);
    }
    return limits.elementBytes() * (skipping ? limits.skipFactor() : 1);
  }

  private String allowed(Limit exceeded) {
    return switch (exceeded) {
      case ELEMENT_BYTES ->
          depth < 0
              ? allowance() + " bytes for the stream header"
              : limits.elementBytes() + " bytes for one element";
      case DEPTH -> limits.depth() + " levels of elements";
      case ATTRIBUTES -> limits.attributes() + " attributes of one element";
      case NAME_BYTES -> limits.nameBytes() + " bytes for one name";
      case VALUE_BYTES -> limits.valueBytes() + " bytes for the value of one attribute";
      case DECLARATIONS -> limits.declarations() + " namespace declarations";
    };
  }

  /** A byte that cannot come here: if it begins a character, that character is read first. */
  private int unexpected(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c < 0) {
      return character(bytes, at, stop);
    }
    unexpected(c);
    return at;
  }

  private void unexpected(int c) {
    boolean isText =
        switch (state) {
          case State.START, State.AFTER_MARK, State.PROLOG, State.BETWEEN ->
              XmlCharacters.isChar(c);
          default -> false;
        };
    fail(
        new Unreadable(
            isText ? Kind.BAD_FORMAT : Kind.NOT_WELL_FORMED,
            "unexpected " + shown(c) + " " + State.where(state)));
  }

  private static String shown(int c) {
    return c > ' ' && c < 0x7F ? Character.toString(c) : String.format("U+%04X", c);
  }

  /** A name of the document, cut and made harmless for a log. */
  private String shown(int from, int to) {
    int end = Math.min(to, from + 40);
    StringBuilder shown = new StringBuilder();
    for (int i = from; i < end; i++) {
      shown.append(names[i] > 0 ? (char) names[i] : '?');
    }
    return shown.append(end < to ? "..." : "").toString();
  }

  // Characters beyond ASCII.

  /** Reads a character of several bytes, as far as they are there. */
  private int character(byte[] bytes, int at, int stop) {
    int lead = bytes[at] & 0xFF;
    least = 0x80;
    most = 0xBF;
    if (lead < 0xC2 || lead > 0xF4) {
      return notUtf8(at);
    } else if (lead < 0xE0) {
      character = lead & 0x1F;
      missing = 1;
    } else if (lead < 0xF0) {
      character = lead & 0x0F;
      missing = 2;
      // Not what fits in fewer bytes, and no surrogates.
      least = lead == 0xE0 ? 0xA0 : least;
      most = lead == 0xED ? 0x9F : most;
    } else {
      character = lead & 0x07;
      missing = 3;
      // Not what fits in fewer bytes, and nothing beyond U+10FFFF.
      least = lead == 0xF0 ? 0x90 : least;
      most = lead == 0xF4 ? 0x8F : most;
    }
    return continueCharacter(bytes, at + 1, stop);
  }

  private int continueCharacter(byte[] bytes, int from, int stop) {
    int at = from;
    while (missing > 0 && at < stop) {
      int next = bytes[at] & 0xFF;
      if (next < least || next > most) {
        return notUtf8(at);
      }
      character = (character << 6) | (next & 0x3F);
      least = 0x80;
      most = 0xBF;
      missing--;
      if (missing == 0 && !take(character)) {
        return at;
      }
      at++;
    }
    return at;
  }

  /** Whether what is read now is kept or counted byte by byte, bytes of characters included. */
  private boolean readsRuns() {
    return state == State.ELEMENT_NAME || state == State.ATTRIBUTE_NAME || state == State.VALUE;
  }

  private int notUtf8(int at) {
    return fail(Kind.UNSUPPORTED_ENCODING, "not UTF-8 " + State.where(state), at);
  }

  /** Whether a character beyond ASCII may come here; if not, this is the violation. */
  private boolean take(int c) {
    switch (state) {
      case State.TEXT, State.CDATA, State.VALUE -> {
        if (!XmlCharacters.isChar(c)) {
          unexpected(c);
        }
      }
      case State.ELEMENT_NAME, State.ATTRIBUTE_NAME -> {
        if (!(nameStarts ? XmlCharacters.isNameStart(c) : XmlCharacters.isName(c))) {
          unexpected(c);
        }
        nameStarts = false;
      }
      case State.START -> {
        if (c == 0xFEFF) {
          state = State.AFTER_MARK;
        } else {
          unexpected(c);
        }
      }
      case State.REFERENCE, State.ENTITY_NAME -> {
        if (XmlCharacters.isName(c)) {
          fail(new Unreadable(Kind.RESTRICTED_XML, ENTITY_REFERENCE));
        } else {
          unexpected(c);
        }
      }
      default -> unexpected(c);
    }
    return event == Event.MORE;
  }

  // The prolog.

  private int prolog(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '<') {
      state = state == State.PROLOG ? State.MARKUP : State.DECLARATION_OR_HEADER;
    } else if (XmlCharacters.isSpace(c)) {
      state = State.PROLOG;
    } else if (c == 0) {
      return notUtf8(at);
    } else {
      return unexpected(bytes, at, stop);
    }
    return at + 1;
  }

  private int declarationOrHeader(byte[] bytes, int at) {
    if (bytes[at] != '?') {
      state = State.MARKUP;
      return at;
    }
    state = State.DECLARATION_TARGET;
    seen = 0;
    return at + 1;
  }

  private int declarationTarget(byte[] bytes, int at) {
    int c = bytes[at];
    if (seen < XML.length ? c != XML[seen] : !XmlCharacters.isSpace(c)) {
      return processingInstruction(at);
    }
    if (seen == XML.length) {
      state = State.DECLARATION;
      return at;
    }
    seen++;
    return at + 1;
  }

  private int processingInstruction(int at) {
    return fail(Kind.RESTRICTED_XML, "a processing instruction", at);
  }

  private int declaration(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '?') {
      state = State.DECLARATION_END;
    } else if (c < 0 || !XmlCharacters.isChar(c)) {
      return unexpected(bytes, at, stop);
    } else {
      declaration.append((char) c);
    }
    return at + 1;
  }

  private int declarationEnd(byte[] bytes, int at, int stop) {
    if (bytes[at] != '>') {
      return unexpected(bytes, at, stop);
    }
    Unreadable wrong = XmlDeclaration.check(declaration);
    if (wrong != null) {
      fail(wrong);
      return at;
    }
    declaration.setLength(0);
    declaration.trimToSize();
    state = State.PROLOG;
    return at + 1;
  }

  // Markup.

  private int markup(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c < 0 || (CLASSES[c] & NAME_START) != 0) {
      return beginElement(bytes, at, stop);
    }
    if (c == '/' && depth >= 0) {
      state = State.END_NAME;
      seen = 0;
      return endName(bytes, at + 1, stop);
    } else if (c == '!') {
      state = State.BANG;
    } else if (c == '?') {
      return processingInstruction(at);
    } else if (c == 0 && depth < 0) {
      return notUtf8(at);
    } else {
      return unexpected(bytes, at, stop);
    }
    return at + 1;
  }

  private int bang(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '-') {
      return fail(Kind.RESTRICTED_XML, "a comment", at);
    }
    if (c == 'D') {
      return fail(Kind.RESTRICTED_XML, "a document type declaration", at);
    }
    if (c != '[' || depth < 0) {
      return unexpected(bytes, at, stop);
    }
    if (depth == 0) {
      return fail(Kind.BAD_FORMAT, "text between elements", at);
    }
    state = State.CDATA_START;
    seen = 0;
    return at;
  }

  private int cdataStart(byte[] bytes, int at, int stop) {
    if (bytes[at] != CDATA_OPENING[seen]) {
      return unexpected(bytes, at, stop);
    }
    seen++;
    if (seen == CDATA_OPENING.length) {
      state = State.CDATA;
      seen = 0;
    }
    return at + 1;
  }

  private int beginElement(byte[] bytes, int at, int stop) {
    if (skipping ? holdsTooMuch() : depth >= limits.depth()) {
      over(Limit.DEPTH, bytes, at);
      if (event != Event.MORE) {
        return at;
      }
    }
    depth++;
    if (depth == open.length) {
      open = Arrays.copyOf(open, depth * 2);
      work += depth;
    }
    open[depth] = namesTo;
    if (depth == 1) {
      selfContained = true;
      namesContentNamespace = false;
      inheriting = 0;
    }
    declaresContent = false;
    prefixedAttributes = 0;
    beginName(at);
    state = State.ELEMENT_NAME;
    return name(bytes, at, stop);
  }

  private void beginName(int at) {
    nameFrom = namesTo;
    nameAt = offset(at);
    colon = -1;
    nameStarts = true;
  }

  private int name(byte[] bytes, int from, int stop) {
    int end = within(limits.nameBytes() - (namesTo - nameFrom), from, stop);
    int at = from;
    boolean ended = false;
    while (at < end && !ended && event == Event.MORE) {
      int c = bytes[at];
      if (missing > 0) {
        at = continueCharacter(bytes, at, end);
      } else if (c < 0) {
        at = character(bytes, at, end);
      } else if (!nameStarts) {
        int run = at;
        while (at < end && (CLASSES[bytes[at] & 0xFF] & NAME) != 0) {
          at++;
        }
        ended = at == run;
        if (ended && c == ':' && colon < 0) {
          colon = namesTo + (at - from);
          nameStarts = true;
          ended = false;
          at++;
        }
      } else if ((CLASSES[c] & NAME_START) != 0) {
        nameStarts = false;
        at++;
      } else {
        ended = true;
      }
    }
    addName(bytes, from, at);
    if (namesTo - nameFrom > limits.nameBytes() && !skipping && event == Event.MORE) {
      return over(Limit.NAME_BYTES, bytes, at);
    }
    if (!ended) {
      return at;
    }
    if (nameStarts) {
      return unexpected(bytes, at, stop);
    }
    return state == State.ELEMENT_NAME ? endElementName(at) : endAttributeName(bytes, at, stop);
  }

  /** The end of what may be looked at: one byte more than is allowed, so that it is seen. */
  private int within(int allowed, int from, int stop) {
    return skipping || stop - from <= allowed ? stop : from + Math.max(0, allowed + 1);
  }

  private void addName(byte[] bytes, int from, int to) {
    int length = to - from;
    if (names.length - namesTo < length) {
      names = Arrays.copyOf(names, Math.max(names.length * 2, namesTo + length));
      work += namesTo;
    }
    System.arraycopy(bytes, from, names, namesTo, length);
    namesTo += length;
  }

  private int endElementName(int at) {
    tagNameTo = namesTo;
    tagColon = colon;
    spaced = false;
    state = State.TAG;
    return at;
  }

  private int tag(byte[] bytes, int from, int stop) {
    int at = from;
    while (at < stop && state == State.TAG) {
      int c = bytes[at];
      if (XmlCharacters.isSpace(c)) {
        spaced = true;
        at++;
      } else if (c == '>') {
        return endTag(bytes, at, false);
      } else if (c == '/') {
        state = State.EMPTY_END;
        at++;
        return at < stop ? emptyEnd(bytes, at, stop) : at;
      } else if (!spaced) {
        return unexpected(bytes, at, stop);
      } else {
        at = attribute(bytes, at, stop);
      }
    }
    return at;
  }

  private int attribute(byte[] bytes, int at, int stop) {
    if (skipping ? holdsTooMuch() : attributes.count() >= limits.attributes()) {
      over(Limit.ATTRIBUTES, bytes, at);
      if (event != Event.MORE) {
        return at;
      }
    }
    beginName(at);
    state = State.ATTRIBUTE_NAME;
    return name(bytes, at, stop);
  }

  private int endAttributeName(byte[] bytes, int at, int stop) {
    if (!attributes.add(names, nameFrom, colon, namesTo, nameAt)) {
      return fail(Kind.NOT_WELL_FORMED, "the attribute " + shown(nameFrom, namesTo) + " twice", at);
    }
    declaring = nameIs(XMLNS, nameFrom, colon < 0 ? namesTo : colon);
    if (colon >= 0 && !declaring) {
      prefixedAttributes++;
    }
    if (stop - at > 2 && bytes[at] == '=' && (bytes[at + 1] == '\'' || bytes[at + 1] == '"')) {
      beginValue(bytes[at + 1], at + 2);
      return value(bytes, at + 2, stop);
    }
    state = State.EQUALS;
    return at;
  }

  private boolean nameIs(byte[] name, int from, int to) {
    return Arrays.equals(names, from, to, name, 0, name.length);
  }

  private int equalsSign(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '=') {
      state = State.QUOTE;
    } else if (!XmlCharacters.isSpace(c)) {
      return unexpected(bytes, at, stop);
    }
    return at + 1;
  }

  private int quote(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '\'' || c == '"') {
      beginValue(c, at + 1);
    } else if (!XmlCharacters.isSpace(c)) {
      return unexpected(bytes, at, stop);
    }
    return at + 1;
  }

  private void beginValue(int mark, int at) {
    quote = mark;
    valueAt = offset(at);
    valueForm = AttributeTable.PLAIN;
    afterReturn = -1;
    if (declaring) {
      scope.beginUri();
    }
    state = State.VALUE;
  }

  private int value(byte[] bytes, int from, int stop) {
    int end = within(limits.valueBytes() - (offset(from) - valueAt), from, stop);
    int at = from;
    int run = from;
    while (event == Event.MORE) {
      if (missing > 0) {
        at = continueCharacter(bytes, at, end);
        if (event != Event.MORE) {
          break;
        }
      }
      at = Runs.endOfAsciiInValue(bytes, at, end);
      if (at == end) {
        break;
      }
      int c = bytes[at];
      if (c == quote || c == '&') {
        addUri(bytes, run, at);
        if (c == quote) {
          return endValue(bytes, at);
        }
        valueForm = AttributeTable.ENCODED;
        state = State.REFERENCE;
        at++;
        return at < stop ? reference(bytes, at, stop) : at;
      } else if (c < 0) {
        valueForm = AttributeTable.ENCODED;
        at = character(bytes, at, end);
      } else if (XmlCharacters.isSpace(c)) {
        valueForm = AttributeTable.ENCODED;
        addUri(bytes, run, at);
        addSpace(c, offset(at));
        at++;
        run = at;
      } else if (c == '\'' || c == '"') {
        at++;
      } else {
        return unexpected(bytes, at, stop);
      }
    }
    addUri(bytes, run, at);
    if (offset(at) - valueAt > limits.valueBytes() && !skipping && event == Event.MORE) {
      return over(Limit.VALUE_BYTES, bytes, at);
    }
    return at;
  }

  private void addUri(byte[] bytes, int from, int to) {
    if (declaring && from < to) {
      scope.addUri(bytes, from, to);
    }
  }

  /** A line end or a tab counts as one space, XML 1.0 2.11 and 3.3.3. */
  private void addSpace(int c, int offset) {
    if (declaring && !(c == '\n' && offset == afterReturn)) {
      scope.addUri(' ');
    }
    afterReturn = c == '\r' ? offset + 1 : -1;
  }

  private int endValue(byte[] bytes, int at) {
    attributes.value(valueAt, offset(at), declaring ? AttributeTable.DECLARES : valueForm);
    if (declaring && !declare(bytes, at)) {
      return at;
    }
    quote = 0;
    spaced = false;
    state = State.TAG;
    return at + 1;
  }

  /** Declares the namespace that was just read; false if it may not be. */
  private boolean declare(byte[] bytes, int at) {
    int prefixFrom = colon < 0 ? namesTo : colon + 1;
    String wrong = null;
    boolean predeclared = colon >= 0 && nameIs(XML, prefixFrom, namesTo);
    NamespaceScope.Known known = scope.uriKnown();
    if (known == NamespaceScope.Known.XML != predeclared) {
      wrong = "the prefix xml and its namespace belong together";
    } else if (known == NamespaceScope.Known.XMLNS
        || (colon >= 0 && nameIs(XMLNS, prefixFrom, namesTo))) {
      wrong = "the prefix xmlns cannot be declared";
    } else if (colon >= 0 && scope.uriIsEmpty()) {
      wrong = "a prefix cannot be unbound";
    } else if (scope.uriHasControl()) {
      wrong = "a control character in the name of a namespace";
    }
    if (wrong != null) {
      fail(new Unreadable(Kind.NOT_WELL_FORMED, wrong));
      return false;
    }
    if (predeclared) {
      scope.dropUri();
      return true;
    }
    if (scope.count() - headerDeclarations >= limits.declarations() && !skipping) {
      over(Limit.DECLARATIONS, bytes, at);
      if (event != Event.MORE) {
        return false;
      }
    }
    boolean isHeaderDefault =
        headerDefault == NamespaceScope.NONE
            ? scope.uriIsEmpty()
            : scope.uriIsThatOf(headerDefault);
    if (isHeaderDefault || known == NamespaceScope.Known.CONTENT) {
      declaresContent = true;
    }
    scope.declare(names, prefixFrom, namesTo, depth);
    return true;
  }

  private int emptyEnd(byte[] bytes, int at, int stop) {
    return bytes[at] == '>' ? endTag(bytes, at, true) : unexpected(bytes, at, stop);
  }

  private int endTag(byte[] bytes, int at, boolean empty) {
    int declaration = tagColon < 0 ? scope.findDefault() : declarationOf(open[depth], tagColon);
    if (event != Event.MORE || (prefixedAttributes > 0 && !resolveAttributes())) {
      return at;
    }
    if (depth > 0) {
      noteInheritance(tagColon < 0 && declaration == headerDefault);
    }
    if (depth <= 1) {
      firstDeclaration = declaration;
      firstNameTo = tagNameTo;
      firstColon = tagColon;
      firstTagRead = depth == 1;
    }
    if (depth == 0) {
      return endHeader(bytes, at, empty);
    }
    attributes.endTag(depth == 1);
    namesTo = tagNameTo;
    if (empty) {
      return endElement(bytes, at);
    }
    state = State.TEXT;
    seen = 0;
    return at + 1;
  }

  /** The declaration of the prefix that ends before {@code colon}; fails if there is none. */
  private int declarationOf(int from, int colon) {
    if (nameIs(XML, from, colon)) {
      return PREDECLARED;
    }
    int declaration = scope.find(names, from, colon);
    if (declaration == NamespaceScope.NONE) {
      fail(
          new Unreadable(
              Kind.NOT_WELL_FORMED, "the prefix " + shown(from, colon) + " is not declared"));
    } else if (scope.depth(declaration) == 0) {
      selfContained = false;
    }
    return declaration;
  }

  private boolean resolveAttributes() {
    for (int i = attributes.first(); i < attributes.end(); i++) {
      int prefixEnd = attributes.colon(i);
      if (prefixEnd >= 0 && attributes.form(i) != AttributeTable.DECLARES) {
        int declaration = declarationOf(attributes.nameFrom(i), prefixEnd);
        if (event != Event.MORE) {
          return false;
        }
        attributes.declaredBy(i, declaration);
      }
    }
    if (prefixedAttributes > 1 && !attributes.differExpanded(names, scope)) {
      fail(new Unreadable(Kind.NOT_WELL_FORMED, "two attributes with the same expanded name"));
      return false;
    }
    return true;
  }

  /**
   * What relaying has to know of an element: whether it carries the content namespace otherwise
   * than the first-level element and its children do, by inheritance all the way down. A
   * declaration of a content namespace in an element of another namespace changes nothing for
   * anybody.
   */
  private void noteInheritance(boolean inherits) {
    boolean insideInheriting = inheriting == depth - 1;
    if (insideInheriting ? declaresContent || (depth == 1 && !inherits) : inherits) {
      namesContentNamespace = true;
    }
    if (insideInheriting && inherits) {
      inheriting = depth;
    }
  }

  private int endHeader(byte[] bytes, int at, boolean empty) {
    if (empty) {
      return fail(Kind.BAD_FORMAT, "a stream that ends in its header", at);
    }
    start = decodedStart(bytes, at);
    headerDefault = scope.findDefault();
    defaultNamespace = headerDefault == NamespaceScope.NONE ? "" : scope.uri(headerDefault);
    prefixes = Collections.unmodifiableMap(scope.prefixes());
    headerDeclarations = scope.count();
    namesTo = tagNameTo;
    state = State.BETWEEN;
    event = Event.HEADER;
    return at + 1;
  }

  private int endName(byte[] bytes, int from, int stop) {
    int nameStart = open[depth];
    int missingBytes = namesTo - nameStart - seen;
    int end = stop - from < missingBytes ? stop : from + missingBytes;
    int at = from;
    for (int expected = nameStart + seen; at < end; at++, expected++) {
      if (bytes[at] != names[expected]) {
        return otherEnd(at);
      }
    }
    seen += at - from;
    if (at == stop) {
      return at;
    }
    int c = bytes[at];
    if (c == '>') {
      return endElement(bytes, at);
    }
    if (!XmlCharacters.isSpace(c)) {
      return otherEnd(at);
    }
    state = State.END_SPACE;
    return at + 1;
  }

  private int otherEnd(int at) {
    return fail(
        Kind.NOT_WELL_FORMED, "an end tag that is not that of " + shown(open[depth], namesTo), at);
  }

  private int endSpace(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '>') {
      return endElement(bytes, at);
    }
    return XmlCharacters.isSpace(c) ? at + 1 : unexpected(bytes, at, stop);
  }

  /** The innermost element ends with the {@code >} at {@code at}. */
  private int endElement(byte[] bytes, int at) {
    namesTo = open[depth];
    depth--;
    if (depth > 0) {
      scope.leave(depth + 1);
      inheriting = Math.min(inheriting, depth);
      state = State.TEXT;
      seen = 0;
    } else if (depth < 0) {
      state = State.ENDED;
      event = Event.END;
    } else {
      // The declarations of the first-level element are still needed to decode its start tag.
      state = State.BETWEEN;
      event = skipping ? Event.REFUSED : Event.ELEMENT;
      if (!skipping && before > 0) {
        keep(bytes, at + 1);
        element.found(kept, 0, before);
      } else {
        element.found(bytes, base, at + 1);
      }
    }
    return at + 1;
  }

  // Content.

  private int text(byte[] bytes, int from, int stop) {
    int at = from;
    while (missing == 0 && event == Event.MORE) {
      int run = at;
      at = Runs.endOfText(bytes, at, stop);
      if (at > run) {
        seen = 0;
      }
      if (at == stop) {
        break;
      }
      int c = bytes[at];
      if (c == '<') {
        state = State.MARKUP;
        at++;
        return at < stop ? markup(bytes, at, stop) : at;
      } else if (c == '&') {
        state = State.REFERENCE;
        at++;
        return at < stop ? reference(bytes, at, stop) : at;
      } else if (c == ']') {
        seen = Math.min(2, seen + 1);
        at++;
      } else if (c < 0) {
        seen = 0;
        at = character(bytes, at, stop);
      } else if (c == '>' && seen < 2) {
        seen = 0;
        at++;
      } else {
        return unexpected(bytes, at, stop);
      }
    }
    return at;
  }

  private int cdata(byte[] bytes, int from, int stop) {
    int at = from;
    while (missing == 0 && event == Event.MORE) {
      int run = at;
      at = Runs.endOfText(bytes, at, stop);
      if (at > run) {
        seen = 0;
      }
      if (at == stop) {
        break;
      }
      int c = bytes[at];
      if (c == ']') {
        seen = Math.min(2, seen + 1);
        at++;
      } else if (c == '>' && seen == 2) {
        state = State.TEXT;
        seen = 0;
        return at + 1;
      } else if (c < 0) {
        seen = 0;
        at = character(bytes, at, stop);
      } else if (c == '<' || c == '&' || c == '>') {
        seen = 0;
        at++;
      } else {
        return unexpected(bytes, at, stop);
      }
    }
    return at;
  }

  // References.

  private int reference(byte[] bytes, int at, int stop) {
    int c = bytes[at];
    if (c == '#') {
      state = State.CODE;
      return at + 1;
    }
    if (c < 0 || (CLASSES[c] & NAME_START) == 0) {
      return unexpected(bytes, at, stop);
    }
    state = State.ENTITY_NAME;
    reference = 0;
    return entityName(bytes, at, stop);
  }

  private int entityName(byte[] bytes, int from, int stop) {
    for (int at = from; at < stop; at++) {
      int c = bytes[at];
      if (c == ';') {
        int predefined = predefined(reference);
        return predefined > 0 ? refer(predefined, at) : entityReference(at);
      }
      if (c < 0 || (CLASSES[c] & NAME) == 0) {
        return unexpected(bytes, at, stop);
      }
      reference = (reference << 8) | c;
      if (predefined(reference) < 0) {
        return entityReference(at);
      }
    }
    return stop;
  }

  /**
   * The character that a predefined entity stands for, by the letters of its name, XML 1.0 4.6; 0
   * if these are only its first letters, and -1 if no name begins with them.
   */
  private static int predefined(int letters) {
    return switch (letters) {
      case ('a' << 16) + ('m' << 8) + 'p' -> '&';
      case ('l' << 8) + 't' -> '<';
      case ('g' << 8) + 't' -> '>';
      case ('q' << 24) + ('u' << 16) + ('o' << 8) + 't' -> '"';
      case ('a' << 24) + ('p' << 16) + ('o' << 8) + 's' -> '\'';
      case 'a', 'l', 'g', 'q' -> 0;
      case ('a' << 8) + 'm', ('a' << 8) + 'p', ('q' << 8) + 'u' -> 0;
      case ('a' << 16) + ('p' << 8) + 'o', ('q' << 16) + ('u' << 8) + 'o' -> 0;
      default -> -1;
    };
  }

  private int entityReference(int at) {
    return fail(Kind.RESTRICTED_XML, ENTITY_REFERENCE, at);
  }

  private int code(byte[] bytes, int at, int stop) {
    reference = 0;
    if (bytes[at] != 'x') {
      return digit(bytes, at, stop, 10);
    }
    state = State.HEXADECIMAL_START;
    return at + 1;
  }

  private int digit(byte[] bytes, int at, int stop, int radix) {
    int c = bytes[at];
    if (c == ';' && (state == State.DECIMAL || state == State.HEXADECIMAL)) {
      return XmlCharacters.isChar(reference) ? refer(reference, at) : noCharacter(at);
    }
    int digit = c < 0 ? -1 : Character.digit(c, radix);
    if (digit < 0) {
      return unexpected(bytes, at, stop);
    }
    reference = reference * radix + digit;
    if (reference > Character.MAX_CODE_POINT) {
      return noCharacter(at);
    }
    state = radix == 10 ? State.DECIMAL : State.HEXADECIMAL;
    return at + 1;
  }

  private int noCharacter(int at) {
    return fail(Kind.NOT_WELL_FORMED, "a reference to no character of XML", at);
  }

  /** The reference that ends at {@code at} stands for this character. */
  private int refer(int c, int at) {
    if (quote == 0) {
      state = State.TEXT;
      seen = 0;
    } else {
      state = State.VALUE;
      if (declaring) {
        scope.addUri(c);
      }
    }
    return at + 1;
  }

  // Decoding, for whoever asks.

  /** The start tag of the element found. */
  StartTag elementStart(byte[] array, int from) {
    return decodedStart(array, from, attributes.first());
  }

  /** The start tag of the header or of a first-level element, which are read up to {@code at}. */
  private StartTag decodedStart(byte[] bytes, int at) {
    int end = firstTagRead ? attributes.first() : attributes.end();
    if (before == 0) {
      return decodedStart(bytes, base, end);
    }
    keep(bytes, at);
    return decodedStart(kept, 0, end);
  }

  // The root of the element found, for those who read a few of its attributes and keep no tag.

  String rootName() {
    return CommonNames.text(names, firstColon < 0 ? open[1] : firstColon + 1, firstNameTo);
  }

  boolean isRootPrefixed() {
    return firstColon >= 0;
  }

  String rootNamespace() {
    return namespace(firstDeclaration);
  }

  int rootAttributes() {
    return attributes.first();
  }

  @Nullable String rootAttributeName(byte[] array, int from, int i) {
    return attributes.form(i) == AttributeTable.DECLARES || attributes.colon(i) >= 0
        ? null
        : knownName(array, from, i, attributes.nameFrom(i));
  }

  boolean isRootLanguage(byte[] array, int from, int i) {
    return attributes.declaration(i) == PREDECLARED
        && "lang".equals(knownName(array, from, i, attributes.colon(i) + 1));
  }

  /** The name from this index in {@link #names} on, as it stands in the element, if common. */
  private @Nullable String knownName(byte[] array, int from, int i, int nameFrom) {
    int name = from + attributes.nameAt(i) - attributes.nameFrom(i);
    return CommonNames.known(array, name + nameFrom, name + attributes.nameTo(i));
  }

  boolean isRootValuePlain(int i) {
    return attributes.form(i) == AttributeTable.PLAIN;
  }

  int rootValueAt(int i) {
    return attributes.valueAt(i);
  }

  int rootValueTo(int i) {
    return attributes.valueTo(i);
  }

  String rootValue(byte[] array, int from, int i) {
    return decodedValue(array, from, i);
  }

  private StartTag decodedStart(byte[] array, int from, int attributesEnd) {
    int values = 0;
    for (int i = 0; i < attributesEnd; i++) {
      if (attributes.form(i) != AttributeTable.DECLARES) {
        values++;
      }
    }
    // An immutable list at once, which the tag takes as it is.
    Attribute[] decoded = new Attribute[values];
    for (int i = 0, next = 0; next < values; i++) {
      if (attributes.form(i) != AttributeTable.DECLARES) {
        decoded[next++] = decodedAttribute(array, from, i);
      }
    }
    int nameStart = depth > 0 || event == Event.ELEMENT ? open[1] : open[0];
    return new StartTag(
        firstColon < 0 ? "" : CommonNames.text(names, nameStart, firstColon),
        CommonNames.text(names, firstColon < 0 ? nameStart : firstColon + 1, firstNameTo),
        namespace(firstDeclaration),
        List.of(decoded));
  }

  /** No common value, like {@code unavailable} or {@code chat}, has more bytes. */
  private static final int COMMON_VALUE = 11;

  private Attribute decodedAttribute(byte[] array, int from, int i) {
    int nameStart = from + attributes.nameAt(i);
    int nameEnd = nameStart + attributes.nameTo(i) - attributes.nameFrom(i);
    String value = decodedValue(array, from, i);
    if (attributes.colon(i) < 0) {
      return new Attribute("", CommonNames.text(array, nameStart, nameEnd), "", value);
    }
    int prefixEnd = nameStart + attributes.colon(i) - attributes.nameFrom(i);
    return new Attribute(
        CommonNames.text(array, nameStart, prefixEnd),
        CommonNames.text(array, prefixEnd + 1, nameEnd),
        namespace(attributes.declaration(i)),
        value);
  }

  private String decodedValue(byte[] array, int from, int i) {
    int valueStart = from + attributes.valueAt(i);
    int valueEnd = from + attributes.valueTo(i);
    if (attributes.form(i) != AttributeTable.PLAIN) {
      return Decoder.value(array, valueStart, valueEnd);
    }
    return valueEnd - valueStart <= COMMON_VALUE
        ? CommonNames.text(array, valueStart, valueEnd)
        : Decoder.plain(array, valueStart, valueEnd);
  }

  private String namespace(int declaration) {
    return switch (declaration) {
      case NamespaceScope.NONE -> "";
      case PREDECLARED -> Namespaces.XML;
      default -> scope.uri(declaration);
    };
  }

  boolean isSelfContained() {
    return selfContained;
  }

  boolean isNamingContentNamespace() {
    return namesContentNamespace;
  }
}
