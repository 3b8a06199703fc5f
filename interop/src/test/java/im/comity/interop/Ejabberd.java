package im.comity.interop;

import im.comity.policy.FederationLevel;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/** ejabberd 23.01, one host, in a throw-away configuration, started without its own scripts. */
final class Ejabberd extends RealPeer {
  private final Lab lab;
  private final String domain;
  private final int starttls = Lab.freePort();
  private final int directTls = Lab.freePort();
  private CertificateKind certificate = CertificateKind.GOOD;
  private boolean dialback = true;
  private String useStarttls = "required";
  private boolean starttlsOnly;
  private int component;

  Ejabberd(Lab lab, String domain) {
    super(lab.folder.resolve("ejabberd-" + domain));
    this.lab = lab;
    this.domain = domain;
  }

  Ejabberd certificate(CertificateKind kind) {
    certificate = kind;
    return this;
  }

  /** It checks certificates and knows nothing else. */
  Ejabberd withoutDialback() {
    dialback = false;
    return this;
  }

  /** TLS where the other side wants it, else clear text. */
  Ejabberd encryptionOptional() {
    useStarttls = "optional";
    return this;
  }

  @Override
  Ejabberd mouthpiece() {
    component = Lab.freePort();
    return this;
  }

  @Override
  int mouthpiecePort() {
    return component;
  }

  /** No TLS at all. */
  Ejabberd inClear() {
    useStarttls = "false";
    starttlsOnly = true;
    return this;
  }

  /** DNS does not name its direct TLS port. */
  Ejabberd starttlsOnly() {
    starttlsOnly = true;
    return this;
  }

  @Override
  String domain() {
    return domain;
  }

  @Override
  FederationLevel levelOfOurs(String ours) {
    return level("inbound", ours + " -> " + domain);
  }

  @Override
  FederationLevel levelOfTheirs(String ours) {
    return level("outbound", domain + " -> " + ours);
  }

  @Override
  String gaveUpOn(String ours) {
    return "Failed to establish outbound s2s connection "
        + Pattern.quote(domain + " -> " + ours + ":");
  }

  private FederationLevel level(String direction, String pair) {
    MatchResult accepted =
        awaitMatch(
            "\\((tls|tcp)\\|[^)]*\\) Accepted "
                + direction
                + " s2s (EXTERNAL|dialback) authentication "
                + Pattern.quote(pair));
    return level(accepted.group(1).equals("tls"), accepted.group(2).equals("EXTERNAL"));
  }

  @Override
  void prepare() throws IOException {
    if (!Files.exists(folder.resolve("certificate.pem"))) {
      TestCertificate issued = lab.ca.issue(certificate, domain);
      Files.writeString(folder.resolve("certificate.pem"), issued.chainPem() + keyPem(issued));
    }
    Files.writeString(
        folder.resolve("inetrc"),
        """
        {file, hosts, "/etc/hosts"}.
        {resolv_conf, "/dev/null"}.
        {nameserver, {127,0,0,1}, %d}.
        {lookup, [file, dns]}.
        """
            .formatted(lab.dnsPort()));
    Files.writeString(
        folder.resolve("ejabberd.yml"),
        """
        hosts: ["%s"]
        loglevel: debug
        certfiles: ["%s/certificate.pem"]
        ca_file: "%s/ca.pem"
        s2s_use_starttls: %s
        s2s_dns_timeout: 5
        s2s_max_retry_delay: 1
        outgoing_s2s_families: [ipv4]
        auth_method: internal
        listen:
          - { port: %d, ip: "127.0.0.1", module: ejabberd_s2s_in }
          - { port: %d, ip: "127.0.0.1", module: ejabberd_s2s_in, tls: true }
        %s
        modules:
          mod_ping: {}
          mod_disco: {}
        %s
        """
            .formatted(
                domain,
                folder,
                lab.folder,
                useStarttls,
                starttls,
                directTls,
                component == 0
                    ? ""
                    : ("  - { port: %d, ip: \"127.0.0.1\", module: ejabberd_service,"
                            + " check_from: false, hosts: { \"%s\": { password: \"%s\" } } }")
                        .formatted(component, mouthpieceName(), MOUTHPIECE_SECRET),
                dialback ? "  mod_s2s_dialback: {}" : ""));
    lab.publish(domain, starttls, starttlsOnly ? 0 : directTls);
  }

  /**
   * The key in the form of RFC 5915 with the public key in it: from PKCS #8 without one, ejabberd
   * cannot tell to which certificate it belongs.
   */
  private static String keyPem(TestCertificate issued) throws IOException {
    ECPrivateKey key = (ECPrivateKey) issued.privateKey();
    byte[] point =
        SubjectPublicKeyInfo.getInstance(issued.certificate().getPublicKey().getEncoded())
            .getPublicKeyData()
            .getBytes();
    byte[] encoded =
        new org.bouncycastle.asn1.sec.ECPrivateKey(
                256, key.getS(), new DERBitString(point), SECObjectIdentifiers.secp256r1)
            .getEncoded();
    return "-----BEGIN EC PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END EC PRIVATE KEY-----\n";
  }

  /**
   * Of more than 500 lines a second ejabberd drops the rest, which plays at one time reach; it
   * reads the bound from its application's environment, and not from its configuration.
   */
  @Override
  List<String> command() {
    return List.of(
        "/usr/bin/erl",
        "+K",
        "true",
        "-noinput",
        "-mnesia",
        "dir",
        "\"" + folder.resolve("mnesia") + "\"",
        "-ejabberd",
        "log_burst_limit_count",
        "1000000",
        "-s",
        "ejabberd");
  }

  @Override
  Map<String, String> environment() {
    return Map.of(
        "EJABBERD_CONFIG_PATH", folder.resolve("ejabberd.yml").toString(),
        "EJABBERD_LOG_PATH", log.toString(),
        "ERL_INETRC", folder.resolve("inetrc").toString(),
        "ERL_LIBS", libraries(),
        "HOME", folder.toString());
  }

  /** Where Debian keeps ejabberd and its libraries; what is there differs by architecture. */
  private static String libraries() {
    try (Stream<Path> places = Files.list(Path.of("/usr/lib"))) {
      return places
          .filter(place -> Files.isDirectory(place))
          .filter(
              place -> {
                try (Stream<Path> inside = Files.list(place)) {
                  return inside.anyMatch(
                      one -> one.getFileName().toString().startsWith("ejabberd-"));
                } catch (IOException e) {
                  return false;
                }
              })
          .map(Path::toString)
          .findFirst()
          .orElse("/usr/lib");
    } catch (IOException e) {
      return "/usr/lib";
    }
  }

  @Override
  List<Integer> ports() {
    return component == 0 ? List.of(starttls, directTls) : List.of(starttls, directTls, component);
  }
}
