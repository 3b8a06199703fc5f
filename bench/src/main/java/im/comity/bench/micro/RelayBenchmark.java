package im.comity.bench.micro;

import im.comity.relay.Outlet;
import im.comity.stanza.Offer;
import im.comity.stanza.Reading;
import im.comity.stanza.StanzaReader;
import im.comity.transport.Sink;
import im.comity.transport.TlsRequest;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A stanza from bytes read to bytes written: scanned, read, queued and batched, between two
 * connections that cost nothing. An operation is one stanza.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class RelayBenchmark {
  /** See {@link Traffic#read}. */
  @Param({"100", "1024", "mixed"})
  public String traffic = "";

  private final Swallowing transport = new Swallowing();
  private final Outlet outlet = new Outlet(transport, 1 << 20);
  private final StanzaReader reader = new StanzaReader(Namespaces.SERVER, null);
  private byte[] read = new byte[0];
  private ElementScanner scanner = Traffic.scanner();

  /** Makes the traffic. */
  @Setup
  public void prepare() {
    read = Traffic.read(traffic);
    scanner = Traffic.scanner();
  }

  /** All stanzas of a read, and the one write that follows. */
  @Benchmark
  @OperationsPerInvocation(Traffic.STANZAS)
  public long relay() {
    for (int at = 0; at < read.length; at = scanner.position()) {
      if (scanner.scan(read, at, read.length) != ElementScanner.Event.ELEMENT
          || !(reader.read(scanner.element()) instanceof Reading.Read one)
          || !outlet.offer(one.stanza()).equals(Offer.ACCEPTED)) {
        throw new IllegalStateException("not relayed");
      }
    }
    transport.turn();
    return transport.sent;
  }

  /** A connection that takes everything; its event loop turns when it is told to. */
  private static final class Swallowing implements Transport {
    private @Nullable Runnable task;
    private long sent;

    void turn() {
      Runnable next = task;
      task = null;
      if (next != null) {
        next.run();
      }
    }

    @Override
    public @Nullable Octets take() {
      throw new UnsupportedOperationException();
    }

    @Override
    public TlsSession startTls(TlsRequest request, @Nullable Octets lastPlain) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void handOver(Sink sink) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void write(Octets bytes) {
      sent += bytes.length();
    }

    @Override
    public void flush() {}

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void pauseReading() {}

    @Override
    public void resumeReading() {}

    @Override
    public void execute(Runnable task) {
      this.task = task;
    }

    @Override
    public boolean onLoop() {
      return true;
    }

    @Override
    public void close() {}

    @Override
    public void abort(@Nullable IOException cause) {}

    @Override
    public CompletableFuture<@Nullable IOException> closed() {
      return new CompletableFuture<>();
    }

    @Override
    public InetSocketAddress local() {
      throw new UnsupportedOperationException();
    }

    @Override
    public InetSocketAddress remote() {
      throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable TlsSession tls() {
      return null;
    }

    @Override
    public long receivedBytes() {
      return 0;
    }

    @Override
    public long sentBytes() {
      return sent;
    }

    @Override
    public long lastReceivedNanos() {
      return 0;
    }
  }
}
