package im.comity.server.configuration;

import java.util.Comparator;

/**
 * Something wrong with a configuration, and where.
 *
 * @param file as the operator named it
 * @param line counted from 1; 0 for the file as a whole
 * @param column counted from 1
 * @param severity whether the configuration can be used all the same
 * @param path the key, as {@code domains[1].level}; empty for the file as a whole
 * @param text what is wrong, what would be right
 */
public record Problem(
    String file, int line, int column, Severity severity, String path, String text) {

  /** By place, as a reader meets them. */
  static final Comparator<Problem> BY_PLACE =
      Comparator.comparingInt(Problem::line)
          .thenComparingInt(Problem::column)
          .thenComparing(Problem::path)
          .thenComparing(Problem::text);

  /** How bad it is. */
  public enum Severity {
    /** The configuration cannot be used. */
    ERROR,
    /** It can be used, but is likely not what was meant. */
    WARNING
  }

  /** Whether the configuration cannot be used. */
  public boolean isError() {
    return severity == Severity.ERROR;
  }

  /** One line, with the place in front as compilers write it, so that editors can jump to it. */
  @Override
  public String toString() {
    return file
        + (line == 0 ? "" : ":" + line + ":" + column)
        + (isError() ? ": error: " : ": warning: ")
        + (path.isEmpty() ? "" : path + ": ")
        + text;
  }
}
