package im.comity.prooftype;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Where trust anchors come from (DNA-PKX-04). */
public final class Anchors {
  /** Where the distributions keep their bundle; the first that is there counts. */
  private static final List<Path> BUNDLES =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"), // Debian, Ubuntu, Arch, Alpine
          Path.of("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"), // Fedora, RHEL
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"), // older of these
          Path.of("/etc/ssl/ca-bundle.pem"), // SUSE
          Path.of("/etc/ssl/cert.pem")); // BSD, macOS

  private Anchors() {}

  /**
   * The operating system's trust anchors; where it has no bundle that we know, those that come with
   * the Java runtime.
   *
   * @throws IOException if the bundle cannot be read
   */
  public static Set<X509Certificate> system() throws IOException {
    for (Path bundle : BUNDLES) {
      if (Files.isReadable(bundle)) {
        return fromPem(bundle);
      }
    }
    return ofTheRuntime();
  }

  /**
   * The certificates in a PEM file, text between them ignored.
   *
   * @throws IOException if the file cannot be read or holds no certificate, or one that is broken
   */
  public static Set<X509Certificate> fromPem(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      Set<X509Certificate> anchors = new LinkedHashSet<>();
      CertificateFactory.getInstance("X.509")
          .generateCertificates(in)
          .forEach(certificate -> anchors.add((X509Certificate) certificate));
      if (anchors.isEmpty()) {
        throw new IOException(file + " holds no certificate");
      }
      return anchors;
    } catch (CertificateException e) {
      throw new IOException(file + " holds a certificate that cannot be read", e);
    }
  }

  private static Set<X509Certificate> ofTheRuntime() throws IOException {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      List<X509Certificate> anchors = new ArrayList<>();
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager x509) {
          anchors.addAll(List.of(x509.getAcceptedIssuers()));
        }
      }
      return new LinkedHashSet<>(anchors);
    } catch (GeneralSecurityException e) {
      throw new IOException("the runtime's trust anchors cannot be read", e);
    }
  }
}
