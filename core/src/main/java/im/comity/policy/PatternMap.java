package im.comity.policy;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Values by domain pattern, found from the most specific pattern to the least: the domain itself,
 * {@code *.} and its nearest parent, further parents, {@code *}.
 *
 * <p>A look-up costs one hash for the name and one for each parent, of which no more are tried than
 * the deepest pattern has labels: a stranger's name of five hundred labels costs no more than
 * another. Names are texts and not domains so that a pattern can be looked up as a name: {@code
 * *.example.org} stands for any sub-domain without a rule of its own.
 */
final class PatternMap<V> {
  private final Map<String, V> exact = new HashMap<>();
  private final Map<String, V> below = new HashMap<>();
  private @Nullable V any;
  private int deepest;

  static boolean isExact(String pattern) {
    return !pattern.startsWith("*");
  }

  /** Sets the value of a pattern; answers the one it had, which stays. */
  @Nullable V putIfAbsent(String pattern, V value) {
    if (isExact(pattern)) {
      return exact.putIfAbsent(pattern, value);
    }
    if (pattern.equals("*")) {
      V before = any;
      any = before == null ? value : before;
      return before;
    }
    String parent = pattern.substring(2);
    deepest = Math.max(deepest, 1 + (int) parent.chars().filter(c -> c == '.').count());
    return below.putIfAbsent(parent, value);
  }

  /** The value of exactly this pattern. */
  @Nullable V get(String pattern) {
    if (isExact(pattern)) {
      return exact.get(pattern);
    }
    return pattern.equals("*") ? any : below.get(pattern.substring(2));
  }

  /** The value of the most specific pattern that covers the name. */
  @Nullable V find(String name) {
    return find(name, value -> value);
  }

  /** The first answer that is not null, asking the values of patterns that cover the name. */
  <R> @Nullable R find(String name, Function<V, @Nullable R> ask) {
    R answer = ask(exact.get(name), ask);
    for (int dot = firstDot(name); answer == null && dot > 0; dot = name.indexOf('.', dot + 1)) {
      answer = ask(below.get(name.substring(dot + 1)), ask);
    }
    return answer != null ? answer : ask(any, ask);
  }

  private static <V, R> @Nullable R ask(@Nullable V value, Function<V, @Nullable R> ask) {
    return value == null ? null : ask.apply(value);
  }

  /** The dot before the longest parent that a pattern can name, or -1. */
  private int firstDot(String name) {
    int dot = name.length();
    for (int labels = 0; labels < deepest; labels++) {
      int before = name.lastIndexOf('.', dot - 1);
      if (before < 0) {
        break;
      }
      dot = before;
    }
    return dot == name.length() ? -1 : dot;
  }
}
