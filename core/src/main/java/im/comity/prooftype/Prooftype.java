package im.comity.prooftype;

/**
 * A way of proving that a peer speaks for a domain (RFC 7712 section 1): the extension point of
 * this package (DNA-GEN-02).
 *
 * <p>An implementation documents the four things that make a prooftype (RFC 7712 section 7): what
 * the peer shows, what that is compared with, where this comes from, and whether secure DNS is
 * needed. It is called on virtual threads, by many at once, and may block there.
 */
public interface Prooftype {
  /** The name by which policy rules call it: lower case, stable. */
  String name();

  /** Whether it means anything only when the delegation is secured by DNSSEC (DNA-GEN-01). */
  boolean needsSecureDns();

  /** Judges a certificate; says nothing about whether the proof is wanted. */
  Finding judge(Question question);
}
