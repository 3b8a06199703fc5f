package im.comity.prooftype;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.DSAPublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.InvalidParameterSpecException;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is too weak to prove anything (DNA-PKX-06). */
final class Strength {
  private static final int RSA_BITS = 2048;

  /** As strong as RSA with 2048 bits (NIST SP 800-57 part 1, table 2). */
  private static final int EC_BITS = 224;

  private Strength() {}

  /** What is weak about a key, or null. */
  static @Nullable String weakness(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa -> tooShort("RSA", rsa.getModulus().bitLength(), RSA_BITS);
      case DSAPublicKey dsa when dsa.getParams() != null ->
          tooShort("DSA", dsa.getParams().getP().bitLength(), RSA_BITS);
      case ECPublicKey ec -> tooShort("EC", ec.getParams().getOrder().bitLength(), EC_BITS);
      default -> null;
    };
  }

  /** What is weak about a certificate's signature, or null. */
  static @Nullable String weakSignature(X509Certificate certificate) {
    String algorithm = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
    String digest = algorithm;
    if (algorithm.contains("PSS")) {
      digest = pssDigest(certificate);
    }
    String name = digest.replace("-", "");
    boolean weak = name.startsWith("SHA1") || name.startsWith("MD");
    return weak ? "signed with " + digest : null;
  }

  private static String pssDigest(X509Certificate certificate) {
    byte[] encoded = certificate.getSigAlgParams();
    if (encoded == null) {
      return "SHA-1"; // the default of RFC 4055 section 3.1
    }
    try {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
      parameters.init(encoded);
      return parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm();
    } catch (NoSuchAlgorithmException | IOException | InvalidParameterSpecException e) {
      return "SHA-1"; // unreadable parameters are no better than the weakest
    }
  }

  private static @Nullable String tooShort(String kind, int bits, int least) {
    return bits < least ? "%s key of %d bits, less than %d".formatted(kind, bits, least) : null;
  }
}
