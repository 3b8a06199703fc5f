package im.comity.testkit;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * A connection in memory: two ends, and between them two streams of bytes that behave like TCP.
 *
 * <p>Each direction holds a bounded number of bytes and blocks its writer when it is full. Each can
 * be given a delay, a rate and {@linkplain Fault faults}; delays and rates are kept by a {@link
 * FakeClock}, so that what takes a minute takes a minute of the test's time and none of ours.
 * Blocking calls park, and may be made by virtual threads; interruption ends them with {@link
 * java.io.InterruptedIOException}.
 */
public final class Pipe {
  /** Bytes that a direction holds unless told otherwise. */
  public static final int DEFAULT_CAPACITY = 64 * 1024;

  /** A pipe that carries everything at once. */
  public Pipe() {}

  /** A pipe whose delays and rates are kept by {@code clock}. */
  public Pipe(FakeClock clock) {}

  /** One of the two ends, equal in all. */
  public End left() {
    throw new UnsupportedOperationException();
  }

  /** The other end. */
  public End right() {
    throw new UnsupportedOperationException();
  }

  /** One end: what it writes, the other reads. */
  public static final class End implements Closeable {
    /** What the other end wrote. {@code available} counts what a read would get at once. */
    public InputStream in() {
      throw new UnsupportedOperationException();
    }

    /** What the other end shall read. Each call of write counts as one for {@link Fault}s. */
    public OutputStream out() {
      throw new UnsupportedOperationException();
    }

    /**
     * Reads at least one byte.
     *
     * @param patience real time to wait, a safety net
     * @return the number of bytes, or -1 at the orderly end
     * @throws SocketTimeoutException if nothing came in that time
     * @throws java.net.SocketException after a reset
     */
    public int read(byte[] into, int from, int length, Duration patience) throws IOException {
      throw new UnsupportedOperationException();
    }

    /**
     * Writes all, and waits while the direction is full.
     *
     * @param patience real time to wait, a safety net
     * @throws SocketTimeoutException if there was no room in that time; part may have been written
     * @throws java.net.SocketException if the other end was closed, or after a reset
     */
    public void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
      throw new UnsupportedOperationException();
    }

    /** Ends what this end writes; it can read on. */
    public void closeOutput() {
      throw new UnsupportedOperationException();
    }

    /**
     * Ends both: the other end reads what was written and then the end, and cannot write any more.
     */
    @Override
    public void close() {
      throw new UnsupportedOperationException();
    }

    /** Breaks the connection for both ends. */
    public void reset() {
      throw new UnsupportedOperationException();
    }

    /** From now on what this end writes arrives so much later. Needs a clock. */
    public End delay(Duration delay) {
      throw new UnsupportedOperationException();
    }

    /** From now on this end writes at so many bytes per second. Needs a clock. */
    public End rate(long bytesPerSecond) {
      throw new UnsupportedOperationException();
    }

    /** How many bytes written by this end may wait to be read. */
    public End capacity(int bytes) {
      throw new UnsupportedOperationException();
    }

    /** Lets this happen to what this end writes; a point that has passed strikes at once. */
    public End fault(Fault fault) {
      throw new UnsupportedOperationException();
    }

    /** Ends stalls and trickles of what this end writes; forgets faults that have not struck. */
    public End heal() {
      throw new UnsupportedOperationException();
    }

    /** Bytes this end has written. */
    public long bytesWritten() {
      throw new UnsupportedOperationException();
    }

    /** Calls of write this end has made. */
    public long writes() {
      throw new UnsupportedOperationException();
    }

    /** Bytes written by this end that the other has not read. */
    public int unread() {
      throw new UnsupportedOperationException();
    }

    /**
     * Joins this end with a TCP connection: two virtual threads carry the bytes both ways until
     * both directions have ended. So a server that speaks TCP can be put behind a pipe and its
     * faults. The socket is closed with the pipe, and the pipe with the socket.
     */
    public void bridge(Socket socket) throws IOException {
      throw new UnsupportedOperationException();
    }
  }
}
