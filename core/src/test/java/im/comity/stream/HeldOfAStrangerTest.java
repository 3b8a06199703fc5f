package im.comity.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Deadline;
import im.comity.transport.FakeTimers;
import im.comity.transport.Gate;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.PipeTransport;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannerLimits;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the worst of strangers can make a negotiation hold. */
@Timeout(60)
final class HeldOfAStrangerTest {
  /** S2S-DOS-04 without the mailbox, which may hold 24 KiB beside it. */
  private static final int MOST = 40 << 10;

  private static final int ELEMENT = ScannerLimits.STRANGER.elementBytes();
  private static final int HEADER = ScannerLimits.HEADER_BYTES;

  private static final String BEGIN =
      "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
          + " from='south.example' to='north.example' version='1.0'";

  private final NettyNetwork network =
      NettyNetwork.open(NetworkOptions.defaults(new FakeTimers()).withLoops(1, false));
  private final PipeTransport.Pair pipe = PipeTransport.pair(network);

  @AfterEach
  void stop() {
    network.close();
  }

  /** Documents that end in the middle, each as long as it may be without the stream ending. */
  enum Worst {
    TEXT,
    ATTRIBUTE,
    NAMES,
    DECLARATIONS,
    DEPTH;

    String element() {
      return switch (this) {
        case TEXT -> "<a>" + "x".repeat(ELEMENT - 100);
        case ATTRIBUTE -> "<a " + attributes("b", 2, 4_090) + " c='" + "v".repeat(1_700);
        case NAMES -> "<" + "n".repeat(256) + attributes("m".repeat(240), 31, 40);
        case DECLARATIONS -> "<a " + attributes("xmlns:" + "p".repeat(200), 15, ELEMENT / 15 - 226);
        case DEPTH -> ("<" + "n".repeat(250) + ">").repeat(31);
      };
    }

    private static String attributes(String name, int number, int length) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < number; i++) {
        all.append(' ').append(name).append(i).append("='").append("v".repeat(length)).append('\'');
      }
      return all.toString();
    }
  }

  private NegotiatingStream receive() {
    return NegotiatingStream.receive(
        pipe.right(), Deadline.start(new FakeTimers(), Duration.ofDays(1)), new SecureRandom());
  }

  private static void say(Transport transport, String text) {
    // In pieces, so that nothing lies whole in an array of somebody else.
    byte[] bytes = text.getBytes(UTF_8);
    for (int at = 0; at < bytes.length; at += 1_000) {
      transport.write(Octets.of(bytes, at, Math.min(bytes.length, at + 1_000)));
      transport.flush();
    }
  }

  @ParameterizedTest
  @EnumSource(Worst.class)
  @Clause("S2S-DOS-04")
  void anElementHalfReadIsHeldInFewBytes(Worst worst) throws Exception {
    NegotiatingStream stream = receive();
    // The header declares as much as it may, too.
    String header = BEGIN + Worst.attributes("xmlns:h", HEADER / 920 - 1, 900) + ">";
    CompletableFuture<Object> reading = new CompletableFuture<>();
    Thread reader =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    stream.awaitHeader();
                    reading.complete(stream.await());
                  } catch (StreamEnded e) {
                    reading.complete(e);
                  }
                });
    String all = header + worst.element();
    say(pipe.left(), all);
    Awaitility.await()
        .until(
            () ->
                pipe.right().receivedBytes() == all.length()
                    && reader.getState() == Thread.State.WAITING);
    assertThat(reading).isNotDone();
    assertThat(stream.held()).isBetween(8_000, MOST);
    pipe.left().abort(null);
    reader.join();
  }

  @Test
  @Clause("S2S-XML-17")
  void anElementOfManyElementsIsRefusedBeforeATreeIsMadeOfIt() throws Exception {
    NegotiatingStream stream = receive();
    say(pipe.left(), BEGIN + "><a>" + "<b/>".repeat(NegotiatingStream.MOST_TAGS - 2) + "</a>");
    stream.awaitHeader();
    assertThat(stream.await().name()).isEqualTo("a");
    say(pipe.left(), "<a>" + "<b/>".repeat(NegotiatingStream.MOST_TAGS - 1) + "</a>");
    assertThatThrownBy(stream::await).isInstanceOf(StreamEnded.class);
    assertThat(pipe.left().take().toUtf8()).contains("policy-violation");
    pipe.left().abort(null);
  }

  /** Somebody at the gate, so that who connects is a stranger. */
  private static final Gate GATE = from -> () -> {};

  @Test
  @Clause("S2S-DOS-04")
  void whoDoesNotReadWhatItIsToldIsDroppedOnceLittleWaitsForIt() throws Exception {
    CompletableFuture<Transport> accepted = new CompletableFuture<>();
    ListenOptions loopback =
        ListenOptions.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    try (Listening listening = network.listen(loopback, GATE, accepted::complete);
        Socket peer = new Socket()) {
      peer.setReceiveBufferSize(4 << 10);
      peer.connect(listening.address());
      Transport transport = accepted.get(10, TimeUnit.SECONDS);
      NegotiatingStream stream =
          NegotiatingStream.receive(
              transport, Deadline.start(new FakeTimers(), Duration.ofDays(1)), new SecureRandom());
      Element answer = Element.of(Namespaces.SERVER, "a").text("x".repeat(1_000)).build();
      int told = 0;
      // The kernel takes some megabytes for a peer that does not read; this is how long it does.
      while (transport.writable() && told < 100_000) {
        stream.send(answer);
        CompletableFuture<Void> written = new CompletableFuture<>();
        transport.execute(() -> written.complete(null));
        written.get(10, TimeUnit.SECONDS);
        told++;
      }
      assertThat(transport.writable()).isFalse();
      assertThat(transport.closed()).as("the last still found room").isNotDone();
      stream.send(answer);
      assertThat(transport.closed().get(10, TimeUnit.SECONDS))
          .hasMessageContaining("does not read");
    }
  }
}
