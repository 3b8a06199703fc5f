package im.comity.prooftype;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.prooftype.CertificateNames.Kind;
import im.comity.prooftype.CertificateNames.Name;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names that a certificate may carry in order to stand for one domain (RFC 9525 section 6.1.1):
 * its host name, its {@code _xmpp-server} service name and its XMPP address; for an IP literal the
 * address alone.
 *
 * <p>Built from the domain that the user or the peer's stream header named, before any certificate
 * is looked at. Names met on the way (SRV targets, CNAMEs) are never among them (DNA-ID-02), nor is
 * the certificate's common name (DNA-ID-10).
 */
public final class ReferenceIdentifiers {
  private static final String SERVICE = "_xmpp-server";

  private final Domain domain;
  private final List<Name> names;

  private ReferenceIdentifiers(Domain domain, List<Name> names) {
    this.domain = domain;
    this.names = names;
  }

  /** The identifiers of a source domain. */
  public static ReferenceIdentifiers of(Domain source) {
    if (source.isIpLiteral()) {
      return new ReferenceIdentifiers(
          source, List.of(new Name(Kind.IP_ADDRESS, address(source.ascii()))));
    }
    String ascii = lowerCase(source.ascii());
    return new ReferenceIdentifiers(
        source,
        List.of(
            new Name(Kind.DNS_NAME, ascii),
            new Name(Kind.SRV_NAME, SERVICE + "." + ascii),
            new Name(Kind.XMPP_ADDR, source.toString())));
  }

  /** The identifiers, the commonest first. */
  public List<Name> names() {
    return names;
  }

  /**
   * The first name of the certificate that matches one of these, or null. Each presented name is
   * compared whole with the reference of its own kind, so that the service of one name is never
   * combined with the domain of another (DNA-ID-06).
   */
  public @Nullable Name match(CertificateNames presented) {
    for (Name reference : names) {
      for (Name name : presented.names()) {
        if (name.kind() == reference.kind() && matches(name, reference)) {
          return name;
        }
      }
    }
    return null;
  }

  private boolean matches(Name presented, Name reference) {
    return switch (presented.kind()) {
      case DNS_NAME -> dnsMatches(presented.value(), reference.value());
      case SRV_NAME -> srvMatches(presented.value(), reference.value());
      case XMPP_ADDR -> xmppMatches(presented.value());
      case IP_ADDRESS -> presented.value().equals(reference.value());
    };
  }

  /** RFC 9525 section 6.5: the service type whole, without regard to case; the rest as a DNS-ID. */
  private static boolean srvMatches(String presented, String reference) {
    int dot = presented.indexOf('.');
    return dot > 0
        && lowerCase(presented.substring(0, dot)).equals(SERVICE)
        && dnsMatches(presented.substring(dot + 1), reference.substring(SERVICE.length() + 1));
  }

  /**
   * RFC 9525 section 6.3: label by label on A-labels, without regard to ASCII case; a wildcard is
   * exactly one asterisk that is the complete left-most label and stands for exactly one label. An
   * asterisk elsewhere is a character like any other, which no reference has.
   */
  private static boolean dnsMatches(String presented, String reference) {
    String name = lowerCase(presented);
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    if (!name.startsWith("*.")) {
      return name.equals(reference);
    }
    int dot = reference.indexOf('.');
    return dot > 0 && name.substring(1).equals(reference.substring(dot));
  }

  /** RFC 6120 section 13.7.1.4: a bare domain, compared after preparation; no wildcard. */
  private boolean xmppMatches(String presented) {
    try {
      return Domain.of(presented).equals(domain);
    } catch (AddressFormatException e) {
      return false; // an account or a resource is no domain
    }
  }

  /** ASCII alone is folded, so that no letter from elsewhere (U+212A) becomes an ASCII one. */
  static String lowerCase(String name) {
    int upper = 0;
    while (upper < name.length() && !isUpper(name.charAt(upper))) {
      upper++;
    }
    if (upper == name.length()) {
      return name; // as nearly all are
    }
    StringBuilder folded = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      folded.append(isUpper(c) ? (char) (c - 'A' + 'a') : c);
    }
    return folded.toString();
  }

  private static boolean isUpper(char c) {
    return c >= 'A' && c <= 'Z';
  }

  private static String address(String literal) {
    String bare = literal.startsWith("[") ? literal.substring(1, literal.length() - 1) : literal;
    return InetAddress.ofLiteral(bare).getHostAddress();
  }
}
