package im.comity.relay;

import im.comity.bench.Ending;
import im.comity.stanza.Stanza;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Somebody asks for room while the outlet closes. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "The task ran once.")
@Outcome(expect = Expect.FORBIDDEN, desc = "The task ran twice, or never.")
@State
public class OutletRoomCloseRace {
  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);

  private static final Stanza[] A = OutletOrderRace.stanzas("a", 1);
  private final Outlet outlet = new Outlet(transport, 1);
  private final AtomicInteger ran = new AtomicInteger();

  /** It is full. */
  public OutletRoomCloseRace() {
    outlet.offer(A[0]);
  }

  /** A thread that was refused. */
  @Actor
  public void sender() {
    outlet.whenRoom(ran::incrementAndGet);
  }

  /** The end of the stream. */
  @Actor
  public void closer() {
    outlet.close();
    outlet.release();
  }

  /** How often the task ran. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    result.r1 = ran.get() == 1 ? Ending.RIGHT : ran.get() + " times";
  }
}
