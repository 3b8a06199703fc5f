package im.comity.xml;

/**
 * How much one first-level element, or the stream header, may ask of us (S2S-XML-13 to -18).
 *
 * @param elementBytes from {@code <} to {@code >} of a first-level element; also of the header with
 *     what precedes it, of which {@link #HEADER_BYTES} are the most whatever is said here
 * @param skipFactor an element over a limit is still checked, skipped and refused alone as long as
 *     it stays within this many times {@code elementBytes}; 1 or less: the stream ends at once
 * @param depth levels of elements, the first-level element being the first; at most 1,000, because
 *     trees are walked by recursion
 * @param attributes of one element, namespace declarations counted
 * @param nameBytes of one name of an element or attribute, with prefix
 * @param valueBytes of one attribute value as written, without its quotes
 * @param declarations of namespaces in scope at once, without those of the header
 */
public record ScannerLimits(
    int elementBytes,
    int skipFactor,
    int depth,
    int attributes,
    int nameBytes,
    int valueBytes,
    int declarations) {

  /** The least {@code elementBytes} where elements can be skipped: RFC 6120 13.12 (4). */
  public static final int LEAST_ELEMENT_BYTES = 10_000;

  /**
   * How long a stream header may be. Two addresses of 1,023 bytes, an id and some namespaces have
   * room; what it declares is held as long as the stream lives.
   */
  public static final int HEADER_BYTES = 4096;

  /**
   * For a peer that has proven nothing yet (S2S-XML-17): the least that RFC 6120 allows where a
   * stanza may come first, so that what is held of one half read stays small (S2S-DOS-04).
   */
  public static final ScannerLimits STRANGER =
      new ScannerLimits(LEAST_ELEMENT_BYTES, 1, 32, 32, 256, 4096, 16);

  /** For a proven peer. */
  public static final ScannerLimits PROVEN =
      new ScannerLimits(512 * 1024, 4, 128, 64, 1024, 64 * 1024, 64);

  /** What an element can have too much of. */
  public enum Limit {
    ELEMENT_BYTES,
    DEPTH,
    ATTRIBUTES,
    NAME_BYTES,
    VALUE_BYTES,
    DECLARATIONS
  }

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if one is not positive, if depth is over 1,000, if {@code
   *     elementBytes} is below 10,000 where elements can be skipped (S2S-XML-14), or if what may be
   *     skipped is over 1 GiB
   */
  public ScannerLimits {
    if (elementBytes < 1
        || skipFactor < 0
        || depth < 1
        || depth > 1000
        || attributes < 1
        || nameBytes < 1
        || valueBytes < 1
        || declarations < 1) {
      throw new IllegalArgumentException("limits out of range");
    }
    if (skipFactor > 1 && elementBytes < LEAST_ELEMENT_BYTES) {
      throw new IllegalArgumentException(
          "elements may not be limited to fewer than " + LEAST_ELEMENT_BYTES + " bytes");
    }
    if ((long) elementBytes * Math.max(1, skipFactor) > 1 << 30) {
      throw new IllegalArgumentException("more than 1 GiB for one element");
    }
  }

  /**
   * The same limits with another size of elements.
   *
   * @throws IllegalArgumentException as for the constructor
   */
  public ScannerLimits withElementBytes(int bytes) {
    return new ScannerLimits(
        bytes, skipFactor, depth, attributes, nameBytes, valueBytes, declarations);
  }

  /** The limit of this kind. */
  public int of(Limit limit) {
    return switch (limit) {
      case ELEMENT_BYTES -> elementBytes;
      case DEPTH -> depth;
      case ATTRIBUTES -> attributes;
      case NAME_BYTES -> nameBytes;
      case VALUE_BYTES -> valueBytes;
      case DECLARATIONS -> declarations;
    };
  }
}
