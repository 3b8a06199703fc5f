package im.comity.transport;

import im.comity.bench.Ending;
import im.comity.xml.Octets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * A negotiation takes bytes and hands its connection over while the peer goes on speaking, on an
 * event loop of Netty's in memory. The peer numbers its bytes; it answers each of ours at once,
 * which comes while the sink is still at work.
 */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "Every byte came once, in order.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A byte was lost, doubled or overtaken.")
@State
public class HandOverRace {
  private static final int UNASKED = 6;
  private static final int ASKED = 2;
  // Long for whoever has to wait; once something was lost there is nothing to wait for.
  private static final long PATIENCE = 5_000_000_000L;
  private static volatile long patience = PATIENCE;
  private static final NettyNetwork NETWORK =
      NettyNetwork.open(NetworkOptions.defaults(new SystemTimers()).withLoops(1, false));

  private final Transport ours;
  private final Transport peers;
  private final List<Integer> got = Collections.synchronizedList(new ArrayList<>());
  private byte next;

  /** Connected; the peer answers. */
  public HandOverRace() {
    PipeTransport.Pair pair = PipeTransport.pair(NETWORK);
    ours = pair.left();
    peers = pair.right();
    peers.handOver(
        new Reader() {
          @Override
          public void received(byte[] bytes, int from, int to) {
            for (int i = from; i < to; i++) {
              speak();
            }
          }
        });
  }

  private abstract static class Reader implements Sink {
    @Override
    public void begin() {}

    @Override
    public void readComplete() {}

    @Override
    public void writable() {}

    @Override
    public void ended(@Nullable IOException cause) {}
  }

  /** On the peer's loop, so that the numbers are in the order of the bytes. */
  private void speak() {
    peers.write(Octets.of(new byte[] {next++}));
    peers.flush();
  }

  private void ask() {
    ours.write(Octets.of(new byte[] {0}));
    ours.flush();
  }

  private void got(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      got.add((int) bytes[i]);
    }
  }

  /** The peer. */
  @Actor
  public void peer() {
    for (int i = 0; i < UNASKED; i++) {
      peers.execute(this::speak);
    }
  }

  /** The negotiation: it takes something, and hands over. */
  @Actor
  public void negotiation() {
    try {
      Octets taken = ours.take();
      if (taken != null) {
        byte[] bytes = taken.toBytes();
        got(bytes, 0, bytes.length);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    ours.handOver(
        new Reader() {
          private boolean asked;

          @Override
          public void begin() {
            ask();
          }

          @Override
          public void received(byte[] bytes, int from, int to) {
            if (!asked) {
              asked = true;
              ask();
            }
            got(bytes, from, to);
          }
        });
  }

  /** What came. */
  @Arbiter
  @SuppressWarnings("ThreadPriorityCheck") // it only makes a meeting likelier
  public void end(L_Result result) {
    long until = System.nanoTime() + patience;
    while (got.size() < UNASKED + ASKED && System.nanoTime() < until) {
      Thread.yield();
    }
    if (got.size() < UNASKED + ASKED) {
      patience = PATIENCE / 1_000;
    }
    ours.abort(null);
    peers.abort(null);
    List<Integer> all = List.copyOf(got);
    result.r1 =
        all.equals(List.of(0, 1, 2, 3, 4, 5, 6, 7))
            ? Ending.RIGHT
            : all.size() < UNASKED + ASKED ? "lost" : "out of order";
  }
}
