/**
 * Domains, domain pairs and JIDs: the names that everything else is about.
 *
 * <p>Knows RFC 7622: how an address is cut into parts, how a domainpart is prepared and compared,
 * and what a localpart or resourcepart may not hold. Must not know XML, the network or DNS: an
 * address that is well formed here need not exist anywhere.
 *
 * <p>Start at {@link im.comity.address.Domain}; {@link im.comity.address.Jid} is built on it.
 */
@NullMarked
package im.comity.address;

import org.jspecify.annotations.NullMarked;
