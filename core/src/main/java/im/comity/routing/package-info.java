/**
 * Pairs, routes, attempts, barring: where a stanza goes next.
 *
 * <p>Knows what every pair with traffic is in: waiting for its way, open, or barred for a time; and
 * moves the stanzas of a pair from one to the next without loss and in order. Must not know bytes,
 * nor how a way is opened.
 *
 * <p>Start at {@link im.comity.routing.RoutingTable}.
 */
@NullMarked
package im.comity.routing;

import org.jspecify.annotations.NullMarked;
