package im.comity.relay;

import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
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
 * drains in batches, one write for all that waits.
 *
 * <p>Any thread may append; what one thread appends leaves in that order. Its lock is held for
 * pointer work only, never over I/O.
 */
public final class Outlet {
  /** How much is put into one write, so that a batch is a few TLS records and not a whole queue. */
  private static final int BATCH_BYTES = 64 * 1024;

  private final Transport transport;
  private final int maxBytes;
  private final Object lock = new Object();
  // Octets for stream-level elements, Stanza for stanzas.
  private final ArrayDeque<Object> queue = new ArrayDeque<>();
  private final Set<Runnable> waiting = new LinkedHashSet<>(0);
  private final List<CompletableFuture<Void>> whenEmpty = new ArrayList<>(0);
  private int queuedBytes;
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

  /** Appends a stanza; its bytes are copied if they are borrowed. */
  public Offer offer(Stanza stanza) {
    boolean wake;
    synchronized (lock) {
      if (closed) {
        return Offer.CLOSED;
      }
      if (queuedBytes >= maxBytes) {
        return Offer.FULL;
      }
      Stanza kept = stanza.keep();
      queue.add(kept);
      queuedBytes += kept.octets().length();
      wake = !scheduled;
      scheduled = true;
    }
    if (wake) {
      transport.execute(this::drain);
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
        queue.add(stanza);
        queuedBytes += stanza.octets().length();
      }
      if (scheduled) {
        return true;
      }
      scheduled = true;
    }
    transport.execute(this::drain);
    return true;
  }

  /** Appends a stream-level element behind what waits; false if the outlet is closed. */
  public boolean element(Octets element) {
    synchronized (lock) {
      if (closed) {
        return false;
      }
      queue.add(element);
      queuedBytes += element.length();
      if (scheduled) {
        return true;
      }
      scheduled = true;
    }
    transport.execute(this::drain);
    return true;
  }

  /** Has the task run once there is room again, at once if there is; or when the outlet closes. */
  public void whenRoom(Runnable task) {
    synchronized (lock) {
      if (!closed && queuedBytes >= maxBytes) {
        waiting.add(task);
        return;
      }
    }
    task.run();
  }

  /** Takes back what was given to {@link #whenRoom} and has not run. */
  public void forget(Runnable task) {
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
    List<Runnable> wake = new ArrayList<>(0);
    List<CompletableFuture<Void>> empty = List.of();
    while (true) {
      byte[] batch;
      synchronized (lock) {
        if (queue.isEmpty() || closed) {
          scheduled = false;
          empty = new ArrayList<>(whenEmpty);
          whenEmpty.clear();
          break;
        }
        if (!transport.writable()) {
          // Sink.writable() calls again; until then appending wakes nobody.
          break;
        }
        batch = nextBatch();
        if (!waiting.isEmpty() && queuedBytes < maxBytes) {
          wake.addAll(waiting);
          waiting.clear();
        }
      }
      transport.write(Octets.of(batch));
      wrote = true;
    }
    if (wrote) {
      transport.flush();
    }
    wake.forEach(Runnable::run);
    empty.forEach(one -> one.complete(null));
  }

  private byte[] nextBatch() {
    int size = 0;
    int count = 0;
    for (Object entry : queue) {
      int length = octets(entry).length();
      if (count > 0 && size + length > BATCH_BYTES) {
        break;
      }
      size += length;
      count++;
    }
    byte[] batch = new byte[size];
    int at = 0;
    for (int i = 0; i < count; i++) {
      Object entry = queue.remove();
      Octets octets = octets(entry);
      octets.writeTo(batch, at);
      at += octets.length();
      if (entry instanceof Stanza) {
        written++;
      }
    }
    queuedBytes -= size;
    return batch;
  }

  private static Octets octets(Object entry) {
    return entry instanceof Stanza stanza ? stanza.octets() : (Octets) entry;
  }

  /**
   * Takes no more; returns the stanzas that were not written, in order, and nothing the second
   * time. Who waits for room goes on waiting until {@link #release}.
   */
  public List<Stanza> close() {
    List<Stanza> unsent = new ArrayList<>();
    synchronized (lock) {
      closed = true;
      for (Object entry : queue) {
        if (entry instanceof Stanza stanza) {
          unsent.add(stanza);
        }
      }
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
