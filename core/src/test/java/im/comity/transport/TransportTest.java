package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.expect;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.hear;
import static im.comity.transport.Bench.say;
import static im.comity.transport.Bench.until;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Accepted;
import im.comity.transport.Bench.Ends;
import im.comity.transport.Bench.Wire;
import im.comity.xml.Octets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
@ExtendWith(NetworkLeaks.class)
class TransportTest {
  private final Bench bench = new Bench();

  @AfterEach
  void leavesNothing() throws Exception {
    bench.close();
  }

  // The mailbox.

  @ParameterizedTest
  @EnumSource(Wire.class)
  void whatIsWrittenIsTaken(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    say(ends.client(), "hello");
    expect(ends.server(), "hello");
    say(ends.server(), "good day");
    expect(ends.client(), "good day");
    assertThat(ends.client().sentBytes()).isEqualTo(5);
    assertThat(ends.client().receivedBytes()).isEqualTo(8);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void nothingIsSentBeforeFlush(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    ends.client().write(Octets.utf8("a"));
    ends.client().write(Octets.utf8("b"));
    CompletableFuture<String> heard = async(() -> hear(ends.server(), 2));
    Bench.afterLoop(ends.client());
    assertThat(ends.server().receivedBytes()).isZero();
    ends.client().flush();
    assertThat(get(heard)).isEqualTo("ab");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void onlyTheRangeOfOctetsIsSent(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    byte[] array = "<<inside>>".getBytes(UTF_8);
    ends.client().write(Octets.of(array, 2, 8));
    ends.client().write(Octets.utf8("|"));
    ends.client().flush();
    expect(ends.server(), "inside|");
    assertThat(new String(array, UTF_8)).isEqualTo("<<inside>>");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void takeReturnsNullAtTheOrderlyEndAndEverAfter(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    say(ends.client(), "last");
    ends.client().close();
    expect(ends.server(), "last");
    assertThat(ends.server().take()).isNull();
    assertThat(ends.server().take()).isNull();
    ends.server().close();
    assertThat(get(ends.server().closed())).isNull();
    assertThat(get(ends.client().closed())).isNull();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void takeThrowsWhenThePeerAborts(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    CompletableFuture<Octets> taking = async(() -> ends.server().take());
    say(ends.server(), "x");
    expect(ends.client(), "x");
    ends.client().abort(null);
    assertThatIOException().isThrownBy(() -> get(taking));
    assertThat(get(ends.server().closed())).isNotNull();
    assertThat(get(ends.client().closed())).isNull();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void theCauseOfAnAbortIsThrownAsItIs(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    CompletableFuture<Octets> taking = async(() -> ends.client().take());
    IOException cause = new IOException("because");
    ends.client().abort(cause);
    assertThatThrownBy(() -> get(taking)).isSameAs(cause);
    assertThatThrownBy(() -> ends.client().take()).isSameAs(cause);
    assertThat(get(ends.client().closed())).isSameAs(cause);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void closingWakesWhoTakes(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    CompletableFuture<Octets> taking = async(() -> ends.client().take());
    ends.client().close();
    assertThatIOException().isThrownBy(() -> get(taking)).withMessageContaining("this side");
  }

  @Test
  void aFailureComesAfterTheBytesBeforeIt() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    say(peer.socket(), "before");
    until(() -> peer.transport().receivedBytes() == 6);
    peer.socket().setSoLinger(true, 0);
    peer.socket().close();
    assertThat(get(peer.transport().closed())).isNotNull();
    expect(peer.transport(), "before");
    assertThatIOException().isThrownBy(() -> peer.transport().take());
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void onlyOneThreadTakes(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    CompletableFuture<Octets> one = async(() -> ends.client().take());
    CompletableFuture<Octets> other = async(() -> ends.client().take());
    CompletableFuture<Object> first = CompletableFuture.anyOf(one, other);
    assertThatIllegalStateException().isThrownBy(() -> get(first));
    say(ends.server(), "x");
    CompletableFuture<Octets> lucky = one.isCompletedExceptionally() ? other : one;
    assertThat(get(lucky)).isEqualTo(Octets.utf8("x"));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void anInterruptedTakerLosesNoBytes(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    for (int round = 0; round < 200; round++) {
      CompletableFuture<String> taken = new CompletableFuture<>();
      Thread taker =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      taken.complete(String.valueOf(ends.server().take()));
                    } catch (InterruptedIOException e) {
                      taken.complete(Thread.currentThread().isInterrupted() ? "" : "no flag");
                    } catch (IOException e) {
                      taken.completeExceptionally(e);
                    }
                  });
      say(ends.client(), "x");
      taker.interrupt();
      if (get(taken).isEmpty()) {
        expect(ends.server(), "x");
      } else {
        assertThat(get(taken)).isEqualTo("x");
      }
    }
  }

  @Test
  void aFullMailboxStopsThePeerAndAnEmptyOneLetsItGoOn() throws Exception {
    for (Wire wire : List.of(Wire.EPOLL, Wire.NIO)) {
      Accepted peer = bench.accept(bench.network(wire, TlsProvider.AUTO));
      byte[] much = new byte[16 << 20];
      for (int i = 0; i < much.length; i++) {
        much[i] = (byte) (i * 31 + (i >> 13));
      }
      CompletableFuture<Void> sending =
          async(
              () -> {
                OutputStream out = peer.socket().getOutputStream();
                out.write(much);
                return null;
              });
      until(() -> peer.transport().receivedBytes() >= NettyTransport.MAILBOX_BYTES);
      // The sender is stuck: what the kernel takes is far less than it has.
      assertThatThrownBy(() -> sending.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      long most = NettyTransport.MAILBOX_BYTES + ReadSize.LEAST;
      assertThat(peer.transport().receivedBytes()).isLessThanOrEqualTo(most);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      while (all.size() < much.length) {
        Octets octets = peer.transport().take();
        assertThat(octets.length()).isBetween(1, (int) most);
        all.writeBytes(octets.toBytes());
      }
      get(sending);
      assertThat(all.toByteArray()).isEqualTo(much);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"EPOLL", "NIO"})
  @Clause("S2S-DOS-04")
  void whatAPeerLeavesBehindInAFullMailboxIsBounded(Wire wire) throws Exception {
    Accepted peer = bench.accept(bench.network(wire, TlsProvider.AUTO));
    peer.socket().setSendBufferSize(4 << 20);
    CompletableFuture<Void> sending =
        async(
            () -> {
              OutputStream out = peer.socket().getOutputStream();
              byte[] block = new byte[32 << 10];
              for (int i = 0; i < 256; i++) {
                out.write(block);
              }
              peer.socket().shutdownOutput();
              return null;
            });
    // The peer may be stuck, or all it sent is with the kernel: what we hold is bounded either way.
    until(() -> peer.transport().receivedBytes() >= NettyTransport.MAILBOX_BYTES);
    NettyTransport held = (NettyTransport) peer.transport();
    assertThat(onLoop(held, held::boxCapacity)).isLessThanOrEqualTo(NettyTransport.MAILBOX_LIMIT);
    assertThat(NettyTransport.MAILBOX_LIMIT).isLessThanOrEqualTo(24 << 10);
    long total = 0;
    try {
      for (Octets octets; (octets = peer.transport().take()) != null; ) {
        assertThat(octets.length()).isLessThanOrEqualTo(NettyTransport.MAILBOX_LIMIT);
        total += octets.length();
      }
      assertThat(total).isEqualTo(256L * (32 << 10));
      get(sending);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("nobody took");
    }
  }

  private static int onLoop(NettyTransport transport, Callable<Integer> question) throws Exception {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    transport.execute(
        () -> {
          try {
            answer.complete(question.call());
          } catch (Exception e) {
            answer.completeExceptionally(e);
          }
        });
    return get(answer);
  }

  // Closing.

  @ParameterizedTest
  @EnumSource(Wire.class)
  void closeSendsWhatWasWrittenWithoutFlush(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    // No more than a mailbox can hold of a peer that has ended.
    byte[] much = new byte[20_000];
    Arrays.fill(much, (byte) 'm');
    ends.client().write(Octets.of(much));
    ends.client().close();
    assertThat(hear(ends.server(), much.length)).hasSize(much.length).matches("m*");
    assertThat(ends.server().take()).isNull();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void closeWaitsForThePeerWithABound(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    ends.client().close();
    assertThat(ends.server().take()).isNull();
    Bench.afterLoop(ends.client());
    bench.timers.advance(Duration.ofMillis(4_999));
    Bench.afterLoop(ends.client());
    assertThat(ends.client().closed()).isNotDone();
    bench.timers.advance(Duration.ofMillis(1));
    assertThat(get(ends.client().closed())).isNull();
  }

  @Test
  void closeDoesNotWaitForeverForAPeerThatDoesNotRead() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    for (int i = 0; i < 7; i++) {
      peer.transport().write(Octets.of(new byte[1 << 20]));
    }
    peer.transport().close();
    bench.timers.awaitWaiting(1);
    bench.timers.advance(Duration.ofSeconds(5));
    assertThat(get(peer.transport().closed())).hasMessageContaining("did not take");
  }

  @Test
  void aPeerThatHasEndedStillGetsWhatWeSay() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    say(peer.socket(), "bye");
    peer.socket().shutdownOutput();
    expect(peer.transport(), "bye");
    assertThat(peer.transport().take()).isNull();
    say(peer.transport(), "farewell");
    peer.transport().close();
    assertThat(hear(peer.socket(), 20)).isEqualTo("farewell");
    assertThat(get(peer.transport().closed())).isNull();
  }

  @Test
  void theEndOfWhatWeSayIsNotDestroyedByWhatThePeerStillSends() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    CompletableFuture<Void> sending =
        async(
            () -> {
              OutputStream out = peer.socket().getOutputStream();
              for (int i = 0; i < 64; i++) {
                out.write(new byte[32 << 10]);
              }
              return null;
            });
    until(() -> peer.transport().receivedBytes() >= NettyTransport.MAILBOX_BYTES);
    say(peer.transport(), "error");
    peer.transport().close();
    get(sending);
    assertThat(hear(peer.socket(), 20)).isEqualTo("error");
  }

  @Test
  void anAbortIsSeenAsAResetByThePeer() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    peer.transport().abort(null);
    assertThatThrownBy(() -> peer.socket().getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  @Test
  void aPeerThatDoesNotReadIsDroppedAtTheLimit() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    Transport transport = peer.transport();
    assertThat(transport.writable()).isTrue();
    boolean stopped = false;
    // The kernel takes a few megabytes before ours begin to wait.
    for (int i = 0; i < 64 && !transport.closed().isDone(); i++) {
      transport.write(Octets.of(new byte[1 << 20]));
      transport.flush();
      stopped |= !transport.writable();
    }
    assertThat(get(transport.closed())).hasMessageContaining("does not read");
    assertThat(stopped).isTrue();
  }

  @Test
  void aNetworkThatClosesDropsEverything() throws Exception {
    Ends ends = bench.connect(Wire.EPOLL);
    Ends memory = bench.connect(Wire.MEMORY);
    CompletableFuture<Octets> taking = async(() -> ends.client().take());
    CompletableFuture<Octets> other = async(() -> memory.client().take());
    bench.close();
    assertThatIOException().isThrownBy(() -> get(taking));
    assertThatIOException().isThrownBy(() -> get(other));
    assertThatIOException().isThrownBy(() -> ends.server().take());
    assertThat(ends.server().closed()).isDone();
    ends.client().close();
    ends.client().abort(null);
    say(ends.client(), "nobody hears");
  }

  // The sink.

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aSinkGetsTheMailboxFirstAndThenWhatIsRead(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    say(ends.client(), "first ");
    until(() -> ends.server().receivedBytes() == 6);
    Recorder sink = new Recorder(ends.server());
    ends.server().handOver(sink);
    say(ends.client(), "second");
    sink.awaitText("first second");
    assertThat(sink.calls().getFirst()).isEqualTo("begin");
    ends.client().close();
    sink.awaitEnd();
    assertThat(sink.cause()).isNull();
    assertThat(sink.calls()).containsOnlyOnce("begin", "ended").endsWith("ended");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bytesAreInOrderHoweverTheHandOverRacesTheReads(Wire wire) throws Exception {
    NettyNetwork network = bench.network(wire, TlsProvider.AUTO);
    for (int round = 0; round < 150; round++) {
      Ends ends;
      if (wire == Wire.MEMORY) {
        PipeTransport.Pair pair = PipeTransport.pair(network);
        ends = new Ends(pair.left(), pair.right());
      } else {
        ends = bench.connect(network, network);
      }
      int numbers = 2_000;
      Transport from = ends.client();
      CompletableFuture<Void> writing =
          async(
              () -> {
                for (int i = 0; i < numbers; i++) {
                  from.write(Octets.of(new byte[] {(byte) (i >> 8), (byte) i}));
                  if (i % 3 == 0) {
                    from.flush();
                  }
                }
                from.close();
                return null;
              });
      Numbers sink = new Numbers();
      int taken = round % 7 * 100;
      for (int i = 0; i < taken; ) {
        Octets octets = ends.server().take();
        sink.received(octets.array(), octets.from(), octets.to());
        i += octets.length();
      }
      ends.server().handOver(sink);
      get(sink.end);
      get(writing);
      assertThat(sink.next).isEqualTo(numbers);
      ends.server().close();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aSinkLearnsOfAnEndThatCameBeforeIt(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    say(ends.client(), "last words");
    ends.client().close();
    until(() -> ends.server().receivedBytes() == 10);
    Recorder sink = new Recorder(ends.server());
    ends.server().handOver(sink);
    sink.awaitEnd();
    assertThat(sink.text()).isEqualTo("last words");
    assertThat(sink.cause()).isNull();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aConnectionIsHandedOverOnce(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    ends.server().handOver(new Recorder(ends.server()));
    assertThatIllegalStateException()
        .isThrownBy(() -> ends.server().handOver(new Recorder(ends.server())));
    assertThatIllegalStateException().isThrownBy(() -> ends.server().take());
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                ends.server()
                    .startTls(
                        new TlsRequest.AsServer(TlsIdentities.of(List.of(), null), null), null));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aSinkThatFailsLosesItsConnection(Wire wire) throws Exception {
    for (String where : List.of("begin", "received", "readComplete")) {
      Ends ends = bench.connect(wire);
      Recorder sink = new Recorder(ends.server());
      sink.failIn = where;
      ends.server().handOver(sink);
      say(ends.client(), "x");
      sink.awaitEnd();
      assertThat(sink.cause()).hasCauseInstanceOf(UnsupportedOperationException.class);
      assertThat(get(ends.server().closed())).isSameAs(sink.cause());
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aSinkThatClosesGetsNothingMoreButTheEnd(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    Recorder sink = new Recorder(ends.server());
    sink.closeAt = "stop";
    ends.server().handOver(sink);
    say(ends.client(), "go on, stop");
    assertThat(ends.client().take()).isNull();
    say(ends.client(), "too late");
    sink.awaitEnd();
    assertThat(sink.cause()).isNull();
    assertThat(sink.text()).isEqualTo("go on, stop");
    ends.client().close();
    get(ends.server().closed());
    assertThat(sink.text()).isEqualTo("go on, stop");
    assertThat(sink.calls()).containsOnlyOnce("ended");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void aPausedSinkHoldsThePeerBackAndLosesNothing(Wire wire) throws Exception {
    Ends ends = bench.connect(wire);
    Recorder sink = new Recorder(ends.server());
    ends.server().handOver(sink);
    ends.server().pauseReading();
    Bench.afterLoop(ends.server());
    // One read that was asked for before the pause may still be served, and takes this.
    say(ends.client(), "n");
    settle(ends);
    long before = ends.server().receivedBytes();
    assertThat(before).isLessThanOrEqualTo(1);
    byte[] much = new byte[200_000];
    Arrays.fill(much, (byte) 'm');
    ends.client().write(Octets.of(much));
    ends.client().flush();
    until(() -> ends.client().sentBytes() == much.length + 1);
    settle(ends);
    assertThat(ends.server().receivedBytes()).isEqualTo(before);
    ends.server().resumeReading();
    sink.awaitText("n" + "m".repeat(much.length));
  }

  /** Lets what one end wrote, in memory, come to the other. */
  private static void settle(Ends ends) throws Exception {
    Bench.afterLoop(ends.client());
    Bench.afterLoop(ends.server());
    Bench.afterLoop(ends.server());
  }

  @Test
  void aSinkIsToldWhenItMayWriteAgain() throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, TlsProvider.AUTO));
    Recorder sink = new Recorder(peer.transport());
    peer.transport().handOver(sink);
    long written = 0;
    do {
      while (peer.transport().writable()) {
        peer.transport().write(Octets.of(new byte[64 << 10]));
        peer.transport().flush();
        written += 64 << 10;
      }
      Bench.afterLoop(peer.transport()); // the system may have had room for all of it
    } while (peer.transport().writable());
    int before = Collections.frequency(sink.calls(), "writable");
    peer.socket().getInputStream().readNBytes((int) written);
    until(() -> Collections.frequency(sink.calls(), "writable") > before);
    assertThat(peer.transport().writable()).isTrue();
  }

  @Test
  void callsOfASinkAreOnTheLoopAndWritesInThemKeepTheirOrder() throws Exception {
    Ends ends = bench.connect(Wire.MEMORY);
    Echo echo = new Echo(ends.server());
    say(ends.client(), "a");
    until(() -> ends.server().receivedBytes() == 1);
    say(ends.server(), ">");
    ends.server().handOver(echo);
    say(ends.client(), "bc");
    expect(ends.client(), ">+abc");
    assertThat(get(echo.offLoop)).isFalse();
  }

  // Connecting.

  @Test
  void aConnectionComesFromTheAddressAskedFor() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    CompletableFuture<Transport> accepted = new CompletableFuture<>();
    try (Listening listening = bench.listen(network, accepted::complete)) {
      InetAddress source = InetAddress.getByName("127.0.0.2");
      Transport client = get(network.connect(listening.address(), source));
      assertThat(get(accepted).remote().getAddress()).isEqualTo(source);
      assertThat(get(accepted).local()).isEqualTo(listening.address());
      assertThat(client.remote()).isEqualTo(listening.address());
      assertThat(client.local()).isEqualTo(get(accepted).remote());
    }
  }

  @Test
  void aRefusedConnectionFailsWithAnIoException() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    CompletableFuture<Transport> connecting =
        network.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), null);
    assertThatIOException().isThrownBy(() -> get(connecting));
    assertThat(network.openConnections()).isZero();
  }

  @Test
  @Clause("S2S-TCP-07")
  void aConnectionThatNobodyWantsAnyMoreIsDropped() throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < 50; i++) {
        CompletableFuture<Transport> connecting =
            network.connect(
                new InetSocketAddress(server.getInetAddress(), server.getLocalPort()), null);
        if (!connecting.cancel(true)) {
          get(connecting).abort(null);
        }
      }
      until(() -> network.openConnections() == 0);
    }
  }

  @Test
  void anUnresolvedAddressIsRefused() {
    NettyNetwork network = bench.network(Wire.EPOLL, TlsProvider.AUTO);
    assertThatThrownBy(
            () -> network.connect(InetSocketAddress.createUnresolved("example.org", 1), null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(names = {"EPOLL", "NIO"})
  void anAddressInUseCannotBeListenedOn(Wire wire) throws Exception {
    NettyNetwork network = bench.network(wire, TlsProvider.AUTO);
    Listening listening = bench.listen(network, transport -> {});
    assertThatIOException()
        .isThrownBy(() -> network.listen(ListenOptions.at(listening.address()), transport -> {}))
        .withMessage(
            "cannot listen on 127.0.0.1 port %d: Address already in use",
            listening.address().getPort());
  }

  // A peer that knows streams only.

  @Test
  void aBridgeCarriesBytesAndEndsBothWays() throws Exception {
    NettyNetwork network = bench.network(Wire.MEMORY, TlsProvider.AUTO);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket peer = new Socket(server.getInetAddress(), server.getLocalPort());
        Socket far = server.accept()) {
      Transport transport = PipeBridge.over(network, far.getInputStream(), far.getOutputStream());
      say(peer, "hello");
      expect(transport, "hello");
      say(transport, "good day");
      assertThat(hear(peer, 8)).isEqualTo("good day");
      peer.shutdownOutput();
      assertThat(transport.take()).isNull();
      say(transport, "bye");
      transport.close();
      assertThat(hear(peer, 10)).isEqualTo("bye");
      assertThat(get(transport.closed())).isNull();
    }
  }

  // Sinks.

  private static final class Recorder implements Sink {
    private final Transport transport;
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile String text = "";
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile IOException cause;
    private volatile String failIn = "";
    private volatile String closeAt = "nowhere";

    Recorder(Transport transport) {
      this.transport = transport;
    }

    private void call(String name) {
      calls.add(name);
      if (name.equals(failIn)) {
        throw new UnsupportedOperationException("as the test wants");
      }
    }

    @Override
    public void begin() {
      call("begin");
    }

    @Override
    public void received(byte[] bytes, int from, int to) {
      call("received");
      text = text.concat(new String(bytes, from, to - from, UTF_8));
      if (text.contains(closeAt)) {
        transport.close();
      }
    }

    @Override
    public void readComplete() {
      call("readComplete");
    }

    @Override
    public void writable() {
      call("writable");
    }

    @Override
    public void ended(IOException why) {
      cause = why;
      call("ended");
      end.countDown();
    }

    List<String> calls() {
      return List.copyOf(calls);
    }

    String text() {
      return text;
    }

    IOException cause() {
      return cause;
    }

    void awaitText(String expected) throws Exception {
      until(() -> text.length() >= expected.length());
      assertThat(text).isEqualTo(expected);
    }

    void awaitEnd() throws InterruptedException {
      assertThat(end.await(20, TimeUnit.SECONDS)).as("ended").isTrue();
    }
  }

  /** Expects the numbers from 0 on, two bytes each, however cut. */
  private static final class Numbers implements Sink {
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private int next;
    private int high = -1;

    @Override
    public void begin() {}

    @Override
    public void received(byte[] bytes, int from, int to) {
      for (int i = from; i < to; i++) {
        if (high < 0) {
          high = bytes[i] & 0xff;
        } else {
          int number = (high << 8) | (bytes[i] & 0xff);
          if (number != next) {
            end.completeExceptionally(new AssertionError(number + " instead of " + next));
          }
          next++;
          high = -1;
        }
      }
    }

    @Override
    public void readComplete() {}

    @Override
    public void writable() {}

    @Override
    public void ended(IOException cause) {
      if (cause != null) {
        end.completeExceptionally(cause);
      }
      end.complete(null);
    }
  }

  /** Says back what it hears, after a plus. */
  private static final class Echo implements Sink {
    private final Transport transport;
    private final CompletableFuture<Boolean> offLoop = new CompletableFuture<>();

    Echo(Transport transport) {
      this.transport = transport;
    }

    @Override
    public void begin() {
      offLoop.complete(!transport.onLoop());
      say(transport, "+");
    }

    @Override
    public void received(byte[] bytes, int from, int to) {
      transport.write(Octets.of(bytes, from, to).copy());
    }

    @Override
    public void readComplete() {
      transport.flush();
    }

    @Override
    public void writable() {}

    @Override
    public void ended(IOException cause) {}
  }
}
