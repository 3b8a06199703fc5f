package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import im.comity.address.AddressFormatException;
import im.comity.address.Jid;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class AddressesTest {
  private final Addresses addresses = new Addresses();

  private Jid read(String text) throws AddressFormatException {
    byte[] bytes = ("from='" + text + "' to=''").getBytes(StandardCharsets.US_ASCII);
    return addresses.read(bytes, 6, 6 + text.length());
  }

  private static int slot(String text) {
    return Addresses.slot(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
  }

  @Test
  void anAddressThatComesAgainIsNotMadeAgain() throws AddressFormatException {
    assertThat(read("romeo@north.example/orchard")).isSameAs(read("romeo@north.example/orchard"));
  }

  @Test
  void oneThatDiffersInAnyOneCharacterIsAnother() throws AddressFormatException {
    String text = "romeo@north.example/orchard";
    char[] letters = "abcdefghijklmnopqrstuvwxyz0123456789".toCharArray();
    int places = 0;
    for (int at = 0; at < text.length(); at++) {
      // Of those that differ there and nowhere else, the ones that fall on the same slot.
      int found = 0;
      for (char one : letters) {
        for (char other : letters) {
          String first = text.substring(0, at) + one + text.substring(at + 1);
          String second = text.substring(0, at) + other + text.substring(at + 1);
          if (one != other && slot(first) == slot(second)) {
            read(first);
            assertThat(read(second)).isEqualTo(Jid.parse(second)).hasToString(second);
            found++;
          }
        }
      }
      places += found > 0 ? 1 : 0;
    }
    assertThat(places).as("there are such nearly everywhere").isEqualTo(text.length() - 3);
  }

  @Test
  void onesThatFallOnTheSameSlotAreKeptApart() throws AddressFormatException {
    List<String> together = new ArrayList<>();
    for (int i = 0; together.size() < 8; i++) {
      String text = "user%d@north.example".formatted(1000 + i);
      if (slot(text) == 0) {
        together.add(text);
      }
    }
    for (int round = 0; round < 2; round++) {
      for (String text : together) {
        assertThat(read(text)).isEqualTo(Jid.parse(text)).hasToString(text);
      }
    }
    assertThat(addresses.count()).isEqualTo(1);
  }

  @Test
  void oneIsNotKnownByWhatItEndsWith() throws AddressFormatException {
    // NUL adds nothing to the hash in front, so that these fall together.
    read("north.example");
    byte[] bytes = "\0north.example".getBytes(StandardCharsets.US_ASCII);
    assertThat(Addresses.slot(bytes, 0, bytes.length)).isEqualTo(slot("north.example"));
    assertThatExceptionOfType(AddressFormatException.class)
        .isThrownBy(() -> addresses.read(bytes, 0, bytes.length));
    assertThat(read("north.example")).hasToString("north.example");
  }

  @Test
  void oneThatIsRefusedIsRefusedAgainAndTakesNobodysPlace() throws AddressFormatException {
    for (int i = 0; i < 1_000; i++) {
      String bad = "ro meo%d@north.example".formatted(i);
      assertThatExceptionOfType(AddressFormatException.class).isThrownBy(() -> read(bad));
      assertThatExceptionOfType(AddressFormatException.class).isThrownBy(() -> read(bad));
    }
    assertThat(addresses.count()).isZero();
  }

  @Test
  void noMoreAreHeldThanThereAreSlotsAndNoneThatIsLong() throws AddressFormatException {
    Random random = new Random(1);
    for (int i = 0; i < 100 * Addresses.SLOTS; i++) {
      String text = "user%x@north.example".formatted(random.nextLong());
      assertThat(read(text)).hasToString(text);
    }
    assertThat(addresses.count()).isEqualTo(Addresses.SLOTS);
    addresses.forget();
    assertThat(addresses.count()).isZero();

    String domain = "@north.example";
    String longest = "x".repeat(Addresses.LONGEST - domain.length()) + domain;
    assertThat(read(longest)).isSameAs(read(longest));
    assertThat(addresses.count()).isEqualTo(1);
    assertThat(read("y" + longest)).isNotSameAs(read("y" + longest)).hasToString("y" + longest);
    assertThat(addresses.count()).isEqualTo(1);
  }
}
