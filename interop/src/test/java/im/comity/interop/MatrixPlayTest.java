package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.stanza.Stanza;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.CertificateKind;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kinds of service of XEP-0238 with real servers: each of them as each of kinds 2 to 6, against
 * ours as each of kinds 2 to 6, in both roles. Nobody alive is of kind 1, from before XMPP 1.0.
 *
 * <p>A real server is started once for a kind, and each of the ten plays with it has a domain of
 * ours for itself, so that none knows anything of another. What the real server is to send first, a
 * component says in its name.
 */
@Timeout(120)
@Clause({
  "S2S-POL-22",
  "S2S-POL-23",
  "S2S-POL-24",
  "S2S-POL-25",
  "S2S-POL-26",
  "S2S-POL-32",
  "S2S-POL-33",
  "S2S-POL-34",
  "S2S-POL-35",
  "S2S-POL-36",
  "S2S-POL-42",
  "S2S-POL-43",
  "S2S-POL-44",
  "S2S-POL-45",
  "S2S-POL-46",
  "S2S-POL-52",
  "S2S-POL-53",
  "S2S-POL-54",
  "S2S-POL-55",
  "S2S-POL-56",
  "S2S-POL-62",
  "S2S-POL-63",
  "S2S-POL-64",
  "S2S-POL-65",
  "S2S-POL-66"
})
final class MatrixPlayTest {
  private static final List<Integer> KINDS = List.of(2, 3, 4, 5, 6);

  private static boolean issued(int kind) {
    return kind == 3 || kind == 5 || kind == 6;
  }

  private static CertificateKind certificate(int kind) {
    return issued(kind) ? CertificateKind.GOOD : CertificateKind.SELF_SIGNED;
  }

  private static FederationLevel proof(int kind) {
    return issued(kind) ? FederationLevel.TRUSTED : FederationLevel.ENCRYPTED;
  }

  private static PolicyRule rule(int kind) {
    return switch (kind) {
      case 2, 3 -> PolicyRule.of(FederationLevel.VERIFIED);
      case 4, 5 -> PolicyRule.of(FederationLevel.ENCRYPTED);
      case 6 -> PolicyRule.of(FederationLevel.TRUSTED).withoutDialback();
      default -> throw new IllegalArgumentException("kind " + kind);
    };
  }

  /** Whether the ledger has no level for the row. */
  private static boolean unsuccessful(int from, int to) {
    return (from == 6 && !issued(to)) || (to == 6 && !issued(from));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6})
  void prosody(int kind) throws Exception {
    Peers.require("/usr/bin/prosody");
    try (Lab lab = new Lab("matrix-prosody-" + kind + "-" + System.nanoTime());
        Prosody prosody = new Prosody(lab, "p.test")) {
      prosody.certificate(certificate(kind)).starttlsOnly().mouthpiece();
      if (kind <= 3) {
        prosody.encryptionOptional();
      }
      if (kind == 6) {
        prosody.secureAuth().withoutDialback();
      }
      play(lab, prosody, kind, "PEER_STREAM_ERROR");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6})
  void ejabberd(int kind) throws Exception {
    Peers.require("/usr/sbin/ejabberdctl");
    try (Lab lab = new Lab("matrix-ejabberd-" + kind + "-" + System.nanoTime());
        Ejabberd ejabberd = new Ejabberd(lab, "e.test")) {
      ejabberd.certificate(certificate(kind)).starttlsOnly().mouthpiece();
      if (kind <= 3) {
        ejabberd.encryptionOptional();
      }
      if (kind == 6) {
        ejabberd.withoutDialback();
      }
      // It goes without a word (a stream error would do better), and tells its log alone.
      play(lab, ejabberd, kind, "PEER_CLOSED");
    }
  }

  /**
   * All rows with one real server.
   *
   * @param howItRefuses the code of what we see where it, initiating, does not trust our
   *     certificate
   */
  private static void play(Lab lab, RealPeer peer, int theirs, String howItRefuses)
      throws Exception {
    peer.start();
    Map<Integer, ComityNode> first = new LinkedHashMap<>();
    Map<Integer, ComityNode> second = new LinkedHashMap<>();
    try (ScriptedPeer mouth =
        ScriptedPeer.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), peer.mouthpiecePort()))) {
      for (int kind : KINDS) {
        first.put(kind, node(lab, "first" + kind + ".test", kind));
        second.put(kind, node(lab, "second" + kind + ".test", kind));
      }
      mouth.openComponent(peer.mouthpieceName(), RealPeer.MOUTHPIECE_SECRET);
      List<Executable> rows = new ArrayList<>();
      first.forEach(
          (ours, node) -> {
            node.ping(peer.domain(), "1");
            rows.add(row(ours, theirs, peer, () -> weInitiate(node, ours, peer, theirs)));
          });
      second.forEach(
          (ours, node) -> {
            mouth.send(Xmpp.message("ann@" + peer.domain(), "bob@" + node.domain, "2"));
            rows.add(
                row(
                    theirs,
                    ours,
                    peer,
                    () -> theyInitiate(node, ours, peer, theirs, howItRefuses)));
          });
      Assertions.assertAll(rows);
    } finally {
      first.values().forEach(ComityNode::close);
      second.values().forEach(ComityNode::close);
    }
  }

  private static Executable row(int from, int to, RealPeer peer, Executable play) {
    return () -> {
      try {
        play.execute();
      } catch (Throwable wrong) {
        throw new AssertionError("%d -> %d with %s".formatted(from, to, peer.domain()), wrong);
      }
    };
  }

  private static ComityNode node(Lab lab, String domain, int kind) throws Exception {
    return new ComityNode(lab, domain, rule(kind), certificate(kind), ComityNode.Ways.STARTTLS);
  }

  /** A ping of ours and, where it leads anywhere, its answer. */
  private static void weInitiate(ComityNode node, int ours, RealPeer peer, int theirs)
      throws Exception {
    if (!unsuccessful(ours, theirs)) {
      assertThat(node.levels(peer))
          .isEqualTo(new Levels(proof(theirs), proof(theirs), proof(ours), proof(theirs)));
      assertThat(told(node, FederationEvent.AttemptFailed.class)).isEmpty();
      return;
    }
    String code = ours == 6 ? "CERT_SELF_SIGNED" : "PEER_STREAM_ERROR";
    Stanza bounce = node.next().stanza();
    assertThat(bounce.id()).isEqualTo("1");
    assertThat(bounce.octets().toUtf8())
        .contains("<remote-server-timeout", "type='error'", code + ": ");
    node.await(FederationEvent.AttemptFailed.class, _ -> true);
    assertThat(told(node, FederationEvent.AttemptFailed.class))
        .extracting(failed -> failed.failure().code())
        .as(node.story())
        .containsExactly(code);
    assertThat(told(node, FederationEvent.WayOpened.class)).isEmpty();
    assertThat(told(node, FederationEvent.SenderAdmitted.class)).isEmpty();
    assertThat(node.arrived).isEmpty();
  }

  /** A message in the peer's name. */
  private static void theyInitiate(
      ComityNode node, int ours, RealPeer peer, int theirs, String howItRefuses) throws Exception {
    if (!unsuccessful(theirs, ours)) {
      ComityNode.Arrived arrived = node.next();
      assertThat(arrived.stanza().octets().toUtf8()).contains("<body>2</body>");
      assertThat(arrived.along().level()).isEqualTo(proof(theirs));
      assertThat(peer.levelOfTheirs(node.domain)).isEqualTo(proof(theirs));
      assertThat(told(node, FederationEvent.SenderRefused.class)).isEmpty();
    } else {
      peer.awaitLog(peer.gaveUpOn(node.domain));
      node.await(FederationEvent.SenderRefused.class, _ -> true);
      assertThat(told(node, FederationEvent.SenderRefused.class))
          .extracting(refused -> refused.failure().code())
          .as(node.story())
          .containsExactly(ours == 6 ? "CERT_SELF_SIGNED" : howItRefuses);
      assertThat(Pattern.compile(peer.gaveUpOn(node.domain)).matcher(peer.logText()).results())
          .hasSize(1);
      assertThat(told(node, FederationEvent.SenderAdmitted.class)).isEmpty();
    }
    assertThat(node.arrived).isEmpty();
  }

  private static <T extends FederationEvent> List<T> told(ComityNode node, Class<T> type) {
    return node.events.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
