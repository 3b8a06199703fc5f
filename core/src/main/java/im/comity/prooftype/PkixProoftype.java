package im.comity.prooftype;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.prooftype.CertificateNames.Name;
import im.comity.prooftype.PathJudge.Problem;
import im.comity.prooftype.Reason.Code;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PKIX: the peer shows a certificate chain; it is compared with the domain's reference identifiers
 * and our trust anchors, which are configuration; secure DNS is not needed (RFC 6120 section 13.7,
 * RFC 9525).
 *
 * <p>A peer's certificate is judged as that of a server, whichever side opened the connection,
 * since public authorities issue no others (DNA-EKU-01). Whatever is wrong is reported, not the
 * first thing alone.
 */
public final class PkixProoftype implements Prooftype {
  /** The name in policy rules. */
  public static final String NAME = "pkix";

  private static final String ANY = "*";
  private static final String BELOW = "*.";

  private final PathJudge general;
  private final Map<String, PathJudge> ofPeers = new HashMap<>();

  /**
   * Trust anchors for some peers alone. For the domains of the pattern the general anchors are not
   * used (S2S-TLS-32).
   *
   * @param pattern {@code example.org}, {@code *.example.org} for all below it, or {@code *}
   * @param anchors certificates of authorities
   * @param clientAuthSuffices whether these authorities' certificates for TLS clients alone will do
   *     (DNA-EKU-02)
   */
  public record PeerAnchors(
      String pattern, Collection<X509Certificate> anchors, boolean clientAuthSuffices) {
    /** Copies the anchors. */
    public PeerAnchors {
      anchors = List.copyOf(anchors);
    }
  }

  /**
   * PKIX with these anchors.
   *
   * @param anchors for all peers but those that have their own; see {@link Anchors}
   * @param ofPeers the most specific pattern counts
   * @throws IllegalArgumentException if a pattern is no domain, or given twice
   */
  public PkixProoftype(Collection<X509Certificate> anchors, List<PeerAnchors> ofPeers) {
    general = new PathJudge(anchors, false);
    for (PeerAnchors peer : ofPeers) {
      PathJudge judge = new PathJudge(peer.anchors(), peer.clientAuthSuffices());
      if (this.ofPeers.putIfAbsent(canonical(peer.pattern()), judge) != null) {
        throw new IllegalArgumentException("anchors given twice for " + peer.pattern());
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean needsSecureDns() {
    return false;
  }

  @Override
  public Finding judge(Question question) {
    X509Certificate leaf = question.certificate().leaf();
    ReferenceIdentifiers wanted = ReferenceIdentifiers.of(question.domain());
    List<Reason> reasons = new ArrayList<>();
    Name match = match(wanted, leaf, question.domain(), reasons);
    PathJudge.Verdict verdict =
        judgeOf(question.domain()).judge(question.certificate().chain(), question.now());
    verdict.problems().forEach(problem -> reasons.add(reason(problem.code(), problem.detail())));
    X509Certificate anchor = verdict.anchor();
    if (match != null && anchor != null && reasons.isEmpty()) {
      Problem constrained = NameConstraints.check(question.domain(), verdict.path(), anchor);
      if (constrained == null) {
        return proves(question.domain(), match, verdict.path(), anchor);
      }
      reasons.add(reason(constrained.code(), constrained.detail()));
    }
    return new Finding.ProvesNothing(reasons);
  }

  private static @Nullable Name match(
      ReferenceIdentifiers wanted, X509Certificate leaf, Domain domain, List<Reason> reasons) {
    try {
      CertificateNames names = CertificateNames.of(leaf);
      Name match = wanted.match(names);
      if (match == null) {
        String said =
            names.names().isEmpty()
                ? "the certificate of %s has no subjectAltName for a domain, and its common name"
                        .formatted(PathJudge.subject(leaf))
                    + " does not count"
                : "the certificate names %s, not %s".formatted(names, domain);
        reasons.add(reason(Code.NAME_MISMATCH, said));
      }
      return match;
    } catch (CertificateParsingException e) {
      reasons.add(
          reason(
              Code.MALFORMED,
              "the subjectAltName of %s cannot be read: %s"
                  .formatted(PathJudge.subject(leaf), e.getMessage())));
      return null;
    }
  }

  private static Finding proves(
      Domain domain, Name match, List<X509Certificate> path, X509Certificate anchor) {
    Instant notAfter = Instant.MAX;
    List<String> evidence = new ArrayList<>();
    evidence.add("%s matches %s".formatted(match, domain));
    for (X509Certificate certificate : path) {
      Instant end = certificate.getNotAfter().toInstant();
      notAfter = end.isBefore(notAfter) ? end : notAfter;
      evidence.add("%s until %s".formatted(PathJudge.subject(certificate), end));
    }
    evidence.add("trust anchor " + PathJudge.subject(anchor));
    return new Finding.Proves(evidence, notAfter);
  }

  private static Reason reason(Code code, String detail) {
    return new Reason(NAME, code, detail);
  }

  /** The judge of the most specific pattern that covers the domain. */
  private PathJudge judgeOf(Domain domain) {
    if (ofPeers.isEmpty()) {
      return general;
    }
    String name = domain.toString();
    PathJudge judge = ofPeers.get(name);
    for (int dot = name.indexOf('.'); judge == null && dot > 0; dot = name.indexOf('.', dot + 1)) {
      judge = ofPeers.get(BELOW + name.substring(dot + 1));
    }
    return judge != null ? judge : ofPeers.getOrDefault(ANY, general);
  }

  private static String canonical(String pattern) {
    if (pattern.equals(ANY)) {
      return pattern;
    }
    boolean below = pattern.startsWith(BELOW);
    try {
      Domain domain = Domain.of(below ? pattern.substring(BELOW.length()) : pattern);
      return below ? BELOW + domain : domain.toString();
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException("no pattern of domains: " + pattern, e);
    }
  }
}
