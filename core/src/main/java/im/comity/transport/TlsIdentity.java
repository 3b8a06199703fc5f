package im.comity.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashSet;
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
public record TlsIdentity(
    String name, PrivateKey key, List<X509Certificate> chain, Set<String> names) {
  private static final Integer OTHER_NAME = 0;
  private static final Integer DNS_NAME = 2;
  private static final String SRV_NAME = "1.3.6.1.5.5.7.8.7";
  private static final String SERVICE = "_xmpp-server.";

  public TlsIdentity {
    chain = List.copyOf(chain);
    names = Set.copyOf(names);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException(name + ": no certificate");
    }
  }

  /**
   * An identity for the names in its leaf: dNSName, and SRVName of {@code _xmpp-server}.
   *
   * @throws IllegalArgumentException the names cannot be read, or there is no certificate
   */
  public static TlsIdentity of(String name, PrivateKey key, List<X509Certificate> chain) {
    return new TlsIdentity(name, key, chain, chain.isEmpty() ? Set.of() : names(chain.getFirst()));
  }

  /**
   * Reads an identity from PEM files: the certificates leaf first, and an unencrypted private key
   * (PKCS #8, or the older forms for RSA and EC).
   *
   * @throws IOException not readable, or not what it should be, or the key is of another
   *     certificate
   */
  public static TlsIdentity load(Path pemChain, Path pemKey) throws IOException {
    List<X509Certificate> chain = Pem.certificates(pemChain);
    PrivateKey key = Pem.key(pemKey, chain.getFirst().getPublicKey());
    try {
      return of(pemChain.toString(), key, chain);
    } catch (IllegalArgumentException e) {
      throw new IOException(pemChain + ": " + e.getMessage(), e);
    }
  }

  private static Set<String> names(X509Certificate leaf) {
    Set<String> names = new HashSet<>();
    try {
      Collection<List<?>> alternatives = leaf.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> alternative : alternatives) {
          if (alternative.get(0).equals(DNS_NAME) && alternative.get(1) instanceof String name) {
            names.add(TlsIdentities.canonical(name));
          } else if (alternative.get(0).equals(OTHER_NAME)
              && alternative.size() > 3
              && alternative.get(2).equals(SRV_NAME)
              && alternative.get(3) instanceof String name
              && name.startsWith(SERVICE)) {
            names.add(TlsIdentities.canonical(name.substring(SERVICE.length())));
          }
        }
      }
    } catch (CertificateParsingException e) {
      throw new IllegalArgumentException("the names of a certificate cannot be read", e);
    }
    return names;
  }

  /** Without the key. */
  @Override
  public String toString() {
    return name;
  }
}
