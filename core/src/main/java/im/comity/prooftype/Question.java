package im.comity.prooftype;

import im.comity.address.Domain;
import im.comity.transport.PeerCertificate;
import java.time.Instant;

/**
 * What a prooftype is asked: does this certificate speak for this domain, now?
 *
 * @param domain the domain to prove: the header's {@code to} on a stream that we opened, its {@code
 *     from} on one that the peer opened (DNA-ID-14), or the domain that a dialback request asserts
 * @param certificate what the peer presented and holds the key of
 * @param inbound whether the peer opened the connection, and so presented it as a TLS client
 * @param now the instant as of which validity counts
 */
public record Question(Domain domain, PeerCertificate certificate, boolean inbound, Instant now) {}
