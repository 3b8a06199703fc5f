package im.comity.prooftype;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The names in a certificate's {@code subjectAltName} that can stand for an XMPP domain, in the
 * order of the certificate (DNA-ID-16). The subject's common name is none of them (DNA-ID-10).
 *
 * @param names what the certificate says; nothing here is checked against anything
 */
public record CertificateNames(List<Name> names) {
  private static final String SUBJECT_ALT_NAME = "2.5.29.17";
  private static final byte[] ID_ON_XMPP_ADDR = {0x2B, 6, 1, 5, 5, 7, 8, 5};
  private static final byte[] ID_ON_DNS_SRV = {0x2B, 6, 1, 5, 5, 7, 8, 7};
  private static final int OTHER_NAME = 0xA0;
  private static final int DNS_NAME = 0x82;
  private static final int IP_ADDRESS = 0x87;
  private static final int EXPLICIT_VALUE = 0xA0;
  private static final int NAMES_SHOWN = 10;

  /** The kinds of name, by what RFC 5280 and its companions call them. */
  public enum Kind {
    /** A host name, perhaps with a wildcard (RFC 5280 section 4.2.1.6). */
    DNS_NAME("dNSName"),
    /** A service at a name, {@code _xmpp-server.gamma.example} (RFC 4985). */
    SRV_NAME("SRVName"),
    /** An XMPP address (RFC 6120 section 13.7.1.4). */
    XMPP_ADDR("XmppAddr"),
    /** An IP address in its usual text form. */
    IP_ADDRESS("iPAddress");

    private final String wire;

    Kind(String wire) {
      this.wire = wire;
    }
  }

  /**
   * One name.
   *
   * @param kind which kind of name
   * @param value as the certificate has it; the text form of the octets for an IP address
   */
  public record Name(Kind kind, String value) {
    /** For people: kind and value, the value escaped and cut. */
    @Override
    public String toString() {
      return kind.wire + " " + Text.shown(value);
    }
  }

  /** Copies the list. */
  public CertificateNames {
    names = List.copyOf(names);
  }

  /**
   * Reads the names of a certificate from the DER of the extension, because providers disagree
   * about what {@link X509Certificate#getSubjectAlternativeNames()} returns for {@code otherName}
   * (DNA-ID-15).
   *
   * @throws CertificateParsingException if the extension is not what RFC 5280 says
   */
  public static CertificateNames of(X509Certificate certificate)
      throws CertificateParsingException {
    byte[] extension = certificate.getExtensionValue(SUBJECT_ALT_NAME);
    if (extension == null) {
      return new CertificateNames(List.of());
    }
    List<Name> names = new ArrayList<>();
    Der entries = Der.of(extension).enter(Der.OCTET_STRING).enter(Der.SEQUENCE);
    while (entries.hasMore()) {
      int tag = entries.tag();
      Der entry = entries.next();
      switch (tag) {
        case DNS_NAME -> names.add(new Name(Kind.DNS_NAME, entry.text()));
        case IP_ADDRESS -> names.add(new Name(Kind.IP_ADDRESS, address(entry.rest())));
        case OTHER_NAME -> addOtherName(entry, names);
        default -> {} // e-mail addresses, URIs and the like are nobody's domain
      }
    }
    return new CertificateNames(names);
  }

  private static void addOtherName(Der otherName, List<Name> names)
      throws CertificateParsingException {
    byte[] type = otherName.enter(Der.OBJECT_IDENTIFIER).rest();
    Der value = otherName.enter(EXPLICIT_VALUE);
    if (Arrays.equals(type, ID_ON_XMPP_ADDR)) {
      names.add(new Name(Kind.XMPP_ADDR, value.string()));
    } else if (Arrays.equals(type, ID_ON_DNS_SRV)) {
      names.add(new Name(Kind.SRV_NAME, value.string()));
    }
  }

  private static String address(byte[] octets) throws CertificateParsingException {
    try {
      return InetAddress.getByAddress(octets).getHostAddress();
    } catch (UnknownHostException e) {
      throw new CertificateParsingException("iPAddress of %d octets".formatted(octets.length), e);
    }
  }

  /** For people: the names, at most ten of them, or that there is none. */
  @Override
  public String toString() {
    if (names.isEmpty()) {
      return "no usable name";
    }
    String shown =
        names.stream().limit(NAMES_SHOWN).map(Name::toString).collect(Collectors.joining(", "));
    int more = names.size() - NAMES_SHOWN;
    return more > 0 ? shown + " and " + more + " more" : shown;
  }
}
