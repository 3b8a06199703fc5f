/**
 * What happened, and the failure catalogue: values only.
 *
 * <p>Knows every way in which a federation can come about, fail and end, each with its stable code,
 * its evidence, who must act, and a remedy. Must not know who listens, nor do anything.
 *
 * <p>Start at {@link im.comity.event.NegotiationFailure}, the catalogue, and {@link
 * im.comity.event.FederationEvent}, the only way to watch; {@link im.comity.event.Consequences}
 * holds the five switches over the catalogue.
 */
@NullMarked
package im.comity.event;

import org.jspecify.annotations.NullMarked;
