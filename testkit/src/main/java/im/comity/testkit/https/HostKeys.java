package im.comity.testkit.https;

import im.comity.testkit.tls.TestCertificate;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Chooses the certificate by the host that the client named; an alias is a host. */
final class HostKeys extends X509ExtendedKeyManager {
  private static final String OTHERS = "*";

  private final Map<String, TestCertificate> certificates = new ConcurrentHashMap<>();

  HostKeys(@Nullable TestCertificate others) {
    if (others != null) {
      certificates.put(OTHERS, others);
    }
  }

  void put(String host, TestCertificate certificate) {
    certificates.put(host, certificate);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    String host = OTHERS;
    if (((SSLSocket) socket).getHandshakeSession() instanceof ExtendedSSLSession session) {
      for (SNIServerName name : session.getRequestedServerNames()) {
        if (name instanceof SNIHostName named) {
          host = TestHttps.lower(named.getAsciiName());
        }
      }
    }
    String alias = certificates.containsKey(host) ? host : OTHERS;
    TestCertificate certificate = certificates.get(alias);
    // TLS asks for one kind of key after the other until it gets an alias.
    return certificate != null && certificate.privateKey().getAlgorithm().equals(keyType)
        ? alias
        : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    TestCertificate certificate = certificates.get(alias);
    return certificate == null ? null : certificate.chain().toArray(new X509Certificate[0]);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    TestCertificate certificate = certificates.get(alias);
    return certificate == null ? null : certificate.privateKey();
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return certificates.keySet().toArray(new String[0]);
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, Socket socket) {
    return null;
  }
}
