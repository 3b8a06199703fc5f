package im.comity.testkit.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.Req;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A certification authority for tests, a root or an intermediate. Safe for use by several threads.
 */
public final class TestCa {
  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
  private static final Duration LIFE = Duration.ofDays(90);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final String KEPT = "ca";

  /** The extension and its one feature, status_request, of RFC 7633. */
  private static final ASN1ObjectIdentifier TLS_FEATURE =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.24");

  private static final long STATUS_REQUEST = 5;

  /** An arc that RFC 5612 reserves for documentation. */
  private static final ASN1ObjectIdentifier NOBODY_KNOWS =
      new ASN1ObjectIdentifier("1.3.6.1.4.1.32473.1");

  private final InstantSource time;
  private final PrivateKey key;
  private final X509Certificate certificate;
  private final @Nullable TestCa parent;
  private final AtomicLong nextSerial = new AtomicLong(1);
  private final Map<BigInteger, Instant> revoked = new ConcurrentHashMap<>();

  /** The intermediates that the corpus needs, by their purpose; guarded by itself. */
  private final Map<String, TestCa> below = new HashMap<>();

  private TestCa(
      InstantSource time, PrivateKey key, X509Certificate certificate, @Nullable TestCa parent) {
    this.time = time;
    this.key = key;
    this.certificate = certificate;
    this.parent = parent;
  }

  /** A root with a P-256 key. */
  public static TestCa root(String commonName, InstantSource time) {
    return root(CertificateSpec.authority(commonName), time);
  }

  /** A root as specified. */
  public static TestCa root(CertificateSpec spec, InstantSource time) {
    KeyPair pair = spec.keyPair();
    X500Name name = distinguished(spec.commonName);
    X509Certificate own = certificate(spec, time, pair, name, pair, BigInteger.ONE);
    return new TestCa(time, pair.getPrivate(), own, null);
  }

  /**
   * The root that is kept in the files {@code ca.crt} and {@code ca.key} of a directory; made there
   * if they are missing.
   *
   * @param directory must exist
   * @throws UncheckedIOException if reading or writing fails
   * @throws IllegalArgumentException if the files hold something else
   */
  public static TestCa keptIn(Path directory, InstantSource time) {
    Path crt = directory.resolve(KEPT + ".crt");
    Path pem = directory.resolve(KEPT + ".key");
    if (!Files.exists(crt) || !Files.exists(pem)) {
      TestCa made = root("Test Root", time);
      new TestCertificate(made.key, List.of(made.certificate)).write(directory, KEPT);
      return made;
    }
    try {
      X509Certificate own = decode(Files.readAllBytes(crt));
      String base64 = Files.readString(pem).replaceAll("-----[A-Z ]+-----|\\s", "");
      PrivateKey key =
          KeyFactory.getInstance(own.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
      TestCa kept = new TestCa(time, key, own, null);
      // The numbers used by former processes are not known; none of them issued one a millisecond.
      kept.nextSerial.set(time.millis());
      return kept;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException | ClassCastException e) {
      throw new IllegalArgumentException("no authority in " + directory, e);
    }
  }

  /** An authority below this one. */
  public TestCa intermediate(String commonName) {
    return intermediate(CertificateSpec.authority(commonName));
  }

  /** An authority below this one as specified. */
  public TestCa intermediate(CertificateSpec spec) {
    TestCertificate made = issue(spec);
    return new TestCa(time, made.privateKey(), made.certificate(), this);
  }

  /** A certificate as specified. */
  public TestCertificate issue(CertificateSpec spec) {
    KeyPair pair = spec.keyPair();
    if (spec.selfSigned) {
      X500Name name = distinguished(spec.commonName);
      return new TestCertificate(
          pair.getPrivate(), List.of(certificate(spec, time, pair, name, pair, BigInteger.ONE)));
    }
    X509Certificate issued =
        certificate(
            spec,
            time,
            pair,
            name(certificate),
            new KeyPair(certificate.getPublicKey(), key),
            BigInteger.valueOf(nextSerial.getAndIncrement()));
    return new TestCertificate(pair.getPrivate(), chain(issued, spec.shape));
  }

  /** A good certificate for a domain, by {@link CertificateSpec#server}. */
  public TestCertificate issue(String domain) {
    return issue(CertificateSpec.server(domain));
  }

  /**
   * A certificate of the corpus. Those that need one come from an intermediate below this
   * authority.
   *
   * @param domain in A-labels, at least two of them
   */
  public TestCertificate issue(CertificateKind kind, String domain) {
    String[] labels = domain.split("\\.", 3);
    if (labels.length < 2) {
      throw new IllegalArgumentException("a domain of at least two labels, not " + domain);
    }
    String rest = domain.substring(labels[0].length());
    String restOfRest = labels.length > 2 ? "." + labels[2] : "";
    CertificateSpec server = CertificateSpec.server(domain);
    CertificateSpec unnamed = CertificateSpec.commonNameOnly(domain);
    Instant now = time.instant();
    return switch (kind) {
      case GOOD -> issue(server);
      case EXPIRED -> issue(server.validity(now.minus(LIFE), now.minus(HOUR)));
      case NOT_YET_VALID -> issue(server.validity(now.plus(HOUR), now.plus(LIFE)));
      case WRONG_NAME -> issue("wrong.invalid");
      case SELF_SIGNED -> issue(server.selfSigned());
      case UNKNOWN_ISSUER -> root("Nobody's Root", time).issue(server);
      case COMMON_NAME_ONLY -> issue(unnamed);
      case AUTHORITY_AS_LEAF -> issue(server.authorityFlag());
      case CLIENT_AUTH_ONLY -> issue(server.purposes(Purpose.CLIENT_AUTH));
      case SERVER_AUTH_ONLY -> issue(server.purposes(Purpose.SERVER_AUTH));
      case NO_PURPOSE -> issue(server.purposes());
      case ANY_PURPOSE -> issue(server.purposes(Purpose.ANY));
      case XMPP_ADDR_PURPOSE -> issue(server.purposes(Purpose.XMPP_ADDR));
      case SRV_NAME_ONLY -> issue(unnamed.srvNames("_xmpp-server." + domain));
      case CLIENT_SRV_NAME_ONLY -> issue(unnamed.srvNames("_xmpp-client." + domain));
      case XMPP_ADDR_ONLY -> issue(unnamed.xmppAddrs(domain));
      case XMPP_ADDR_WITH_LOCALPART -> issue(unnamed.xmppAddrs("somebody@" + domain));
      case WILDCARD -> issue(unnamed.dnsNames("*" + rest));
      case WILDCARD_BELOW -> issue(unnamed.dnsNames("*." + domain));
      case WILDCARD_PARTIAL -> issue(unnamed.dnsNames(domain.charAt(0) + "*" + rest));
      case WILDCARD_DOUBLE -> issue(unnamed.dnsNames("*.*" + restOfRest));
      case WILDCARD_INNER -> issue(unnamed.dnsNames(labels[0] + ".*" + restOfRest));
      case WILDCARD_SRV_NAME -> issue(unnamed.srvNames("_xmpp-server.*" + rest));
      case NAME_CONSTRAINED ->
          below("Constrained to " + domain, s -> s.permitDns(domain)).issue(server);
      case NAME_CONSTRAINT_VIOLATED -> elsewhere().issue(server);
      case NAME_CONSTRAINT_VIOLATED_BY_SRV_NAME ->
          // A common name that looks like a domain would be held against the constraint as well.
          elsewhere()
              .issue(
                  CertificateSpec.commonNameOnly("Server of " + domain)
                      .srvNames("_xmpp-server." + domain));
      case INCOMPLETE_CHAIN -> below("Issuing").issue(server.chain(ChainShape.LEAF_ONLY));
      case UNORDERED_CHAIN ->
          below("Issuing").below("Second").issue(server.chain(ChainShape.UNORDERED));
      case STRANGER_IN_CHAIN -> below("Issuing").issue(server.chain(ChainShape.WITH_STRANGER));
      case CLIENT_AUTH_ONLY_INTERMEDIATE ->
          below("Clients", s -> s.purposes(Purpose.CLIENT_AUTH)).issue(server);
      case EXPIRED_INTERMEDIATE ->
          below("Expired", s -> s.validity(now.minus(LIFE), now.minus(HOUR))).issue(server);
      case PATH_TOO_LONG ->
          below("Last", s -> s.pathLength(0)).below("Beyond the Last").issue(server);
      case WEAK_KEY -> issue(server.key(KeyKind.RSA_1024));
      case SHA1_SIGNATURE -> issue(server.sha1());
      case NO_DIGITAL_SIGNATURE -> issue(server.key(KeyKind.RSA_2048).withoutDigitalSignature());
      case UNKNOWN_CRITICAL_EXTENSION -> issue(server.unknownCriticalExtension());
      case MUST_STAPLE -> issue(server.mustStaple());
      case REVOKED -> {
        TestCertificate issued = issue(server);
        revoke(issued.certificate());
        yield issued;
      }
    };
  }

  private interface Change {
    CertificateSpec to(CertificateSpec spec);
  }

  private TestCa elsewhere() {
    return below("Elsewhere", spec -> spec.permitDns("elsewhere.invalid"));
  }

  private TestCa below(String name) {
    return below(name, spec -> spec);
  }

  private TestCa below(String name, Change change) {
    synchronized (below) {
      return below.computeIfAbsent(
          name, _ -> intermediate(change.to(CertificateSpec.authority(name))));
    }
  }

  /** Its own certificate; the trust anchor if this is a root. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** Its own certificate and those above it up to the root. */
  public List<X509Certificate> path() {
    List<X509Certificate> path = new ArrayList<>();
    for (TestCa up = this; up != null; up = up.parent) {
      path.add(up.certificate);
    }
    return path;
  }

  /** Its own certificate in PEM. */
  public String pem() {
    return TestCertificate.pem(certificate);
  }

  /**
   * Writes its own certificate in PEM.
   *
   * @throws UncheckedIOException if that fails
   */
  public void write(Path file) {
    try {
      Files.writeString(file, pem());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its own certificate as the data of a TLSA record; see the method with four arguments. */
  public String tlsa(int usage, int selector, int matching) {
    return tlsa(certificate, usage, selector, matching);
  }

  /**
   * A certificate as the data of a TLSA record in master-file text (RFC 6698 section 2.2).
   *
   * @param usage 0 to 3
   * @param selector 0 the certificate, 1 its public key
   * @param matching 0 as it is, 1 SHA-256, 2 SHA-512
   */
  public static String tlsa(X509Certificate certificate, int usage, int selector, int matching) {
    return TestCertificate.tlsa(certificate, usage, selector, matching);
  }

  /**
   * Revokes a certificate that this authority issued, as of a second ago, so that even a standing
   * clock has passed the moment.
   *
   * @throws IllegalArgumentException if another issued it
   */
  public void revoke(X509Certificate issued) {
    requireOwn(issued);
    revoked.putIfAbsent(issued.getSerialNumber(), time.instant().minusSeconds(1));
  }

  /** The present revocation list in DER; the next update is due in a day. */
  public byte[] crl() {
    Instant now = time.instant();
    X509v2CRLBuilder list = new X509v2CRLBuilder(name(certificate), Date.from(now));
    list.setNextUpdate(Date.from(now.plus(DAY)));
    revoked.forEach(
        (serial, since) -> list.addCRLEntry(serial, Date.from(since), CRLReason.keyCompromise));
    try {
      list.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          extensionUtils().createAuthorityKeyIdentifier(new JcaX509CertificateHolder(certificate)));
      return list.build(signer(key, false)).getEncoded();
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * An OCSP answer in DER on a certificate of this authority; next update in a day.
   *
   * @throws IllegalArgumentException if another issued it
   */
  public byte[] ocsp(X509Certificate issued) {
    requireOwn(issued);
    try {
      CertificateID id =
          new CertificateID(
              digests().get(CertificateID.HASH_SHA1),
              new JcaX509CertificateHolder(certificate),
              issued.getSerialNumber());
      return answerOcsp(new OCSPReqBuilder().addRequest(id).build().getEncoded());
    } catch (IOException | GeneralSecurityException | OCSPException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The answer of an OCSP responder of this authority to a request in DER: good, revoked, or
   * unknown for what this authority did not issue; malformedRequest for what cannot be read.
   */
  public byte[] answerOcsp(byte[] request) {
    OCSPRespBuilder answer = new OCSPRespBuilder();
    try {
      OCSPReq asked;
      try {
        asked = new OCSPReq(request);
      } catch (IOException _) {
        return answer.build(OCSPRespBuilder.MALFORMED_REQUEST, null).getEncoded();
      }
      Instant now = time.instant();
      BasicOCSPRespBuilder statements = new BasicOCSPRespBuilder(new RespID(name(certificate)));
      for (Req one : asked.getRequestList()) {
        statements.addResponse(
            one.getCertID(), status(one.getCertID()), Date.from(now), Date.from(now.plus(DAY)));
      }
      Extension nonce = asked.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
      if (nonce != null) {
        statements.setResponseExtensions(new Extensions(nonce));
      }
      return answer
          .build(
              OCSPRespBuilder.SUCCESSFUL,
              statements.build(signer(key, false), new X509CertificateHolder[0], Date.from(now)))
          .getEncoded();
    } catch (IOException | GeneralSecurityException | OCSPException e) {
      throw new IllegalStateException(e);
    }
  }

  private CertificateStatus status(CertificateID id)
      throws GeneralSecurityException, OCSPException {
    BigInteger serial = id.getSerialNumber();
    boolean own =
        id.matchesIssuer(new JcaX509CertificateHolder(certificate), digests())
            && serial.signum() > 0
            && serial.compareTo(BigInteger.valueOf(nextSerial.get())) < 0;
    Instant since = revoked.get(serial);
    if (!own) {
      return new UnknownStatus();
    }
    return since == null
        ? CertificateStatus.GOOD
        : new RevokedStatus(Date.from(since), CRLReason.keyCompromise);
  }

  private void requireOwn(X509Certificate issued) {
    if (!issued.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())) {
      throw new IllegalArgumentException(
          "issued by %s, not by %s"
              .formatted(issued.getIssuerX500Principal(), certificate.getSubjectX500Principal()));
    }
  }

  private List<X509Certificate> chain(X509Certificate leaf, ChainShape shape) {
    List<X509Certificate> path = path();
    List<X509Certificate> shown = new ArrayList<>();
    shown.add(leaf);
    switch (shape) {
      case COMPLETE -> shown.addAll(path.subList(0, path.size() - 1));
      case WITH_ROOT -> shown.addAll(path);
      case LEAF_ONLY -> {}
      case UNORDERED -> shown.addAll(path.reversed());
      case WITH_STRANGER -> {
        shown.add(root("Stranger", time).certificate());
        shown.addAll(path.subList(0, path.size() - 1));
      }
    }
    return shown;
  }

  private static X509Certificate certificate(
      CertificateSpec spec,
      InstantSource time,
      KeyPair subjectKey,
      X500Name issuer,
      KeyPair issuerKey,
      BigInteger serial) {
    Instant from = spec.notBefore != null ? spec.notBefore : time.instant().minus(DAY);
    Instant to =
        spec.notAfter != null
            ? spec.notAfter
            : from.plus(spec.authority && !spec.digitalSignature ? AUTHORITY_LIFE : LIFE);
    try {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              serial,
              Date.from(from),
              Date.from(to),
              distinguished(spec.commonName),
              subjectKey.getPublic());
      addExtensions(builder, spec, subjectKey, issuerKey);
      return decode(builder.build(signer(issuerKey.getPrivate(), spec.sha1)).getEncoded());
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate decode(byte[] encoded) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(encoded));
  }

  private static void addExtensions(
      X509v3CertificateBuilder builder, CertificateSpec spec, KeyPair subject, KeyPair issuer)
      throws IOException, GeneralSecurityException {
    JcaX509ExtensionUtils utils = extensionUtils();
    builder.addExtension(
        Extension.subjectKeyIdentifier,
        false,
        utils.createSubjectKeyIdentifier(subject.getPublic()));
    builder.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        utils.createAuthorityKeyIdentifier(issuer.getPublic()));
    builder.addExtension(
        Extension.basicConstraints,
        true,
        spec.authority && spec.pathLength != null
            ? new BasicConstraints(spec.pathLength)
            : new BasicConstraints(spec.authority));
    int usage = spec.digitalSignature ? KeyUsage.digitalSignature : 0;
    if (spec.authority) {
      usage |= KeyUsage.keyCertSign | KeyUsage.cRLSign;
    } else if (!spec.digitalSignature) {
      usage |= KeyUsage.keyEncipherment;
    }
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
    if (!spec.purposes.isEmpty()) {
      KeyPurposeId[] purposes =
          spec.purposes.stream()
              .map(p -> KeyPurposeId.getInstance(new ASN1ObjectIdentifier(p.oid())))
              .toArray(KeyPurposeId[]::new);
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
    }
    List<GeneralName> names = spec.alternativeNames();
    if (!names.isEmpty()) {
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(names.toArray(new GeneralName[0])));
    }
    if (!spec.permittedDns.isEmpty()) {
      GeneralSubtree[] permitted =
          spec.permittedDns.stream()
              .map(name -> new GeneralSubtree(new GeneralName(GeneralName.dNSName, name)))
              .toArray(GeneralSubtree[]::new);
      builder.addExtension(Extension.nameConstraints, true, new NameConstraints(permitted, null));
    }
    if (spec.crlUrl != null) {
      DistributionPointName where = new DistributionPointName(new GeneralNames(url(spec.crlUrl)));
      builder.addExtension(
          Extension.cRLDistributionPoints,
          false,
          new CRLDistPoint(new DistributionPoint[] {new DistributionPoint(where, null, null)}));
    }
    if (spec.ocspUrl != null) {
      builder.addExtension(
          Extension.authorityInfoAccess,
          false,
          new AuthorityInformationAccess(AccessDescription.id_ad_ocsp, url(spec.ocspUrl)));
    }
    if (spec.mustStaple) {
      ASN1Encodable[] features = {new ASN1Integer(STATUS_REQUEST)};
      builder.addExtension(TLS_FEATURE, false, new DERSequence(features));
    }
    if (spec.unknownCriticalExtension) {
      builder.addExtension(NOBODY_KNOWS, true, DERNull.INSTANCE);
    }
  }

  private static GeneralName url(String url) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, url);
  }

  private static X500Name distinguished(String commonName) {
    return new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
  }

  private static X500Name name(X509Certificate certificate) {
    return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
  }

  private static ContentSigner signer(PrivateKey key, boolean sha1) {
    String algorithm =
        (sha1 ? "SHA1with" : "SHA256with") + (key.getAlgorithm().equals("RSA") ? "RSA" : "ECDSA");
    try {
      return new JcaContentSignerBuilder(algorithm).build(key);
    } catch (OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JcaX509ExtensionUtils extensionUtils() throws GeneralSecurityException {
    return new JcaX509ExtensionUtils();
  }

  private static DigestCalculatorProvider digests() throws OCSPException {
    try {
      return new JcaDigestCalculatorProviderBuilder().build();
    } catch (OperatorCreationException e) {
      throw new OCSPException("no digests", e);
    }
  }

  /** The subject, for messages. */
  @Override
  public String toString() {
    return certificate.getSubjectX500Principal().toString();
  }
}
