package im.comity.testkit.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** A private key with the chain of certificates shown for it. Immutable. */
public final class TestCertificate {
  private static final String ALIAS = "key";
  private static final Base64.Encoder LINES =
      Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

  private final PrivateKey privateKey;
  private final List<X509Certificate> chain;

  TestCertificate(PrivateKey privateKey, List<X509Certificate> chain) {
    this.privateKey = privateKey;
    this.chain = List.copyOf(chain);
  }

  /** The private key. */
  public PrivateKey privateKey() {
    return privateKey;
  }

  /** The certificate of the key. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** What is shown: the certificate itself and the others of its {@link ChainShape}. */
  public List<X509Certificate> chain() {
    return chain;
  }

  /** The chain in PEM. */
  public String chainPem() {
    return chain.stream().map(TestCertificate::pem).collect(Collectors.joining());
  }

  /** The private key in PEM, PKCS #8, not encrypted. */
  public String keyPem() {
    return pem("PRIVATE KEY", privateKey.getEncoded());
  }

  /**
   * The two files of {@link #write}.
   *
   * @param chain the chain in PEM
   * @param key the private key in PEM
   */
  public record Files(Path chain, Path key) {}

  /**
   * Writes {@code <name>.crt} and {@code <name>.key} in place of files that were there, the key
   * readable by its owner alone where the file system knows owners.
   *
   * @param directory must exist
   * @throws UncheckedIOException if that fails
   */
  public Files write(Path directory, String name) {
    Files files = new Files(directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] secret =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try {
      java.nio.file.Files.writeString(files.chain(), chainPem());
      java.nio.file.Files.deleteIfExists(files.key());
      java.nio.file.Files.createFile(files.key(), secret);
      java.nio.file.Files.writeString(files.key(), keyPem());
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Key and chain as PKCS #12 octets. */
  public byte[] pkcs12(char[] password) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      keyStore(password).store(out, password);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  /** Key and chain in a key store in memory, under the alias {@code key}. */
  public KeyStore keyStore(char[] password) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(ALIAS, (Key) privateKey, password, chain.toArray(new Certificate[0]));
      return store;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The certificate as the data of a TLSA record in master-file text; see {@link TestCa#tlsa}. */
  public String tlsa(int usage, int selector, int matching) {
    return tlsa(certificate(), usage, selector, matching);
  }

  /**
   * The hash over the whole certificate in base64, as in a POSH document (RFC 7711 section 3.1).
   *
   * @param hash for example {@code SHA-256}
   * @throws IllegalArgumentException if the hash is not known
   */
  public String fingerprint(String hash) {
    return Base64.getEncoder().encodeToString(digest(hash, encoded(certificate())));
  }

  static String tlsa(X509Certificate certificate, int usage, int selector, int matching) {
    byte[] selected =
        switch (selector) {
          case 0 -> encoded(certificate);
          case 1 -> certificate.getPublicKey().getEncoded();
          default -> throw new IllegalArgumentException("selector out of 0 and 1: " + selector);
        };
    byte[] data =
        switch (matching) {
          case 0 -> selected;
          case 1 -> digest("SHA-256", selected);
          case 2 -> digest("SHA-512", selected);
          default -> throw new IllegalArgumentException("matching out of 0 to 2: " + matching);
        };
    if (usage < 0 || usage > 3) {
      throw new IllegalArgumentException("usage out of 0 to 3: " + usage);
    }
    return "%d %d %d %s".formatted(usage, selector, matching, HexFormat.of().formatHex(data));
  }

  static String pem(X509Certificate certificate) {
    return pem("CERTIFICATE", encoded(certificate));
  }

  static String pem(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, LINES.encodeToString(der), label);
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] digest(String hash, byte[] octets) {
    try {
      return MessageDigest.getInstance(hash).digest(octets);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The subject, for messages. */
  @Override
  public String toString() {
    return certificate().getSubjectX500Principal() + " (" + chain.size() + " shown)";
  }
}
