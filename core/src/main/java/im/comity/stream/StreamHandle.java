package im.comity.stream;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Our own name for a stream, unique in this process; what permission is tied to, since the peer has
 * no say in it.
 *
 * @param value a running number
 */
public record StreamHandle(long value) {
  private static final AtomicLong NEXT = new AtomicLong(1);

  /** A handle never given before. */
  public static StreamHandle next() {
    return new StreamHandle(NEXT.getAndIncrement());
  }

  @Override
  public String toString() {
    return "#" + value;
  }
}
