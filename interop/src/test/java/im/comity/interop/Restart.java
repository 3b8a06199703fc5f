package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.stanza.Stanza;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A restart in the middle of traffic. What is sent after it arrives, in order; what was under way
 * is answered, returned, or among those of which the closed stream says that it wrote them; and
 * nothing comes twice.
 */
final class Restart {
  private static final int BEFORE = 400;
  private static final int AFTER = 50;

  private final Map<String, List<String>> answers = new LinkedHashMap<>();
  private final String target;

  private Restart(RealPeer peer) {
    target = peer.domain();
  }

  /** The peer goes and comes back while pings are on their way to it. */
  static void ofThePeer(ComityNode comity, RealPeer peer) throws Exception {
    Restart restart = new Restart(peer);
    comity.ping(peer.domain(), "first");
    assertThat(comity.next().stanza().id()).isEqualTo("first");
    for (int i = 0; i < BEFORE; i++) {
      comity.ping(peer.domain(), "before" + i);
    }
    peer.stop();
    comity.await(FederationEvent.StreamClosed.class, closed -> closed.handle() != null);
    peer.start();
    comity.federation.retry(ComityNode.name(peer.domain()));
    restart.after(comity);
    long written =
        comity.events.stream()
            .filter(FederationEvent.StreamClosed.class::isInstance)
            .mapToLong(closed -> ((FederationEvent.StreamClosed) closed).written())
            .sum();
    restart.check(written);
  }

  /**
   * We go and come back, which is done by {@code again}. The restart is over when the peer has
   * found us: one that tried in between may bar us for a while and drop its answers (S2S-QK-45).
   */
  static void ofOurs(ComityNode first, Starter again, RealPeer peer) throws Exception {
    Restart restart = new Restart(peer);
    first.ping(peer.domain(), "first");
    assertThat(first.next().stanza().id()).isEqualTo("first");
    for (int i = 0; i < BEFORE; i++) {
      first.ping(peer.domain(), "before" + i);
    }
    first.close();
    ComityNode.Arrived arrived = first.arrived.poll();
    while (arrived != null) {
      restart.count(arrived.stanza());
      arrived = first.arrived.poll();
    }
    try (ComityNode second = again.start()) {
      restart.findAgain(second);
      restart.after(second);
    }
    restart.check(BEFORE);
  }

  /** Starts ours once more. */
  interface Starter {
    /** The same domain, as a new server. */
    ComityNode start() throws IOException;
  }

  private void findAgain(ComityNode comity) throws InterruptedException {
    for (int i = 0; i < 80; i++) {
      comity.ping(target, "probe" + i);
      ComityNode.Arrived arrived = comity.arrived.poll(500, TimeUnit.MILLISECONDS);
      while (arrived != null) {
        count(arrived.stanza());
        if (String.valueOf(arrived.stanza().id()).startsWith("probe")) {
          return;
        }
        arrived = comity.arrived.poll(500, TimeUnit.MILLISECONDS);
      }
    }
    throw new AssertionError("we were not found again:\n" + comity.story());
  }

  private void after(ComityNode comity) throws InterruptedException {
    for (int i = 0; i < AFTER; i++) {
      comity.ping(target, "after" + i);
    }
    int arrived = 0;
    while (arrived < AFTER) {
      Stanza stanza = comity.next().stanza();
      count(stanza);
      if (stanza.id() != null && stanza.id().startsWith("after")) {
        assertThat(stanza.type()).as(comity.story()).isEqualTo("result");
        assertThat(stanza.id()).isEqualTo("after" + arrived);
        arrived++;
      }
    }
    // The peer answers in order, so whatever it still had to say came before; this is for doubles.
    comity.ping(target, "last");
    Stanza last = comity.next().stanza();
    while (!"last".equals(last.id())) {
      count(last);
      last = comity.next().stanza();
    }
    assertThat(comity.arrived.poll(0, TimeUnit.SECONDS)).isNull();
  }

  private void count(Stanza stanza) {
    answers.computeIfAbsent(String.valueOf(stanza.id()), _ -> new ArrayList<>()).add(stanza.type());
  }

  private void check(long written) {
    assertThat(answers.values())
        .as("answers to one ping: %s", answers)
        .allMatch(of -> of.size() == 1);
    long known = answers.keySet().stream().filter(id -> !id.startsWith("probe")).count();
    long unknown = BEFORE + AFTER - known;
    assertThat(unknown).as("pings of which nothing is known").isBetween(0L, written);
  }
}
