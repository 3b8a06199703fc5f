package im.comity.transport;

import org.jspecify.annotations.Nullable;

/**
 * What a handshake found (S2S-TLS-31).
 *
 * @param protocol {@code TLSv1.3} or {@code TLSv1.2}
 * @param cipherSuite by its name in the TLS registry
 * @param alpn the application protocol agreed, or null
 * @param serverName the name asked for by SNI, or null
 * @param resumed whether an earlier session was resumed; always false so far, since resumption is
 *     switched off in both roles
 * @param reliable whether the peer's certificate is bound to this connection: TLS 1.3, or TLS 1.2
 *     with extended master secret (DNA-EXT-11)
 * @param peer what the peer showed, unjudged; null if it showed nothing
 * @param own what we showed, or null
 */
public record TlsSession(
    String protocol,
    String cipherSuite,
    @Nullable String alpn,
    @Nullable String serverName,
    boolean resumed,
    boolean reliable,
    @Nullable PeerCertificate peer,
    @Nullable TlsIdentity own) {}
