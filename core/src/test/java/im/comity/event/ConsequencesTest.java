package im.comity.event;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.NegotiationFailure.PeerStreamError;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.testkit.Clause;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ConsequencesTest {
  @ParameterizedTest
  @Clause("S2S-ERR-08")
  @EnumSource(StreamErrorCondition.class)
  void theTextOfAStreamErrorDecidesNothing(StreamErrorCondition condition) {
    PeerStreamError plain = failure(condition, null);
    for (StreamErrorCondition named : StreamErrorCondition.values()) {
      for (String text : new String[] {named.wire(), "No stream features to offer", "timeout"}) {
        PeerStreamError told = failure(condition, text);
        assertThat(told.code()).isEqualTo(plain.code());
        assertThat(Consequences.streamError(told)).isEqualTo(Consequences.streamError(plain));
        assertThat(Consequences.stanzaError(told)).isEqualTo(Consequences.stanzaError(plain));
        assertThat(Consequences.barring(told)).isEqualTo(Consequences.barring(plain));
        assertThat(Consequences.anotherCandidate(told))
            .isEqualTo(Consequences.anotherCandidate(plain));
      }
    }
  }

  private static PeerStreamError failure(StreamErrorCondition condition, String text) {
    return new PeerStreamError(new StreamError(condition, text, null, null), "features");
  }
}
