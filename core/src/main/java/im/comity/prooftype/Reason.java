package im.comity.prooftype;

/**
 * Why a prooftype did not prove the domain.
 *
 * @param prooftype the name of the prooftype, or {@value #ANY} where none had a chance
 * @param code the kind of obstacle
 * @param detail one line for people: what the certificate does say, escaped and bounded
 */
public record Reason(String prooftype, Code code, String detail) {
  /** Stands for the prooftype where the obstacle is the same for all of them. */
  public static final String ANY = "any";

  /** The kinds of obstacle. */
  public enum Code {
    /** The stream is not encrypted, so no certificate was shown. */
    NO_TLS,
    /** The peer showed no certificate, or a resumed session came without it (DNA-EXT-11). */
    NO_CERTIFICATE,
    /**
     * TLS 1.2 without extended master secret: a client's certificate is not tied to the session.
     */
    UNRELIABLE_SESSION,
    /** The prooftype needs DNSSEC and the delegation is not secure (DNA-GEN-01). */
    NO_SECURE_DNS,
    /** The rule names a prooftype that this server does not have. */
    UNKNOWN_PROOFTYPE,
    /** The certificate names other domains, or none (RFC 9525 section 6). */
    NAME_MISMATCH,
    /** An issuer may not issue for this domain (RFC 5280 section 4.2.1.10, DNA-ID-13). */
    NAME_CONSTRAINED,
    /** Past its last moment of validity. */
    EXPIRED,
    /** Before its first moment of validity. */
    NOT_YET_VALID,
    /** Issued by itself. */
    SELF_SIGNED,
    /** The chain ends at an authority that is no trust anchor here. */
    UNKNOWN_ISSUER,
    /** The peer did not send the certificate of an issuer (DNA-PKX-08). */
    INCOMPLETE_CHAIN,
    /** A signature in the chain does not verify. */
    BAD_SIGNATURE,
    /** The extended key usage names other purposes (DNA-EKU-01, -02, -05). */
    WRONG_PURPOSE,
    /** The key usage does not allow what TLS does with the key (DNA-EKU-03). */
    KEY_USAGE,
    /** A key too short (DNA-PKX-06). */
    WEAK_KEY,
    /** A signature over SHA-1 or MD5, or one that the platform refuses (DNA-PKX-06). */
    WEAK_SIGNATURE,
    /** The certificate of an authority where that of a server is due (DNA-PKX-02). */
    CA_AS_LEAF,
    /** Any other rule of RFC 5280 section 6 is broken. */
    INVALID_PATH,
    /** The certificate cannot be read. */
    MALFORMED
  }

  @Override
  public String toString() {
    return prooftype + ": " + detail;
  }
}
