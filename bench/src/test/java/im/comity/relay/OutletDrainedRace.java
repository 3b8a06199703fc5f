package im.comity.relay;

import im.comity.bench.Ending;
import im.comity.stanza.Stanza;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Somebody waits for the end of the queue while it is written, or while the outlet closes. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "The wait ended.")
@Outcome(expect = Expect.FORBIDDEN, desc = "The wait does not end.")
@State
public class OutletDrainedRace {
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);

  private static final Stanza[] A = OutletOrderRace.stanzas("a", 2);
  private final Outlet outlet = new Outlet(transport, 1 << 20);
  private final Outlet closing = new Outlet(transport, 1 << 20);
  private CompletableFuture<Void> written = new CompletableFuture<>();
  private CompletableFuture<Void> closed = new CompletableFuture<>();

  /** Something waits in both. */
  public OutletDrainedRace() {
    outlet.offer(A[0]);
    closing.offer(A[0]);
  }

  /** A thread that waits for the end. */
  @Actor
  public void sender() {
    outlet.offer(A[1]);
    written = outlet.drained();
    closed = closing.drained();
  }

  /** The loop. */
  @Actor
  public void loop() {
    loop.run();
    closing.close();
    closing.release();
  }

  /** Whether the waits ended. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    result.r1 = written.isDone() && closed.isDone() ? Ending.RIGHT : "for ever";
  }
}
