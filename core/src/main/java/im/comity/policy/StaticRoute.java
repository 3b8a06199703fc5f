package im.comity.policy;

import org.jspecify.annotations.Nullable;

/**
 * Where a target is reached instead of what DNS says (S2S-DNS-12). The target's own name is still
 * what the peer must prove.
 *
 * @param pattern the targets, as in {@link PolicyTable}
 * @param host a host name or IP address to connect to
 * @param port 1..65535
 * @param directTls whether TLS comes first; else STARTTLS
 * @param requiredProof the name of the one prooftype that counts on this route, which then is at
 *     level trusted; null if the rules say enough. {@link PolicyTable#requirement} has it in it
 */
public record StaticRoute(
    String pattern, String host, int port, boolean directTls, @Nullable String requiredProof) {}
