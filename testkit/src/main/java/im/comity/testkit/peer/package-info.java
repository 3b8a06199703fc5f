/**
 * Scripted XMPP servers and components: peers that say what a test tells them to say and check what
 * they are told.
 *
 * <p>Knows the wire formats of RFC 6120, XEP-0220, XEP-0185, XEP-0114 and XEP-0238, written down a
 * second time. Must not know the server under test, and must not be lenient with it: what is not
 * well-formed, or comes when it should not, fails the test with the conversation so far.
 *
 * <p>Start at {@link im.comity.testkit.peer.ScriptedPeer}.
 */
@NullMarked
package im.comity.testkit.peer;

import org.jspecify.annotations.NullMarked;
