package im.comity.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What became of numbered things that several senders sent, in one word. */
public final class Ending {
  /** Each came to one end, in its sender's order. */
  public static final String RIGHT = "right";

  private Ending() {}

  /**
   * The verdict on a run: each once, in order.
   *
   * @param sent what was accepted; a letter for the sender and a number, such as a3
   * @param ended what was seen to end, in order
   */
  public static String of(List<String> sent, List<String> ended) {
    String once = once(sent, ended);
    return once.equals(RIGHT) ? order(ended) : once;
  }

  /** The same in whatever order. */
  public static String once(List<String> sent, List<String> ended) {
    Set<String> seen = new HashSet<>();
    for (String one : ended) {
      if (!seen.add(one)) {
        return "doubled";
      }
    }
    if (!seen.containsAll(sent)) {
      return "lost";
    }
    return seen.size() > sent.size() ? "not accepted and yet sent" : RIGHT;
  }

  /** Only whether each sender's order was kept. */
  public static String order(List<String> ended) {
    Map<Character, Integer> last = new HashMap<>();
    for (String one : ended) {
      int number = Integer.parseInt(one.substring(1));
      Integer before = last.put(one.charAt(0), number);
      if (before != null && before > number) {
        return "out of order";
      }
    }
    return RIGHT;
  }

  /** One list after the other. */
  public static List<String> both(List<String> one, List<String> other) {
    List<String> all = new ArrayList<>(one);
    all.addAll(other);
    return all;
  }
}
