package im.comity.testkit.tls;

/**
 * Certificates for a domain {@code d} that differ from a good one in exactly one respect; the
 * corpus for tests of whoever judges certificates. Made by {@link TestCa#issue(CertificateKind,
 * String)}.
 */
public enum CertificateKind {
  /** Nothing odd. */
  GOOD,
  /** Ended an hour ago. */
  EXPIRED,
  /** Begins in an hour. */
  NOT_YET_VALID,
  /** For {@code wrong.invalid}. */
  WRONG_NAME,
  /** Signed by its own key. */
  SELF_SIGNED,
  /** From an authority nobody trusts. */
  UNKNOWN_ISSUER,
  /** The domain in the common name only. */
  COMMON_NAME_ONLY,
  /** A leaf that says cA. */
  AUTHORITY_AS_LEAF,
  /** Purpose clientAuth alone. */
  CLIENT_AUTH_ONLY,
  /** Purpose serverAuth alone. */
  SERVER_AUTH_ONLY,
  /** No extended key usage. */
  NO_PURPOSE,
  /** Purpose anyExtendedKeyUsage alone. */
  ANY_PURPOSE,
  /** Purpose id-on-xmppAddr alone. */
  XMPP_ADDR_PURPOSE,
  /** Named by SRVName {@code _xmpp-server.d} alone. */
  SRV_NAME_ONLY,
  /** Named by SRVName {@code _xmpp-client.d} alone. */
  CLIENT_SRV_NAME_ONLY,
  /** Named by XmppAddr {@code d} alone. */
  XMPP_ADDR_ONLY,
  /** Named by XmppAddr {@code somebody@d} alone. */
  XMPP_ADDR_WITH_LOCALPART,
  /** {@code *} in the place of the first label of {@code d}. */
  WILDCARD,
  /** {@code *.d}. */
  WILDCARD_BELOW,
  /** The first letter of {@code d}, then {@code *} to the end of the first label. */
  WILDCARD_PARTIAL,
  /** {@code *.*} in the place of the first two labels of {@code d}. */
  WILDCARD_DOUBLE,
  /** {@code *} in the place of the second label of {@code d}. */
  WILDCARD_INNER,
  /** SRVName with {@code *} in the place of the first label of {@code d}. */
  WILDCARD_SRV_NAME,
  /** From an authority constrained to {@code d}. */
  NAME_CONSTRAINED,
  /** From an authority constrained to {@code elsewhere.invalid}. */
  NAME_CONSTRAINT_VIOLATED,
  /** SRVName alone, from an authority whose dNSName constraint is {@code elsewhere.invalid}. */
  NAME_CONSTRAINT_VIOLATED_BY_SRV_NAME,
  /** From an intermediate that is not shown. */
  INCOMPLETE_CHAIN,
  /** From an intermediate below another, shown backwards after the root. */
  UNORDERED_CHAIN,
  /** From an intermediate, with a certificate in between that does not belong there. */
  STRANGER_IN_CHAIN,
  /** From an intermediate with purpose clientAuth alone. */
  CLIENT_AUTH_ONLY_INTERMEDIATE,
  /** From an intermediate that has expired. */
  EXPIRED_INTERMEDIATE,
  /** From an intermediate below another that admits none (path length 0). */
  PATH_TOO_LONG,
  /** RSA key of 1,024 bits. */
  WEAK_KEY,
  /** Signed over SHA-1. */
  SHA1_SIGNATURE,
  /** Key usage without digitalSignature. */
  NO_DIGITAL_SIGNATURE,
  /** An unknown critical extension. */
  UNKNOWN_CRITICAL_EXTENSION,
  /** Demands a stapled OCSP answer. */
  MUST_STAPLE,
  /** Revoked, by CRL and by OCSP. */
  REVOKED
}
