package im.comity.component;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The digest by which a component proves that it knows the secret. */
final class HandshakeTest {
  private static final String ID = "c0ffee42";
  private static final String SECRET = "component-secret";
  private static final String DIGEST = "e1af61c34b3893393e570694ea9fc7c1fd63b6fc";

  @ParameterizedTest
  @CsvSource({
    "c0ffee42, component-secret, e1af61c34b3893393e570694ea9fc7c1fd63b6fc",
    "3BF96D32, test, aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e",
    // The secret is UTF-8: `printf '3BF96D32gr\303\274\303\237e' | sha1sum`.
    "3BF96D32, grüße, bd51e84b0265a69e11ed1fd5469be9f8f6f49e8d"
  })
  @Clause("S2S-CMP-03")
  void theDigestIsLowerCaseHexOfSha1OverIdAndSecret(String id, String secret, String digest) {
    assertThat(Handshake.of(id, secret)).isEqualTo(digest);
    assertThat(Handshake.matches(id, secret, digest)).isTrue();
  }

  @Test
  @Clause("S2S-CMP-03")
  void upperCaseDigitsAndSpaceAroundAreAccepted() {
    assertThat(Handshake.matches(ID, SECRET, DIGEST.toUpperCase(Locale.ROOT))).isTrue();
    assertThat(Handshake.matches(ID, SECRET, "\n  " + DIGEST + "\n")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "e1af61c34b3893393e570694ea9fc7c1fd63b6f",
        "e1af61c34b3893393e570694ea9fc7c1fd63b6fc0",
        "e1af61c34b3893393e570694ea9fc7c1fd63b6fd",
        "f1af61c34b3893393e570694ea9fc7c1fd63b6fc",
        "e1af61c34b38 93393e570694ea9fc7c1fd63b6fc",
        "component-secret",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
      })
  void anythingElseIsRefused(String shown) {
    assertThat(Handshake.matches(ID, SECRET, shown)).isFalse();
  }

  @Test
  void aDigestIsGoodForItsStreamAndItsSecretOnly() {
    assertThat(Handshake.matches("c0ffee43", SECRET, DIGEST)).isFalse();
    assertThat(Handshake.matches(ID, "component-secreT", DIGEST)).isFalse();
  }

  /** What takes as long as digits agree tells a guesser how many do. No clock shows it reliably. */
  @Test
  @Clause("S2S-CMP-03")
  void nothingComparesTheDigestsButTheComparisonInConstantTime() throws IOException {
    try (InputStream code = Handshake.class.getResourceAsStream("Handshake.class")) {
      List<String> comparisons =
          ClassFile.of().parse(code.readAllBytes()).methods().stream()
              .filter(method -> method.methodName().equalsString("matches"))
              .flatMap(HandshakeTest::calls)
              .filter(name -> name.matches("(?i).*(equal|compare|match|starts|regionMatches).*"))
              .toList();
      assertThat(comparisons).containsExactly("isEqual");
    }
  }

  private static java.util.stream.Stream<String> calls(MethodModel method) {
    return method
        .code()
        .orElseThrow()
        .elementStream()
        .filter(InvokeInstruction.class::isInstance)
        .map(InvokeInstruction.class::cast)
        .map(call -> call.name().stringValue());
  }
}
