package im.comity.xml;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The namespace declarations in scope, innermost last.
 *
 * <p>Declaring, finding and leaving take a time that depends neither on how many declarations there
 * are nor on what their prefixes are: a prefix is found by its hash, and a declaration that hides
 * another takes its place in the table until it is left.
 */
final class NamespaceScope {
  /** No declaration. */
  static final int NONE = -1;

  /** Namespaces of which the scanner has to know. */
  enum Known {
    NONE,
    XML,
    XMLNS,
    CONTENT
  }

  private static final byte[] XML = Namespaces.XML.getBytes(US_ASCII);
  private static final byte[] XMLNS = Namespaces.XMLNS.getBytes(US_ASCII);
  private static final byte[] SERVER = Namespaces.SERVER.getBytes(US_ASCII);
  private static final byte[] CLIENT = Namespaces.CLIENT.getBytes(US_ASCII);
  private static final byte[] ACCEPT = Namespaces.COMPONENT_ACCEPT.getBytes(US_ASCII);
  private static final byte[] CONNECT = Namespaces.COMPONENT_CONNECT.getBytes(US_ASCII);

  // The fields of one declaration in `entries`.
  private static final int PREFIX_FROM = 0;
  private static final int PREFIX_TO = 1;
  private static final int URI_FROM = 2;
  private static final int DEPTH = 3;
  private static final int HIDDEN = 4;
  private static final int NEXT = 5;
  private static final int FIELDS = 6;

  /** No hash: they are not negative. */
  private static final long UNKNOWN = -1;

  private static final int IDLE_TEXT = 256;
  private static final int IDLE_ENTRIES = 8;

  /** The declarations' names of namespaces and prefixes, in this order each. */
  private byte[] text = new byte[IDLE_TEXT];

  private int textTo;
  private int uriFrom;
  private boolean uriHasControl;

  private int[] entries = new int[IDLE_ENTRIES * FIELDS];
  private long[] prefixHashes = new long[IDLE_ENTRIES];
  private long[] uriHashes = new long[IDLE_ENTRIES];
  private int count;

  /** Heads of the chains of declarations whose prefixes fall together, plus one; 0 is empty. */
  private int[] buckets = new int[IDLE_ENTRIES];

  private int defaultDeclaration = NONE;
  private long work;

  /** The number of declarations in scope, hidden ones included. */
  int count() {
    return count;
  }

  /** Begins the name of a namespace that is to be declared. */
  void beginUri() {
    uriFrom = textTo;
    uriHasControl = false;
  }

  /** Adds bytes to the name begun. */
  void addUri(byte[] bytes, int from, int to) {
    int length = to - from;
    makeRoom(length);
    System.arraycopy(bytes, from, text, textTo, length);
    textTo += length;
    work += length;
  }

  /** Adds a character to the name begun. */
  void addUri(int character) {
    uriHasControl |= character < ' ';
    makeRoom(4);
    textTo = Utf8.write(character, text, textTo);
  }

  /** Forgets the name begun. */
  void dropUri() {
    textTo = uriFrom;
  }

  /** Whether the name begun is one of which the scanner has to know. */
  Known uriKnown() {
    return switch (textTo - uriFrom) {
      case 13 -> uriIs(SERVER) || uriIs(CLIENT) ? Known.CONTENT : Known.NONE;
      case 23 -> uriIs(ACCEPT) ? Known.CONTENT : Known.NONE;
      case 24 -> uriIs(CONNECT) ? Known.CONTENT : Known.NONE;
      case 29 -> uriIs(XMLNS) ? Known.XMLNS : Known.NONE;
      case 36 -> uriIs(XML) ? Known.XML : Known.NONE;
      default -> Known.NONE;
    };
  }

  private boolean uriIs(byte[] name) {
    return Arrays.equals(text, uriFrom, textTo, name, 0, name.length);
  }

  /** Whether the name begun is empty. */
  boolean uriIsEmpty() {
    return uriFrom == textTo;
  }

  /** Whether the name begun is that of a declaration. */
  boolean uriIsThatOf(int declaration) {
    return Arrays.equals(text, uriFrom, textTo, text, uriFrom(declaration), uriTo(declaration));
  }

  /** Whether the name begun has a character below U+0020, which only references bring in. */
  boolean uriHasControl() {
    return uriHasControl;
  }

  /** Declares the name begun for the prefix in {@code bytes[from..to)}, which may be empty. */
  void declare(byte[] bytes, int from, int to, int depth) {
    int prefixFrom = textTo;
    int length = to - from;
    makeRoom(length);
    System.arraycopy(bytes, from, text, prefixFrom, length);
    textTo += length;
    if (count == uriHashes.length) {
      grow();
    }
    int added = count++;
    int entry = added * FIELDS;
    entries[entry + PREFIX_FROM] = prefixFrom;
    entries[entry + PREFIX_TO] = textTo;
    entries[entry + URI_FROM] = uriFrom;
    entries[entry + DEPTH] = depth;
    uriHashes[added] = UNKNOWN;
    work += length;
    if (length == 0) {
      entries[entry + HIDDEN] = defaultDeclaration;
      defaultDeclaration = added;
    } else {
      prefixHashes[added] = NameHash.of(text, prefixFrom, textTo);
      enter(added, entry);
    }
  }

  /** The declaration of the prefix in {@code bytes[from..to)}, or {@link #NONE}. */
  int find(byte[] bytes, int from, int to) {
    if (count == 0) {
      return NONE;
    }
    long hash = NameHash.of(bytes, from, to);
    for (int i = buckets[bucket(hash)] - 1; i >= 0; i = entries[i * FIELDS + NEXT]) {
      work++;
      if (prefixHashes[i] == hash && prefixIs(i, bytes, from, to)) {
        return i;
      }
    }
    return NONE;
  }

  /** The declaration of the default namespace, or {@link #NONE}. */
  int findDefault() {
    return defaultDeclaration;
  }

  /** The depth of the element that made the declaration. */
  int depth(int declaration) {
    return entries[declaration * FIELDS + DEPTH];
  }

  /** A hash of the declaration's namespace, made when first asked for. */
  long uriHash(int declaration) {
    if (uriHashes[declaration] == UNKNOWN) {
      uriHashes[declaration] = NameHash.of(text, uriFrom(declaration), uriTo(declaration));
      work += uriTo(declaration) - uriFrom(declaration);
    }
    return uriHashes[declaration];
  }

  /** Whether two declarations name the same namespace. */
  boolean sameUri(int a, int b) {
    work += uriTo(a) - uriFrom(a);
    return a == b || Arrays.equals(text, uriFrom(a), uriTo(a), text, uriFrom(b), uriTo(b));
  }

  /** The declaration's namespace. */
  String uri(int declaration) {
    return CommonNames.text(text, uriFrom(declaration), uriTo(declaration));
  }

  /** Leaves the element at this depth: what it declared is forgotten. */
  void leave(int depth) {
    while (count > 0 && depth(count - 1) >= depth) {
      int last = --count;
      int entry = last * FIELDS;
      int hidden = entries[entry + HIDDEN];
      if (entries[entry + PREFIX_FROM] == entries[entry + PREFIX_TO]) {
        defaultDeclaration = hidden;
      } else {
        remove(last, entry, hidden);
      }
      textTo = entries[entry + URI_FROM];
    }
  }

  /** All prefixes declared, with their namespaces, in their order; no two may be the same. */
  Map<String, String> prefixes() {
    Map<String, String> prefixes = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      int entry = i * FIELDS;
      if (entries[entry + PREFIX_FROM] < entries[entry + PREFIX_TO]) {
        prefixes.put(
            CommonNames.text(text, entries[entry + PREFIX_FROM], entries[entry + PREFIX_TO]),
            uri(i));
      }
    }
    return prefixes;
  }

  /** Gives back what an element with many declarations made it take. */
  void trim() {
    if (text.length > IDLE_TEXT && textTo <= IDLE_TEXT / 2) {
      text = Arrays.copyOf(text, IDLE_TEXT);
    }
    if (uriHashes.length > IDLE_ENTRIES && count <= IDLE_ENTRIES / 2) {
      resize(IDLE_ENTRIES);
    }
  }

  /** The bytes of memory that the declarations take, however the arrays grow. */
  long held() {
    return textTo + (long) count * (Integer.BYTES * (FIELDS + 1) + 2 * Long.BYTES);
  }

  /** The bytes of memory its arrays take. */
  int capacity() {
    return text.length
        + Integer.BYTES * (entries.length + buckets.length)
        + Long.BYTES * (prefixHashes.length + uriHashes.length);
  }

  /** The steps taken so far whose number depends on what was put in. */
  long work() {
    return work;
  }

  private int uriFrom(int declaration) {
    return entries[declaration * FIELDS + URI_FROM];
  }

  private int uriTo(int declaration) {
    return entries[declaration * FIELDS + PREFIX_FROM];
  }

  private boolean prefixIs(int declaration, byte[] bytes, int from, int to) {
    int entry = declaration * FIELDS;
    work += to - from;
    return Arrays.equals(
        text, entries[entry + PREFIX_FROM], entries[entry + PREFIX_TO], bytes, from, to);
  }

  private int bucket(long hash) {
    return (int) hash & (buckets.length - 1);
  }

  /** Puts a declaration into its chain: in the place of the one it hides, or in front. */
  private void enter(int added, int entry) {
    int bucket = bucket(prefixHashes[added]);
    int before = NONE;
    int i = buckets[bucket] - 1;
    int prefixFrom = entries[entry + PREFIX_FROM];
    int prefixTo = entries[entry + PREFIX_TO];
    while (i >= 0
        && !(prefixHashes[i] == prefixHashes[added] && prefixIs(i, text, prefixFrom, prefixTo))) {
      work++;
      before = i;
      i = entries[i * FIELDS + NEXT];
    }
    entries[entry + HIDDEN] = i;
    if (i < 0) {
      entries[entry + NEXT] = buckets[bucket] - 1;
      buckets[bucket] = added + 1;
    } else {
      entries[entry + NEXT] = entries[i * FIELDS + NEXT];
      link(bucket, before, added);
    }
  }

  /** Takes a declaration out of its chain; the one it hid, if any, comes back into its place. */
  private void remove(int last, int entry, int hidden) {
    int bucket = bucket(prefixHashes[last]);
    int before = NONE;
    for (int i = buckets[bucket] - 1; i != last; i = entries[i * FIELDS + NEXT]) {
      work++;
      before = i;
    }
    if (hidden >= 0) {
      entries[hidden * FIELDS + NEXT] = entries[entry + NEXT];
      link(bucket, before, hidden);
    } else {
      link(bucket, before, entries[entry + NEXT]);
    }
  }

  private void link(int bucket, int before, int declaration) {
    if (before < 0) {
      buckets[bucket] = declaration + 1;
    } else {
      entries[before * FIELDS + NEXT] = declaration;
    }
  }

  private void makeRoom(int length) {
    if (text.length - textTo < length) {
      text = Arrays.copyOf(text, Math.max(text.length * 2, textTo + length));
      work += textTo;
    }
  }

  private void grow() {
    resize(count * 2);
  }

  private void resize(int capacity) {
    entries = Arrays.copyOf(entries, capacity * FIELDS);
    prefixHashes = Arrays.copyOf(prefixHashes, capacity);
    uriHashes = Arrays.copyOf(uriHashes, capacity);
    buckets = new int[capacity];
    boolean[] isHidden = new boolean[count];
    for (int i = 0; i < count; i++) {
      int hidden = entries[i * FIELDS + HIDDEN];
      if (hidden >= 0) {
        isHidden[hidden] = true;
      }
    }
    for (int i = 0; i < count; i++) {
      int entry = i * FIELDS;
      if (!isHidden[i] && entries[entry + PREFIX_FROM] < entries[entry + PREFIX_TO]) {
        int bucket = bucket(prefixHashes[i]);
        entries[entry + NEXT] = buckets[bucket] - 1;
        buckets[bucket] = i + 1;
      }
    }
    work += capacity;
  }
}
