package im.comity.testkit.tls;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import org.jspecify.annotations.Nullable;

/** Kinds of keys that a {@link TestCa} makes. */
public enum KeyKind {
  /** ECDSA on P-256; a new key for each certificate. */
  EC_P256("EC", new ECGenParameterSpec("secp256r1"), false),
  /** RSA, 2,048 bits; made once per process and shared, since making one is slow. */
  RSA_2048("RSA", new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4), true),
  /** RSA, 1,024 bits, weak; made once per process and shared. */
  RSA_1024("RSA", new RSAKeyGenParameterSpec(1024, RSAKeyGenParameterSpec.F4), true);

  private final String algorithm;
  private final AlgorithmParameterSpec parameters;
  private final boolean shared;
  private @Nullable KeyPair made;

  KeyKind(String algorithm, AlgorithmParameterSpec parameters, boolean shared) {
    this.algorithm = algorithm;
    this.parameters = parameters;
    this.shared = shared;
  }

  synchronized KeyPair pair() {
    KeyPair pair = made;
    if (pair == null) {
      try {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(parameters);
        pair = generator.generateKeyPair();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
      made = shared ? pair : null;
    }
    return pair;
  }
}
