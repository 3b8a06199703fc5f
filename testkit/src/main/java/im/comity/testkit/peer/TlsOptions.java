package im.comity.testkit.peer;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How a scripted peer makes a TLS handshake. Names are never checked: a peer takes down what it
 * sees, and the test judges.
 *
 * @param context keys and trust; see {@link #context(PrivateKey, List)}
 * @param client true for the client's side of the handshake
 * @param serverName the SNI a client sends, as A-labels; null for none
 * @param alpn what a client offers, or what a server takes, the best first; a server of no common
 *     protocol fails the handshake, an empty list leaves ALPN out
 * @param clientCertificate whether a server asks for one
 * @param protocols TLS versions, for example {@code TLSv1.2}; empty for what the JDK enables
 */
public record TlsOptions(
    SSLContext context,
    boolean client,
    @Nullable String serverName,
    List<String> alpn,
    ClientCertificate clientCertificate,
    List<String> protocols) {
  /** Whether a server asks its client for a certificate. */
  public enum ClientCertificate {
    /** Does not ask. */
    UNASKED,
    /** Asks, and goes on without. */
    WANTED,
    /** Asks, and fails the handshake without. */
    NEEDED
  }

  /** Copies the lists. */
  public TlsOptions {
    Objects.requireNonNull(context);
    alpn = List.copyOf(alpn);
    protocols = List.copyOf(protocols);
  }

  /** A client that sends this SNI and offers no ALPN. */
  public static TlsOptions client(SSLContext context, @Nullable String serverName) {
    return new TlsOptions(
        context, true, serverName, List.of(), ClientCertificate.UNASKED, List.of());
  }

  /** A server that asks for a certificate, goes on without, and knows no ALPN. */
  public static TlsOptions server(SSLContext context) {
    return new TlsOptions(context, false, null, List.of(), ClientCertificate.WANTED, List.of());
  }

  /** The same with this ALPN. */
  public TlsOptions alpn(String... names) {
    return new TlsOptions(
        context, client, serverName, List.of(names), clientCertificate, protocols);
  }

  /** The same with these TLS versions. */
  public TlsOptions protocols(String... versions) {
    return new TlsOptions(context, client, serverName, alpn, clientCertificate, List.of(versions));
  }

  /** The same server, asking so for a certificate. */
  public TlsOptions clientCertificate(ClientCertificate asked) {
    return new TlsOptions(context, client, serverName, alpn, asked, protocols);
  }

  /**
   * A context that shows this chain to everybody, whatever the other side asks for, and accepts any
   * chain of the other side.
   */
  public static SSLContext context(PrivateKey key, List<X509Certificate> chain) {
    return LenientContext.of(new LenientContext.OneIdentity(key, chain));
  }

  /** A context without a certificate, for clients, which accepts any chain of the other side. */
  public static SSLContext anonymous() {
    return LenientContext.of(null);
  }
}
