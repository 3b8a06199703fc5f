package im.comity.bench;

import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** This project's server, started by its own command, within the limits that are shipped. */
final class ComityContender extends Contender {
  private final Path root;
  private final String javaOptions;

  /**
   * @param root the folder of the sources, in which {@code comity} is
   * @param javaOptions further options of the virtual machine, or nothing
   */
  ComityContender(
      BenchNet net, Path root, String host, List<String> components, String javaOptions) {
    super(net, host, components);
    this.root = root;
    this.javaOptions = javaOptions;
  }

  /** Makes the next start the first after a build: the one that prepares the others. */
  static void forgetCache(Path root) throws IOException {
    try (DirectoryStream<Path> caches =
        Files.newDirectoryStream(root.resolve("server/target"), "comity-*.aot")) {
      for (Path cache : caches) {
        Files.delete(cache);
      }
    }
  }

  /**
   * Whether it was started as every start is but the first after a build: from the cache of its
   * classes.
   *
   * @throws IOException it was not, so that its start is no figure
   */
  void checkCache() throws IOException {
    String command = Files.readString(Path.of("/proc/" + handles().getFirst().pid() + "/cmdline"));
    if (!command.contains("-XX:AOTCache=")) {
      throw new IOException("was not started from the cache of its classes");
    }
  }

  @Override
  void prepare(TestCertificate certificate) throws IOException {
    StringBuilder text = new StringBuilder("domains:\n");
    components.forEach(name -> text.append("  - ").append(name).append('\n'));
    text.append("components:\n");
    components.forEach(
        name ->
            text.append("  - {names: [")
                .append(name)
                .append("], secret: \"")
                .append(SECRET)
                .append("\"}\n"));
    text.append(
        """
        listen:
          s2s:
            - {address: 127.0.0.1, port: %d, tls: starttls}
            - {address: 127.0.0.1, port: %d, tls: direct}
          components:
            - {address: 127.0.0.1, port: %d}
        certificates:
          - {chain: certificate.pem, key: key.pem}
        trust: {anchors: [%s]}
        dns: {resolvers: ["127.0.0.1:%d"]}
        policy: {default: {level: trusted}}
        allow-private-addresses: true
        log: {level: warn}
        """
            .formatted(starttls, directTls, componentPort, net.anchors, net.dnsPort()));
    Files.writeString(folder.resolve("comity.yaml"), text);
  }

  @Override
  List<List<String>> commands() {
    return List.of(
        List.of(
            root.resolve("comity").toString(),
            "serve",
            "-c",
            folder.resolve("comity.yaml").toString()));
  }

  @Override
  Map<String, String> environment() {
    return Map.of("COMITY_JAVA_OPTS", javaOptions);
  }
}
