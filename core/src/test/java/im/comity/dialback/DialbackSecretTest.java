package im.comity.dialback;

import static im.comity.dialback.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.DomainPair;
import im.comity.testkit.Clause;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DialbackSecretTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final String OLD = "correct-horse-battery";
  private static final String NEW = "staple-of-another-horse";
  private static final DomainPair PAIR = pair("north.example", "south.example");

  @ParameterizedTest(name = "{2} -> {1}")
  @CsvSource({
    // XEP-0185 section 3
    "s3cr3tf0rd14lb4ck, xmpp.example.com, example.org, D60000229F, "
        + "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643",
    // XEP-0220 example 1
    "s3cr3tf0rd14lb4ck, montague.example, capulet.example, D60000229F, "
        + "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3",
    // XEP-0220 example 5
    "d14lb4ck43v3r, capulet.example, montague.example, 417GAF25, "
        + "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d",
    "correct-horse-battery, south.example, north.example, s1-7f3a9c, "
        + "bdb1fc855600226ec018f08c556e907f8980389e8eaa1f9eef3e62ef8f2b95de",
    "correct-horse-battery, south.example, rooms.north.example, s1-7f3a9c, "
        + "0de258944e8ebb7b048ce4ea562c3d1117fe25bd188d0b11e9416474afc984fd"
  })
  @Clause({"S2S-DB-01", "S2S-DB-02", "S2S-DB-04"})
  void thePublishedKeysComeOut(
      String secret, String target, String sender, String id, String expected) {
    assertThat(DialbackSecret.of(secret).key(pair(sender, target), id).text()).isEqualTo(expected);
  }

  @Test
  @Clause("S2S-DB-03")
  void everyInputChangesTheKey() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    Set<DialbackKey> keys = new HashSet<>();
    keys.add(secret.key(PAIR, "s1"));
    keys.add(secret.key(PAIR, "s2"));
    keys.add(secret.key(PAIR.reversed(), "s1"));
    keys.add(secret.key(pair("rooms.north.example", "south.example"), "s1"));
    keys.add(secret.key(pair("north.example", "chat.south.example"), "s1"));
    keys.add(DialbackSecret.of(NEW).key(PAIR, "s1"));
    assertThat(keys).hasSize(6);
  }

  @Test
  @Clause("S2S-DB-06")
  void aKeyMadeOnOneNodeIsVerifiedOnAnother() {
    DialbackKey key = DialbackSecret.of(OLD).key(PAIR, "s1");
    assertThat(DialbackSecret.of(OLD).made(key, PAIR, "s1", NOW)).isTrue();
    assertThat(DialbackSecret.of(NEW).made(key, PAIR, "s1", NOW)).isFalse();
  }

  @Test
  @Clause("S2S-DB-06")
  void theOldSecretCountsForABoundedTimeAfterARollOver() {
    DialbackSecret before = DialbackSecret.of(OLD);
    DialbackSecret after = DialbackSecret.of(OLD);
    Instant end = NOW.plus(Duration.ofMinutes(2));
    after.replace(NEW, end);

    DialbackKey old = before.key(PAIR, "s1");
    assertThat(after.made(old, PAIR, "s1", end.minusNanos(1))).isTrue();
    assertThat(after.made(old, PAIR, "s1", end)).isFalse();

    DialbackKey young = after.key(PAIR, "s1");
    assertThat(young).isEqualTo(DialbackSecret.of(NEW).key(PAIR, "s1"));
    assertThat(after.made(young, PAIR, "s1", end.plusSeconds(1))).isTrue();
  }

  @Test
  void aSecondRollOverForgetsTheOldestSecret() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    DialbackKey oldest = secret.key(PAIR, "s1");
    secret.replace(NEW, NOW.plusSeconds(100));
    DialbackKey older = secret.key(PAIR, "s1");
    secret.replace("yet-another-staple", NOW.plusSeconds(100));
    assertThat(secret.made(oldest, PAIR, "s1", NOW)).isFalse();
    assertThat(secret.made(older, PAIR, "s1", NOW)).isTrue();
  }

  @Test
  @Clause("S2S-DB-07")
  void domainsCountInTheirCanonicalForm() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    DialbackKey key = secret.key(pair("bücher.example", "south.example"), "s1");
    for (DomainPair same :
        List.of(
            pair("BÜCHER.Example", "South.EXAMPLE"),
            pair("xn--bcher-kva.example.", "south.example."))) {
      assertThat(secret.made(key, same, "s1", NOW)).isTrue();
    }
    assertThat(secret.made(key, pair("bücher.example", "south.example"), "S1", NOW)).isFalse();
  }

  @Test
  @Clause("S2S-DB-12")
  void aKeyOverTheIdBeforeTlsIsNotValidForTheOneAfter() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    assertThat(secret.made(secret.key(PAIR, "before-tls"), PAIR, "after-tls", NOW)).isFalse();
  }

  @Test
  @Clause("S2S-DB-08")
  void whiteSpaceAroundAKeyIsPassedOver() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    String key = secret.key(PAIR, "s1").text();
    assertThat(secret.made(new DialbackKey("\n       " + key + "\n     "), PAIR, "s1", NOW))
        .isTrue();
    assertThat(secret.made(new DialbackKey(key + "0"), PAIR, "s1", NOW)).isFalse();
    assertThat(secret.made(new DialbackKey(key.substring(1)), PAIR, "s1", NOW)).isFalse();
    assertThat(secret.made(new DialbackKey(""), PAIR, "s1", NOW)).isFalse();
    assertThat(secret.made(new DialbackKey(key.replace('a', 'A')), PAIR, "s1", NOW)).isFalse();
  }

  @Test
  @Clause("S2S-DB-05")
  void aRandomSecretIsMadeOfTheGivenSourceAlone() {
    DialbackKey key = DialbackSecret.random(new Random(1)).key(PAIR, "s1");
    assertThat(DialbackSecret.random(new Random(1)).key(PAIR, "s1")).isEqualTo(key);
    assertThat(DialbackSecret.random(new Random(2)).key(PAIR, "s1")).isNotEqualTo(key);
  }

  @Test
  void aShortSecretIsRefused() {
    assertThatThrownBy(() -> DialbackSecret.of("12345678901"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("12345678901");
    DialbackSecret secret = DialbackSecret.of(OLD);
    assertThatThrownBy(() -> secret.replace("", NOW)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void neitherSecretNorKeyIsGivenAwayByATrace() {
    DialbackSecret secret = DialbackSecret.of(OLD);
    DialbackKey key = secret.key(PAIR, "s1");
    assertThat(secret.toString()).doesNotContain(OLD);
    assertThat(key.toString()).doesNotContain(key.text());
  }

  @Test
  @Clause("S2S-DB-10")
  void aKeyIsBoundedInOctets() {
    String fits = "k".repeat(1024);
    assertThat(new DialbackKey(fits).text()).isEqualTo(fits);
    assertThat(DialbackKey.fits(fits + "k")).isFalse();
    assertThat(DialbackKey.fits("é".repeat(512))).isTrue();
    assertThat(DialbackKey.fits("é".repeat(513))).isFalse();
    assertThatThrownBy(() -> new DialbackKey(fits + "k"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
