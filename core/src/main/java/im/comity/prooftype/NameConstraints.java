package im.comity.prooftype;

import im.comity.address.Domain;
import im.comity.prooftype.PathJudge.Problem;
import im.comity.prooftype.Reason.Code;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds the proven domain itself against the dNSName constraints of every authority on the path and
 * of the anchor (RFC 9525 section 7.6, DNA-ID-13).
 *
 * <p>The path validator holds each dNSName in the certificate against them, but knows nothing of
 * SRVName and XmppAddr, and looks at no constraints in an anchor.
 */
final class NameConstraints {
  private static final String EXTENSION = "2.5.29.30";
  private static final int PERMITTED = 0xA0;
  private static final int EXCLUDED = 0xA1;
  private static final int DNS_NAME = 0x82;

  private final List<String> permitted = new ArrayList<>();
  private final List<String> excluded = new ArrayList<>();

  private NameConstraints() {}

  /** What forbids the domain, or null. */
  static @Nullable Problem check(
      Domain domain, List<X509Certificate> path, X509Certificate anchor) {
    if (domain.isIpLiteral()) {
      return null; // matched by iPAddress, which the path validator looks after
    }
    for (X509Certificate authority : path.subList(1, path.size())) {
      Problem problem = check(domain, authority);
      if (problem != null) {
        return problem;
      }
    }
    return check(domain, anchor);
  }

  private static @Nullable Problem check(Domain domain, X509Certificate authority) {
    try {
      if (read(authority).admits(domain.ascii())) {
        return null;
      }
      return new Problem(
          Code.NAME_CONSTRAINED,
          "%s may not issue for %s".formatted(PathJudge.subject(authority), domain));
    } catch (CertificateParsingException e) {
      return new Problem(
          Code.MALFORMED,
          "the name constraints of %s cannot be read".formatted(PathJudge.subject(authority)));
    }
  }

  private static NameConstraints read(X509Certificate authority)
      throws CertificateParsingException {
    NameConstraints constraints = new NameConstraints();
    byte[] extension = authority.getExtensionValue(EXTENSION);
    if (extension != null) {
      Der parts = Der.of(extension).enter(Der.OCTET_STRING).enter(Der.SEQUENCE);
      while (parts.hasMore()) {
        int tag = parts.tag();
        Der subtrees = parts.next();
        if (tag == PERMITTED) {
          addTo(constraints.permitted, subtrees);
        } else if (tag == EXCLUDED) {
          addTo(constraints.excluded, subtrees);
        }
      }
    }
    return constraints;
  }

  private static void addTo(List<String> names, Der subtrees) throws CertificateParsingException {
    while (subtrees.hasMore()) {
      Der subtree = subtrees.enter(Der.SEQUENCE);
      int kind = subtree.tag();
      Der base = subtree.next();
      if (kind == DNS_NAME) {
        names.add(ReferenceIdentifiers.lowerCase(base.text()));
      }
    }
  }

  private boolean admits(String name) {
    return (permitted.isEmpty() || permitted.stream().anyMatch(base -> within(name, base)))
        && excluded.stream().noneMatch(base -> within(name, base));
  }

  /** RFC 5280 section 4.2.1.10: the base with zero or more labels to its left. */
  private static boolean within(String name, String base) {
    String suffix = base.startsWith(".") ? base.substring(1) : base;
    return suffix.isEmpty()
        || (name.equals(suffix) && !base.startsWith("."))
        || name.endsWith("." + suffix);
  }
}
