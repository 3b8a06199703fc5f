package im.comity.server;

import im.comity.server.configuration.Configuration;
import im.comity.server.configuration.ConfigurationException;
import im.comity.server.configuration.Example;
import im.comity.server.configuration.Problem;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code comity config}: what a configuration may say, and whether one is good. */
@Command(
    name = "config",
    description = "Shows what a configuration may say, or checks one.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    usageHelpAutoWidth = true)
final class ConfigCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Task task = new Task();

  private static final class Task {
    @Option(
        names = "--example",
        description = "Print a commented configuration to begin with, with a secret of its own.")
    boolean example;

    @Option(
        names = "--schema",
        description = "Print the JSON schema of the configuration, for editors.")
    boolean schema;

    @Option(
        names = "--check",
        paramLabel = "FILE",
        description = "Check a configuration and all files that it names; start nothing.")
    @Nullable Path check;
  }

  @Override
  public Integer call() {
    if (task.check != null) {
      return check(task.check);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (task.example) {
      out.print(Example.print(new SecureRandom()));
    }
    if (task.schema) {
      out.print(Configuration.schema());
    }
    out.flush();
    return ExitStatus.OK;
  }

  private int check(Path file) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try {
      Configuration configuration = Configuration.read(file, InstantSource.system());
      configuration.warnings().forEach(err::println);
      out.println(file + ": good; " + summary(configuration));
      return ExitStatus.OK;
    } catch (ConfigurationException e) {
      report(e, err, "");
      return ExitStatus.WRONG;
    }
  }

  /** Prints every problem, how many there are, and what came of it. */
  static void report(ConfigurationException e, PrintWriter err, String consequence) {
    e.problems().forEach(err::println);
    long errors = e.problems().stream().filter(Problem::isError).count();
    err.println(count(errors, "error") + consequence);
  }

  private static String summary(Configuration configuration) {
    return String.join(
        ", ",
        List.of(
            count(configuration.domains().size(), "domain"),
            count(configuration.components().size(), "component"),
            count(
                configuration.s2sListeners().size() + configuration.componentListeners().size(),
                "listener"),
            count(configuration.warnings().size(), "warning")));
  }

  private static String count(long number, String of) {
    return number + " " + of + (number == 1 ? "" : "s");
  }
}
