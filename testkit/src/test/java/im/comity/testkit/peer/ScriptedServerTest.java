package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.FakeClock;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript.Direction;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakChecked.class)
class ScriptedServerTest {
  private static void greet(ScriptedPeer peer) {
    peer.accept();
    peer.sendFeatures();
    peer.expectStreamEnd();
    peer.sendStreamEnd();
  }

  private static void visit(ScriptedPeer peer, String from) {
    peer.open(from, "south.example");
    peer.expectFeatures();
    peer.sendStreamEnd();
    peer.expectStreamEnd();
    peer.expectEnd();
    peer.close();
  }

  @Test
  void everyTcpConnectionFollowsTheScriptAndIsTakenDown() throws Exception {
    try (ScriptedServer server = ScriptedServer.onLoopback(ScriptedServerTest::greet)) {
      visit(ScriptedPeer.connect(server.address()), "a.example");
      visit(ScriptedPeer.connect(server.address()), "b.example");
      server.awaitPlayed(2);
      assertThat(server.connections()).isEqualTo(2);
      List<String> first = server.transcripts().get(0).texts(Direction.RECEIVED);
      assertThat(first.getFirst()).contains("from='a.example'");
      assertThat(server.transcripts().get(1).golden()).contains("from='b.example'");
    }
  }

  @Test
  void connectionsInMemoryFollowItToo() throws Exception {
    try (ScriptedServer server = ScriptedServer.inMemory(ScriptedServerTest::greet)) {
      visit(ScriptedPeer.on(server.connect()), "a.example");
      Pipe slow = new Pipe(new FakeClock());
      visit(ScriptedPeer.on(server.connect(slow)), "b.example");
      server.awaitPlayed(2);
      assertThatThrownBy(server::address).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void connectionsAreServedAtTheSameTime() throws Exception {
    CountDownLatch together = new CountDownLatch(50);
    try (ScriptedServer server =
        ScriptedServer.inMemory(
            peer -> {
              together.countDown();
              together.await();
              greet(peer);
            })) {
      List<ScriptedPeer> peers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        peers.add(ScriptedPeer.on(server.connect()));
      }
      peers.forEach(peer -> visit(peer, "a.example"));
      server.awaitPlayed(50);
    }
  }

  @Test
  void aScriptThatFailsFailsTheWait() throws Exception {
    try (ScriptedServer server =
        ScriptedServer.inMemory(
            peer -> {
              peer.expectHeader();
              peer.expect(Xmpp.SERVER, "message");
            })) {
      ScriptedPeer peer = ScriptedPeer.on(server.connect());
      peer.sendHeader(StreamHead.server());
      peer.send("<other/>");
      assertThatThrownBy(() -> server.awaitPlayed(1))
          .isInstanceOf(AssertionError.class)
          .rootCause()
          .hasMessageContaining("connection 1: expected");
    }
  }

  @Test
  void aScriptThatFailedUnnoticedFailsTheClose() throws Exception {
    ScriptedServer server =
        ScriptedServer.inMemory(
            _ -> {
              throw new IllegalStateException("broken script");
            });
    // Its connection ends when it has failed.
    ScriptedPeer.on(server.connect()).expectEnd();
    assertThatThrownBy(
            () -> {
              server.awaitPlayed(1);
              server.close();
            })
        .rootCause()
        .hasMessage("broken script");
    assertThatCode(server::close).doesNotThrowAnyException();
  }

  @Test
  void closingBreaksScriptsOffAndThatIsNoFailure() throws Exception {
    CountDownLatch waiting = new CountDownLatch(2);
    ScriptedServer server =
        ScriptedServer.onLoopback(
            peer -> {
              waiting.countDown();
              peer.patience(Duration.ofDays(1)).next();
            });
    ScriptedPeer tcp = ScriptedPeer.connect(server.address());
    ScriptedPeer pipe = ScriptedPeer.on(server.connect());
    waiting.await();
    server.close();
    tcp.expectDisconnect();
    pipe.expectDisconnect();
    tcp.close();
    assertThatThrownBy(() -> ScriptedPeer.connect(server.address()))
        .isInstanceOf(ConnectException.class);
    ScriptedPeer.on(server.connect()).expectEnd();
  }

  @Test
  void connectionsThatDoNotComeFailTheWait() {
    try (ScriptedServer server = ScriptedServer.inMemory(_ -> {})) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> server.awaitPlayed(1)).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void connectionsAtOneTimeAreBounded() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    try (ScriptedServer server = ScriptedServer.inMemory(_ -> done.await())) {
      for (int i = 0; i < ScriptedServer.MAX_CONNECTIONS; i++) {
        server.connect();
      }
      ScriptedPeer.on(server.connect()).expectEnd();
      assertThat(server.connections()).isEqualTo(ScriptedServer.MAX_CONNECTIONS);
      done.countDown();
      server.awaitPlayed(ScriptedServer.MAX_CONNECTIONS);
    }
  }
}
