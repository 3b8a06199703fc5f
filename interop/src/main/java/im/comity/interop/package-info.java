/**
 * How we are held to our word: the conformance report, and the plays against other servers.
 *
 * <p>Knows the ledgers of {@code doc/spec}, the sources of the tests, and other servers as programs
 * to be started. Must not be needed by what is shipped: module bench alone depends on it, and it is
 * not published.
 *
 * <p>Start at {@link im.comity.interop.Conformance}.
 */
@NullMarked
package im.comity.interop;

import org.jspecify.annotations.NullMarked;
