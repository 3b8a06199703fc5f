package im.comity.testkit;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The threads that live, platform and virtual, without those of the runtime and the test engine.
 *
 * <p>Virtual threads are found nowhere but in the thread dump that the runtime writes to a file.
 */
final class LiveThreads {
  /** Groups in which the runtime keeps its own. */
  private static final Set<String> RUNTIME_GROUPS =
      Set.of("system", "InnocuousThreadGroup", "CarrierThreads");

  /** Beginnings of the names of shared pools, pollers and test engines: they outlive any test. */
  private static final List<String> SHARED =
      List.of(
          "ForkJoinPool.commonPool-",
          "SubPoller-",
          "Read-Poller",
          "Write-Poller",
          "junit-",
          "surefire-");

  private static final int FRAMES = 12;

  private LiveThreads() {}

  /** One of them, with its innermost frames. */
  record Live(boolean virtual, String name, List<String> stack) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(virtual ? "virtual thread" : "thread");
      text.append(" \"").append(name).append('"');
      stack.stream().limit(FRAMES).forEach(frame -> text.append("\n    at ").append(frame));
      return text.toString();
    }
  }

  /** All of them by their ids, which are never used again. */
  static Map<Long, Live> now() {
    Map<Long, Live> live = new TreeMap<>();
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              ThreadGroup group = thread.getThreadGroup();
              if (group != null && !RUNTIME_GROUPS.contains(group.getName())) {
                List<String> frames = Arrays.stream(stack).map(Object::toString).toList();
                live.put(thread.threadId(), new Live(false, thread.getName(), frames));
              }
            });
    live.putAll(virtualThreads());
    live.values().removeIf(thread -> SHARED.stream().anyMatch(thread.name::startsWith));
    return live;
  }

  private static Map<Long, Live> virtualThreads() {
    Map<Long, Live> live = new TreeMap<>();
    Map<?, ?> dump = (Map<?, ?>) new Json(dump()).value();
    for (Object container : list(child(dump, "threadDump"), "threadContainers")) {
      for (Object thread : list(container, "threads")) {
        Map<?, ?> facts = (Map<?, ?>) thread;
        if (Boolean.TRUE.equals(facts.get("virtual"))) {
          List<String> stack = list(thread, "stack").stream().map(Object::toString).toList();
          long id = Long.parseLong(String.valueOf(facts.get("tid")));
          live.put(id, new Live(true, String.valueOf(facts.get("name")), stack));
        }
      }
    }
    return live;
  }

  private static @Nullable Object child(@Nullable Object of, String name) {
    return of instanceof Map<?, ?> map ? map.get(name) : null;
  }

  private static List<?> list(@Nullable Object of, String name) {
    return child(of, name) instanceof List<?> list ? list : List.of();
  }

  private static String dump() {
    try {
      // The dump insists on making the file itself.
      Path directory = Files.createTempDirectory("threads");
      Path file = directory.resolve("dump.json");
      try {
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
            .dumpThreads(file.toString(), ThreadDumpFormat.JSON);
        return Files.readString(file);
      } finally {
        Files.deleteIfExists(file);
        Files.delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads what the runtime wrote, and trusts it to be JSON. */
  private static final class Json {
    private final String text;
    private int at;

    Json(String text) {
      this.text = text;
    }

    @Nullable Object value() {
      skipSpace();
      return switch (text.charAt(at)) {
        case '{' -> object();
        case '[' -> array();
        case '"' -> string();
        default -> word();
      };
    }

    private Map<String, @Nullable Object> object() {
      Map<String, @Nullable Object> members = new LinkedHashMap<>();
      while (more('}')) {
        skipSpace();
        String name = string();
        skipSpace();
        at++;
        members.put(name, value());
      }
      return members;
    }

    private List<@Nullable Object> array() {
      List<@Nullable Object> elements = new ArrayList<>();
      while (more(']')) {
        elements.add(value());
      }
      return elements;
    }

    /** Passes the opening bracket, a comma or the closing bracket; whether a value follows. */
    private boolean more(char close) {
      skipSpace();
      if (text.charAt(at) != close) {
        at++;
        skipSpace();
      }
      if (text.charAt(at) == close) {
        at++;
        return false;
      }
      return true;
    }

    private String string() {
      StringBuilder value = new StringBuilder();
      at++;
      for (; text.charAt(at) != '"'; at++) {
        value.append(text.charAt(at) == '\\' ? escaped() : text.charAt(at));
      }
      at++;
      return value.toString();
    }

    private char escaped() {
      at++;
      return switch (text.charAt(at)) {
        case 'n' -> '\n';
        case 'r' -> '\r';
        case 't' -> '\t';
        case 'b' -> '\b';
        case 'f' -> '\f';
        case 'u' -> {
          at += 4;
          yield (char) Integer.parseInt(text, at - 3, at + 1, 16);
        }
        default -> text.charAt(at);
      };
    }

    /** True, false, null, or a number as its text. */
    private @Nullable Object word() {
      int from = at;
      while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      String word = text.substring(from, at).strip();
      return switch (word) {
        case "true" -> true;
        case "false" -> false;
        case "null" -> null;
        default -> word;
      };
    }

    private void skipSpace() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
    }
  }
}
