package im.comity.transport;

import java.security.cert.X509Certificate;
import java.util.List;

/**
 * The certificates that the peer showed, which it holds the key of the first of, and nothing more:
 * nobody has judged them.
 *
 * @param chain as the peer sent it, leaf first, never empty
 */
public record PeerCertificate(List<X509Certificate> chain) {
  public PeerCertificate {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("no certificate");
    }
  }

  /** The peer's own certificate. */
  public X509Certificate leaf() {
    return chain.getFirst();
  }
}
