package im.comity.bench;

import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/**
 * jabberd2 as router and s2s alone. It has no EXTERNAL and no direct TLS: its peers prove
 * themselves by dialback over TLS.
 */
final class Jabberd2Contender extends Contender {
  Jabberd2Contender(BenchNet net, String host, List<String> components) {
    super(net, host, components);
  }

  @Override
  List<Integer> ports() {
    return List.of(componentPort, starttls);
  }

  @Override
  void prepare(TestCertificate certificate) throws IOException {
    Files.writeString(folder.resolve("both.pem"), certificate.chainPem() + certificate.keyPem());
    Files.writeString(
        folder.resolve("users.xml"),
        "<users><user><name>jabberd</name><secret>%s</secret></user></users>\n".formatted(SECRET));
    Files.writeString(folder.resolve("filter.xml"), "<filter/>\n");
    Files.writeString(
        folder.resolve("router.xml"),
        """
        <router>
          <id>router</id>
          <pidfile>%1$s/router.pid</pidfile>
          <log type='file'><file>%1$s/router.log</file></log>
          <local>
            <ip>127.0.0.1</ip><port>%2$d</port>
            <users>%1$s/users.xml</users>
            <secret>%3$s</secret>
          </local>
          <io><max_fds>20000</max_fds></io>
          <aci><acl type='all'><user>jabberd</user></acl><filter>%1$s/filter.xml</filter></aci>
        </router>
        """
            .formatted(folder, componentPort, SECRET));
    Files.writeString(
        folder.resolve("s2s.xml"),
        """
        <s2s>
          <id>s2s</id>
          <pidfile>%1$s/s2s.pid</pidfile>
          <router>
            <ip>127.0.0.1</ip><port>%2$d</port><user>jabberd</user><pass>%3$s</pass>
            <retry><init>3</init><lost>3</lost><sleep>2</sleep></retry>
          </router>
          <log type='file'><file>%1$s/s2s.log</file></log>
          <local>
            <ip>127.0.0.1</ip><port>%4$d</port>
            <pemfile>%1$s/both.pem</pemfile>
            <cachain>%5$s</cachain>
          </local>
          <io><max_fds>20000</max_fds></io>
          <lookup><srv>xmpp-server</srv></lookup>
          <out-conn-reuse/>
          <security><require_tls/></security>
        </s2s>
        """
            .formatted(folder, componentPort, SECRET, starttls, net.anchors));
  }

  @Override
  List<List<String>> commands() {
    return List.of(
        List.of("/usr/sbin/jabberd2-router", "-c", folder.resolve("router.xml").toString()),
        List.of("/usr/sbin/jabberd2-s2s", "-c", folder.resolve("s2s.xml").toString()));
  }

  @Override
  Map<String, String> environment() {
    return Map.of("NAMESERVERS", "127.0.0.1", "RES_OPTIONS", "port:" + net.dnsPort());
  }
}
