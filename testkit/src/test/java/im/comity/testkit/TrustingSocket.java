package im.comity.testkit;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A TLS client that trusts one root and insists on the host's name. */
public final class TrustingSocket {
  private static final int PATIENCE_MILLIS = 20_000;

  private TrustingSocket() {}

  /** Connects and shakes hands. */
  public static SSLSocket connect(InetSocketAddress address, String host, X509Certificate root)
      throws IOException, GeneralSecurityException {
    return over(new Socket(address.getAddress(), address.getPort()), host, root, "TLSv1.3");
  }

  /** Shakes hands over a connection, by one version of TLS. */
  public static SSLSocket over(Socket plain, String host, X509Certificate root, String protocol)
      throws IOException, GeneralSecurityException {
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    anchors.setCertificateEntry("root", root);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(anchors);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), new SecureRandom());
    plain.setSoTimeout(PATIENCE_MILLIS);
    SSLSocket secure = (SSLSocket) context.getSocketFactory().createSocket(plain, host, 443, true);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setProtocols(new String[] {protocol});
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    return secure;
  }
}
