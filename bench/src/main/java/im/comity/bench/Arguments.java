package im.comity.bench;

/** The options of a program, one after the other; who gives wrong ones is told, and it ends. */
final class Arguments {
  private final String program;
  private final String[] all;
  private int at;

  /**
   * Skips the first, the folder of the sources.
   *
   * @param program as the user called it
   */
  Arguments(String program, String[] all) {
    this.program = program;
    this.all = all;
  }

  /** Goes to the next option, if there is one. */
  boolean next() {
    return ++at < all.length;
  }

  /** The option itself. */
  String option() {
    return all[at];
  }

  /** What follows it. */
  String value() {
    String option = option();
    if (at + 1 == all.length) {
      throw wrong(option + " needs a value");
    }
    return all[++at];
  }

  /** The whole number, not negative, that follows it. */
  int number() {
    String option = option();
    String value = value();
    if (!value.matches("[0-9]{1,9}")) {
      throw wrong(option + " needs a number, not " + value);
    }
    return Integer.parseInt(value);
  }

  /** Ends the program, with what is wrong. */
  IllegalArgumentException wrong(String what) {
    System.err.println(program + ": " + what + "; see " + program + " --help");
    System.exit(2);
    return new IllegalArgumentException(what);
  }
}
