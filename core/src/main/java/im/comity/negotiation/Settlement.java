package im.comity.negotiation;

import im.comity.association.Association;
import im.comity.relay.Way;
import im.comity.stream.Settled;
import org.jspecify.annotations.Nullable;

/** Takes streams whose conversation is over and hands them to the relay. */
public interface Settlement {
  /**
   * A stream that we opened; returns once its event loop has it, so that what is sent along the way
   * follows what was written before.
   *
   * @param association the permission to send along it
   */
  Way outbound(Settled stream, Association association);

  /**
   * A stream that a peer opened.
   *
   * @param association what it may send already; null if nothing is proven yet
   */
  void inbound(Settled stream, @Nullable Association association);
}
