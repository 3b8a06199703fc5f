package im.comity.stream;

import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one side takes on a stream (XEP-0478).
 *
 * @param maxBytes the largest first-level element in bytes; 0 when not said
 * @param idleSeconds after how many silent seconds it may act; 0 when not said
 * @param ignored what it said and cannot mean, for a warning; null if nothing
 */
public record StreamLimits(int maxBytes, int idleSeconds, @Nullable String ignored) {
  /** RFC 6120 13.12: nobody may take less. */
  private static final int LEAST_BYTES = 10_000;

  private static final int TEXT_LIMIT = 20;

  /** Limits that make sense. */
  public StreamLimits(int maxBytes, int idleSeconds) {
    this(maxBytes, idleSeconds, null);
  }

  /** Reads a peer's; a value that is absurd counts as not said, and is told (S2S-LIM-05). */
  static StreamLimits parse(Element limits) {
    List<String> absurd = new ArrayList<>();
    int bytes = number(limits, "max-bytes", LEAST_BYTES, absurd);
    int seconds = number(limits, "idle-seconds", 1, absurd);
    return new StreamLimits(bytes, seconds, absurd.isEmpty() ? null : String.join(", ", absurd));
  }

  private static int number(Element limits, String name, int least, List<String> absurd) {
    Element element = limits.child(Namespaces.STREAM_LIMITS, name);
    if (element == null) {
      return 0;
    }
    String text = element.text().strip();
    try {
      int number = Integer.parseInt(text);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // Told below, like a number too small.
    }
    absurd.add(name + " " + (text.length() > TEXT_LIMIT ? text.substring(0, TEXT_LIMIT) : text));
    return 0;
  }

  Element toElement() {
    Element.Builder limits = Element.of(Namespaces.STREAM_LIMITS, "limits");
    if (maxBytes > 0) {
      limits.child(
          Element.of(Namespaces.STREAM_LIMITS, "max-bytes")
              .text(Integer.toString(maxBytes))
              .build());
    }
    if (idleSeconds > 0) {
      limits.child(
          Element.of(Namespaces.STREAM_LIMITS, "idle-seconds")
              .text(Integer.toString(idleSeconds))
              .build());
    }
    return limits.build();
  }
}
