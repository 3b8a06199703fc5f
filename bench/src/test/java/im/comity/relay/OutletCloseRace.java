package im.comity.relay;

import im.comity.bench.Ending;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** An outlet is drained and closed while somebody appends. */
@JCStressTest
@Outcome(
    id = Ending.RIGHT,
    expect = Expect.ACCEPTABLE,
    desc = "Each accepted one was written or returned.")
@Outcome(
    expect = Expect.FORBIDDEN,
    desc = "An accepted stanza was lost or doubled, or came out of order.")
@State
public class OutletCloseRace {
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);

  private static final Stanza[] A = OutletOrderRace.stanzas("a", 5);
  private final Outlet outlet = new Outlet(transport, 1 << 20);
  private final List<String> accepted = new ArrayList<>();
  private final List<String> returned = new ArrayList<>();

  /** A thread that sends. */
  @Actor
  public void sender() {
    for (Stanza stanza : A) {
      if (outlet.offer(stanza) instanceof Offer.Accepted) {
        accepted.add(String.valueOf(stanza.id()));
      }
    }
  }

  /** The loop: it writes what is there, and then the stream ends. */
  @Actor
  public void loop() {
    loop.run();
    outlet.close().forEach(stanza -> returned.add(String.valueOf(stanza.id())));
    outlet.release();
  }

  /** What was accepted, against what became of it. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    result.r1 = Ending.of(accepted, Ending.both(transport.ids(), returned));
  }
}
