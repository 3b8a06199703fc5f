package im.comity.bench.micro;

import im.comity.address.AddressFormatException;
import im.comity.address.Jid;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Parsing and preparing one address. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JidBenchmark {
  /** From the commonest to what needs PRECIS and UTS 46. */
  @Param({"south.test", "juliet@south.test/balcony", "grüße@süd.test/日本語"})
  public String address = "";

  /** One address. */
  @Benchmark
  public Jid parse() throws AddressFormatException {
    return Jid.parse(address);
  }
}
