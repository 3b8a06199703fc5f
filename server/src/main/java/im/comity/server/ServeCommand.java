package im.comity.server;

import im.comity.server.configuration.Configuration;
import im.comity.server.configuration.ConfigurationException;
import im.comity.server.configuration.FittingFiles;
import im.comity.server.configuration.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code comity serve}: runs the server until it is asked to stop. */
@Command(
    name = "serve",
    description = {
      "Runs the server until SIGTERM or SIGINT; a second one ends it at once.",
      "SIGHUP reads the configuration again: all of it, or nothing if it has an error."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    usageHelpAutoWidth = true)
final class ServeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  private final Daemon.Starter starter;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      required = true,
      description = "The configuration; comity config --example prints one to begin with.")
  private Path file = Path.of("comity.yaml");

  ServeCommand(Daemon.Starter starter) {
    this.starter = starter;
  }

  @Override
  public Integer call() throws InterruptedException {
    // Whoever asks a second time does not want to wait for streams to end.
    try (Lifecycle lifecycle =
        Lifecycle.listen(() -> Runtime.getRuntime().halt(ExitStatus.FAILED))) {
      return serve(lifecycle);
    }
  }

  int serve(Lifecycle lifecycle) throws InterruptedException {
    Configuration configuration;
    try {
      configuration = Configuration.read(file, InstantSource.system(), fitting());
    } catch (ConfigurationException e) {
      ConfigCommand.report(e, spec.commandLine().getErr(), "; nothing was started");
      return ExitStatus.WRONG;
    }
    use(configuration);
    Daemon daemon;
    try {
      daemon = starter.start(configuration);
    } catch (IOException e) {
      LOG.error("not started: {}", e.getMessage());
      return ExitStatus.FAILED;
    }
    LOG.info("started with {}", file);
    while (lifecycle.next() == Lifecycle.Request.RELOAD) {
      configuration = reload(daemon, configuration);
    }
    LOG.info("stopping; streams have {} s to end", configuration.timeouts().stop().toSeconds());
    daemon.stop(configuration.timeouts().stop());
    LOG.info("stopped");
    return ExitStatus.OK;
  }

  /** Set by the script that starts us: where to remember which files fit the schema. */
  private static FittingFiles fitting() {
    String memory = System.getProperty("comity.fitting");
    return memory == null ? FittingFiles.NONE : FittingFiles.in(Path.of(memory));
  }

  /** The configuration that is in force afterwards. */
  private Configuration reload(Daemon daemon, Configuration current) {
    try {
      Configuration next = Configuration.read(file, InstantSource.system());
      daemon.reload(next);
      use(next);
      LOG.info("reloaded {}", file);
      return next;
    } catch (ConfigurationException e) {
      for (Problem problem : e.problems()) {
        LOG.atLevel(problem.isError() ? Level.ERROR : Level.WARN).log("{}", problem);
      }
      LOG.error("not reloaded; the configuration from before is in force");
    } catch (IOException e) {
      LOG.error("not reloaded, the configuration from before is in force: {}", e.getMessage());
    }
    return current;
  }

  private static void use(Configuration configuration) {
    Logs.configure(configuration.log());
    for (Problem warning : configuration.warnings()) {
      LOG.warn("{}", warning);
    }
  }
}
