/**
 * Micro-benchmarks of single steps, by JMH.
 *
 * <p>Knows one step at a time. Must not be read as what a server does: the steps are warm here, and
 * alone.
 *
 * <p>Start at {@link im.comity.bench.micro.ScannerBenchmark}; run by {@code bench/jmh}.
 */
@NullMarked
package im.comity.bench.micro;

import org.jspecify.annotations.NullMarked;
