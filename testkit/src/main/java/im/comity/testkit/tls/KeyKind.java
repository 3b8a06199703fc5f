package im.comity.testkit.tls;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Kinds of keys that a {@link TestCa} makes. */
public enum KeyKind {
  /** ECDSA on P-256; a new key for each certificate. */
  EC_P256,
  /** RSA, 2,048 bits; made once per process and shared, since making one is slow. */
  RSA_2048,
  /** RSA, 1,024 bits, weak; made once per process and shared. */
  RSA_1024;

  private static final Map<KeyKind, KeyPair> SHARED = new ConcurrentHashMap<>();

  KeyPair pair() {
    return this == EC_P256 ? make() : SHARED.computeIfAbsent(this, KeyKind::make);
  }

  private KeyPair make() {
    AlgorithmParameterSpec parameters =
        switch (this) {
          case EC_P256 -> new ECGenParameterSpec("secp256r1");
          case RSA_2048 -> new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4);
          case RSA_1024 -> new RSAKeyGenParameterSpec(1024, RSAKeyGenParameterSpec.F4);
        };
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(this == EC_P256 ? "EC" : "RSA");
      generator.initialize(parameters);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
