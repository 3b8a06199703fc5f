/**
 * Judges whether a certificate speaks for a domain.
 *
 * <p>Knows prooftypes (RFC 7712): what a peer may present, what it is checked against, and how to
 * say precisely why it did not suffice. PKIX is built in; others implement {@link
 * im.comity.prooftype.Prooftype}.
 *
 * <p>Must not know how a stream is spoken, nor what a proof is good for: it turns a certificate
 * into a {@link im.comity.prooftype.Judgement} and leaves permission to {@code association}.
 *
 * <p>Start at {@link im.comity.prooftype.Judge}, then {@link im.comity.prooftype.PkixProoftype}.
 */
@NullMarked
package im.comity.prooftype;

import org.jspecify.annotations.NullMarked;
