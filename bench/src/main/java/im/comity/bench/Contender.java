package im.comity.bench;

import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A server under test: processes of its own, in a configuration to be thrown away. */
abstract class Contender implements AutoCloseable {
  static final String SECRET = "a secret for the comparison";
  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(60);

  final BenchNet net;
  final Path folder;
  final String host;
  final List<String> components;
  final int componentPort = BenchNet.freePort();
  final int starttls = BenchNet.freePort();
  final int directTls = BenchNet.freePort();
  private final List<Process> processes = new ArrayList<>();
  private double startSeconds;

  Contender(BenchNet net, String host, List<String> components) {
    this.net = net;
    this.host = host;
    this.components = List.copyOf(components);
    folder = net.folder.resolve(host);
  }

  /** Writes its configuration. */
  abstract void prepare(TestCertificate certificate) throws IOException;

  /** What is started, in this order. */
  abstract List<List<String>> commands();

  Map<String, String> environment() {
    return Map.of();
  }

  /** The ports that it listens on when it is up. */
  List<Integer> ports() {
    return List.of(componentPort, starttls, directTls);
  }

  final void start() throws IOException {
    Files.createDirectories(folder);
    List<String> names = new ArrayList<>(components);
    names.add(host);
    TestCertificate certificate = net.certificate(names);
    Files.writeString(folder.resolve("certificate.pem"), certificate.chainPem());
    Files.writeString(folder.resolve("key.pem"), certificate.keyPem());
    prepare(certificate);
    List<Integer> ports = ports();
    net.publish(names, starttls, ports.contains(directTls) ? directTls : 0);
    long began = System.nanoTime();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::close));
    for (List<String> command : commands()) {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().putAll(environment());
      builder.directory(folder.toFile());
      builder.redirectErrorStream(true);
      builder.redirectOutput(
          ProcessBuilder.Redirect.appendTo(folder.resolve("console.log").toFile()));
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      processes.add(builder.start());
    }
    for (int port : ports) {
      while (!listens(port)) {
        if (System.nanoTime() - began > START_NANOS
            || processes.stream().anyMatch(process -> !process.isAlive())) {
          throw new IOException(
              host
                  + " does not listen on port "
                  + port
                  + ":\n"
                  + Files.readString(folder.resolve("console.log")));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
    }
    startSeconds = (System.nanoTime() - began) / 1e9;
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** From the start of its processes until all its ports accept connections. */
  final double startSeconds() {
    return startSeconds;
  }

  final List<ProcessHandle> handles() {
    return processes.stream().map(Process::toHandle).toList();
  }

  final double cpuSeconds() {
    return ProcessFigures.cpuSeconds(handles());
  }

  final double residentMib() {
    return ProcessFigures.residentKib(handles()) / 1024.0;
  }

  final RawComponent attach(int number) throws IOException {
    return new RawComponent(componentPort, components.get(number), SECRET);
  }

  final List<RawComponent> attachAll() throws IOException {
    List<RawComponent> attached = new ArrayList<>();
    for (int i = 0; i < components.size(); i++) {
      attached.add(attach(i));
    }
    return attached;
  }

  /** Ends its processes, by their handles. */
  @Override
  public final synchronized void close() {
    for (Process process : processes.reversed()) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroy();
      try {
        if (!process.waitFor(15, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
