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
    groups.values().forEach(group -> ordered.addAll(drawn(arranged(group, random), random)));
    return ordered;
  }

  /**
   * One priority group "in any order, except that all those with weight 0 are placed at the
   * beginning". It is shuffled, because among weights of 0 the draw takes the list's order, and the
   * load should not follow the order in which some server sorts its answers.
   */
  private static List<Candidate> arranged(List<Candidate> group, RandomGenerator random) {
    List<Candidate> arranged = new ArrayList<>(group);
    Collections.shuffle(arranged, random);
    arranged.sort((a, b) -> Boolean.compare(a.weight() != 0, b.weight() != 0));
    return arranged;
  }

  /**
   * Draws an arranged group empty (S2S-DNS-04): a number from 0 to the sum of the weights left,
   * both included, picks the first candidate at which the running sum is not below it.
   */
  static List<Candidate> drawn(List<Candidate> arranged, RandomGenerator random) {
    List<Candidate> left = new ArrayList<>(arranged);
    List<Candidate> drawn = new ArrayList<>(left.size());
    int sum = left.stream().mapToInt(Candidate::weight).sum();
    while (!left.isEmpty()) {
      int number = random.nextInt(sum + 1);
      int index = 0;
      for (int running = left.get(0).weight(); running < number; ) {
        running += left.get(++index).weight();
      }
      Candidate chosen = left.remove(index);
      sum -= chosen.weight();
      drawn.add(chosen);
    }
    return drawn;
  }
}
