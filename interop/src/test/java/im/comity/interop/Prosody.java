package im.comity.interop;

import im.comity.policy.FederationLevel;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Prosody 0.12, one host, in a throw-away configuration. */
final class Prosody extends RealPeer {
  private final Lab lab;
  private final String domain;
  private final int starttls = Lab.freePort();
  private final int directTls = Lab.freePort();
  private CertificateKind certificate = CertificateKind.GOOD;
  private boolean secureAuth;
  private boolean requireEncryption = true;
  private boolean tls = true;
  private boolean bidi;
  private boolean starttlsOnly;
  private boolean dialback = true;
  private int component;

  Prosody(Lab lab, String domain) {
    super(lab.folder.resolve("prosody-" + domain));
    this.lab = lab;
    this.domain = domain;
  }

  Prosody certificate(CertificateKind kind) {
    certificate = kind;
    return this;
  }

  /** Whether it insists on certificates; else dialback will do. */
  Prosody secureAuth() {
    secureAuth = true;
    return this;
  }

  /** No TLS at all. */
  Prosody inClear() {
    tls = false;
    requireEncryption = false;
    return this;
  }

  /** DNS does not name its direct TLS port. */
  Prosody starttlsOnly() {
    starttlsOnly = true;
    return this;
  }

  /** TLS where the other side wants it, else clear text. */
  Prosody encryptionOptional() {
    requireEncryption = false;
    return this;
  }

  /** It checks certificates and knows nothing else. */
  Prosody withoutDialback() {
    dialback = false;
    return this;
  }

  @Override
  Prosody mouthpiece() {
    component = Lab.freePort();
    return this;
  }

  @Override
  int mouthpiecePort() {
    return component;
  }

  Prosody bidi() {
    bidi = true;
    return this;
  }

  @Override
  String domain() {
    return domain;
  }

  @Override
  FederationLevel levelOfOurs(String ours) {
    return level(
        "Incoming s2s connection " + ours + "->" + domain,
        "Accepting SASL EXTERNAL identity from " + ours);
  }

  @Override
  FederationLevel levelOfTheirs(String ours) {
    return level(
        "Outgoing s2s connection " + domain + "->" + ours,
        "SASL EXTERNAL with " + ours + " succeeded");
  }

  @Override
  String gaveUpOn(String ours) {
    return "error replies for 1 queued stanzas because of failed outgoing connection to "
        + Pattern.quote(ours);
  }

  private FederationLevel level(String stream, String external) {
    String session =
        awaitMatch("(s2s\\w+)\\s+info\\s+" + Pattern.quote(stream) + " complete").group(1);
    String log = logText();
    boolean tls =
        Pattern.compile(Pattern.quote(session) + "\\s+info\\s+Stream encrypted")
            .matcher(log)
            .find();
    return level(tls, log.contains(external));
  }

  @Override
  void prepare() throws IOException {
    if (!Files.exists(folder.resolve("certificate.pem"))) {
      TestCertificate issued = lab.ca.issue(certificate, domain);
      Files.writeString(folder.resolve("certificate.pem"), issued.chainPem());
      Files.writeString(folder.resolve("key.pem"), issued.keyPem());
    }
    Files.createDirectories(folder.resolve("data"));
    Files.writeString(
        folder.resolve("prosody.cfg.lua"),
        """
        run_as_root = true
        pidfile = "%1$s/prosody.pid"
        data_path = "%1$s/data"
        plugin_paths = {}
        interfaces = { "127.0.0.1" }
        s2s_ports = { %2$d }
        s2s_direct_tls_ports = { %3$s }
        c2s_ports = {}
        http_ports = {}
        https_ports = {}
        component_ports = { %14$s }
        modules_enabled = { "disco", "ping", %4$s "s2s"%5$s }
        modules_disabled = { "c2s", "offline", "http"%6$s }
        s2s_secure_auth = %7$s
        s2s_require_encryption = %8$s
        authentication = "internal_plain"
        ssl = { certificate = "%1$s/certificate.pem", key = "%1$s/key.pem", cafile = "%9$s/ca.pem" }
        unbound = { resolvconf = false, hoststxt = false, forward = { "127.0.0.1@%10$d" },
          options = { ["do-not-query-localhost:"] = "no", ["local-zone:"] = "test. transparent" } }
        log = { { levels = { min = "debug" }, to = "file", filename = "%11$s" } }
        VirtualHost "%12$s"
        %13$s
        """
            .formatted(
                folder,
                starttls,
                tls ? directTls : "",
                tls ? "\"tls\", \"saslauth\"," : "",
                (dialback ? ", \"dialback\"" : "") + (bidi ? ", \"s2s_bidi\"" : ""),
                tls ? "" : ", \"tls\"",
                secureAuth,
                requireEncryption,
                lab.folder,
                lab.dnsPort(),
                log,
                domain,
                component == 0
                    ? ""
                    : """
                      Component "%s"
                        component_secret = "%s"
                        validate_from_addresses = false
                      """
                        .formatted(mouthpieceName(), MOUTHPIECE_SECRET),
                component == 0 ? "" : component));
    lab.publish(domain, starttls, tls && !starttlsOnly ? directTls : 0);
  }

  @Override
  List<String> command() {
    return List.of(
        "/usr/bin/prosody", "-F", "--config", folder.resolve("prosody.cfg.lua").toString());
  }

  @Override
  Map<String, String> environment() {
    return Map.of();
  }

  @Override
  List<Integer> ports() {
    List<Integer> all = new ArrayList<>(List.of(starttls));
    if (tls) {
      all.add(directTls);
    }
    if (component != 0) {
      all.add(component);
    }
    return all;
  }
}
