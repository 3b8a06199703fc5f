package im.comity.local;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Cancellable;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Which domains are ours, and who takes what arrives for them.
 *
 * <p>All methods are called on event loops and on virtual threads, by several at once: they must be
 * thread-safe, quick, and must not block.
 */
public interface LocalSide {
  /** How a domain stands to us. */
  enum Standing {
    /** Served here, whether or not its component is connected now. */
    SERVED,
    /** Was served here and is no longer (S2S-ERR-24). */
    GONE,
    /** No domain of ours. */
    FOREIGN
  }

  /** How the domain stands to us. */
  Standing standing(Domain domain);

  /** All domains that are served. */
  Collection<Domain> domains();

  /**
   * Takes a stanza that a peer sent to a served domain.
   *
   * <p>The stanza's bytes are borrowed: who keeps it calls {@link Stanza#keep}. Stanzas of one pair
   * come in the order in which the peer sent them.
   *
   * @param along the permission under which it came: how, and how well, its sender was proven
   * @return accepted; full if it cannot be taken now; closed if nobody is there to take it
   */
  Offer deliver(Association along, Stanza stanza);

  /**
   * Takes a stanza that did not come from a peer: a bounce of what a served domain sent, or a
   * stanza between two served domains.
   */
  Offer deliverLocally(Stanza stanza);

  /**
   * Has a task run, once, when a stanza that was answered with full may be offered again; at once
   * if it may by now. Who waits is held back by TCP meanwhile (S2S-DOS-05), so the task must be
   * run, too, when nobody is there any more to take the stanza.
   *
   * @param stanza what found no room; looked at during the call only
   * @param task must not block; may run on any thread, this one included
   * @return calls it off, and keeps nothing of the task; null if nobody can tell when there is
   *     room, and then the stanza is to be returned
   */
  default @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
    return null;
  }
}
