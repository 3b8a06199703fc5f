package im.comity.testkit.tls;

import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** A private key with the chain of certificates shown for it. Immutable. */
public final class TestCertificate {
  private TestCertificate() {}

  /** The private key. */
  public PrivateKey privateKey() {
    throw new UnsupportedOperationException();
  }

  /** The certificate of the key. */
  public X509Certificate certificate() {
    throw new UnsupportedOperationException();
  }

  /** What is shown: the certificate itself and the others of its {@link ChainShape}. */
  public List<X509Certificate> chain() {
    throw new UnsupportedOperationException();
  }

  /** The chain in PEM. */
  public String chainPem() {
    throw new UnsupportedOperationException();
  }

  /** The private key in PEM, PKCS #8, not encrypted. */
  public String keyPem() {
    throw new UnsupportedOperationException();
  }

  /** The two files of {@link #write}. */
  public record Files(Path chain, Path key) {}

  /** Writes {@code <name>.crt} and {@code <name>.key}, the key readable by the owner alone. */
  public Files write(Path directory, String name) {
    throw new UnsupportedOperationException(directory + name);
  }

  /** Key and chain as PKCS #12 octets. */
  public byte[] pkcs12(char[] password) {
    throw new UnsupportedOperationException("" + password.length);
  }

  /** Key and chain in a key store in memory, under the alias {@code key}. */
  public KeyStore keyStore(char[] password) {
    throw new UnsupportedOperationException("" + password.length);
  }

  /**
   * The certificate as the data of a TLSA record; see {@link #tlsa(X509Certificate, int, int,
   * int)}.
   */
  public String tlsa(int usage, int selector, int matching) {
    throw new UnsupportedOperationException("" + usage + selector + matching);
  }

  /**
   * A certificate as the data of a TLSA record in master-file text (RFC 6698).
   *
   * @param usage 0 to 3
   * @param selector 0 the certificate, 1 its public key
   * @param matching 0 as it is, 1 SHA-256, 2 SHA-512
   */
  public static String tlsa(X509Certificate certificate, int usage, int selector, int matching) {
    throw new UnsupportedOperationException("" + certificate + usage + selector + matching);
  }

  /**
   * The hash over the whole certificate in base64, as in a POSH document (RFC 7711 section 3.1).
   *
   * @param hash for example {@code SHA-256}
   */
  public String fingerprint(String hash) {
    throw new UnsupportedOperationException(hash);
  }
}
