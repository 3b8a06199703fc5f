package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short run of the long check. */
@Timeout(120)
final class MillionTest {
  @Test
  void noneIsLostDoubledReorderedOrChanged() throws Exception {
    Million.Result result = Million.run(20_000, 7);
    assertThat(result.problem()).isNull();
    assertThat(result.stanzas()).isEqualTo(20_000);
  }
}
