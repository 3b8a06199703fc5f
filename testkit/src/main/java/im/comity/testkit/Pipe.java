package im.comity.testkit;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A connection in memory: two ends, and between them two streams of bytes that behave like TCP.
 *
 * <p>Each direction holds a bounded number of bytes and blocks its writer when it is full. Each can
 * be given a delay, a rate and {@linkplain Fault faults}; delays and rates are kept by a {@link
 * FakeClock}, so that what takes a minute takes a minute of the test's time and none of ours. A
 * reader that has to wait for the clock leaves one task with it, so {@link FakeClock#awaitPending}
 * tells when it waits.
 *
 * <p>Blocking calls park, and may be made by virtual threads; interruption ends them with {@link
 * InterruptedIOException}.
 */
public final class Pipe {
  /** Bytes that a direction holds unless told otherwise. */
  public static final int DEFAULT_CAPACITY = 64 * 1024;

  private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);
  private static final long NEVER = Long.MAX_VALUE;

  /** Guards both directions, since a reset concerns both. */
  private final ReentrantLock lock = new ReentrantLock();

  private final @Nullable FakeClock clock;
  private final Lane rightwards = new Lane();
  private final Lane leftwards = new Lane();
  private final End left = new End("left", rightwards, leftwards);
  private final End right = new End("right", leftwards, rightwards);

  /** A pipe that carries everything at once. */
  public Pipe() {
    this.clock = null;
  }

  /** A pipe whose delays and rates are kept by {@code clock}. */
  public Pipe(FakeClock clock) {
    this.clock = Objects.requireNonNull(clock);
  }

  /** One of the two ends, equal in all. */
  public End left() {
    return left;
  }

  /** The other end. */
  public End right() {
    return right;
  }

  private long now() {
    return clock == null ? 0 : clock.elapsed().toNanos();
  }

  private void needClock() {
    if (clock == null) {
      throw new IllegalStateException("this pipe has no clock to measure time by");
    }
  }

  /** How what one end writes comes to an end, as the reader will learn. */
  private enum Ending {
    /** Not yet. */
    OPEN,
    /** In order. */
    FINISHED,
    /** By a reset. */
    BROKEN
  }

  /** Bytes on their way. */
  private static final class Segment {
    final byte[] bytes;

    /** When the first byte can be read, and the time from it to the next. */
    final long arrival;

    final long spacing;

    Segment(byte[] bytes, long arrival, long spacing) {
      this.bytes = bytes;
      this.arrival = arrival;
      this.spacing = spacing;
    }

    int arrived(long now) {
      if (now < arrival) {
        return 0;
      }
      return spacing == 0
          ? bytes.length
          : (int) Math.min(bytes.length, (now - arrival) / spacing + 1);
    }
  }

  /** One direction. All fields are guarded by the lock of the pipe. */
  private final class Lane {
    private final Condition readable = lock.newCondition();
    private final Condition writable = lock.newCondition();

    /** Keeps the bytes of one write together; taken before the lock of the pipe. */
    private final ReentrantLock writing = new ReentrantLock();

    private final ArrayDeque<Segment> underWay = new ArrayDeque<>();
    private int capacity = DEFAULT_CAPACITY;
    private int held;

    /** Bytes of the first segment that were read. */
    private int headTaken;

    private Ending ending = Ending.OPEN;
    private long endArrival;
    private boolean writerGone;
    private boolean readerGone;

    private long delay;
    private long spacing;

    /** When the line will have sent what it was given, if it has a rate. */
    private long lineFree;

    /** What the writer wrote: what the points of faults count. */
    private long written;

    private long writes;

    /** Bytes put on their way and bytes read, those that faults add included. */
    private long put;

    private long taken;

    private final List<Fault> faults = new ArrayList<>();
    private long stallAt = NEVER;
    private long stallUntil;
    private long trickleAt = NEVER;
    private long trickle;
    private int garbageLeft;
    private SplittableRandom garbage = new SplittableRandom(0);

    void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
      Objects.checkFromIndexSize(from, length, bytes.length);
      long deadline = System.nanoTime() + patience.toNanos();
      acquire(writing);
      try {
        acquire(lock);
        try {
          checkWritable();
          writes++;
          int to = from + length;
          for (int at = from; at < to; ) {
            awaitRoom(deadline);
            long piece = Math.min(to - at, Math.min(capacity - held, untilFault()));
            schedule(spoilt(Arrays.copyOfRange(bytes, at, at + (int) piece)));
            at += (int) piece;
            written += piece;
            strike(Fault.Point.Unit.BYTES, written, bytes, from, at);
          }
          strike(Fault.Point.Unit.WRITES, writes, bytes, from, to);
        } finally {
          lock.unlock();
        }
      } finally {
        writing.unlock();
      }
    }

    private void checkWritable() throws SocketException {
      if (ending == Ending.BROKEN) {
        throw new SocketException("Connection reset");
      }
      if (writerGone) {
        throw new SocketException("Socket output is shutdown");
      }
      if (readerGone) {
        throw new SocketException("Broken pipe");
      }
    }

    private void awaitRoom(long deadline) throws IOException {
      while (held >= capacity && ending == Ending.OPEN) {
        awaitUntil(writable, deadline, "no room in the pipe");
        checkWritable();
      }
    }

    /** How many bytes may pass before the next fault, at least one. */
    private long untilFault() {
      long next = Long.MAX_VALUE;
      for (Fault fault : faults) {
        if (fault.at().unit() == Fault.Point.Unit.BYTES) {
          next = Math.min(next, fault.at().count() - written);
        }
      }
      return next;
    }

    private byte[] spoilt(byte[] bytes) {
      int length = Math.min(garbageLeft, bytes.length);
      for (int i = 0; i < length; i++) {
        // Never the byte it was, or a run of garbage might by chance be none.
        bytes[i] += (byte) garbage.nextInt(1, 256);
      }
      garbageLeft -= length;
      return bytes;
    }

    /** Lets the faults strike whose point has been reached by the write of these bytes. */
    private void strike(Fault.Point.Unit unit, long reached, byte[] bytes, int from, int to) {
      for (Fault fault : List.copyOf(faults)) {
        if (fault.at().unit() == unit && fault.at().count() <= reached && faults.remove(fault)) {
          strike(fault, bytes, from, to);
        }
      }
    }

    private void strike(Fault fault, byte[] bytes, int from, int to) {
      switch (fault) {
        case Fault.Cut _ -> end(Ending.FINISHED);
        case Fault.Stall stall -> {
          stallAt = put;
          stallUntil =
              stall.time().equals(Fault.Stall.FOREVER) ? NEVER : now() + stall.time().toNanos();
        }
        case Fault.Trickle slow -> {
          trickleAt = put;
          trickle = slow.between().toNanos();
        }
        case Fault.Reset _ -> breakBoth();
        case Fault.Garbage noise -> {
          garbage = new SplittableRandom(noise.seed());
          garbageLeft = noise.length();
        }
        case Fault.Duplicate _ -> schedule(Arrays.copyOfRange(bytes, from, to));
        case Fault.LateBytes late -> schedule(late.text().getBytes(StandardCharsets.UTF_8));
      }
    }

    /** Puts bytes on their way. What faults add may exceed the capacity. */
    private void schedule(byte[] bytes) {
      if (readerGone || ending != Ending.OPEN || bytes.length == 0) {
        return;
      }
      long apart = Math.max(spacing, trickle);
      long arrival = now() + delay;
      if (apart > 0) {
        lineFree = Math.max(now(), lineFree);
        arrival = lineFree + apart + delay;
        lineFree += apart * bytes.length;
      }
      underWay.add(new Segment(bytes, arrival, apart));
      held += bytes.length;
      put += bytes.length;
      readable.signalAll();
    }

    int read(byte[] into, int from, int length, Duration patience) throws IOException {
      Objects.checkFromIndexSize(from, length, into.length);
      long deadline = System.nanoTime() + patience.toNanos();
      acquire(lock);
      try {
        while (true) {
          if (readerGone) {
            throw new SocketException("Socket closed");
          }
          int arrived = Math.min(length, arrived());
          if (arrived > 0 || length == 0) {
            return take(into, from, arrived);
          }
          if (atEnd()) {
            if (ending == Ending.BROKEN) {
              throw new SocketException("Connection reset");
            }
            return -1;
          }
          awaitArrival(deadline);
        }
      } finally {
        lock.unlock();
      }
    }

    private boolean stalled() {
      return taken >= stallAt && now() < stallUntil;
    }

    private boolean atEnd() {
      return ending != Ending.OPEN && underWay.isEmpty() && !stalled() && now() >= endArrival;
    }

    /** How many bytes a read could have now. */
    private int arrived() {
      long arrived = -headTaken;
      for (Segment segment : underWay) {
        int of = segment.arrived(now());
        arrived += of;
        if (of < segment.bytes.length) {
          break;
        }
      }
      if (now() < stallUntil) {
        arrived = Math.min(arrived, stallAt - taken);
      }
      // One byte per read behind the point of a trickle, and none together with what is before it.
      long untilTrickle = taken < trickleAt ? trickleAt - taken : 1;
      return (int) Math.max(0, Math.min(arrived, untilTrickle));
    }

    private int take(byte[] into, int from, int count) {
      for (int done = 0; done < count; ) {
        Segment head = underWay.getFirst();
        int piece = Math.min(count - done, head.bytes.length - headTaken);
        System.arraycopy(head.bytes, headTaken, into, from + done, piece);
        done += piece;
        headTaken += piece;
        if (headTaken == head.bytes.length) {
          underWay.removeFirst();
          headTaken = 0;
        }
      }
      held -= count;
      taken += count;
      writable.signalAll();
      return count;
    }

    /** Waits until something changes; has the clock say when time alone changes it. */
    private void awaitArrival(long deadline) throws IOException {
      long next = nextArrival();
      FakeClock.Task wakeUp =
          clock == null || next == NEVER
              ? null
              : clock.after(Duration.ofNanos(next - now()), this::wakeReader);
      try {
        awaitUntil(readable, deadline, "nothing to read");
      } finally {
        if (wakeUp != null) {
          wakeUp.cancel();
        }
      }
    }

    private long nextArrival() {
      if (stalled()) {
        return stallUntil;
      }
      if (!underWay.isEmpty()) {
        Segment head = underWay.getFirst();
        return head.arrival + head.spacing * headTaken;
      }
      return ending == Ending.OPEN ? NEVER : endArrival;
    }

    private void wakeReader() {
      lock.lock();
      try {
        readable.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** No more comes after what is under way. */
    void end(Ending how) {
      if (how == Ending.BROKEN || ending == Ending.OPEN) {
        ending = how;
        endArrival = how == Ending.BROKEN ? 0 : Math.max(now(), lineFree) + delay;
      }
      readable.signalAll();
      writable.signalAll();
    }

    void writerGoes() {
      writerGone = true;
      end(Ending.FINISHED);
    }

    /** What is under way is lost. */
    void readerGoes() {
      readerGone = true;
      underWay.clear();
      held = 0;
      headTaken = 0;
      readable.signalAll();
      writable.signalAll();
    }
  }

  private void breakBoth() {
    rightwards.end(Ending.BROKEN);
    leftwards.end(Ending.BROKEN);
  }

  /** Waits once; every caller looks again at what it waits for. */
  @SuppressWarnings("WaitNotInLoop")
  private static void awaitUntil(Condition condition, long deadline, String otherwise)
      throws IOException {
    try {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new SocketTimeoutException(otherwise);
      }
      var _ = condition.awaitNanos(left);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static void acquire(ReentrantLock lock) throws InterruptedIOException {
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  /** One end: what it writes, the other reads. */
  public final class End implements Closeable {
    private final String name;
    private final Lane outward;
    private final Lane inward;
    private final InputStream in = new In();
    private final OutputStream out = new Out();

    private End(String name, Lane outward, Lane inward) {
      this.name = name;
      this.outward = outward;
      this.inward = inward;
    }

    /** What the other end wrote. {@code available} counts what a read would get at once. */
    public InputStream in() {
      return in;
    }

    /** What the other end shall read. Each call of write counts as one for {@link Fault}s. */
    public OutputStream out() {
      return out;
    }

    /**
     * Reads at least one byte.
     *
     * @param patience real time to wait, a safety net
     * @return the number of bytes, or -1 at the orderly end
     * @throws SocketTimeoutException if nothing came in that time
     * @throws SocketException after a reset, or after this end was closed
     */
    public int read(byte[] into, int from, int length, Duration patience) throws IOException {
      return inward.read(into, from, length, patience);
    }

    /**
     * Writes all, and waits while the direction is full.
     *
     * @param patience real time to wait, a safety net
     * @throws SocketTimeoutException if there was no room in that time; part may have been written
     * @throws SocketException if either end was closed, or after a reset
     */
    public void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
      outward.write(bytes, from, length, patience);
    }

    /** Ends what this end writes; it can read on. */
    public void closeOutput() {
      change(outward::writerGoes);
    }

    /**
     * Ends both: the other end reads what was written and then the end, and cannot write any more.
     */
    @Override
    public void close() {
      change(
          () -> {
            outward.writerGoes();
            inward.readerGoes();
          });
    }

    /** Breaks the connection: the other end reads what was written and then meets a reset. */
    public void reset() {
      change(
          () -> {
            breakBoth();
            inward.readerGoes();
          });
    }

    /** From now on what this end writes arrives so much later. Needs a clock. */
    public End delay(Duration delay) {
      needClock();
      if (delay.isNegative()) {
        throw new IllegalArgumentException("negative delay: " + delay);
      }
      return change(() -> outward.delay = delay.toNanos());
    }

    /** From now on this end writes at so many bytes per second. Needs a clock. */
    public End rate(long bytesPerSecond) {
      needClock();
      if (bytesPerSecond <= 0) {
        throw new IllegalArgumentException("not a rate: " + bytesPerSecond);
      }
      return change(
          () -> outward.spacing = Math.max(1, TimeUnit.SECONDS.toNanos(1) / bytesPerSecond));
    }

    /** How many bytes written by this end may wait to be read. */
    public End capacity(int bytes) {
      if (bytes <= 0) {
        throw new IllegalArgumentException("not a capacity: " + bytes);
      }
      return change(
          () -> {
            outward.capacity = bytes;
            outward.writable.signalAll();
          });
    }

    /** Lets this happen to what this end writes; at once, if its point has been reached. */
    public End fault(Fault fault) {
      switch (fault) {
        case Fault.Stall stall when !stall.time().equals(Fault.Stall.FOREVER) -> needClock();
        case Fault.Trickle slow when !slow.between().isZero() -> needClock();
        default -> {}
      }
      return change(
          () -> {
            outward.faults.add(fault);
            byte[] none = new byte[0];
            outward.strike(Fault.Point.Unit.BYTES, outward.written, none, 0, 0);
            outward.strike(Fault.Point.Unit.WRITES, outward.writes, none, 0, 0);
          });
    }

    /**
     * Ends stalls and trickles of what this end writes and forgets faults that have not struck.
     * Bytes that are trickling keep their times.
     */
    public End heal() {
      return change(
          () -> {
            outward.faults.clear();
            outward.stallAt = NEVER;
            outward.stallUntil = 0;
            outward.trickleAt = NEVER;
            outward.trickle = 0;
            outward.garbageLeft = 0;
            outward.readable.signalAll();
          });
    }

    /** Bytes this end has written. */
    public long bytesWritten() {
      lock.lock();
      try {
        return outward.written;
      } finally {
        lock.unlock();
      }
    }

    /** Calls of write this end has made. */
    public long writes() {
      lock.lock();
      try {
        return outward.writes;
      } finally {
        lock.unlock();
      }
    }

    /** Bytes written by this end that the other has not read. */
    public int unread() {
      lock.lock();
      try {
        return outward.held;
      } finally {
        lock.unlock();
      }
    }

    /**
     * Joins this end with a TCP connection: two virtual threads carry the bytes both ways until
     * both directions have ended. So a server that speaks TCP can be put behind a pipe and its
     * faults. An end passes through as an end, anything worse as a reset.
     */
    public void bridge(Socket socket) throws IOException {
      InputStream fromSocket = socket.getInputStream();
      OutputStream toSocket = socket.getOutputStream();
      AtomicInteger open = new AtomicInteger(2);
      Thread.ofVirtual()
          .name("bridge from tcp to pipe " + name)
          .start(() -> carry(fromSocket, out, this::closeOutput, socket, open));
      Thread.ofVirtual()
          .name("bridge from pipe " + name + " to tcp")
          .start(() -> carry(in, toSocket, socket::shutdownOutput, socket, open));
    }

    private void carry(
        InputStream from, OutputStream to, Closeable end, Socket socket, AtomicInteger open) {
      try {
        from.transferTo(to);
        end.close();
        if (open.decrementAndGet() == 0) {
          socket.close();
          close();
        }
      } catch (IOException e) {
        // Whichever side failed, the other learns it; why does not matter to either.
        reset();
        breakOff(socket);
      }
    }

    private static void breakOff(Socket socket) {
      try {
        socket.setSoLinger(true, 0);
      } catch (SocketException e) {
        // Closed by the other direction: it is broken off already.
        return;
      }
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private End change(Runnable change) {
      lock.lock();
      try {
        change.run();
      } finally {
        lock.unlock();
      }
      return this;
    }

    @Override
    public String toString() {
      return name;
    }

    private final class In extends InputStream {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int from, int length) throws IOException {
        return inward.read(into, from, length, FOREVER);
      }

      @Override
      public int available() {
        lock.lock();
        try {
          return inward.arrived();
        } finally {
          lock.unlock();
        }
      }

      @Override
      public void close() {
        End.this.close();
      }
    }

    private final class Out extends OutputStream {
      @Override
      public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int from, int length) throws IOException {
        outward.write(bytes, from, length, FOREVER);
      }

      @Override
      public void close() {
        closeOutput();
      }
    }
  }
}
