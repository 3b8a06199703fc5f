/**
 * Established streams: what they receive, their outlet, and which of them are open.
 *
 * <p>Knows stanzas and permission: a stanza that comes in passes along an association or not at
 * all; what goes out is queued and written in batches. Must not know how a stream came about, nor
 * why an association exists.
 *
 * <p>Start at {@link im.comity.relay.EstablishedStream}.
 */
@NullMarked
package im.comity.relay;

import org.jspecify.annotations.NullMarked;
