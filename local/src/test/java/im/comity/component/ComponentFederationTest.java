package im.comity.component;

import static im.comity.component.ComponentBench.SECRET;
import static im.comity.component.ComponentBench.component;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.testkit.Clause;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.Xmpp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Components of whole servers that federate over loopback. */
@Timeout(120)
@ExtendWith(LeakChecked.class)
final class ComponentFederationTest {
  private static final String ROOMS = "rooms.north.example";
  private static final String IRC = "irc.north.example";
  private static final String CHAT = "chat.south.example";
  private static final int MANY = 12_000;

  private final ComponentServer.Dns dns = new ComponentServer.Dns();
  private ComponentServer north;
  private ComponentServer south;

  @BeforeEach
  void start() throws IOException {
    north = new ComponentServer(dns, "north.example", component(ROOMS), component(IRC));
    south = new ComponentServer(dns, "south.example", component(CHAT));
  }

  @AfterEach
  void stop() {
    north.close();
    south.close();
    assertThat(north.count(FederationEvent.Fault.class)).isZero();
    assertThat(south.count(FederationEvent.Fault.class)).isZero();
  }

  private static String message(String from, String to, String id) {
    return "<message from='" + from + "' to='" + to + "' id='" + id + "'><body>b</body></message>";
  }

  private static String ping(String from, String to, String id) {
    return "<iq type='get' from='"
        + from
        + "' to='"
        + to
        + "' id='"
        + id
        + "'><ping xmlns='urn:xmpp:ping'/></iq>";
  }

  private static Match error(String id, String condition) {
    return Match.any()
        .attribute("type", "error")
        .attribute("id", id)
        .child(
            Match.element(Xmpp.COMPONENT, "error")
                .child(Match.element(Xmpp.STANZA_ERRORS, condition)));
  }

  @Test
  void aStanzaGoesFromComponentToComponentOverTwoServers() throws Exception {
    ScriptedPeer rooms = north.open(ROOMS);
    ScriptedPeer chat = south.open(CHAT);
    rooms.send(message("r@" + ROOMS + "/n", "c@" + CHAT, "m1"));
    Received got = chat.next();
    assertThat(got.is(Xmpp.COMPONENT, "message")).isTrue();
    assertThat(got.attribute("id")).isEqualTo("m1");
    assertThat(got.attribute("from")).isEqualTo("r@" + ROOMS + "/n");
    assertThat(got.child(Xmpp.COMPONENT, "body").text()).isEqualTo("b");
    chat.send(message("c@" + CHAT, "r@" + ROOMS + "/n", "m2"));
    assertThat(rooms.next().attribute("id")).isEqualTo("m2");
  }

  @Test
  @Clause("S2S-CMP-11")
  void aStanzaForAComponentThatIsNotConnectedReturnsToItsRemoteSender() throws Exception {
    ScriptedPeer chat = south.open(CHAT);
    chat.send(message("c@" + CHAT, "r@" + ROOMS, "m1"));
    Received bounce = chat.expect(error("m1", "remote-server-timeout"));
    assertThat(bounce.child(Xmpp.COMPONENT, "error").attribute("type")).isEqualTo("wait");
    assertThat(bounce.attribute("from")).isEqualTo("r@" + ROOMS);
    // Once it is there, it is reached on the same stream.
    ScriptedPeer rooms = north.open(ROOMS);
    chat.send(message("c@" + CHAT, "r@" + ROOMS, "m2"));
    assertThat(rooms.next().attribute("id")).isEqualTo("m2");
  }

  @Test
  @Clause({"S2S-CMP-12", "S2S-STZ-16"})
  void betweenComponentsAndHostsOfOneServerNothingLeavesIt() throws Exception {
    ScriptedPeer rooms = north.open(ROOMS);
    ScriptedPeer irc = north.open(IRC);
    rooms.send(message("r@" + ROOMS, "i@" + IRC, "m1"));
    assertThat(irc.next().attribute("id")).isEqualTo("m1");
    rooms.send(ping(ROOMS, "north.example", "p1"));
    assertThat(rooms.next())
        .satisfies(
            result -> {
              assertThat(result.attribute("type")).isEqualTo("result");
              assertThat(result.attribute("id")).isEqualTo("p1");
            });
    irc.sendStreamEnd();
    irc.expectStreamEnd();
    rooms.send(message("r@" + ROOMS, "i@" + IRC, "m2"));
    rooms.expect(error("m2", "remote-server-timeout"));
    assertThat(dns.asked).isEmpty();
    assertThat(north.count(FederationEvent.AttemptStarted.class)).isZero();
  }

  @Test
  @Clause("S2S-STZ-16")
  void aComponentThatSendsBackWhatItGotIsCutAndNothingGoesRound() throws Exception {
    ScriptedPeer rooms = north.open(ROOMS);
    ScriptedPeer chat = south.open(CHAT);
    chat.send(message("c@" + CHAT, "r@" + ROOMS, "m1"));
    rooms.send(rooms.next().raw());
    rooms.expectStreamError("invalid-from");
    rooms.expectEnd();
    assertThat(
            north.events.stream()
                .filter(FederationEvent.LocalSideChanged.class::isInstance)
                .map(FederationEvent.LocalSideChanged.class::cast)
                .filter(event -> !event.connected())
                .map(FederationEvent.LocalSideChanged::detail))
        .singleElement()
        .asString()
        .contains("invalid-from");
    // Nothing but the answer to the next stanza comes back.
    chat.send(message("c@" + CHAT, "r@" + ROOMS, "m2"));
    chat.expect(error("m2", "remote-server-timeout"));
  }

  @Test
  void everyRequestToARemoteHostGetsExactlyOneAnswerWithItsId() throws Exception {
    ScriptedPeer rooms = north.open(ROOMS);
    int requests = 300;
    StringBuilder all = new StringBuilder();
    Map<String, Integer> answers = new HashMap<>();
    for (int i = 0; i < requests; i++) {
      String id = "i" + i;
      all.append(
          switch (i % 3) {
            case 0 -> ping("r@" + ROOMS, "south.example", id);
            case 1 ->
                "<iq type='set' from='"
                    + ROOMS
                    + "' to='south.example' id='"
                    + id
                    + "'><x xmlns='urn:x'/></iq>";
            default ->
                "<iq type='get' from='"
                    + ROOMS
                    + "' to='u@south.example' id='"
                    + id
                    + "'><x xmlns='urn:x'/></iq>";
          });
      answers.put(id, 0);
    }
    rooms.send(all.toString());
    for (int i = 0; i < requests; i++) {
      Received answer = rooms.next();
      int number = Integer.parseInt(answer.required("id").substring(1));
      assertThat(answer.attribute("type")).isEqualTo(number % 3 == 0 ? "result" : "error");
      answers.merge(answer.required("id"), 1, Integer::sum);
    }
    rooms.send(ping("r@" + ROOMS, "south.example", "end"));
    assertThat(rooms.next().attribute("id")).isEqualTo("end");
    assertThat(answers).allSatisfy((_, count) -> assertThat(count).isEqualTo(1));
  }

  @Test
  void muchFromAComponentToAComponentArrivesOnceAndInOrderOrReturns() throws Exception {
    List<Thread> readers = new ArrayList<>();
    try (RawComponent from = RawComponent.open(north.address, ROOMS, SECRET);
        RawComponent to = RawComponent.open(south.address, CHAT, SECRET)) {
      from.write(message(ROOMS, CHAT, "first"));
      assertThat(to.nextId()).isEqualTo("first");
      Queue<String> arrived = new ConcurrentLinkedQueue<>();
      Queue<String> returned = new ConcurrentLinkedQueue<>();
      readers.add(collect(to, arrived));
      readers.add(collect(from, returned));
      write(from, CHAT, new AtomicInteger()).join();
      // A component that is slower than its peer's is full at times (S2S-BNC).
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  arrived.size()
                          + returned.size()
                          + north.count(FederationEvent.Dropped.class)
                          + south.count(FederationEvent.Dropped.class)
                      >= MANY);
      from.write(message(ROOMS, CHAT, "m" + MANY));
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> arrived.contains("m" + MANY) || returned.contains("m" + MANY));
      assertInOrder(arrived);
      assertInOrder(returned);
      Set<String> both = new HashSet<>(arrived);
      both.retainAll(returned);
      assertThat(both).isEmpty();
      assertThat(arrived).isNotEmpty();
    }
    for (Thread reader : readers) {
      reader.join();
    }
  }

  private static void assertInOrder(Queue<String> ids) {
    int last = -1;
    for (String id : ids) {
      int number = Integer.parseInt(id.substring(1));
      assertThat(number).isGreaterThan(last);
      last = number;
    }
  }

  private static Thread collect(RawComponent from, Queue<String> ids) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  ids.add(from.nextId());
                }
              } catch (IOException end) {
                // The test closes it.
              }
            });
  }

  private static Thread write(RawComponent from, String to, AtomicInteger written) {
    return write(from, to, written, MANY);
  }

  private static Thread write(RawComponent from, String to, AtomicInteger written, int count) {
    String body = "<body>" + "x".repeat(1_000) + "</body></message>";
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (int i = 0; i < count; i++) {
                  from.write(
                      "<message from='" + ROOMS + "' to='" + to + "' id='m" + i + "'>" + body);
                  written.incrementAndGet();
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  @Test
  @Clause("S2S-DOS-05")
  void whileAComponentDoesNotReadItsNeighbourIsHeldBackAndThenAllArrivesOnceAndInOrder()
      throws Exception {
    try (RawComponent from = RawComponent.open(north.address, ROOMS, SECRET);
        RawComponent to = RawComponent.open(north.address, IRC, SECRET)) {
      // More than the kernel's buffers of both connections take.
      int count = 3 * MANY;
      AtomicInteger written = new AtomicInteger();
      Thread writer = write(from, IRC, written, count);
      awaitStandstill(written);
      assertThat(written.get()).isLessThan(count);
      for (int i = 0; i < count; i++) {
        assertThat(to.nextId()).isEqualTo("m" + i);
      }
      writer.join();
      assertThat(north.count(FederationEvent.Bounced.class)).isZero();
      assertThat(north.count(FederationEvent.Dropped.class)).isZero();
    }
  }

  private static void awaitStandstill(AtomicInteger count) {
    AtomicInteger before = new AtomicInteger(-1);
    Awaitility.await()
        .pollInterval(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(15))
        .until(() -> count.get() == before.getAndSet(count.get()));
  }

  @Test
  void whileAPeerDoesNotReadTheComponentIsHeldBackAndThenAllArrivesOnceAndInOrder()
      throws Exception {
    try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        RawComponent from = RawComponent.open(north.address, ROOMS, SECRET)) {
      server.setReceiveBufferSize(1 << 14);
      dns.serve("west.example", server.getLocalPort());
      from.write(message(ROOMS, "west.example", "first"));
      try (Socket socket = server.accept()) {
        ScriptedPeer west = ScriptedPeer.on(socket);
        Received header = west.expectHeader();
        west.sendHeader(StreamHead.server().from("west.example").to(ROOMS).id("w1"));
        assertThat(header.attribute("to")).isEqualTo("west.example");
        west.sendFeatures(Xmpp.DIALBACK_OFFER);
        west.acceptDialback(ROOMS, "west.example");
        assertThat(west.next().attribute("id")).isEqualTo("first");
        AtomicInteger written = new AtomicInteger();
        Thread writer = write(from, "west.example", written);
        AtomicInteger before = new AtomicInteger(-1);
        Awaitility.await()
            .pollInterval(Duration.ofMillis(500))
            .atMost(Duration.ofSeconds(30))
            .until(() -> written.get() == before.getAndSet(written.get()));
        assertThat(written.get()).isLessThan(MANY);
        RawComponent reader = RawComponent.on(socket);
        for (int i = 0; i < MANY; i++) {
          assertThat(reader.nextId()).isEqualTo("m" + i);
        }
        writer.join();
        assertThat(north.count(FederationEvent.Bounced.class)).isZero();
      }
    }
  }

  // ---- a peer whose component does not read

  /** A server of west.example, of which a test plays every part. */
  private final class West implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final Socket socket = new Socket();
    private final ScriptedPeer peer;

    West() throws IOException {
      dns.serve("west.example", server.getLocalPort());
      socket.setSendBufferSize(1 << 14);
      socket.connect(north.forPeers);
      peer = ScriptedPeer.on(socket);
      peer.open("west.example", "north.example");
      peer.expectFeatures();
    }

    private static ScriptedPeer greet(Socket from) throws IOException {
      ScriptedPeer peer = ScriptedPeer.on(from);
      Received header = peer.expectHeader();
      peer.sendHeader(
          StreamHead.server().from("west.example").to(header.required("from")).id("w1"));
      peer.sendFeatures(Xmpp.DIALBACK_OFFER);
      return peer;
    }

    /** Proves itself to a domain of north, on the one stream. */
    void proveTo(String domain) throws IOException {
      peer.send(Xmpp.dialbackRequest("west.example", domain, "key"));
      try (Socket asking = server.accept()) {
        ScriptedPeer authority = greet(asking);
        Received verify = authority.expect(Xmpp.DIALBACK, "verify");
        authority.send(Xmpp.verifyAnswer("west.example", domain, verify.required("id"), "valid"));
        peer.expectDialbackAnswer(domain, "west.example", "valid");
      }
    }

    /** Takes the stream on which a domain of north has just begun to send. */
    RawComponent take(String domain) throws IOException {
      Socket from = server.accept();
      ScriptedPeer taken = greet(from);
      taken.acceptDialback(domain, "west.example");
      assertThat(taken.next().attribute("id")).isEqualTo("first");
      return RawComponent.on(from);
    }

    RawComponent writing() throws IOException {
      return RawComponent.on(socket);
    }

    @Override
    public void close() throws IOException {
      socket.close();
      server.close();
    }
  }

  private static String large(String to, String id) {
    return "<message from='w@west.example' to='"
        + to
        + "' id='"
        + id
        + "'><body>"
        + "x".repeat(1_000)
        + "</body></message>";
  }

  @Test
  @Clause("S2S-DOS-05")
  void whileAComponentDoesNotReadAPeerWithOnePairIsHeldBackAndThenAllArrivesOnceAndInOrder()
      throws Exception {
    try (RawComponent to = RawComponent.open(north.address, ROOMS, SECRET);
        West west = new West()) {
      west.proveTo(ROOMS);
      // More than the kernel's buffers of both connections take.
      int count = 3 * MANY;
      AtomicInteger written = new AtomicInteger();
      RawComponent from = west.writing();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < count; i++) {
                        from.write(large(ROOMS, "m" + i));
                        written.incrementAndGet();
                      }
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      awaitStandstill(written);
      assertThat(written.get()).isLessThan(count);
      for (int i = 0; i < count; i++) {
        assertThat(to.nextId()).isEqualTo("m" + i);
      }
      writer.join();
      assertThat(north.count(FederationEvent.Bounced.class)).isZero();
      assertThat(north.count(FederationEvent.Dropped.class)).isZero();
    }
  }

  @Test
  @Clause({"S2S-DOS-05", "S2S-BNC-13"})
  void whereAPeersPairsShareAStreamWhatAComponentHasNoRoomForReturnsAndItsNeighbourMissesNothing()
      throws Exception {
    Queue<String> bounces = new ConcurrentLinkedQueue<>();
    List<Thread> readers = new ArrayList<>();
    try (RawComponent rooms = RawComponent.open(north.address, ROOMS, SECRET);
        RawComponent irc = RawComponent.open(north.address, IRC, SECRET);
        West west = new West()) {
      rooms.write(message(ROOMS, "west.example", "first"));
      try (RawComponent back = west.take(ROOMS)) {
        west.proveTo(ROOMS);
        west.proveTo(IRC);
        readers.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        while (true) {
                          bounces.add(back.upTo("</message>"));
                        }
                      } catch (IOException end) {
                        // The test closes it.
                      }
                    }));
        RawComponent from = west.writing();
        int neighbours = 0;
        for (int i = 0; i < MANY; i++) {
          from.write(large(ROOMS, "m" + i));
          if (i % 100 == 0) {
            from.write(message("w@west.example", IRC, "n" + neighbours++));
          }
        }
        from.write(message("w@west.example", IRC, "n" + neighbours++));
        for (int i = 0; i < neighbours; i++) {
          assertThat(irc.nextId()).isEqualTo("n" + i);
        }
        // All before the neighbour's last is decided.
        long over = north.count(FederationEvent.Bounced.class);
        assertThat(over).isPositive();
        assertThat(north.count(FederationEvent.Dropped.class)).isZero();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> bounces.size() == over);
        assertThat(bounces)
            .allMatch(
                bounce ->
                    bounce.contains("to='w@west.example'")
                        && bounce.contains("type='error'")
                        && bounce.contains("<error type='wait'><resource-constraint "));
        Set<String> returned = new HashSet<>();
        for (String bounce : bounces) {
          returned.add(bounce.replaceFirst("(?s).*? id='([^']*)'.*", "$1"));
        }
        assertThat(returned).hasSize((int) over);
        for (int i = 0; i < MANY; i++) {
          if (!returned.contains("m" + i)) {
            assertThat(rooms.nextId()).isEqualTo("m" + i);
          }
        }
        from.write(large(ROOMS, "end"));
        assertThat(rooms.nextId()).isEqualTo("end");
      }
    }
    for (Thread reader : readers) {
      reader.join();
    }
  }
}
