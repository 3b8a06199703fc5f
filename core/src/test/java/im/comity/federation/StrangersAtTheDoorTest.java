package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import im.comity.address.DomainPair;
import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.Xmpp;
import im.comity.transport.FakeTimers;
import im.comity.transport.Meter;
import im.comity.transport.StrangerLimits;
import im.comity.transport.Strangers;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Attacks of those who prove nothing, beside a peer that goes on. */
@Timeout(60)
final class StrangersAtTheDoorTest {
  private static final DomainPair SOUTH_NORTH =
      new DomainPair(Site.domain("south.example"), Site.domain("north.example"));

  private final TestDns dns = new TestDns();
  private final FakeTimers timers = new FakeTimers();
  private final List<Socket> sockets = new ArrayList<>();
  private Site site;
  private ScriptedServer authority;
  private ScriptedPeer honest;

  @AfterEach
  void stop() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    if (honest != null) {
      honest.close();
    }
    if (site != null) {
      site.close();
    }
    if (authority != null) {
      authority.close();
    }
  }

  private void start(int perAddress) throws IOException {
    site = plan(perAddress).starttls().start();
  }

  private Site.Plan plan(int perAddress) {
    StrangerLimits usual = StrangerLimits.DEFAULTS;
    return Site.plan(dns, "north.example")
        .rule(new PolicyRule(FederationLevel.VERIFIED, List.of(), true, false, false, ""))
        .strangers(
            new StrangerLimits(
                perAddress,
                usual.inAll(),
                new Meter.Rate(10_000, 10_000),
                usual.fruitless(),
                usual.handshakesAtOnce(),
                usual.handshakesPerSecond(),
                usual.greeting(),
                usual.verifications(),
                usual.verificationsOfSender(),
                usual.verificationsAtOnce(),
                List.of()))
        .timers(timers);
  }

  /** A peer that is verified by dialback and sends a message. */
  private void honestPeer() throws Exception {
    honestPeer(connect());
  }

  private void honestPeer(Socket connection) throws Exception {
    authority =
        ScriptedServer.onLoopback(
            server -> {
              server.accept();
              server.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
              Received verify = server.expect(Xmpp.DIALBACK, "verify");
              server.send(
                  Xmpp.verifyAnswer(
                      "south.example", "north.example", verify.attribute("id"), "valid"));
              server.expectStreamEnd();
              server.sendStreamEnd();
            });
    dns.serve(Site.domain("south.example"), authority.address(), false);
    honest = ScriptedPeer.on(connection).named("honest");
    honest.open("south.example", "north.example");
    honest.expectFeatures();
    honest.send(Xmpp.dialbackRequest("south.example", "north.example", "key"));
    honest.expectDialbackAnswer("north.example", "south.example", "valid");
    goesOn("first");
  }

  private void goesOn(String text) throws Exception {
    honest.send(Xmpp.message("a@south.example", "b@north.example", text));
    assertThat(site.next().stanza().octets().toUtf8()).contains(text);
  }

  private Socket connect() throws IOException {
    var address = site.federation.addresses().getFirst();
    Socket socket = new Socket(address.getAddress(), address.getPort());
    sockets.add(socket);
    socket.setSoTimeout(10_000);
    return socket;
  }

  /** A connection as a proxy passes it on. */
  private Socket through(String client) throws IOException {
    Socket socket = connect();
    socket
        .getOutputStream()
        .write(
            ("PROXY TCP4 " + client + " 198.51.100.1 56324 5269\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private void unproven(int number) {
    Awaitility.await().until(() -> site.federation.unproven() == number);
  }

  /** What the server says until it ends the connection. */
  private static String lastWords(Socket socket) {
    StringBuilder words = new StringBuilder();
    try {
      for (int b = socket.getInputStream().read(); b >= 0; b = socket.getInputStream().read()) {
        words.append((char) b);
      }
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the connection lives on", e);
    } catch (IOException reset) {
      // As good as an end.
    }
    return words.toString();
  }

  @Test
  @Clause({"S2S-DOS-01", "S2S-DOS-04"})
  void aStormOfConnectionsIsTurnedAwayAndToldInOneLineWhileAPeerGoesOn() throws Exception {
    start(20);
    honestPeer();
    unproven(0); // who is proven counts no more
    for (int i = 0; i < 20; i++) {
      connect();
    }
    unproven(20);
    for (int i = 0; i < 200; i++) {
      assertThat(lastWords(connect())).isEmpty();
    }
    goesOn("during the storm");
    timers.advance(Strangers.PERIOD);
    List<FederationEvent.ConnectionsRefused> told =
        site.events(FederationEvent.ConnectionsRefused.class);
    assertThat(told).hasSize(1);
    assertThat(told.getFirst().count()).isEqualTo(200);
    assertThat(told.getFirst().failure().code()).isEqualTo("OUR_DOOR_CLOSED");
    goesOn("after the storm");
  }

  @Test
  @Clause({"S2S-DOS-01", "S2S-DOS-04"})
  void whoSendsGarbageOverAndOverIsAcceptedNoMoreAndOthersAre() throws Exception {
    site = plan(1_000).behindAProxy().start();
    honestPeer(through("192.0.2.7"));
    int most = StrangerLimits.DEFAULTS.fruitless().burst();
    for (int i = 0; i < most; i++) {
      Socket garbage = through("192.0.2.1");
      garbage.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      heard(garbage, "</stream:stream>");
      garbage.close();
    }
    unproven(0);
    assertThat(lastWords(through("192.0.2.1"))).isEmpty();
    // Who opens a stream and is refused for what it says did not come for nothing.
    for (int i = 0; i < most + 1; i++) {
      Socket refused = through("192.0.2.2");
      refused
          .getOutputStream()
          .write(
              ("<stream:stream xmlns='jabber:server' version='1.0' to='nobody.example'"
                      + " xmlns:stream='http://etherx.jabber.org/streams' from='south.example'>")
                  .getBytes(StandardCharsets.UTF_8));
      heard(refused, "host-unknown");
      refused.close();
    }
    unproven(0);
    goesOn("on");
    timers.advance(Strangers.PERIOD);
    assertThat(site.events(FederationEvent.ConnectionsRefused.class))
        .extracting(
            told -> told.from().getHostAddress() + ": " + told.count() + ' ' + told.failure())
        .singleElement(InstanceOfAssertFactories.STRING)
        .startsWith("192.0.2.1: 1 ")
        .contains("FRUITLESS");
    through("192.0.2.1");
    unproven(1);
  }

  @Test
  @Clause("S2S-DOS-01")
  void behindAProxyEachClientHasALimitOfItsOwn() throws Exception {
    site = plan(3).behindAProxy().start();
    for (int i = 0; i < 3; i++) {
      through("192.0.2.1");
      through("192.0.2.2");
    }
    unproven(6);
    for (int i = 0; i < 5; i++) {
      assertThat(lastWords(through("192.0.2.1"))).isEmpty();
    }
    assertThat(lastWords(through("192.0.2.2"))).isEmpty();
    through("192.0.2.3");
    unproven(7);
    timers.advance(Strangers.PERIOD);
    assertThat(site.events(FederationEvent.ConnectionsRefused.class))
        .extracting(told -> told.from().getHostAddress() + ": " + told.count())
        .containsExactly("192.0.2.1: 5", "192.0.2.2: 1");
  }

  @Test
  @Clause("S2S-DOS-01")
  void behindAProxyAClientThatIsProvenCountsNoMore() throws Exception {
    site = plan(1).behindAProxy().start();
    honestPeer(through("192.0.2.1"));
    unproven(0);
    assertThat(site.events(FederationEvent.SenderAdmitted.class))
        .extracting(admitted -> admitted.stream().remote().getAddress().getHostAddress())
        .containsExactly("192.0.2.1");
    through("192.0.2.1");
    unproven(1);
    assertThat(lastWords(through("192.0.2.1"))).isEmpty();
    goesOn("on");
  }

  @Test
  @Clause({"S2S-DOS-04", "S2S-TCP-15"})
  void theSilentAndTheTricklingAreDroppedEarlyWithoutAByteWhileAPeerGoesOn() throws Exception {
    start(20);
    honestPeer();
    Socket silent = connect();
    Socket trickling = connect();
    unproven(2);
    for (int i = 0; i < 9; i++) {
      trickling.getOutputStream().write(' ');
      timers.advance(Duration.ofSeconds(1));
    }
    assertThat(site.federation.unproven()).isEqualTo(2);
    timers.advance(Duration.ofSeconds(1));
    assertThat(lastWords(silent)).isEmpty();
    assertThat(lastWords(trickling)).isEmpty();
    unproven(0);
    goesOn("on");
  }

  /** Nothing is made for it, and the time to greet runs all the same. */
  @Test
  @Clause({"S2S-DOS-04", "S2S-TCP-15"})
  void whoHasNotSaidAWordIsNobodyYetAndTheTimeItTookIsGone() throws Exception {
    start(20);
    Socket silent = connect();
    Socket trickling = connect();
    trickling.getOutputStream().write("<stream:stream a='".getBytes(StandardCharsets.UTF_8));
    unproven(2);
    honestPeer();
    assertThat(site.events(FederationEvent.Accepted.class)).hasSize(1);
    timers.advance(Duration.ofSeconds(9));
    // A tag may end here, as far as can be told without reading XML.
    trickling.getOutputStream().write('>');
    Awaitility.await().until(() -> site.events(FederationEvent.Accepted.class).size() == 2);
    timers.advance(Duration.ofSeconds(1));
    assertThat(lastWords(silent)).isEmpty();
    assertThat(lastWords(trickling)).isEmpty();
    unproven(0);
    Awaitility.await().until(() -> site.events(FederationEvent.SenderRefused.class).size() == 2);
    assertThat(site.events(FederationEvent.SenderRefused.class))
        .extracting(refused -> refused.failure().code())
        .containsOnly("TIMED_OUT");
    goesOn("on");
  }

  @Test
  void whoHasGreetedHasTheTimeOfTheWholeNegotiation() throws Exception {
    start(20);
    Socket slow = connect();
    slow.getOutputStream()
        .write(
            ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
                    + " from='south.example' to='north.example' version='1.0'>")
                .getBytes(StandardCharsets.UTF_8));
    assertThat(slow.getInputStream().read()).isEqualTo('<');
    // The header is read: what holds now is the time for all of the negotiation.
    timers.advance(Duration.ofSeconds(20));
    slow.getOutputStream()
        .write(
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".getBytes(StandardCharsets.UTF_8));
    assertThat(lastWords(slow)).contains("<failure").doesNotContain("connection-timeout");
    slow.close();
    unproven(0);
  }

  private Socket greeted() throws IOException {
    Socket socket = connect();
    socket
        .getOutputStream()
        .write(
            ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
                    + " xmlns:db='jabber:server:dialback'"
                    + " from='south.example' to='north.example' version='1.0'>")
                .getBytes(StandardCharsets.UTF_8));
    heard(socket, "</stream:features>");
    return socket;
  }

  private static void heard(Socket socket, String last) throws IOException {
    StringBuilder words = new StringBuilder();
    while (words.indexOf(last) < 0) {
      int b = socket.getInputStream().read();
      assertThat(b).as("after " + words).isNotNegative();
      words.append((char) b);
    }
  }

  /** A byte of an element every so often keeps a place no longer than silence does. */
  @Test
  @Clause({"S2S-DOS-04", "S2S-TCP-15"})
  void whoTricklesAnElementIsDroppedWhenTheNegotiationIsOver() throws Exception {
    start(20);
    honestPeer();
    Socket trickling = greeted();
    String element = "<db:result from='south.example' to='north.example'>key";
    for (int second = 0; second < 44; second++) {
      trickling.getOutputStream().write(element.charAt(second));
      timers.advance(Duration.ofSeconds(1));
    }
    assertThat(site.federation.unproven()).isEqualTo(1);
    timers.advance(Duration.ofSeconds(1));
    assertThat(lastWords(trickling)).contains("connection-timeout");
    trickling.close();
    unproven(0);
    goesOn("on");
  }

  /** The same on a stream that lives a while longer, since it asked for a verification. */
  @Test
  @Clause("S2S-DOS-04")
  void whoAsksForAVerificationAndTricklesIsDroppedAfterFiveMinutes() throws Exception {
    start(20);
    honestPeer();
    Socket trickling = greeted();
    trickling
        .getOutputStream()
        .write(
            "<db:verify from='south.example' to='north.example' id='x'>y</db:verify>"
                .getBytes(StandardCharsets.UTF_8));
    heard(trickling, "type='invalid'");
    for (int minute = 0; minute < 5; minute++) {
      assertThat(site.federation.unproven()).isEqualTo(1);
      trickling.getOutputStream().write("<db:result".charAt(minute));
      timers.advance(Duration.ofMinutes(1));
    }
    heard(trickling, "</stream:stream>");
    // It does not answer that either, and has seconds left.
    Awaitility.await()
        .until(
            () -> {
              timers.advance(Duration.ofSeconds(1));
              return site.federation.unproven() == 0;
            });
    assertThat(lastWords(trickling)).isEmpty();
    goesOn("on");
  }

  /** The good-byes are said one after the other; what ends before its turn needs none. */
  @Test
  @Clause("S2S-CLS-17")
  void whoStopsLeavesNoGoodByeForLater() throws Exception {
    start(20);
    honestPeer();
    Socket other = greeted();
    other
        .getOutputStream()
        .write(
            "<db:verify from='south.example' to='north.example' id='x'>y</db:verify>"
                .getBytes(StandardCharsets.UTF_8));
    heard(other, "type='invalid'");
    site.federation.close(Duration.ofMillis(100));
    site.close();
    Awaitility.await().until(() -> timers.waiting() == 0);
    site = null;
  }

  /** It has left the directory, and its end is waited for like that of any other. */
  @Test
  @Clause("S2S-CLS-17")
  void aStopWaitsForTheEndsOfStreamsThatWereClosingAlready() throws Exception {
    start(20);
    honestPeer();
    site.federation.streams().forEach(stream -> stream.close("as the test wants"));
    honest.expectStreamEnd();
    assertThat(site.federation.streams()).isEmpty();
    Thread stopping = Thread.ofVirtual().start(() -> site.federation.close(Duration.ofSeconds(30)));
    Awaitility.await().until(() -> refusesConnections());
    honest.sendStreamEnd();
    honest.closeOutput();
    stopping.join();
    assertThat(site.events(FederationEvent.StreamClosed.class))
        .filteredOn(closed -> closed.pairs().contains(SOUTH_NORTH))
        .extracting(FederationEvent.StreamClosed::orderly)
        .containsExactly(true);
  }

  private boolean refusesConnections() {
    try {
      connect().close();
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Each is answered at once, as fast as somebody can ask. */
  @Test
  @Clause("S2S-DOS-04")
  void whoAsksAndDoesNotReadTheAnswersIsDroppedEarly() throws Exception {
    start(20);
    honestPeer();
    Socket greedy = new Socket();
    sockets.add(greedy);
    greedy.setReceiveBufferSize(4 << 10);
    greedy.connect(site.federation.addresses().getFirst());
    byte[] asks =
        "<db:verify from='south.example' to='north.example' id='x'>y</db:verify>"
            .repeat(1_000)
            .getBytes(StandardCharsets.UTF_8);
    greedy
        .getOutputStream()
        .write(
            ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
                    + " xmlns:db='jabber:server:dialback'"
                    + " from='south.example' to='north.example' version='1.0'>")
                .getBytes(StandardCharsets.UTF_8));
    assertThatIOException()
        .isThrownBy(
            () -> {
              // Beyond what the kernel takes for a peer that does not read.
              for (int i = 0; i < 500; i++) {
                greedy.getOutputStream().write(asks);
              }
            });
    unproven(0);
    goesOn("on");
  }

  @Test
  void garbageGetsOneSmallAnswerAndTheEnd() throws Exception {
    start(20);
    honestPeer();
    Socket garbage = connect();
    garbage.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    assertThat(lastWords(garbage)).hasSizeLessThan(1_000).contains("stream:error");
    garbage.close();
    unproven(0);
    goesOn("on");
  }
}
