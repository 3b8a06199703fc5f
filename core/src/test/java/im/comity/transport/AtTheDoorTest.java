package im.comity.transport;

import static im.comity.transport.Bench.expect;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.say;
import static im.comity.transport.Bench.until;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Wire;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a stranger must say before anybody listens. */
@Timeout(60)
@ExtendWith(NetworkLeaks.class)
class AtTheDoorTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Gate GATE =
      new Gate() {
        @Override
        public Place admit(InetAddress from) {
          return () -> {};
        }

        @Override
        public Duration patience() {
          return PATIENCE;
        }
      };

  private record Taken(Transport transport, String thread) {}

  private final Bench bench = new Bench();
  private final BlockingQueue<Taken> taken = new LinkedBlockingQueue<>();
  private final List<Socket> sockets = new ArrayList<>();

  @AfterEach
  void leavesNothing() throws Exception {
    for (Socket socket : sockets) {
      socket.close();
    }
    bench.close();
  }

  private Listening listen(Wire wire, List<String> proxies) throws IOException {
    return bench
        .network(wire, TlsProvider.AUTO)
        .listen(
            new ListenOptions(Bench.loopback(), proxies, 100),
            GATE,
            transport -> taken.add(new Taken(transport, Thread.currentThread().getName())));
  }

  private Socket connect(Listening to) throws IOException {
    Socket socket = new Socket(to.address().getAddress(), to.address().getPort());
    sockets.add(socket);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(10_000);
    return socket;
  }

  /** The next that is handed on, which must be this one. */
  private Taken taken(Socket whose) throws InterruptedException {
    Taken next = taken.poll(10, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    assertThat(next.transport().remote().getPort()).isEqualTo(whose.getLocalPort());
    return next;
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"EPOLL", "NIO"})
  @Clause("S2S-DOS-04")
  void nobodyHearsOfWhoHasNotSaidAWordAndWhoHasMovesToALoopThatRelays(Wire wire) throws Exception {
    try (Listening listening = listen(wire, List.of())) {
      Socket silent = connect(listening);
      Socket trickling = connect(listening);
      for (char one : "<stream:stream to='south.example'".toCharArray()) {
        say(trickling, String.valueOf(one));
      }
      Socket garbage = connect(listening);
      say(garbage, "garbage");
      Taken hopeless = taken(garbage);
      assertThat(hopeless.thread()).startsWith("comity-door");
      expect(hopeless.transport(), "garbage");
      say(trickling, ">");
      Taken promising = taken(trickling);
      assertThat(promising.thread()).startsWith("comity-loop");
      expect(promising.transport(), "<stream:stream to='south.example'>");
      say(trickling, "<more/>");
      expect(promising.transport(), "<more/>");
      bench.timers.advance(PATIENCE.minusMillis(1));
      assertThat(taken).isEmpty();
      bench.timers.advance(Duration.ofMillis(1));
      Taken late = taken(silent);
      assertThat(late.thread()).startsWith("comity-door");
      assertThat(late.transport().age()).isEqualTo(PATIENCE);
      for (Taken one : List.of(hopeless, promising, late)) {
        one.transport().abort(null);
        get(one.transport().closed());
      }
    }
  }

  @Test
  void whoEndsWithoutAWordIsHandedOnSoThatItsEndIsKnown() throws Exception {
    try (Listening listening = listen(Wire.EPOLL, List.of())) {
      Socket half = connect(listening);
      say(half, "<str");
      half.shutdownOutput();
      Transport ended = taken(half).transport();
      expect(ended, "<str");
      assertThat(ended.take()).isNull();
      ended.close();
      Socket reset = connect(listening);
      // Known before the end of the other.
      until(() -> bench.timers.waiting() > 0);
      reset.setSoLinger(true, 0);
      reset.close();
      Transport gone = taken(reset).transport();
      assertThat(get(gone.closed())).isInstanceOf(IOException.class);
      until(() -> bench.timers.waiting() == 0);
    }
  }

  @Test
  void whoHasSaidNothingYetEndsWithTheListening() throws Exception {
    Socket silent;
    Socket unknown;
    try (Listening listening = listen(Wire.EPOLL, List.of());
        Listening behindProxy = listen(Wire.EPOLL, List.of("127.0.0.0/8"))) {
      silent = connect(listening);
      unknown = connect(behindProxy);
      until(() -> bench.timers.waiting() == 2);
    }
    for (Socket socket : List.of(silent, unknown)) {
      try {
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("reset");
      }
    }
    until(() -> bench.timers.waiting() == 0);
    assertThat(taken).isEmpty();
  }

  @Test
  void behindAProxyTheWordComesAfterItsHeader() throws Exception {
    try (Listening listening = listen(Wire.EPOLL, List.of("127.0.0.0/8"))) {
      Socket socket = connect(listening);
      say(socket, "PROXY TCP4 192.0.2.7 198.51.100.1 56324 5269\r\n<stream:stream ");
      Socket other = connect(listening);
      say(other, "PROXY UNKNOWN\r\ngarbage");
      taken(other).transport().abort(null);
      say(socket, "><next/>");
      Taken one = taken.poll(10, TimeUnit.SECONDS);
      assertThat(one).isNotNull();
      assertThat(one.transport().remote().getAddress().getHostAddress()).isEqualTo("192.0.2.7");
      assertThat(one.thread()).startsWith("comity-loop");
      expect(one.transport(), "<stream:stream ><next/>");
      one.transport().abort(null);
    }
  }

  /** While it moves it goes on sending: all comes, once and in order. */
  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"EPOLL", "NIO"})
  void nothingIsLostOnTheWay(Wire wire) throws Exception {
    IntFunction<String> piece = number -> "<a n='" + number + "'/>";
    String all = IntStream.range(0, 2_000).mapToObj(piece).collect(Collectors.joining());
    try (Listening listening = listen(wire, List.of())) {
      for (int round = 0; round < 20; round++) {
        Socket socket = connect(listening);
        Thread sending =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        for (int from = 0; from < all.length(); from += 777) {
                          int to = Math.min(all.length(), from + 777);
                          socket.getOutputStream().write(all.substring(from, to).getBytes(UTF_8));
                        }
                      } catch (IOException e) {
                        // What did not come is missed below.
                      }
                    });
        Transport transport = taken(socket).transport();
        expect(transport, all);
        sending.join();
        transport.abort(null);
        get(transport.closed());
      }
    }
  }

  /** Who is dropped at the moment it moves is dropped. */
  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"EPOLL", "NIO"})
  void anEndMayComeWhileItMoves(Wire wire) throws Exception {
    try (Listening listening = listen(wire, List.of())) {
      for (int round = 0; round < 500; round++) {
        Socket socket = connect(listening);
        say(socket, "<stream:stream>");
        socket.setSoLinger(true, 0);
        socket.close();
        Transport transport = taken(socket).transport();
        transport.abort(null);
        get(transport.closed());
      }
    }
  }

  /** As a network does that closes meanwhile. */
  @Test
  void whereThereIsNoLoopAnyMoreTheConnectionEnds() throws Exception {
    EventLoopGroup gone = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    gone.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
    Bench.Ends ends = bench.connect(Wire.EPOLL);
    NettyTransport moving = (NettyTransport) ends.server();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    moving.onLoop(() -> moving.moveTo(gone.next(), () -> done.complete(true)));
    assertThat(get(done)).isTrue();
    assertThat(get(moving.closed())).isInstanceOf(IOException.class);
    ends.client().abort(null);
    get(ends.client().closed());
  }
}
