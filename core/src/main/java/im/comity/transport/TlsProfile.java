package im.comity.transport;

import java.util.List;

/**
 * Which TLS we speak. Lists are in the order of preference; what a provider does not have is left
 * out. Compression, renegotiation, early data and resumption are always off (S2S-TLS-25, -27, -28).
 *
 * @param protocols by their JSSE names; only TLS 1.3 and TLS 1.2 can be had (S2S-TLS-24)
 * @param cipherSuites by their names in the TLS registry
 * @param groups for the key exchange, by their names in the TLS registry
 */
public record TlsProfile(List<String> protocols, List<String> cipherSuites, List<String> groups) {
  /** TLS 1.3 and 1.2, ephemeral keys and authenticated encryption only (RFC 9325). */
  public static final TlsProfile STANDARD =
      new TlsProfile(
          List.of("TLSv1.3", "TLSv1.2"),
          List.of(
              "TLS_AES_128_GCM_SHA256",
              "TLS_AES_256_GCM_SHA384",
              "TLS_CHACHA20_POLY1305_SHA256",
              "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
              "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
              "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
              "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
              "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
              "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
          List.of("X25519MLKEM768", "x25519", "secp256r1", "secp384r1"));

  public TlsProfile {
    protocols = List.copyOf(protocols);
    cipherSuites = List.copyOf(cipherSuites);
    groups = List.copyOf(groups);
    for (String protocol : protocols) {
      if (!protocol.equals("TLSv1.3") && !protocol.equals("TLSv1.2")) {
        throw new IllegalArgumentException(protocol + " is not to be used");
      }
    }
    if (protocols.isEmpty() || cipherSuites.isEmpty() || groups.isEmpty()) {
      throw new IllegalArgumentException("nothing to agree upon");
    }
  }
}
