package im.comity.xml;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * A read-only view of a run of bytes in an array.
 *
 * <p>The view shares the array, and nobody counts references: what a scanner or a transport hands
 * out is valid during the call, or until the moment its maker names, and who wants to keep it
 * longer takes a {@link #copy()}. Nobody writes into an array that a view shows.
 */
public final class Octets {
  private static final Octets NONE = new Octets(new byte[0], 0, 0);

  private final byte[] array;
  private final int from;
  private final int to;

  private Octets(byte[] array, int from, int to) {
    this.array = array;
    this.from = from;
    this.to = to;
  }

  /** A view of the whole array, which the caller gives away. */
  public static Octets of(byte[] array) {
    return of(array, 0, array.length);
  }

  /**
   * A view of {@code array[from..to)}.
   *
   * @throws IndexOutOfBoundsException if the range is not inside the array
   */
  public static Octets of(byte[] array, int from, int to) {
    Objects.checkFromToIndex(from, to, array.length);
    return from == to ? NONE : new Octets(array, from, to);
  }

  /** The UTF-8 form of a text. */
  public static Octets utf8(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The number of bytes. */
  public int length() {
    return to - from;
  }

  /** The byte at {@code index}, counted from the start of this view. */
  public byte at(int index) {
    return array[from + Objects.checkIndex(index, to - from)];
  }

  /** A view of a part, sharing the array; positions are counted from the start of this view. */
  public Octets slice(int from, int to) {
    Objects.checkFromToIndex(from, to, length());
    return of(array, this.from + from, this.from + to);
  }

  /** The same bytes in an array of their own. */
  public Octets copy() {
    return of(toBytes());
  }

  /** A new array with the bytes. */
  public byte[] toBytes() {
    return Arrays.copyOfRange(array, from, to);
  }

  /** The bytes read as UTF-8; what is not UTF-8 becomes U+FFFD. */
  public String toUtf8() {
    return new String(array, from, to - from, StandardCharsets.UTF_8);
  }

  /** Copies all bytes to {@code target}, from index {@code at} on. */
  public void writeTo(byte[] target, int at) {
    System.arraycopy(array, from, target, at, to - from);
  }

  /** The array shown, of which only {@link #from()} to {@link #to()} belongs to this view. */
  public byte[] array() {
    return array;
  }

  /** The index in {@link #array()} of the first byte. */
  public int from() {
    return from;
  }

  /** The index in {@link #array()} after the last byte. */
  public int to() {
    return to;
  }

  /** Views are equal if they show the same bytes. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Octets that
        && Arrays.equals(array, from, to, that.array, that.from, that.to);
  }

  @Override
  public int hashCode() {
    int hash = 1;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + array[i];
    }
    return hash;
  }

  /** The bytes read as UTF-8. */
  @Override
  public String toString() {
    return toUtf8();
  }
}
