/**
 * Stanzas: what they are, when they may be answered with an error, and what became of one handed
 * on.
 *
 * <p>Knows messages, presences and iqs from their start tag, the one form in which they travel
 * through this process, and stanza errors (RFC 6120 8). Must not know streams or sockets, nor who
 * may send what: an address read here is a claim.
 *
 * <p>Start at {@link im.comity.stanza.StanzaReader}, which makes a {@link im.comity.stanza.Stanza}
 * of an element of a stream, and {@link im.comity.stanza.Bounce}, which answers one.
 */
@NullMarked
package im.comity.stanza;

import org.jspecify.annotations.NullMarked;
