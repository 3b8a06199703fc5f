/**
 * Who may send along which stream, and why: the only maker of permission.
 *
 * <p>Knows how a proof, a dialback verdict, the encryption and the rule of a pair weigh against
 * each other, and what a stream has been granted so far.
 *
 * <p>Must not know connections, conversations or the clock: a stream is a number here and an expiry
 * a value.
 *
 * <p>Start at {@link im.comity.association.Admission}, the workshop; then {@link
 * im.comity.association.AssociationTable}.
 */
@NullMarked
package im.comity.association;

import org.jspecify.annotations.NullMarked;
