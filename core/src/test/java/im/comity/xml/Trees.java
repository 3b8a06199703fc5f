package im.comity.xml;

import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Makes trees that can be written, with every kind of text, prefix and namespace. */
final class Trees {
  private static final String[] NAMESPACES = {
    "jabber:server", "jabber:server", "jabber:client", "", "urn:x", "urn:y&<'>", Namespaces.XML
  };
  private static final String[] PREFIXES = {"", "", "", "p", "q", "ns1", "é"};
  private static final String[] NAMES = {"message", "body", "x", "é", "a-b.c_d", "_1", "lang"};
  private static final String[] TEXTS = {
    "x",
    " ",
    "\n",
    "\r\n",
    "\t",
    "&",
    "<",
    ">",
    "]]>",
    "'",
    "\"",
    "é",
    "汉",
    "😀",
    "\u0085",
    "\uFFFD",
    "&amp;",
    "<![CDATA[",
    "a long text without anything in it that is special"
  };

  private Trees() {}

  static Element next(RandomGenerator random) {
    return element(random, 0);
  }

  private static Element element(RandomGenerator random, int depth) {
    Element.Builder element =
        Element.of(pick(random, NAMESPACES), pick(random, NAMES)).prefix(pick(random, PREFIXES));
    Set<String> written = new HashSet<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      String namespace = random.nextBoolean() ? "" : pick(random, NAMESPACES);
      String name = pick(random, NAMES);
      if (written.add(namespace + " " + name)) {
        element.attribute(pick(random, PREFIXES), namespace, name, text(random));
      }
    }
    for (int i = depth > 4 ? 0 : random.nextInt(4); i > 0; i--) {
      if (random.nextBoolean()) {
        element.child(element(random, depth + 1));
      } else {
        element.text(text(random));
      }
    }
    return element.build();
  }

  private static String text(RandomGenerator random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append(pick(random, TEXTS));
    }
    return text.toString();
  }

  private static String pick(RandomGenerator random, String[] choices) {
    return choices[random.nextInt(choices.length)];
  }
}
