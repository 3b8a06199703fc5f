package im.comity.bench;

import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * This project's server, started by its own command.
 *
 * <p>Two limits are not those that are shipped: connections per address, as all come from one; and
 * the bytes that may wait to be sent, as the window of large messages is more than the megabyte
 * that is shipped, and stanzas would return.
 */
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
        limits: {connections-per-address: 1000000, unsent-bytes: 4194304}
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
