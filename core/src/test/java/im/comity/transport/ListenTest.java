package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.expect;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.hear;
import static im.comity.transport.Bench.say;
import static im.comity.transport.Bench.until;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Wire;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.local.LocalIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets in, and where from. */
@Timeout(60)
@ExtendWith(NetworkLeaks.class)
class ListenTest {
  private static final List<String> LOOPBACK = List.of("127.0.0.0/8");

  /** Never started: nobody moves there. */
  private static final EventLoopGroup NO_LOOPS =
      new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());

  private final Bench bench = new Bench();
  private final BlockingQueue<Transport> accepted = new LinkedBlockingQueue<>();
  private final List<Socket> sockets = new ArrayList<>();
  private Wire wire = Wire.EPOLL;

  @AfterEach
  void leavesNothing() throws Exception {
    for (Socket socket : sockets) {
      socket.close();
    }
    bench.close();
  }

  private Listening listen(List<String> proxies, int perAddress, Consumer<Transport> to)
      throws IOException {
    return bench
        .network(wire, TlsProvider.AUTO)
        .listen(new ListenOptions(Bench.loopback(), proxies, perAddress), to);
  }

  private Listening listen(List<String> proxies, int perAddress) throws IOException {
    return listen(proxies, perAddress, accepted::add);
  }

  private Socket connect(Listening to) throws IOException {
    return connect(to, "127.0.0.1");
  }

  private Socket connect(Listening to, String from) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
    socket.connect(to.address());
    socket.setTcpNoDelay(true);
    return socket;
  }

  private Transport accepted() throws InterruptedException {
    Transport transport = accepted.poll(10, TimeUnit.SECONDS);
    assertThat(transport).as("accepted").isNotNull();
    return transport;
  }

  private static void assertClosedWithoutBytes(Socket socket) {
    try {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("reset");
    }
  }

  /** A storm that is turned away is no work for the loops that relay. */
  @Test
  @Clause("S2S-DOS-04")
  void whoIsTurnedAwayIsSeenByTheDoorAlone() throws Exception {
    BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    BlockingQueue<String> taken = new LinkedBlockingQueue<>();
    Gate gate =
        from -> {
          asked.add(Thread.currentThread().getName());
          return asked.size() > 1 ? null : () -> {};
        };
    try (Listening listening =
        bench
            .network(wire, TlsProvider.AUTO)
            .listen(
                new ListenOptions(Bench.loopback(), List.of(), 100),
                gate,
                transport -> taken.add(Thread.currentThread().getName()))) {
      connect(listening);
      assertThat(taken.poll(10, TimeUnit.SECONDS)).startsWith("comity-loop");
      for (int i = 0; i < 5; i++) {
        assertClosedWithoutBytes(connect(listening));
      }
      assertThat(asked).hasSize(6).allMatch(name -> name.startsWith("comity-door"));
      assertThat(taken).isEmpty();
    }
  }

  // The PROXY protocol.

  /** A header of version 2: signature, command, family, addresses. */
  private static byte[] version2(int command, int family, String addresses) {
    String rest = "%02x%02x%04x".formatted(command, family, addresses.length() / 2) + addresses;
    return HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + rest);
  }

  private static byte[] version1(String line) {
    return (line + "\r\n").getBytes(StandardCharsets.US_ASCII);
  }

  static Stream<Arguments> headers() {
    String tcp4 = "c0000207" + "c6336401" + "dc04" + "1495";
    String tcp6 =
        "20010db8000000000000000000000007" + "20010db8000000000000000000000001" + "dc04" + "1495";
    String data = "04" + "0003" + "616263"; // a type, a length and a value
    return Stream.of(
        Arguments.of(version1("PROXY TCP4 192.0.2.7 198.51.100.1 56324 5269"), "192.0.2.7", 56324),
        Arguments.of(
            version1("PROXY TCP6 2001:db8::7 2001:db8::1 56324 5269"), "2001:db8::7", 56324),
        Arguments.of(version1("PROXY UNKNOWN"), null, 0),
        Arguments.of(version2(0x21, 0x11, tcp4), "192.0.2.7", 56324),
        Arguments.of(version2(0x21, 0x21, tcp6), "2001:db8::7", 56324),
        Arguments.of(version2(0x21, 0x11, tcp4 + data), "192.0.2.7", 56324),
        Arguments.of(version2(0x20, 0x00, ""), null, 0)); // the proxy's own check
  }

  @ParameterizedTest
  @MethodSource("headers")
  void aListedProxyTellsWhoConnects(byte[] header, String address, int port) throws Exception {
    for (boolean cut : new boolean[] {false, true}) {
      try (Listening listening = listen(LOOPBACK, 10)) {
        Socket socket = connect(listening);
        byte[] all = new byte[header.length + 5];
        System.arraycopy(header, 0, all, 0, header.length);
        System.arraycopy("hello".getBytes(UTF_8), 0, all, header.length, 5);
        if (cut) {
          for (byte one : all) {
            socket.getOutputStream().write(one);
          }
        } else {
          socket.getOutputStream().write(all);
        }
        Transport transport = accepted();
        InetSocketAddress expected =
            address == null
                ? (InetSocketAddress) socket.getLocalSocketAddress()
                : new InetSocketAddress(InetAddress.getByName(address), port);
        assertThat(transport.remote()).isEqualTo(expected);
        expect(transport, "hello");
        assertThat(transport.receivedBytes()).isEqualTo(5);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void aClientHelloRightBehindTheHeaderGoesToTheHandshake(TlsProvider provider) throws Exception {
    TlsIdentities identities =
        TlsIdentities.of(List.of(), Certificates.selfSigned("south.example"));
    CompletableFuture<CompletableFuture<TlsSession>> starting = new CompletableFuture<>();
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    try (Listening listening =
        network.listen(
            new ListenOptions(Bench.loopback(), LOOPBACK, 10),
            transport -> {
              accepted.add(transport);
              starting.complete(
                  async(() -> transport.startTls(new TlsRequest.AsServer(identities, null), null)));
            })) {
      Socket socket = connect(listening);
      byte[] header = version1("PROXY TCP4 192.0.2.7 198.51.100.1 56324 5269");
      byte[] hello = StartTlsTest.clientHello();
      byte[] segment = new byte[header.length + hello.length];
      System.arraycopy(header, 0, segment, 0, header.length);
      System.arraycopy(hello, 0, segment, header.length, hello.length);
      socket.getOutputStream().write(segment);
      byte[] answer = socket.getInputStream().readNBytes(6);
      assertThat(answer[0]).isEqualTo((byte) 22);
      assertThat(answer[5]).isEqualTo((byte) 2); // ServerHello
      socket.close();
      assertThatThrownBy(() -> get(get(starting))).isInstanceOf(TlsFailedException.class);
    }
  }

  static Stream<byte[]> noHeaders() {
    return Stream.of(
        "<?xml version='1.0'?><stream:stream>".getBytes(StandardCharsets.US_ASCII),
        version1("PROXY TCP4 192.0.2.7 198.51.100.1 99999 5269"),
        version1("PROXY TCP4 192.0.2.777 198.51.100.1 1 5269"),
        version1("PROXY TCP9 192.0.2.7 198.51.100.1 1 5269"),
        version1("PROXY " + "x".repeat(200)),
        ("PROXY TCP4 192.0.2.7 " + " ".repeat(300)).getBytes(StandardCharsets.US_ASCII),
        version2(0x31, 0x11, "c0000207" + "c6336401" + "dc04" + "1495"),
        version2(0x21, 0x11, "c0000207"),
        version2(0x21, 0x11, "c0000207" + "c6336401" + "dc04" + "1495" + "00".repeat(8000)));
  }

  @ParameterizedTest
  @MethodSource("noHeaders")
  void aListedProxyMustSendAGoodHeader(byte[] bytes) throws Exception {
    try (Listening listening = listen(LOOPBACK, 10)) {
      Socket socket = connect(listening);
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().write("\r\n".getBytes(UTF_8));
      assertClosedWithoutBytes(socket);
      assertThat(accepted).isEmpty();
    }
  }

  @Test
  void aListedProxyMustNotWaitWithItsHeader() throws Exception {
    try (Listening listening = listen(LOOPBACK, 10)) {
      Socket silent = connect(listening);
      bench.timers.awaitWaiting(1);
      say(silent, "PROXY TC");
      bench.timers.advance(Reception.PROXY_HEADER_WAIT);
      assertClosedWithoutBytes(silent);
      Socket gone = connect(listening);
      bench.timers.awaitWaiting(1);
      gone.shutdownOutput();
      assertClosedWithoutBytes(gone);
      until(() -> bench.timers.waiting() == 0);
      assertThat(accepted).isEmpty();
    }
  }

  @Test
  void whatOthersSendOfTheProtocolIsOrdinaryBytes() throws Exception {
    try (Listening listening = listen(List.of("192.0.2.0/24", "::1"), 10)) {
      Socket socket = connect(listening);
      String line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 5269\r\n";
      say(socket, line);
      Transport transport = accepted();
      assertThat(transport.remote()).isEqualTo(socket.getLocalSocketAddress());
      expect(transport, line);
    }
  }

  // Limits.

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"EPOLL", "NIO"})
  @Clause("S2S-TCP-13")
  void oneConnectionTooManyFromAnAddressIsClosedWithoutAByte(Wire over) throws Exception {
    wire = over;
    try (Listening listening = listen(List.of(), 2)) {
      connect(listening);
      Transport first = accepted();
      Socket second = connect(listening);
      Transport other = accepted();
      for (int i = 0; i < 3; i++) {
        assertClosedWithoutBytes(connect(listening));
      }
      connect(listening, "127.0.0.2");
      accepted(); // another address has its own count
      say(second, "alive");
      expect(other, "alive");
      first.abort(null);
      get(first.closed());
      connect(listening);
      accepted();
      assertClosedWithoutBytes(connect(listening));
      assertThat(accepted).isEmpty();
    }
  }

  @Test
  @Clause("S2S-TCP-13")
  void behindAProxyTheAddressItTellsIsCounted() throws Exception {
    try (Listening listening = listen(LOOPBACK, 1)) {
      String line = "PROXY TCP4 192.0.2.%d 198.51.100.1 56324 5269\r\n";
      say(connect(listening), line.formatted(1));
      accepted();
      Socket again = connect(listening);
      say(again, line.formatted(1));
      assertClosedWithoutBytes(again);
      say(connect(listening), line.formatted(2));
      assertThat(accepted().remote().getAddress().getHostAddress()).isEqualTo("192.0.2.2");
      assertThat(accepted).isEmpty();
    }
  }

  @Test
  void anAddressIsCountedAsLongAsItHasConnections() {
    ListenOptions options = new ListenOptions(Bench.loopback(), List.of(), 2);
    Reception reception = new Reception(options, Gate.OPEN, accepted::add, bench.timers, NO_LOOPS);
    EmbeddedChannel door = new EmbeddedChannel(reception.door());
    EmbeddedChannel one = new EmbeddedChannel();
    EmbeddedChannel two = new EmbeddedChannel();
    door.writeInbound(one, two);
    assertThat(reception.countedAddresses()).isEqualTo(1);
    EmbeddedChannel three = new EmbeddedChannel();
    door.writeInbound(three);
    assertThat(three.isOpen()).isFalse();
    one.close().syncUninterruptibly();
    assertThat(reception.countedAddresses()).isEqualTo(1);
    two.close().syncUninterruptibly();
    assertThat(reception.countedAddresses()).isZero();
  }

  /**
   * Some servers open a connection for each pair, and all of a provider's come from one address.
   */
  @Test
  void whatIsShippedLetsOneAddressHaveThousands() {
    Reception reception =
        new Reception(
            ListenOptions.at(Bench.loopback()), Gate.OPEN, accepted::add, bench.timers, NO_LOOPS);
    EmbeddedChannel door = new EmbeddedChannel(reception.door());
    List<EmbeddedChannel> channels = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      EmbeddedChannel channel = new EmbeddedChannel();
      channels.add(channel);
      door.writeInbound(channel);
    }
    assertThat(channels).allMatch(EmbeddedChannel::isOpen);
    channels.forEach(channel -> channel.close().syncUninterruptibly());
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1",
    "2001:db8:1:2::1, 2001:db8:1:2::",
    "2001:db8:1:2:ffff:ffff:ffff:ffff, 2001:db8:1:2::",
    "2001:db8:1:3::1, 2001:db8:1:3::"
  })
  void anIpv6NetworkOf64BitsCountsAsOneAddress(String address, String counted) throws Exception {
    assertThat(AddressGroup.of(InetAddress.getByName(address)))
        .isEqualTo(InetAddress.getByName(counted));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "example.org", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "::/129", "10.0.0"})
  void aNetworkOfProxiesThatCannotBeReadIsRefused(String text) throws Exception {
    assertThatThrownBy(() -> listen(List.of(text), 1).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not an IP network");
  }

  @Test
  void aListedNetworkMayBeASingleAddress() throws Exception {
    try (Listening listening = listen(List.of("127.0.0.2"), 10)) {
      say(connect(listening, "127.0.0.2"), "PROXY UNKNOWN\r\nhello");
      expect(accepted(), "hello");
      say(connect(listening), "hello");
      expect(accepted(), "hello");
    }
  }

  @Test
  void aConnectionThatNobodyTakesIsDropped() throws Exception {
    try (Listening listening =
        listen(
            List.of(),
            10,
            transport -> {
              throw new UnsupportedOperationException("as the test wants");
            })) {
      assertClosedWithoutBytes(connect(listening));
    }
  }

  @Test
  void connectionsOutliveTheirListener() throws Exception {
    Listening listening = listen(List.of(), 10);
    Socket socket = connect(listening);
    Transport transport = accepted();
    listening.close();
    listening.close();
    say(socket, "hello");
    expect(transport, "hello");
    say(transport, "hello");
    assertThat(hear(socket, 5)).isEqualTo("hello");
    assertThatThrownBy(() -> connect(listening)).isInstanceOf(IOException.class);
  }

  @Test
  void aPeerOfTheOlderFamilyIsShownAsThatOnASocketForBoth() throws Exception {
    for (Wire over : List.of(Wire.EPOLL, Wire.NIO)) {
      NettyNetwork network = bench.network(over, TlsProvider.AUTO);
      ListenOptions everywhere =
          new ListenOptions(new InetSocketAddress(0), List.of("127.0.0.1/32"), 10);
      try (Listening listening = network.listen(everywhere, accepted::add)) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listening.address().getPort());
        sockets.add(socket);
        say(socket, "PROXY UNKNOWN\r\nhello");
        Transport transport = accepted();
        assertThat(transport.remote()).isEqualTo(socket.getLocalSocketAddress());
        expect(transport, "hello");
      }
    }
  }

  // What TCP is told.

  @Test
  @Clause("S2S-CLS-09")
  void theKernelLooksForDeadPeers() {
    NetworkOptions options = NetworkOptions.defaults(bench.timers);
    EpollSocketChannel channel = new EpollSocketChannel();
    try {
      bench.network(options).setUp(channel);
      assertThat(channel.config().isKeepAlive()).isTrue();
      assertThat(channel.config().isTcpNoDelay()).isTrue();
      assertThat(channel.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT))
          .isEqualTo((int) options.userTimeout().toMillis())
          .isEqualTo((int) Duration.ofSeconds(90).toMillis());
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(60);
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(60);
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(3);
    } finally {
      channel.unsafe().closeForcibly();
    }
  }
}
