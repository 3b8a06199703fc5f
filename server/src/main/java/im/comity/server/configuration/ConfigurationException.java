package im.comity.server.configuration;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration cannot be used. Carries everything that is wrong with it, not the first. */
public final class ConfigurationException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Problem> problems;

  ConfigurationException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** All problems in the order of the file, warnings among them; at least one is an error. */
  public List<Problem> problems() {
    return problems;
  }
}
