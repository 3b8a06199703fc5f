package im.comity.testkit.tls;

/** Which certificates a {@link TestCertificate} shows, always its own first. */
public enum ChainShape {
  /** The intermediates in order, without the root. */
  COMPLETE,
  /** The intermediates in order and the root. */
  WITH_ROOT,
  /** Nothing else: the intermediates are missing. */
  LEAF_ONLY,
  /** The root first, the intermediates backwards. */
  UNORDERED,
  /** The intermediates in order, and before them a certificate that has nothing to do with it. */
  WITH_STRANGER
}
