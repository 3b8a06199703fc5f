package im.comity.routing;

import im.comity.address.DomainPair;
import im.comity.bench.Ending;
import im.comity.bench.HeldTimers;
import im.comity.bench.Locals;
import im.comity.event.NegotiationException;
import im.comity.relay.RelayContext;
import im.comity.relay.RelaySettings;
import im.comity.relay.StubTransport;
import im.comity.relay.Way;
import im.comity.relay.Ways;
import im.comity.stanza.Stanza;
import im.comity.transport.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** A routing table with one pair, whose attempts end as told, and what became of its stanzas. */
final class Crossing {
  static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private static final Duration ATTEMPT = Duration.ofSeconds(61);
  // Long for whoever has to wait; once something was lost there is nothing to wait for.
  private static final long PATIENCE = Duration.ofSeconds(5).toNanos();
  private static volatile long patience = PATIENCE;

  /** How an attempt ends. */
  interface Attempting {
    Way end(Crossing crossing) throws NegotiationException;
  }

  private final Attempting attempting;
  private final HeldTimers timers = new HeldTimers(ATTEMPT);
  private final List<String> written = Collections.synchronizedList(new ArrayList<>());
  private final List<String> returned = Collections.synchronizedList(new ArrayList<>());
  private final Locals locals = new Locals(PAIR.sender(), returned::add);
  private final RelayContext relay;
  private volatile boolean ending;
  private volatile StubTransport last;
  final StubTransport.Loop loop = new StubTransport.Loop();
  final RoutingTable table;

  Crossing(Attempting attempting) {
    this.attempting = attempting;
    this.table =
        new RoutingTable(
            this::establish,
            locals,
            timers,
            _ -> {},
            new RoutingSettings(50, 1 << 20, 10, 10, ATTEMPT),
            new Random(1));
    this.relay = Ways.context(locals, timers, RelaySettings.DEFAULTS, _ -> {}, table::left);
  }

  static Stanza[] stanzas(String sender, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Ways.message(PAIR, sender + i))
        .toArray(Stanza[]::new);
  }

  private Way establish(DomainPair pair, Deadline deadline) throws NegotiationException {
    try {
      return attempting.end(this);
    } finally {
      ending = true;
    }
  }

  /** A way that has just been settled, by an attempt that took a little while or none. */
  Way open() {
    long until = System.nanoTime() + ThreadLocalRandom.current().nextLong(20_000);
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    StubTransport transport = new StubTransport(loop, written::add);
    last = transport;
    return Ways.open(transport, relay, PAIR);
  }

  /** Waits until an attempt, or the way that came of it, is about to end. */
  void awaitEnding() {
    for (long until = System.nanoTime() + PATIENCE; !ending && System.nanoTime() < until; ) {
      Thread.onSpinWait();
    }
  }

  /** Waits until no attempt is under way and so many stanzas have come to an end. */
  @SuppressWarnings("ThreadPriorityCheck") // it only makes a meeting likelier
  void settle(int stanzas, long most) {
    long until = System.nanoTime() + most;
    do {
      loop.run();
      if (timers.running() == 0 && written.size() + returned.size() >= stanzas) {
        return;
      }
      Thread.yield();
    } while (System.nanoTime() < until);
    patience = PATIENCE / 1_000;
  }

  /** The pair has its way, and its first stanza is written. */
  void opened() {
    settle(1, PATIENCE);
    ending = false;
  }

  /** The way is old enough for its end to be no fault of how it came about. */
  void grownOld() {
    timers.now(Duration.ofMinutes(1));
  }

  /** The connection takes no more; what is sent from now on waits in the outlet. */
  void stall() {
    last.writable(false);
  }

  /** The connection breaks. On the loop. */
  void cut() {
    ending = true;
    last.abort(new IOException("cut"));
    loop.run();
  }

  /** The verdict, when all is over. What is written keeps its order; what returns need not. */
  String verdict(List<String> sent) {
    settle(sent.size(), patience);
    String once = Ending.once(sent, Ending.both(written, returned));
    return once.equals(Ending.RIGHT) ? Ending.order(written) : once;
  }
}
