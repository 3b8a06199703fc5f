package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The state machine with sequences from fixed seeds; {@link StateMachineFuzz} looks further. */
@Timeout(300)
final class StateMachineTest {
  private static final int SEQUENCES = Integer.getInteger("comity.sequences", 1_500);

  @Test
  @Clause({"S2S-DOS-08", "S2S-STZ-01"})
  void noSequenceSendsOrBringsAnythingWithoutProofOrRequest() {
    Map<String, String> broken = new TreeMap<>();
    for (int seed = 0; seed < SEQUENCES && broken.size() < 3; seed++) {
      Random random = new Random(seed);
      byte[] choices = new byte[20 + random.nextInt(280)];
      random.nextBytes(choices);
      try {
        StateMachine.play(choices);
      } catch (StateMachine.Broken e) {
        // The shortest story of each kind is the one to read.
        String story = "seed " + seed + ": " + e.getMessage();
        broken.merge(kind(e), story, (one, other) -> one.length() < other.length() ? one : other);
      }
    }
    assertThat(broken.values()).isEmpty();
  }

  private static String kind(StateMachine.Broken e) {
    return String.valueOf(e.getMessage()).replaceAll("(?s)[#:\\d].*", "");
  }
}
