package im.comity.component;

import static im.comity.component.ComponentBench.domain;
import static im.comity.component.ComponentBench.message;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.local.InProcessLocalSide;
import im.comity.local.LocalSide;
import im.comity.stanza.Offer;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The local side of a program that embeds a federation. */
final class InProcessLocalSideContractTest extends LocalSideContract {
  private final BlockingQueue<String> taken = new LinkedBlockingQueue<>();
  private final BlockingQueue<Boolean> proven = new LinkedBlockingQueue<>();
  private final Semaphore turns = new Semaphore(100_000);
  private final InProcessLocalSide side =
      new InProcessLocalSide(
          List.of(domain("north.example"), domain("rooms.north.example")),
          1_000,
          (stanza, along) -> {
            turns.acquire();
            taken.add(String.valueOf(stanza.id()));
            proven.add(along != null);
          });

  @AfterEach
  void close() {
    side.close();
  }

  @Override
  LocalSide side() {
    return side;
  }

  @Override
  String taken() throws Exception {
    if (turns.availablePermits() == 0) {
      turns.release(100_000);
    }
    String next = taken.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing was handed over");
    }
    return next;
  }

  @Override
  void stall() {
    turns.drainPermits();
  }

  @Override
  void leave() {
    side.close();
  }

  @Test
  void theProgramIsToldHowASenderWasProvenAndThatOthersDidNotComeFromAPeer() throws Exception {
    deliver(message("a@south.example", "b@north.example", "m1"));
    side.deliverLocally(message("r@rooms.north.example", "b@north.example", "m2"));
    assertThat(List.of(proven.take(), proven.take())).containsExactly(true, false);
  }

  @Test
  void aHandlerThatFailsClosesTheSide() {
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((_, _) -> {});
    try (InProcessLocalSide broken =
        new InProcessLocalSide(
            List.of(domain("north.example")),
            10,
            (_, _) -> {
              throw new IllegalStateException("a fault of the program");
            })) {
      broken.deliverLocally(message("a@south.example", "north.example", "m1"));
      Awaitility.await()
          .dontCatchUncaughtExceptions()
          .atMost(10, TimeUnit.SECONDS)
          .until(
              () ->
                  broken.deliverLocally(message("a@south.example", "north.example", "m2"))
                      instanceof Offer.Closed);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }
}
