package im.comity.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;

/**
 * A key of ours with its certificates.
 *
 * @param name for people: where it came from
 * @param key of the first certificate
 * @param chain leaf first, without the root as a rule; never empty
 * @param names the domains it is to be shown for: A-labels in lower case, {@code *.} in front for
 *     all names with one more label
 */
@SuppressWarnings("DoNotCallSuggester")
public record TlsIdentity(
    String name, PrivateKey key, List<X509Certificate> chain, Set<String> names) {
  public TlsIdentity {
    chain = List.copyOf(chain);
    names = Set.copyOf(names);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException(name + ": no certificate");
    }
  }

  /** An identity for the names in its leaf: dNSName, and SRVName of {@code _xmpp-server}. */
  public static TlsIdentity of(String name, PrivateKey key, List<X509Certificate> chain) {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads an identity from PEM files: the certificates leaf first, and an unencrypted private key
   * (PKCS #8, or the older forms for RSA and EC).
   *
   * @throws IOException not readable, or not what it should be, or the key is of another
   *     certificate
   */
  public static TlsIdentity load(Path pemChain, Path pemKey) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Without the key. */
  @Override
  public String toString() {
    return name;
  }
}
