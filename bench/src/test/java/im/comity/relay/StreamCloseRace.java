package im.comity.relay;

import im.comity.address.DomainPair;
import im.comity.bench.Ending;
import im.comity.bench.HeldTimers;
import im.comity.bench.Locals;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * A stream is closed while somebody sends; what was not written is asked for from both sides, as by
 * the watcher of streams and by a sender that finds it closed.
 */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "Each was written or handed back.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A stanza was lost, doubled or came after the end.")
@State
public class StreamCloseRace {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private static final Stanza[] A = OutletOrderRace.stanzas("a", 5);

  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);
  private final List<String> accepted = new ArrayList<>();
  private final List<Stanza> foundBySender = new ArrayList<>();
  private final List<Stanza> foundByWatcher = new ArrayList<>();
  private final Way way =
      Ways.open(
          transport,
          Ways.context(
              new Locals(PAIR.sender(), _ -> {}),
              new HeldTimers(Duration.ZERO),
              RelaySettings.DEFAULTS,
              _ -> {},
              stream -> foundByWatcher.addAll(stream.takeUnsent(PAIR))),
          PAIR);

  /** It relays. */
  public StreamCloseRace() {
    loop.run();
  }

  /** A thread that sends. */
  @Actor
  public void sender() {
    for (Stanza stanza : A) {
      switch (way.send(stanza)) {
        case Offer.Accepted _ -> accepted.add(String.valueOf(stanza.id()));
        case Offer.Closed _ -> foundBySender.addAll(way.takeUnsent());
        case Offer.Full _ -> throw new AssertionError("full");
      }
    }
  }

  /** The loop: it writes what is there, and the stream is closed. */
  @Actor
  public void loop() {
    loop.run();
    way.stream().close("race");
    loop.run();
  }

  /** What was accepted, against what became of it. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    List<String> ended = new ArrayList<>(transport.ids());
    for (List<Stanza> found : List.of(foundByWatcher, foundBySender, way.takeUnsent())) {
      found.forEach(stanza -> ended.add(String.valueOf(stanza.id())));
    }
    result.r1 =
        transport.writes().getLast().endsWith("</stream:stream>")
            ? Ending.of(accepted, ended)
            : "written after the end";
  }
}
