/**
 * An internet on loopback for the tests of any XMPP server.
 *
 * <p>Knows wire formats: DNS, X.509, HTTPS, XML streams. Must not know Comity: no module of ours is
 * among its dependencies, so its peers cannot inherit our errors.
 *
 * <p>Start at {@link im.comity.testkit.Clause} for how tests cite the ledgers.
 */
@NullMarked
package im.comity.testkit;

import org.jspecify.annotations.NullMarked;
