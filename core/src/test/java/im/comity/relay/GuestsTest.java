package im.comity.relay;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.event.NegotiationFailure.TooMuchTraffic;
import im.comity.event.NegotiationFailure.TrafficLimit;
import im.comity.policy.DomainPatterns;
import im.comity.testkit.Clause;
import im.comity.transport.FakeTimers;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whose account a stanza is on, and how many accounts there are. */
final class GuestsTest {
  private static final DomainPair ONE = Ways.pair("south.example", "north.example");
  private static final DomainPair SAME_PEER = Ways.pair("south.example", "rooms.north.example");
  private static final DomainPair SAME_DOMAIN = Ways.pair("west.example", "north.example");

  private final FakeTimers timers = new FakeTimers();

  private static Allowance stanzas(int perSecond) {
    return new Allowance(0, perSecond, 1);
  }

  private Guests guests(
      @Nullable Allowance peer,
      @Nullable Allowance pair,
      @Nullable Allowance domain,
      String... excepted) {
    return new Guests(
        new GuestLimits(peer, pair, domain, DomainPatterns.of(List.of(excepted))), timers);
  }

  /** How many stanzas pass now, of a thousand. */
  private int pass(Guests guests, DomainPair pair) {
    int passed = 0;
    while (passed < 1_000 && !guests.account(pair).isSpent(timers.nanoTime())) {
      guests.account(pair).take(100, timers.nanoTime());
      passed++;
    }
    return passed;
  }

  private TooMuchTraffic why(Guests guests, DomainPair pair) {
    return guests.account(pair).why(timers.nanoTime());
  }

  @Test
  @Clause("S2S-DOS-01")
  void aPeerHasOneBucketForAllDomainsOfOurs() {
    Guests guests = guests(stanzas(10), null, null);
    assertThat(pass(guests, ONE)).isEqualTo(10);
    assertThat(pass(guests, SAME_PEER)).isZero();
    assertThat(pass(guests, SAME_DOMAIN)).isEqualTo(10);
    assertThat(why(guests, SAME_PEER))
        .isEqualTo(new TooMuchTraffic(TrafficLimit.PER_PEER, "south.example", 0, 10));
  }

  @Test
  @Clause("S2S-DOS-01")
  void aPairHasOneOfItsOwn() {
    Guests guests = guests(null, stanzas(10), null);
    assertThat(pass(guests, ONE)).isEqualTo(10);
    assertThat(pass(guests, SAME_PEER)).isEqualTo(10);
    assertThat(pass(guests, SAME_DOMAIN)).isEqualTo(10);
    assertThat(why(guests, ONE))
        .isEqualTo(new TooMuchTraffic(TrafficLimit.PER_PAIR, ONE.toString(), 0, 10));
  }

  @Test
  @Clause("S2S-DOS-01")
  void aDomainOfOursHasOneForAllPeers() {
    Guests guests = guests(null, null, stanzas(10));
    assertThat(pass(guests, ONE)).isEqualTo(10);
    assertThat(pass(guests, SAME_PEER)).isEqualTo(10);
    assertThat(pass(guests, SAME_DOMAIN)).isZero();
    assertThat(why(guests, SAME_DOMAIN))
        .isEqualTo(new TooMuchTraffic(TrafficLimit.PER_DOMAIN, "north.example", 0, 10));
  }

  @Test
  void theTightestOfAllThreeHolds() {
    Guests guests = guests(stanzas(15), stanzas(10), stanzas(20));
    assertThat(pass(guests, ONE)).isEqualTo(10);
    assertThat(pass(guests, SAME_PEER)).isEqualTo(5);
    assertThat(pass(guests, SAME_DOMAIN)).isEqualTo(10);
    assertThat(pass(guests, Ways.pair("east.example", "north.example"))).isZero();
    timers.advance(Duration.ofSeconds(2));
    assertThat(pass(guests, ONE)).isEqualTo(10);
  }

  @Test
  @Clause("S2S-DOS-01")
  void whoIsExceptedIsNotCountedAnywhere() {
    Guests guests =
        guests(stanzas(10), stanzas(10), stanzas(10), "south.example", "*.partner.example");
    assertThat(pass(guests, ONE)).isEqualTo(1_000);
    assertThat(pass(guests, Ways.pair("a.partner.example", "north.example"))).isEqualTo(1_000);
    assertThat(pass(guests, Ways.pair("sub.south.example", "rooms.north.example"))).isEqualTo(10);
    assertThat(pass(guests, SAME_DOMAIN)).isEqualTo(10);
    assertThat(guests.remembered()).isEqualTo(2);
  }

  @Test
  void whereNothingIsLimitedNothingIsKept() {
    Guests guests = new Guests(GuestLimits.NONE, timers);
    assertThat(guests.limited()).isFalse();
    guests.limits(new GuestLimits(stanzas(10), null, null, DomainPatterns.of(List.of())));
    assertThat(guests.limited()).isTrue();
    assertThat(pass(guests, ONE)).isEqualTo(10);
    guests.limits(GuestLimits.NONE);
    assertThat(guests.limited()).isFalse();
    assertThat(guests.remembered()).isZero();
  }

  @Test
  void aReloadThatChangesNothingForgivesNothing() {
    Guests guests = guests(stanzas(10), null, null, "*.partner.example");
    pass(guests, ONE);
    int before = guests.generation();
    guests.limits(
        new GuestLimits(stanzas(10), null, null, DomainPatterns.of(List.of("*.partner.example"))));
    assertThat(guests.generation()).isEqualTo(before);
    assertThat(pass(guests, ONE)).isZero();
  }

  @Test
  @Clause("S2S-DOS-01")
  void whoIsSilentIsForgottenAndWhoStillOwesIsNot() {
    Guests guests = guests(stanzas(10), stanzas(10), stanzas(10));
    pass(guests, ONE);
    timers.advance(Duration.ofMillis(500));
    pass(guests, Ways.pair("west.example", "rooms.north.example"));
    int before = guests.generation();
    timers.advance(Duration.ofMillis(500));
    guests.sweep();
    assertThat(guests.remembered()).isEqualTo(1);
    assertThat(guests.generation()).as("streams look their accounts up").isNotEqualTo(before);
    assertThat(pass(guests, Ways.pair("west.example", "rooms.north.example"))).isEqualTo(5);
    timers.advance(Duration.ofSeconds(2));
    guests.sweep();
    assertThat(guests.remembered()).isZero();
  }

  @Test
  void aBucketThatAnAccountHoldsStaysTheOnlyOneOfItsName() {
    Guests guests = guests(stanzas(10), stanzas(1), null);
    pass(guests, ONE);
    timers.advance(Duration.ofMillis(200));
    // The peer's bucket is full again, the pair's is not.
    guests.sweep();
    assertThat(guests.account(ONE)).isSameAs(guests.account(ONE));
    for (int i = 0; i < 20; i++) {
      guests.account(SAME_PEER).take(1, timers.nanoTime());
    }
    assertThat(why(guests, ONE).limit()).isEqualTo(TrafficLimit.PER_PEER);
  }

  @Test
  @Clause("S2S-DOS-01")
  void aHundredThousandDomainsOfAStrangerAreRememberedWithinABound() {
    Guests guests = guests(stanzas(1), stanzas(1), stanzas(1_000_000));
    int most = 0;
    for (int i = 0; i < 100_000; i++) {
      DomainPair pair = Ways.pair("s" + i + ".example", "north.example");
      guests.account(pair).take(1, timers.nanoTime());
      if (i % 1_000 == 0) {
        most = Math.max(most, guests.remembered());
      }
    }
    assertThat(Math.max(most, guests.remembered())).isBetween(1, Guests.MOST);
  }
}
