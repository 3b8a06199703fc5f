package im.comity.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Locale;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What holds of every address, tried on texts drawn from seeds; a failure names its seed. */
class AddressPropertyTest {
  private static final int ROUNDS = 40_000;

  /**
   * Characters that matter to the rules, plain ones among them so that some texts are addresses.
   */
  private static final String ALPHABET =
      "abcxyzABC019...---@@//_xn \t\u0000\"&<[]:%"
          + "üßςσ\u0308\u00b7\u200c\u200d\u0640אبम्\u3002\uff0e\uff20\u2100\u2163\ufe6b"
          + "♥\u1100\ud83d\udca9\ud800\udc00\ufffe\ue000\u00a0\u0527１２";

  private static final String[] PIECES = {
    "xn--bcher-kva",
    "xn--",
    "bücher",
    "south.example",
    "192.0.2.1",
    "[2001:db8::1]",
    "ann",
    "faß.de"
  };

  @Test
  void aDomainIsTheSameHoweverItIsWritten() throws AddressFormatException {
    for (int seed = 0; seed < ROUNDS; seed++) {
      String text = text(new Random(seed));
      Domain domain;
      try {
        domain = Domain.of(text);
      } catch (AddressFormatException e) {
        continue;
      }
      assertThat(Domain.of(domain.toString())).as("seed %d", seed).isEqualTo(domain);
      assertThat(Domain.of(domain.ascii())).as("seed %d", seed).isEqualTo(domain);
      assertThat(Domain.of(domain.ascii().toUpperCase(Locale.ROOT)))
          .as("seed %d", seed)
          .isEqualTo(domain);
      assertThat(domain.ascii()).as("seed %d", seed).matches("[a-z0-9.\\-\\[\\]:]+");
      assertThat(Domain.octets(domain.toString())).as("seed %d", seed).isBetween(1, 1023);
      assertThat(domain.labels()).as("seed %d", seed).doesNotContain("");
    }
  }

  @Test
  void anAddressIsItsPartsAndNothingIsLost() {
    int addresses = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      String text = text(new Random(seed));
      Jid jid;
      try {
        jid = Jid.parse(text);
      } catch (AddressFormatException e) {
        continue;
      }
      addresses++;
      AddressInvariants.check(text, jid);
    }
    assertThat(addresses).isGreaterThan(ROUNDS / 20);
  }

  @Test
  void longTextsAreRefusedWithoutBeingMapped() {
    String[] hostile = {
      "xn--" + "a".repeat(1_000_000),
      "ü".repeat(1_000_000),
      "a.".repeat(500_000),
      "[" + ":".repeat(1_000_000),
      "\u0308".repeat(1_000_000) + "@south.example",
      "south.example/" + "\u0308".repeat(1_000_000)
    };
    long start = System.nanoTime();
    for (String text : hostile) {
      try {
        fail("accepted " + Jid.parse(text));
      } catch (AddressFormatException e) {
        assertThat(e.getMessage()).hasSizeLessThan(200);
      }
    }
    // A pass over each text is a few milliseconds; preparing one would be very much more.
    assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
  }

  private static String text(RandomGenerator random) {
    StringBuilder text = new StringBuilder();
    int pieces = 1 + random.nextInt(6);
    for (int i = 0; i < pieces; i++) {
      switch (random.nextInt(4)) {
        case 0 -> text.append(PIECES[random.nextInt(PIECES.length)]);
        case 1 -> text.append("@./".charAt(random.nextInt(3)));
        case 2 -> text.append((char) ('a' + random.nextInt(26)));
        default -> text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
      }
    }
    return text.toString();
  }
}
