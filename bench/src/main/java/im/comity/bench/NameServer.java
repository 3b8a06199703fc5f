package im.comity.bench;

import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The DNS server of the test kit in a process of its own, so that its work is not in the way of the
 * generator, nor counted with it.
 */
final class NameServer implements AutoCloseable {
  private static final String READY = "ready ";

  private final Process process;
  private final BufferedReader answers;
  private final Writer records;
  private final int port;

  private NameServer(Process process) throws IOException {
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.records = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
    this.port = answer();
  }

  /** Starts it, with nothing but {@code localhost}. */
  static NameServer start() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                NameServer.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      return new NameServer(process);
    } catch (IOException e) {
      process.destroy();
      throw e;
    }
  }

  int port() {
    return port;
  }

  /**
   * Replaces the records below {@code test}, lines of a master file; returns when they are served.
   */
  void serve(List<String> lines) throws IOException {
    for (String line : lines) {
      records.append(line).append('\n');
    }
    records.append('\n').flush();
    answer();
  }

  private int answer() throws IOException {
    String line = answers.readLine();
    if (line == null || !line.startsWith(READY)) {
      throw new IOException("the DNS server did not start");
    }
    return Integer.parseInt(line.substring(READY.length()));
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The process: reads records, an empty line behind them, until its input ends. */
  public static void main(String[] arguments) throws IOException {
    try (TestDnsServer dns = TestDnsServer.start(zones(""))) {
      System.out.println(READY + dns.address().getPort());
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      StringBuilder records = new StringBuilder();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isEmpty()) {
          records.append(line).append('\n');
          continue;
        }
        dns.serve(zones(records.toString()));
        records.setLength(0);
        System.out.println(READY + dns.address().getPort());
      }
    }
  }

  private static ZoneSet zones(String records) {
    return ZoneSet.of(
        InstantSource.system(),
        TestZone.of("test.", "@ 3600 IN TXT \"bench\"\n" + records),
        TestZone.of("localhost.", "@ 3600 IN A 127.0.0.1\n"));
  }
}
