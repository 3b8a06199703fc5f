/**
 * The local side over the wire: XEP-0114 components, and what a host domain answers by itself.
 *
 * <p>Knows component streams and who is bound to which domain. Must not know peers: it hands
 * stanzas to a federation and takes them from it.
 *
 * <p>Start at {@link im.comity.component.LocalDomains}, the local side that a server gives to its
 * federation, and {@link im.comity.component.ComponentAcceptor}.
 */
@NullMarked
package im.comity.component;

import org.jspecify.annotations.NullMarked;
