package im.comity.xml;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of the start tag being read, and those of the first-level element above it.
 *
 * <p>Finds duplicates by hash, so that a tag costs what it is long, whatever names it has.
 */
final class AttributeTable {
  /** The value is ASCII and stands for itself. */
  static final int PLAIN = 0;

  /** The value has to be decoded: references, white space other than spaces, or not ASCII. */
  static final int ENCODED = 1;

  /** The attribute is a namespace declaration. */
  static final int DECLARES = 2;

  // The fields of one attribute.
  private static final int NAME_FROM = 0;
  private static final int COLON = 1;
  private static final int NAME_TO = 2;
  private static final int NAME_AT = 3;
  private static final int VALUE_AT = 4;
  private static final int VALUE_TO = 5;
  private static final int FORM = 6;
  private static final int DECLARATION = 7;
  private static final int FIELDS = 8;

  private static final int IDLE_ENTRIES = 8;

  /** So many names are compared each with each. */
  private static final int FEW = 8;

  private int[] entries = new int[IDLE_ENTRIES * FIELDS];

  /** Hashes of the names; of a few names their length and first bytes. */
  private long[] hashes = new long[IDLE_ENTRIES];

  private int count;
  private int first;

  /** Each slot has the round it was filled in above, and an attribute's index below. */
  private long[] slots = new long[IDLE_ENTRIES * 2];

  private int round = 1;
  private long work;

  /** The number of attributes of the tag being read. */
  int count() {
    return count - first;
  }

  /** The index of the first attribute of the tag being read. */
  int first() {
    return first;
  }

  /** The index after its last attribute. */
  int end() {
    return count;
  }

  /**
   * Adds an attribute with the name {@code names[from..to)}.
   *
   * @param colon the index of its colon, or -1
   * @param at where the name begins in the element
   * @return whether the tag has no attribute of this name yet
   */
  boolean add(byte[] names, int from, int colon, int to, int at) {
    if (count == hashes.length) {
      entries = Arrays.copyOf(entries, entries.length * 2);
      hashes = Arrays.copyOf(hashes, hashes.length * 2);
      work += count;
    }
    int added = count++;
    int entry = added * FIELDS;
    entries[entry + NAME_FROM] = from;
    entries[entry + COLON] = colon;
    entries[entry + NAME_TO] = to;
    entries[entry + NAME_AT] = at;
    if (added - first < FEW) {
      hashes[added] = NameHash.start(names, from, to);
      return differsFromFew(names, added, from, to);
    }
    if (added - first == FEW) {
      // From here on comparing each with each would take too long.
      for (int i = first; i < added; i++) {
        hashes[i] = NameHash.of(names, nameFrom(i), nameTo(i));
        work += nameTo(i) - nameFrom(i);
      }
      enterAll(names, added);
    } else if ((count - first) * 2 > slots.length) {
      slots = new long[slots.length * 2];
      enterAll(names, added);
    }
    hashes[added] = NameHash.of(names, from, to);
    work += to - from;
    return enter(names, added, null);
  }

  private boolean differsFromFew(byte[] names, int added, int from, int to) {
    work += added - first;
    for (int i = first; i < added; i++) {
      if (hashes[i] == hashes[added]
          && Arrays.equals(names, nameFrom(i), nameTo(i), names, from, to)) {
        return false;
      }
    }
    return true;
  }

  /** Says where in the element the last attribute's value is, and what form it has. */
  void value(int at, int to, int form) {
    int entry = (count - 1) * FIELDS;
    entries[entry + VALUE_AT] = at;
    entries[entry + VALUE_TO] = to;
    entries[entry + FORM] = form;
    entries[entry + DECLARATION] = NamespaceScope.NONE;
  }

  /** Says by which declaration the prefix of an attribute is bound; negative if by none. */
  void declaredBy(int attribute, int declaration) {
    entries[attribute * FIELDS + DECLARATION] = declaration;
  }

  /**
   * Whether no two of the attributes that were {@link #declaredBy} a declaration have the same
   * expanded name.
   */
  boolean differExpanded(byte[] names, NamespaceScope scope) {
    nextRound();
    for (int i = first; i < count; i++) {
      int declaration = declaration(i);
      if (declaration < 0) {
        continue;
      }
      long local = NameHash.of(names, colon(i) + 1, nameTo(i));
      hashes[i] = NameHash.of(scope.uriHash(declaration), local);
      work += nameTo(i) - colon(i);
      if (!enter(names, i, scope)) {
        return false;
      }
    }
    return true;
  }

  /** Ends a tag; its attributes are kept below the next tag's, or forgotten. */
  void endTag(boolean keep) {
    if (keep) {
      first = count;
    } else {
      count = first;
    }
  }

  /** Forgets everything, and gives back what a tag with many attributes made it take. */
  void clear() {
    count = 0;
    first = 0;
    if (hashes.length > 2 * IDLE_ENTRIES) {
      entries = new int[IDLE_ENTRIES * FIELDS];
      hashes = new long[IDLE_ENTRIES];
      slots = new long[IDLE_ENTRIES * 2];
    }
  }

  int nameFrom(int attribute) {
    return entries[attribute * FIELDS + NAME_FROM];
  }

  int colon(int attribute) {
    return entries[attribute * FIELDS + COLON];
  }

  int nameTo(int attribute) {
    return entries[attribute * FIELDS + NAME_TO];
  }

  int nameAt(int attribute) {
    return entries[attribute * FIELDS + NAME_AT];
  }

  int valueAt(int attribute) {
    return entries[attribute * FIELDS + VALUE_AT];
  }

  int valueTo(int attribute) {
    return entries[attribute * FIELDS + VALUE_TO];
  }

  int form(int attribute) {
    return entries[attribute * FIELDS + FORM];
  }

  int declaration(int attribute) {
    return entries[attribute * FIELDS + DECLARATION];
  }

  /** The bytes of memory that the attributes take, however the arrays grow. */
  long held() {
    return (long) count * (Integer.BYTES * FIELDS + 3 * Long.BYTES);
  }

  /** The bytes of memory its arrays take. */
  int capacity() {
    return Integer.BYTES * entries.length + Long.BYTES * (hashes.length + slots.length);
  }

  /** The steps taken so far whose number depends on what was put in. */
  long work() {
    return work;
  }

  private void enterAll(byte[] names, int end) {
    nextRound();
    for (int i = first; i < end; i++) {
      enter(names, i, null);
    }
  }

  /**
   * Enters an attribute by its hash, if no equal one is there.
   *
   * @param scope where the declarations are that make expanded names; null to compare whole names
   */
  private boolean enter(byte[] names, int attribute, @Nullable NamespaceScope scope) {
    int slot = (int) hashes[attribute] & (slots.length - 1);
    while (isFilled(slot)) {
      work++;
      int other = (int) slots[slot];
      if (hashes[other] == hashes[attribute] && same(names, other, attribute, scope)) {
        return false;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    slots[slot] = ((long) round << Integer.SIZE) | attribute;
    return true;
  }

  private boolean same(byte[] names, int a, int b, @Nullable NamespaceScope scope) {
    int fromA = nameFrom(a);
    int fromB = nameFrom(b);
    if (scope != null) {
      if (!scope.sameUri(declaration(a), declaration(b))) {
        return false;
      }
      fromA = colon(a) + 1;
      fromB = colon(b) + 1;
    }
    work += nameTo(a) - fromA;
    return Arrays.equals(names, fromA, nameTo(a), names, fromB, nameTo(b));
  }

  private boolean isFilled(int slot) {
    return slots[slot] >>> Integer.SIZE == round;
  }

  private void nextRound() {
    round++;
    if (round < 0) {
      Arrays.fill(slots, 0);
      round = 1;
    }
  }
}
