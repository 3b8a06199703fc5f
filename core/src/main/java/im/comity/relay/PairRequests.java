package im.comity.relay;

import im.comity.dialback.DialbackReading;
import im.comity.xml.Element;

/** Takes the requests of dialback that come in on established streams. */
public interface PairRequests {
  /**
   * A request came in. Called on the stream's event loop: must not block.
   *
   * @param element the element as it came
   * @param reading what it says
   */
  void requested(EstablishedStream stream, Element element, DialbackReading reading);

  /** Whether the pair's request on this stream is still being decided (S2S-ORD-01). */
  boolean pending(EstablishedStream stream, im.comity.address.DomainPair pair);

  /** The stream ended: what it asked for needs no answer any more. */
  void ended(EstablishedStream stream);
}
