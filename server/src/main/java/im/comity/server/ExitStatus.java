package im.comity.server;

/** How the command ends. Scripts rely on these numbers. */
final class ExitStatus {
  /** Done. */
  static final int OK = 0;

  /** Tried and failed. */
  static final int FAILED = 1;

  /** Nothing was tried: the configuration or the arguments are wrong. */
  static final int WRONG = 2;

  /** Something must be installed first. Said by the scripts, before Java is started. */
  static final int MISSING = 3;

  private ExitStatus() {}
}
