package im.comity.routing;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.Consequences.Barring;
import im.comity.testkit.Clause;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RetryLedgerTest {
  private final RetryLedger ledger = new RetryLedger(100, new Random(1));
  private Instant now = Instant.parse("2026-11-20T12:00:00Z");

  private static DomainPair pair(String sender, String target) {
    try {
      return new DomainPair(Domain.of(sender), Domain.of(target));
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private final DomainPair pair = pair("north.example", "south.example");

  private Duration fails(Barring kind) {
    Duration bar = ledger.failed(pair, kind, now);
    now = now.plus(bar);
    return bar;
  }

  @Test
  void networkTroubleBarsOneToFiveSecondsDoublingToFiveMinutes() {
    Duration first = fails(Barring.NETWORK);
    assertThat(first).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
    Duration bar = first;
    for (int i = 0; i < 12; i++) {
      Duration next = fails(Barring.NETWORK);
      Duration doubled = bar.multipliedBy(2);
      assertThat(next)
          .isEqualTo(
              doubled.compareTo(Duration.ofMinutes(5)) > 0 ? Duration.ofMinutes(5) : doubled);
      bar = next;
    }
    assertThat(bar).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void theFirstDelaysSpread() {
    long different =
        IntStream.range(0, 90)
            .mapToObj(
                i -> ledger.failed(pair("n" + i + ".example", "s.example"), Barring.NETWORK, now))
            .distinct()
            .count();
    assertThat(different).isGreaterThan(60);
  }

  @Test
  @Clause("DNA-DEL-27")
  void aRefusalBarsFiveMinutesDoublingToAnHour() {
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(5));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(10));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(20));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(40));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofHours(1));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofHours(1));
  }

  @Test
  void aRefusalAfterNetworkTroubleBeginsWithFiveMinutes() {
    fails(Barring.NETWORK);
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void successAndTheTargetShowingUpBeginAnew() {
    fails(Barring.REFUSAL);
    fails(Barring.REFUSAL);
    ledger.succeeded(pair);
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(5));
    fails(Barring.REFUSAL);
    assertThat(ledger.forget(pair.target())).containsExactly(pair);
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void whatWasLongAgoCountsNoMore() {
    fails(Barring.REFUSAL);
    fails(Barring.REFUSAL);
    now = now.plus(Duration.ofHours(2));
    assertThat(fails(Barring.REFUSAL)).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void itRemembersABoundedNumberOfPairs() {
    for (int i = 0; i < 1_000; i++) {
      ledger.failed(pair("n" + i + ".example", "s" + i + ".example"), Barring.NETWORK, now);
    }
    assertThat(ledger.size()).isEqualTo(100);
    assertThat(ledger.forget(pair("n", "s0.example").target())).isEmpty();
    assertThat(ledger.forget(pair("n", "s999.example").target())).hasSize(1);
  }
}
