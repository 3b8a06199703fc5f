/**
 * Load programs, never shipped.
 *
 * <p>Knows how to put a whole server under load and what to count. Must not be measured by: figures
 * come from quiet machines and say how they were made.
 *
 * <p>Start at {@link im.comity.bench.Million}.
 */
@NullMarked
package im.comity.bench;

import org.jspecify.annotations.NullMarked;
