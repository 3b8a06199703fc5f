package im.comity.discovery;

import im.comity.transport.Transport;
import java.net.InetSocketAddress;

/**
 * A connection that the race won. It belongs to whoever took it, who must close it.
 *
 * @param address the address that answered
 */
public record Connected(Candidate candidate, InetSocketAddress address, Transport transport) {}
