package im.comity.prooftype;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import im.comity.prooftype.Reason.Code;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXReason;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * Finds a path from a peer's certificate to a trust anchor and judges it by RFC 5280 section 6 and
 * by this server's rules about keys, signatures and purposes.
 *
 * <p>What the peer sends may be out of order, incomplete, or more than needed (cross-signed
 * authorities). The paths are therefore searched here, within bounds that a hostile chain cannot
 * stretch: {@link #MOST_CERTIFICATES} are looked at, a path is at most {@link #LONGEST_PATH} long,
 * and {@link #MOST_PATHS} are tried. The JDK's validator has the last word on each. Nothing is ever
 * fetched (DNA-PKX-08).
 *
 * <p>A peer comes with the same chain again and again, for each domain and stream of its own. What
 * was found out about a chain that was accepted is kept, in at most {@link #KEPT_BYTES} of
 * certificates, and answers for the very same bytes, in the same order, within the dates of all of
 * them and of the same day, since the JDK's rules about algorithms may change by the day; never for
 * other anchors, for each judge has a memory of its own. So it says nothing but what the validator
 * would say again. What was refused is not kept: it is rare, and strangers choose it.
 */
final class PathJudge {
  static final int MOST_CERTIFICATES = 10;
  static final int LONGEST_PATH = 6;
  static final int MOST_PATHS = 16;

  /**
   * Certificates that are kept, in bytes as they were sent, those that the path does without
   * included. As objects they take up to ten times as much.
   */
  static final int KEPT_BYTES = 2 << 20;

  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final String ANY_PURPOSE = "2.5.29.37.0";
  private static final String ID_ON_XMPP_ADDR = "1.3.6.1.5.5.7.8.5";
  private static final int DIGITAL_SIGNATURE = 0;

  private final Map<X500Principal, List<X509Certificate>> anchors = new HashMap<>();
  private final boolean clientAuthSuffices;
  private final Cache<List<X509Certificate>, Kept> kept;

  /**
   * A judge over a set of trust anchors.
   *
   * @param anchors certificates of authorities; their own dates are not looked at (RFC 5280 section
   *     6.1)
   * @param clientAuthSuffices whether a certificate for TLS clients alone will do (DNA-EKU-02)
   */
  PathJudge(Collection<X509Certificate> anchors, boolean clientAuthSuffices) {
    this(anchors, clientAuthSuffices, KEPT_BYTES);
  }

  /** The same with another bound. */
  PathJudge(Collection<X509Certificate> anchors, boolean clientAuthSuffices, int keptBytes) {
    for (X509Certificate anchor : anchors) {
      this.anchors
          .computeIfAbsent(anchor.getSubjectX500Principal(), _ -> new ArrayList<>())
          .add(anchor);
    }
    this.clientAuthSuffices = clientAuthSuffices;
    this.kept =
        Caffeine.newBuilder()
            .maximumWeight(keptBytes)
            .<List<X509Certificate>, Kept>weigher((_, one) -> one.bytes())
            .executor(Runnable::run)
            .build();
  }

  /**
   * What came of it.
   *
   * @param path the certificates from the peer's own to the one that the anchor issued; when no
   *     path was found, the peer's own alone
   * @param anchor where the path ends, or null when none was found
   * @param problems what is wrong with it; empty means accepted
   */
  record Verdict(
      List<X509Certificate> path, @Nullable X509Certificate anchor, List<Problem> problems) {
    boolean accepted() {
      return anchor != null && problems.isEmpty();
    }
  }

  /** One thing that is wrong. */
  record Problem(Code code, String detail) {}

  /**
   * Judges a chain as of an instant.
   *
   * @param chain the peer's own certificate first, the rest in any order
   */
  Verdict judge(List<X509Certificate> chain, Instant now) {
    Verdict known = known(chain, now);
    if (known != null) {
      return known;
    }
    Search search = new Search(chain, now);
    Verdict verdict = search.run();
    // Of several paths the first may fail now for its dates, and be the one to take later.
    if (verdict.accepted() && search.tried == 1) {
      keep(chain, verdict, now);
    }
    return verdict;
  }

  /**
   * An accepted path.
   *
   * @param from the first instant at which it is known to be accepted
   * @param until the last
   * @param bytes what all certificates of the chain take
   */
  private record Kept(Verdict verdict, Instant from, Instant until, int bytes) {}

  /** What is known of exactly this chain at this instant, or null. */
  @Nullable Verdict known(List<X509Certificate> chain, Instant now) {
    Kept one = kept.getIfPresent(chain);
    return one == null || now.isBefore(one.from()) || now.isAfter(one.until())
        ? null
        : one.verdict();
  }

  private void keep(List<X509Certificate> chain, Verdict verdict, Instant now) {
    Instant from = now.truncatedTo(ChronoUnit.DAYS);
    Instant until = from.plus(1, ChronoUnit.DAYS).minusNanos(1);
    for (X509Certificate certificate : verdict.path()) {
      Instant begin = certificate.getNotBefore().toInstant();
      Instant end = certificate.getNotAfter().toInstant();
      from = begin.isAfter(from) ? begin : from;
      until = end.isBefore(until) ? end : until;
    }
    try {
      int bytes = 0;
      for (X509Certificate certificate : chain) {
        bytes += certificate.getEncoded().length;
      }
      kept.put(List.copyOf(chain), new Kept(verdict, from, until, bytes));
    } catch (CertificateEncodingException e) {
      // Not of a connection then, where all begins with the encoding.
    }
  }

  /** The bytes of all certificates that are kept; for tests of the bound. */
  long keptBytes() {
    kept.cleanUp();
    return kept.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /** One search; holds what was found so far. */
  private final class Search {
    private final X509Certificate leaf;
    private final Set<X509Certificate> sent;
    private final Instant now;
    private final Map<X509Certificate, Map<X509Certificate, Boolean>> issuedBy = new HashMap<>();
    private @Nullable Verdict best;
    private int tried;

    Search(List<X509Certificate> chain, Instant now) {
      this.leaf = chain.getFirst();
      this.sent = new LinkedHashSet<>(chain.subList(0, Math.min(chain.size(), MOST_CERTIFICATES)));
      this.now = now;
    }

    Verdict run() {
      extend(List.of(leaf));
      if (best != null) {
        return best;
      }
      List<Problem> problems = surveyLeaf();
      problems.add(deadEnd());
      return new Verdict(List.of(leaf), null, problems);
    }

    /** Tries every way on from the last certificate of the path; true when one was accepted. */
    private boolean extend(List<X509Certificate> path) {
      X509Certificate last = path.getLast();
      for (X509Certificate anchor :
          anchors.getOrDefault(last.getIssuerX500Principal(), List.of())) {
        if (tried < MOST_PATHS && issued(anchor, last)) {
          tried++;
          Verdict verdict = new Verdict(path, anchor, problems(path, anchor));
          if (best == null || verdict.problems().size() < best.problems().size()) {
            best = verdict;
          }
          if (verdict.accepted()) {
            return true;
          }
        }
      }
      if (path.size() == LONGEST_PATH) {
        return false;
      }
      for (X509Certificate issuer : sent) {
        if (tried < MOST_PATHS
            && issuer.getSubjectX500Principal().equals(last.getIssuerX500Principal())
            && !path.contains(issuer)
            && issued(issuer, last)
            && extend(append(path, issuer))) {
          return true;
        }
      }
      return false;
    }

    private boolean issued(X509Certificate issuer, X509Certificate subject) {
      return issuedBy
          .computeIfAbsent(subject, _ -> new HashMap<>())
          .computeIfAbsent(issuer, _ -> verifies(issuer, subject));
    }

    private List<Problem> problems(List<X509Certificate> path, X509Certificate anchor) {
      List<Problem> problems = surveyLeaf();
      for (X509Certificate authority : path.subList(1, path.size())) {
        surveyDates(authority, problems);
        surveyStrength(authority, problems);
        surveyPurposeOfAuthority(authority, problems);
      }
      if (problems.isEmpty()) {
        validate(path, anchor, problems);
      }
      return problems;
    }

    private List<Problem> surveyLeaf() {
      List<Problem> problems = new ArrayList<>();
      surveyDates(leaf, problems);
      surveyStrength(leaf, problems);
      if (leaf.getBasicConstraints() >= 0) {
        problems.add(
            new Problem(
                Code.CA_AS_LEAF,
                "%s is the certificate of an authority, not of a server".formatted(subject(leaf))));
      }
      boolean[] keyUsage = leaf.getKeyUsage();
      if (keyUsage != null && !keyUsage[DIGITAL_SIGNATURE]) {
        problems.add(
            new Problem(Code.KEY_USAGE, "the key usage does not include digitalSignature"));
      }
      surveyPurposeOfLeaf(problems);
      return problems;
    }

    private void surveyDates(X509Certificate certificate, List<Problem> problems) {
      Instant from = certificate.getNotBefore().toInstant();
      Instant until = certificate.getNotAfter().toInstant();
      Instant second = now.truncatedTo(ChronoUnit.SECONDS);
      if (now.isBefore(from)) {
        problems.add(
            new Problem(
                Code.NOT_YET_VALID,
                "%s is valid from %s only, it is %s"
                    .formatted(subject(certificate), from, second)));
      } else if (now.isAfter(until)) {
        problems.add(
            new Problem(
                Code.EXPIRED,
                "%s expired at %s, it is %s".formatted(subject(certificate), until, second)));
      }
    }

    private void surveyStrength(X509Certificate certificate, List<Problem> problems) {
      String key = Strength.weakness(certificate.getPublicKey());
      if (key != null) {
        problems.add(new Problem(Code.WEAK_KEY, subject(certificate) + " has an " + key));
      }
      String signature = Strength.weakSignature(certificate);
      if (signature != null) {
        problems.add(new Problem(Code.WEAK_SIGNATURE, subject(certificate) + " is " + signature));
      }
    }

    private void surveyPurposeOfLeaf(List<Problem> problems) {
      List<String> purposes = purposes(leaf, problems);
      if (purposes == null
          || purposes.contains(SERVER_AUTH)
          || purposes.contains(ANY_PURPOSE)
          || purposes.contains(ID_ON_XMPP_ADDR)
          || (clientAuthSuffices && purposes.contains(CLIENT_AUTH))) {
        return;
      }
      problems.add(
          new Problem(
              Code.WRONG_PURPOSE,
              "the extended key usage is %s, not that of a server".formatted(named(purposes))));
    }

    private void surveyPurposeOfAuthority(X509Certificate authority, List<Problem> problems) {
      List<String> purposes = purposes(authority, problems);
      if (purposes != null && !purposes.contains(SERVER_AUTH) && !purposes.contains(ANY_PURPOSE)) {
        problems.add(
            new Problem(
                Code.WRONG_PURPOSE,
                "%s may issue for %s only".formatted(subject(authority), named(purposes))));
      }
    }

    private void validate(
        List<X509Certificate> path, X509Certificate anchor, List<Problem> problems) {
      try {
        CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        parameters.setDate(Date.from(now));
        parameters.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
      } catch (CertPathValidatorException e) {
        X509Certificate at = e.getIndex() >= 0 ? path.get(e.getIndex()) : leaf;
        problems.add(
            new Problem(
                codeOf(e.getReason()),
                "%s: %s".formatted(subject(at), Text.shown(String.valueOf(e.getMessage())))));
      } catch (GeneralSecurityException e) {
        problems.add(new Problem(Code.INVALID_PATH, Text.shown(String.valueOf(e.getMessage()))));
      }
    }

    /** Why no path from the peer's certificate reaches an anchor. */
    private Problem deadEnd() {
      X509Certificate last = leaf;
      Set<X509Certificate> passed = new LinkedHashSet<>();
      while (passed.add(last)) {
        if (verifies(last, last)) {
          return last.equals(leaf)
              ? new Problem(Code.SELF_SIGNED, "%s is signed by itself".formatted(subject(last)))
              : new Problem(
                  Code.UNKNOWN_ISSUER, "%s is no trust anchor here".formatted(subject(last)));
        }
        X509Certificate issuer = issuerAmongSent(last);
        if (issuer == null) {
          return missingIssuer(last);
        }
        last = issuer;
      }
      return new Problem(Code.INVALID_PATH, "the chain is a circle and reaches no trust anchor");
    }

    private @Nullable X509Certificate issuerAmongSent(X509Certificate certificate) {
      for (X509Certificate issuer : sent) {
        if (issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())
            && issued(issuer, certificate)) {
          return issuer;
        }
      }
      return null;
    }

    private Problem missingIssuer(X509Certificate last) {
      X500Principal issuer = last.getIssuerX500Principal();
      boolean named =
          anchors.containsKey(issuer)
              || sent.stream().anyMatch(c -> c.getSubjectX500Principal().equals(issuer));
      if (named) {
        return new Problem(
            Code.BAD_SIGNATURE,
            "%s is not signed by the %s that is known".formatted(subject(last), name(issuer)));
      }
      return last.equals(leaf)
          ? new Problem(
              Code.INCOMPLETE_CHAIN,
              "the certificate of its issuer %s was not sent and is no trust anchor here"
                  .formatted(name(issuer)))
          : new Problem(
              Code.UNKNOWN_ISSUER,
              "%s, which issued %s, was not sent and is no trust anchor here"
                  .formatted(name(issuer), subject(last)));
    }
  }

  private static boolean verifies(X509Certificate issuer, X509Certificate subject) {
    if (!issuer.getSubjectX500Principal().equals(subject.getIssuerX500Principal())) {
      return false;
    }
    try {
      subject.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false; // which signature was due is said by whoever asked
    }
  }

  private static Code codeOf(CertPathValidatorException.Reason reason) {
    return switch (reason) {
      case BasicReason.EXPIRED -> Code.EXPIRED;
      case BasicReason.NOT_YET_VALID -> Code.NOT_YET_VALID;
      case BasicReason.INVALID_SIGNATURE -> Code.BAD_SIGNATURE;
      case BasicReason.ALGORITHM_CONSTRAINED -> Code.WEAK_SIGNATURE;
      case PKIXReason.INVALID_NAME -> Code.NAME_CONSTRAINED;
      default -> Code.INVALID_PATH;
    };
  }

  private static @Nullable List<String> purposes(
      X509Certificate certificate, List<Problem> problems) {
    try {
      return certificate.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      problems.add(
          new Problem(
              Code.MALFORMED,
              "the extended key usage of %s cannot be read".formatted(subject(certificate))));
      return null;
    }
  }

  private static String named(List<String> purposes) {
    List<String> names = new ArrayList<>();
    for (String purpose : purposes.subList(0, Math.min(purposes.size(), MOST_CERTIFICATES))) {
      names.add(
          switch (purpose) {
            case CLIENT_AUTH -> "clientAuth";
            case SERVER_AUTH -> "serverAuth";
            default -> purpose;
          });
    }
    return String.join(", ", names);
  }

  private static List<X509Certificate> append(
      List<X509Certificate> path, X509Certificate certificate) {
    List<X509Certificate> longer = new ArrayList<>(path);
    longer.add(certificate);
    return longer;
  }

  /** For people: whose certificate it is. */
  static String subject(X509Certificate certificate) {
    return name(certificate.getSubjectX500Principal());
  }

  private static String name(X500Principal principal) {
    String name = principal.getName(X500Principal.RFC2253);
    return name.isEmpty() ? "(no subject)" : Text.shown(name);
  }
}
