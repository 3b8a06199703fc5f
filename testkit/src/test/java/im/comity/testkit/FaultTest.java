package im.comity.testkit;

import static im.comity.testkit.Fault.Point.afterBytes;
import static im.comity.testkit.Fault.Point.afterWrites;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FaultTest {
  private final FakeClock clock = new FakeClock();
  private final Pipe pipe = new Pipe();
  private final Pipe timed = new Pipe(clock);

  private static void write(Pipe.End end, String text) throws IOException {
    end.out().write(text.getBytes(UTF_8));
  }

  private static String read(Pipe.End end) throws IOException {
    byte[] bytes = new byte[1000];
    int count = end.read(bytes, 0, bytes.length, Duration.ofSeconds(10));
    return count < 0 ? null : new String(bytes, 0, count, UTF_8);
  }

  private static void assertNothing(Pipe.End end) {
    assertThatThrownBy(() -> end.read(new byte[1], 0, 1, Duration.ofMillis(1)))
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void aCutEndsTheStreamBehindItsPointAndLosesTheRest() throws Exception {
    pipe.left().fault(new Fault.Cut(afterBytes(4)));
    write(pipe.left(), "abcdef");
    write(pipe.left(), "ghi");
    assertThat(read(pipe.right())).isEqualTo("abcd");
    assertThat(read(pipe.right())).isNull();
    write(pipe.right(), "the other way");
    assertThat(read(pipe.left())).isEqualTo("the other way");
  }

  @Test
  void aCutBehindAWriteComesAtOnceAndNotWithTheNext() throws Exception {
    pipe.left().fault(new Fault.Cut(afterWrites(2)));
    write(pipe.left(), "one");
    assertThat(read(pipe.right())).isEqualTo("one");
    assertNothing(pipe.right());
    write(pipe.left(), "two");
    assertThat(read(pipe.right())).isEqualTo("two");
    assertThat(read(pipe.right())).isNull();
  }

  @Test
  void aPointThatHasPassedStrikesAtOnce() throws Exception {
    write(pipe.left(), "abcdef");
    pipe.left().fault(new Fault.Cut(afterBytes(3)));
    assertThat(read(pipe.right())).isEqualTo("abcdef");
    assertThat(read(pipe.right())).isNull();
    pipe.right().fault(new Fault.Cut(afterWrites(0)));
    assertThat(read(pipe.left())).isNull();
  }

  @Test
  void aStallHoldsBytesAndTheEndUntilHealed() throws Exception {
    pipe.left().fault(new Fault.Stall(afterBytes(3)));
    write(pipe.left(), "abcdef");
    pipe.left().closeOutput();
    assertThat(read(pipe.right())).isEqualTo("abc");
    assertNothing(pipe.right());
    pipe.left().heal();
    assertThat(read(pipe.right())).isEqualTo("def");
    assertThat(read(pipe.right())).isNull();
  }

  @Test
  void aStallWithNothingBehindItHoldsTheEnd() throws Exception {
    pipe.left().fault(new Fault.Stall(afterWrites(1)));
    write(pipe.left(), "abc");
    pipe.left().closeOutput();
    assertThat(read(pipe.right())).isEqualTo("abc");
    assertNothing(pipe.right());
  }

  @Test
  void aStallHoldsTheWriterBackOnceTheBufferIsFull() {
    pipe.left().capacity(5).fault(new Fault.Stall(afterBytes(0)));
    assertThatThrownBy(() -> pipe.left().write(new byte[6], 0, 6, Duration.ofMillis(1)))
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void aStallForATimeEndsByTheClock() throws Exception {
    timed.left().fault(new Fault.Stall(afterWrites(1), Duration.ofSeconds(30)));
    write(timed.left(), "abc");
    write(timed.left(), "def");
    assertThat(read(timed.right())).isEqualTo("abc");
    CompletableFuture<String> reading = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            reading.complete(read(timed.right()));
          } catch (IOException e) {
            reading.completeExceptionally(e);
          }
        });
    clock.awaitPending(1);
    clock.advance(Duration.ofSeconds(29));
    assertThat(reading).isNotDone();
    clock.advance(Duration.ofSeconds(1));
    assertThat(reading.get(10, TimeUnit.SECONDS)).isEqualTo("def");
  }

  @Test
  void aTrickleGivesOneBytePerReadBehindItsPoint() throws Exception {
    pipe.left().fault(new Fault.Trickle(afterBytes(2)));
    write(pipe.left(), "abcd");
    assertThat(read(pipe.right())).isEqualTo("ab");
    assertThat(read(pipe.right())).isEqualTo("c");
    write(pipe.left(), "e");
    assertThat(read(pipe.right())).isEqualTo("d");
    assertThat(read(pipe.right())).isEqualTo("e");
  }

  @Test
  void aTrickleInTimeSpacesTheBytes() throws Exception {
    timed.left().fault(new Fault.Trickle(afterBytes(2), Duration.ofSeconds(1)));
    write(timed.left(), "abcd");
    assertThat(read(timed.right())).isEqualTo("ab");
    assertNothing(timed.right());
    clock.advance(Duration.ofSeconds(1));
    assertThat(read(timed.right())).isEqualTo("c");
    assertNothing(timed.right());
    clock.advance(Duration.ofSeconds(1));
    assertThat(read(timed.right())).isEqualTo("d");
  }

  @Test
  void aResetLetsPassWhatCameBeforeAndBreaksBothEnds() throws Exception {
    pipe.left().fault(new Fault.Reset(afterBytes(3)));
    write(pipe.left(), "abcdef");
    assertThat(read(pipe.right())).isEqualTo("abc");
    assertThatThrownBy(() -> read(pipe.right())).hasMessage("Connection reset");
    assertThatThrownBy(() -> read(pipe.left())).hasMessage("Connection reset");
    assertThatThrownBy(() -> write(pipe.left(), "x")).hasMessage("Connection reset");
    assertThatThrownBy(() -> write(pipe.right(), "x")).hasMessage("Connection reset");
  }

  @Test
  void garbageReplacesExactlySoManyBytesAcrossWrites() throws Exception {
    pipe.left().fault(new Fault.Garbage(afterBytes(2), 3, 7));
    write(pipe.left(), "aaaa");
    write(pipe.left(), "aaaa");
    byte[] bytes = pipe.right().in().readNBytes(8);
    for (int i = 0; i < 8; i++) {
      assertThat(bytes[i] == 'a').as("byte %d", i).isEqualTo(i < 2 || i > 4);
    }
  }

  @Test
  void garbageIsNeverWhatItReplaces() throws Exception {
    for (int seed = 0; seed < 2_000; seed++) {
      Pipe one = new Pipe();
      one.left().fault(new Fault.Garbage(afterBytes(0), 1, seed));
      write(one.left(), "a");
      assertThat(read(one.right())).isNotEqualTo("a");
    }
  }

  @Test
  void theSameSeedGivesTheSameGarbage() throws Exception {
    byte[][] bytes = new byte[2][];
    for (int i = 0; i < 2; i++) {
      Pipe one = new Pipe();
      one.left().fault(new Fault.Garbage(afterBytes(0), 8, 42));
      write(one.left(), "aaaaaaaa");
      bytes[i] = one.right().in().readNBytes(8);
    }
    assertThat(bytes[0]).isEqualTo(bytes[1]);
  }

  @Test
  void aDuplicateRepeatsTheWriteThatReachedThePoint() throws Exception {
    pipe.left().fault(new Fault.Duplicate(afterWrites(2)));
    write(pipe.left(), "<a/>");
    write(pipe.left(), "<b/>");
    write(pipe.left(), "<c/>");
    assertThat(read(pipe.right())).isEqualTo("<a/><b/><b/><c/>");
  }

  @Test
  void aDuplicateInsideAWriteRepeatsWhatCameBeforeThePoint() throws Exception {
    pipe.left().fault(new Fault.Duplicate(afterBytes(6)));
    write(pipe.left(), "<a/>");
    write(pipe.left(), "<b/>");
    assertThat(read(pipe.right())).isEqualTo("<a/><b<b/>");
  }

  @Test
  void lateBytesAreThereTogetherWithWhatCameBefore() throws Exception {
    pipe.left().fault(new Fault.LateBytes(afterWrites(1), "<injected/>"));
    write(pipe.left(), "<starttls/>");
    assertThat(read(pipe.right())).isEqualTo("<starttls/><injected/>");
    write(pipe.left(), "<next/>");
    assertThat(read(pipe.right())).isEqualTo("<next/>");
  }

  @Test
  void addedBytesDoNotMoveTheOtherPoints() throws Exception {
    pipe.left().fault(new Fault.LateBytes(afterBytes(2), "++"));
    pipe.left().fault(new Fault.LateBytes(afterBytes(4), "--"));
    write(pipe.left(), "abcdef");
    assertThat(read(pipe.right())).isEqualTo("ab++cd--ef");
    assertThat(pipe.left().bytesWritten()).isEqualTo(6);
  }

  @Test
  void addedBytesDoNotWaitForRoom() throws Exception {
    pipe.left().capacity(3).fault(new Fault.LateBytes(afterBytes(3), "++"));
    write(pipe.left(), "abc");
    assertThat(read(pipe.right())).isEqualTo("abc++");
  }

  @Test
  void healingForgetsWhatHasNotStruck() throws Exception {
    pipe.left().fault(new Fault.Cut(afterBytes(1))).heal();
    write(pipe.left(), "abc");
    assertThat(read(pipe.right())).isEqualTo("abc");
  }

  @Test
  void everyKindIsThere() {
    Set<Class<?>> kinds = new HashSet<>();
    Fault.everyKind(afterBytes(0)).forEach(fault -> kinds.add(fault.getClass()));
    assertThat(kinds).containsExactlyInAnyOrder(Fault.class.getPermittedSubclasses());
  }

  static Iterable<Fault> everyKind() {
    return Fault.everyKind(afterBytes(5));
  }

  @ParameterizedTest
  @MethodSource("everyKind")
  void noFaultTouchesWhatPassedBeforeIt(Fault fault) throws Exception {
    pipe.left().fault(fault);
    write(pipe.left(), "0123456789");
    assertThat(new String(pipe.right().in().readNBytes(5), UTF_8)).isEqualTo("01234");
  }

  @Test
  void senselessFaultsAreRefused() {
    assertThatThrownBy(() -> afterBytes(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Fault.Garbage(afterBytes(0), 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Fault.Stall(afterBytes(0), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Fault.Trickle(afterBytes(0), Duration.ofNanos(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
