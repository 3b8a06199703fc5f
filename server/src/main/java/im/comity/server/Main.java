package im.comity.server;

import im.comity.server.demo.DemoCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code comity} command. */
@Command(
    name = "comity",
    description = "The federation server for XMPP.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {DemoCommand.class, ConfigCommand.class},
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      ExitStatus.OK + ":done",
      ExitStatus.FAILED + ":failed",
      ExitStatus.WRONG + ":wrong arguments or configuration; nothing was started",
      ExitStatus.MISSING + ":something must be installed first"
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  private Main() {}

  /** Runs the command and ends this process with its status. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The command, ready to be executed. */
  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Main());
    commandLine.addSubcommand(new ServeCommand(FederationDaemon::start));
    commandLine.setParameterExceptionHandler((e, _) -> wrongArguments(e));
    commandLine.setExecutionExceptionHandler(
        (e, failed, _) -> {
          failed.getErr().println(failed.getCommandName() + ": " + describe(e));
          return ExitStatus.FAILED;
        });
    return commandLine;
  }

  /** An exception that no command expected is a fault of ours: it is shown whole. */
  private static String describe(Exception e) {
    StringBuilder text = new StringBuilder("failed for a reason that is no fault of yours: ");
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      text.append(cause).append('\n');
      for (StackTraceElement frame : cause.getStackTrace()) {
        text.append("  at ").append(frame).append('\n');
      }
    }
    return text.toString().stripTrailing();
  }

  /** One line that says what is wrong and what may have been meant; no page of help. */
  private static int wrongArguments(ParameterException e) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    PrintWriter err = command.getErr();
    err.println(name + ": " + e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        err.println("Did you mean " + String.join(" or ", suggestions) + "?");
      }
    }
    err.println("Try " + name + " --help");
    return ExitStatus.WRONG;
  }

  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "a command is missing: " + String.join(", ", spec.subcommands().keySet()));
  }

  /** The version, from the build. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      return new String[] {
        "Comity " + number(),
        "Java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
      };
    }

    static String number() throws IOException {
      Properties properties = new Properties();
      try (InputStream in = Main.class.getResourceAsStream("version.properties")) {
        if (in == null) {
          throw new IOException("version.properties is missing in this build");
        }
        properties.load(in);
      }
      return properties.getProperty("version", "unknown");
    }
  }
}
