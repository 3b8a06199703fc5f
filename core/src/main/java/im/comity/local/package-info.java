/**
 * The local side: what lies behind a federation on this side of it.
 *
 * <p>Knows which domains are ours and takes what arrives for them. Must not know how it arrives at
 * them: components have a module of their own.
 *
 * <p>Start at {@link im.comity.local.LocalSide}, which every local side implements, and {@link
 * im.comity.local.InProcessLocalSide}, the one for programs that embed a federation.
 */
@NullMarked
package im.comity.local;

import org.jspecify.annotations.NullMarked;
