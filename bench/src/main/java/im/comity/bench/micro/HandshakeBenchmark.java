package im.comity.bench.micro;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.HandshakeInMemory;
import im.comity.transport.TlsIdentity;
import im.comity.transport.TlsSession;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Full handshakes of TLS 1.3 as servers have them, with a certificate on ECDSA P-256 from either
 * side: our configuration, BoringSSL, both ends on one thread in memory. An operation is one
 * handshake. {@code server} and {@code client} are what share of the time each took, so that a
 * handshake costs a server that share divided by the rate. Nothing is judged: that the certificate
 * is worth anything is found out after the handshake.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class HandshakeBenchmark {
  private final HandshakeInMemory handshakes = make();

  /** Who took the time. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Shares {
    /** Seconds of the server, in each second. */
    public double server;

    /** Seconds of the client, in each second. */
    public double client;

    /** JMH sums an iteration from here. */
    @Setup(Level.Iteration)
    public void reset() {
      server = 0;
      client = 0;
    }
  }

  /** Gives back what is native. */
  @TearDown
  public void close() {
    handshakes.close();
  }

  /** One handshake. */
  @Benchmark
  public TlsSession handshake(Shares shares) throws IOException {
    long server = handshakes.serverNanos();
    long client = handshakes.clientNanos();
    TlsSession session = handshakes.shake();
    shares.server += (handshakes.serverNanos() - server) / 1e9;
    shares.client += (handshakes.clientNanos() - client) / 1e9;
    return session;
  }

  private static HandshakeInMemory make() {
    TestCa ca = TestCa.root("Bench CA", InstantSource.system());
    try {
      return new HandshakeInMemory(
          identity(ca, "north.test"), identity(ca, "south.test"), Domain.of("south.test"));
    } catch (IOException | AddressFormatException e) {
      throw new IllegalStateException(e);
    }
  }

  private static TlsIdentity identity(TestCa ca, String domain) {
    TestCertificate certificate = ca.issue(CertificateSpec.server(domain));
    return TlsIdentity.of(domain, certificate.privateKey(), certificate.chain());
  }
}
