package im.comity.testkit.tls;

/** Kinds of keys that a {@link TestCa} makes. */
public enum KeyKind {
  /** ECDSA on P-256; a new key for each certificate. */
  EC_P256,
  /** RSA, 2,048 bits; made once per process and shared, since making one is slow. */
  RSA_2048,
  /** RSA, 1,024 bits, weak; made once per process and shared. */
  RSA_1024
}
