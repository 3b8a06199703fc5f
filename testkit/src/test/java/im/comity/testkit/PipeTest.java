package im.comity.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakChecked.class)
class PipeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final FakeClock clock = new FakeClock();
  private final Pipe pipe = new Pipe();
  private final Pipe timed = new Pipe(clock);

  private static void write(Pipe.End end, String text) throws IOException {
    end.out().write(text.getBytes(UTF_8));
  }

  /** What one read gives; null at the end. */
  private static String read(Pipe.End end) throws IOException {
    byte[] bytes = new byte[1000];
    int count = end.read(bytes, 0, bytes.length, PATIENCE);
    return count < 0 ? null : new String(bytes, 0, count, UTF_8);
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private interface Reading<T> {
    T read() throws Exception;
  }

  /** Runs on a virtual thread of its own. */
  private static <T> CompletableFuture<T> meanwhile(Reading<T> reading) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            result.complete(reading.read());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(10, TimeUnit.SECONDS);
  }

  @Test
  void whatOneEndWritesTheOtherReads() throws Exception {
    write(pipe.left(), "to the right");
    write(pipe.right(), "to the left");
    assertThat(read(pipe.right())).isEqualTo("to the right");
    assertThat(read(pipe.left())).isEqualTo("to the left");
  }

  @Test
  void aReadGetsWhatSeveralWritesBrought() throws Exception {
    write(pipe.left(), "ab");
    write(pipe.left(), "cd");
    byte[] three = new byte[3];
    assertThat(pipe.right().in().available()).isEqualTo(4);
    assertThat(pipe.right().in().read(three)).isEqualTo(3);
    assertThat(new String(three, UTF_8)).isEqualTo("abc");
    assertThat(pipe.right().in().read()).isEqualTo('d');
    assertThat(pipe.right().in().available()).isZero();
  }

  @Test
  void aReaderWaitsForAWriter() throws Exception {
    CompletableFuture<String> reading = meanwhile(() -> read(pipe.right()));
    write(pipe.left(), "late");
    assertThat(get(reading)).isEqualTo("late");
  }

  @Test
  void patienceEndsAndThePipeGoesOn() throws Exception {
    byte[] one = new byte[1];
    assertThatThrownBy(() -> pipe.right().read(one, 0, 1, ms(1)))
        .isInstanceOf(SocketTimeoutException.class);
    write(pipe.left(), "x");
    assertThat(read(pipe.right())).isEqualTo("x");
  }

  @Test
  void aFullDirectionHoldsItsWriterBack() throws Exception {
    pipe.left().capacity(4);
    CompletableFuture<Object> writing =
        meanwhile(
            () -> {
              write(pipe.left(), "0123456789");
              return "done";
            });
    StringBuilder all = new StringBuilder();
    while (all.length() < 10) {
      String piece = read(pipe.right());
      assertThat(piece).hasSizeLessThanOrEqualTo(4);
      all.append(piece);
    }
    assertThat(get(writing)).isEqualTo("done");
    assertThat(all).hasToString("0123456789");
  }

  @Test
  void aWriterLosesPatienceWithWhoDoesNotRead() {
    pipe.left().capacity(4);
    assertThatThrownBy(() -> pipe.left().write(new byte[5], 0, 5, ms(1)))
        .isInstanceOf(SocketTimeoutException.class);
    assertThat(pipe.left().unread()).isEqualTo(4);
  }

  @Test
  void writesOfSeveralThreadsAreNotMixed() throws Exception {
    pipe.left().capacity(3);
    CompletableFuture<Object> a = meanwhile(() -> writeAll("aaaaaaaaaa"));
    CompletableFuture<Object> b = meanwhile(() -> writeAll("bbbbbbbbbb"));
    StringBuilder all = new StringBuilder();
    while (all.length() < 20) {
      all.append(read(pipe.right()));
    }
    get(a);
    get(b);
    assertThat(all.toString()).isIn("aaaaaaaaaabbbbbbbbbb", "bbbbbbbbbbaaaaaaaaaa");
  }

  private Object writeAll(String text) throws IOException {
    write(pipe.left(), text);
    return "done";
  }

  @Test
  void anEndThatClosesItsOutputCanReadOn() throws Exception {
    write(pipe.left(), "last");
    pipe.left().closeOutput();
    assertThat(read(pipe.right())).isEqualTo("last");
    assertThat(read(pipe.right())).isNull();
    write(pipe.right(), "still");
    assertThat(read(pipe.left())).isEqualTo("still");
    assertThatThrownBy(() -> write(pipe.left(), "more"))
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("shutdown");
  }

  @Test
  void closingAStreamOfAnEndIsAsWithSockets() throws Exception {
    pipe.left().out().close();
    assertThat(read(pipe.right())).isNull();
    pipe.right().in().close();
    assertThatThrownBy(() -> read(pipe.right())).isInstanceOf(SocketException.class);
  }

  @Test
  void aClosedEndLeavesWhatItWroteAndBreaksTheWriterOnTheOtherSide() throws Exception {
    write(pipe.left(), "bye");
    pipe.left().close();
    assertThat(read(pipe.right())).isEqualTo("bye");
    assertThat(read(pipe.right())).isNull();
    assertThatThrownBy(() -> write(pipe.right(), "?")).hasMessage("Broken pipe");
    assertThatThrownBy(() -> read(pipe.left())).hasMessage("Socket closed");
  }

  @Test
  void closingFreesAWriterThatIsHeldBack() throws Exception {
    pipe.left().capacity(1);
    CompletableFuture<Object> writing = meanwhile(() -> writeAll("abc"));
    assertThat(read(pipe.right())).isNotEmpty();
    pipe.right().close();
    assertThatThrownBy(() -> get(writing)).hasRootCauseMessage("Broken pipe");
  }

  @Test
  void aResetBreaksBothDirections() throws Exception {
    write(pipe.left(), "before");
    pipe.left().reset();
    assertThat(read(pipe.right())).isEqualTo("before");
    assertThatThrownBy(() -> read(pipe.right())).hasMessage("Connection reset");
    assertThatThrownBy(() -> write(pipe.right(), "?")).hasMessage("Connection reset");
    assertThatThrownBy(() -> write(pipe.left(), "?")).hasMessage("Connection reset");
    assertThatThrownBy(() -> read(pipe.left())).isInstanceOf(SocketException.class);
  }

  @Test
  void aResetWakesAReader() {
    CompletableFuture<String> reading = meanwhile(() -> read(pipe.right()));
    pipe.left().reset();
    assertThatThrownBy(() -> get(reading)).hasRootCauseMessage("Connection reset");
  }

  @Test
  void interruptionEndsAWait() throws Exception {
    CompletableFuture<Throwable> failed = new CompletableFuture<>();
    Thread reader =
        Thread.startVirtualThread(
            () -> {
              try {
                read(timed.right());
              } catch (IOException e) {
                failed.complete(e);
              }
            });
    timed.left().delay(ms(10));
    write(timed.left(), "x");
    clock.awaitPending(1);
    reader.interrupt();
    assertThat(get(failed)).isInstanceOf(InterruptedIOException.class);
    assertThat(clock.pending()).isZero();
  }

  @Test
  void aDelayIsKeptByTheClock() throws Exception {
    timed.left().delay(ms(100));
    write(timed.left(), "delayed");
    CompletableFuture<String> reading = meanwhile(() -> read(timed.right()));
    clock.awaitPending(1);
    clock.advance(ms(99));
    assertThat(timed.right().in().available()).isZero();
    assertThat(reading).isNotDone();
    clock.advance(ms(1));
    assertThat(get(reading)).isEqualTo("delayed");
    assertThat(clock.pending()).isZero();
  }

  @Test
  void theEndIsDelayedLikeTheBytes() throws Exception {
    timed.left().delay(ms(100));
    timed.left().closeOutput();
    CompletableFuture<String> reading = meanwhile(() -> read(timed.right()));
    clock.awaitPending(1);
    clock.advance(ms(99));
    assertThat(reading).isNotDone();
    clock.advance(ms(1));
    assertThat(get(reading)).isNull();
  }

  @Test
  void aRateSpacesTheBytes() throws Exception {
    timed.left().rate(1000);
    write(timed.left(), "abcdefghij");
    assertThat(timed.right().in().available()).isZero();
    clock.advance(ms(3));
    assertThat(read(timed.right())).isEqualTo("abc");
    write(timed.left(), "k");
    clock.advance(ms(7));
    assertThat(read(timed.right())).isEqualTo("defghij");
    clock.advance(ms(1));
    assertThat(read(timed.right())).isEqualTo("k");
  }

  @Test
  void aReaderWakesForEachByteOfASlowLine() throws Exception {
    timed.left().rate(10);
    write(timed.left(), "ab");
    CompletableFuture<String> first = meanwhile(() -> read(timed.right()));
    clock.awaitPending(1);
    clock.advanceToNext();
    assertThat(get(first)).isEqualTo("a");
    CompletableFuture<String> second = meanwhile(() -> read(timed.right()));
    clock.awaitPending(1);
    clock.advanceToNext();
    assertThat(get(second)).isEqualTo("b");
    assertThat(clock.elapsed()).isEqualTo(ms(200));
  }

  @Test
  void timeNeedsAClock() {
    assertThatThrownBy(() -> pipe.left().delay(ms(1))).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pipe.left().rate(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pipe.left().fault(new Fault.Stall(Fault.Point.afterBytes(1), ms(1))))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pipe.left().fault(new Fault.Trickle(Fault.Point.afterBytes(1), ms(1))))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void senselessSettingsAreRefused() {
    assertThatThrownBy(() -> pipe.left().capacity(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> timed.left().rate(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> timed.left().delay(ms(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void itCountsBytesAndWrites() throws Exception {
    write(pipe.left(), "abc");
    write(pipe.left(), "de");
    assertThat(pipe.left().bytesWritten()).isEqualTo(5);
    assertThat(pipe.left().writes()).isEqualTo(2);
    assertThat(pipe.left().unread()).isEqualTo(5);
    assertThat(read(pipe.right())).isEqualTo("abcde");
    assertThat(pipe.left().unread()).isZero();
  }

  @Test
  void aMegabyteArrivesAsItWasSent() throws Exception {
    byte[] sent = new byte[1 << 20];
    new Random(1).nextBytes(sent);
    CompletableFuture<Object> writing =
        meanwhile(
            () -> {
              pipe.left().out().write(sent);
              pipe.left().closeOutput();
              return "done";
            });
    byte[] received = get(meanwhile(() -> pipe.right().in().readAllBytes()));
    get(writing);
    assertThat(received).isEqualTo(sent);
  }

  @Test
  void aBridgeCarriesTcpBothWaysAndItsEnds() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket far = new Socket(listening.getInetAddress(), listening.getLocalPort());
        Socket near = listening.accept()) {
      pipe.left().bridge(near);
      far.getOutputStream().write("from tcp".getBytes(UTF_8));
      assertThat(read(pipe.right())).isEqualTo("from tcp");
      write(pipe.right(), "to tcp");
      assertThat(new String(far.getInputStream().readNBytes(6), UTF_8)).isEqualTo("to tcp");
      far.shutdownOutput();
      assertThat(read(pipe.right())).isNull();
      write(pipe.right(), "more");
      pipe.right().closeOutput();
      assertThat(new String(far.getInputStream().readAllBytes(), UTF_8)).isEqualTo("more");
    }
  }

  @Test
  void aBridgePassesAResetOnToTcp() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket far = new Socket(listening.getInetAddress(), listening.getLocalPort());
        Socket near = listening.accept()) {
      pipe.left().bridge(near);
      pipe.right().reset();
      assertThatThrownBy(() -> far.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessage("Connection reset");
    }
  }

  @Test
  void aBridgePassesAResetOnFromTcp() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Socket far = new Socket(listening.getInetAddress(), listening.getLocalPort());
      pipe.left().bridge(listening.accept());
      far.setSoLinger(true, 0);
      far.close();
      assertThatThrownBy(() -> read(pipe.right())).hasMessage("Connection reset");
    }
  }

  @Test
  void manyPipesAreServedByVirtualThreads() throws Exception {
    List<CompletableFuture<String>> all = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      Pipe one = new Pipe();
      CompletableFuture<Object> answering =
          meanwhile(
              () -> {
                write(one.right(), read(one.right()) + "!");
                return "done";
              });
      all.add(
          meanwhile(
              () -> {
                write(one.left(), "ping");
                String answer = read(one.left());
                get(answering);
                return answer;
              }));
    }
    for (CompletableFuture<String> one : all) {
      assertThat(get(one)).isEqualTo("ping!");
    }
  }
}
