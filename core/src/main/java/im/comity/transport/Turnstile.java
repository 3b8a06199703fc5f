package im.comity.transport;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets the TLS handshakes of strangers through one after the other, so that a flood of them has a
 * share of the event loops and no more (S2S-DOS-04): so many under way, so many a second. A
 * handshake asks for its turn when the peer's first message is there, so that who says nothing
 * takes no turn from anybody.
 *
 * <p>First come first served among addresses: each that waits has one place in the line, and goes
 * to its end after every turn. So an address that floods delays the first handshake of another by
 * the one turn before it. One address has at most a {@link #SHARE} of the handshakes under way. Who
 * has waited for half of the time to greet is given up, since no time would be left to finish; and
 * when all places are taken, a handshake that has had its place for {@link #CROWDED} loses it to
 * who waits.
 *
 * <p>Bounded by the connections that are open: each has one handshake. Thread-safe.
 */
final class Turnstile {
  /** How long a handshake has its place although others wait for one. */
  static final Duration CROWDED = Duration.ofSeconds(2);

  /** One address has at most this part of the handshakes under way. */
  static final int SHARE = 4;

  /** How much of a second's turns may be taken at once, as a part: the loops see no larger lump. */
  private static final int BURST = 10;

  private static final double NANOS = 1e9;
  private static final Duration LEAST_WAIT = Duration.ofMillis(1);

  /** Who waits for a turn, or has one. */
  interface Handshake {
    /** Its turn has come. On any thread, before {@link Turnstile#enter} returns or later. */
    void go();

    /**
     * It gets no turn, or loses it; once at most. The same.
     *
     * @param late whether it waited for too long; else its place is needed
     */
    void giveUp(boolean late);
  }

  /** The handshakes of one address. */
  private static final class Line {
    final InetAddress address;
    final LinkedHashSet<Turn> waiting = new LinkedHashSet<>();
    int running;

    Line(InetAddress address) {
      this.address = address;
    }
  }

  private static final class Turn {
    final Line line;
    final Handshake handshake;

    /** When it began to wait, then when it got its place. */
    long since;

    Turn(Line line, Handshake handshake, long since) {
      this.line = line;
      this.handshake = handshake;
      this.since = since;
    }
  }

  private final Timers timers;

  // Guarded by this.
  private int atOnce;
  private int perSecond;
  private long patience;
  private final Map<InetAddress, Line> lines = new HashMap<>();

  /** Addresses whose turn comes: they wait, and have not their share under way. */
  private final LinkedHashSet<Line> round = new LinkedHashSet<>();

  /** What is under way, the oldest first. */
  private final LinkedHashSet<Turn> running = new LinkedHashSet<>();

  private double tokens;
  private long counted;
  private @Nullable Cancellable alarm;

  Turnstile(StrangerLimits limits, Timers timers) {
    this.timers = timers;
    this.counted = timers.nanoTime();
    set(limits);
    this.tokens = burst();
  }

  /** Other limits, for turns that are given from now on, and for all who wait. */
  void limits(StrangerLimits other) {
    List<Runnable> then;
    synchronized (this) {
      set(other);
      lines.values().forEach(this::queue); // a share may have grown
      then = advance();
    }
    then.forEach(Runnable::run);
  }

  private void set(StrangerLimits limits) {
    atOnce = limits.handshakesAtOnce();
    perSecond = limits.handshakesPerSecond();
    patience = limits.greeting().toNanos() / 2;
  }

  /**
   * Asks for a turn.
   *
   * @param address whose, as {@link AddressGroup#of} has it
   * @return to be cancelled when the handshake is over, or nobody wants it any more; once or more
   *     often
   */
  Cancellable enter(InetAddress address, Handshake handshake) {
    Turn turn;
    List<Runnable> then;
    synchronized (this) {
      Line line = lines.computeIfAbsent(address, Line::new);
      turn = new Turn(line, handshake, timers.nanoTime());
      line.waiting.add(turn);
      queue(line);
      then = advance();
    }
    then.forEach(Runnable::run);
    return () -> leave(turn);
  }

  private void leave(Turn turn) {
    List<Runnable> then;
    synchronized (this) {
      Line line = turn.line;
      if (line.waiting.remove(turn)) {
        if (line.waiting.isEmpty()) {
          round.remove(line);
        }
        forget(line);
        return;
      }
      if (!end(turn)) {
        return;
      }
      then = advance();
    }
    then.forEach(Runnable::run);
  }

  private boolean end(Turn turn) {
    if (!running.remove(turn)) {
      return false;
    }
    turn.line.running--;
    queue(turn.line);
    forget(turn.line);
    return true;
  }

  /** Puts an address at the end of the line, if it has not its place already. */
  private void queue(Line line) {
    if (!line.waiting.isEmpty() && line.running < Math.max(1, atOnce / SHARE)) {
      round.add(line);
    }
  }

  private void forget(Line line) {
    if (line.waiting.isEmpty() && line.running == 0) {
      lines.remove(line.address);
    }
  }

  /** Gives the turns that can be given; what they are to be told. */
  private List<Runnable> advance() {
    List<Runnable> then = new ArrayList<>();
    long now = timers.nanoTime();
    tokens = Math.min(burst(), tokens + (now - counted) / NANOS * perSecond);
    counted = now;
    while (!round.isEmpty()) {
      Line line = round.getFirst();
      Turn turn = line.waiting.getFirst();
      if (now - turn.since > patience) {
        line.waiting.remove(turn);
        if (line.waiting.isEmpty()) {
          round.remove(line);
        }
        forget(line);
        then.add(() -> turn.handshake.giveUp(true));
      } else if (running.size() >= atOnce) {
        Turn oldest = running.getFirst();
        long left = oldest.since + CROWDED.toNanos() - now;
        if (left > 0) {
          ring(Duration.ofNanos(left));
          break;
        }
        end(oldest);
        then.add(() -> oldest.handshake.giveUp(false));
      } else if (tokens < 1) {
        ring(Duration.ofNanos((long) Math.ceil((1 - tokens) / perSecond * NANOS)));
        break;
      } else {
        tokens--;
        round.remove(line);
        line.waiting.remove(turn);
        turn.since = now;
        running.add(turn);
        line.running++;
        queue(line);
        then.add(turn.handshake::go);
      }
    }
    return then;
  }

  private double burst() {
    return Math.max(1, (double) perSecond / BURST);
  }

  private void ring(Duration in) {
    if (alarm == null) {
      alarm = timers.after(in.compareTo(LEAST_WAIT) < 0 ? LEAST_WAIT : in, this::rung);
    }
  }

  private void rung() {
    List<Runnable> then;
    synchronized (this) {
      alarm = null;
      then = advance();
    }
    then.forEach(Runnable::run);
  }

  /** Handshakes under way. */
  synchronized int running() {
    return running.size();
  }

  /** Handshakes that wait; for tests. */
  synchronized int waiting() {
    return lines.values().stream().mapToInt(line -> line.waiting.size()).sum();
  }

  /** Addresses that are remembered; for tests of the bound. */
  synchronized int remembered() {
    return lines.size();
  }
}
