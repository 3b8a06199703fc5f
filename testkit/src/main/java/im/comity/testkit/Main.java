package im.comity.testkit;

import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import im.comity.testkit.https.HttpAnswer;
import im.comity.testkit.https.TestHttps;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/** The kit's servers for use by hand and from other languages: one command per process. */
public final class Main {
  private static final String USAGE =
      """
      usage: dns   [--listen ADDRESS:PORT] ZONEFILE...
             ca    DIRECTORY [KIND:]DOMAIN...
             https [--listen ADDRESS:PORT] DIRECTORY HOST/PATH=FILE...

      dns    serves zones by UDP and TCP until it is stopped. A file holds one zone with its SOA, or
             several after lines "$ZONE <origin> [signed|nsec3|...] [<defect>[@<name>]...]".
             Prints "dns <address>" and "anchor <DS record>".
      ca     writes DOMAIN.crt and DOMAIN.key from the root in DIRECTORY/ca.crt, which it makes if it
             is missing. KIND is a kind of certificate such as good, expired or srv-name-only; then
             the files are KIND.DOMAIN.crt and KIND.DOMAIN.key. Prints "ca <file>", and for each
             certificate "certificate <file> <file>" and "tlsa <domain> <data>".
      https  serves files until it is stopped, each host with a certificate from the root in
             DIRECTORY. Prints "ca <file>" and "https <address>".

      Addresses must be loopback; without --listen any port of 127.0.0.1 is taken.
      """;

  private static final int OK = 0;
  private static final int FAILED = 1;
  private static final int MISTAKE = 2;

  private final PrintStream out;
  private final CountDownLatch stopped;

  private Main(PrintStream out, CountDownLatch stopped) {
    this.out = out;
    this.stopped = stopped;
  }

  /**
   * Runs one command; see the usage text.
   *
   * @param args the command and its arguments; a mistake in them ends with status 2
   */
  public static void main(String[] args) {
    System.exit(run(List.of(args), System.out, System.err, new CountDownLatch(1)));
  }

  /** Runs one command, servers until {@code stopped} is counted down, and returns its status. */
  static int run(List<String> args, PrintStream out, PrintStream err, CountDownLatch stopped) {
    try {
      new Main(out, stopped).command(args);
      return OK;
    } catch (Mistake e) {
      err.println(e.getMessage());
      err.print(USAGE);
      return MISTAKE;
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      err.println(e.getMessage());
      return FAILED;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return FAILED;
    }
  }

  /** The command line asks for something that does not exist. */
  private static final class Mistake extends Exception {
    private static final long serialVersionUID = 1;

    Mistake(String message) {
      super(message);
    }
  }

  private void command(List<String> args) throws Mistake, IOException, InterruptedException {
    if (args.isEmpty()) {
      throw new Mistake("a command is missing");
    }
    List<String> rest = new ArrayList<>(args.subList(1, args.size()));
    switch (args.getFirst()) {
      case "dns" -> dns(rest);
      case "ca" -> ca(rest);
      case "https" -> https(rest);
      default -> throw new Mistake("unknown command: " + args.getFirst());
    }
  }

  private void dns(List<String> args) throws Mistake, IOException, InterruptedException {
    InetSocketAddress address = listen(args);
    require(args, 1, "zone file");
    List<TestZone> zones = new ArrayList<>();
    for (String file : args) {
      zones.addAll(TestZone.parse(Files.readString(Path.of(file))));
    }
    ZoneSet set = ZoneSet.of(InstantSource.system(), zones);
    try (TestDnsServer server = TestDnsServer.at(address).start(set)) {
      out.println("dns " + spell(server.address()));
      set.anchorDs().lines().forEach(line -> out.println("anchor " + line));
      serve();
    }
  }

  private void ca(List<String> args) throws Mistake, IOException {
    refuseOptions(args);
    require(args, 2, "directory or domain");
    Path directory = Path.of(args.getFirst());
    TestCa ca = open(directory);
    for (String name : args.subList(1, args.size())) {
      int colon = name.indexOf(':');
      String domain = name.substring(colon + 1);
      TestCertificate made =
          colon < 0 ? ca.issue(domain) : ca.issue(kind(name.substring(0, colon)), domain);
      TestCertificate.Files files = made.write(directory, name.replace(':', '.'));
      out.println("certificate " + files.chain() + " " + files.key());
      out.println("tlsa " + domain + " " + made.tlsa(3, 1, 1));
    }
  }

  private void https(List<String> args) throws Mistake, IOException, InterruptedException {
    InetSocketAddress address = listen(args);
    require(args, 2, "directory or document");
    Map<String, byte[]> documents = new TreeMap<>();
    for (String argument : args.subList(1, args.size())) {
      int slash = argument.indexOf('/');
      int equals = argument.indexOf('=', slash);
      if (slash < 1 || equals < 0) {
        throw new Mistake("not of the form HOST/PATH=FILE: " + argument);
      }
      documents.put(
          argument.substring(0, equals),
          Files.readAllBytes(Path.of(argument.substring(equals + 1))));
    }
    TestCa ca = open(Path.of(args.getFirst()));
    try (TestHttps server = TestHttps.at(address).start(ca.issue("localhost"))) {
      documents.forEach(
          (place, body) -> {
            int slash = place.indexOf('/');
            String host = place.substring(0, slash);
            server.certificate(host, ca.issue(host));
            server.on(
                host,
                place.substring(slash),
                new HttpAnswer.Full(200, Map.of("Content-Type", contentType(place)), body));
          });
      out.println("https " + spell(server.address()));
      serve();
    }
  }

  private void serve() throws InterruptedException {
    out.flush();
    stopped.await();
  }

  private TestCa open(Path directory) throws IOException {
    Files.createDirectories(directory);
    TestCa ca = TestCa.keptIn(directory, InstantSource.system());
    out.println("ca " + directory.resolve("ca.crt"));
    return ca;
  }

  private static CertificateKind kind(String word) throws Mistake {
    try {
      return CertificateKind.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
    } catch (IllegalArgumentException _) {
      throw new Mistake("unknown kind of certificate: " + word);
    }
  }

  private static String contentType(String path) {
    return path.endsWith(".json") ? "application/json" : "application/octet-stream";
  }

  /** Takes the option --listen from the front of the arguments, if it is there. */
  private static InetSocketAddress listen(List<String> args) throws Mistake {
    InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    if (args.isEmpty() || !args.getFirst().equals("--listen")) {
      refuseOptions(args);
      return any;
    }
    args.removeFirst();
    require(args, 1, "address");
    String text = args.removeFirst();
    refuseOptions(args);
    int colon = text.lastIndexOf(':');
    try {
      InetAddress host = InetAddress.ofLiteral(text.substring(0, Math.max(colon, 0)));
      InetSocketAddress address =
          new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
      if (!host.isLoopbackAddress()) {
        throw new Mistake("not a loopback address: " + text);
      }
      return address;
    } catch (IllegalArgumentException _) {
      throw new Mistake("not of the form ADDRESS:PORT: " + text);
    }
  }

  private static void refuseOptions(List<String> args) throws Mistake {
    for (String arg : args) {
      if (arg.startsWith("-")) {
        throw new Mistake("unknown or misplaced option: " + arg);
      }
    }
  }

  private static void require(List<String> args, int count, String what) throws Mistake {
    if (args.size() < count) {
      throw new Mistake(what + " is missing");
    }
  }

  private static String spell(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
