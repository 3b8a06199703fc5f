package im.comity.xml;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/** Makes streams by a grammar that loves the corners of XML, and spoils them. */
final class Documents {
  private static final String[] HEADERS = {
    Scan.HEADER,
    "<?xml version='1.0'?>" + Scan.HEADER,
    "\uFEFF<?xml version=\"1.0\" encoding='UTF-8' standalone='yes' ?>\r\n" + Scan.HEADER,
    "\n <stream xmlns='http://etherx.jabber.org/streams'>",
    "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns=\"jabber:server\" xmlns:db='urn:d'"
        + " xmlns:j='jabber:server' from='a.example' xml:lang='en'  >",
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='b.example'>",
  };
  private static final String[] PREFIXES = {
    "", "", "", "", "a:", "b:", "stream:", "xml:", "j:", "é:"
  };
  private static final String[] NAMES = {
    "message",
    "iq",
    "presence",
    "body",
    "x",
    "a",
    "lang",
    "to",
    "from",
    "b-c.d_1",
    "Ünï",
    "名前",
    "_",
    "element-with-a-rather-long-name",
    "xmlfoo",
    "\u0E01\u0E31",
    "a\u00B7\u0301"
  };
  private static final String[] URIS = {
    "urn:x",
    "urn:y",
    "urn:x",
    "jabber:server",
    "jabber:client",
    "jabber:component:accept",
    "jabber:serve&#114;",
    " urn:x",
    "urn:x&#x20;",
    "urn:é",
    "a\tb",
    "urn:{}",
    "a\r\nb&lt;",
    "http://etherx.jabber.org/streams"
  };
  private static final String[] ODD_URIS = {
    "", "http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/", "a&#10;b", "a&#x9;"
  };
  private static final String[] TEXTS = {
    "text",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&apos;",
    "&#65;",
    "&#x1F600;",
    "&#13;",
    "&#10;",
    "&#9;",
    "]",
    "]]",
    "]]&gt;",
    ">",
    "'",
    "\"",
    "é",
    "汉字",
    "😀",
    "\u007F",
    "\u0085",
    "\u2028",
    "\uFEFF",
    "\uFFFD",
    "\uE000",
    "a much longer run of plain text",
    "&#x10FFFF;",
    "&#0000038;"
  };
  private static final String[] WRONG = {
    "&foo;",
    "&#0;",
    "&#x1;",
    "&#xD800;",
    "&#xFFFE;",
    "&#1114112;",
    "&",
    "&#;",
    "&#x;",
    "&am;",
    "&ampx;",
    "<!--c-->",
    "<?pi?>",
    "<!DOCTYPE a>",
    "]]>",
    "<",
    "</",
    "\u0001",
    "\u0000",
    "\uFFFE",
    "\uFFFF",
    "--",
    "?>",
    "<![CDATA[",
    "<![CDATA",
    "<a:b:c/>",
    "<:a/>",
    "<a:/>",
    "<1/>",
    "< a/>",
    "</stream:stream>",
    "xmlns:p=''",
    " a='1' a='2'",
    " xmlns:a='urn:x' xmlns:b='urn:x' a:z='' b:z=''",
    "='",
    "=\"",
    "'",
    "\"",
    "&#X41;",
    "<?xml version='1.0'?>",
    "\uD7FF",
    "<\u0660a/>",
    "<\u00B7/>",
    "<\uD83D\uDE00/>",
    "xml:space='x'",
    "\u037E",
    "<a\u0370/>",
    " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
    " xmlns:xmlns='urn:x'",
    " xmlns:xml='urn:x'",
    " xmlns='http://www.w3.org/2000/xmlns/'"
  };
  private static final byte[][] WRONG_BYTES = {
    {(byte) 0xC0, (byte) 0xAF},
    {(byte) 0xE0, (byte) 0x80, (byte) 0xAF},
    {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
    {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
    {(byte) 0xFF},
    {(byte) 0x80},
    {(byte) 0xC3},
    {(byte) 0xE9},
    {(byte) 0xF0, (byte) 0x80, (byte) 0x80, (byte) 0x80},
    {(byte) 0xEF, (byte) 0xBF, (byte) 0xBE},
    {(byte) 0xFE, (byte) 0xFF},
    {(byte) 0xF8, (byte) 0x88, (byte) 0x80, (byte) 0x80, (byte) 0x80},
    {(byte) 0xED, (byte) 0xB0, (byte) 0x80},
    {(byte) 0xE2, (byte) 0x82}
  };

  private final RandomGenerator random;
  private final StringBuilder out = new StringBuilder();

  Documents(RandomGenerator random) {
    this.random = random;
  }

  /** A stream; most of them are well-formed. */
  byte[] next() {
    out.setLength(0);
    out.append(pick(HEADERS));
    int elements = random.nextInt(4);
    for (int i = 0; i < elements; i++) {
      element(0, Set.of("xml:"));
      if (random.nextInt(4) == 0) {
        out.append(pick(" ", "\n", "\r\n\t"));
      }
    }
    if (random.nextBoolean()) {
      String root = out.substring(out.indexOf("stream") - 1);
      out.append(
              root.startsWith("<")
                  ? "</stream"
                  : out.indexOf("<s:") >= 0 ? "</s:stream" : "</stream:stream")
          .append(pick("", " ", "\n"))
          .append(">");
    }
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** A document like another, but with something changed. */
  byte[] spoil(byte[] document) {
    byte[] bytes = document;
    int times = 1 + random.nextInt(2);
    for (int i = 0; i < times; i++) {
      int at = random.nextInt(bytes.length + 1);
      int end = Math.min(bytes.length, at + random.nextInt(12));
      bytes =
          switch (random.nextInt(7)) {
            case 0 -> splice(bytes, at, at, pick(WRONG).getBytes(StandardCharsets.UTF_8));
            case 1 -> splice(bytes, at, at, WRONG_BYTES[random.nextInt(WRONG_BYTES.length)]);
            case 2 -> splice(bytes, at, end, new byte[0]);
            case 3 -> splice(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
            case 4 -> splice(bytes, at, at, new byte[] {(byte) random.nextInt(256)});
            case 5 -> {
              int from = random.nextInt(bytes.length + 1);
              yield splice(
                  bytes,
                  at,
                  end,
                  Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 20)));
            }
            default -> {
              byte[] flipped = bytes.clone();
              if (flipped.length > 0) {
                flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
              }
              yield flipped;
            }
          };
    }
    return bytes;
  }

  /** With a few of the errors that only a namespace makes. */
  private void element(int depth, Set<String> inScope) {
    Set<String> scope = new TreeSet<>(inScope);
    boolean prefixed = random.nextInt(3) == 0;
    List<String> declared = new ArrayList<>();
    for (String prefix : List.of("a:", "b:", "j:", "é:")) {
      if (random.nextInt(8) == 0) {
        declared.add(prefix);
        scope.add(prefix);
      }
    }
    String prefix = prefixed ? oneOf(scope) : "";
    String name = prefix + (depth == 0 ? pick("message", "iq", "presence") : pick(NAMES));
    out.append('<').append(name);
    declared.forEach(this::declare);
    if (random.nextInt(4) == 0) {
      declare("");
    }
    int attributes = random.nextInt(12) == 0 ? random.nextInt(30) : random.nextInt(3);
    for (int i = 0; i < attributes; i++) {
      String number = random.nextInt(20) == 0 ? "" : Integer.toString(i);
      attribute((random.nextInt(4) == 0 ? oneOf(scope) : "") + pick(NAMES) + number);
    }
    out.append(pick("", "", " ", "\n"));
    if (random.nextInt(4) == 0) {
      out.append("/>");
      return;
    }
    out.append('>');
    int nodes = depth > 4 ? 0 : random.nextInt(4);
    for (int i = 0; i < nodes; i++) {
      switch (random.nextInt(5)) {
        case 0, 1 -> element(depth + 1, scope);
        case 2 -> cdata();
        default -> text();
      }
    }
    out.append("</").append(name).append(pick("", "", " ", "\r\n")).append('>');
  }

  private String oneOf(Set<String> scope) {
    if (scope.isEmpty() || random.nextInt(30) == 0) {
      return pick(PREFIXES);
    }
    return List.copyOf(scope).get(random.nextInt(scope.size()));
  }

  private void declare(String prefix) {
    out.append(pick(" ", "\n"))
        .append(prefix.isEmpty() ? "xmlns" : "xmlns:" + prefix.substring(0, prefix.length() - 1));
    value(random.nextInt(20) == 0 ? pick(ODD_URIS) : pick(URIS));
  }

  private void attribute(String name) {
    out.append(pick(" ", " ", "\t", "\r\n ")).append(name);
    StringBuilder value = new StringBuilder();
    int parts = random.nextInt(4);
    for (int i = 0; i < parts; i++) {
      value.append(pick(TEXTS));
    }
    value(value.toString());
  }

  private void value(String value) {
    String quote = pick("'", "\"");
    out.append(pick("=", "=", "= ", " ="))
        .append(quote)
        .append(value.replace(quote, quote.equals("'") ? "&apos;" : "&quot;"))
        .append(quote);
  }

  private void text() {
    int parts = 1 + random.nextInt(4);
    for (int i = 0; i < parts; i++) {
      out.append(pick(TEXTS));
    }
  }

  private void cdata() {
    out.append("<![CDATA[");
    int parts = random.nextInt(4);
    for (int i = 0; i < parts; i++) {
      out.append(pick(pick(TEXTS), "<a>", "&", "<![CDATA[", "&#0;", "]]", "<!--"));
    }
    out.append("]]>");
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] replacement) {
    ByteArrayOutputStream spliced = new ByteArrayOutputStream();
    spliced.write(bytes, 0, from);
    spliced.writeBytes(replacement);
    spliced.write(bytes, to, bytes.length - to);
    return spliced.toByteArray();
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
