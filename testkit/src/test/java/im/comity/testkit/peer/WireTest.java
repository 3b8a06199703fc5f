package im.comity.testkit.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.LeakChecked;
import im.comity.testkit.Pipe;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for wires of either kind. */
@ExtendWith(LeakChecked.class)
class WireTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  enum Kind {
    PIPE,
    TCP
  }

  private record Ends(Wire left, Wire right) implements AutoCloseable {
    static Ends of(Kind kind) throws IOException {
      if (kind == Kind.PIPE) {
        Pipe pipe = new Pipe();
        return new Ends(Wire.of(pipe.left()), Wire.of(pipe.right()));
      }
      try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        Wire left = Wire.connect((InetSocketAddress) listening.getLocalSocketAddress());
        return new Ends(left, Wire.of(listening.accept()));
      }
    }

    @Override
    public void close() throws IOException {
      left.close();
      right.close();
    }
  }

  private static void write(Wire wire, String text) throws IOException {
    byte[] bytes = ("#" + text + "#").getBytes(UTF_8);
    wire.write(bytes, 1, bytes.length - 2, PATIENCE);
  }

  private static String read(Wire wire) throws IOException {
    byte[] bytes = new byte[1000];
    int count = wire.read(bytes, 10, bytes.length - 10, PATIENCE);
    return count < 0 ? null : new String(bytes, 10, count, UTF_8);
  }

  @ParameterizedTest
  @EnumSource
  void bytesGoBothWays(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      assertThat(ends.left.tls()).isNull();
      write(ends.left, "to the right");
      write(ends.right, "to the left");
      assertThat(read(ends.right)).isEqualTo("to the right");
      assertThat(read(ends.left)).isEqualTo("to the left");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aReaderLosesPatienceAndTheWireCanBeUsedOn(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      assertThatThrownBy(() -> ends.left.read(new byte[1], 0, 1, Duration.ZERO))
          .isInstanceOf(SocketTimeoutException.class);
      write(ends.right, "x");
      assertThat(read(ends.left)).isEqualTo("x");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aWriterLosesPatienceWithWhoDoesNotRead(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      byte[] much = new byte[64 << 20];
      assertThatThrownBy(() -> ends.left.write(much, 0, much.length, Duration.ofMillis(100)))
          .isInstanceOf(SocketTimeoutException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoEndsItsOutputCanReadOn(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      write(ends.left, "last");
      ends.left.closeOutput();
      assertThat(read(ends.right)).isEqualTo("last");
      assertThat(read(ends.right)).isNull();
      write(ends.right, "still");
      assertThat(read(ends.left)).isEqualTo("still");
      ends.right.cutOutput();
      assertThat(read(ends.left)).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aResetIsNoOrderlyEnd(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      ends.left.reset();
      assertThatThrownBy(() -> read(ends.right)).isInstanceOf(SocketException.class);
      assertThatThrownBy(() -> write(ends.left, "x")).isInstanceOf(SocketException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCloseIsAnOrderlyEndAndMayBeRepeated(Kind kind) throws Exception {
    try (Ends ends = Ends.of(kind)) {
      ends.left.close();
      assertThat(read(ends.right)).isNull();
    }
  }

  @Test
  void whereNobodyListensNothingIsConnected() throws Exception {
    InetSocketAddress address;
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      address = (InetSocketAddress) gone.getLocalSocketAddress();
    }
    assertThatThrownBy(() -> Wire.connect(address)).isInstanceOf(ConnectException.class);
  }
}
