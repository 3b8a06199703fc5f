package im.comity.bench;

import im.comity.xml.Element;
import im.comity.xml.ElementWriter;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import java.util.Map;
import java.util.Random;

/** Makes stanzas of mixed size and kind, the same ones for the same seed. */
final class StanzaSource {
  private static final String[] TEXTS = {
    "hello",
    "a < b && c > d",
    "Grüße aus Köln",
    "日本語のテキスト",
    "emoji \uD83D\uDE00 and ' quotes \"",
    "line\nbreak\tand tab",
    "]]&gt; looks like an end",
    ""
  };

  private final Random random;
  private final String from;
  private final String to;

  StanzaSource(long seed, String from, String to) {
    this.random = new Random(seed);
    this.from = from;
    this.to = to;
  }

  /** The next stanza, with its number as id. */
  Octets next(long number) {
    int kind = random.nextInt(10);
    Element.Builder stanza =
        Element.of(Namespaces.COMPONENT_ACCEPT, kind < 6 ? "message" : kind < 8 ? "presence" : "iq")
            .attribute("from", "u" + random.nextInt(50) + "@" + from + "/r")
            .attribute("to", "v@" + to)
            .attribute("id", Long.toString(number));
    if (kind >= 8) {
      stanza.attribute("type", "get").child(extension(2));
    } else if (kind >= 6) {
      stanza.child(Element.of(Namespaces.COMPONENT_ACCEPT, "status").text(text()).build());
    } else {
      stanza
          .attribute("type", "chat")
          .child(Element.of(Namespaces.COMPONENT_ACCEPT, "body").text(text()).build());
      for (int i = random.nextInt(3); i > 0; i--) {
        stanza.child(extension(3));
      }
    }
    return ElementWriter.write(
        stanza.build(), Namespaces.COMPONENT_ACCEPT, Map.of("stream", Namespaces.STREAM));
  }

  private Element extension(int depth) {
    Element.Builder element =
        Element.of("urn:example:" + random.nextInt(5), "e" + random.nextInt(9))
            .attribute("n", Integer.toString(random.nextInt(1000)))
            .attribute("t", TEXTS[random.nextInt(TEXTS.length)]);
    if (random.nextInt(4) == 0) {
      element.prefix("p" + random.nextInt(3));
    }
    for (int i = depth == 0 ? 0 : random.nextInt(depth); i > 0; i--) {
      element.child(extension(depth - 1));
    }
    return element.text(TEXTS[random.nextInt(TEXTS.length)]).build();
  }

  /** Mostly short, now and then some kilobytes. */
  private String text() {
    String text = TEXTS[random.nextInt(TEXTS.length)];
    int times = random.nextInt(100) == 0 ? 400 : random.nextInt(12);
    return text.repeat(times);
  }
}
