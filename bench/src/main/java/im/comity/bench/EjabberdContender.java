package im.comity.bench;

import im.comity.interop.PeerPrograms;
import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** ejabberd without a shaper, its virtual machine as it is shipped. */
final class EjabberdContender extends Contender {
  EjabberdContender(BenchNet net, String host, List<String> components) {
    super(net, host, components);
  }

  @Override
  void prepare(TestCertificate certificate) throws IOException {
    Files.writeString(
        folder.resolve("both.pem"), certificate.chainPem() + PeerPrograms.ejabberdKey(certificate));
    Files.writeString(folder.resolve("inetrc"), PeerPrograms.erlangResolver(net.dnsPort()));
    StringBuilder hosts = new StringBuilder();
    components.forEach(
        name ->
            hosts
                .append("      \"")
                .append(name)
                .append("\": { password: \"")
                .append(SECRET)
                .append("\" }\n"));
    Files.writeString(
        folder.resolve("ejabberd.yml"),
        """
        hosts: ["%s"]
        loglevel: warning
        certfiles: ["%s/both.pem"]
        ca_file: "%s"
        s2s_use_starttls: required
        outgoing_s2s_families: [ipv4]
        auth_method: internal
        listen:
          - { port: %d, ip: "127.0.0.1", module: ejabberd_s2s_in, shaper: none }
          - { port: %d, ip: "127.0.0.1", module: ejabberd_s2s_in, tls: true, shaper: none }
          - port: %d
            ip: "127.0.0.1"
            module: ejabberd_service
            shaper: none
            hosts:
        %s
        modules:
          mod_ping: {}
          mod_disco: {}
          mod_s2s_dialback: {}
        """
            .formatted(host, folder, net.anchors, starttls, directTls, componentPort, hosts));
  }

  @Override
  List<List<String>> commands() {
    return List.of(PeerPrograms.ejabberd(folder.resolve("mnesia")));
  }

  @Override
  Map<String, String> environment() {
    return PeerPrograms.ejabberdEnvironment(folder, folder.resolve("ejabberd.log"));
  }
}
