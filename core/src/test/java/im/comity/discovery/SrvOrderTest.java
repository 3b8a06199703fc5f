package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import im.comity.testkit.Clause;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SrvOrderTest {
  private static final int DRAWS = 10_000;

  private static final List<Candidate> ARRANGED =
      List.of(candidate("zero", 1, 0), candidate("two", 1, 2), candidate("three", 1, 3));

  private static Candidate candidate(String host, int priority, int weight) {
    return new Candidate(host, 5269, false, priority, weight, false);
  }

  private static List<String> hosts(List<Candidate> candidates) {
    return candidates.stream().map(Candidate::host).toList();
  }

  /** How often each host is the first. */
  private static Map<String, Integer> firsts(List<Candidate> candidates) {
    RandomGenerator random = new Random(2782);
    Map<String, Integer> firsts = new HashMap<>();
    for (int i = 0; i < DRAWS; i++) {
      firsts.merge(SrvOrder.of(candidates, random).getFirst().host(), 1, Integer::sum);
    }
    return firsts;
  }

  @Test
  @Clause("S2S-DNS-03")
  void theLowestPriorityComesFirstWhateverTheOrderOfTheAnswer() {
    List<Candidate> candidates =
        List.of(candidate("c", 30, 9), candidate("a", 0, 0), candidate("b", 10, 65535));
    assertThat(hosts(SrvOrder.of(candidates, new Random(1)))).containsExactly("a", "b", "c");
  }

  @Test
  @Clause("S2S-DNS-04")
  void theFirstPlaceIsDrawnInProportionToTheWeights() {
    Map<String, Integer> firsts =
        firsts(List.of(candidate("a", 1, 10), candidate("b", 1, 30), candidate("c", 1, 60)));
    assertThat(firsts.get("a")).isCloseTo(1000, within(150));
    assertThat(firsts.get("b")).isCloseTo(3000, within(200));
    assertThat(firsts.get("c")).isCloseTo(6000, within(200));
  }

  @Test
  @Clause("S2S-DNS-04")
  void theLaterPlacesAreDrawnFromWhatIsLeft() {
    RandomGenerator random = new Random(7);
    int thenB = 0;
    int afterC = 0;
    List<Candidate> candidates =
        List.of(candidate("a", 1, 10), candidate("b", 1, 30), candidate("c", 1, 60));
    for (int i = 0; i < DRAWS; i++) {
      List<String> order = hosts(SrvOrder.of(candidates, random));
      if (order.get(0).equals("c")) {
        afterC++;
        thenB += order.get(1).equals("b") ? 1 : 0;
      }
    }
    assertThat(thenB / (double) afterC).isCloseTo(0.75, within(0.03));
  }

  @Test
  @Clause("S2S-DNS-04")
  void weightZeroBesideWeightTenIsChosenRarelyButNotNever() {
    Map<String, Integer> firsts = firsts(List.of(candidate("ten", 1, 10), candidate("zero", 1, 0)));
    assertThat(firsts.get("zero")).isCloseTo(DRAWS / 11, within(150));
  }

  @ParameterizedTest
  @CsvSource({
    "0, zero",
    "1, two",
    "2, two",
    "3, three",
    "4, three",
    "5, three",
  })
  @Clause("S2S-DNS-04")
  void theNumberDrawnPicksTheFirstRunningSumThatIsNotBelowIt(int number, String first) {
    assertThat(hosts(SrvOrder.drawn(ARRANGED, new Scripted(number, 0, 0)))).startsWith(first);
  }

  @Test
  @Clause("S2S-DNS-04")
  void theNumberIsDrawnFromZeroToTheSumOfWhatIsLeftInclusive() {
    Scripted random = new Scripted(4, 1, 0);
    assertThat(hosts(SrvOrder.drawn(ARRANGED, random))).containsExactly("three", "two", "zero");
    assertThat(random.bounds).containsExactly(6, 3, 1);
  }

  @Test
  void withoutWeightsEverybodyIsFirstEquallyOften() {
    Map<String, Integer> firsts =
        firsts(List.of(candidate("a", 1, 0), candidate("b", 1, 0), candidate("c", 1, 0)));
    assertThat(firsts.values()).allSatisfy(n -> assertThat(n).isCloseTo(3333, within(200)));
  }

  @Test
  void theLargestWeightsDoNotOverflow() {
    List<Candidate> many =
        IntStream.range(0, 3000).mapToObj(i -> candidate("h" + i, 1, 65535)).toList();
    assertThat(SrvOrder.of(many, new Random(3))).containsExactlyInAnyOrderElementsOf(many);
  }

  @Test
  void theSameSeedDrawsTheSameOrder() {
    List<Candidate> many =
        Stream.iterate(0, i -> i + 1).limit(50).map(i -> candidate("h" + i, i % 3, i)).toList();
    assertThat(SrvOrder.of(many, new Random(9))).isEqualTo(SrvOrder.of(many, new Random(9)));
  }

  /** Draws what it is told and remembers the bounds it was given. */
  private static final class Scripted implements RandomGenerator {
    private final List<Integer> bounds = new ArrayList<>();
    private final Iterator<Integer> numbers;

    Scripted(Integer... numbers) {
      this.numbers = List.of(numbers).iterator();
    }

    @Override
    public int nextInt(int bound) {
      bounds.add(bound);
      return numbers.next();
    }

    @Override
    public long nextLong() {
      throw new AssertionError("only bounded draws");
    }
  }
}
