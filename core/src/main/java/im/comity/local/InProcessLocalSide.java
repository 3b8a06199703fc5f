package im.comity.local;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Cancellable;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The local side of a program that embeds a federation: a bounded queue, and one virtual thread
 * that hands its stanzas to the program, in order.
 */
public final class InProcessLocalSide implements LocalSide, AutoCloseable {
  /** What the program does with a stanza; may block. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Takes one stanza.
     *
     * @param stanza the stanza, which may be kept
     * @param along how its sender was proven; null for what did not come from a peer
     */
    void handle(Stanza stanza, @Nullable Association along) throws InterruptedException;
  }

  private record Entry(Stanza stanza, @Nullable Association along) {}

  private final Set<Domain> domains;
  private final BlockingQueue<Entry> queue;
  private final Map<Object, Runnable> waiting = new ConcurrentHashMap<>();
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param domains the domains that the program serves
   * @param capacity how many stanzas may wait for it
   * @param handler takes them
   */
  public InProcessLocalSide(Collection<Domain> domains, int capacity, Handler handler) {
    this.domains = Set.copyOf(domains);
    this.queue = new ArrayBlockingQueue<>(capacity);
    this.thread =
        Thread.ofVirtual()
            .name("local-side")
            .start(
                () -> {
                  try {
                    while (true) {
                      Entry entry = queue.take();
                      tellThereIsRoom();
                      handler.handle(entry.stanza, entry.along);
                    }
                  } catch (InterruptedException closing) {
                    queue.clear();
                  } finally {
                    tellThereIsRoom();
                  }
                });
  }

  @Override
  public Standing standing(Domain domain) {
    return domains.contains(domain) ? Standing.SERVED : Standing.FOREIGN;
  }

  @Override
  public Collection<Domain> domains() {
    return domains;
  }

  @Override
  public Offer deliver(Association along, Stanza stanza) {
    return offer(new Entry(stanza.keep(), along));
  }

  @Override
  public Offer deliverLocally(Stanza stanza) {
    return offer(new Entry(stanza.keep(), null));
  }

  private Offer offer(Entry entry) {
    if (closed || !thread.isAlive()) {
      return Offer.CLOSED;
    }
    return queue.offer(entry) ? Offer.ACCEPTED : Offer.FULL;
  }

  @Override
  public Cancellable whenRoom(Stanza stanza, Runnable task) {
    Object ticket = new Object();
    waiting.put(ticket, task);
    if (queue.remainingCapacity() > 0 || closed || !thread.isAlive()) {
      // Room may have come before the task was in the set.
      tellThereIsRoom();
    }
    return () -> waiting.remove(ticket);
  }

  private void tellThereIsRoom() {
    if (waiting.isEmpty()) {
      return;
    }
    for (Object ticket : List.copyOf(waiting.keySet())) {
      Runnable task = waiting.remove(ticket);
      if (task != null) {
        task.run();
      }
    }
  }

  /** Stops the thread; what still waits is dropped. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
