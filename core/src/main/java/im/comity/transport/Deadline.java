package im.comity.transport;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The time that something may take, connections that end with it, and the name of what is going on
 * (S2S-TCP-15). May be used from any thread.
 */
public final class Deadline {
  private final Timers timers;
  private final @Nullable Deadline whole;
  private final long end;
  private final Cancellable alarm;

  /** Who is to be told when time is up, by identity. */
  private final IdentityHashMap<Object, Consumer<OutOfTimeException>> guarded =
      new IdentityHashMap<>();

  private String step;
  private boolean cancelled;
  private boolean over;

  private Deadline(Timers timers, Duration time, @Nullable Deadline whole, String step) {
    this.timers = timers;
    this.whole = whole;
    this.step = step;
    this.end = timers.nanoTime() + time.toNanos();
    this.over = time.isZero();
    this.alarm = over ? () -> {} : timers.after(time, this::ring);
  }

  /** Starts the clock. */
  public static Deadline start(Timers timers, Duration time) {
    return new Deadline(timers, time, null, "start");
  }

  /**
   * What is left of the time.
   *
   * @param used how much is used up; all of it makes a deadline that is over
   * @param step what is going on
   */
  public static Deadline rest(Timers timers, Duration time, Duration used, String step) {
    return new Deadline(timers, difference(time, used), null, step);
  }

  private static Duration difference(Duration time, Duration used) {
    return used.compareTo(time) < 0 ? time.minus(used) : Duration.ZERO;
  }

  /**
   * A deadline within this one: never later than it, and the steps it is told are this one's as
   * well. It needs its own {@link #cancel}.
   */
  public Deadline share(Duration time) {
    return share(time, Duration.ZERO);
  }

  /**
   * As {@link #share(Duration)}, of which some is used up.
   *
   * @param used how much; all of it makes a deadline that is over
   */
  public Deadline share(Duration time, Duration used) {
    Duration wanted = difference(time, used);
    Duration left = remaining();
    return new Deadline(timers, wanted.compareTo(left) < 0 ? wanted : left, this, step());
  }

  /** Aborts a connection with an {@link OutOfTimeException} when time is up; at once if it is. */
  public void guard(Transport transport) {
    tell(transport, transport::abort);
  }

  /**
   * Ends a connection in another way when time is up; at once if it is. It takes the place of any
   * other way for this connection, and {@link #unguard} ends it.
   *
   * @param how must not block
   */
  public void guard(Transport transport, Consumer<OutOfTimeException> how) {
    tell(transport, how);
  }

  /** Lets a connection live on. */
  public void unguard(Transport transport) {
    forget(transport);
  }

  /** Names the phase that begins now: connect, TLS, header and so on. */
  public void step(String name) {
    synchronized (this) {
      if (!over) {
        step = name;
      }
    }
    if (whole != null) {
      whole.step(name);
    }
  }

  /** The phase we are in, or in which time ran out. */
  public synchronized String step() {
    return step;
  }

  /** Whether time ran out before {@link #cancel}. */
  public boolean expired() {
    if (remaining().isZero()) {
      ring();
    }
    synchronized (this) {
      return over;
    }
  }

  /** What is left, never negative. */
  public Duration remaining() {
    return Duration.ofNanos(Math.max(0, end - timers.nanoTime()));
  }

  /** Stops the clock: nothing that is guarded will be aborted any more. */
  public void cancel() {
    synchronized (this) {
      cancelled = true;
      guarded.clear();
    }
    alarm.cancel();
  }

  /**
   * Waits for a result until time is up. The future itself is left alone: who gives up cancels it.
   *
   * @throws OutOfTimeException time is up
   * @throws IOException the future failed with it, or with something checked that is its cause;
   *     what is unchecked is thrown as it is. {@link InterruptedIOException} when the thread was
   *     interrupted, which it then still is
   */
  public <T extends @Nullable Object> T await(CompletableFuture<T> future)
      throws OutOfTimeException, IOException {
    CompletableFuture<T> result = future.copy();
    tell(result, result::completeExceptionally);
    try {
      return result.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IOException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted during " + step());
      interrupted.initCause(e);
      throw interrupted;
    } finally {
      forget(result);
    }
  }

  private void tell(Object whom, Consumer<OutOfTimeException> how) {
    synchronized (this) {
      if (cancelled) {
        return;
      }
      if (!over) {
        guarded.put(whom, how);
        return;
      }
    }
    how.accept(new OutOfTimeException(step()));
  }

  private synchronized void forget(Object whom) {
    guarded.remove(whom);
  }

  private void ring() {
    List<Consumer<OutOfTimeException>> toTell;
    synchronized (this) {
      if (cancelled || over) {
        return;
      }
      over = true;
      toTell = List.copyOf(guarded.values());
      guarded.clear();
    }
    for (Consumer<OutOfTimeException> how : toTell) {
      how.accept(new OutOfTimeException(step()));
    }
  }
}
