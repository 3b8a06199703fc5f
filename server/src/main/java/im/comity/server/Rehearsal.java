package im.comity.server;

import im.comity.server.configuration.Configuration;
import im.comity.server.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/**
 * Does once what a server does when it starts, on loopback, for a virtual machine that writes down
 * which classes and methods that takes (JEP 483, 514): the script {@code comity} makes its cache of
 * them so. Whatever happens here changes nothing but the speed of later starts.
 */
final class Rehearsal {
  private static final String EVERYTHING =
      """
      domains:
        - name: a.example
          contacts: {abuse: ["mailto:abuse@a.example"]}
        - b.example
      components:
        - {names: [b.example], secret: "not used by anybody"}
      listen:
        s2s: [{address: 127.0.0.1, port: 0}, {address: 127.0.0.1, port: 0, tls: direct}]
        components: [{address: 127.0.0.1, port: 0}]
      policy:
        default: {level: encrypted}
      """;

  private Rehearsal() {}

  /** Runs it; the arguments are not looked at. */
  public static void main(String[] arguments) throws IOException, ConfigurationException {
    Path file = Files.createTempFile("comity", ".yaml");
    try {
      Files.writeString(file, EVERYTHING);
      int checked = Main.commandLine().execute("config", "--check", file.toString());
      Configuration configuration = Configuration.read(file, InstantSource.system());
      Logs.configure(configuration.log());
      FederationDaemon.start(configuration).stop(Duration.ZERO);
      int shown = Main.commandLine().execute("demo", "--json");
      System.exit(Math.max(checked, shown));
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
