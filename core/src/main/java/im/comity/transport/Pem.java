package im.comity.transport;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads certificates and private keys from PEM files (RFC 7468), which may hold other things too.
 */
final class Pem {
  /** More than any chain needs, and what two bytes of length can tell. */
  private static final long MAX_BYTES = 1 << 16;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  private static final class Block {
    final String label;
    final byte[] content;

    Block(String label, byte[] content) {
      this.label = label;
      this.content = content;
    }
  }

  private Pem() {}

  /** All certificates of a file, in its order; at least one. */
  static List<X509Certificate> certificates(Path file) throws IOException {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Block block : blocks(file)) {
        if (block.label.equals("CERTIFICATE")) {
          certificates.add(
              (X509Certificate)
                  factory.generateCertificate(new ByteArrayInputStream(block.content)));
        }
      }
    } catch (CertificateException e) {
      throw new IOException(file + ": a certificate cannot be read: " + e.getMessage(), e);
    }
    if (certificates.isEmpty()) {
      throw new IOException(file + ": no certificate");
    }
    return certificates;
  }

  /** The private key of a file, which must be that of a public key. */
  static PrivateKey key(Path file, PublicKey of) throws IOException {
    PrivateKey key = null;
    for (Block block : blocks(file)) {
      byte[] pkcs8 =
          switch (block.label) {
            case "PRIVATE KEY" -> block.content;
            // The older forms do not say, or not always, which algorithm it is.
            case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> wrap(algorithm(of), block.content);
            case "ENCRYPTED PRIVATE KEY" ->
                throw new IOException(file + ": the private key is encrypted");
            default -> null;
          };
      if (pkcs8 == null) {
        continue;
      }
      if (key != null) {
        throw new IOException(file + ": more than one private key");
      }
      try {
        key =
            KeyFactory.getInstance(of.getAlgorithm())
                .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (GeneralSecurityException e) {
        throw new IOException(
            file
                + ": no readable private key of type "
                + of.getAlgorithm()
                + ", as the certificate's",
            e);
      }
    }
    if (key == null) {
      throw new IOException(file + ": no private key");
    }
    try {
      if (!belong(key, of)) {
        throw new IOException(file + ": the private key is of another certificate");
      }
    } catch (GeneralSecurityException e) {
      throw new IOException(file + ": the private key cannot be used", e);
    }
    return key;
  }

  private static List<Block> blocks(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + ": too long for a PEM file");
    }
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
    while (matcher.find()) {
      if (matcher.group(2).contains(":")) {
        throw new IOException(file + ": the private key is encrypted"); // RFC 1421 headers
      }
      try {
        blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
      } catch (IllegalArgumentException e) {
        throw new IOException(file + ": not in Base64: " + matcher.group(1), e);
      }
    }
    return blocks;
  }

  private static boolean belong(PrivateKey key, PublicKey of) throws GeneralSecurityException {
    if (key instanceof RSAKey mine && of instanceof RSAKey theirs) {
      return mine.getModulus().equals(theirs.getModulus());
    }
    byte[] sample = {1, 2, 3};
    Signature signature =
        Signature.getInstance(of.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "EdDSA");
    signature.initSign(key);
    signature.update(sample);
    byte[] signed = signature.sign();
    signature.initVerify(of);
    signature.update(sample);
    return signature.verify(signed);
  }

  /** The AlgorithmIdentifier of a public key, in DER: the first thing in its encoding. */
  private static byte[] algorithm(PublicKey key) {
    byte[] encoded = key.getEncoded();
    int start = content(encoded, 0);
    // No algorithm needs more than 127 bytes, so that its length is one byte.
    return Arrays.copyOfRange(encoded, start, start + 2 + encoded[start + 1]);
  }

  /** Where the content of the DER element at an index begins. */
  private static int content(byte[] der, int at) {
    return at + 2 + ((der[at + 1] & 0x80) == 0 ? 0 : der[at + 1] & 0x7f);
  }

  /** A key as PKCS #8: version 0, algorithm, the key in its older form. */
  private static byte[] wrap(byte[] algorithm, byte[] key) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes(new byte[] {2, 1, 0});
    content.writeBytes(algorithm);
    content.writeBytes(element(4, key));
    return element(0x30, content.toByteArray());
  }

  private static byte[] element(int tag, byte[] content) {
    ByteArrayOutputStream element = new ByteArrayOutputStream();
    element.write(tag);
    int length = content.length;
    if (length < 0x80) {
      element.write(length);
    } else if (length < 0x100) {
      element.writeBytes(new byte[] {(byte) 0x81, (byte) length});
    } else {
      element.writeBytes(new byte[] {(byte) 0x82, (byte) (length >> 8), (byte) length});
    }
    element.writeBytes(content);
    return element.toByteArray();
  }
}
