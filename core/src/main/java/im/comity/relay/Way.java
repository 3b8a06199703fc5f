package im.comity.relay;

import im.comity.association.Association;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Cancellable;
import java.util.List;

/**
 * What an open route leads to: an established stream and the permission to send along it.
 *
 * @param stream the stream
 * @param association the permission
 */
public record Way(EstablishedStream stream, Association association) {
  /** Sends a stanza of the pair. */
  public Offer send(Stanza stanza) {
    return stream.send(association, stanza);
  }

  /** Sends stanzas that were accepted before; false if the stream is closed and took none. */
  public boolean sendAll(List<Stanza> stanzas) {
    return stream.sendAll(association, stanzas);
  }

  /** Runs the task when there is room again, or when the stream closes; unless called off. */
  public Cancellable whenRoom(Runnable task) {
    return stream.whenRoom(task);
  }

  /** Whether nothing can be sent any more. */
  public boolean closed() {
    return stream.closed();
  }

  /** The largest stanza that the peer says it takes, in bytes; 0 if it did not say. */
  public int peerLimit() {
    return stream.peerLimit();
  }

  /** The pair's stanzas that were accepted and not written, once: of a closed stream. */
  public List<Stanza> takeUnsent() {
    return stream.takeUnsent(association.pair());
  }
}
