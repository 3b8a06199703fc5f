package im.comity.prooftype;

import im.comity.address.Domain;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * The fact that whoever holds the key of a certificate speaks for a domain. Only a {@link Judge}
 * makes one; where code asks for a {@code Proof}, somebody has judged.
 */
public final class Proof {
  private final Domain domain;
  private final String prooftype;
  private final X509Certificate certificate;
  private final List<String> evidence;
  private final Instant notAfter;

  Proof(
      Domain domain,
      String prooftype,
      X509Certificate certificate,
      List<String> evidence,
      Instant notAfter) {
    this.domain = domain;
    this.prooftype = prooftype;
    this.certificate = certificate;
    this.evidence = List.copyOf(evidence);
    this.notAfter = notAfter;
  }

  /** The domain that is proven. */
  public Domain domain() {
    return domain;
  }

  /** The name of the prooftype that proved it. */
  public String prooftype() {
    return prooftype;
  }

  /** The peer's own certificate, to which the proof is bound. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** Why, in lines for people. */
  public List<String> evidence() {
    return evidence;
  }

  /** The last instant at which the proof holds (DNA-REV-05, DNA-REV-08). */
  public Instant notAfter() {
    return notAfter;
  }

  @Override
  public String toString() {
    return "%s by %s until %s: %s".formatted(domain, prooftype, notAfter, evidence);
  }
}
