package im.comity.stanza;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Writes stanzas of every shape that a stream of a server can carry, as text, with prefixes x, y
 * and s from the stream header and others of their own.
 */
final class StanzaMaker {
  private static final String[] URIS = {
    "urn:x", "urn:a", "urn:b", "jabber:server", "jabber:client", "jabber:component:accept"
  };
  private static final String[] LOCAL = {"a", "body", "message", "x", "lang"};
  private static final String[] TEXT = {
    "t", " ", "\n", "&lt;", "&amp;", "&#13;", "&quot;", "é", "\ud83d\udca9", "]]&gt;", "'", "\""
  };

  private final RandomGenerator random;
  private final StringBuilder out = new StringBuilder();

  StanzaMaker(RandomGenerator random) {
    this.random = random;
  }

  String stanza() {
    String kind = new String[] {"message", "presence", "iq"}[random.nextInt(3)];
    List<String> scope = new ArrayList<>(List.of("x", "y", "s"));
    out.append('<').append(kind);
    out.append(" from='ann@north.example/x' to='bob@south.example'");
    declarations(scope, random.nextInt(4) == 0 ? "jabber:server" : null);
    attributes(scope, true);
    content(scope, 0);
    out.append("</").append(kind).append('>');
    return out.toString();
  }

  private void element(List<String> outer, int depth) {
    List<String> scope = new ArrayList<>(outer);
    out.append('<');
    int at = out.length();
    String defaultNamespace =
        random.nextInt(3) == 0
            ? random.nextInt(6) == 0 ? "" : URIS[random.nextInt(URIS.length)]
            : null;
    declarations(scope, defaultNamespace);
    String prefix = random.nextBoolean() ? "" : scope.get(random.nextInt(scope.size())) + ":";
    String name = prefix + LOCAL[random.nextInt(LOCAL.length)];
    out.insert(at, name);
    attributes(scope, false);
    content(scope, depth);
    out.append("</").append(name).append('>');
  }

  private void declarations(List<String> scope, String defaultNamespace) {
    if (defaultNamespace != null) {
      out.append(" xmlns='").append(defaultNamespace).append('\'');
    }
    if (random.nextInt(4) == 0) {
      String prefix = new String[] {"x", "p", "q"}[random.nextInt(3)];
      out.append(" xmlns:").append(prefix).append("='");
      out.append(URIS[random.nextInt(URIS.length)]).append('\'');
      scope.add(prefix);
    }
  }

  private void attributes(List<String> scope, boolean root) {
    if (random.nextInt(4) == 0) {
      out.append(" k='").append(text().replace("'", "&apos;")).append('\'');
    }
    if (random.nextInt(4) == 0) {
      out.append(' ').append(scope.get(random.nextInt(scope.size()))).append(":k=\"v\"");
    }
    if (random.nextInt(6) == 0) {
      out.append(" xml:lang='").append(root ? "de" : "").append('\'');
    }
  }

  private void content(List<String> scope, int depth) {
    out.append('>');
    int nodes = random.nextInt(depth == 0 ? 4 : 3);
    for (int i = 0; i < nodes; i++) {
      if (random.nextInt(3) == 0 || depth == 4) {
        out.append(text());
      } else {
        element(scope, depth + 1);
      }
    }
  }

  private String text() {
    return TEXT[random.nextInt(TEXT.length)] + TEXT[random.nextInt(TEXT.length)];
  }
}
