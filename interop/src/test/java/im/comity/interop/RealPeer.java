package im.comity.interop;

import im.comity.policy.FederationLevel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A real server of another project, as a process of this play. */
abstract class RealPeer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final Path folder;
  final Path log;
  private Process process;

  RealPeer(Path folder) {
    this.folder = folder;
    this.log = folder.resolve("peer.log");
  }

  /** The name of its domain. */
  abstract String domain();

  /** The secret of the {@link #mouthpiece}. */
  static final String MOUTHPIECE_SECRET = "secret of the mouthpiece";

  /** Adds a component that may send in the name of the peer's own domain. */
  abstract RealPeer mouthpiece();

  /** Where {@link #mouthpiece} is reached, or 0 without one. */
  abstract int mouthpiecePort();

  final String mouthpieceName() {
    return "mouthpiece." + domain();
  }

  abstract List<String> command();

  abstract Map<String, String> environment();

  /** Ports that it listens on when it is up. */
  abstract List<Integer> ports();

  /** Writes its files anew and starts it; returns when it listens. */
  final void start() throws IOException {
    Files.createDirectories(folder);
    prepare();
    ProcessBuilder builder = new ProcessBuilder(command());
    builder.environment().putAll(environment());
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(folder.resolve("console.log").toFile()));
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    process = builder.start();
    for (int port : ports()) {
      Awaitility.await(domain() + " on port " + port)
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> !process.isAlive() || listens(port));
    }
    if (!process.isAlive()) {
      throw new IOException(
          domain() + " did not start:\n" + Files.readString(folder.resolve("console.log")));
    }
  }

  abstract void prepare() throws IOException;

  private static boolean listens(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends the process, by its handle. */
  final void stop() {
    if (process != null) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      try {
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  final String logText() {
    try {
      return Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Waits until its own log says so. */
  final void awaitLog(String regex) {
    awaitMatch(regex);
  }

  /** By its own log: the level of our stream to it, once that is proven. */
  abstract FederationLevel levelOfOurs(String ours);

  /** By its own log: the level of its stream to us, once that is proven. */
  abstract FederationLevel levelOfTheirs(String ours);

  /** What its log says, as a regular expression, when no stream of its own to us came about. */
  abstract String gaveUpOn(String ours);

  /** The first match in its log, for which it waits. */
  final MatchResult awaitMatch(String regex) {
    Pattern pattern = Pattern.compile(regex);
    return Awaitility.await(domain() + " logs " + regex)
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> pattern.matcher(logText()).results().findFirst(), Optional::isPresent)
        .orElseThrow();
  }

  static FederationLevel level(boolean tls, boolean external) {
    if (external) {
      return FederationLevel.TRUSTED;
    }
    return tls ? FederationLevel.ENCRYPTED : FederationLevel.VERIFIED;
  }

  @Override
  public void close() {
    stop();
  }
}
