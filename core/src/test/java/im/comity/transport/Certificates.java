package im.comity.transport;

import im.comity.address.Domain;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes identities for these tests, good and bad. */
final class Certificates {
  private static final AtomicLong SERIAL = new AtomicLong(1);

  private Certificates() {}

  static KeyPair keys(String algorithm) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      if (algorithm.equals("EC")) {
        generator.initialize(256);
      } else if (algorithm.equals("RSA")) {
        generator.initialize(2048);
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An identity that signed itself. */
  static TlsIdentity selfSigned(String... names) {
    return selfSigned(keys("EC"), names);
  }

  static TlsIdentity selfSigned(KeyPair keys, String... names) {
    X500Name subject = new X500Name("CN=self");
    X509Certificate certificate =
        sign(subject, keys, subject, keys, false, new KeyPurposeId[0], names(names));
    return TlsIdentity.of(names[0], keys.getPrivate(), List.of(certificate));
  }

  /** An identity from an authority nobody knows, with the authority in its chain. */
  static TlsIdentity issued(KeyPurposeId[] purposes, String... names) {
    KeyPair root = keys("EC");
    KeyPair keys = keys("EC");
    X500Name issuer = new X500Name("CN=authority");
    X509Certificate authority =
        sign(issuer, root, issuer, root, true, new KeyPurposeId[0], List.of());
    X509Certificate leaf =
        sign(new X500Name("CN=leaf"), keys, issuer, root, false, purposes, names(names));
    return TlsIdentity.of(names[0], keys.getPrivate(), List.of(leaf, authority));
  }

  /** An identity whose only name is an SRVName. */
  static TlsIdentity withServiceName(String service) {
    KeyPair keys = keys("EC");
    X500Name subject = new X500Name("CN=self");
    ASN1Encodable name =
        new DERSequence(
            new ASN1Encodable[] {
              new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.7"),
              new DERTaggedObject(true, 0, new DERIA5String(service))
            });
    X509Certificate certificate =
        sign(
            subject,
            keys,
            subject,
            keys,
            false,
            new KeyPurposeId[0],
            List.of(new GeneralName(GeneralName.otherName, name)));
    return TlsIdentity.of(service, keys.getPrivate(), List.of(certificate));
  }

  static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (Exception e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static List<GeneralName> names(String... names) {
    List<GeneralName> list = new ArrayList<>();
    for (String name : names) {
      list.add(new GeneralName(GeneralName.dNSName, name));
    }
    return list;
  }

  private static X509Certificate sign(
      X500Name subject,
      KeyPair keys,
      X500Name issuer,
      KeyPair signer,
      boolean authority,
      KeyPurposeId[] purposes,
      List<GeneralName> names) {
    try {
      Instant now = Instant.now();
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(SERIAL.getAndIncrement()),
              Date.from(now.minusSeconds(3600)),
              Date.from(now.plusSeconds(864000)),
              subject,
              keys.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (purposes.length > 0) {
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
      }
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      String algorithm =
          switch (signer.getPrivate().getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> "Ed25519";
          };
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate())));
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IllegalStateException(e);
    }
  }
}
