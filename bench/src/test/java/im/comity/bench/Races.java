package im.comity.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.openjdk.jcstress.JCStress;
import org.openjdk.jcstress.Options;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.collectors.DiskReadCollector;
import org.openjdk.jcstress.infra.collectors.InProcessCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;

/**
 * Runs the races by jcstress and prints a line for each: how many samples, and what was seen that
 * must not be. See build/races.
 */
public final class Races {
  private Races() {}

  /**
   * Takes the options of jcstress, and leaves its files in the folder in which it is started.
   *
   * @throws Exception of jcstress
   */
  public static void main(String[] args) throws Exception {
    PrintStream console = System.out;
    // What jcstress says of its progress is for a file.
    try (PrintStream log = new PrintStream("jcstress.log", StandardCharsets.UTF_8)) {
      System.setOut(log);
      Options options = new Options(args);
      if (!options.parse()) {
        System.exit(2);
      }
      JCStress races = new JCStress(options);
      TreeSet<String> expected = new TreeSet<>(races.getTests());
      if (!expected.isEmpty()) {
        try {
          races.run();
        } catch (AssertionError e) {
          // Something forbidden was seen: told below, from the results.
          e.printStackTrace(log);
        }
      }
      boolean good = report(expected, results(options.getResultFile()), console);
      System.exit(good ? 0 : 1);
    }
  }

  private static Map<String, List<TestResult>> results(String file) {
    InProcessCollector all = new InProcessCollector();
    if (!Files.exists(Path.of(file))) {
      return Map.of();
    }
    try {
      DiskReadCollector disk = new DiskReadCollector(file, all);
      disk.dump();
      disk.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
    Map<String, List<TestResult>> byName = new TreeMap<>();
    all.getTestResults()
        .forEach(one -> byName.computeIfAbsent(one.getName(), _ -> new ArrayList<>()).add(one));
    return byName;
  }

  private static boolean report(
      Set<String> expected, Map<String, List<TestResult>> results, PrintStream console) {
    boolean good = !expected.isEmpty();
    for (String name : expected) {
      long samples = 0;
      TreeSet<String> wrong = new TreeSet<>();
      for (TestResult result : results.getOrDefault(name, List.of())) {
        samples += result.getTotalCount();
        if (result.status() != Status.NORMAL) {
          wrong.add(result.status() + " " + result.getMessages() + result.getVmErr());
        } else if (!result.grading().isPassed) {
          for (String state : result.getStateKeys()) {
            if (!state.equals(Ending.RIGHT)) {
              wrong.add(state + ": " + result.getCount(state));
            }
          }
          if (wrong.isEmpty()) {
            wrong.addAll(result.grading().failureMessages);
          }
        }
      }
      if (samples == 0 && wrong.isEmpty()) {
        wrong.add("no sample");
      }
      good &= wrong.isEmpty();
      console.printf(
          "races: %-36s %,10d samples, %s%n",
          name.substring(name.lastIndexOf('.') + 1),
          samples,
          wrong.isEmpty() ? "nothing forbidden" : "FORBIDDEN " + String.join("; ", wrong));
    }
    if (expected.isEmpty()) {
      console.println("races: no test of that name");
    }
    return good;
  }
}
