package im.comity.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;

class LeaksTest {
  private static final Duration BRIEF = Duration.ofMillis(30);

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Until it stands where it will be found. */
  private static Thread standing(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    return thread;
  }

  private static void end(Thread thread, CountDownLatch latch) throws InterruptedException {
    latch.countDown();
    assertThat(thread.join(Duration.ofSeconds(10))).isTrue();
  }

  @Test
  void nothingLeftIsFine() {
    assertThatCode(() -> Leaks.begin().check()).doesNotThrowAnyException();
  }

  @Test
  void aPlatformThreadIsFoundWithItsNameAndWhereItStands() throws Exception {
    Leaks leaks = Leaks.begin();
    CountDownLatch done = new CountDownLatch(1);
    Thread left = standing(Thread.ofPlatform().name("left behind").start(() -> await(done)));
    assertThatThrownBy(() -> leaks.patience(BRIEF).check())
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("- thread \"left behind\"")
        .hasMessageContaining("LeaksTest.await");
    end(left, done);
    leaks.check();
  }

  @Test
  void aVirtualThreadIsFoundWithItsNameAndWhereItStands() throws Exception {
    Leaks leaks = Leaks.begin();
    CountDownLatch done = new CountDownLatch(1);
    Thread left =
        standing(Thread.ofVirtual().name("a \"virtual\"\n\\one\\").start(() -> await(done)));
    assertThatThrownBy(() -> leaks.patience(BRIEF).check())
        .hasMessageContaining("- virtual thread \"a \"virtual\"\n\\one\\\"")
        .hasMessageContaining("LeaksTest.await");
    end(left, done);
    leaks.check();
  }

  @Test
  void aVirtualThreadOfAnExecutorIsFound() {
    Leaks leaks = Leaks.begin();
    CountDownLatch done = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      executor.execute(() -> await(done));
      assertThatThrownBy(() -> leaks.patience(BRIEF).check())
          .hasMessageContaining("- virtual thread \"\"");
      done.countDown();
    }
    leaks.check();
  }

  @Test
  void aThreadThatIsJustEndingIsWaitedFor() {
    CountDownLatch done = new CountDownLatch(1);
    AtomicLong looks = new AtomicLong();
    Leaks leaks =
        Leaks.begin()
            .watch(
                "nothing",
                () -> {
                  if (looks.incrementAndGet() == 4) {
                    done.countDown();
                  }
                  return 0;
                });
    Thread.ofVirtual().name("ends at the fourth look").start(() -> await(done));
    leaks.check();
    assertThat(looks.get()).isGreaterThanOrEqualTo(4);
  }

  @Test
  void threadsOfTheBeforeTimeDoNotCount() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    Thread platform = Thread.ofPlatform().name("older").start(() -> await(done));
    Thread virtual = Thread.ofVirtual().name("older too").start(() -> await(done));
    assertThatCode(() -> Leaks.begin().patience(BRIEF).check()).doesNotThrowAnyException();
    end(platform, done);
    end(virtual, done);
  }

  @Test
  void threadsMeantToStayCanBeLeftOut() throws Exception {
    Leaks leaks = Leaks.begin().ignoreThreads("shared loop"::equals);
    CountDownLatch done = new CountDownLatch(1);
    Thread shared = Thread.ofPlatform().name("shared loop").start(() -> await(done));
    assertThatCode(() -> leaks.patience(BRIEF).check()).doesNotThrowAnyException();
    end(shared, done);
  }

  @Test
  void theRuntimesOwnThreadsDoNotCount() throws Exception {
    Leaks leaks = Leaks.begin();
    // Starts carriers, pollers and the common pool, none of which ever end.
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread accepting =
          Thread.startVirtualThread(
              () -> {
                try {
                  listening.accept().close();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      standing(accepting);
      new Socket(listening.getInetAddress(), listening.getLocalPort()).close();
      accepting.join();
    }
    CompletableFuture.runAsync(() -> {}).join();
    leaks.check();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aListeningSocketIsFoundWithItsAddress() throws Exception {
    Leaks leaks = Leaks.begin();
    try (ServerSocket left = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> leaks.patience(BRIEF).check())
          .hasMessageContaining("- socket ")
          .hasMessageContaining("127.0.0.1 port " + left.getLocalPort())
          .hasMessageContaining("listening");
    }
    leaks.check();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void bothEndsOfAConnectionAreFound() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Leaks leaks = Leaks.begin();
      try (Socket far = new Socket(listening.getInetAddress(), listening.getLocalPort());
          Socket near = listening.accept()) {
        assertThatThrownBy(() -> leaks.patience(BRIEF).check())
            .hasMessageContaining("port " + far.getLocalPort() + ", peer")
            .hasMessageContaining("peer ")
            .hasMessageContaining("port " + near.getPort() + ", established")
            .hasMessageContaining("established");
      }
      leaks.check();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aDatagramSocketIsFound() throws Exception {
    Leaks leaks = Leaks.begin();
    try (DatagramSocket left = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> leaks.patience(BRIEF).check())
          .hasMessageContaining("udp")
          .hasMessageContaining("port " + left.getLocalPort());
    }
    leaks.check();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aUnixSocketIsFoundWithItsPath(@TempDir Path directory) throws Exception {
    Leaks leaks = Leaks.begin();
    Path path = directory.resolve("socket");
    try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(path));
      assertThatThrownBy(() -> leaks.patience(BRIEF).check()).hasMessageContaining("unix " + path);
    }
    leaks.check();
  }

  @Test
  void aPendingTimerIsFoundWithWhoScheduledIt() {
    FakeClock clock = new FakeClock();
    Leaks leaks = Leaks.begin().watch(clock);
    FakeClock.Task left = clock.after(Duration.ofSeconds(3), () -> {});
    assertThatThrownBy(() -> leaks.patience(BRIEF).check())
        .hasMessageContaining("- timer: task due in 3000 ms, scheduled by")
        .hasMessageContaining("aPendingTimerIsFoundWithWhoScheduledIt");
    left.cancel();
    leaks.check();
  }

  @Test
  void aCounterThatStaysHigherIsFound() {
    AtomicLong buffers = new AtomicLong(2);
    Leaks leaks = Leaks.begin().watch("buffers", buffers::get);
    buffers.set(5);
    assertThatThrownBy(() -> leaks.patience(BRIEF).check())
        .hasMessageContaining("- buffers: 5, was 2");
    buffers.set(1);
    leaks.check();
  }

  @Test
  void allThatIsLeftIsReportedAtOnce() {
    FakeClock clock = new FakeClock();
    AtomicLong queued = new AtomicLong();
    Leaks leaks = Leaks.begin().watch(clock).watch("queued", queued::get);
    clock.after(Duration.ofSeconds(1), () -> {});
    queued.set(1);
    assertThatThrownBy(() -> leaks.patience(BRIEF).check())
        .hasMessageContaining("timer")
        .hasMessageContaining("queued");
  }

  @Test
  void theExtensionFailsATestThatLeavesSomething() throws Exception {
    LeakChecked extension = new LeakChecked();
    ExtensionContext context = context();
    extension.beforeEach(context);
    CountDownLatch done = new CountDownLatch(1);
    Thread left = standing(Thread.ofVirtual().name("left behind").start(() -> await(done)));
    AtomicLong open = new AtomicLong();
    Leaks leaks = (Leaks) extension.resolveParameter(null, context);
    leaks.watch("open streams", open::get).patience(BRIEF);
    open.set(1);
    assertThatThrownBy(() -> extension.afterEach(context))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("open streams")
        .hasMessageContaining("\"left behind\"");
    end(left, done);
    open.set(0);
    extension.afterEach(context);
  }

  /** A context with a store and nothing else. */
  private static ExtensionContext context() {
    Map<Object, Object> kept = new HashMap<>();
    ExtensionContext.Store store =
        proxy(
            ExtensionContext.Store.class,
            (method, arguments) -> {
              assertThat(method).isEqualTo("computeIfAbsent");
              @SuppressWarnings("unchecked")
              Function<Object, Object> make = (Function<Object, Object>) arguments[1];
              return kept.computeIfAbsent(arguments[0], make);
            });
    return proxy(ExtensionContext.class, (method, arguments) -> store);
  }

  private interface Answer {
    Object to(String method, Object[] arguments);
  }

  private static <T> T proxy(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> answer.to(method.getName(), arguments)));
  }
}
