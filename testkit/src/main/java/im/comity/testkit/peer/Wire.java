package im.comity.testkit.peer;

import im.comity.testkit.Pipe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connection as a peer sees it: bytes both ways, with or without TLS, over TCP or a {@link Pipe}.
 *
 * <p>One thread may read while another writes. {@code patience} is always real time, and a safety
 * net: a test that runs into it has failed.
 */
public interface Wire extends AutoCloseable {
  /** A wire over one end of a pipe. */
  static Wire of(Pipe.End end) {
    return new PipeWire(end);
  }

  /** A wire over a connected socket. */
  static Wire of(Socket socket) throws IOException {
    return new SocketWire(socket);
  }

  /**
   * A wire over a new TCP connection.
   *
   * @throws IOException if none was accepted within ten seconds
   */
  static Wire connect(InetSocketAddress address) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(address, 10_000);
      return new SocketWire(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Reads at least one byte.
   *
   * @return the number of bytes, or -1 at the orderly end of what the other side sends, which under
   *     TLS is its close_notify
   * @throws SocketTimeoutException if nothing came in time; the wire can be used on
   * @throws IOException on a reset, a TLS failure, or an end of TCP without close_notify
   */
  int read(byte[] into, int from, int length, Duration patience) throws IOException;

  /** Writes all and flushes; one call is one write, also for the faults of a pipe. */
  void write(byte[] bytes, int from, int length, Duration patience) throws IOException;

  /** Ends what this side sends: close_notify where there is TLS, then the end of TCP's stream. */
  void closeOutput() throws IOException;

  /** Ends what this side sends without a close_notify: a truncation, where there is TLS. */
  void cutOutput() throws IOException;

  /** Ends the connection in order: as {@link #closeOutput()}, and reads no more. */
  @Override
  void close() throws IOException;

  /** Breaks the connection. */
  void reset() throws IOException;

  /** What is known about TLS here, or null without. */
  @Nullable TlsFacts tls();

  /**
   * Makes the TLS handshake over this wire, which must not be used any more but by the result.
   *
   * @throws javax.net.ssl.SSLException if it fails; the alert was sent
   * @throws IOException if the connection ends before it is done
   */
  default Wire startTls(TlsOptions options, Duration patience) throws IOException {
    return TlsWire.handshake(this, options, patience);
  }
}
