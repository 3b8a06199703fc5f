package im.comity.routing;

import im.comity.bench.Ending;
import im.comity.stanza.Stanza;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** A thread sends while the way is lost as soon as it was there, so that the pair is barred. */
@JCStressTest
@Outcome(
    id = Ending.RIGHT,
    expect = Expect.ACCEPTABLE,
    desc = "Each was written in order or returned, once.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A stanza was lost, doubled or overtaken.")
@State
public class RouteIsLostSoonRace {

  private static final Stanza[] A = Crossing.stanzas("a", 7);
  private static final Stanza[] B = Crossing.stanzas("b", 3);

  private final Crossing crossing = new Crossing(Crossing::open);

  /** The pair has its way. */
  public RouteIsLostSoonRace() {
    crossing.table.send(A[0]);
    crossing.opened();
  }

  /** A thread that sends, most of it while the connection breaks. */
  @Actor
  public void sender() {
    crossing.table.send(A[1]);
    crossing.awaitEnding();
    for (int i = 2; i < A.length; i++) {
      crossing.table.send(A[i]);
    }
  }

  /** The loop: the connection breaks between what others on it send. */
  @Actor
  public void loop() {
    crossing.loop.run();
    crossing.stall();
    crossing.table.send(B[0]);
    crossing.cut();
    crossing.table.send(B[1]);
    crossing.loop.run();
    crossing.table.send(B[2]);
  }

  /** What became of them. */
  @Arbiter
  public void end(L_Result result) {
    result.r1 =
        crossing.verdict(List.of("a0", "a1", "a2", "a3", "a4", "a5", "a6", "b0", "b1", "b2"));
  }
}
