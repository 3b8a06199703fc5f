package im.comity.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How much of the machine others use while something is measured: all that is not this process and
 * what it started.
 */
final class Quiet {
  /** What others may use, in cores, before a figure counts as disturbed. */
  static final double CORES = 0.15;

  /** What stands below a table. */
  static final String LEGEND =
      "† other processes used more than " + CORES + " core during a run of this row";

  private static final int SECONDS = 60;

  private final boolean wait;
  private double machine;
  private double own;
  private long since;

  /**
   * @param wait whether {@link #begin} waits until others are quiet
   */
  Quiet(boolean wait) {
    this.wait = wait;
  }

  /** Waits for a quiet second, for a minute at most, and begins to watch. */
  void begin() throws IOException, InterruptedException {
    for (int i = 0; i < (wait ? SECONDS : 1); i++) {
      mark();
      TimeUnit.SECONDS.sleep(1);
      if (!disturbed()) {
        break;
      }
    }
    mark();
  }

  /** Begins to watch at once. */
  void mark() throws IOException {
    machine = ProcessFigures.machineSeconds();
    own = own();
    since = System.nanoTime();
  }

  /** Whether others used too much since the watch began. */
  boolean disturbed() throws IOException {
    double seconds = (System.nanoTime() - since) / 1e9;
    double foreign = ProcessFigures.machineSeconds() - machine - (own() - own);
    return foreign / seconds > CORES;
  }

  private static double own() {
    return ProcessFigures.cpuSecondsWithEnded(List.of(ProcessHandle.current()));
  }
}
