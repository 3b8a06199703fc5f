package im.comity.stream;

import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.jspecify.annotations.Nullable;

/**
 * What one side takes on a stream (XEP-0478).
 *
 * @param maxBytes the largest first-level element in bytes; 0 when not said
 * @param idleSeconds after how many silent seconds it may act; 0 when not said
 */
public record StreamLimits(int maxBytes, int idleSeconds) {
  /** RFC 6120 13.12: nobody may take less. */
  private static final int LEAST_BYTES = 10_000;

  /** Reads a peer's; a value that is absurd counts as not said (S2S-LIM-05). */
  static StreamLimits parse(Element limits) {
    int bytes = number(limits.child(Namespaces.STREAM_LIMITS, "max-bytes"));
    int seconds = number(limits.child(Namespaces.STREAM_LIMITS, "idle-seconds"));
    return new StreamLimits(bytes < LEAST_BYTES ? 0 : bytes, seconds);
  }

  private static int number(@Nullable Element element) {
    if (element == null) {
      return 0;
    }
    try {
      return Math.max(0, Integer.parseInt(element.text().strip()));
    } catch (NumberFormatException absurd) {
      return 0;
    }
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
