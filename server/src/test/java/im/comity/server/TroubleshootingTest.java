package im.comity.server;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.NegotiationFailure;
import im.comity.prooftype.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The manual names the codes of the catalogue: every one, and no other. */
class TroubleshootingTest {
  /** Codes are constants of methods, so they are read where they are written. */
  private static final Path CATALOGUE =
      Path.of("../core/src/main/java/im/comity/event/NegotiationFailure.java");

  private static final Path PAGE = Path.of("../doc/manual/troubleshooting.md");

  @Test
  void everyCodeOfTheCatalogueIsExplained() throws IOException {
    Set<String> codes = find(Files.readString(CATALOGUE), "\"([A-Z]+(?:_[A-Z]+)+)\"");
    codes.add("HOST_UNKNOWN");
    for (NegotiationFailure.Rule rule : NegotiationFailure.Rule.values()) {
      codes.add("PEER_" + rule.name());
    }
    for (Reason.Code reason : Reason.Code.values()) {
      codes.add("CERT_" + reason.name());
    }
    codes.add("TIMED_OUT");
    assertThat(find(Files.readString(PAGE), "(?m)^\\| `([A-Z_]+)` ")).isEqualTo(codes);
  }

  private static Set<String> find(String text, String pattern) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map((MatchResult result) -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
