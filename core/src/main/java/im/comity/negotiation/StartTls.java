package im.comity.negotiation;

import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamEnded;
import im.comity.transport.TlsRequest;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;

/** The STARTTLS exchange, both roles (RFC 6120 5.4, streams.md 9). */
final class StartTls {
  private static final Element REQUEST = Element.of(Namespaces.TLS, "starttls").build();
  private static final Element PROCEED = Element.of(Namespaces.TLS, "proceed").build();
  private static final Element FAILURE = Element.of(Namespaces.TLS, "failure").build();

  private StartTls() {}

  /** Initiating: asks, and puts TLS under the stream. */
  static void request(NegotiatingStream stream, TlsRequest tls)
      throws NegotiationException, StreamEnded {
    stream.step("starttls");
    stream.send(REQUEST);
    Element answer = stream.await();
    if (answer.is(Namespaces.TLS, "failure")) {
      throw new NegotiationException(new NegotiationFailure.TlsRefused());
    }
    if (!answer.is(Namespaces.TLS, "proceed")) {
      throw new NegotiationException(
          new NegotiationFailure.PeerMisbehaved(
              NegotiationFailure.Rule.UNEXPECTED_ELEMENT,
              answer.name() + " in answer to starttls"));
    }
    stream.upgrade(tls, null);
  }

  /** Receiving: says yes, and puts TLS under the stream. */
  static void accept(NegotiatingStream stream, TlsRequest tls) throws StreamEnded {
    stream.upgrade(tls, PROCEED);
  }

  /** Receiving: says no, and ends the stream (S2S-TLS-06, -07). */
  static void refuse(NegotiatingStream stream) {
    stream.sendAndClose(FAILURE);
  }

  /** Whether the element is the command. */
  static boolean isRequest(Element element) {
    return element.is(Namespaces.TLS, "starttls");
  }
}
