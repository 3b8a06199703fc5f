package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.FakeClock;
import im.comity.testkit.Fault;
import im.comity.testkit.Fault.Point;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.Pipe;
import im.comity.testkit.Transcript.Direction;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakChecked.class)
class ScriptedPeerTest {
  private static final String SECRET = "correct-horse-battery";
  private static final SelfSigned NORTH = SelfSigned.of("north.example");
  private static final SelfSigned SOUTH = SelfSigned.of("south.example");

  private final FakeClock clock = new FakeClock();
  private final Pipe pipe = new Pipe();
  private final ScriptedPeer north = ScriptedPeer.on(pipe.left()).clock(clock).named("north");
  private final ScriptedPeer south = ScriptedPeer.on(pipe.right()).clock(clock).named("south");
  private CompletableFuture<Void> other = CompletableFuture.completedFuture(null);

  @AfterEach
  void bothScriptsEnd() throws Exception {
    try {
      other.get(10, TimeUnit.SECONDS);
    } finally {
      north.close();
      south.close();
    }
  }

  private interface Script {
    void play() throws Exception;
  }

  /** Plays the other side's script on a thread of its own; its failure fails the test. */
  private void meanwhile(Script script) {
    CompletableFuture<Void> played = new CompletableFuture<>();
    other = played;
    Thread.startVirtualThread(
        () -> {
          try {
            script.play();
            played.complete(null);
          } catch (Throwable e) {
            played.completeExceptionally(e);
          }
        });
  }

  private void openInClear(String... features) {
    meanwhile(
        () -> {
          south.accept();
          south.sendFeatures(features);
        });
    north.open("north.example", "south.example");
    north.expectFeatures();
    other.join();
  }

  private static void assertFails(ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("The conversation so far:")
        .hasMessageContainingAll(words);
  }

  // ---- Streams

  @Test
  void headersAreExchangedAndAnIdIsGiven() {
    meanwhile(
        () -> {
          Received header = south.accept();
          assertThat(header.attribute("from")).isEqualTo("north.example");
          assertThat(header.attribute("id")).isNull();
        });
    Received answer = north.open("north.example", "south.example");
    assertThat(answer.attribute("from")).isEqualTo("south.example");
    assertThat(answer.attribute("to")).isEqualTo("north.example");
    assertThat(answer.attribute("version")).isEqualTo("1.0");
    other.join();
    assertThat(north.streamId()).isEqualTo(south.streamId()).isEqualTo(answer.attribute("id"));
  }

  @Test
  void aRestartGivesANewId() {
    openInClear();
    String first = north.streamId();
    meanwhile(south::accept);
    north.open("north.example", "south.example");
    other.join();
    assertThat(north.streamId()).isNotEqualTo(first).isEqualTo(south.streamId());
  }

  @Test
  void withoutAnIdThereIsNone() {
    meanwhile(() -> south.accept(StreamHead.legacy()));
    north.open(StreamHead.legacy());
    assertFails(north::streamId, "the stream has no id");
  }

  @Test
  void aStreamWithoutPrefixesIsReadAndWritten() {
    meanwhile(
        () -> {
          Received header = south.accept(StreamHead.server().prefixFree().id("1"));
          assertThat(header.prefix()).isEqualTo("s");
          south.sendFeatures(Xmpp.STARTTLS_FEATURE);
          south.expectStreamEnd();
          south.sendStreamEnd();
        });
    assertThat(north.open(StreamHead.server().prefix("s")).prefix()).isEmpty();
    assertThat(north.expectFeatures().raw()).startsWith("<features>");
    north.sendStreamEnd();
    north.expectStreamEnd();
    assertThat(south.transcript().texts(Direction.SENT)).last().isEqualTo("</stream>");
    assertThat(north.transcript().texts(Direction.SENT)).last().isEqualTo("</s:stream>");
  }

  @Test
  void anElementWhereAHeaderBelongsFails() {
    north.send("<a>");
    assertFails(south::expectHeader, "expected a stream header, but received <a>");
  }

  @Test
  void aHeaderWhereAnElementBelongsIsAnElementThatDoesNotEnd() {
    openInClear();
    north.send(StreamHead.server().xml());
    south.patience(Duration.ofMillis(10));
    assertFails(south::next, "not well-formed");
  }

  // ---- Expectations

  @Test
  void whatIsExpectedComesBack() {
    openInClear();
    north.send("<message to='a'><body>hi</body></message>");
    Received message = south.expect(Xmpp.SERVER, "message");
    assertThat(message.child(Xmpp.SERVER, "body").text()).isEqualTo("hi");
  }

  @Test
  void somethingElseFailsAndTellsWhatWasMissing() {
    openInClear();
    north.send("<db:result from='a' to='b'>key</db:result>");
    assertFails(
        () -> south.expectDialbackAnswer("a", "b", "valid"),
        "south: expected element with {jabber:server:dialback}result",
        "which lacks type='valid'",
        "0.000 s < <db:result from='a' to='b'>key</db:result>",
        "> <stream:features>");
  }

  @Test
  void aFailureTellsTheTimesOfTheClock() {
    openInClear();
    clock.advance(Duration.ofMillis(2500));
    north.send("<late/>");
    assertFails(() -> south.expect(Xmpp.SERVER, "message"), "     2.500 s < <late/>");
  }

  @Test
  void awaitingPassesOverTheRest() {
    openInClear();
    north.send("<a/> <b/>");
    assertThat(south.await(Match.element(Xmpp.SERVER, "b")).raw()).isEqualTo("<b/>");
    north.sendStreamEnd();
    assertFails(() -> south.await(Match.any()), "the other side ended the stream");
  }

  @Test
  void nothingFailsAfterPatience() {
    openInClear();
    south.patience(Duration.ofMillis(10));
    assertFails(south::next, "expected an element, but nothing came within PT0.01S");
    north.send("<unfinished");
    assertFails(south::next, "only this came: <unfinished");
  }

  @Test
  void anEndWhereAnElementBelongsFails() {
    openInClear();
    north.closeOutput();
    assertFails(south::next, "expected an element, but the other side ended the connection");
  }

  @Test
  void aResetWhereAnElementBelongsFails() {
    openInClear();
    north.reset();
    assertFails(south::next, "the connection broke", "Connection reset");
  }

  @Test
  void nextOrEndTellsOrderlyEndsFromOthers() {
    openInClear();
    north.send(" <a/>");
    north.sendStreamEnd();
    north.closeOutput();
    assertThat(south.nextOrEnd().raw()).isEqualTo("<a/>");
    assertThat(south.nextOrEnd()).isNull();
    assertThat(south.nextOrEnd()).isNull();
    south.reset();
    assertFails(north::nextOrEnd, "the connection broke");
  }

  @Test
  void whatIsNotWellFormedFails() {
    openInClear();
    north.send("<a></b>");
    assertFails(south::next, "not well-formed", "</b> where </a> belongs", "<a></b>");
  }

  @Test
  void whitespaceIsPassedOverUnlessExpected() {
    openInClear();
    north.send(" ");
    assertThat(south.expectWhitespace()).isEqualTo(" ");
    north.send("\n<a/>");
    assertThat(south.next().raw()).isEqualTo("<a/>");
    north.send("<b/>");
    assertFails(south::expectWhitespace, "expected whitespace, but received <b/>");
  }

  @Test
  void piecesArriveAsAWhole() {
    openInClear();
    pipe.left().capacity(3);
    meanwhile(() -> north.sendInPieces("<message>ü</message>", 1));
    assertThat(south.next().text()).isEqualTo("ü");
    assertThat(north.transcript().texts(Direction.SENT)).last().isEqualTo("<message>ü</message>");
  }

  @Test
  void whoIsGoneCannotBeSentTo() {
    south.close();
    assertFails(() -> north.send("<a/>"), "could not send", "> <a/>");
  }

  @Test
  void sendingLosesPatienceWithWhoDoesNotRead() {
    pipe.left().capacity(2);
    north.patience(Duration.ofMillis(10));
    assertFails(() -> north.send("<a/>"), "could not send", "no room");
  }

  // ---- Ends

  @Test
  void aStreamErrorEndsTheStream() {
    openInClear();
    north.send(Xmpp.streamError("host-unknown"));
    north.sendStreamEnd();
    assertThat(south.expectStreamError("host-unknown").name()).isEqualTo("error");
  }

  @Test
  void anotherStreamErrorFails() {
    openInClear();
    north.send(Xmpp.streamError("host-gone"));
    assertFails(() -> south.expectStreamError("host-unknown"), "host-gone");
  }

  @Test
  void twoConditionsInAStreamErrorFail() {
    openInClear();
    String two =
        Xmpp.streamError("reset")
            .replace(
                "</stream:error>", "<conflict xmlns='" + Xmpp.STREAM_ERRORS + "'/></stream:error>");
    north.send(two);
    assertFails(() -> south.expectStreamError("reset"), "no second condition");
  }

  @Test
  void aTextIsNoSecondCondition() {
    openInClear();
    north.send(
        Xmpp.streamError("reset")
            .replace(
                "</stream:error>",
                "<text xmlns='"
                    + Xmpp.STREAM_ERRORS
                    + "'>why</text><own xmlns='urn:x'/></stream:error>"));
    north.sendStreamEnd();
    assertThatCode(() -> south.expectStreamError("reset")).doesNotThrowAnyException();
  }

  @Test
  void aStreamErrorWithSomethingBehindItFails() {
    openInClear();
    north.send(Xmpp.streamError("reset") + "<message/>");
    assertFails(() -> south.expectStreamError("reset"), "but received <message/>");
  }

  @Test
  void anOrderlyCloseIsAnswered() {
    openInClear();
    meanwhile(
        () -> {
          north.sendStreamEnd();
          north.expectStreamEnd();
          north.closeOutput();
        });
    south.expectClose();
    other.join();
    assertThat(south.transcript().golden())
        .endsWith("< </stream:stream>\n> </stream:stream>\n# end of the connection\n");
  }

  @Test
  void aCloseThatIsAlreadyAnsweredIsNotAnsweredAgain() {
    openInClear();
    south.sendStreamEnd();
    north.expectStreamEnd();
    north.sendStreamEnd();
    north.closeOutput();
    south.expectClose();
    assertThat(south.transcript().texts(Direction.SENT))
        .filteredOn("</stream:stream>"::equals)
        .hasSize(1);
  }

  @Test
  void anEndWithXmlBeforeItFails() {
    openInClear();
    north.sendStreamEnd();
    assertFails(south::expectEnd, "the other side ended the stream");
    assertFails(
        () -> {
          north.send("<a/>");
          south.expectDisconnect();
        },
        "behind the end of the stream");
  }

  @Test
  void aDisconnectMayBeAnyEnd() {
    openInClear();
    north.send(" ");
    north.reset();
    south.expectDisconnect();
    assertThat(south.transcript().golden()).contains("# connection broken: Connection reset");
    south.closeOutput();
  }

  @Test
  void anEndThatDoesNotComeFails() {
    openInClear();
    south.patience(Duration.ofMillis(10));
    assertFails(south::expectEnd, "nothing came");
    assertFails(south::expectDisconnect, "nothing to read");
  }

  // ---- Silence

  @Test
  void silenceWhileAClockAdvancesIsSilence() {
    openInClear();
    clock.after(Duration.ofSeconds(5), north::sendStreamEnd);
    south.expectSilenceWhile(() -> clock.advance(Duration.ofMillis(4999)));
    clock.advance(Duration.ofMillis(1));
    south.expectStreamEnd();
  }

  @Test
  void aSpaceBreaksTheSilence() {
    openInClear();
    clock.after(Duration.ofSeconds(5), () -> north.send(" "));
    assertFails(
        () -> south.expectSilenceWhile(() -> clock.advance(Duration.ofSeconds(5))),
        "expected silence, but received whitespace of 1");
  }

  @Test
  void whatWasReadAlreadyBreaksTheSilence() {
    openInClear();
    north.send("<a/><b/>");
    south.next();
    assertFails(() -> south.expectSilenceWhile(() -> {}), "but received <b/>");
  }

  @Test
  void silenceLastsUntilAnotherThreadHasAdvancedTheClock() throws Exception {
    openInClear();
    clock.after(Duration.ofSeconds(30), north::sendStreamEnd);
    meanwhile(
        () -> {
          south.expectSilence(clock, Duration.ofSeconds(29));
          south.expectStreamEnd();
        });
    clock.awaitPending(2);
    clock.advance(Duration.ofSeconds(30));
  }

  @Test
  void aBrokenSilenceFailsThoughTheClockStands() throws Exception {
    openInClear();
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            south.expectSilence(clock, Duration.ofSeconds(30));
          } catch (AssertionError e) {
            failure.complete(e);
          }
        });
    clock.awaitPending(1);
    north.send("<a/>");
    assertThat(failure.get(10, TimeUnit.SECONDS))
        .hasMessageContaining("expected silence for PT30S, but received <a/>");
    assertThat(clock.pending()).isZero();
  }

  @Test
  void aClockThatNobodyAdvancesFails() {
    openInClear();
    south.patience(Duration.ofMillis(10));
    assertFails(
        () -> south.expectSilence(clock, Duration.ofSeconds(1)), "nobody advanced the clock");
  }

  // ---- TLS

  private final TlsOptions client =
      TlsOptions.client(NORTH.context(), "south.example").alpn("xmpp-server");
  private final TlsOptions server = TlsOptions.server(SOUTH.context()).alpn("xmpp-server");

  @Test
  void startTlsInTheMidstOfAStream() {
    meanwhile(
        () -> {
          south.accept();
          south.sendFeatures(Xmpp.STARTTLS_REQUIRED);
          TlsFacts facts = south.acceptTls(server);
          assertThat(facts.serverName()).isEqualTo("south.example");
          assertThat(facts.peerCertificates()).containsExactly(NORTH.certificate());
          south.accept();
          south.sendFeatures(Xmpp.EXTERNAL_FEATURE);
          assertThat(south.tls()).isEqualTo(facts);
        });
    north.open("north.example", "south.example");
    north.expectFeatures();
    assertThat(north.tls()).isNull();
    TlsFacts facts = north.requestTls(client);
    assertThat(facts.peerCertificates()).containsExactly(SOUTH.certificate());
    north.open("north.example", "south.example");
    Received features = north.expectFeatures();
    assertThat(features.child(Xmpp.SASL, "mechanisms")).isNotNull();
    assertThat(north.transcript().golden())
        .contains("# TLSv1.3, SNI south.example, ALPN xmpp-server\n");
  }

  @Test
  void directTls() {
    meanwhile(
        () -> {
          south.startTls(server);
          south.accept();
        });
    north.startTls(client);
    north.open("north.example", "south.example");
  }

  @Test
  void theIdOfTheStreamIsVoidAfterTls() {
    openInClear();
    meanwhile(() -> south.startTls(server));
    north.startTls(client);
    assertFails(north::streamId, "no id");
  }

  @Test
  void plaintextBehindStartTlsFailsWhoExpectsTls() {
    openInClear();
    pipe.left().fault(new Fault.LateBytes(Point.afterWrites(2), "<message/>"));
    north.send(Xmpp.STARTTLS);
    assertFails(
        () -> south.acceptTls(server), "plaintext where the TLS handshake belongs: <message/>");
  }

  @Test
  void aRefusalOfStartTlsFailsWhoExpectsIt() {
    openInClear();
    meanwhile(
        () -> {
          south.expect(Xmpp.TLS, "starttls");
          south.send(Xmpp.TLS_FAILURE);
        });
    assertFails(() -> north.requestTls(client), "urn:ietf:params:xml:ns:xmpp-tls}proceed");
  }

  @Test
  void aHandshakeThatFailsTellsTheConversation() {
    openInClear();
    meanwhile(() -> south.expectTlsFailure(server.alpn("other")));
    assertFails(() -> north.startTls(client), "the TLS handshake failed");
  }

  @Test
  void aHandshakeThatMustFailFails() {
    openInClear();
    meanwhile(
        () -> {
          south.expectTlsFailure(server.clientCertificate(TlsOptions.ClientCertificate.NEEDED));
          south.close();
        });
    assertThat(north.expectTlsFailure(TlsOptions.client(TlsOptions.anonymous(), "south.example")))
        .hasMessageContaining("certificate");
    assertThat(north.transcript().golden()).contains("# TLS failed: ");
  }

  @Test
  void aHandshakeThatMustFailAndDoesNotFails() {
    openInClear();
    meanwhile(
        () -> {
          south.startTls(server);
          south.sendHeader(StreamHead.server());
        });
    assertFails(
        () -> north.expectTlsFailure(client), "expected TLS to fail, but received a stream header");
  }

  @Test
  void anOrderlyEndUnderTlsNeedsCloseNotify() {
    openInClear();
    meanwhile(() -> south.startTls(server));
    north.startTls(client);
    other.join();
    north.cutOutput();
    assertFails(south::expectEnd, "without close_notify");
    south.closeOutput();
    north.expectEnd();
  }

  // ---- SASL

  @Test
  void externalIsRequestedAndGranted() {
    openInClear(Xmpp.EXTERNAL_FEATURE);
    meanwhile(
        () -> {
          assertThat(south.acceptExternal()).isEqualTo("north.example");
          south.accept();
        });
    north.requestExternal("north.example");
    north.open("north.example", "south.example");
    assertThat(north.transcript().texts(Direction.SENT))
        .contains(
            "<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'>bm9ydGguZXhhbXBsZQ==</auth>");
  }

  @Test
  void externalWithoutAnIdentityIsAnEqualsSign() {
    openInClear();
    meanwhile(() -> assertThat(south.acceptExternal()).isEmpty());
    north.requestExternal(null);
  }

  @Test
  void aRefusedExternalFailsWhoExpectsSuccess() {
    openInClear();
    meanwhile(() -> south.refuseExternal("not-authorized"));
    assertFails(() -> north.requestExternal(null), "not-authorized");
  }

  @Test
  void anEmptyOrBrokenResponseFails() {
    openInClear();
    north.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'/>");
    assertFails(south::acceptExternal, "an empty initial response");
    north.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='EXTERNAL'>%%</auth>");
    assertFails(south::acceptExternal, "not base64");
    north.send("<auth xmlns='" + Xmpp.SASL + "' mechanism='PLAIN'>=</auth>");
    assertFails(south::acceptExternal, "lacks mechanism='EXTERNAL'");
  }

  // ---- Dialback

  @Test
  void theFourStepsOfDialback() throws Exception {
    openInClear(Xmpp.DIALBACK_ERRORS_OFFER);
    Pipe back = new Pipe();
    try (ScriptedPeer asking = ScriptedPeer.on(back.left());
        ScriptedPeer authority = ScriptedPeer.on(back.right())) {
      meanwhile(
          () -> {
            Received request = south.expectDialbackRequest("north.example", "south.example");
            asking.open("south.example", "north.example");
            String type =
                asking.verifyKey(
                    "south.example", "north.example", south.streamId(), request.text());
            south.send(Xmpp.dialbackAnswer("south.example", "north.example", type));
          });
      north.sendDialbackRequest("north.example", "south.example", SECRET);
      authority.accept();
      authority.answerVerify(SECRET);
      north.expectDialbackAnswer("south.example", "north.example", "valid");
      assertThat(asking.transcript().golden())
          .endsWith(
              """
              > <db:verify from='south.example' to='north.example' id='{id-2}'>{key-1}</db:verify>
              < <db:verify from='north.example' to='south.example' id='{id-2}' type='valid'/>
              """);
    }
  }

  @Test
  void aKeyOfAnotherSecretIsInvalid() throws Exception {
    openInClear();
    meanwhile(() -> south.answerVerify("another secret"));
    String key = Xmpp.dialbackKey(SECRET, "north.example", "south.example", "id");
    assertThat(north.verifyKey("north.example", "south.example", "id", key)).isEqualTo("invalid");
  }

  @Test
  void anAnswerThatDoesNotMirrorTheRequestFails() {
    openInClear();
    meanwhile(
        () -> {
          south.next();
          south.send(Xmpp.verifyAnswer("south.example", "north.example", "other", "valid"));
        });
    assertFails(
        () -> north.verifyKey("north.example", "south.example", "id", "key"), "lacks id='id'");
  }

  @Test
  void aRequestIsAcceptedAndFoundValid() {
    openInClear();
    meanwhile(() -> south.acceptDialback("north.example", "south.example"));
    north.requestDialback("north.example", "south.example", SECRET);
  }

  @Test
  void anAnswerIsNoRequest() {
    openInClear();
    north.send(Xmpp.dialbackAnswer("a", "b", "valid"));
    assertFails(() -> south.acceptDialback("a", "b"), "no attribute type");
  }

  // ---- Components

  @Test
  void aComponentShakesHands() {
    meanwhile(
        () -> {
          Received header =
              south.accept(
                  StreamHead.bare(Xmpp.COMPONENT).from("rooms.north.example").id("c0ffee42"));
          assertThat(header.attribute("to")).isEqualTo("rooms.north.example");
          Received handshake = south.expect(Xmpp.COMPONENT, "handshake");
          assertThat(handshake.text())
              .isEqualTo(Xmpp.componentHandshake("c0ffee42", "component-secret"));
          south.send("<handshake/>");
        });
    north.openComponent("rooms.north.example", "component-secret");
    assertThat(north.transcript().golden()).contains("> <handshake>{key-1}</handshake>\n");
  }

  // ---- Golden streams

  @Test
  void theSameConversationIsTheSameGoldenStreamEachTime() throws Exception {
    assertThat(goldenOfADialback())
        .isEqualTo(goldenOfADialback())
        .isEqualTo(
            """
        > <?xml version='1.0'?><stream:stream xmlns='jabber:server' \
        xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
        version='1.0' xml:lang='en' from='north.example' to='south.example'>
        < <?xml version='1.0'?><stream:stream xmlns='jabber:server' \
        xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
        version='1.0' xml:lang='en' from='south.example' to='north.example' id='{id-1}'>
        < <stream:features></stream:features>
        > <db:result from='north.example' to='south.example'>{key-1}</db:result>
        < <db:result from='south.example' to='north.example' type='valid'/>
        """);
  }

  private String goldenOfADialback() throws Exception {
    Pipe one = new Pipe();
    try (ScriptedPeer asking = ScriptedPeer.on(one.left());
        ScriptedPeer asked = ScriptedPeer.on(one.right())) {
      meanwhile(
          () -> {
            asked.accept();
            asked.sendFeatures();
            asked.acceptDialback("north.example", "south.example");
          });
      asking.open("north.example", "south.example");
      asking.expectFeatures();
      asking.requestDialback("north.example", "south.example", SECRET);
      other.get(10, TimeUnit.SECONDS);
      return asking.transcript().golden();
    }
  }
}
