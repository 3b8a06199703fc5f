package im.comity.testkit.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A server of the time before XMPP 1.0, as XEP-0238 calls type 1: its headers have no version, it
 * sends no features and ignores those it gets, knows neither TLS nor SASL, and trusts in dialback
 * alone. It plays all three parts of dialback: as the script of a {@link ScriptedServer} it is
 * receiving and authoritative server, with {@link #connect} it is the initiating one.
 *
 * <pre>{@code
 * LegacyServer north = new LegacyServer("north.example", "secret", dialer);
 * try (ScriptedServer listening = ScriptedServer.onLoopback(north);
 *     LegacyServer.Link link = north.connect("south.example")) {
 *   link.send(Xmpp.message("a@north.example", "b@south.example", "Hello"));
 * }
 * }</pre>
 *
 * <p>As old servers did, it answers trouble by ending the stream: {@code host-unknown} for a domain
 * that is not its own, {@code remote-connection-failed} if it cannot have a key verified, {@code
 * invalid-from} for a stanza of a sender not found valid, {@code unsupported-stanza-type} for
 * anything it does not know, STARTTLS included; a plain end after {@code invalid}.
 */
public final class LegacyServer implements ScriptedServer.Script {
  /** Stanzas kept; a stream that brings more is ended with {@code resource-constraint}. */
  public static final int MAX_STANZAS = 10_000;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** For streams on which nothing need ever be said; closing the server ends them. */
  private static final Duration LONG = Duration.ofDays(1);

  /** Finds the server of a domain and connects to it. */
  @FunctionalInterface
  public interface Dialer {
    /** A new connection to the server of this domain. */
    Wire dial(String domain) throws IOException;
  }

  /** What came of asking for a pair. */
  public sealed interface Outcome {
    /** The other side answered {@code valid}, {@code invalid} or {@code error}. */
    record Answered(String type) implements Outcome {}

    /** The other side ended the stream with this condition. */
    record StreamError(String condition) implements Outcome {}

    /** The other side ended the stream without saying why. */
    record NoAnswer() implements Outcome {}
  }

  private final String domain;
  private final String secret;
  private final Dialer dialer;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final List<Received> stanzas = new ArrayList<>();

  /**
   * The server of one domain.
   *
   * @param secret what its dialback keys are made with
   */
  public LegacyServer(String domain, String secret, Dialer dialer) {
    this.domain = Objects.requireNonNull(domain);
    this.secret = Objects.requireNonNull(secret);
    this.dialer = Objects.requireNonNull(dialer);
  }

  // ---- Receiving and authoritative server

  /** Serves one connection until either side ends it. */
  @Override
  public void play(ScriptedPeer peer) {
    peer.patience(LONG);
    Received header = peer.expectHeader();
    String id = UUID.randomUUID().toString();
    peer.sendHeader(StreamHead.legacy().from(domain).to(header.attribute("from")).id(id));
    String to = header.attribute("to");
    if (to != null && !to.equals(domain)) {
      endWith(peer, "host-unknown");
      return;
    }
    Set<String> validSenders = new HashSet<>();
    boolean goesOn = true;
    while (goesOn) {
      Received element = peer.nextOrGone();
      if (element == null) {
        peer.leave();
        return;
      }
      goesOn = receive(peer, element, id, validSenders);
    }
  }

  /** Whether the stream goes on. */
  private boolean receive(ScriptedPeer peer, Received element, String id, Set<String> senders) {
    String from = element.attribute("from");
    String to = element.attribute("to");
    boolean request = element.namespace().equals(Xmpp.DIALBACK);
    if (!request && !isStanza(element)) {
      return endWith(peer, "unsupported-stanza-type");
    }
    if (from == null || to == null) {
      return endWith(peer, "improper-addressing");
    }
    if (!domainOf(to).equals(domain)) {
      return endWith(peer, "host-unknown");
    }
    if (!request) {
      return senders.contains(domainOf(from)) ? keep(peer, element) : endWith(peer, "invalid-from");
    }
    if (element.attribute("type") != null) {
      // An answer to what was never asked.
      return true;
    }
    return switch (element.name()) {
      case "verify" -> {
        peer.send(Xmpp.answerTo(element, secret));
        yield true;
      }
      case "result" -> {
        String type = verified(peer, from, id, element.text().strip());
        if (type == null) {
          yield endWith(peer, "remote-connection-failed");
        }
        peer.send(Xmpp.dialbackAnswer(domain, from, type));
        if (type.equals("valid")) {
          senders.add(from);
          yield true;
        }
        peer.leave();
        yield false;
      }
      default -> endWith(peer, "unsupported-stanza-type");
    };
  }

  private static boolean isStanza(Received element) {
    return element.is(Xmpp.SERVER, "message")
        || element.is(Xmpp.SERVER, "presence")
        || element.is(Xmpp.SERVER, "iq");
  }

  private static String domainOf(String address) {
    int slash = address.indexOf('/');
    String bare = slash < 0 ? address : address.substring(0, slash);
    return bare.substring(bare.indexOf('@') + 1);
  }

  private boolean keep(ScriptedPeer peer, Received stanza) {
    boolean room;
    lock.lock();
    try {
      room = stanzas.size() < MAX_STANZAS;
      if (room) {
        stanzas.add(stanza);
        arrived.signalAll();
      }
    } finally {
      lock.unlock();
    }
    return room || endWith(peer, "resource-constraint");
  }

  private static boolean endWith(ScriptedPeer peer, String condition) {
    peer.sendIfThere(Xmpp.streamError(condition));
    peer.leave();
    return false;
  }

  /** Asks the sender's server whether this key is good: the type of its answer, or null. */
  private @Nullable String verified(ScriptedPeer asking, String sender, String id, String key) {
    try (ScriptedPeer authority = ScriptedPeer.on(dialer.dial(sender)).named(domain)) {
      authority.open(StreamHead.legacy().from(domain).to(sender));
      authority.send(Xmpp.verifyRequest(domain, sender, id, key));
      Match answer =
          Match.element(Xmpp.DIALBACK, "verify")
              .attribute("from", sender)
              .attribute("to", domain)
              .attribute("id", id)
              .attribute("type");
      String type = authority.await(answer).required("type");
      authority.leave();
      return type;
    } catch (IOException | AssertionError e) {
      // Whatever went wrong there, to the one who asked it is one thing.
      asking.transcript().note("could not have the key verified: " + e.getMessage());
      return null;
    }
  }

  /** The stanzas that came from senders found valid, so far. */
  public List<Received> stanzas() {
    lock.lock();
    try {
      return List.copyOf(stanzas);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for so many stanzas in all.
   *
   * @throws AssertionError if they have not come within ten seconds of real time
   */
  public List<Received> awaitStanzas(int count) throws InterruptedException {
    lock.lock();
    try {
      long left = PATIENCE.toNanos();
      while (stanzas.size() < count) {
        if (left <= 0) {
          throw new AssertionError("waited for %d stanzas, got %s".formatted(count, stanzas));
        }
        left = arrived.awaitNanos(left);
      }
      return List.copyOf(stanzas);
    } finally {
      lock.unlock();
    }
  }

  // ---- Initiating server

  /**
   * Asks the server of this domain, on a new stream, for the pair from our domain to it.
   *
   * @throws IOException if it is not reached
   * @throws AssertionError if it does not answer with a stream that has an id
   */
  public Link connect(String target) throws IOException {
    ScriptedPeer peer = ScriptedPeer.on(dialer.dial(target)).named(domain);
    try {
      peer.open(StreamHead.legacy().from(domain).to(target));
      String key = Xmpp.dialbackKey(secret, target, domain, peer.streamId());
      peer.sendIfThere(Xmpp.dialbackRequest(domain, target, key));
      return new Link(peer, outcome(peer, target));
    } catch (AssertionError e) {
      peer.close();
      throw e;
    }
  }

  private Outcome outcome(ScriptedPeer peer, String target) {
    Match answer =
        Match.element(Xmpp.DIALBACK, "result")
            .attribute("from", target)
            .attribute("to", domain)
            .attribute("type");
    while (true) {
      Received element = peer.nextOrGone();
      if (element == null) {
        return new Outcome.NoAnswer();
      }
      if (element.is(Xmpp.STREAM, "error")) {
        List<Received> children = element.children();
        return new Outcome.StreamError(children.isEmpty() ? "" : children.getFirst().name());
      }
      if (answer.test(element)) {
        return new Outcome.Answered(element.required("type"));
      }
    }
  }

  /** A stream that this server opened. */
  public static final class Link implements AutoCloseable {
    private final ScriptedPeer peer;
    private final Outcome outcome;

    private Link(ScriptedPeer peer, Outcome outcome) {
      this.peer = peer;
      this.outcome = outcome;
    }

    /** What came of asking for the pair. */
    public Outcome outcome() {
      return outcome;
    }

    /** The stream, for what else is to be said on it. */
    public ScriptedPeer peer() {
      return peer;
    }

    /** Sends a stanza, whatever the outcome was. */
    public void send(String stanza) {
      peer.send(stanza);
    }

    /** Ends the stream and the connection. */
    @Override
    public void close() {
      peer.leave();
      peer.close();
    }
  }
}
