package im.comity.bench.micro;

import im.comity.xml.ElementScanner;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Finding the ends of stanzas. An operation is one stanza; {@code megabytes} is the volume, in
 * millions of bytes of stanzas in a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class ScannerBenchmark {
  /** See {@link Traffic#read}. */
  @Param({"100", "1024", "mixed"})
  public String traffic = "";

  private byte[] read = new byte[0];
  private ElementScanner scanner = Traffic.scanner();

  /** The volume, beside the number. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Volume {
    /** Millions of bytes scanned. */
    public double megabytes;

    /** JMH sums an iteration from here. */
    @Setup(Level.Iteration)
    public void reset() {
      megabytes = 0;
    }
  }

  /** Makes the traffic. */
  @Setup
  public void prepare() {
    read = Traffic.read(traffic);
    scanner = Traffic.scanner();
  }

  /** All stanzas of a read. */
  @Benchmark
  @OperationsPerInvocation(Traffic.STANZAS)
  public int scan(Volume volume) {
    int stanzas = 0;
    for (int at = 0; at < read.length; at = scanner.position()) {
      if (scanner.scan(read, at, read.length) != ElementScanner.Event.ELEMENT) {
        throw new IllegalStateException("not a stanza");
      }
      stanzas++;
    }
    volume.megabytes += read.length / 1e6;
    return stanzas;
  }
}
