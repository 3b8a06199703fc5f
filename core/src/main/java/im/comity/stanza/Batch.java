package im.comity.stanza;

import im.comity.xml.Octets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stanzas and stream-level elements on their way into one stream, their bytes copied one behind the
 * other into one array: what will be written at once. So what is queued is copied once, borrowed or
 * not, and is not copied again to be written.
 *
 * <p>For one thread at a time. Once {@link #octets()} are given away nothing may be added.
 */
public final class Batch {
  /** How much is put into one, so that it is a few TLS records and not a whole queue. */
  public static final int MOST_BYTES = 64 * 1024;

  private static final int FEWEST_ENTRIES = 2;

  private byte[] bytes;
  private int length;

  // Of each entry: whose stanza it is, null for a stream-level element, and where it ends.
  private @Nullable Envelope[] envelopes;
  private int[] ends;
  private int count;

  private int stanzas;
  private int elementBytes;

  /**
   * An empty one. When each is told of the one before it, arrays seldom grow, and what is empty in
   * them is never more than what was full in those before.
   *
   * @param first how many bytes will come first
   * @param likelyBytes how many bytes the batch before had, of which {@link #MOST_BYTES} count
   * @param likelyEntries how many entries it had
   */
  public Batch(int first, int likelyBytes, int likelyEntries) {
    bytes = new byte[Math.max(first, Math.min(likelyBytes, MOST_BYTES))];
    int entries = Math.max(FEWEST_ENTRIES, likelyEntries);
    envelopes = new Envelope[entries];
    ends = new int[entries];
  }

  /** Whether there is room for so many bytes; in an empty one there is room for any number. */
  public boolean hasRoom(int more) {
    return count == 0 || length + more <= MOST_BYTES;
  }

  /** Appends a stanza's bytes, which may be borrowed. */
  public void add(Stanza stanza) {
    add(stanza.envelope(), stanza.octets());
    stanzas++;
  }

  /** Appends a stream-level element. */
  public void add(Octets element) {
    add(null, element);
    elementBytes += element.length();
  }

  private void add(@Nullable Envelope envelope, Octets octets) {
    int end = length + octets.length();
    if (end > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(end, Math.min(2 * bytes.length, MOST_BYTES)));
    }
    if (count == ends.length) {
      envelopes = Arrays.copyOf(envelopes, 2 * count);
      ends = Arrays.copyOf(ends, 2 * count);
    }
    octets.writeTo(bytes, length);
    envelopes[count] = envelope;
    ends[count] = end;
    count++;
    length = end;
  }

  /** All bytes, in the order in which they were added. */
  public Octets octets() {
    return Octets.of(bytes, 0, length);
  }

  /** How many bytes it has. */
  public int length() {
    return length;
  }

  /** How many stanzas and elements. */
  public int count() {
    return count;
  }

  /** How many stanzas. */
  public int stanzas() {
    return stanzas;
  }

  /** How many bytes of stream-level elements. */
  public int elementBytes() {
    return elementBytes;
  }

  /** Gives its stanzas to a list, in order, each with bytes of its own that stay. */
  public void takeOut(List<Stanza> target) {
    int from = 0;
    for (int i = 0; i < count; i++) {
      Envelope envelope = envelopes[i];
      if (envelope != null) {
        target.add(new Stanza(envelope, Octets.of(bytes, from, ends[i]).copy(), false));
      }
      from = ends[i];
    }
  }
}
