package im.comity.federation;

import im.comity.testkit.peer.Match;
import im.comity.testkit.peer.Received;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.StreamHead;
import im.comity.testkit.peer.Wire;
import im.comity.testkit.peer.Xmpp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A server of XMPP 1.0 with TLS switched off, which none of ours can be: it never offers it, never
 * asks for it, and ends the stream of who asks. Where it has dialback it plays all three parts;
 * where it has not, it takes nobody's stanzas and sends its own without a word before.
 */
final class PlainServer implements ScriptedServer.Script {
  /** What is still to be said on a stream that is over is waited for so long, if at all. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final String domain;
  private final boolean dialback;
  private final Function<String, InetSocketAddress> dns;

  /** The stanzas of senders that were found valid. */
  final List<Received> stanzas = new CopyOnWriteArrayList<>();

  PlainServer(String domain, boolean dialback, Function<String, InetSocketAddress> dns) {
    this.domain = domain;
    this.dialback = dialback;
    this.dns = dns;
  }

  private StreamHead head() {
    StreamHead head = StreamHead.server().from(domain);
    return dialback ? head : head.withoutDialback();
  }

  private String secret() {
    return "the secret of " + domain;
  }

  // ---- receiving and authoritative

  @Override
  public void play(ScriptedPeer peer) {
    try {
      Received header = peer.expectHeader();
      String id = UUID.randomUUID().toString();
      peer.sendHeader(head().to(header.attribute("from")).id(id));
      peer.sendFeatures(dialback ? new String[] {Xmpp.DIALBACK_OFFER} : new String[0]);
      Set<String> valid = new HashSet<>();
      boolean goesOn = true;
      while (goesOn) {
        Received element = peer.nextOrEnd();
        goesOn = element != null && take(peer, element, id, valid);
      }
      leave(peer);
    } catch (AssertionError e) {
      // Who breaks a connection off ends that connection and nothing else.
      peer.transcript().note("over: " + e.getMessage());
    }
  }

  /** Whether the stream goes on. */
  private boolean take(ScriptedPeer peer, Received element, String id, Set<String> valid) {
    if (element.is(Xmpp.TLS, "starttls")) {
      peer.send(Xmpp.TLS_FAILURE);
      return false;
    }
    if (element.is(Xmpp.STREAM, "error")) {
      return false;
    }
    if (dialback && element.is(Xmpp.DIALBACK, "verify")) {
      String asking = element.required("from");
      String asked = element.required("id");
      String key = Xmpp.dialbackKey(secret(), asking, domain, asked);
      String type = key.equals(element.text().strip()) ? "valid" : "invalid";
      peer.send(Xmpp.verifyAnswer(domain, asking, asked, type));
      return true;
    }
    if (dialback && element.is(Xmpp.DIALBACK, "result")) {
      String from = element.required("from");
      String type = verified(from, id, element.text().strip());
      peer.send(Xmpp.dialbackAnswer(domain, from, type));
      valid.add(type.equals("valid") ? from : "");
      return type.equals("valid");
    }
    String from = element.attribute("from");
    if (from != null && valid.contains(from.substring(from.indexOf('@') + 1))) {
      stanzas.add(element);
      return true;
    }
    peer.send(Xmpp.streamError("not-authorized"));
    return false;
  }

  private String verified(String sender, String id, String key) {
    try (ScriptedPeer authority = connect(sender)) {
      authority.expectFeatures();
      String type = authority.verifyKey(domain, sender, id, key);
      leave(authority);
      return type;
    } catch (IOException | AssertionError e) {
      return "invalid";
    }
  }

  private ScriptedPeer connect(String to) throws IOException {
    ScriptedPeer peer = ScriptedPeer.on(Wire.connect(dns.apply(to))).named(domain);
    peer.open(head().to(to));
    return peer;
  }

  // ---- initiating

  /**
   * Sends these stanzas, which it begins with a dialback request if it can.
   *
   * @return how the other side ended it, or null if it took the sender and the stream is open
   */
  @Nullable String send(String to, Runnable whileOpen, String... all) throws IOException {
    try (ScriptedPeer peer = connect(to)) {
      peer.expectFeatures();
      if (dialback) {
        peer.sendDialbackRequest(domain, to, secret());
        Received answer = peer.next();
        if (!Match.element(Xmpp.DIALBACK, "result").attribute("type", "valid").test(answer)) {
          leave(peer);
          return answer.toString();
        }
      }
      peer.send(String.join("", all));
      if (dialback) {
        whileOpen.run();
        leave(peer);
        return null;
      }
      Received answer = peer.nextOrEnd();
      leave(peer);
      return String.valueOf(answer);
    } catch (AssertionError e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void leave(ScriptedPeer peer) {
    try {
      peer.patience(LAST_WORDS);
      peer.sendStreamEnd();
      while (peer.nextOrEnd() != null) {
        // Nothing that comes now matters.
      }
    } catch (AssertionError e) {
      peer.transcript().note("left without the end of the other stream");
    }
  }
}
