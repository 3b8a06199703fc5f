package im.comity.transport;

import im.comity.xml.Octets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One connection. It delivers what it receives in one of two modes and changes once: first into a
 * bounded mailbox from which one thread {@link #take takes}; after {@link #handOver}, on the event
 * loop, into a {@link Sink}. There is no way back.
 *
 * <p>{@code take}, {@code startTls} and {@code handOver} are for the one thread that negotiates;
 * all else may be called from any thread. Whoever has got a transport must {@link #close} or {@link
 * #abort} it, also after the peer ended.
 */
public interface Transport {
  /**
   * Waits for bytes and takes all that the mailbox holds. The mailbox stops the reading when it
   * holds 4 KiB, and a peer that sends on finds its TCP window closed.
   *
   * @return bytes that nobody else holds, at least one; null when the peer ended in an orderly way
   *     (a FIN in the clear, a {@code close_notify} under TLS), now and ever after
   * @throws IOException the connection broke or was truncated (S2S-CLS-04), or was closed or
   *     aborted by us; the cause given to {@link #abort} is thrown as it is
   * @throws IllegalStateException after {@link #handOver}, or while another thread takes
   */
  @Nullable Octets take() throws IOException;

  /**
   * Changes from cleartext to TLS and waits for the end of the handshake. In one step on the event
   * loop the mailbox is found empty, {@code lastPlain} is written in the clear and TLS is put in
   * place: nothing that came in the clear can be read as if it had come under TLS (S2S-TLS-10).
   * What was taken before, and not yet looked at, is for the caller to refuse.
   *
   * <p>As the very first operation, with nothing taken or written, it is direct TLS: what the peer
   * has sent by then goes to the handshake.
   *
   * <p>The handshake accepts any certificate of the peer, or none, and has no time limit of its own
   * (see {@link Deadline#guard}). If it fails the connection is dropped, after the alert.
   *
   * @param lastPlain the last bytes in the clear, such as {@code <proceed/>}; null for none
   * @throws PlaintextAfterStartTlsException bytes had come too early; the connection was dropped
   * @throws TlsFailedException the handshake failed; the connection was dropped
   * @throws IOException the connection broke, or was closed or aborted by us
   * @throws IllegalStateException under TLS already, or after {@link #handOver}
   */
  TlsSession startTls(TlsRequest request, @Nullable Octets lastPlain) throws IOException;

  /**
   * Gives the connection to a sink, once and for all. On the event loop the sink gets {@link
   * Sink#begin}, then what the mailbox holds, then what is read from now on, in order; this call
   * may return before. What was written before by this thread precedes what the sink writes.
   *
   * @throws IllegalStateException the second time, or while a thread takes
   */
  void handOver(Sink sink);

  /**
   * Queues bytes for sending, after all that this thread wrote before. Nothing is sent before
   * {@link #flush}. Bytes for a connection that is closing are dropped.
   *
   * <p>A peer that does not read makes {@link #writable} false; who writes on regardless loses the
   * connection when {@link NetworkOptions#unsentLimit} is passed.
   *
   * @param bytes belong to the transport from now on and must not be changed any more
   */
  void write(Octets bytes);

  /** Sends what was written. */
  void flush();

  /** Whether little enough is waiting to be sent that more may be written. */
  boolean writable();

  /**
   * Stops reading from the connection, so that TCP holds the peer back. What was read already (one
   * read, or what lies in the socket's buffer when the peer has ended) may still be delivered.
   */
  void pauseReading();

  /** Reads again after {@link #pauseReading}. */
  void resumeReading();

  /**
   * Runs a task on the event loop of this connection, after what this thread asked of it before.
   *
   * @param task must not block
   * @throws java.util.concurrent.RejectedExecutionException the network is closed
   */
  void execute(Runnable task);

  /** Whether the caller is on the event loop of this connection. */
  boolean onLoop();

  /**
   * Ends the connection in good order and returns at once: what was written is sent, under TLS a
   * {@code close_notify}, then a FIN; then the peer's end is awaited for {@link
   * NetworkOptions#closeWait} at most (S2S-CLS-03). What it still sends is dropped, so the end of
   * the conversation above must have been awaited before.
   */
  void close();

  /**
   * Drops the connection at once, without {@code close_notify}.
   *
   * @param cause what {@link #take}, {@link #startTls}, {@link Sink#ended} and {@link #closed}
   *     shall tell; null if there is nothing to tell
   */
  void abort(@Nullable IOException cause);

  /**
   * The peer has opened a stream: the connection did not come for nothing, says its {@link Gate}.
   */
  default void greeted() {}

  /** The peer is no stranger any more: the connection no longer counts at its {@link Gate}. */
  default void proven() {}

  /**
   * Completes when the connection is gone, always normally: with null if it ended in good order,
   * else with what broke it or the cause given to {@link #abort}.
   */
  CompletableFuture<@Nullable IOException> closed();

  /** Our end. In-memory connections have the loopback address and port 0. */
  InetSocketAddress local();

  /** The peer's end; behind a proxy the address that the PROXY protocol carried. */
  InetSocketAddress remote();

  /** What the handshake found, or null before the end of it. */
  @Nullable TlsSession tls();

  /** Bytes received, without TLS's own. */
  long receivedBytes();

  /** Bytes written, without TLS's own, sent or waiting. */
  long sentBytes();

  /** How long the connection has existed; zero of one that does not count its time. */
  default Duration age() {
    return Duration.ZERO;
  }

  /** When bytes came last, or the connection began, by {@link Timers#nanoTime}. */
  long lastReceivedNanos();
}
