package im.comity.transport;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * One handshake of ours while it lasts: what was asked for, what the peer's first message said and
 * which identity was shown. The engine, and with it the key manager, finds it by its token.
 */
final class TlsHandshake {
  private final String token;
  private final TlsRequest request;
  private volatile Hello hello = Hello.UNREADABLE;
  private volatile @Nullable TlsIdentity shown;

  TlsHandshake(String token, TlsRequest request) {
    this.token = token;
    this.request = request;
  }

  String token() {
    return token;
  }

  TlsRequest request() {
    return request;
  }

  void met(Hello first) {
    hello = first;
  }

  /** The identity being shown, once one is chosen. */
  @Nullable TlsIdentity shown() {
    return shown;
  }

  /** Chooses our identity, if it has a key of the type asked for. */
  @Nullable TlsIdentity choose(List<String> keyTypes) {
    TlsIdentity identity =
        switch (request) {
          case TlsRequest.AsClient client -> client.identity();
          case TlsRequest.AsServer server ->
              server
                  .identities()
                  .choose(
                      server.wanted() == null ? null : server.wanted().ascii(), hello.serverName());
        };
    if (identity == null || !keyTypes.contains(identity.key().getAlgorithm())) {
      return null;
    }
    shown = identity;
    return identity;
  }

  /** The facts, when the handshake has succeeded. */
  TlsSession session(SSLSession session, @Nullable String alpn) {
    String serverName =
        request instanceof TlsRequest.AsClient client
            ? TlsEngines.serverName(client.serverName())
            : hello.serverName();
    return new TlsSession(
        session.getProtocol(),
        session.getCipherSuite(),
        alpn == null || alpn.isEmpty() ? null : alpn,
        serverName,
        false,
        // Both our providers use the extended master secret whenever the peer does.
        session.getProtocol().equals("TLSv1.3") || hello.extendedMasterSecret(),
        peer(session),
        shown);
  }

  private static @Nullable PeerCertificate peer(SSLSession session) {
    List<X509Certificate> chain = new ArrayList<>();
    try {
      for (Certificate certificate : session.getPeerCertificates()) {
        chain.add((X509Certificate) certificate);
      }
    } catch (SSLPeerUnverifiedException e) {
      return null; // the peer showed nothing
    }
    return chain.isEmpty() ? null : new PeerCertificate(chain);
  }
}
