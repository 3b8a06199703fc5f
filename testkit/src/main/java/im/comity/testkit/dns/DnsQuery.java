package im.comity.testkit.dns;

import java.net.InetSocketAddress;
import java.time.Instant;

/**
 * One question as it came to a {@link TestDnsServer}.
 *
 * @param name the name asked for as it was spelt, absolute with its final dot
 * @param type the record type's mnemonic, for example {@code SRV}
 * @param tcp whether it came over TCP
 * @param at when it came, by the server's clock
 * @param dnssecOk whether the DO bit was set
 * @param checkingDisabled whether the CD bit was set
 * @param udpSize the answer size offered by EDNS in octets, 512 without EDNS
 * @param client who asked
 */
public record DnsQuery(
    String name,
    String type,
    boolean tcp,
    Instant at,
    boolean dnssecOk,
    boolean checkingDisabled,
    int udpSize,
    InetSocketAddress client) {}
