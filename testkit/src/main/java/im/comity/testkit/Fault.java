package im.comity.testkit;

import java.time.Duration;
import java.util.List;

/**
 * What can go wrong with one direction of a connection. The set is closed, so that a test can go
 * through all of it.
 *
 * <p>A fault strikes once, at its {@link Point}, as soon as that point is reached: behind the last
 * byte that passes unharmed, not at the next one.
 */
public sealed interface Fault {
  /** Where it strikes. */
  Point at();

  /**
   * A point in what one end writes: behind so many bytes or so many writes. Zero is before the
   * first byte.
   *
   * <p>Bytes that a fault adds are not counted.
   */
  record Point(Unit unit, long count) {
    /** What is counted. */
    public enum Unit {
      /** Bytes written. */
      BYTES,
      /** Calls of write, however many bytes each. */
      WRITES
    }

    /** Refuses negative counts. */
    public Point {
      if (count < 0) {
        throw new IllegalArgumentException("negative count: " + count);
      }
    }

    /** Behind the first {@code count} bytes. */
    public static Point afterBytes(long count) {
      return new Point(Unit.BYTES, count);
    }

    /** Behind the first {@code count} writes. */
    public static Point afterWrites(long count) {
      return new Point(Unit.WRITES, count);
    }
  }

  /** The stream ends here for the reader; what the writer still writes is lost. */
  record Cut(Point at) implements Fault {}

  /**
   * Nothing passes this point, neither bytes nor the end, though the connection stays up and the
   * writer is held back once the buffer is full.
   *
   * @param time how long; {@link #FOREVER} lasts until {@link Pipe.End#heal()}. Any other needs a
   *     pipe with a clock.
   */
  record Stall(Point at, Duration time) implements Fault {
    /** Until healed. */
    public static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

    /** Refuses times that are not positive. */
    public Stall {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException("not a time to stall: " + time);
      }
    }

    /** Until healed. */
    public Stall(Point at) {
      this(at, FOREVER);
    }
  }

  /**
   * From here on each read gets one byte.
   *
   * @param between the time from one byte to the next; more than zero needs a pipe with a clock
   */
  record Trickle(Point at, Duration between) implements Fault {
    /** Refuses negative times. */
    public Trickle {
      if (between.isNegative()) {
        throw new IllegalArgumentException("negative time: " + between);
      }
    }

    /** Without time between the bytes. */
    public Trickle(Point at) {
      this(at, Duration.ZERO);
    }
  }

  /** Both directions break: what has passed can still be read, then both ends see a reset. */
  record Reset(Point at) implements Fault {}

  /**
   * The next {@code length} bytes that are written arrive as others.
   *
   * @param seed determines which; the same seed gives the same bytes
   */
  record Garbage(Point at, int length, long seed) implements Fault {
    /** Refuses lengths that are not positive. */
    public Garbage {
      if (length <= 0) {
        throw new IllegalArgumentException("no garbage: " + length);
      }
    }
  }

  /** What the write that reached this point had written up to it arrives a second time. */
  record Duplicate(Point at) implements Fault {}

  /**
   * The bytes of this text (UTF-8) arrive here too, in the same segment as what was written before:
   * for example plaintext behind a STARTTLS command, which must never count as protected.
   */
  record LateBytes(Point at, String text) implements Fault {}

  /** One of each kind, at the same point; none of them needs a clock. */
  static List<Fault> everyKind(Point at) {
    return List.of(
        new Cut(at),
        new Stall(at),
        new Trickle(at),
        new Reset(at),
        new Garbage(at, 16, 1),
        new Duplicate(at),
        new LateBytes(at, "<late/>"));
  }
}
