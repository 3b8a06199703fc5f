package im.comity.relay;

import im.comity.stanza.Batch;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Cancellable;
import im.comity.transport.Transport;
import im.comity.xml.Octets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The sending half of an established stream: a bounded queue that the connection's event loop
 * drains in batches, one write for all that waits. What is appended is copied into its batch at
 * once, so that nothing is copied or made for the write.
 *
 * <p>Any thread may append; what one thread appends leaves in that order. Its lock is held for
 * copying and pointer work only, never over I/O.
 */
public final class Outlet {
  private final Transport transport;
  private final int maxBytes;
  private final Object lock = new Object();
  private final Runnable draining = this::drain;

  /** What waits, none of them empty; the last still grows. */
  private final ArrayDeque<Batch> queue = new ArrayDeque<>(1);

  private final Set<Runnable> waiting = new LinkedHashSet<>(0);
  private final List<CompletableFuture<Void>> whenEmpty = new ArrayList<>(0);

  // Of the batch written last.
  private int lastBytes;
  private int lastCount;

  private int queuedBytes;
  private int queuedElementBytes;
  private boolean scheduled;
  private boolean closed;
  private long written;

  /**
   * @param transport where it leads
   * @param maxBytes how many bytes may wait; one stanza more may go over it
   */
  public Outlet(Transport transport, int maxBytes) {
    this.transport = transport;
    this.maxBytes = maxBytes;
  }

  /** Appends a stanza; its bytes are copied. */
  public Offer offer(Stanza stanza) {
    boolean wake;
    synchronized (lock) {
      if (closed) {
        return Offer.CLOSED;
      }
      if (queuedBytes >= maxBytes) {
        return Offer.FULL;
      }
      append(stanza);
      wake = !scheduled;
      scheduled = true;
    }
    if (wake) {
      transport.execute(draining);
    }
    return Offer.ACCEPTED;
  }

  /**
   * Appends stanzas that were accepted before, regardless of the bound, in order; false if the
   * outlet is closed and took none.
   */
  boolean offerAll(List<Stanza> stanzas) {
    synchronized (lock) {
      if (closed) {
        return false;
      }
      for (Stanza stanza : stanzas) {
        append(stanza);
      }
      if (scheduled) {
        return true;
      }
      scheduled = true;
    }
    transport.execute(draining);
    return true;
  }

  /** Appends a stream-level element behind what waits; false if the outlet is closed. */
  public boolean element(Octets element) {
    synchronized (lock) {
      if (closed) {
        return false;
      }
      int length = element.length();
      batchFor(length).add(element);
      queuedBytes += length;
      queuedElementBytes += length;
      if (scheduled) {
        return true;
      }
      scheduled = true;
    }
    transport.execute(draining);
    return true;
  }

  /** Under the lock. */
  private void append(Stanza stanza) {
    int length = stanza.octets().length();
    batchFor(length).add(stanza);
    queuedBytes += length;
  }

  /** The batch that so many bytes go into. Under the lock. */
  private Batch batchFor(int length) {
    Batch last = queue.peekLast();
    if (last != null && last.hasRoom(length)) {
      return last;
    }
    Batch next =
        last == null
            ? new Batch(length, lastBytes, lastCount)
            : new Batch(length, last.length(), last.count());
    queue.add(next);
    return next;
  }

  /**
   * Has the task run once there is room again, at once if there is; or when the outlet closes.
   *
   * @return calls it off, and keeps nothing of the task
   */
  public Cancellable whenRoom(Runnable task) {
    synchronized (lock) {
      if (!closed && queuedBytes >= maxBytes) {
        waiting.add(task);
        return () -> forget(task);
      }
    }
    task.run();
    return () -> {};
  }

  private void forget(Runnable task) {
    synchronized (lock) {
      waiting.remove(task);
    }
  }

  /** Completes when nothing waits, or nothing will be written any more. */
  CompletableFuture<Void> drained() {
    synchronized (lock) {
      if (closed || queue.isEmpty()) {
        return CompletableFuture.completedFuture(null);
      }
      CompletableFuture<Void> empty = new CompletableFuture<>();
      whenEmpty.add(empty);
      return empty;
    }
  }

  /** Writes what waits, as far as the connection takes it. On the event loop. */
  public void drain() {
    boolean wrote = false;
    List<Runnable> wake = List.of();
    List<CompletableFuture<Void>> empty = List.of();
    while (true) {
      Batch batch;
      synchronized (lock) {
        if (queue.isEmpty() || closed) {
          scheduled = false;
          if (!whenEmpty.isEmpty()) {
            empty = new ArrayList<>(whenEmpty);
            whenEmpty.clear();
          }
          break;
        }
        if (!transport.writable()) {
          // Sink.writable() calls again; until then appending wakes nobody.
          break;
        }
        batch = nextBatch();
        if (!waiting.isEmpty() && queuedBytes < maxBytes) {
          wake = new ArrayList<>(wake);
          wake.addAll(waiting);
          waiting.clear();
        }
      }
      transport.write(batch.octets());
      wrote = true;
    }
    if (wrote) {
      transport.flush();
    }
    wake.forEach(Runnable::run);
    empty.forEach(one -> one.complete(null));
  }

  private Batch nextBatch() {
    Batch batch = queue.remove();
    lastBytes = batch.length();
    lastCount = batch.count();
    queuedBytes -= batch.length();
    queuedElementBytes -= batch.elementBytes();
    written += batch.stanzas();
    return batch;
  }

  /**
   * Takes no more; returns the stanzas that were not written, in order, and nothing the second
   * time. Who waits for room goes on waiting until {@link #release}.
   */
  public List<Stanza> close() {
    List<Stanza> unsent = new ArrayList<>();
    synchronized (lock) {
      closed = true;
      queue.forEach(batch -> batch.takeOut(unsent));
      queue.clear();
      queuedBytes = 0;
    }
    return unsent;
  }

  /**
   * Lets those go on who wait for room or for the end of the queue: the last step of a close. Their
   * tasks run on this thread and may send at once, so the unsent stanzas must be where they belong
   * by now, and the caller must hold no lock.
   */
  public void release() {
    List<Runnable> wake;
    List<CompletableFuture<Void>> empty;
    synchronized (lock) {
      wake = new ArrayList<>(waiting);
      waiting.clear();
      empty = new ArrayList<>(whenEmpty);
      whenEmpty.clear();
    }
    wake.forEach(Runnable::run);
    empty.forEach(one -> one.complete(null));
  }

  /** Whether a stanza would be refused for want of room. */
  boolean full() {
    synchronized (lock) {
      return !closed && queuedBytes >= maxBytes;
    }
  }

  /** How many bytes of stream-level elements wait, for which no bound is kept here. */
  int queuedElementBytes() {
    synchronized (lock) {
      return queuedElementBytes;
    }
  }

  /** How many bytes wait. */
  public int queuedBytes() {
    synchronized (lock) {
      return queuedBytes;
    }
  }

  /** How many stanzas were given to the connection. */
  public long written() {
    synchronized (lock) {
      return written;
    }
  }
}
