package im.comity.bench;

import im.comity.interop.PeerPrograms;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/**
 * Prosody, as its package configures it as far as federation goes (stream management included), but
 * without module {@code limits}, and with certificates required of both sides.
 */
final class ProsodyContender extends Contender {
  ProsodyContender(BenchNet net, String host, List<String> components) {
    super(net, host, components);
  }

  @Override
  void prepare(TestCertificate certificate) throws IOException {
    StringBuilder text =
        new StringBuilder(
            """
            run_as_root = true
            pidfile = "%1$s/prosody.pid"
            data_path = "%1$s/data"
            interfaces = { "127.0.0.1" }
            s2s_ports = { %2$d }
            s2s_direct_tls_ports = { %3$d }
            c2s_ports = {}
            http_ports = {}
            https_ports = {}
            component_ports = { %4$d }
            modules_enabled = { "disco", "ping", "tls", "saslauth", "dialback", "smacks", "s2s" }
            modules_disabled = { "c2s", "offline", "http" }
            s2s_secure_auth = true
            s2s_require_encryption = true
            authentication = "internal_plain"
            ssl = { certificate = "%1$s/certificate.pem", key = "%1$s/key.pem", cafile = "%5$s" }
            %6$s
            log = { { levels = { min = "warn" }, to = "file", filename = "%1$s/prosody.log" } }
            VirtualHost "%7$s"
            """
                .formatted(
                    folder,
                    starttls,
                    directTls,
                    componentPort,
                    net.anchors,
                    PeerPrograms.prosodyResolver(net.dnsPort()),
                    host));
    components.forEach(
        name ->
            text.append("Component \"")
                .append(name)
                .append("\"\n  component_secret = \"")
                .append(SECRET)
                .append("\"\n"));
    Files.createDirectories(folder.resolve("data"));
    Files.writeString(folder.resolve("prosody.cfg.lua"), text);
  }

  @Override
  List<List<String>> commands() {
    return List.of(PeerPrograms.prosody(folder.resolve("prosody.cfg.lua")));
  }
}
