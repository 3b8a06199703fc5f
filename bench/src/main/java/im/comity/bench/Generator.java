package im.comity.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The load of the comparison: chat messages from one component to another, whose ids are the times
 * at which they were made.
 */
final class Generator implements AutoCloseable {
  /** How many stanzas are under way at most. */
  static final int WINDOW = 1_000;

  private static final int BATCH = 64 * 1024;
  private static final int ROOM_FOR_ID = 24;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final RawComponent sender;
  private final RawComponent receiver;
  private final int body;
  private final List<Thread> readers = new ArrayList<>();
  private final AtomicReference<@Nullable String> problem = new AtomicReference<>();
  private volatile Run run = new Run(0, false);
  private volatile @Nullable Thread waiting;
  private long lastId;

  /** What one run found. */
  static final class Result {
    private final double seconds;
    private final long[] latencies;

    private Result(double seconds, long[] ascending) {
      this.seconds = seconds;
      this.latencies = ascending;
    }

    /** How many arrived. */
    long stanzas() {
      return latencies.length;
    }

    /** From the first sent to the last arrived. */
    double seconds() {
      return seconds;
    }

    double rate() {
      return stanzas() / seconds;
    }

    /** The latency that this share does not exceed, in milliseconds. */
    double latency(double share) {
      return Statistics.quantile(latencies, share) / 1e6;
    }
  }

  /** The state of one run; written by the reader that counts. */
  private static final class Run {
    final long[] latencies;
    final boolean echo;

    /** As many as had come when the last read was handled whole. */
    volatile int arrived;

    int counted;
    long lastSeen;

    Run(int count, boolean echo) {
      latencies = new long[count];
      this.echo = echo;
    }
  }

  Generator(RawComponent sender, RawComponent receiver, int body) {
    this.sender = sender;
    this.receiver = receiver;
    this.body = body;
    read(receiver, this::atReceiver);
    read(sender, this::atSender);
  }

  private interface Handler {
    void arrived(long sent, long now) throws IOException;
  }

  private void read(RawComponent component, Handler handler) {
    readers.add(
        Thread.ofPlatform()
            .daemon()
            .name("reader of " + component.name)
            .start(
                () -> {
                  try {
                    component.receive(
                        body,
                        new RawComponent.Arrival() {
                          @Override
                          public void arrived(long sent, long now) throws IOException {
                            handler.arrived(sent, now);
                          }

                          @Override
                          public void batch() {
                            // The sender hears of a read when all of it is counted, as with a
                            // generator of one thread: else it would race the counting, and fill
                            // its window stanza by stanza.
                            Run current = run;
                            if (counts(component, current) && current.counted != current.arrived) {
                              current.arrived = current.counted;
                              LockSupport.unpark(waiting);
                            }
                          }
                        });
                    problem.compareAndSet(null, component.name + " was disconnected");
                  } catch (IOException e) {
                    problem.compareAndSet(null, component.name + ": " + e);
                  }
                }));
  }

  private boolean counts(RawComponent component, Run current) {
    return component == (current.echo ? sender : receiver);
  }

  private void atReceiver(long sent, long now) throws IOException {
    Run current = run;
    if (current.echo) {
      byte[] answer = new byte[body + 512];
      Template template = new Template(receiver.name, sender.name, body);
      receiver.write(answer, template.put(answer, 0, sent));
    } else {
      count(current, sent, now);
    }
  }

  private void atSender(long sent, long now) {
    Run current = run;
    if (current.echo) {
      count(current, sent, now);
    } else {
      problem.compareAndSet(null, "a stanza was returned to " + sender.name);
    }
  }

  private void count(Run current, long sent, long now) {
    if (sent <= current.lastSeen) {
      problem.compareAndSet(null, "a stanza was doubled or overtaken");
    }
    current.lastSeen = sent;
    if (current.counted < current.latencies.length) {
      current.latencies[current.counted++] = now - sent;
    } else {
      problem.compareAndSet(null, "more stanzas arrived than were sent");
    }
  }

  /** One message, but for its id. */
  static final class Template {
    private final byte[] before;
    private final byte[] after;

    Template(String from, String to, int body) {
      before =
          ("<message from='" + from + "' to='" + to + "' type='chat' id='t")
              .getBytes(StandardCharsets.US_ASCII);
      after =
          ("'><body>" + "x".repeat(body) + "</body></message>").getBytes(StandardCharsets.US_ASCII);
    }

    int size() {
      return before.length + after.length + ROOM_FOR_ID;
    }

    /** Writes the message and returns where it ends. */
    int put(byte[] into, int at, long id) {
      System.arraycopy(before, 0, into, at, before.length);
      int end = at + before.length;
      int digits = 1;
      for (long rest = id / 10; rest > 0; rest /= 10) {
        digits++;
      }
      end += digits;
      long rest = id;
      for (int place = end - 1; place >= end - digits; place--) {
        into[place] = (byte) ('0' + rest % 10);
        rest /= 10;
      }
      System.arraycopy(after, 0, into, end, after.length);
      return end + after.length;
    }
  }

  private void check() throws IOException {
    String wrong = problem.get();
    if (wrong != null) {
      throw new IOException(wrong);
    }
  }

  /** The time, but never the same twice: so that a stanza counted twice is seen. */
  private long nextId() {
    lastId = Math.max(System.nanoTime(), lastId + 1);
    return lastId;
  }

  /**
   * Sends as fast as the window allows: whatever room a read of the receiver makes is filled at
   * once.
   */
  Result flood(int count) throws IOException, TimeoutException {
    Run current = new Run(count, false);
    run = current;
    waiting = Thread.currentThread();
    Template template = new Template(sender.name, receiver.name, body);
    byte[] batch = new byte[BATCH];
    long began = System.nanoTime();
    int sent = 0;
    while (sent < count) {
      int may = Math.min(count - sent, WINDOW - (sent - current.arrived));
      if (may == 0) {
        await(current, sent - WINDOW + 1);
        continue;
      }
      int filled = 0;
      while (may > 0 && filled + template.size() <= batch.length) {
        filled = template.put(batch, filled, nextId());
        may--;
        sent++;
      }
      sender.write(batch, filled);
    }
    await(current, count);
    return result(current, began);
  }

  /** Sends at a steady rate, one way, or there and back. */
  Result paced(int perSecond, int count, boolean roundTrip) throws IOException, TimeoutException {
    Run current = new Run(count, roundTrip);
    run = current;
    waiting = null;
    Template template = new Template(sender.name, receiver.name, body);
    byte[] one = new byte[template.size()];
    long began = System.nanoTime();
    long pause = TimeUnit.SECONDS.toNanos(1) / perSecond;
    for (int sent = 0; sent < count; sent++) {
      long due = began + sent * pause;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      check();
      sender.write(one, template.put(one, 0, nextId()));
    }
    waiting = Thread.currentThread();
    await(current, count);
    return result(current, began);
  }

  private void await(Run current, int wanted) throws IOException, TimeoutException {
    long since = System.nanoTime();
    int before = current.arrived;
    while (current.arrived < wanted) {
      check();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      if (current.arrived != before) {
        before = current.arrived;
        since = System.nanoTime();
      } else if (System.nanoTime() - since > PATIENCE_NANOS) {
        throw new TimeoutException(
            current.arrived + " of " + current.latencies.length + " arrived, then none for 30 s");
      }
    }
    check();
  }

  private static Result result(Run current, long began) {
    double seconds = (System.nanoTime() - began) / 1e9;
    long[] latencies = Arrays.copyOf(current.latencies, current.arrived);
    Arrays.sort(latencies);
    return new Result(seconds, latencies);
  }

  @Override
  public void close() throws IOException {
    problem.set("closed");
    sender.close();
    receiver.close();
    for (Thread reader : readers) {
      try {
        reader.join(1_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Messages on pairs of a sender and a receiver, each of which needs a new link. */
  static final class Links {
    private final List<RawComponent> receivers;
    private final Map<Long, Boolean> under = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable String> problem = new AtomicReference<>();
    private final int atOnce;
    private final Semaphore window;

    // Guarded by this.
    private long[] latencies = {};
    private int arrived;

    private long last;

    /**
     * Takes over what all of them receive.
     *
     * @param atOnce how many messages are under way at most
     */
    Links(List<RawComponent> senders, List<RawComponent> receivers, int atOnce) {
      this.receivers = receivers;
      this.atOnce = atOnce;
      window = new Semaphore(atOnce);
      for (RawComponent receiver : receivers) {
        reader(receiver, problem, this::arrived);
      }
      for (RawComponent sender : senders) {
        reader(
            sender,
            problem,
            (_, _) -> {
              problem.compareAndSet(null, "a stanza was returned to " + sender.name);
              window.release();
            });
      }
    }

    private void arrived(long sent, long now) {
      if (under.remove(sent) != null) {
        synchronized (this) {
          latencies[arrived++] = now - sent;
        }
        window.release();
      }
    }

    /** One message from each of these senders to each receiver. */
    Result open(List<RawComponent> senders)
        throws IOException, InterruptedException, TimeoutException {
      synchronized (this) {
        latencies = new long[senders.size() * receivers.size()];
        arrived = 0;
      }
      long began = System.nanoTime();
      byte[] one = new byte[1024];
      for (RawComponent receiver : receivers) {
        for (RawComponent sender : senders) {
          permit(window, 1, problem);
          long id = Math.max(System.nanoTime(), last + 1);
          last = id;
          under.put(id, true);
          sender.write(one, new Template(sender.name, receiver.name, 100).put(one, 0, id));
        }
      }
      permit(window, atOnce, problem);
      window.release(atOnce);
      double seconds = (System.nanoTime() - began) / 1e9;
      synchronized (this) {
        Arrays.sort(latencies);
        return new Result(seconds, latencies);
      }
    }
  }

  private static void permit(Semaphore window, int count, AtomicReference<@Nullable String> problem)
      throws IOException, InterruptedException, TimeoutException {
    boolean got = window.tryAcquire(count, 60, TimeUnit.SECONDS);
    String wrong = problem.get();
    if (wrong != null) {
      throw new IOException(wrong);
    }
    if (!got) {
      throw new TimeoutException("no link was ready for 60 s");
    }
  }

  private static void reader(
      RawComponent component, AtomicReference<@Nullable String> problem, Handler handler) {
    Thread.ofPlatform()
        .daemon()
        .name("reader of " + component.name)
        .start(
            () -> {
              try {
                component.receive(100, handler::arrived);
              } catch (IOException e) {
                problem.compareAndSet(null, component.name + ": " + e);
              }
            });
  }
}
