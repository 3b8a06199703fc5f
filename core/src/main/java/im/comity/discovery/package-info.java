/**
 * From a domain to a connection: SRV records, addresses, and the race of connects to them.
 *
 * <p>Knows DNS answers and what became of every question, the order of RFC 2782, the rules of RFC
 * 6120 section 3.2 and XEP-0368 on what to do without records, which addresses may be connected to,
 * and RFC 8305 with XEP-0495 on how to try several.
 *
 * <p>Must not know how a stream is spoken or why a peer is trusted. It never asks the JDK to look
 * up a name: every name goes through {@link im.comity.discovery.Resolver}. Nothing here throws for
 * what a stranger's DNS says: answers are sealed results.
 *
 * <p>Start at {@link im.comity.discovery.Discovery}, then {@link im.comity.discovery.ConnectRace}.
 */
@NullMarked
package im.comity.discovery;

import org.jspecify.annotations.NullMarked;
