package im.comity.prooftype;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certificates with extensions that the test authority does not make; self-signed. */
final class OddCertificates {
  private static final Provider BC = new BouncyCastleProvider();
  private static final KeyPair KEY = keyPair("EC", "secp256r1");

  private OddCertificates() {}

  /** A certificate with one extension, of these octets whatever they are. */
  static X509Certificate withExtension(String oid, byte[] octets) {
    try {
      return builder(KEY).with(new ASN1ObjectIdentifier(oid), octets).sign(KEY, "SHA256withECDSA");
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new AssertionError(e);
    }
  }

  /** A certificate signed in some way. */
  static X509Certificate signed(KeyPair key, String algorithm) {
    try {
      return builder(key).sign(key, algorithm);
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new AssertionError(e);
    }
  }

  /** The same certificate as another provider reads it. */
  static X509Certificate readBy(Provider provider, X509Certificate certificate) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509", provider)
              .generateCertificate(new ByteArrayInputStream(certificate.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static KeyPair keyPair(String algorithm, String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(new ECGenParameterSpec(curve));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static KeyPair keyPair(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static Builder builder(KeyPair key) throws IOException {
    X500Name name = new X500Name("CN=odd");
    Instant now = Instant.parse("2026-11-20T12:00:00Z");
    JcaX509v3CertificateBuilder certificate =
        new JcaX509v3CertificateBuilder(
            name,
            BigInteger.TWO,
            Date.from(now.minus(Duration.ofDays(1))),
            Date.from(now.plus(Duration.ofDays(90))),
            name,
            key.getPublic());
    certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    return new Builder(certificate);
  }

  private record Builder(JcaX509v3CertificateBuilder certificate) {
    Builder with(ASN1ObjectIdentifier oid, byte[] octets) throws IOException {
      certificate.addExtension(oid, false, octets);
      return this;
    }

    X509Certificate sign(KeyPair key, String algorithm)
        throws GeneralSecurityException, IOException, OperatorCreationException {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(
                      certificate
                          .build(
                              new JcaContentSignerBuilder(algorithm)
                                  .setProvider(BC)
                                  .build(key.getPrivate()))
                          .getEncoded()));
    }
  }
}
