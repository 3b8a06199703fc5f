/**
 * The order of the conversation: how a connection becomes a stream along which stanzas may flow.
 *
 * <p>Knows who says what when: STARTTLS, SASL EXTERNAL, dialback, in both roles, and the in-stream
 * requests of one more pair. Must not know routes, nor when to try again.
 *
 * <p>Start at {@link im.comity.negotiation.OutboundNegotiation} and {@link
 * im.comity.negotiation.InboundNegotiation}: each is the conversation, top to bottom, in one file.
 * What they decide is decided by the pure functions of {@link im.comity.negotiation.OutboundChoice}
 * and {@link im.comity.negotiation.InboundChoice}.
 */
@NullMarked
package im.comity.negotiation;

import org.jspecify.annotations.NullMarked;
