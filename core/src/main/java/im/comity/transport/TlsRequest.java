package im.comity.transport;

import im.comity.address.Domain;
import org.jspecify.annotations.Nullable;

/** What {@link Transport#startTls} shall do, by role. */
public sealed interface TlsRequest {
  /**
   * The initiating side.
   *
   * @param serverName sent as SNI in its A-label form, unless it is an IP literal (S2S-TLS-30,
   *     S2S-DTLS-04)
   * @param identity presented if the peer asks for a certificate, whatever issuers and purposes it
   *     asks for (S2S-TLS-18, DNA-EKU-06); null presents none
   * @param offerAlpn whether to offer {@code xmpp-server} (S2S-DTLS-05)
   */
  record AsClient(Domain serverName, @Nullable TlsIdentity identity, boolean offerAlpn)
      implements TlsRequest {}

  /**
   * The receiving side. It asks for a certificate, naming no issuers, and takes any or none
   * (S2S-TLS-17, S2S-TLS-19).
   *
   * @param identities what to choose from
   * @param wanted the domain that the stream header named; before SNI, which comes before the
   *     default (S2S-TLS-16). Null for direct TLS, where there is no header yet
   */
  record AsServer(TlsIdentities identities, @Nullable Domain wanted) implements TlsRequest {}
}
