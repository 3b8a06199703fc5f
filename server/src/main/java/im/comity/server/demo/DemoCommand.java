package im.comity.server.demo;

import im.comity.policy.FederationLevel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code comity demo}. */
@Command(
    name = "demo",
    description = {
      "Two providers federate on loopback: no DNS, no certificates, nothing to set up.",
      "A message crosses at each level, and one is refused with its code and remedy."
    },
    mixinStandardHelpOptions = true,
    usageHelpAutoWidth = true)
public final class DemoCommand implements Callable<Integer> {
  /** Set by the script that starts us if standard error is a terminal. */
  private static final String COLOUR = "comity.colour";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print the outcome alone, as JSON.")
  private boolean json;

  @Option(
      names = "--keep",
      description = "Leave the providers running for a look, until SIGINT or SIGTERM.")
  private boolean keep;

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter story = json ? new PrintWriter(Writer.nullWriter()) : out;
    long began = System.nanoTime();
    try (Demo demo = new Demo(story, Boolean.getBoolean(COLOUR) && !json)) {
      demo.start();
      List<Demo.Outcome> outcomes = demo.run();
      long right = outcomes.stream().filter(Demo.Outcome::asExpected).count();
      if (json) {
        out.println(toJson(outcomes));
      } else {
        out.println();
        out.println(
            "%d of %d as expected in %.1f s"
                .formatted(right, outcomes.size(), (System.nanoTime() - began) / 1e9));
      }
      out.flush();
      if (keep) {
        story.println("Both go on running; stop them with Ctrl-C.");
        story.flush();
        untilStopped();
      }
      return right == outcomes.size() ? 0 : 1;
    }
  }

  private static void untilStopped() throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stopped.countDown();
                  try {
                    main.join(5_000);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
    stopped.await();
  }

  /** Domains and codes need no escaping: they are letters, digits, dots, hyphens, underscores. */
  private static String toJson(List<Demo.Outcome> outcomes) {
    StringBuilder json = new StringBuilder("{\"cases\":[");
    for (Demo.Outcome outcome : outcomes) {
      if (json.charAt(json.length() - 1) == '}') {
        json.append(',');
      }
      json.append(
          "{\"sender\":\"%s\",\"target\":\"%s\",\"expected\":\"%s\",\"reached\":\"%s\",\"code\":%s,\"ms\":%d}"
              .formatted(
                  outcome.pair().sender(),
                  outcome.pair().target(),
                  name(outcome.expected()),
                  name(outcome.reached()),
                  outcome.code() == null ? "null" : '"' + outcome.code() + '"',
                  outcome.ms()));
    }
    return json.append("]}").toString();
  }

  private static String name(@Nullable FederationLevel level) {
    return level == null ? "refused" : level.wire();
  }
}
