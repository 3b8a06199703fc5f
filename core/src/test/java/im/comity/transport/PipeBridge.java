package im.comity.transport;

import im.comity.xml.Octets;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;

/**
 * Lets a peer that knows nothing but two streams of bytes talk to a {@link Transport} in memory. An
 * end on one side is an end on the other, in each direction by itself; a failure on one side breaks
 * both directions on the other.
 */
public final class PipeBridge {
  private PipeBridge() {}

  /**
   * A transport whose far end is a pair of streams.
   *
   * @param fromPeer what the peer says, until its end
   * @param toPeer what the peer hears; closed when our side ends
   */
  public static Transport over(Network network, InputStream fromPeer, OutputStream toPeer) {
    PipeTransport.Pair pair = PipeTransport.pair(network);
    NettyTransport far = (NettyTransport) pair.right();
    CountDownLatch directions = new CountDownLatch(2);
    Thread.ofVirtual().name("bridge from peer").start(() -> in(fromPeer, far, directions));
    Thread.ofVirtual().name("bridge to peer").start(() -> out(far, fromPeer, toPeer, directions));
    Thread.ofVirtual().name("bridge end").start(() -> end(far, directions));
    return pair.left();
  }

  private static void in(InputStream from, NettyTransport to, CountDownLatch directions) {
    byte[] buffer = new byte[8192];
    try {
      for (int n; (n = from.read(buffer)) >= 0; ) {
        to.write(Octets.of(Arrays.copyOf(buffer, n)));
        to.flush();
      }
      to.execute(to::sendFin);
    } catch (RejectedExecutionException e) {
      // The network has closed, and with it all that is on it.
    } catch (IOException e) {
      to.abort(e);
    } finally {
      directions.countDown();
    }
  }

  private static void out(
      NettyTransport from, InputStream other, OutputStream to, CountDownLatch directions) {
    try (to) {
      for (Octets octets; (octets = from.take()) != null; ) {
        to.write(octets.toBytes());
        to.flush();
      }
    } catch (IOException e) {
      from.abort(e);
      close(other);
    } finally {
      directions.countDown();
    }
  }

  private static void close(InputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      throw new AssertionError("a stream of the peer does not close", e);
    }
  }

  private static void end(NettyTransport far, CountDownLatch directions) {
    try {
      directions.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    far.close();
  }
}
