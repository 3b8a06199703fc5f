package im.comity.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Runs servers under one workload; see {@code bench/compare --help}. */
public final class Compare {
  private static final List<String> PARTS = List.of("start", "flood", "paced", "memory", "links");
  private static final List<String> PROGRAMS = List.of("comity", "prosody", "ejabberd", "jabberd2");

  private final Path root;
  private final Options options;
  private final Table table = new Table();

  private record Options(
      List<String> only,
      boolean quick,
      boolean waitForQuiet,
      @Nullable Path markdown,
      List<String> parts,
      String javaOptions) {}

  private Compare(Path root, Options options) {
    this.root = root;
    this.options = options;
  }

  /** The program; the first argument is the folder of the sources. */
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    List<String> only = PROGRAMS;
    List<String> parts = PARTS;
    boolean quick = false;
    boolean wait = true;
    Path markdown = null;
    String javaOptions = "";
    Arguments options = new Arguments("bench/compare", arguments);
    while (options.next()) {
      switch (options.option()) {
        case "--only" -> only = List.of(options.value().split(","));
        case "--parts" -> parts = List.of(options.value().split(","));
        case "--java" -> javaOptions = options.value();
        case "--quick" -> quick = true;
        case "--no-wait" -> wait = false;
        case "--markdown" -> markdown = Path.of(options.value());
        default -> throw options.wrong("unknown argument " + options.option());
      }
    }
    if (!PROGRAMS.containsAll(only)) {
      throw options.wrong("--only takes of " + String.join(",", PROGRAMS));
    }
    if (!PARTS.containsAll(parts)) {
      throw options.wrong("--parts takes of " + String.join(",", PARTS));
    }
    int status =
        new Compare(root, new Options(only, quick, wait, markdown, parts, javaOptions)).all();
    System.exit(status);
  }

  private int all() throws IOException {
    int status = 0;
    for (String program : options.only) {
      for (String part : options.parts) {
        try {
          switch (part) {
            case "start" -> start(program);
            case "flood" -> flood(program);
            case "paced" -> paced(program);
            case "memory" -> memory(program);
            case "links" -> links(program);
            default -> throw new IllegalArgumentException(part);
          }
        } catch (IOException | TimeoutException e) {
          say(program + ", " + part + ": FAILED: " + e.getMessage());
          status = 1;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return 1;
        }
      }
    }
    print();
    return status;
  }

  /** X and Y. */
  private final class Two implements AutoCloseable {
    final BenchNet net;
    final Contender x;
    final Contender y;
    List<RawComponent> senders = List.of();
    private Generator.@Nullable Links links;
    private final List<AutoCloseable> opened = new ArrayList<>();

    Two(String program, int senders, int receivers, String javaOptions) throws IOException {
      this(program, senders, receivers, javaOptions, true);
    }

    /**
     * @param start whether both are started here
     */
    Two(String program, int senders, int receivers, String javaOptions, boolean start)
        throws IOException {
      net = new BenchNet(root.resolve("bench/target/compare/" + program));
      x = contender(program, "north.test", names("x", senders, "north.test"), javaOptions);
      y = contender(program, "south.test", names("y", receivers, "south.test"), javaOptions);
      if (!start) {
        return;
      }
      try {
        x.start();
        y.start();
      } catch (IOException e) {
        close();
        throw e;
      }
    }

    private Contender contender(
        String program, String host, List<String> components, String javaOptions) {
      return switch (program) {
        case "comity" -> new ComityContender(net, root, host, components, javaOptions);
        case "prosody" -> new ProsodyContender(net, host, components);
        case "ejabberd" -> new EjabberdContender(net, host, components);
        case "jabberd2" -> new Jabberd2Contender(net, host, components);
        default -> throw new IllegalArgumentException(program);
      };
    }

    /** Links from all components of X to all of Y. */
    Generator.Links links() throws IOException {
      if (links == null) {
        senders = x.attachAll();
        opened.addAll(senders);
        List<RawComponent> receivers = y.attachAll();
        opened.addAll(receivers);
        links = new Generator.Links(senders, receivers, 50);
      }
      return links;
    }

    Generator generator(int body) throws IOException {
      RawComponent sender = x.attach(0);
      RawComponent receiver = y.attach(0);
      Generator generator = new Generator(sender, receiver, body);
      opened.add(generator);
      return generator;
    }

    @Override
    public void close() throws IOException {
      for (AutoCloseable one : opened) {
        try {
          one.close();
        } catch (Exception e) {
          say(e.toString());
        }
      }
      x.close();
      y.close();
      net.close();
    }
  }

  private static List<String> names(String prefix, int count, String host) {
    return count == 1
        ? List.of(prefix + "." + host)
        : IntStream.range(0, count).mapToObj(i -> prefix + i + "." + host).toList();
  }

  private void put(String program, String what, double value, int decimals, boolean disturbed) {
    table.put(what, program, value, decimals, disturbed);
  }

  private int runs() {
    return options.quick ? 1 : 3;
  }

  /** Each program, one server at a time. */
  private void start(String program) throws IOException, InterruptedException {
    if (program.equals("comity")) {
      ComityContender.forgetCache(root);
      started(program, "first start after a build, until listening, s");
    }
    for (int run = 0; run < runs() + 2; run++) {
      started(program, "start until listening, s");
    }
  }

  private void started(String program, String what) throws IOException, InterruptedException {
    Quiet watch = new Quiet(options.waitForQuiet);
    try (Two two = new Two(program, 1, 1, options.javaOptions, false)) {
      watch.begin();
      two.x.start();
      boolean disturbed = watch.disturbed();
      if (two.x instanceof ComityContender comity) {
        comity.checkCache();
      }
      put(program, what, two.x.startSeconds(), 2, disturbed);
      say("%s, %s: %.2f%s".formatted(program, what, two.x.startSeconds(), disturbed ? " †" : ""));
    }
  }

  private void flood(String program) throws IOException, InterruptedException, TimeoutException {
    int warmUp = options.quick ? 40_000 : 200_000;
    int count = options.quick ? 40_000 : 200_000;
    for (int body : new int[] {100, 1024}) {
      try (Two two = new Two(program, 1, 1, options.javaOptions)) {
        String size = body + " B";
        if (body == 100) {
          put(program, "RSS idle, MiB, X", two.x.residentMib(), 0, false);
          put(program, "RSS idle, MiB, Y", two.y.residentMib(), 0, false);
        }
        Generator generator = two.generator(body);
        // The link stands before anything is measured: what waits for one may be overtaken by what
        // comes after it (seen with Prosody), and the run would end for it.
        generator.paced(200, 1, false);
        Quiet watch = new Quiet(options.waitForQuiet);
        watch.begin();
        measured(program, size + " cold", two, generator, watch, 40_000);
        generator.flood(warmUp);
        for (int run = 0; run < runs(); run++) {
          watch.begin();
          measured(program, size + " warm", two, generator, watch, count);
        }
        put(program, "RSS after " + size + ", MiB, X", two.x.residentMib(), 0, false);
        put(program, "RSS after " + size + ", MiB, Y", two.y.residentMib(), 0, false);
      }
    }
  }

  private void measured(
      String program, String what, Two two, Generator generator, Quiet watch, int count)
      throws IOException, TimeoutException {
    double x = two.x.cpuSeconds();
    double y = two.y.cpuSeconds();
    double own = ProcessFigures.ownCpuSeconds();
    Generator.Result result = generator.flood(count);
    x = two.x.cpuSeconds() - x;
    y = two.y.cpuSeconds() - y;
    own = ProcessFigures.ownCpuSeconds() - own;
    boolean disturbed = watch.disturbed();
    double lakhs = count / 100_000.0;
    put(program, what + ": stanzas/s", result.rate(), 0, disturbed);
    put(program, what + ": CPU s per 100k, X (sending)", x / lakhs, 2, disturbed);
    put(program, what + ": CPU s per 100k, Y (receiving)", y / lakhs, 2, disturbed);
    put(program, what + ": CPU s per 100k, generator", own / lakhs, 2, disturbed);
    put(program, what + ": latency p50, ms", result.latency(0.5), 1, disturbed);
    put(program, what + ": latency p99, ms", result.latency(0.99), 1, disturbed);
    say(
        "%s, %s: %,.0f stanzas/s, CPU s per 100k X %.2f Y %.2f generator %.2f, p50 %.1f p99 %.1f ms%s"
            .formatted(
                program,
                what,
                result.rate(),
                x / lakhs,
                y / lakhs,
                own / lakhs,
                result.latency(0.5),
                result.latency(0.99),
                disturbed ? " †" : ""));
  }

  private void paced(String program) throws IOException, InterruptedException, TimeoutException {
    int count = options.quick ? 1_000 : 4_000;
    try (Two two = new Two(program, 1, 1, options.javaOptions)) {
      Generator generator = two.generator(100);
      generator.paced(200, 1, false);
      generator.flood(options.quick ? 40_000 : 200_000);
      for (boolean roundTrip : new boolean[] {false, true}) {
        // One stanza at a time takes other paths than many: they are to be warm as well.
        generator.paced(2_000, options.quick ? 4_000 : 20_000, roundTrip);
        for (int run = 0; run < runs(); run++) {
          Quiet watch = new Quiet(options.waitForQuiet);
          watch.begin();
          double x = two.x.cpuSeconds();
          double y = two.y.cpuSeconds();
          Generator.Result result = generator.paced(200, count, roundTrip);
          x = two.x.cpuSeconds() - x;
          y = two.y.cpuSeconds() - y;
          boolean disturbed = watch.disturbed();
          String what = "200/s " + (roundTrip ? "round trip" : "one way");
          put(program, what + ": p50, ms", result.latency(0.5), 2, disturbed);
          put(program, what + ": p99, ms", result.latency(0.99), 2, disturbed);
          put(program, what + ": CPU s per 100k, X", x * 100_000 / count, 1, disturbed);
          put(program, what + ": CPU s per 100k, Y", y * 100_000 / count, 1, disturbed);
          say(
              "%s, %s: p50 %.2f p99 %.2f ms%s"
                  .formatted(
                      program,
                      what,
                      result.latency(0.5),
                      result.latency(0.99),
                      disturbed ? " †" : ""));
        }
      }
    }
  }

  /**
   * New links as fast as 50 at a time allow: the first of fresh processes, then as many again for
   * warming up, and then those of warm ones.
   */
  private void links(String program) throws IOException, InterruptedException, TimeoutException {
    int cold = options.quick ? 10 : 50;
    int warmUp = 3 * cold;
    int warm = 2 * cold;
    int receivers = 20;
    for (int run = 0; run < runs(); run++) {
      try (Two two = new Two(program, cold + warmUp + warm, receivers, options.javaOptions)) {
        Quiet watch = new Quiet(options.waitForQuiet);
        two.links();
        opened(program, two, watch, two.senders.subList(0, cold), "links cold", true);
        opened(
            program, two, watch, two.senders.subList(cold, cold + warmUp), "links between", false);
        opened(
            program,
            two,
            watch,
            two.senders.subList(cold + warmUp, two.senders.size()),
            "links warm",
            true);
      }
    }
  }

  private long opened(
      String program, Two two, Quiet watch, List<RawComponent> senders, String what, boolean put)
      throws IOException, InterruptedException, TimeoutException {
    watch.begin();
    double x = two.x.cpuSeconds();
    double y = two.y.cpuSeconds();
    double rssX = two.x.residentMib();
    double rssY = two.y.residentMib();
    long before = established(List.of(two.y.starttls, two.y.directTls));
    Generator.Result result = two.links().open(senders);
    x = two.x.cpuSeconds() - x;
    y = two.y.cpuSeconds() - y;
    boolean disturbed = watch.disturbed();
    long links = result.stanzas();
    long sockets = established(List.of(two.y.starttls, two.y.directTls)) - before;
    if (put) {
      put(program, what + ": links/s", result.rate(), 0, disturbed);
      put(program, what + ": link time p50, ms", result.latency(0.5), 0, disturbed);
      put(program, what + ": link time p99, ms", result.latency(0.99), 0, disturbed);
      put(program, what + ": CPU ms per link, X", x * 1000 / links, 2, disturbed);
      put(program, what + ": CPU ms per link, Y", y * 1000 / links, 2, disturbed);
      put(program, what + ": RSS KiB per link, X", kib(two.x, rssX) / links, 1, disturbed);
      put(program, what + ": RSS KiB per link, Y", kib(two.y, rssY) / links, 1, disturbed);
      put(program, what + ": connections per pair", (double) sockets / links, 2, disturbed);
    }
    say(
        "%s, %s: %d pairs on %d connections, %.0f links/s, CPU ms per link X %.2f Y %.2f%s"
            .formatted(
                program,
                what,
                links,
                sockets,
                result.rate(),
                x * 1000 / links,
                y * 1000 / links,
                disturbed ? " †" : ""));
    return sockets;
  }

  private static double kib(Contender server, double beforeMib) {
    return (server.residentMib() - beforeMib) * 1024;
  }

  /** Memory of idle connections: of this server with a fixed heap and after a collection. */
  private void memory(String program) throws IOException, InterruptedException, TimeoutException {
    boolean java = program.equals("comity");
    int senders = options.quick ? 10 : 40;
    int receivers = options.quick ? 20 : 50;
    String fixed = "-Xms512m -Xmx512m -XX:+AlwaysPreTouch";
    try (Two two = new Two(program, senders, receivers, java ? fixed : "")) {
      two.links();
      double x = settled(two.x, java);
      double y = settled(two.y, java);
      double liveX = java ? live(two.x) : Double.NaN;
      double liveY = java ? live(two.y) : Double.NaN;
      long connections =
          opened(program, two, new Quiet(options.waitForQuiet), two.senders, "memory", false);
      if (connections == 0) {
        throw new IOException("no connection was counted");
      }
      put(
          program,
          "RSS KiB per idle connection, X",
          (settled(two.x, java) - x) * 1024 / connections,
          1,
          false);
      put(
          program,
          "RSS KiB per idle connection, Y",
          (settled(two.y, java) - y) * 1024 / connections,
          1,
          false);
      if (java) {
        put(
            program,
            "live heap KiB per idle connection, X",
            (live(two.x) - liveX) / 1024 / connections,
            1,
            false);
        put(
            program,
            "live heap KiB per idle connection, Y",
            (live(two.y) - liveY) / 1024 / connections,
            1,
            false);
      }
      put(program, "idle connections counted", (double) connections, 0, false);
    }
  }

  private static double settled(Contender server, boolean java)
      throws IOException, InterruptedException {
    TimeUnit.SECONDS.sleep(2);
    if (java) {
      jcmd(server, "GC.run");
      jcmd(server, "GC.run");
    }
    return server.residentMib();
  }

  /** The bytes of all objects that are reachable. */
  private static double live(Contender server) throws IOException, InterruptedException {
    for (String line : jcmd(server, "GC.class_histogram").lines().toList()) {
      if (line.startsWith("Total")) {
        return Double.parseDouble(line.trim().split(" +", -1)[2]);
      }
    }
    throw new IOException("jcmd gave no total");
  }

  private static String jcmd(Contender server, String command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(server.handles().getFirst().pid()),
                command)
            .redirectErrorStream(true)
            .start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + ": " + answer);
    }
    return answer;
  }

  /** How many connections these local ports have. */
  private static long established(List<Integer> ports) throws IOException {
    long count = 0;
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      if (!Files.exists(Path.of(table))) {
        continue;
      }
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] words = line.trim().split(" +", -1);
        if (words.length > 3
            && words[3].equals("01")
            && ports.contains(
                Integer.parseInt(words[1].substring(words[1].lastIndexOf(':') + 1), 16))) {
          count++;
        }
      }
    }
    return count;
  }

  private void print() throws IOException {
    System.out.print(table.text());
    if (options.markdown != null) {
      Files.writeString(options.markdown, table.markdown());
    }
  }

  private static void say(String line) {
    System.err.println("bench: " + line);
  }

  static {
    Locale.setDefault(Locale.ROOT);
  }
}
