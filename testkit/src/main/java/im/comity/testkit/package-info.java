/**
 * An internet on loopback for the tests of any XMPP server.
 *
 * <p>Knows wire formats: DNS, X.509, HTTPS, XML streams. Must not know Comity: no module of ours is
 * among its dependencies, so its peers cannot inherit our errors.
 *
 * <p>Start at {@link im.comity.testkit.peer.ScriptedPeer} on a {@link im.comity.testkit.Pipe} for a
 * conversation, at {@link im.comity.testkit.FakeClock} for time, at {@link im.comity.testkit.Leaks}
 * for what a test must not leave behind; {@link im.comity.testkit.Clause} is how tests cite the
 * ledgers.
 */
@NullMarked
package im.comity.testkit;

import org.jspecify.annotations.NullMarked;
