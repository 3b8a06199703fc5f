package im.comity.xml;

import im.comity.xml.ElementScanner.Event;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;

/**
 * Measures how many bytes per second one thread scans. To run, after {@code mvn test-compile}:
 *
 * <pre>java -cp core/target/classes:core/target/test-classes:JSPECIFY.jar im.comity.xml.ScannerRate
 * </pre>
 */
final class ScannerRate {
  private static final String[] WORDS = {
    "the",
    "meeting",
    "begins",
    "at",
    "nine",
    "tomorrow",
    "please",
    "bring",
    "your",
    "own",
    "coffee",
    "&amp;",
    "don't",
    "forget",
    "who",
    "said",
    "that?",
    "I'll",
    "be",
    "there",
    "later"
  };
  private static final String[] CYRILLIC = {"привет", "как", "дела", "завтра", "встреча", "хорошо"};
  private static final String[] CJK = {"明天", "上午", "九点", "开会", "请", "带上", "咖啡"};

  /** The time of this thread on a processor, so that a busy machine does not blur the figures. */
  private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

  private ScannerRate() {}

  public static void main(String[] arguments) {
    int chunk = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 16 * 1024;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 12;
    byte[][] corpora = {
      corpus(40, WORDS), corpus(8, WORDS), corpus(120, CYRILLIC), corpus(120, CJK), publications()
    };
    String[] names = {
      "messages of 200 bytes of text",
      "messages of 40 bytes of text",
      "Cyrillic",
      "Chinese",
      "publications"
    };
    for (int round = 0; round < rounds; round++) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < corpora.length; i++) {
        for (boolean starts : new boolean[] {false, true}) {
          line.append(
              String.format(
                  Locale.ROOT,
                  " | %s%s: %,.0f",
                  names[i],
                  starts ? " with start()" : "",
                  rate(corpora[i], chunk, starts)));
        }
      }
      System.out.println("MB/s" + line);
    }
  }

  /** Million bytes per second of processor time. */
  private static double rate(byte[] corpus, int chunk, boolean starts) {
    long bytes = 0;
    long began = CLOCK.getCurrentThreadCpuTime();
    int elements = 0;
    while (CLOCK.getCurrentThreadCpuTime() - began < 300_000_000L) {
      ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
      for (int from = 0; from < corpus.length; from += chunk) {
        int to = Math.min(corpus.length, from + chunk);
        int at = from;
        while (true) {
          Event event = scanner.scan(corpus, at, to);
          at = scanner.position();
          if (event == Event.MORE) {
            break;
          }
          if (event == Event.ELEMENT) {
            elements++;
            if (starts && scanner.element().start().attribute("to") == null) {
              throw new AssertionError(scanner.element().octets());
            }
          } else if (event == Event.VIOLATION) {
            throw new AssertionError(scanner.violation());
          }
        }
      }
      bytes += corpus.length;
    }
    double nanos = CLOCK.getCurrentThreadCpuTime() - began;
    if (elements == 0) {
      throw new AssertionError("nothing scanned");
    }
    return bytes * 1e3 / nanos;
  }

  static byte[] corpus(int words, String[] vocabulary) {
    Random random = new Random(1);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, Scan.HEADER);
    for (int i = 0; i < 20_000; i++) {
      String from = "user%d@north.example/phone.%x".formatted(random.nextInt(10_000), i);
      String to = "juliet%d@south.example".formatted(random.nextInt(10_000));
      StringBuilder text = new StringBuilder();
      for (int w = 0; w < words; w++) {
        text.append(vocabulary[random.nextInt(vocabulary.length)]).append(' ');
      }
      put(
          out,
          switch (i % 8) {
            case 5 ->
                ("<presence from='%s' to='%s' xml:lang='en'><show>away</show><priority>5</priority>"
                        + "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1'"
                        + " node='https://client.example' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>"
                        + "</presence>")
                    .formatted(from, to);
            case 7 ->
                "<iq type='get' id='p%d' from='%s' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>"
                    .formatted(i, from, to);
            default ->
                ("<message type='chat' id='%08x-4b2f-91d0' from='%s' to='%s'><body>%s</body>"
                        + "<active xmlns='http://jabber.org/protocol/chatstates'/>"
                        + "<request xmlns='urn:xmpp:receipts'/>"
                        + "<origin-id xmlns='urn:xmpp:sid:0' id='%08x-4b2f'/></message>")
                    .formatted(random.nextInt(), from, to, text, i);
          });
    }
    return out.toByteArray();
  }

  private static byte[] publications() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, Scan.HEADER);
    String photo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ".repeat(200);
    for (int i = 0; i < 500; i++) {
      put(
          out,
          ("<message from='pubsub.north.example' to='juliet@south.example/b%d' type='headline'>"
                  + "<event xmlns='http://jabber.org/protocol/pubsub#event'>"
                  + "<items node='urn:xmpp:avatar:data'><item id='%d'>"
                  + "<data xmlns='urn:xmpp:avatar:data'>%s</data></item></items></event></message>")
              .formatted(i, i, photo));
    }
    return out.toByteArray();
  }

  private static void put(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }
}
