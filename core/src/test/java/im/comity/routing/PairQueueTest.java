package im.comity.routing;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.relay.Ways;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class PairQueueTest {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private final List<List<String>> exits = new ArrayList<>();

  private static Stanza message(String id) {
    return Ways.message(PAIR, id);
  }

  private void leave(List<Stanza> stanzas) {
    exits.add(stanzas.stream().map(Stanza::id).toList());
  }

  @Test
  @Clause("S2S-BNC-13")
  void soManyStanzasMayWaitAndNoMore() {
    PairQueue queue = new PairQueue(2, 1 << 20, List.of());
    assertThat(queue.offer(message("m1"))).isEqualTo(Offer.ACCEPTED);
    assertThat(queue.offer(message("m2"))).isEqualTo(Offer.ACCEPTED);
    assertThat(queue.offer(message("m3"))).isEqualTo(Offer.FULL);
    assertThat(queue.size()).isEqualTo(2);
  }

  @Test
  @Clause("S2S-BNC-13")
  void soManyBytesMayWaitAndOneStanzaOver() {
    PairQueue queue = new PairQueue(100, message("m1").octets().length() + 1, List.of());
    assertThat(queue.offer(message("m1"))).isEqualTo(Offer.ACCEPTED);
    assertThat(queue.offer(message("m2"))).isEqualTo(Offer.ACCEPTED);
    assertThat(queue.offer(message("m3"))).isEqualTo(Offer.FULL);
  }

  @Test
  void whatWasAcceptedEarlierComesFirstWhateverTheBounds() {
    PairQueue queue = new PairQueue(2, 1 << 20, List.of(message("a"), message("b"), message("c")));
    assertThat(queue.offer(message("d"))).isEqualTo(Offer.FULL);
    queue.close(this::leave);
    assertThat(exits).containsExactly(List.of("a", "b", "c"));
  }

  @Test
  void bytesOfTheFirstCountToo() {
    PairQueue queue = new PairQueue(100, 10, List.of(message("a")));
    assertThat(queue.offer(message("b"))).isEqualTo(Offer.FULL);
  }

  @Test
  void theQueueIsLeftOnceAndInOrder() {
    PairQueue queue = new PairQueue(100, 1 << 20, List.of());
    queue.offer(message("m1"));
    queue.offer(message("m2"));
    queue.close(this::leave);
    queue.close(this::leave);
    assertThat(exits).containsExactly(List.of("m1", "m2"));
    assertThat(queue.offer(message("m3"))).isEqualTo(Offer.CLOSED);
    assertThat(queue.size()).isZero();
  }

  @Test
  void whoComesWhileTheQueueIsLeftFindsWhatTheExitMade() throws Exception {
    PairQueue queue = new PairQueue(100, 1 << 20, List.of());
    CountDownLatch leaving = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<Boolean> made = new CompletableFuture<>();
    Thread closer =
        Thread.ofVirtual()
            .start(
                () ->
                    queue.close(
                        _ -> {
                          leaving.countDown();
                          awaitQuietly(go);
                          made.complete(true);
                        }));
    assertThat(leaving.await(10, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Boolean> found = new CompletableFuture<>();
    Thread comer =
        Thread.ofPlatform()
            .start(
                () -> {
                  assertThat(queue.offer(message("late"))).isEqualTo(Offer.CLOSED);
                  found.complete(made.isDone());
                });
    org.awaitility.Awaitility.await()
        .until(() -> comer.getState() == Thread.State.BLOCKED || found.isDone());
    go.countDown();
    assertThat(found.get(10, TimeUnit.SECONDS)).isTrue();
    closer.join();
    comer.join();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
