/**
 * Server dialback (XEP-0220) as values and pure functions.
 *
 * <p>Knows keys and the secret they are made with, the elements in all their types, how an answer
 * is matched to its request, and what the authoritative server answers.
 *
 * <p>Must not know who asks, over what, or what a valid answer permits: sending and waiting belong
 * to {@code negotiation}, permission to {@code association}.
 *
 * <p>Start at {@link im.comity.dialback.DialbackElement}, then {@link
 * im.comity.dialback.DialbackRequest}, the only maker of a {@link
 * im.comity.dialback.DialbackVerdict}.
 */
@NullMarked
package im.comity.dialback;

import org.jspecify.annotations.NullMarked;
