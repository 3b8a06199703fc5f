package im.comity.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.stream.StreamErrorCondition.Retry;
import im.comity.testkit.Clause;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

final class StreamErrorTest {
  private static Element.Builder error() {
    return Element.of(Namespaces.STREAM, "error").prefix("stream");
  }

  @ParameterizedTest
  @EnumSource(
      value = StreamErrorCondition.class,
      names = "UNDEFINED_CONDITION",
      mode = Mode.EXCLUDE)
  void whatIsWrittenIsRead(StreamErrorCondition condition) {
    StreamError error = StreamError.of(condition, "why");
    StreamError read = StreamError.parse(error.toElement());
    assertThat(read.condition()).isEqualTo(condition);
    assertThat(read.text()).isEqualTo("why");
  }

  @Test
  @Clause({"S2S-ERR-40", "S2S-ERR-09"})
  void anUndefinedConditionIsNotSentWithoutAnApplicationElement() {
    assertThatThrownBy(() -> StreamError.of(StreamErrorCondition.UNDEFINED_CONDITION))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> StreamError.of(StreamErrorCondition.UNDEFINED_CONDITION, "why"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @Clause("S2S-ERR-07")
  void aConditionThatIsUnknownMissingOrElsewhereIsUndefined() {
    assertThat(StreamError.parse(error().build()).condition())
        .isEqualTo(StreamErrorCondition.UNDEFINED_CONDITION);
    assertThat(
            StreamError.parse(
                    error()
                        .child(Element.of(Namespaces.STREAM_ERRORS, "invalid-id").build())
                        .build())
                .condition())
        .isEqualTo(StreamErrorCondition.UNDEFINED_CONDITION);
    assertThat(
            StreamError.parse(error().child(Element.of("urn:x", "conflict").build()).build())
                .condition())
        .isEqualTo(StreamErrorCondition.UNDEFINED_CONDITION);
  }

  @ParameterizedTest
  @Clause("S2S-ERR-11")
  @CsvSource({
    "HOST_UNKNOWN,            PERMANENT",
    "HOST_GONE,               PERMANENT",
    "INVALID_NAMESPACE,       PERMANENT",
    "UNSUPPORTED_ENCODING,    PERMANENT",
    "UNSUPPORTED_FEATURE,     PERMANENT",
    "UNSUPPORTED_STANZA_TYPE, PERMANENT",
    "UNSUPPORTED_VERSION,     PERMANENT",
    "POLICY_VIOLATION,        POLICY",
    "NOT_AUTHORIZED,          POLICY",
    "INVALID_FROM,            POLICY",
    "SYSTEM_SHUTDOWN,         TRANSIENT",
    "RESOURCE_CONSTRAINT,     TRANSIENT",
    "RESET,                   TRANSIENT",
    "CONNECTION_TIMEOUT,      TRANSIENT",
    "INTERNAL_SERVER_ERROR,   TRANSIENT",
    "CONFLICT,                TRANSIENT",
    "SEE_OTHER_HOST,          REDIRECT"
  })
  void everyConditionSaysWhenToTryAgain(StreamErrorCondition condition, Retry retry) {
    assertThat(condition.retry()).isEqualTo(retry);
  }
}
