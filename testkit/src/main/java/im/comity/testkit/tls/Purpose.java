package im.comity.testkit.tls;

/** Purposes for the extended key usage extension (RFC 5280 section 4.2.1.12). */
public enum Purpose {
  /** id-kp-serverAuth. */
  SERVER_AUTH("1.3.6.1.5.5.7.3.1"),
  /** id-kp-clientAuth. */
  CLIENT_AUTH("1.3.6.1.5.5.7.3.2"),
  /** anyExtendedKeyUsage. */
  ANY("2.5.29.37.0"),
  /** id-on-xmppAddr as a purpose (RFC 6120 section 13.7.1.4). */
  XMPP_ADDR("1.3.6.1.5.5.7.8.5"),
  /** id-kp-OCSPSigning. */
  OCSP_SIGNING("1.3.6.1.5.5.7.3.9");

  private final String oid;

  Purpose(String oid) {
    this.oid = oid;
  }

  /** The object identifier in dotted form. */
  public String oid() {
    return oid;
  }
}
