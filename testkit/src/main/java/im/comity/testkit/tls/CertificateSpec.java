package im.comity.testkit.tls;

import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.GeneralName;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TestCa} is to put into a certificate. Each method changes and returns this object;
 * it may be used for several certificates, but not by several threads.
 */
public final class CertificateSpec {
  private static final ASN1ObjectIdentifier SRV_NAME =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.7");
  private static final ASN1ObjectIdentifier XMPP_ADDR =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.5");

  final String commonName;
  List<String> dnsNames = List.of();
  List<String> srvNames = List.of();
  List<String> xmppAddrs = List.of();
  List<String> ipAddresses = List.of();
  List<Purpose> purposes = List.of();
  List<String> permittedDns = List.of();
  boolean digitalSignature = true;
  boolean authority;
  @Nullable Integer pathLength;
  @Nullable Instant notBefore;
  @Nullable Instant notAfter;
  boolean sha1;
  boolean selfSigned;
  ChainShape shape = ChainShape.COMPLETE;
  @Nullable String crlUrl;
  @Nullable String ocspUrl;
  boolean mustStaple;
  boolean unknownCriticalExtension;

  private KeyKind keyKind = KeyKind.EC_P256;
  private @Nullable KeyPair keyPair;

  private CertificateSpec(String commonName) {
    this.commonName = commonName;
  }

  /**
   * A certificate as good servers have it: common name and dNSName, both TLS purposes, key usage
   * digitalSignature, P-256, valid from yesterday for 90 days, complete chain.
   *
   * @param domain in A-labels
   */
  public static CertificateSpec server(String domain) {
    return commonNameOnly(domain).dnsNames(domain);
  }

  /** A certificate that names nobody in subjectAltName; otherwise as {@link #server}. */
  public static CertificateSpec commonNameOnly(String commonName) {
    return new CertificateSpec(commonName).purposes(Purpose.SERVER_AUTH, Purpose.CLIENT_AUTH);
  }

  /** A certification authority: cA, keyCertSign and cRLSign, no purposes, valid for ten years. */
  public static CertificateSpec authority(String commonName) {
    CertificateSpec spec = new CertificateSpec(commonName).authorityFlag();
    spec.digitalSignature = false;
    return spec;
  }

  /** The dNSNames, instead of those before. */
  public CertificateSpec dnsNames(String... names) {
    dnsNames = List.of(names);
    return this;
  }

  /** The SRVNames (RFC 4985) as they stand, for example {@code _xmpp-server.gamma.example}. */
  public CertificateSpec srvNames(String... names) {
    srvNames = List.of(names);
    return this;
  }

  /** The XmppAddrs (RFC 6120 section 13.7.1.4) as they stand. */
  public CertificateSpec xmppAddrs(String... addresses) {
    xmppAddrs = List.of(addresses);
    return this;
  }

  /** The iPAddresses, as literals. */
  public CertificateSpec ipAddresses(String... addresses) {
    ipAddresses = List.of(addresses);
    return this;
  }

  /** The extended key usage; without arguments no such extension. */
  public CertificateSpec purposes(Purpose... wanted) {
    purposes = List.of(wanted);
    return this;
  }

  /** Key usage keyEncipherment instead of digitalSignature. */
  public CertificateSpec withoutDigitalSignature() {
    digitalSignature = false;
    return this;
  }

  /** Says cA in basicConstraints, with the key usages of an authority beside those of a server. */
  public CertificateSpec authorityFlag() {
    authority = true;
    return this;
  }

  /** How many authorities may stand below this one. */
  public CertificateSpec pathLength(int length) {
    pathLength = length;
    return this;
  }

  /** Name constraints: the only dNSName subtrees that may appear below this authority. */
  public CertificateSpec permitDns(String... subtrees) {
    permittedDns = List.of(subtrees);
    return this;
  }

  /** The validity period, in whole seconds. */
  public CertificateSpec validity(Instant from, Instant to) {
    notBefore = from;
    notAfter = to;
    return this;
  }

  /** The kind of key. */
  public CertificateSpec key(KeyKind kind) {
    keyKind = kind;
    keyPair = null;
    return this;
  }

  /** The key of another certificate, as after a renewal. */
  public CertificateSpec keyOf(TestCertificate other) {
    keyPair = new KeyPair(other.certificate().getPublicKey(), other.privateKey());
    return this;
  }

  /** Signed over SHA-1 instead of SHA-256. */
  public CertificateSpec sha1() {
    sha1 = true;
    return this;
  }

  /** Signed by its own key instead of the authority's; nothing else is shown with it. */
  public CertificateSpec selfSigned() {
    selfSigned = true;
    return this;
  }

  /** Which certificates are shown with it. */
  public CertificateSpec chain(ChainShape wanted) {
    shape = wanted;
    return this;
  }

  /** Where its revocation list is said to be. */
  public CertificateSpec crlUrl(String url) {
    crlUrl = url;
    return this;
  }

  /** Where its OCSP responder is said to be. */
  public CertificateSpec ocspUrl(String url) {
    ocspUrl = url;
    return this;
  }

  /** Demands a stapled OCSP answer (RFC 7633). */
  public CertificateSpec mustStaple() {
    mustStaple = true;
    return this;
  }

  /** Adds a critical extension that nobody knows (RFC 5280 section 4.2: must be rejected). */
  public CertificateSpec unknownCriticalExtension() {
    unknownCriticalExtension = true;
    return this;
  }

  KeyPair keyPair() {
    KeyPair given = keyPair;
    return given != null ? given : keyKind.pair();
  }

  /** The entries of subjectAltName; none if there is no such extension. */
  List<GeneralName> alternativeNames() {
    List<GeneralName> names = new ArrayList<>();
    dnsNames.forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
    srvNames.forEach(name -> names.add(otherName(SRV_NAME, new DERIA5String(name))));
    xmppAddrs.forEach(name -> names.add(otherName(XMPP_ADDR, new DERUTF8String(name))));
    ipAddresses.forEach(name -> names.add(new GeneralName(GeneralName.iPAddress, name)));
    return names;
  }

  private static GeneralName otherName(ASN1ObjectIdentifier type, ASN1Encodable value) {
    ASN1Encodable[] parts = {type, new DERTaggedObject(true, 0, value)};
    return new GeneralName(GeneralName.otherName, new DERSequence(parts));
  }

  /** The names, for messages. */
  @Override
  public String toString() {
    return commonName + Arrays.asList(dnsNames, srvNames, xmppAddrs, ipAddresses);
  }
}
