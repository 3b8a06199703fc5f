/**
 * Signed DNS on loopback: zones as text, broken on demand, and a server for them.
 *
 * <p>Knows master files, DNSSEC signing and denial of existence, and answering over UDP and TCP.
 * Must not know who asks, nor anything of XMPP.
 *
 * <p>Start at {@link im.comity.testkit.dns.TestZone}; a {@link im.comity.testkit.dns.ZoneSet} signs
 * zones together, and {@link im.comity.testkit.dns.TestDnsServer} serves them.
 */
@NullMarked
package im.comity.testkit.dns;

import org.jspecify.annotations.NullMarked;
