package im.comity.testkit.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A wire over a TCP connection. */
final class SocketWire implements Wire {
  private final Socket socket;

  /** Keeps the bytes of one write together. */
  private final ReentrantLock writing = new ReentrantLock();

  SocketWire(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
  }

  @Override
  public int read(byte[] into, int from, int length, Duration patience) throws IOException {
    // Zero would be forever.
    long millis = Math.clamp(patience.toMillis(), 1, Integer.MAX_VALUE);
    socket.setSoTimeout((int) millis);
    return socket.getInputStream().read(into, from, length);
  }

  @Override
  public void write(byte[] bytes, int from, int length, Duration patience) throws IOException {
    // A socket has no time-out for writing: only closing it under the writer ends its wait.
    CompletableFuture<Void> written = new CompletableFuture<>();
    var _ =
        written
            .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete(
                (_, late) -> {
                  if (late != null) {
                    closeQuietly();
                  }
                });
    writing.lock();
    try {
      socket.getOutputStream().write(bytes, from, length);
    } catch (IOException e) {
      // Out of time before the socket was closed for it.
      if (written.isCompletedExceptionally()) {
        throw new SocketTimeoutException("the other side does not read");
      }
      throw e;
    } finally {
      writing.unlock();
      written.complete(null);
    }
  }

  private void closeQuietly() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void closeOutput() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void cutOutput() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  @Override
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public @Nullable TlsFacts tls() {
    return null;
  }
}
