package im.comity.testkit.tls;

import java.time.Instant;

/**
 * What a {@link TestCa} is to put into a certificate. Each method changes and returns this object.
 */
public final class CertificateSpec {
  private CertificateSpec() {}

  /**
   * A certificate as good servers have it: common name and dNSName, both TLS purposes, key usage
   * digitalSignature, P-256, valid from yesterday for 90 days, complete chain.
   *
   * @param domain in A-labels
   */
  public static CertificateSpec server(String domain) {
    throw new UnsupportedOperationException(domain);
  }

  /** A certificate that names nobody in subjectAltName; otherwise as {@link #server}. */
  public static CertificateSpec commonNameOnly(String commonName) {
    throw new UnsupportedOperationException(commonName);
  }

  /** A certification authority: cA, keyCertSign and cRLSign, no purposes, valid for ten years. */
  public static CertificateSpec authority(String commonName) {
    throw new UnsupportedOperationException(commonName);
  }

  /** The dNSNames, instead of those before. */
  public CertificateSpec dnsNames(String... names) {
    throw new UnsupportedOperationException("" + names.length);
  }

  /** The SRVNames (RFC 4985) as they stand, for example {@code _xmpp-server.gamma.example}. */
  public CertificateSpec srvNames(String... names) {
    throw new UnsupportedOperationException("" + names.length);
  }

  /** The XmppAddrs (RFC 6120 section 13.7.1.4) as they stand. */
  public CertificateSpec xmppAddrs(String... addresses) {
    throw new UnsupportedOperationException("" + addresses.length);
  }

  /** The iPAddresses, as literals. */
  public CertificateSpec ipAddresses(String... addresses) {
    throw new UnsupportedOperationException("" + addresses.length);
  }

  /** The extended key usage; without arguments no such extension. */
  public CertificateSpec purposes(Purpose... purposes) {
    throw new UnsupportedOperationException("" + purposes.length);
  }

  /** Key usage keyEncipherment instead of digitalSignature. */
  public CertificateSpec withoutDigitalSignature() {
    throw new UnsupportedOperationException();
  }

  /** Says cA in basicConstraints, with the key usages of an authority beside those of a server. */
  public CertificateSpec authorityFlag() {
    throw new UnsupportedOperationException();
  }

  /** How many authorities may stand below this one. */
  public CertificateSpec pathLength(int length) {
    throw new UnsupportedOperationException("" + length);
  }

  /** Name constraints: the only dNSName subtrees that may appear below this authority. */
  public CertificateSpec permitDns(String... subtrees) {
    throw new UnsupportedOperationException("" + subtrees.length);
  }

  /** The validity period. */
  public CertificateSpec validity(Instant from, Instant to) {
    throw new UnsupportedOperationException(from + " " + to);
  }

  /** The kind of key. */
  public CertificateSpec key(KeyKind kind) {
    throw new UnsupportedOperationException(kind.toString());
  }

  /** The key of another certificate, as after a renewal. */
  public CertificateSpec keyOf(TestCertificate other) {
    throw new UnsupportedOperationException(other.toString());
  }

  /** Signed over SHA-1 instead of SHA-256. */
  public CertificateSpec sha1() {
    throw new UnsupportedOperationException();
  }

  /** Signed by its own key instead of the authority's. */
  public CertificateSpec selfSigned() {
    throw new UnsupportedOperationException();
  }

  /** Which certificates are shown with it. */
  public CertificateSpec chain(ChainShape shape) {
    throw new UnsupportedOperationException(shape.toString());
  }

  /** Where its revocation list is said to be. */
  public CertificateSpec crlUrl(String url) {
    throw new UnsupportedOperationException(url);
  }

  /** Where its OCSP responder is said to be. */
  public CertificateSpec ocspUrl(String url) {
    throw new UnsupportedOperationException(url);
  }

  /** Demands a stapled OCSP answer (RFC 7633). */
  public CertificateSpec mustStaple() {
    throw new UnsupportedOperationException();
  }

  /** Adds a critical extension that nobody knows (RFC 5280 section 4.2: must be rejected). */
  public CertificateSpec unknownCriticalExtension() {
    throw new UnsupportedOperationException();
  }
}
