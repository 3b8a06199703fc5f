/**
 * Putting it together, and the front door.
 *
 * <p>Knows how the packages above fit. Must not know their details.
 *
 * <p>Start at {@link im.comity.federation.Federation}.
 */
@NullMarked
package im.comity.federation;

import org.jspecify.annotations.NullMarked;
