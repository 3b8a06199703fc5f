/**
 * Bytes to elements and back: the part of XML that XMPP allows, and its limits.
 *
 * <p>Knows XML 1.0, its namespaces, and what RFC 6120 11 cuts out of them. Must not know what a
 * stanza or a stream is, nor where the bytes come from or go to.
 *
 * <p>Start at {@link im.comity.xml.ElementScanner}.
 */
@NullMarked
package im.comity.xml;

import org.jspecify.annotations.NullMarked;
