package im.comity.federation;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Searches for sequences of elements, times and cuts that break what {@link StateMachine} holds.
 *
 * <pre>build/fuzz 600 StateMachineFuzz</pre>
 */
class StateMachineFuzz {
  @FuzzTest(maxDuration = "100h")
  void sequence(byte[] choices) {
    StateMachine.play(choices);
  }
}
