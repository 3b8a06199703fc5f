package im.comity.testkit.tls;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;

/** A certification authority for tests, a root or an intermediate. Safe for use by threads. */
public final class TestCa {
  private TestCa() {}

  /** A root with a P-256 key. */
  public static TestCa root(String commonName, InstantSource time) {
    return root(CertificateSpec.authority(commonName), time);
  }

  /** A root as specified. */
  public static TestCa root(CertificateSpec spec, InstantSource time) {
    throw new UnsupportedOperationException(spec.toString() + time);
  }

  /** An authority below this one. */
  public TestCa intermediate(String commonName) {
    return intermediate(CertificateSpec.authority(commonName));
  }

  /** An authority below this one as specified. */
  public TestCa intermediate(CertificateSpec spec) {
    throw new UnsupportedOperationException(spec.toString());
  }

  /** A certificate as specified. */
  public TestCertificate issue(CertificateSpec spec) {
    throw new UnsupportedOperationException(spec.toString());
  }

  /** A good certificate for a domain, by {@link CertificateSpec#server}. */
  public TestCertificate issue(String domain) {
    return issue(CertificateSpec.server(domain));
  }

  /**
   * A certificate of the corpus. Those that need one come from an intermediate below this
   * authority.
   *
   * @param domain in A-labels, at least two of them
   */
  public TestCertificate issue(CertificateKind kind, String domain) {
    throw new UnsupportedOperationException(kind + domain);
  }

  /** Its own certificate; the trust anchor if this is a root. */
  public X509Certificate certificate() {
    throw new UnsupportedOperationException();
  }

  /** Its own certificate and those above it up to the root. */
  public List<X509Certificate> path() {
    throw new UnsupportedOperationException();
  }

  /** Its own certificate in PEM. */
  public String pem() {
    throw new UnsupportedOperationException();
  }

  /** Writes its own certificate in PEM. */
  public void write(Path file) {
    throw new UnsupportedOperationException(file.toString());
  }

  /** Revokes a certificate that this authority issued, from now on. */
  public void revoke(X509Certificate certificate) {
    throw new UnsupportedOperationException(certificate.toString());
  }

  /** The present revocation list in DER; the next update is due in a day. */
  public byte[] crl() {
    throw new UnsupportedOperationException();
  }

  /** An OCSP answer in DER on a certificate of this authority; next update in a day. */
  public byte[] ocsp(X509Certificate certificate) {
    throw new UnsupportedOperationException(certificate.toString());
  }

  /**
   * The answer of an OCSP responder of this authority to a request in DER: good, revoked, or
   * unknown for what this authority did not issue; malformedRequest for what cannot be read.
   */
  public byte[] answerOcsp(byte[] request) {
    throw new UnsupportedOperationException("" + request.length);
  }
}
