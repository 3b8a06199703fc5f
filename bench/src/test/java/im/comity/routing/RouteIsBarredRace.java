package im.comity.routing;

import im.comity.bench.Ending;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.stanza.Stanza;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Two threads send while the pair's attempt fails: waiting to barred. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "All returned once.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A stanza was lost, doubled or overtaken.")
@State
public class RouteIsBarredRace {

  private static final Stanza[] A = Crossing.stanzas("a", 6);
  private static final Stanza[] B = Crossing.stanzas("b", 4);

  private final Crossing crossing =
      new Crossing(
          _ -> {
            throw new NegotiationException(new NegotiationFailure.PeerClosed("race", true));
          });

  /** A thread that sends: before the attempt ends, and while it does. */
  @Actor
  public void sender() {
    crossing.table.send(A[0]);
    crossing.awaitEnding();
    for (int i = 1; i < A.length; i++) {
      crossing.table.send(A[i]);
    }
  }

  /** The loop, which sends as well. */
  @Actor
  public void loop() {
    crossing.table.send(B[0]);
    crossing.awaitEnding();
    for (int i = 1; i < B.length; i++) {
      crossing.loop.run();
      crossing.table.send(B[i]);
    }
  }

  /** What became of them. */
  @Arbiter
  public void end(L_Result result) {
    result.r1 =
        crossing.verdict(List.of("a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1", "b2", "b3"));
  }
}
