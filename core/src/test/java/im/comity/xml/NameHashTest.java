package im.comity.xml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NameHashTest {

  @Test
  void theHashDependsOnTheBytesAloneAndNotOnWhatIsAroundThem() {
    Random random = new Random(1);
    for (int length = 0; length < 40; length++) {
      byte[] name = new byte[length];
      random.nextBytes(name);
      long hash = NameHash.of(name, 0, length);
      assertThat(hash).isBetween(0L, (1L << 61) - 2);
      for (int from = 0; from < 10; from++) {
        for (int after = 0; after < 10; after++) {
          byte[] around = new byte[from + length + after];
          random.nextBytes(around);
          System.arraycopy(name, 0, around, from, length);
          assertThat(NameHash.of(around, from, from + length)).isEqualTo(hash);
          assertThat(NameHash.start(around, from, from + length))
              .isEqualTo(NameHash.start(name, 0, length));
        }
      }
    }
  }

  @Test
  void differentNamesHaveDifferentHashes() {
    Set<Long> hashes = new HashSet<>();
    Set<Long> slots = new HashSet<>();
    int names = 0;
    for (int length = 0; length < 300; length++) {
      for (byte fill : new byte[] {0, 1, 'a', -1}) {
        byte[] name = new byte[length];
        Arrays.fill(name, fill);
        hashes.add(NameHash.of(name, 0, length));
        names++;
        for (int i = 0; i < Math.min(length, 20); i++) {
          byte[] other = name.clone();
          other[i] ^= 2;
          hashes.add(NameHash.of(other, 0, length));
          names++;
        }
        if (length == 0) {
          break;
        }
      }
    }
    assertThat(hashes).hasSize(names);
    for (long hash : hashes) {
      slots.add(hash & 0xFFFF);
    }
    assertThat(slots).hasSizeGreaterThan(names * 3 / 4);
  }

  @Test
  void thePairHashTellsOrderAndBothParts() {
    Map<Long, String> seen = new HashMap<>();
    for (long a = 0; a < 60; a++) {
      for (long b = 0; b < 60; b++) {
        long first = NameHash.of(new byte[] {(byte) a}, 0, 1);
        long second = NameHash.of(new byte[] {(byte) b}, 0, 1);
        assertThat(seen.put(NameHash.of(first, second), a + " " + b)).isNull();
      }
    }
  }
}
