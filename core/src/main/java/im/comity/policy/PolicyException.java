package im.comity.policy;

import java.util.List;

/**
 * A policy contradicts itself or cannot be read. Carries everything that is wrong, not the first.
 */
public final class PolicyException extends Exception {
  private static final long serialVersionUID = 1;

  private final List<String> problems;

  PolicyException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  /** One sentence per problem. */
  public List<String> problems() {
    return problems;
  }
}
