package im.comity.negotiation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.testkit.Clause;
import im.comity.transport.Meter;
import im.comity.transport.Meter.Rate;
import im.comity.transport.StrangerLimits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class VerificationBudgetTest {
  private long now = 17;

  private static final StrangerLimits LIMITS =
      new StrangerLimits(
          1,
          1,
          new Rate(1, 1),
          new Rate(1, 1),
          1,
          1,
          Duration.ofSeconds(1),
          new Rate(20, 2),
          new Rate(5, 1),
          3,
          java.util.List.of());

  private final VerificationBudget budget =
      new VerificationBudget(() -> now, new Rate(20, 2), new Rate(5, 1));

  private int taken(int tries, String from, String sender) {
    int taken = 0;
    try {
      for (int i = 0; i < tries; i++) {
        if (budget.take(InetAddress.getByName(from), Domain.of(sender.formatted(i)), LIMITS)) {
          taken++;
        }
      }
    } catch (UnknownHostException | AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
    return taken;
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  @Clause("S2S-DB-48")
  void oneSourceCausesNoMoreThanItsRateWhateverItClaims() {
    assertThat(taken(10_000, "192.0.2.1", "fake%d.example")).isEqualTo(20);
    assertThat(taken(10, "192.0.2.2", "other%d.example")).isEqualTo(10);
    pass(Duration.ofSeconds(3));
    assertThat(taken(10_000, "192.0.2.1", "more%d.example")).isEqualTo(6);
    pass(Duration.ofDays(1));
    assertThat(taken(10_000, "192.0.2.1", "yet%d.example")).isEqualTo(20);
  }

  @Test
  @Clause("S2S-DB-48")
  void oneSenderIsAskedAboutNoMoreThanItsRateWhoeverClaimsIt() {
    assertThat(taken(4, "192.0.2.1", "victim.example")).isEqualTo(4);
    assertThat(taken(4, "192.0.2.2", "victim.example")).isEqualTo(1);
    assertThat(taken(4, "192.0.2.3", "victim.example")).isZero();
    pass(Duration.ofSeconds(2));
    assertThat(taken(4, "192.0.2.3", "victim.example")).isEqualTo(2);
  }

  @Test
  void whatIsRefusedCostsNothing() {
    assertThat(taken(100, "192.0.2.1", "victim.example")).isEqualTo(5);
    assertThat(taken(100, "192.0.2.1", "other%d.example")).isEqualTo(15);
  }

  @Test
  void anIpv6NetworkIsOneSource() {
    assertThat(taken(15, "2001:db8::1", "a%d.example")).isEqualTo(15);
    assertThat(taken(15, "2001:db8::ffff:1", "b%d.example")).isEqualTo(5);
    assertThat(taken(15, "2001:db8:0:1::1", "c%d.example")).isEqualTo(15);
  }

  @Test
  void whatIsRememberedIsBounded() {
    for (int i = 0; i < 300; i++) {
      taken(100, "10.0." + i / 250 + "." + i % 250, "x" + i + "-%d.example");
    }
    assertThat(budget.remembered()).isLessThanOrEqualTo(Meter.MOST);
  }

  @Test
  @Clause("S2S-DOS-06")
  void oneSourceHasNoMoreUnderWayThanItsShare() throws Exception {
    InetAddress one = InetAddress.getByName("192.0.2.1");
    InetAddress other = InetAddress.getByName("192.0.2.2");
    for (int i = 0; i < 3; i++) {
      assertThat(budget.begin(one, 3)).isTrue();
    }
    assertThat(budget.begin(one, 3)).isFalse();
    assertThat(budget.begin(other, 3)).isTrue();
    budget.end(one);
    assertThat(budget.begin(one, 3)).isTrue();
    for (int i = 0; i < 3; i++) {
      budget.end(one);
    }
    budget.end(other);
    assertThat(budget.remembered()).isZero();
  }
}
