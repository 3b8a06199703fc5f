package im.comity.stream;

import im.comity.address.DomainPair;
import im.comity.transport.TlsSession;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a stream, without judgement.
 *
 * @param handle our name for it
 * @param initiated whether we opened the connection
 * @param pair sender and target of its header, in the direction in which the connection was opened;
 *     null while the peer has not said both
 * @param id the receiving entity's name for it, of the header in force; null if it sent none
 * @param version what both speak
 * @param tls the TLS session, or null in clear
 * @param features the peer's last list, or what we offered last
 * @param dialbackDeclared whether the peer's header declares the dialback namespace
 * @param remote the peer's address
 */
public record StreamFacts(
    StreamHandle handle,
    boolean initiated,
    @Nullable DomainPair pair,
    @Nullable StreamId id,
    StreamVersion version,
    @Nullable TlsSession tls,
    StreamFeatures features,
    boolean dialbackDeclared,
    InetSocketAddress remote) {

  /** Whether it runs over TLS. */
  public boolean encrypted() {
    return tls != null;
  }
}
