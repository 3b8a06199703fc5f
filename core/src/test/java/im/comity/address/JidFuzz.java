package im.comity.address;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Addresses from anywhere: refused with the one exception, or satisfying {@link AddressInvariants}.
 * Fuzzed by {@code build/fuzz 600 JidFuzz}; else it replays saved inputs.
 */
class JidFuzz {
  @FuzzTest(maxDuration = "100h")
  void everyTextIsRefusedOrIsAnAddress(FuzzedDataProvider data) {
    String text = data.consumeRemainingAsString();
    try {
      AddressInvariants.check(text, Jid.parse(text));
    } catch (AddressFormatException e) {
      // Refusing is an answer; any other exception is a finding.
    }
  }
}
