package im.comity.relay;

import im.comity.address.DomainPair;
import im.comity.bench.Ending;
import im.comity.stanza.Stanza;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Two threads append; one of them is the event loop as well, and drains in between. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "All are written once, in order.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A stanza was lost, doubled or overtaken.")
@State
public class OutletOrderRace {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");

  /** Some stanzas of one sender. */
  static Stanza[] stanzas(String sender, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Ways.message(PAIR, sender + i))
        .toArray(Stanza[]::new);
  }

  private static final Stanza[] A = stanzas("a", 4);
  private static final Stanza[] B = stanzas("b", 3);

  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);
  private final Outlet outlet = new Outlet(transport, 1 << 20);

  /** A thread that sends. */
  @Actor
  public void sender() {
    for (Stanza stanza : A) {
      outlet.offer(stanza);
    }
  }

  /** The loop, on which another stream's stanzas come in. */
  @Actor
  public void loop() {
    for (Stanza stanza : B) {
      outlet.offer(stanza);
      loop.run();
    }
  }

  /** What was written. */
  @Arbiter
  public void end(L_Result result) {
    loop.run();
    result.r1 = Ending.of(List.of("a0", "a1", "a2", "a3", "b0", "b1", "b2"), transport.ids());
  }
}
