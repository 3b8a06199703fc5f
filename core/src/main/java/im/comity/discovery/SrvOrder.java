package im.comity.discovery;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** The order in which the targets of SRV records are tried (RFC 2782, "Usage rules"). */
final class SrvOrder {
  private SrvOrder() {}

  /** All candidates by priority, and within one priority as the weights were drawn. */
  static List<Candidate> of(List<Candidate> candidates, RandomGenerator random) {
    TreeMap<Integer, List<Candidate>> groups = new TreeMap<>();
    for (Candidate candidate : candidates) {
      groups.computeIfAbsent(candidate.priority(), _ -> new ArrayList<>()).add(candidate);
    }
    List<Candidate> ordered = new ArrayList<>(candidates.size());
    groups.values().forEach(group -> draw(group, random, ordered));
    return ordered;
  }

  /**
   * Draws one priority group empty (S2S-DNS-04).
   *
   * <p>The list begins "in any order, except that all those with weight 0 are placed at the
   * beginning". It is shuffled first, because with equal weights of 0 the draw takes the list's
   * order, and the load should not follow the order in which some server sorts its answers.
   */
  private static void draw(List<Candidate> group, RandomGenerator random, List<Candidate> ordered) {
    List<Candidate> left = new ArrayList<>(group);
    Collections.shuffle(left, random);
    left.sort((a, b) -> Boolean.compare(a.weight() != 0, b.weight() != 0));
    int sum = left.stream().mapToInt(Candidate::weight).sum();
    while (!left.isEmpty()) {
      int drawn = random.nextInt(sum + 1);
      int index = 0;
      for (int running = left.get(0).weight(); running < drawn; ) {
        running += left.get(++index).weight();
      }
      Candidate chosen = left.remove(index);
      sum -= chosen.weight();
      ordered.add(chosen);
    }
  }
}
