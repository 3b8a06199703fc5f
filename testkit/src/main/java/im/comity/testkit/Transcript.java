package im.comity.testkit;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What was said on a connection, in order, with who said it and when.
 *
 * <p>{@link #toString()} is for people who read a failure. {@link #golden()} is for comparing a
 * conversation byte for byte with one kept in a file: it has no times, and what differs from run to
 * run, such as stream ids and keys, stands there as {@code {id-1}}, {@code {key-1}}.
 *
 * <p>Thread-safe. Holds the last {@value #LIMIT} entries.
 */
public final class Transcript {
  /** Entries held; older ones are dropped and counted. */
  public static final int LIMIT = 10_000;

  private static final int SHOWN = 2_000;

  /** Who said it. */
  public enum Direction {
    /** Said by the side that keeps the transcript. */
    SENT('>'),
    /** Said by the other side. */
    RECEIVED('<'),
    /** Not said, but worth knowing: a handshake, an end, a fault. */
    NOTE('#');

    private final char mark;

    Direction(char mark) {
      this.mark = mark;
    }
  }

  /**
   * One thing said.
   *
   * @param text exactly what was said; bytes that are not UTF-8 as {@code \xNN}
   */
  public record Entry(Instant time, Direction direction, String text) {}

  private final InstantSource clock;
  private final Instant begun;

  // All three are guarded by this.
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Map<String, String> masks = new LinkedHashMap<>();
  private long dropped;

  /** An empty transcript. */
  public Transcript(InstantSource clock) {
    this.clock = Objects.requireNonNull(clock);
    this.begun = clock.instant();
  }

  /** Records what this side said. */
  public void sent(String text) {
    add(Direction.SENT, text);
  }

  /** Records what this side said. */
  public void sent(byte[] bytes) {
    add(Direction.SENT, text(bytes));
  }

  /** Records what the other side said. */
  public void received(String text) {
    add(Direction.RECEIVED, text);
  }

  /** Records what the other side said. */
  public void received(byte[] bytes) {
    add(Direction.RECEIVED, text(bytes));
  }

  /** Records something that happened. */
  public void note(String text) {
    add(Direction.NOTE, text);
  }

  private synchronized void add(Direction direction, String text) {
    entries.add(new Entry(clock.instant(), direction, text));
    if (entries.size() > LIMIT) {
      entries.removeFirst();
      dropped++;
    }
  }

  /**
   * Makes {@link #golden()} show a name in place of this value wherever it is the whole of an
   * attribute or of a text.
   *
   * @param value does nothing if empty or masked before
   * @param kind what it is, for example {@code id}; values of a kind are numbered as they come
   */
  public synchronized void mask(String value, String kind) {
    if (!value.isEmpty() && !masks.containsKey(value)) {
      long number = masks.values().stream().filter(m -> m.startsWith("{" + kind + "-")).count() + 1;
      masks.put(value, "{" + kind + "-" + number + "}");
    }
  }

  /** What is held, in order. */
  public synchronized List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** The texts that went this way, in order. */
  public List<String> texts(Direction direction) {
    return entries().stream().filter(e -> e.direction == direction).map(Entry::text).toList();
  }

  /**
   * The conversation for comparison: a line per entry, marked {@code >} sent, {@code <} received or
   * {@code #} note; line breaks and backslashes escaped, masked values replaced.
   *
   * @throws IllegalStateException if entries were dropped
   */
  public synchronized String golden() {
    if (dropped > 0) {
      throw new IllegalStateException(dropped + " entries were dropped");
    }
    StringBuilder golden = new StringBuilder();
    for (Entry entry : entries) {
      golden.append(entry.direction.mark).append(' ');
      golden.append(escape(masked(entry.text))).append('\n');
    }
    return golden.toString();
  }

  private String masked(String text) {
    String masked = text;
    for (Map.Entry<String, String> mask : masks.entrySet()) {
      String value = mask.getKey();
      String name = mask.getValue();
      masked =
          masked
              .replace("'" + value + "'", "'" + name + "'")
              .replace("\"" + value + "\"", "\"" + name + "\"")
              .replace(">" + value + "<", ">" + name + "<");
    }
    return masked;
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t");
  }

  /** The conversation for people: times since its beginning, long texts cut. */
  @Override
  public synchronized String toString() {
    if (entries.isEmpty()) {
      return "  (nothing was said)\n";
    }
    StringBuilder shown = new StringBuilder();
    if (dropped > 0) {
      shown.append("  (").append(dropped).append(" earlier entries dropped)\n");
    }
    for (Entry entry : entries) {
      Duration at = Duration.between(begun, entry.time);
      String text = escape(entry.text);
      shown.append(
          "%6d.%03d s %c ".formatted(at.toSeconds(), at.toMillisPart(), entry.direction.mark));
      if (text.length() > SHOWN) {
        shown.append(text, 0, SHOWN).append("... (").append(text.length()).append(" characters)");
      } else {
        shown.append(text);
      }
      shown.append('\n');
    }
    return shown.toString();
  }

  /** These bytes as text: UTF-8 where they are, {@code \xNN} where not. */
  public static String text(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    StringBuilder text = new StringBuilder(bytes.length);
    while (true) {
      CoderResult result = decoder.decode(in, out, true);
      text.append(out.flip());
      out.clear();
      if (result.isUnderflow()) {
        return text.toString();
      }
      for (int i = 0; i < result.length(); i++) {
        text.append("\\x%02x".formatted(in.get()));
      }
    }
  }
}
