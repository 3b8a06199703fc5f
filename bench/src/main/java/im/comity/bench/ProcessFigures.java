package im.comity.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/** What Linux says of processes: their CPU time, in ticks of 10 ms, and their memory. */
final class ProcessFigures {
  private static final double TICKS_PER_SECOND = 100;

  private ProcessFigures() {}

  /** The CPU time of these processes and their children; one that has ended counts nothing. */
  static double cpuSeconds(List<ProcessHandle> processes) {
    return all(processes).map(pid -> ticks(pid, 2)).sum() / TICKS_PER_SECOND;
  }

  /** The CPU time of this process without its children. */
  static double ownCpuSeconds() {
    return ticks(ProcessHandle.current().pid(), 2) / TICKS_PER_SECOND;
  }

  /** As {@link #cpuSeconds}, with those of their children that have ended and were waited for. */
  static double cpuSecondsWithEnded(List<ProcessHandle> processes) {
    return all(processes).map(pid -> ticks(pid, 4)).sum() / TICKS_PER_SECOND;
  }

  /** The resident memory of these processes and their children, in KiB. */
  static long residentKib(List<ProcessHandle> processes) {
    return all(processes).map(ProcessFigures::resident).sum();
  }

  /** The CPU time that the whole machine has spent on anything, in seconds. */
  static double machineSeconds() throws IOException {
    String[] words = Files.readAllLines(Path.of("/proc/stat")).getFirst().split(" +", -1);
    long busy = 0;
    for (int i = 1; i < words.length && i <= 8; i++) {
      if (i != 4 && i != 5) { // idle, and waiting for a disk
        busy += Long.parseLong(words[i]);
      }
    }
    return busy / TICKS_PER_SECOND;
  }

  private static LongStream all(List<ProcessHandle> processes) {
    return processes.stream()
        .flatMap(
            process ->
                java.util.stream.Stream.concat(
                    java.util.stream.Stream.of(process), process.descendants()))
        .mapToLong(ProcessHandle::pid);
  }

  /** The first two are of the process, the next two of its children that have ended. */
  private static long ticks(long pid, int figures) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int i = 0; i < figures; i++) {
        ticks += Long.parseLong(words[11 + i]);
      }
      return ticks;
    } catch (IOException e) {
      return 0;
    }
  }

  private static long resident(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException e) {
      return 0;
    }
    return 0;
  }
}
