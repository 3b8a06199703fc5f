package im.comity.transport;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who gets a turn and who does not, in time that a test moves. */
final class TurnstileTest {
  private static final int MANY = 1_000_000;

  private final FakeTimers timers = new FakeTimers();

  /** What happened, in its order. */
  private final List<String> log = new ArrayList<>();

  private static StrangerLimits limits(int atOnce, int perSecond) {
    StrangerLimits usual = StrangerLimits.DEFAULTS;
    return new StrangerLimits(
        usual.perAddress(),
        usual.inAll(),
        usual.connections(),
        usual.fruitless(),
        atOnce,
        perSecond,
        Duration.ofSeconds(10),
        usual.verifications(),
        usual.verificationsOfSender(),
        usual.verificationsAtOnce(),
        List.of());
  }

  private Turnstile turnstile(int atOnce, int perSecond) {
    return new Turnstile(limits(atOnce, perSecond), timers);
  }

  private Cancellable enter(Turnstile turnstile, String address, String name) {
    return turnstile.enter(
        InetAddress.ofLiteral(address),
        new Turnstile.Handshake() {
          @Override
          public void go() {
            log.add(name);
          }

          @Override
          public void giveUp(boolean late) {
            log.add(name + (late ? " late" : " crowded out"));
          }
        });
  }

  private static String address(int i) {
    return "10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255);
  }

  /** Handshakes of one address, each with its turn or waiting for it. */
  private List<Cancellable> flood(Turnstile turnstile, String address, int number) {
    List<Cancellable> all = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      all.add(enter(turnstile, address, "flood"));
    }
    return all;
  }

  private long floods() {
    return log.stream().filter("flood"::equals).count();
  }

  @Test
  @Clause("S2S-DOS-04")
  void soManyBeginInASecondAndATenthOfThemAtOnce() {
    Turnstile turnstile = turnstile(MANY, 20);
    flood(turnstile, "192.0.2.1", 100);
    assertThat(log).hasSize(2);
    timers.advance(Duration.ofMillis(49));
    assertThat(log).hasSize(2);
    timers.advance(Duration.ofMillis(1));
    assertThat(log).hasSize(3);
    timers.advance(Duration.ofMillis(950));
    assertThat(log).hasSize(22);
  }

  @Test
  void whatWasNotUsedIsNotSavedUp() {
    Turnstile turnstile = turnstile(MANY, 20);
    timers.advance(Duration.ofDays(1));
    flood(turnstile, "192.0.2.1", 100);
    assertThat(log).hasSize(2);
  }

  @Test
  void oneASecondIsARateToo() {
    Turnstile turnstile = turnstile(MANY, 1);
    flood(turnstile, "192.0.2.1", 10);
    assertThat(log).hasSize(1);
    timers.advance(Duration.ofSeconds(3));
    assertThat(log).hasSize(4);
  }

  @Test
  @Clause("S2S-DOS-04")
  void whoComesDuringAFloodOfAnotherAddressIsNext() {
    Turnstile turnstile = turnstile(MANY, 20);
    flood(turnstile, "192.0.2.1", 1_000);
    timers.advance(Duration.ofSeconds(1));
    log.clear();
    enter(turnstile, "192.0.2.2", "honest");
    timers.advance(Duration.ofMillis(100));
    assertThat(log).containsExactly("flood", "honest");
  }

  @Test
  @Clause("S2S-DOS-04")
  void addressesTakeTurnsAndEachKeepsItsOwnOrder() {
    Turnstile turnstile = turnstile(MANY, 10);
    enter(turnstile, "192.0.2.9", "at once");
    enter(turnstile, "192.0.2.1", "a1");
    enter(turnstile, "192.0.2.1", "a2");
    enter(turnstile, "192.0.2.1", "a3");
    enter(turnstile, "192.0.2.2", "b1");
    enter(turnstile, "192.0.2.3", "c1");
    enter(turnstile, "192.0.2.2", "b2");
    timers.advance(Duration.ofSeconds(1));
    assertThat(log).containsExactly("at once", "a1", "b1", "c1", "a2", "b2", "a3");
  }

  @Test
  @Clause("S2S-DOS-04")
  void anAddressHasAShareOfWhatIsUnderWay() {
    Turnstile turnstile = turnstile(20, MANY);
    List<Cancellable> all = flood(turnstile, "192.0.2.1", 100);
    assertThat(log).hasSize(5);
    enter(turnstile, "192.0.2.2", "honest");
    assertThat(log).hasSize(6).last().isEqualTo("honest");
    all.getFirst().cancel();
    assertThat(log).hasSize(7).last().isEqualTo("flood");
    assertThat(turnstile.running()).isEqualTo(6);
  }

  @Test
  void whoeverComesHasAtLeastOnePlace() {
    Turnstile turnstile = turnstile(1, MANY);
    Cancellable first = enter(turnstile, "192.0.2.1", "first");
    enter(turnstile, "192.0.2.1", "second");
    assertThat(log).containsExactly("first");
    first.cancel();
    assertThat(log).containsExactly("first", "second");
  }

  @Test
  @Clause("S2S-DOS-04")
  void allTogetherHaveSoManyUnderWayAndTheOldestMakesRoomAfterAWhile() {
    Turnstile turnstile = turnstile(4, MANY);
    for (int i = 0; i < 4; i++) {
      enter(turnstile, address(i), "slow" + i);
      timers.advance(Duration.ofMillis(1));
    }
    enter(turnstile, "192.0.2.1", "honest");
    timers.advance(Turnstile.CROWDED.minusMillis(5));
    assertThat(log).containsExactly("slow0", "slow1", "slow2", "slow3");
    timers.advance(Duration.ofMillis(1));
    assertThat(log)
        .containsExactly("slow0", "slow1", "slow2", "slow3", "slow0 crowded out", "honest");
    timers.advance(Duration.ofDays(1));
    assertThat(log).hasSize(6); // nobody waits
    assertThat(turnstile.running()).isEqualTo(4);
  }

  @Test
  void whatIsUnderWayStaysWhileNobodyWaits() {
    Turnstile turnstile = turnstile(4, MANY);
    enter(turnstile, "192.0.2.1", "slow");
    timers.advance(Duration.ofDays(1));
    assertThat(log).containsExactly("slow");
    assertThat(timers.waiting()).isZero();
  }

  @Test
  @Clause("S2S-DOS-04")
  void whoHasNoTimeLeftIsGivenUpWithoutATurn() {
    Turnstile turnstile = turnstile(MANY, 1);
    flood(turnstile, "192.0.2.1", 10);
    timers.advance(Duration.ofSeconds(5));
    assertThat(log).hasSize(6).containsOnly("flood");
    timers.advance(Duration.ofSeconds(1));
    assertThat(log.subList(6, 10)).containsOnly("flood late");
    assertThat(turnstile.remembered()).isEqualTo(1); // what is under way
    assertThat(timers.waiting()).isZero();
  }

  @Test
  void whoLeavesWhileItWaitsTakesNoTurn() {
    Turnstile turnstile = turnstile(MANY, 10);
    Cancellable first = enter(turnstile, "192.0.2.1", "first");
    Cancellable gone = enter(turnstile, "192.0.2.2", "gone");
    enter(turnstile, "192.0.2.3", "next");
    gone.cancel();
    gone.cancel();
    assertThat(turnstile.remembered()).isEqualTo(2);
    timers.advance(Duration.ofMillis(100));
    assertThat(log).containsExactly("first", "next");
    first.cancel();
    first.cancel();
    assertThat(turnstile.running()).isEqualTo(1);
    assertThat(turnstile.remembered()).isEqualTo(1);
  }

  @Test
  void endingTwiceFreesOnePlace() {
    Turnstile turnstile = turnstile(8, MANY);
    List<Cancellable> all = flood(turnstile, "192.0.2.1", 5);
    all.getFirst().cancel();
    all.getFirst().cancel();
    assertThat(floods()).isEqualTo(3); // two places, and one of them twice
    assertThat(turnstile.running()).isEqualTo(2);
  }

  @Test
  void whoWasCrowdedOutFreesNoPlaceAgain() {
    Turnstile turnstile = turnstile(1, MANY);
    Cancellable slow = enter(turnstile, "192.0.2.1", "slow");
    enter(turnstile, "192.0.2.2", "second");
    timers.advance(Turnstile.CROWDED);
    enter(turnstile, "192.0.2.3", "third");
    slow.cancel();
    assertThat(log).containsExactly("slow", "slow crowded out", "second");
    assertThat(turnstile.running()).isEqualTo(1);
  }

  @Test
  void otherLimitsHoldFromThenOn() {
    Turnstile turnstile = turnstile(4, 10);
    flood(turnstile, "192.0.2.1", 1_000);
    assertThat(log).hasSize(1);
    timers.advance(Duration.ofMillis(50));
    turnstile.limits(limits(400, 100));
    log.clear();
    timers.advance(Duration.ofMillis(500));
    assertThat(log).hasSize(50); // the share has grown as well
    turnstile.limits(limits(4, 100));
    timers.advance(Duration.ofMillis(500));
    assertThat(log).hasSize(50);
  }

  @Test
  @Clause("S2S-DOS-04")
  void whatIsRememberedIsWhatIsOpen() {
    Turnstile turnstile = turnstile(100, 1_000);
    List<Cancellable> open = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      open.add(enter(turnstile, address(i), "one"));
      if (open.size() > 500) {
        open.removeFirst().cancel();
      }
    }
    assertThat(turnstile.remembered()).isEqualTo(500);
    open.forEach(Cancellable::cancel);
    assertThat(turnstile.remembered()).isZero();
    assertThat(turnstile.running()).isZero();
    timers.advance(Duration.ofSeconds(10));
    assertThat(timers.waiting()).isZero();
  }

  @Test
  void aRestartOfALargeProviderIsNotHeldUp() {
    Turnstile turnstile = new Turnstile(StrangerLimits.DEFAULTS, timers);
    List<Cancellable> under = new ArrayList<>();
    // Twenty seconds of 300 a second in the slices of a tenth, each done after half a second.
    for (int slice = 0; slice < 200; slice++) {
      for (int i = 0; i < 30; i++) {
        under.add(enter(turnstile, "192.0.2.1", "one"));
      }
      timers.advance(Duration.ofMillis(100));
      while (under.size() > 150) {
        under.removeFirst().cancel();
      }
      assertThat(log).hasSize(30 * (slice + 1)).containsOnly("one");
    }
  }
}
