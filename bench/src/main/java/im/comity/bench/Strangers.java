package im.comity.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Honest traffic while strangers press; see {@code bench/strangers --help}. */
public final class Strangers {
  private static final int RATE = 200;
  private static final String CONTROL = "the bystander is pressed";
  private static final String PRESSED = "Y is pressed";
  private static final String P50 = "honest, 200/s: p50, ms";
  private static final String P99 = "honest, 200/s: p99, ms";

  private final int connections;
  private final int addresses;
  private final int handshakes;
  private final int seconds;
  private final int runs;
  private final boolean wait;
  private final Table table = new Table();

  private Strangers(
      int connections, int addresses, int handshakes, int seconds, int runs, boolean wait) {
    this.connections = connections;
    this.addresses = addresses;
    this.handshakes = handshakes;
    this.seconds = seconds;
    this.runs = runs;
    this.wait = wait;
  }

  /** The program; the first argument is the folder of the sources. */
  public static void main(String[] arguments) throws Exception {
    Locale.setDefault(Locale.ROOT);
    int connections = 5_000;
    int addresses = 50;
    int handshakes = 200;
    int seconds = 30;
    int runs = 3;
    boolean wait = true;
    Path markdown = null;
    Arguments options = new Arguments("bench/strangers", arguments);
    while (options.next()) {
      switch (options.option()) {
        case "--connections" -> connections = options.number();
        case "--addresses" -> addresses = options.number();
        case "--handshakes" -> handshakes = options.number();
        case "--seconds" -> seconds = options.number();
        case "--runs" -> runs = options.number();
        case "--no-wait" -> wait = false;
        case "--markdown" -> markdown = Path.of(options.value());
        default -> throw options.wrong("unknown argument " + options.option());
      }
    }
    try {
      Table table =
          new Strangers(
                  connections, Math.max(1, addresses), handshakes, Math.max(1, seconds), runs, wait)
              .all(Path.of(arguments[0]).toAbsolutePath().normalize());
      if (markdown != null) {
        Files.writeString(markdown, table.markdown());
      }
    } catch (IOException | TimeoutException e) {
      System.err.println("bench/strangers: " + e.getMessage());
      System.exit(1);
    }
    System.exit(0);
  }

  private Table all(Path root) throws IOException, InterruptedException, TimeoutException {
    BenchNet net = new BenchNet(root.resolve("bench/target/strangers"));
    try (net;
        Contender x = new ComityContender(net, root, "north.test", List.of("x.north.test"), "");
        Contender y = new ComityContender(net, root, "south.test", List.of("y.south.test"), "");
        Contender bystander =
            new ComityContender(net, root, "east.test", List.of("z.east.test"), "")) {
      x.start();
      y.start();
      bystander.start();
      try (Generator generator = new Generator(x.attach(0), y.attach(0), 100)) {
        generator.flood(200_000);
        generator.paced(RATE, RATE * 5, false);
        for (int run = 0; run < runs; run++) {
          measure("nobody is pressed", generator, y, null);
          measure(CONTROL, generator, bystander, bystander);
          measure(PRESSED, generator, y, y);
        }
        System.out.print(table.text());
        System.out.printf(
            "pressed / control: p50 %.2f, p99 %.2f%n",
            pressedByControl(P50), pressedByControl(P99));
        return table;
      }
    }
  }

  private double pressedByControl(String figure) {
    return table.median(PRESSED, figure) / table.median(CONTROL, figure);
  }

  /** Pressure, if any, from before the measurement until after it. */
  private void measure(
      String what, Generator generator, Contender watched, @Nullable Contender target)
      throws IOException, InterruptedException, TimeoutException {
    Quiet watch = new Quiet(wait);
    watch.begin();
    double before = watched.residentMib();
    double[] most = {before};
    boolean[] done = {false};
    Thread sampling =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  while (true) {
                    synchronized (done) {
                      if (done[0]) {
                        return;
                      }
                      most[0] = Math.max(most[0], watched.residentMib());
                    }
                    try {
                      TimeUnit.MILLISECONDS.sleep(200);
                    } catch (InterruptedException e) {
                      return;
                    }
                  }
                });
    try (StrangerLoad load =
        target == null
            ? null
            : new StrangerLoad(
                target.host,
                target.starttls,
                target.directTls,
                connections,
                addresses,
                handshakes)) {
      // Until they are there; a server that lets fewer in is measured with those it lets in.
      for (int i = 0; load != null && i < 100 && load.open() < connections * 9L / 10; i++) {
        TimeUnit.MILLISECONDS.sleep(100);
      }
      double cpu = watched.cpuSeconds();
      long shaken = load == null ? 0 : load.handshakes();
      Generator.Result result = generator.paced(RATE, RATE * seconds, false);
      if (load != null) {
        load.check();
      }
      cpu = (watched.cpuSeconds() - cpu) / result.seconds();
      boolean disturbed = watch.disturbed();
      synchronized (done) {
        done[0] = true;
        table.put(what, P50, result.latency(0.5), 2, disturbed);
        table.put(what, P99, result.latency(0.99), 2, disturbed);
        table.put(what, "RSS of the pressed, MiB", most[0], 0, disturbed);
        table.put(what, "CPU, cores", cpu, 2, disturbed);
      }
      sampling.interrupt();
      System.err.printf(
          "bench: %s: p50 %.2f p99 %.2f ms, RSS %.0f before, at most %.0f MiB, %.2f cores%s%s%n",
          what,
          result.latency(0.5),
          result.latency(0.99),
          before,
          most[0],
          cpu,
          load == null
              ? ""
              : ", %d connections open, %d opened, %.0f handshakes/s, %d failed"
                  .formatted(
                      load.open(),
                      load.opened(),
                      (load.handshakes() - shaken) / result.seconds(),
                      load.failedHandshakes()),
          disturbed ? " †" : "");
    }
  }
}
