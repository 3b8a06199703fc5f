package im.comity.relay;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.xml.Octets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class OutletTest {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private static final Octets ELEMENT = Octets.utf8("<db:result/>");

  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);
  private final AtomicInteger woken = new AtomicInteger();

  private static Stanza message(String id) {
    return Ways.message(PAIR, id);
  }

  private static int length() {
    return message("m1").octets().length();
  }

  @Test
  void theBoundIsInBytesAndOneStanzaMayGoOverIt() {
    Outlet outlet = new Outlet(transport, length() + 1);
    assertThat(outlet.offer(message("m1"))).isEqualTo(Offer.ACCEPTED);
    assertThat(outlet.offer(message("m2"))).isEqualTo(Offer.ACCEPTED);
    assertThat(outlet.offer(message("m3"))).isEqualTo(Offer.FULL);
    assertThat(outlet.queuedBytes()).isEqualTo(2 * length());
    loop.run();
    assertThat(transport.ids()).containsExactly("m1", "m2");
    assertThat(outlet.queuedBytes()).isZero();
    assertThat(outlet.written()).isEqualTo(2);
    assertThat(outlet.offer(message("m3"))).isEqualTo(Offer.ACCEPTED);
  }

  @Test
  void whoWaitsForRoomIsCalledAtOnceIfThereIsAndElseOnceAfterAWrite() {
    Outlet outlet = new Outlet(transport, length());
    outlet.whenRoom(woken::incrementAndGet);
    assertThat(woken).hasValue(1);
    outlet.offer(message("m1"));
    outlet.whenRoom(woken::incrementAndGet);
    assertThat(woken).hasValue(1);
    loop.run();
    assertThat(woken).hasValue(2);
    outlet.offer(message("m2"));
    loop.run();
    assertThat(woken).hasValue(2);
  }

  @Test
  void aPeerThatAsksAndDoesNotReadLosesTheConnection() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    transport.writable(false);
    int fit = Outlet.ELEMENT_BYTES / ELEMENT.length();
    for (int i = 0; i < fit; i++) {
      assertThat(outlet.element(ELEMENT)).isTrue();
    }
    loop.run();
    assertThat(transport.closed()).isNotDone();
    assertThat(outlet.element(ELEMENT)).isFalse();
    loop.run();
    assertThat(transport.closed().join()).hasMessageContaining("does not read");
    assertThat(outlet.queuedBytes()).isLessThanOrEqualTo(Outlet.ELEMENT_BYTES);
  }

  @Test
  void aPeerThatReadsMayAskForAsMuchAsItLikes() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    int part = Outlet.ELEMENT_BYTES / ELEMENT.length();
    for (int i = 0; i < 3 * part; i++) {
      assertThat(outlet.element(ELEMENT)).isTrue();
      if (i % part == part - 1) {
        loop.run();
      }
    }
    assertThat(transport.closed()).isNotDone();
    assertThat(outlet.queuedBytes()).isZero();
  }

  @Test
  void whoWaitsForRoomGoesOnWhenTheOutletWasClosedAndReleased() {
    Outlet outlet = new Outlet(transport, 1);
    outlet.offer(message("m1"));
    outlet.whenRoom(woken::incrementAndGet);
    outlet.close();
    assertThat(woken).as("before the unsent stanzas are where they belong").hasValue(0);
    outlet.release();
    outlet.release();
    assertThat(woken).hasValue(1);
    outlet.whenRoom(woken::incrementAndGet);
    assertThat(woken).hasValue(2);
  }

  @Test
  void whatIsAcceptedAlreadyIsTakenOverTheBoundAndInOrder() {
    Outlet outlet = new Outlet(transport, 1);
    List<Stanza> stanzas = IntStream.range(0, 10).mapToObj(i -> message("m" + i)).toList();
    assertThat(outlet.offerAll(stanzas)).isTrue();
    assertThat(outlet.offer(message("more"))).isEqualTo(Offer.FULL);
    loop.run();
    assertThat(transport.ids())
        .containsExactlyElementsOf(IntStream.range(0, 10).mapToObj(i -> "m" + i).toList());
  }

  @Test
  void whatWaitsLeavesInOneWriteAndALongQueueInSeveral() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    for (int i = 0; i < 3; i++) {
      outlet.offer(message("m" + i));
    }
    loop.run();
    assertThat(transport.writes()).hasSize(1);
    for (int i = 3; i < 6; i++) {
      outlet.offer(Ways.stanza("message", PAIR, "m" + i, 40_000));
    }
    loop.run();
    assertThat(transport.writes()).hasSize(4);
    assertThat(transport.ids()).containsExactly("m0", "m1", "m2", "m3", "m4", "m5");
  }

  @Test
  void aConnectionThatTakesNoMoreIsLeftAloneUntilItDoes() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    transport.writable(false);
    outlet.offer(message("m1"));
    loop.run();
    outlet.element(ELEMENT);
    outlet.offer(message("m2"));
    assertThat(loop.waiting()).as("wakes for nothing").isZero();
    assertThat(transport.writes()).isEmpty();
    transport.writable(true);
    outlet.drain();
    assertThat(transport.writes()).hasSize(1);
    assertThat(transport.writes().getFirst()).contains("m1", "<db:result/>", "m2");
    outlet.offer(message("m3"));
    loop.run();
    assertThat(transport.ids()).containsExactly("m1", "m2", "m3");
  }

  @Test
  void aClosedOutletTakesNothingWritesNothingAndReturnsItsStanzasOnce() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    outlet.offer(message("m1"));
    loop.run();
    outlet.offer(message("m2"));
    outlet.element(ELEMENT);
    outlet.offer(message("m3"));
    assertThat(outlet.close()).extracting(Stanza::id).containsExactly("m2", "m3");
    assertThat(outlet.close()).isEmpty();
    assertThat(outlet.offer(message("m4"))).isEqualTo(Offer.CLOSED);
    assertThat(outlet.offerAll(List.of(message("m4")))).isFalse();
    assertThat(outlet.element(ELEMENT)).isFalse();
    loop.run();
    outlet.drain();
    assertThat(transport.ids()).containsExactly("m1");
    assertThat(outlet.written()).isEqualTo(1);
    assertThat(outlet.queuedBytes()).isZero();
  }

  @Test
  void theEndOfTheQueueCanBeAwaited() {
    Outlet outlet = new Outlet(transport, 1 << 20);
    assertThat(outlet.drained()).isDone();
    outlet.offer(message("m1"));
    Future<?> drained = outlet.drained();
    assertThat(drained.isDone()).isFalse();
    loop.run();
    assertThat(drained.isDone()).isTrue();
    outlet.offer(message("m2"));
    Future<?> closed = outlet.drained();
    outlet.close();
    outlet.release();
    assertThat(closed.isDone()).isTrue();
    assertThat(outlet.drained()).isDone();
  }

  @Test
  @Clause("S2S-ORD-05")
  void ofSeveralWritersEachKeepsItsOrderAndACutLosesAndDoublesNothing() throws Exception {
    for (int round = 0; round < 20; round++) {
      cutUnderSeveralWriters(round);
    }
  }

  private static void cutUnderSeveralWriters(int round) throws Exception {
    int writers = 4;
    try (ExecutorService loop = Executors.newSingleThreadExecutor();
        ExecutorService threads = Executors.newFixedThreadPool(writers)) {
      StubTransport transport = new StubTransport(loop);
      Outlet outlet = new Outlet(transport, 4_000);
      CountDownLatch some = new CountDownLatch(200 + 50 * round);
      List<Future<Integer>> accepted = new ArrayList<>();
      for (int writer = 0; writer < writers; writer++) {
        int number = writer;
        accepted.add(threads.submit(() -> write(outlet, number, some)));
      }
      assertThat(some.await(30, TimeUnit.SECONDS)).isTrue();
      List<Stanza> unsent = loop.submit(outlet::close).get();
      loop.submit(outlet::release).get();
      List<String> all =
          Stream.concat(transport.ids().stream(), unsent.stream().map(Stanza::id)).toList();
      for (int writer = 0; writer < writers; writer++) {
        String prefix = writer + "-";
        assertThat(all.stream().filter(id -> id.startsWith(prefix)).toList())
            .containsExactlyElementsOf(
                IntStream.range(0, accepted.get(writer).get()).mapToObj(i -> prefix + i).toList());
      }
    }
  }

  /** Writes until the outlet closes; returns how many stanzas it took. */
  private static int write(Outlet outlet, int writer, CountDownLatch some) throws Exception {
    for (int i = 0; ; some.countDown()) {
      switch (outlet.offer(message(writer + "-" + i))) {
        case Offer.Accepted _ -> i++;
        case Offer.Full _ -> {
          CountDownLatch room = new CountDownLatch(1);
          outlet.whenRoom(room::countDown);
          assertThat(room.await(30, TimeUnit.SECONDS)).isTrue();
        }
        case Offer.Closed _ -> {
          return i;
        }
      }
    }
  }
}
