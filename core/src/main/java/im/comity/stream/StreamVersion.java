package im.comity.stream;

import org.jspecify.annotations.Nullable;

/**
 * The version of a stream header, compared as integers (S2S-STR-17, -22).
 *
 * @param major the number before the dot
 * @param minor the number behind it
 */
public record StreamVersion(int major, int minor) implements Comparable<StreamVersion> {
  /** What we speak. */
  public static final StreamVersion ONE = new StreamVersion(1, 0);

  /** What a header without the attribute means (S2S-STR-18). */
  public static final StreamVersion ZERO_NINE = new StreamVersion(0, 9);

  /** Reads the attribute; null when it is no version. */
  static @Nullable StreamVersion parse(String text) {
    int dot = text.indexOf('.');
    if (dot <= 0 || dot == text.length() - 1 || text.length() > 12) {
      return null;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (i != dot && (c < '0' || c > '9')) {
        return null;
      }
    }
    try {
      return new StreamVersion(
          Integer.parseInt(text, 0, dot, 10), Integer.parseInt(text, dot + 1, text.length(), 10));
    } catch (NumberFormatException tooLong) {
      return null;
    }
  }

  /** Whether features follow the header. */
  public boolean hasFeatures() {
    return major >= 1;
  }

  /** The lower of both, which is what a receiving server answers. */
  public StreamVersion atMost(StreamVersion other) {
    return compareTo(other) <= 0 ? this : other;
  }

  @Override
  public int compareTo(StreamVersion other) {
    return major != other.major
        ? Integer.compare(major, other.major)
        : Integer.compare(minor, other.minor);
  }

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
