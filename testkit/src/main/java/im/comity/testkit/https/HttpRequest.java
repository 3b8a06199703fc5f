package im.comity.testkit.https;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request as it came to a {@link TestHttps}.
 *
 * @param method for example {@code GET}
 * @param host the Host header without port, lower case; empty without one
 * @param path the request target: path and query
 * @param headers by lower-case name; of several with one name the last
 * @param body at most 64 KiB; do not change
 * @param serverName the SNI host name; null without TLS or without the extension
 * @param at when the head was read, by the server's clock
 * @param client who asked
 */
@SuppressWarnings("ArrayRecordComponent") // Octets are for the wire, not for comparing.
public record HttpRequest(
    String method,
    String host,
    String path,
    Map<String, String> headers,
    byte[] body,
    @Nullable String serverName,
    Instant at,
    InetSocketAddress client) {}
