package im.comity.bench.micro;

import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannerLimits;
import java.nio.charset.StandardCharsets;

/** What is scanned and relayed. */
final class Traffic {
  /** How many stanzas a benchmark has in one read. */
  static final int STANZAS = 64;

  private Traffic() {}

  /**
   * One read of {@link #STANZAS} stanzas.
   *
   * @param kind the bytes of a body for chat messages as the comparison sends them, or {@code
   *     mixed}: as people's clients send them, of every eight two messages with a body of 100 bytes
   *     and one of 1,024, with what comes with them today, two presences and three requests or
   *     answers
   */
  static byte[] read(String kind) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < STANZAS; i++) {
      text.append(
          kind.equals("mixed")
              ? mixed(i)
              : "<message from='x.north.test' to='y.south.test' type='chat' id='t%d'><body>%s</body></message>"
                  .formatted(1_000_000_000_000L + i, "x".repeat(Integer.parseInt(kind))));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String mixed(int number) {
    return switch (number % 8) {
      case 0, 4 -> message(number, "Shall I hear more, or shall I speak at this? It’s late. ", 100);
      case 2 ->
          message(number, "Wherefore art thou? &lt;3 Grüße aus Verona &amp; bis bald. ", 1024);
      case 1, 5 ->
          ("<presence from='romeo@x.north.test/orchard' to='juliet@y.south.test'><show>away</show>"
              + "<status>be right back</status><priority>5</priority>"
              + "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.test'"
              + " ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>");
      case 3 ->
          "<iq type='get' id='ping%d' from='x.north.test' to='y.south.test'><ping xmlns='urn:xmpp:ping'/></iq>"
              .formatted(number);
      case 6 ->
          "<iq type='result' id='ping%d' from='romeo@x.north.test/orchard' to='juliet@y.south.test/balcony'/>"
              .formatted(number);
      default ->
          """
          <iq type='result' id='disco%d' from='rooms.x.north.test' to='juliet@y.south.test/balcony'>\
          <query xmlns='http://jabber.org/protocol/disco#info'>\
          <identity category='conference' type='text' name='Rooms'/>\
          <feature var='http://jabber.org/protocol/muc'/>\
          <feature var='http://jabber.org/protocol/disco#info'/>\
          <feature var='urn:xmpp:mam:2'/><feature var='vcard-temp'/></query></iq>"""
              .formatted(number);
    };
  }

  /** A message as a client sends it, its body of so many bytes. */
  private static String message(int number, String words, int bytes) {
    int times = bytes / words.getBytes(StandardCharsets.UTF_8).length;
    String body = words.repeat(times);
    body += "x".repeat(bytes - body.getBytes(StandardCharsets.UTF_8).length);
    return """
        <message from='romeo@x.north.test/orchard' to='juliet@y.south.test' type='chat' id='m%1$d'>\
        <body>%2$s</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
        <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>\
        <origin-id xmlns='urn:xmpp:sid:0' id='m%1$d'/></message>"""
        .formatted(number, body);
  }

  /** A scanner behind the header of a stream of servers. */
  static ElementScanner scanner() {
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    byte[] header =
        ("<stream:stream xmlns='"
                + Namespaces.SERVER
                + "' xmlns:stream='"
                + Namespaces.STREAM
                + "'>")
            .getBytes(StandardCharsets.UTF_8);
    if (scanner.scan(header, 0, header.length) != ElementScanner.Event.HEADER) {
      throw new IllegalStateException("no header");
    }
    return scanner;
  }
}
