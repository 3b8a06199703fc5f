package im.comity.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import im.comity.address.Domain;
import im.comity.server.configuration.Configuration;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** The command around a daemon that only writes down what it is told. */
class ServeCommandTest {
  @TempDir Path folder;
  private Path file;
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final StringWriter err = new StringWriter();
  private final List<Thread> threads = new ArrayList<>();

  @BeforeEach
  void writeAConfiguration() throws IOException {
    file = folder.resolve("comity.yaml");
    configure("a.example");
  }

  @AfterEach
  void nothingIsLeftRunning() throws InterruptedException {
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(10))).isTrue();
    }
    Logs.configure(Configuration.Log.DEFAULT);
  }

  @Test
  void aWrongConfigurationStartsNothing() throws Exception {
    Files.writeString(file, "domains: []\n");
    FutureTask<Integer> serving = serve();
    assertThat(status(serving)).isEqualTo(2);
    assertThat(told).isEmpty();
    assertThat(err.toString())
        .startsWith(file + ":1:10: error: domains: is empty")
        .endsWith("1 error; nothing was started" + System.lineSeparator());
  }

  @Test
  void aServerThatCannotListenEndsWithOne() throws Exception {
    FutureTask<Integer> serving =
        serve(
            _ -> {
              throw new BindException("port 5269 is in use");
            });
    assertThat(status(serving)).isEqualTo(1);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void signalsReloadAndStop() throws Exception {
    FutureTask<Integer> serving = serve();
    assertThat(next()).isEqualTo("start a.example");

    configure("b.example");
    signal("HUP");
    assertThat(next()).isEqualTo("reload b.example");

    signal("TERM");
    assertThat(next()).isEqualTo("stop PT3S");
    assertThat(status(serving)).isEqualTo(0);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aWrongFileIsNotReloadedAndTheOldOneStaysInForce() throws Exception {
    FutureTask<Integer> serving = serve();
    assertThat(next()).isEqualTo("start a.example");

    tellErrors();
    Files.writeString(file, "domains: [b.example]\ntimeouts: {stop: 9s}\nlog: {level: loud}\n");
    signal("HUP");
    assertThat(next())
        .startsWith("log " + file + ":3:14: error: log.level: \"loud\" is not allowed");
    assertThat(next()).isEqualTo("log not reloaded; the configuration from before is in force");
    signal("INT");
    assertThat(next()).isEqualTo("stop PT3S");
    assertThat(status(serving)).isEqualTo(0);
  }

  @Test
  void aDaemonThatRefusesAReloadKeepsWhatItHas() throws Exception {
    Lifecycle lifecycle = Lifecycle.listen(() -> told.add("at once"));
    ServeCommand command = new ServeCommand(configuration -> new Told(configuration, true));
    FutureTask<Integer> serving = start(() -> execute(command, lifecycle));
    assertThat(next()).isEqualTo("start a.example");
    Files.writeString(file, "domains: [b.example]\ntimeouts: {stop: 9s}\n");
    lifecycle.ask(Lifecycle.Request.RELOAD);
    assertThat(next()).isEqualTo("refused b.example");
    lifecycle.ask(Lifecycle.Request.STOP);
    assertThat(next()).isEqualTo("stop PT3S");
    assertThat(status(serving)).isEqualTo(0);
    lifecycle.ask(Lifecycle.Request.STOP);
    assertThat(next()).as("a second request to stop").isEqualTo("at once");
    lifecycle.close();
  }

  @Test
  void reloadsThatNobodyHasBegunAreOneAndAStopGoesFirst() throws InterruptedException {
    try (Lifecycle lifecycle = Lifecycle.listen(() -> told.add("at once"))) {
      lifecycle.ask(Lifecycle.Request.RELOAD);
      lifecycle.ask(Lifecycle.Request.RELOAD);
      assertThat(lifecycle.next()).isEqualTo(Lifecycle.Request.RELOAD);
      lifecycle.ask(Lifecycle.Request.RELOAD);
      lifecycle.ask(Lifecycle.Request.STOP);
      assertThat(lifecycle.next()).isEqualTo(Lifecycle.Request.STOP);
    }
    assertThat(told).isEmpty();
  }

  // ---- helpers -------------------------------------------------------------------------------

  private final class Told implements Daemon {
    private final boolean refusing;

    Told(Configuration configuration, boolean refusing) {
      this.refusing = refusing;
      told.add("start " + domain(configuration));
    }

    @Override
    public void reload(Configuration next) throws IOException {
      told.add((refusing ? "refused " : "reload ") + domain(next));
      if (refusing) {
        throw new IOException("no");
      }
    }

    @Override
    public void stop(Duration grace) {
      told.add("stop " + grace);
    }
  }

  private void tellErrors() {
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (event.getLevel() == Level.ERROR) {
              told.add("log " + event.getFormattedMessage());
            }
          }
        };
    appender.start();
    ((Logger) LoggerFactory.getLogger(ServeCommand.class)).addAppender(appender);
  }

  private static Domain domain(Configuration configuration) {
    return configuration.domains().getFirst().name();
  }

  private void configure(String domain) throws IOException {
    Files.writeString(file, "domains: [" + domain + "]\ntimeouts: {stop: 3s}\n");
  }

  private FutureTask<Integer> serve() {
    return serve(configuration -> new Told(configuration, false));
  }

  private FutureTask<Integer> serve(Daemon.Starter starter) {
    return start(() -> commandLine(new ServeCommand(starter)).execute("-c", file.toString()));
  }

  private int execute(ServeCommand command, Lifecycle lifecycle) throws InterruptedException {
    commandLine(command).parseArgs("-c", file.toString());
    return command.serve(lifecycle);
  }

  private CommandLine commandLine(ServeCommand command) {
    CommandLine commandLine = new CommandLine(command);
    commandLine.setErr(new PrintWriter(err, true));
    return commandLine;
  }

  private FutureTask<Integer> start(Callable<Integer> action) {
    FutureTask<Integer> task = new FutureTask<>(action);
    threads.add(Thread.ofPlatform().name("serve").start(task));
    return task;
  }

  private static int status(FutureTask<Integer> task)
      throws InterruptedException, ExecutionException, TimeoutException {
    return task.get(10, TimeUnit.SECONDS);
  }

  private String next() throws InterruptedException {
    return String.valueOf(told.poll(10, TimeUnit.SECONDS));
  }

  /** A real signal to this very process: the handlers are there as soon as it serves. */
  private static void signal(String name) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-" + name, String.valueOf(ProcessHandle.current().pid()))
            .start();
    assertThat(kill.waitFor()).isEqualTo(0);
  }
}
