/**
 * What the kit's servers share. Not for use outside of the kit; it may change at any time.
 *
 * <p>Knows threads and sockets. Must not know what is spoken over them.
 *
 * <p>Start at {@link im.comity.testkit.internal.Workers}.
 */
@NullMarked
package im.comity.testkit.internal;

import org.jspecify.annotations.NullMarked;
