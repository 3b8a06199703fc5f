package im.comity.testkit.dns;

/**
 * What can be wrong with a zone that its parent says is signed, and the states beside "good".
 *
 * <p>A signature defect without names strikes every record set of the zone but DNSKEY, so that the
 * chain of trust reaches the zone and ends there; with names, every record set at those names. An
 * answering defect without names strikes every question that the zone answers. DS questions for a
 * zone are answered by its parent and so are not touched by the zone's own defects.
 */
public enum ZoneDefect {
  /** Not signed, and the parent proves that there is no DS: insecure. Takes no names. */
  UNSIGNED,
  /** Served unsigned (no DNSKEY, RRSIG, NSEC) though the parent has a DS: bogus. Takes no names. */
  STRIPPED,
  /** Signatures altered, records as they were: bogus, and whoever does not check is led right. */
  TAMPERED_RRSIG,
  /** Records altered after signing: bogus, and whoever does not check reads something else. */
  TAMPERED_RECORD,
  /**
   * Signatures that ended two days before the zones were signed, more than validators forgive:
   * bogus.
   */
  EXPIRED_RRSIG,
  /** Signatures that begin two days after the zones were signed: bogus. */
  NOT_YET_VALID_RRSIG,
  /** Answers without their RRSIG records in a zone signed otherwise: bogus. */
  MISSING_RRSIG,
  /** Negative and wildcard answers without NSEC or NSEC3: bogus; plain answers stay secure. */
  MISSING_NSEC,
  /**
   * NSEC3 with opt-out: what exists is secure, a name or type that is denied in an opt-out span is
   * insecure, unsigned delegations are not proved. Takes no names.
   */
  OPT_OUT,
  /**
   * NSEC3 with 2,501 iterations, above every limit of RFC 5155 section 10.3 and of RFC 9276: what
   * exists is secure, denial is insecure or an error, as the validator chooses. Takes no names. For
   * another number see {@link Denial.Nsec3}.
   */
  HIGH_ITERATIONS,
  /** Signed and delegated with an algorithm nobody knows (number 100): insecure. Takes no names. */
  UNSUPPORTED_ALGORITHM,
  /** The DS in the parent has a digest type nobody knows (number 100): insecure. Takes no names. */
  UNSUPPORTED_DIGEST,
  /** The DS in the parent names a key that the zone does not have: bogus. Takes no names. */
  MISMATCHED_DS,
  /** Every question is answered with SERVFAIL. */
  SERVFAIL,
  /** No question is answered. */
  SILENT;

  boolean takesNames() {
    return switch (this) {
      case TAMPERED_RRSIG,
          TAMPERED_RECORD,
          EXPIRED_RRSIG,
          NOT_YET_VALID_RRSIG,
          MISSING_RRSIG,
          MISSING_NSEC,
          SERVFAIL,
          SILENT ->
          true;
      default -> false;
    };
  }

  /** Whether it says nothing of an unsigned zone. */
  boolean needsSignatures() {
    return switch (this) {
      case UNSIGNED, SERVFAIL, SILENT -> false;
      default -> true;
    };
  }
}
