package im.comity.testkit.peer;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a handshake came to, as one side saw it.
 *
 * @param protocol for example {@code TLSv1.3}
 * @param alpn the protocol agreed on, or null without
 * @param alpnOffered what the client offered, as far as this side knows; a client knows its own
 * @param serverName the name the client asked for in SNI, or null without
 * @param peerCertificates the other side's chain, leaf first; empty if it showed none
 */
public record TlsFacts(
    String protocol,
    String cipherSuite,
    @Nullable String alpn,
    List<String> alpnOffered,
    @Nullable String serverName,
    List<X509Certificate> peerCertificates) {
  /** Copies the lists. */
  public TlsFacts {
    alpnOffered = List.copyOf(alpnOffered);
    peerCertificates = List.copyOf(peerCertificates);
  }
}
