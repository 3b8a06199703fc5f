package im.comity.routing;

import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import java.util.ArrayList;
import java.util.List;

/**
 * The waiting room of a pair: bounded, and closed exactly once, when its stanzas go on together or
 * return together.
 */
final class PairQueue {
  private final int maxStanzas;
  private final int maxBytes;
  private List<Stanza> stanzas = new ArrayList<>();
  private int bytes;
  private final List<Runnable> waiting = new ArrayList<>(0);
  private boolean closed;

  /**
   * @param first what was accepted earlier and comes before all else, whatever the bounds
   */
  PairQueue(int maxStanzas, int maxBytes, List<Stanza> first) {
    this.maxStanzas = maxStanzas;
    this.maxBytes = maxBytes;
    for (Stanza stanza : first) {
      stanzas.add(stanza);
      bytes += stanza.octets().length();
    }
  }

  /** Lets a stanza wait; closed means that the route has changed. */
  synchronized Offer offer(Stanza stanza) {
    if (closed) {
      return Offer.CLOSED;
    }
    if (stanzas.size() >= maxStanzas || bytes >= maxBytes) {
      return Offer.FULL;
    }
    Stanza kept = stanza.keep();
    stanzas.add(kept);
    bytes += kept.octets().length();
    return Offer.ACCEPTED;
  }

  /** Has the task run once the queue is closed, at once if it is: until then it only fills. */
  void whenClosed(Runnable task) {
    synchronized (this) {
      if (!closed) {
        waiting.add(task);
        return;
      }
    }
    task.run();
  }

  /** What becomes of the stanzas, in order, when the queue closes. */
  interface Exit {
    /** Takes them on; runs while nobody can get in or past. */
    void leave(List<Stanza> stanzas);
  }

  /** Closes the queue; whoever comes later finds what {@code exit} made. */
  void close(Exit exit) {
    List<Runnable> wake;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      List<Stanza> leaving = stanzas;
      stanzas = List.of();
      exit.leave(leaving);
      wake = List.copyOf(waiting);
      waiting.clear();
    }
    wake.forEach(Runnable::run);
  }

  synchronized int size() {
    return stanzas.size();
  }
}
