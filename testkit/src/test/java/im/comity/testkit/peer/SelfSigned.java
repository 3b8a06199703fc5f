package im.comity.testkit.peer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;

/** A key with a certificate of its own making, written out in DER: all that these tests need. */
record SelfSigned(KeyPair keys, X509Certificate certificate) {
  private static final byte[] ECDSA_WITH_SHA256 =
      der(0x30, new byte[] {6, 8, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 4, 3, 2});

  static SelfSigned of(String name) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair keys = generator.generateKeyPair();
      byte[] commonName =
          der(
              0x30,
              new byte[] {6, 3, 0x55, 4, 3},
              der(0x0c, name.getBytes(StandardCharsets.UTF_8)));
      byte[] subject = der(0x30, der(0x31, commonName));
      byte[] toBeSigned =
          der(
              0x30,
              der(0x02, BigInteger.ONE.toByteArray()),
              ECDSA_WITH_SHA256,
              subject,
              der(0x30, time("20200101000000Z"), time("21200101000000Z")),
              subject,
              keys.getPublic().getEncoded());
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(toBeSigned);
      byte[] certificate =
          der(0x30, toBeSigned, ECDSA_WITH_SHA256, der(0x03, new byte[1], signature.sign()));
      return new SelfSigned(
          keys,
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(certificate)));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  SSLContext context() {
    return TlsOptions.context(keys.getPrivate(), List.of(certificate));
  }

  private static byte[] time(String text) {
    return der(0x18, text.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.size();
    if (length >= 0x100) {
      out.write(0x82);
      out.write(length >> 8);
    } else if (length >= 0x80) {
      out.write(0x81);
    }
    out.write(length);
    out.writeBytes(content.toByteArray());
    return out.toByteArray();
  }
}
