package im.comity.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {
  @Test
  void threadsThatHaveEndedAreForgottenInTime() throws Exception {
    try (Workers workers = new Workers("test")) {
      for (int i = 0; i < 10_000; i++) {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        workers.start(() -> thread.complete(Thread.currentThread()));
        thread.get(20, TimeUnit.SECONDS).join();
        assertThat(workers.remembered()).isLessThanOrEqualTo(64);
      }
    }
  }

  @Test
  void nothingIsStartedOnceClosed() {
    Workers workers = new Workers("test");
    workers.close();
    assertThat(workers.start(() -> {})).isFalse();
    assertThat(workers.closed()).isTrue();
  }

  @Test
  void aThreadMayCloseItsOwnServer() throws Exception {
    Workers workers = new Workers("test");
    CountDownLatch closed = new CountDownLatch(1);
    workers.start(
        () -> {
          workers.close();
          closed.countDown();
        });
    assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
  }
}
