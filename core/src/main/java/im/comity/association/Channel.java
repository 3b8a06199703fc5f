package im.comity.association;

import im.comity.transport.TlsSession;
import org.jspecify.annotations.Nullable;

/**
 * What admission has to know of a stream.
 *
 * @param stream our handle of it
 * @param session what its TLS handshake agreed on, or null if it is in clear
 */
public record Channel(long stream, @Nullable TlsSession session) {}
