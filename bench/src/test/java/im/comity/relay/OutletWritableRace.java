package im.comity.relay;

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

/** A connection takes bytes again while somebody appends. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "All were written.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A stanza stays behind, with nobody to wake the loop.")
@State
public class OutletWritableRace {
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);

  private static final Stanza[] A = OutletOrderRace.stanzas("a", 4);
  private final Outlet outlet = new Outlet(transport, 1 << 20);

  /** The first one waits already. */
  public OutletWritableRace() {
    transport.writable(false);
    outlet.offer(A[0]);
  }

  /** A thread that sends. */
  @Actor
  public void sender() {
    for (int i = 1; i < A.length; i++) {
      outlet.offer(A[i]);
    }
  }

  /** The loop: it finds no room, then room. */
  @Actor
  public void loop() {
    loop.run();
    transport.writable(true);
    outlet.drain();
  }

  /** What was written. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    result.r1 = Ending.of(List.of("a0", "a1", "a2", "a3"), transport.ids());
  }
}
