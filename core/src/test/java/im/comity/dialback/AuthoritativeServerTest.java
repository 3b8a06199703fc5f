package im.comity.dialback;

import static im.comity.dialback.Samples.domain;
import static im.comity.dialback.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.dialback.DialbackElement.Verify;
import im.comity.dialback.DialbackElement.VerifyAnswer;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.testkit.Clause;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthoritativeServerTest {
  private static final DomainPair PAIR = pair("north.example", "south.example");
  private static final String ID = "s1-7f3a9c";

  private Instant now = Instant.parse("2026-11-20T12:00:00Z");
  private final DialbackSecret secret = DialbackSecret.of("correct-horse-battery");
  private final AuthoritativeServer server = server(false);

  @Test
  @Clause("S2S-DB-59")
  void aKeyOfOursIsValidAndTheAnswerGoesBackWithItsId() {
    VerifyAnswer answer = server.answer(request(secret.key(PAIR, ID)), true, rule());
    assertThat(answer).isEqualTo(new VerifyAnswer(PAIR, ID, new DialbackAnswer.Valid()));
    assertThat(answer.toElement().attribute("from")).isEqualTo("north.example");
    assertThat(answer.toElement().attribute("to")).isEqualTo("south.example");
    assertThat(answer.toElement().attribute("id")).isEqualTo(ID);
  }

  @Test
  @Clause({"S2S-DB-59", "S2S-DB-12"})
  void anyOtherKeyIsInvalid() {
    for (DialbackKey key :
        List.of(
            new DialbackKey(""),
            new DialbackKey("0".repeat(64)),
            secret.key(PAIR, "another-id"),
            secret.key(PAIR.reversed(), ID),
            secret.key(pair("north.example", "elsewhere.example"), ID),
            DialbackSecret.of("another-horse-battery").key(PAIR, ID))) {
      assertThat(server.answer(request(key), true, rule()).answer())
          .isEqualTo(new DialbackAnswer.Invalid());
    }
  }

  @Test
  @Clause("S2S-DB-60")
  void aDomainThatIsNotOursIsAnErrorOfTheElement() {
    DomainPair foreign = pair("foreign.example", "south.example");
    VerifyAnswer answer =
        server.answer(new Verify(foreign, ID, secret.key(foreign, ID)), true, rule());
    assertThat(condition(answer)).isEqualTo(StanzaErrorCondition.ITEM_NOT_FOUND);
    assertThat(answer.toElement().attribute("from")).isEqualTo("foreign.example");
  }

  @ParameterizedTest(name = "encrypted {0}, rule {1}, answers in clear {2}: {3}")
  @CsvSource({
    "true,  TRUSTED,    false, valid",
    "true,  ENCRYPTED,  false, valid",
    "false, PERMISSIVE, false, valid",
    "false, VERIFIED,   false, valid",
    "false, ENCRYPTED,  false, policy-violation",
    "false, TRUSTED,    false, policy-violation",
    "false, ENCRYPTED,  true,  valid",
    "false, TRUSTED,    true,  valid"
  })
  @Clause("S2S-DB-62")
  void theRuleAboutTlsHoldsForVerificationsToo(
      boolean encrypted, FederationLevel level, boolean answersInClear, String expected) {
    VerifyAnswer answer =
        server(answersInClear)
            .answer(
                request(secret.key(PAIR, ID)),
                encrypted,
                new Requirement(level, List.of(), true, true, false, "a rule"));
    assertThat(answer.answer() instanceof DialbackAnswer.Valid ? "valid" : condition(answer).wire())
        .isEqualTo(expected);
  }

  @Test
  @Clause("S2S-DB-06")
  void afterARollOverKeysOfTheOldSecretAreValidUntilItsEnd() {
    DialbackKey key = secret.key(PAIR, ID);
    secret.replace("staple-of-another-horse", now.plusSeconds(60));
    assertThat(server.answer(request(key), true, rule()).answer())
        .isEqualTo(new DialbackAnswer.Valid());
    now = now.plusSeconds(60);
    assertThat(server.answer(request(key), true, rule()).answer())
        .isEqualTo(new DialbackAnswer.Invalid());
  }

  @Test
  @Clause({"S2S-DB-66", "S2S-DB-61"})
  void theAnswerRestsOnTheRequestAlone() {
    // Made by another server of ours, on a stream of which this one never heard, which is gone.
    DialbackKey key = DialbackSecret.of("correct-horse-battery").key(PAIR, ID);
    for (int i = 0; i < 3; i++) {
      assertThat(server.answer(request(key), true, rule()).answer())
          .isEqualTo(new DialbackAnswer.Valid());
    }
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @Clause("S2S-DB-72")
  void answeringWaitsForNoLock() throws InterruptedException {
    Verify request = request(secret.key(PAIR, ID));
    Thread answering;
    synchronized (secret) {
      answering = Thread.ofPlatform().start(() -> server.answer(request, true, rule()));
      answering.join();
    }
    assertThat(answering.isAlive()).isFalse();
  }

  private AuthoritativeServer server(boolean answersInClear) {
    return new AuthoritativeServer(
        Set.of(domain("north.example"))::contains, secret, answersInClear, () -> now);
  }

  private static Verify request(DialbackKey key) {
    return new Verify(PAIR, ID, key);
  }

  private static Requirement rule() {
    return new Requirement(FederationLevel.ENCRYPTED, List.of(), true, true, false, "a rule");
  }

  private static StanzaErrorCondition condition(VerifyAnswer answer) {
    return ((DialbackAnswer.Failed) answer.answer()).error().condition();
  }
}
