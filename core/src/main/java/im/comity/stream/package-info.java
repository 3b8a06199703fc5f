/**
 * XML streams between servers: header, features, restarts, stream errors, reading and writing.
 *
 * <p>Knows RFC 6120 from the first byte of a connection until its stream is settled. Must not know
 * why anybody is trusted, nor how a peer was found: it reads and writes and does not judge.
 *
 * <p>Start at {@link im.comity.stream.NegotiatingStream}; it is confined to one virtual thread and
 * ends by being settled (then it belongs to the relay) or by failing with {@link
 * im.comity.stream.StreamEnded}.
 */
@NullMarked
package im.comity.stream;

import org.jspecify.annotations.NullMarked;
