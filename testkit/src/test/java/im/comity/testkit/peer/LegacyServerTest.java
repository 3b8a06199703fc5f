package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.LeakChecked;
import im.comity.testkit.Transcript.Direction;
import im.comity.testkit.peer.LegacyServer.Link;
import im.comity.testkit.peer.LegacyServer.Outcome;
import java.io.IOException;
import java.net.ConnectException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakChecked.class)
class LegacyServerTest {
  private final Map<String, ScriptedServer> servers = new HashMap<>();
  private final LegacyServer north = new LegacyServer("north.example", "north's", this::dial);
  private final LegacyServer south = new LegacyServer("south.example", "south's", this::dial);

  LegacyServerTest() {
    servers.put("north.example", ScriptedServer.inMemory(north));
    servers.put("south.example", ScriptedServer.inMemory(south));
  }

  @AfterEach
  void close() {
    servers.values().forEach(ScriptedServer::close);
  }

  private Wire dial(String domain) throws IOException {
    ScriptedServer server = servers.get(domain);
    if (server == null) {
      throw new ConnectException("no server of " + domain);
    }
    return Wire.of(server.connect());
  }

  private void replace(String domain, ScriptedServer.Script script) {
    servers.put(domain, ScriptedServer.inMemory(script)).close();
  }

  /** A new stream to the south, opened as a server of today would. */
  private ScriptedPeer toSouth() throws IOException {
    ScriptedPeer peer = ScriptedPeer.on(dial("south.example"));
    peer.open("north.example", "south.example");
    return peer;
  }

  @Test
  void twoOfThemAgreeByDialbackInTheClear() throws Exception {
    try (Link link = north.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new Outcome.Answered("valid"));
      link.send(Xmpp.message("a@north.example/x", "b@south.example", "Hello"));
      Received message = south.awaitStanzas(1).getFirst();
      assertThat(message.child(Xmpp.SERVER, "body").text()).isEqualTo("Hello");
    }
    servers.get("south.example").awaitPlayed(1);
    assertThat(servers.get("north.example").transcripts().getFirst().golden())
        .isEqualTo(
            """
            < <?xml version='1.0'?><stream:stream xmlns='jabber:server' \
            xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
            from='south.example' to='north.example'>
            > <?xml version='1.0'?><stream:stream xmlns='jabber:server' \
            xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
            from='north.example' to='south.example' id='{id-1}'>
            < <db:verify from='south.example' to='north.example' id='{id-2}'>{key-1}</db:verify>
            > <db:verify from='north.example' to='south.example' id='{id-2}' type='valid'/>
            < </stream:stream>
            > </stream:stream>
            """);
  }

  @Test
  void itNeitherSendsNorMindsWhatCameWithXmpp() throws Exception {
    replace(
        "south.example",
        peer -> {
          Received header = peer.accept();
          assertThat(header.attribute("version")).isNull();
          peer.sendFeatures(Xmpp.STARTTLS_FEATURE, Xmpp.DIALBACK_ERRORS_OFFER);
          peer.acceptDialback("north.example", "south.example");
          peer.nextOrEnd();
        });
    try (Link link = north.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new Outcome.Answered("valid"));
    }
    ScriptedPeer today = ScriptedPeer.on(dial("north.example"));
    Received header = today.open("south.example", "north.example");
    assertThat(header.attribute("version")).isNull();
    assertThat(header.attribute("id")).isNotNull();
    today.expectSilenceWhile(() -> {});
    today.sendStreamEnd();
    today.expectClose();
  }

  @Test
  void aServerThatRefusesItWithAStreamErrorIsUnderstood() throws Exception {
    replace(
        "south.example",
        peer -> {
          peer.accept(StreamHead.server().withoutDialback().from("south.example").id("1"));
          peer.sendFeatures(Xmpp.STARTTLS_REQUIRED);
          peer.expectDialbackRequest("north.example", "south.example");
          peer.send(Xmpp.streamError("not-authorized"));
          peer.sendStreamEnd();
        });
    try (Link link = north.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new Outcome.StreamError("not-authorized"));
    }
  }

  @Test
  void aServerThatEndsTheStreamWithoutAnAnswerIsUnderstood() throws Exception {
    replace(
        "south.example",
        peer -> {
          peer.accept();
          peer.next();
        });
    try (Link link = north.connect("south.example")) {
      assertThat(link.outcome()).isEqualTo(new Outcome.NoAnswer());
    }
  }

  @Test
  void aForgedKeyIsInvalidAndEndsTheStream() throws Exception {
    ScriptedPeer forger = toSouth();
    forger.sendDialbackRequest("north.example", "south.example", "not north's");
    forger.expectDialbackAnswer("south.example", "north.example", "invalid");
    forger.expectClose();
    assertThat(south.stanzas()).isEmpty();
  }

  @Test
  void aSenderWhoseServerIsNotReachedIsRefused() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.sendDialbackRequest("nowhere.example", "south.example", "x");
    peer.expectStreamError("remote-connection-failed");
    peer.close();
    assertThat(servers.get("south.example").transcripts().getFirst().texts(Direction.NOTE))
        .anyMatch(note -> note.contains("no server of nowhere.example"));
  }

  @Test
  void stanzasOfASenderThatIsNotValidAreRefused() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.send(Xmpp.message("a@north.example", "b@south.example", "too early"));
    peer.expectStreamError("invalid-from");
    peer.close();
    assertThat(south.stanzas()).isEmpty();
  }

  @Test
  void severalSendersMayShareAStream() throws Exception {
    LegacyServer rooms = new LegacyServer("rooms.north.example", "rooms'", this::dial);
    servers.put("rooms.north.example", ScriptedServer.inMemory(rooms));
    ScriptedPeer peer = toSouth();
    peer.requestDialback("north.example", "south.example", "north's");
    peer.requestDialback("rooms.north.example", "south.example", "rooms'");
    peer.send(Xmpp.message("room@rooms.north.example", "b@south.example", "1"));
    peer.send(Xmpp.message("north.example", "south.example/x@y", "2"));
    assertThat(south.awaitStanzas(2)).hasSize(2);
    peer.sendStreamEnd();
    peer.expectClose();
  }

  @Test
  void whatItDoesNotKnowEndsTheStream() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.send(Xmpp.STARTTLS);
    peer.expectStreamError("unsupported-stanza-type");
    peer.close();
  }

  @Test
  void domainsThatAreNotItsOwnEndTheStream() throws Exception {
    ScriptedPeer byHeader = ScriptedPeer.on(dial("south.example"));
    byHeader.open("north.example", "other.example");
    byHeader.expectStreamError("host-unknown");
    byHeader.close();
    ScriptedPeer byRequest = toSouth();
    byRequest.sendDialbackRequest("north.example", "other.example", "north's");
    byRequest.expectStreamError("host-unknown");
    byRequest.close();
  }

  @Test
  void requestsWithoutAddressesEndTheStream() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.send("<db:result from='north.example'>key</db:result>");
    peer.expectStreamError("improper-addressing");
    peer.close();
  }

  @Test
  void answersThatWereNeverAskedForArePassedOver() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.send(Xmpp.dialbackAnswer("north.example", "south.example", "valid"));
    peer.send(Xmpp.message("a@north.example", "b@south.example", "x"));
    peer.expectStreamError("invalid-from");
    peer.close();
  }

  @Test
  void stanzasKeptAreBounded() throws Exception {
    ScriptedPeer peer = toSouth();
    peer.requestDialback("north.example", "south.example", "north's");
    String message = Xmpp.message("a@north.example", "b@south.example", "x");
    for (int i = 0; i < 100; i++) {
      peer.send(message.repeat(LegacyServer.MAX_STANZAS / 100));
    }
    south.awaitStanzas(LegacyServer.MAX_STANZAS);
    peer.send(message);
    peer.expectStreamError("resource-constraint");
    peer.close();
  }
}
