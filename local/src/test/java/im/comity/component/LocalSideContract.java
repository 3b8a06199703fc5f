package im.comity.component;

import static im.comity.component.ComponentBench.domain;
import static im.comity.component.ComponentBench.message;
import static im.comity.component.ComponentBench.stanza;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.local.LocalSide;
import im.comity.local.LocalSide.Standing;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Reason;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What a federation may expect of every {@link LocalSide}. One that serves {@code north.example}
 * and {@code rooms.north.example}, with one taker behind both.
 */
@Timeout(120)
@ExtendWith(LeakChecked.class)
abstract class LocalSideContract {
  private static final String BODY = "x".repeat(8_000);

  /** The local side, with its taker at work. */
  abstract LocalSide side();

  /** The id of the next stanza that the taker got; waits for it. */
  abstract String taken() throws Exception;

  /** The taker takes nothing until {@link #taken()} is called. */
  abstract void stall() throws Exception;

  /** The taker goes away for good. */
  abstract void leave() throws Exception;

  private static Association along(Stanza stanza) {
    DomainPair pair = stanza.pair();
    Admission admission =
        Admission.inbound(
            new Requirement(
                FederationLevel.PERMISSIVE, List.of(), true, true, false, "the rule of a test"),
            new Channel(1, null),
            pair,
            new Judgement.NotProven(
                List.of(new Reason(Reason.ANY, Reason.Code.SELF_SIGNED, "of no matter"))),
            null,
            null);
    if (admission instanceof Admission.Admitted(var association)) {
      return association;
    }
    throw new AssertionError(admission);
  }

  /** Delivers it as if a peer had sent it. */
  final Offer deliver(Stanza stanza) {
    return side().deliver(along(stanza), stanza);
  }

  @Test
  void itServesItsDomainsAndNoOthers() {
    assertThat(side().standing(domain("north.example"))).isEqualTo(Standing.SERVED);
    assertThat(side().standing(domain("rooms.north.example"))).isEqualTo(Standing.SERVED);
    assertThat(side().standing(domain("x.rooms.north.example"))).isEqualTo(Standing.FOREIGN);
    assertThat(side().standing(domain("example"))).isEqualTo(Standing.FOREIGN);
    assertThat(side().standing(domain("south.example"))).isEqualTo(Standing.FOREIGN);
    assertThat(side().domains())
        .containsExactlyInAnyOrder(domain("north.example"), domain("rooms.north.example"));
  }

  @Test
  void namesAreTheSameInWhateverCase() {
    assertThat(side().standing(domain("NORTH.example"))).isEqualTo(Standing.SERVED);
  }

  @Test
  void whatIsDeliveredArrives() throws Exception {
    assertThat(deliver(message("a@south.example", "b@north.example", "m1")))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(taken()).isEqualTo("m1");
    assertThat(deliver(message("a@south.example", "rooms.north.example", "m2")))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(taken()).isEqualTo("m2");
  }

  @Test
  void whatDidNotComeFromAPeerArrivesTheSameWay() throws Exception {
    assertThat(side().deliverLocally(message("r@rooms.north.example", "b@north.example", "m1")))
        .isEqualTo(Offer.ACCEPTED);
    assertThat(taken()).isEqualTo("m1");
  }

  @Test
  void theOrderIsKept() throws Exception {
    for (int i = 0; i < 1000; i++) {
      Stanza next = message("a@south.example", "b@north.example", "m" + i);
      Offer offer = i % 2 == 0 ? deliver(next) : side().deliverLocally(next);
      assertThat(offer).isEqualTo(Offer.ACCEPTED);
    }
    for (int i = 0; i < 1000; i++) {
      assertThat(taken()).isEqualTo("m" + i);
    }
  }

  @Test
  void aTakerThatStallsMakesItFullAndWhatWasAcceptedArrivesOnceAndInOrder() throws Exception {
    stall();
    int accepted = 0;
    while (offered("m" + accepted)) {
      accepted++;
      assertThat(accepted).as("a bound").isLessThan(10_000);
    }
    assertThat(accepted).isPositive();
    assertThat(deliver(large("refused"))).isEqualTo(Offer.FULL);
    // Who is there already is as little served as who is new.
    assertThat(deliver(message("z@west.example", "rooms.north.example", "refused")))
        .isEqualTo(Offer.FULL);
    for (int i = 0; i < accepted; i++) {
      assertThat(taken()).isEqualTo("m" + i);
    }
    assertThat(deliver(large("again"))).isEqualTo(Offer.ACCEPTED);
    assertThat(taken()).isEqualTo("again");
  }

  @Test
  @Clause("S2S-DOS-05")
  void whoWaitsForRoomIsToldOnceThereIsSomeUnlessItCalledThatOff() throws Exception {
    stall();
    int accepted = 0;
    while (offered("m" + accepted)) {
      accepted++;
    }
    AtomicInteger told = new AtomicInteger();
    AtomicInteger calledOff = new AtomicInteger();
    assertThat(side().whenRoom(large("waits"), told::incrementAndGet)).isNotNull();
    side().whenRoom(large("waits"), calledOff::incrementAndGet).cancel();
    assertThat(told).hasValue(0);
    for (int i = 0; i < accepted; i++) {
      taken();
    }
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> told.get() == 1);
    assertThat(calledOff).hasValue(0);
    side().whenRoom(large("at once"), told::incrementAndGet);
    assertThat(told).hasValue(2);
  }

  @Test
  void whoWaitsForRoomIsToldWhenTheTakerLeaves() throws Exception {
    stall();
    int accepted = 0;
    while (offered("m" + accepted)) {
      accepted++;
    }
    AtomicInteger told = new AtomicInteger();
    side().whenRoom(large("waits"), told::incrementAndGet);
    leave();
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> told.get() == 1);
  }

  private static Stanza large(String id) {
    return stanza("message", "a@south.example", "b@north.example", id, "chat", "body", BODY);
  }

  private boolean offered(String id) {
    try {
      Awaitility.await()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(5))
          .atMost(Duration.ofMillis(500))
          .until(
              () -> {
                Offer offer = deliver(large(id));
                assertThat(offer).isNotEqualTo(Offer.CLOSED);
                return offer instanceof Offer.Accepted;
              });
      return true;
    } catch (ConditionTimeoutException full) {
      return false;
    }
  }

  @Test
  void whenTheTakerIsAwayItIsClosedAndItsDomainsAreServedStill() throws Exception {
    leave();
    assertThat(deliver(message("a@south.example", "b@north.example", "m1")))
        .isEqualTo(Offer.CLOSED);
    assertThat(side().deliverLocally(message("a@south.example", "rooms.north.example", "m2")))
        .isEqualTo(Offer.CLOSED);
    assertThat(side().standing(domain("north.example"))).isEqualTo(Standing.SERVED);
    assertThat(side().domains()).hasSize(2);
  }
}
