package im.comity.transport;

import im.comity.xml.Octets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection on a Netty channel, over TCP or in memory. It is the last handler of the channel's
 * pipeline; all state is confined to the event loop unless said otherwise, and whoever waits on
 * another thread waits for a future that the loop completes.
 */
final class NettyTransport extends ChannelInboundHandlerAdapter implements Transport {
  /** What stands for a FIN on a connection in memory, which knows none. */
  private enum Memory {
    FIN
  }

  /** What the mailbox may hold before reading stops. */
  static final int MAILBOX_BYTES = 4 << 10;

  /**
   * What the mailbox can hold at all: what it may, one read, and a record of TLS that the read
   * completed. When a peer has ended, the kernel gives out what it had accepted from it whether or
   * not we want to read; a peer that has made it accept more than this is dropped (S2S-DOS-04).
   */
  static final int MAILBOX_LIMIT = MAILBOX_BYTES + ReadSize.LEAST + (16 << 10);

  private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);

  /** What a read is copied into, one for each loop; empty while somebody up the stack uses it. */
  private static final FastThreadLocal<AtomicReference<byte @Nullable []>> SCRATCH =
      new FastThreadLocal<>() {
        @Override
        protected AtomicReference<byte @Nullable []> initialValue() {
          return new AtomicReference<>(new byte[ReadSize.MOST]);
        }
      };

  private final NettyNetwork network;
  private final Channel channel;

  // From any thread.
  private final CompletableFuture<@Nullable IOException> closed = new CompletableFuture<>();
  private final AtomicBoolean handedOver = new AtomicBoolean();
  private final AtomicBoolean tlsStarted = new AtomicBoolean();
  private final AtomicLong received = new AtomicLong();
  private final AtomicLong sent = new AtomicLong();
  private final long began;
  private volatile long lastReceived;
  private volatile InetSocketAddress local = NettyNetwork.NOWHERE;
  private volatile InetSocketAddress remote = NettyNetwork.NOWHERE;
  private volatile @Nullable TlsSession tls;

  /** Something was taken or written, so that TLS from the first byte is out of the question. */
  private volatile boolean used;

  /** The connection is closing or broken: what is written or received from now on is dropped. */
  private volatile boolean closing;

  private byte[] box = new byte[0];
  private int held;
  private @Nullable CompletableFuture<@Nullable Octets> taker;
  private @Nullable Sink sink;

  /** The sink has got what the mailbox held, so that reads go to it directly. */
  private boolean live;

  private boolean readSomething;
  private boolean paused;

  private @Nullable SslHandler ssl;
  private @Nullable CompletableFuture<TlsSession> securing;

  /** The peer sends no more: a FIN, a close_notify, or the connection is gone. */
  private boolean inputOver;

  /** The reader was told the end, or will be when it has taken what came before. */
  private boolean ended;

  private @Nullable IOException endCause;

  /** We ended it, so that nobody is owed the bytes that nobody took. */
  private boolean endedByUs;

  private @Nullable IOException closeCause;

  /** All that was written, and the farewell, is with the kernel. */
  private boolean allSent;

  private Cancellable alarm = () -> {};

  NettyTransport(NettyNetwork network, Channel channel) {
    this.network = network;
    this.channel = channel;
    this.began = network.timers().nanoTime();
    this.lastReceived = began;
    channel.config().setRecvByteBufAllocator(new ReadSize(() -> !live));
  }

  // Facts.

  @Override
  public InetSocketAddress local() {
    return local;
  }

  @Override
  public InetSocketAddress remote() {
    return remote;
  }

  /** What the gate wants back. */
  private volatile Gate.Place place = () -> {};

  /** Who gives the turn for our handshake; of a connection of our own nobody. */
  private volatile Gate gate = Gate.OPEN;

  /** Takes what the gate gave for the connection. */
  void place(Gate.Place given, Gate from) {
    place = given;
    gate = from;
  }

  @Override
  public void greeted() {
    place.greeted();
  }

  @Override
  public void proven() {
    channel.config().setWriteBufferWaterMark(NettyNetwork.WRITE_MARKS);
    place.greeted();
    place.cancel();
  }

  /** Corrects the peer's address by what a proxy told. */
  void remote(InetSocketAddress address) {
    remote = address;
  }

  @Override
  public @Nullable TlsSession tls() {
    return tls;
  }

  @Override
  public long receivedBytes() {
    return received.get();
  }

  @Override
  public long sentBytes() {
    return sent.get();
  }

  @Override
  public Duration age() {
    return Duration.ofNanos(network.timers().nanoTime() - began);
  }

  @Override
  public long lastReceivedNanos() {
    return lastReceived;
  }

  @Override
  public CompletableFuture<@Nullable IOException> closed() {
    return closed.copy();
  }

  @Override
  public String toString() {
    return local + " - " + remote;
  }

  // The mailbox.

  @Override
  public @Nullable Octets take() throws IOException {
    if (handedOver.get() || onLoop()) {
      throw new IllegalStateException("nothing is to be taken here");
    }
    used = true;
    CompletableFuture<@Nullable Octets> mine = new CompletableFuture<>();
    onLoop(() -> admit(mine), mine);
    return await(mine);
  }

  private void admit(CompletableFuture<@Nullable Octets> mine) {
    if (sink != null || (taker != null && !taker.isDone())) {
      mine.completeExceptionally(new IllegalStateException("somebody else takes"));
      return;
    }
    taker = mine;
    serve();
  }

  /** Gives the taker, if there is one, what there is. */
  private void serve() {
    CompletableFuture<@Nullable Octets> waiting = taker;
    if (waiting == null || (held == 0 && !ended)) {
      return;
    }
    taker = null;
    if (held > 0) {
      // A taker that was interrupted has given up: its bytes stay for the next.
      if (waiting.complete(Octets.of(box, 0, held))) {
        emptyBox();
        updateReading();
      }
    } else if (endedByUs && closeCause == null) {
      waiting.completeExceptionally(new IOException("closed on this side"));
    } else if (endCause == null) {
      waiting.complete(null);
    } else {
      waiting.completeExceptionally(endCause);
    }
  }

  private void append(ByteBuf in) {
    int more = in.readableBytes();
    // In memory one piece may be of any size, and comes from ourselves.
    if (held + more > MAILBOX_LIMIT && channel instanceof DuplexChannel) {
      fail(new IOException("more than " + MAILBOX_LIMIT + " bytes that nobody took"));
      return;
    }
    if (box.length < held + more) {
      box = Arrays.copyOf(box, Math.max(held + more, Math.min(2 * box.length, MAILBOX_BYTES)));
    }
    in.readBytes(box, held, more);
    held += more;
    serve();
    updateReading();
  }

  /** What the mailbox holds, while nobody takes; on the loop. */
  FirstWord firstWord() {
    if (ended) {
      return FirstWord.NONE;
    }
    return held < MAILBOX_BYTES ? FirstWord.in(box, held) : FirstWord.SAID;
  }

  private void emptyBox() {
    box = new byte[0];
    held = 0;
  }

  private static <T extends @Nullable Object> T await(CompletableFuture<T> future)
      throws IOException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case IllegalStateException cause -> throw cause;
        case null, default -> throw new IOException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (!future.cancel(false) && !future.isCompletedExceptionally()) {
        return future.resultNow(); // it came at the same time and must not be lost
      }
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  // TLS.

  @Override
  public TlsSession startTls(TlsRequest request, @Nullable Octets lastPlain) throws IOException {
    if (handedOver.get() || onLoop()) {
      throw new IllegalStateException("TLS is started before the connection is handed over");
    }
    boolean direct = !used && lastPlain == null;
    if (!tlsStarted.compareAndSet(false, true)) {
      throw new IllegalStateException("TLS was started before");
    }
    used = true;
    try {
      network.tls().prepare(request);
    } catch (SSLException e) {
      TlsFailedException failure = TlsFailedException.of(e);
      abort(failure);
      throw failure;
    }
    CompletableFuture<TlsSession> result = new CompletableFuture<>();
    onLoop(() -> secure(request, lastPlain, direct, result), result);
    return await(result);
  }

  /** The one step in which cleartext ends: nothing is read between its parts. */
  private void secure(
      TlsRequest request,
      @Nullable Octets lastPlain,
      boolean direct,
      CompletableFuture<TlsSession> result) {
    securing = result;
    if (held > 0 && !direct) {
      int early = held;
      emptyBox();
      fail(new PlaintextAfterStartTlsException(early));
      return;
    }
    if (inputOver || closing) {
      fail(TlsFailedException.of(new IOException("the connection had ended before")));
      return;
    }
    TlsHandshake handshake = network.tls().begin(request);
    SslHandler handler;
    try {
      handler = network.tls().handler(handshake, channel);
    } catch (IOException | RuntimeException e) {
      network.tls().end(handshake);
      fail(TlsFailedException.of(e));
      return;
    }
    if (lastPlain != null) {
      send(lastPlain);
      channel.flush();
    }
    byte[] early = Arrays.copyOf(box, held);
    emptyBox();
    ssl = handler;
    RecordGate records =
        new RecordGate(handshake, cause -> fail(explain(cause)), pass -> askForTurn(handler, pass));
    handler
        .handshakeFuture()
        .addListener(
            done -> {
              turn.cancel();
              if (done.isSuccess()) {
                established(handler, handshake, records);
              } else {
                records.failed();
                // The alert is still to be sent, and the handler closes after it.
                settle(explain(done.cause()));
                soon(this::drop);
              }
              network.tls().end(handshake);
            });
    ChannelPipeline pipeline = channel.pipeline();
    // The gate first: a client's handler speaks at once, and in memory the answer may come at once.
    pipeline.addFirst("gate", records);
    pipeline.addAfter("gate", "tls", handler);
    if (early.length > 0) {
      pipeline.fireChannelRead(Unpooled.wrappedBuffer(early));
      pipeline.fireChannelReadComplete();
    }
  }

  /** The turn of our handshake, once it was asked for. */
  private Cancellable turn = () -> {};

  /** The peer's first message is there, from which on it costs what it cannot give back. */
  private void askForTurn(SslHandler handler, Runnable pass) {
    turn =
        gate.turn(
            remote.getAddress(),
            () -> onLoop(pass, null),
            () -> {
              place.greeted(); // it was not given the time to
              abort(new OutOfTimeException("waiting for the turn of TLS"));
            });
    if (handler.handshakeFuture().isDone()) {
      turn.cancel(); // it came to its end at once
    }
  }

  private void established(SslHandler handler, TlsHandshake handshake, RecordGate records) {
    TlsSession session =
        handshake.session(handler.engine().getSession(), handler.applicationProtocol());
    network.tls().forgetSession(handler.engine());
    tls = session;
    CompletableFuture<TlsSession> waiting = securing;
    securing = null;
    if (waiting != null) {
      waiting.complete(session);
    }
    if (session.protocol().equals("TLSv1.3")) {
      channel.pipeline().remove(records);
    } else {
      records.established();
    }
  }

  private IOException explain(Throwable cause) {
    Throwable inner =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    if (securing != null) {
      return inner instanceof TlsFailedException failed ? failed : TlsFailedException.of(inner);
    }
    return inner instanceof IOException io ? io : new IOException(inner);
  }

  // The sink.

  @Override
  public void handOver(Sink to) {
    if (!handedOver.compareAndSet(false, true)) {
      throw new IllegalStateException("handed over before");
    }
    if (onLoop()) {
      hand(to);
    } else {
      execute(() -> hand(to));
    }
  }

  private void hand(Sink to) {
    CompletableFuture<@Nullable Octets> waiting = taker;
    if (waiting != null) {
      taker = null;
      waiting.completeExceptionally(new IllegalStateException("handed over meanwhile"));
    }
    sink = to;
    try {
      to.begin();
      // What comes while the sink is at work, as it can in memory, waits for its turn.
      while (held > 0) {
        byte[] bytes = box;
        int length = held;
        emptyBox();
        to.received(bytes, 0, length);
        to.readComplete();
      }
    } catch (RuntimeException | Error e) {
      failedSink(e);
    }
    live = true;
    if (ended) {
      tellEnd(to);
    } else {
      updateReading();
    }
  }

  private void failedSink(Throwable e) {
    LOG.error("The reader of {} failed", this, e);
    fail(new IOException("the reader failed", e));
  }

  private void deliver(Sink to, ByteBuf in) {
    AtomicReference<byte @Nullable []> scratch = SCRATCH.get();
    byte[] bytes = scratch.getPlain();
    if (bytes == null) {
      // One connection in memory may be read inside a call of another on the same loop.
      bytes = new byte[ReadSize.MOST];
    }
    scratch.setPlain(null);
    try {
      while (in.isReadable() && !closing) {
        int length = Math.min(in.readableBytes(), bytes.length);
        in.readBytes(bytes, 0, length);
        to.received(bytes, 0, length);
      }
    } finally {
      scratch.setPlain(bytes);
    }
  }

  // Reading.

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    local = NettyNetwork.inet(channel.localAddress());
    remote = NettyNetwork.inet(channel.remoteAddress());
    network.opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message == Memory.FIN) {
      peerFinished();
      return;
    }
    try {
      if (!(message instanceof ByteBuf in) || !in.isReadable() || closing || ended) {
        return;
      }
      received.lazySet(received.get() + in.readableBytes());
      lastReceived = network.timers().nanoTime();
      Sink to = sink;
      if (to == null || !live) {
        append(in);
      } else {
        readSomething = true;
        deliver(to, in);
      }
    } catch (RuntimeException | Error e) {
      failedSink(e);
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Sink to = sink;
    if (to != null && readSomething && !ended) {
      readSomething = false;
      try {
        to.readComplete();
      } catch (RuntimeException | Error e) {
        failedSink(e);
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Sink to = sink;
    if (to != null && !ended && channel.isWritable()) {
      try {
        to.writable();
      } catch (RuntimeException | Error e) {
        failedSink(e);
      }
    }
  }

  @Override
  public void pauseReading() {
    onLoop(() -> pause(true), null);
  }

  @Override
  public void resumeReading() {
    onLoop(() -> pause(false), null);
  }

  private void pause(boolean stop) {
    paused = stop;
    updateReading();
  }

  private void updateReading() {
    boolean read = closing || (!paused && (live || held < MAILBOX_BYTES));
    if (channel.config().isAutoRead() != read) {
      channel.config().setAutoRead(read);
    }
  }

  // Writing.

  @Override
  public void write(Octets bytes) {
    if (!used) {
      used = true;
    }
    if (closing || bytes.length() == 0) {
      return;
    }
    send(bytes);
    if (!channel.isWritable() && channel.isActive() && unsent() > network.unsentLimit()) {
      abort(
          new IOException(
              "more than " + network.unsentLimit() + " bytes wait for a peer that does not read"));
    }
  }

  private void send(Octets bytes) {
    sent.addAndGet(bytes.length());
    var _ = channel.write(Outgoing.of(bytes, network.outstanding()), channel.voidPromise());
  }

  private long unsent() {
    return channel.bytesBeforeWritable() + channel.config().getWriteBufferLowWaterMark();
  }

  @Override
  public void flush() {
    channel.flush();
  }

  @Override
  public boolean writable() {
    return channel.isWritable();
  }

  // The loop.

  @Override
  public void execute(Runnable task) {
    channel.eventLoop().execute(task);
  }

  @Override
  public boolean onLoop() {
    return channel.eventLoop().inEventLoop();
  }

  /** Runs a step on the loop, at once if we are there; never if the loop has ended. */
  void onLoop(Runnable step) {
    onLoop(step, null);
  }

  /**
   * Runs a step on the loop, at once if we are there.
   *
   * @param result fails if the loop has ended, with which all connections have
   */
  private void onLoop(Runnable step, @Nullable CompletableFuture<?> result) {
    if (onLoop()) {
      step.run();
      return;
    }
    try {
      // It may have moved by then.
      channel.eventLoop().execute(() -> onLoop(step, result));
    } catch (RejectedExecutionException e) {
      if (result != null) {
        result.completeExceptionally(new IOException("the network is closed", e));
      }
    }
  }

  /**
   * Moves to another loop, to which all belongs from then on; on the present loop. Only before
   * anything was written or taken, and before TLS.
   *
   * @param then runs there when it is done; or here, if the connection ended on the way
   */
  void moveTo(EventLoop other, Runnable then) {
    EventLoop present = channel.eventLoop();
    channel
        .deregister()
        .addListener(
            off ->
                other
                    // Told on the present loop, which is there even if the other has ended.
                    .register(new DefaultChannelPromise(channel, present))
                    .addListener(
                        on -> {
                          if (on.isSuccess()) {
                            other.execute(then);
                          } else {
                            lost();
                            then.run();
                          }
                        }));
  }

  // The end.

  @Override
  public void close() {
    onLoop(this::finish, null);
  }

  @Override
  public void abort(@Nullable IOException cause) {
    onLoop(() -> reset(cause), null);
  }

  /** Our end without order: what the kernel still holds for the peer is dropped as well. */
  private void reset(@Nullable IOException cause) {
    if (!channel.isActive()) {
      return;
    }
    if (closeCause == null) {
      closeCause = cause;
    }
    endedByUs |= !ended;
    emptyBox();
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    drop();
  }

  /** The orderly end on our side. */
  private void finish() {
    if (closing || !channel.isActive()) {
      return;
    }
    if (securing != null) {
      reset(null);
      return;
    }
    closing = true;
    endedByUs |= !ended;
    emptyBox();
    // Not at once: the sink may be what is closing.
    soon(() -> end(null));
    updateReading();
    alarm(() -> reset(new IOException("the peer did not take what was written before the end")));
    channel.flush();
    ChannelFuture farewell =
        ssl != null ? ssl.closeOutbound() : channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
    farewell.addListener(
        done -> {
          if (done.isSuccess() && channel.isActive()) {
            awaitPeer();
          } else {
            drop();
          }
        });
  }

  private void awaitPeer() {
    allSent = true;
    if (inputOver) {
      drop();
      return;
    }
    alarm(this::drop); // the kernel goes on sending what it has
    if (ssl == null) {
      sendFin();
    }
  }

  /** Tells the peer, below TLS, that nothing more comes, and goes on reading. */
  void sendFin() {
    if (channel instanceof DuplexChannel socket) {
      var _ = socket.shutdownOutput();
    } else if (channel.isActive()) {
      // One that has ended has no handlers any more.
      var _ = channel.pipeline().firstContext().writeAndFlush(Memory.FIN);
    }
  }

  /** Lets the peer have its time. */
  private void alarm(Runnable then) {
    alarm.cancel();
    alarm = network.timers().after(network.closeWait(), () -> onLoop(then, null));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      peerFinished();
    } else if (event instanceof SslCloseCompletionEvent close && close.isSuccess()) {
      peerEnded();
    }
  }

  /** A FIN: an orderly end in the clear, a truncation under TLS (S2S-CLS-04). */
  private void peerFinished() {
    if (securing != null) {
      fail(TlsFailedException.of(new IOException("the peer ended the connection")));
    } else if (ssl != null && !inputOver) {
      fail(new IOException("the connection was cut: no close_notify came"));
    } else {
      peerEnded();
    }
  }

  private void peerEnded() {
    inputOver = true;
    end(null);
    if (allSent) {
      drop();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof ClosedChannelException) {
      return; // of a write that came too late; the end itself is told elsewhere
    }
    settle(explain(cause));
    // TLS may have an alert to send first.
    soon(this::drop);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lost();
  }

  private void lost() {
    inputOver = true;
    if (securing != null || (!closing && !ended)) {
      settle(explain(new IOException("the connection was reset")));
    }
    closing = true;
    alarm.cancel();
    end(closeCause);
    network.gone(this);
    closed.complete(closeCause);
  }

  /** Breaks the connection, for a reason that everybody is told. */
  private void fail(IOException cause) {
    settle(cause);
    drop();
  }

  /** Notes why the connection is breaking, unless it is known, and tells who waits. */
  private void settle(IOException cause) {
    if (closeCause == null && !allSent) {
      closeCause = cause;
    }
    closing = true;
    IOException known = closeCause == null ? cause : closeCause;
    CompletableFuture<TlsSession> waiting = securing;
    if (waiting != null) {
      securing = null;
      waiting.completeExceptionally(known);
    }
    end(known);
  }

  /** The reader gets nothing more. */
  private void end(@Nullable IOException cause) {
    if (ended) {
      return;
    }
    ended = true;
    endCause = endedByUs ? closeCause : cause;
    Sink to = sink;
    if (to == null) {
      serve();
    } else if (live) {
      tellEnd(to);
    }
  }

  private void tellEnd(Sink to) {
    try {
      to.ended(endCause);
    } catch (RuntimeException | Error e) {
      LOG.error("The reader of {} failed at the end", this, e);
    }
  }

  private void soon(Runnable step) {
    try {
      channel.eventLoop().execute(() -> onLoop(step)); // which may be another by then
    } catch (RejectedExecutionException e) {
      step.run(); // the loop is ending, and we are on it
    }
  }

  /** The bytes of memory that the mailbox takes; for tests of the bound. */
  int boxCapacity() {
    return box.length;
  }

  /** Ends the channel without a farewell; what follows is {@link #channelInactive}. */
  private void drop() {
    closing = true;
    if (channel.isOpen()) {
      channel.unsafe().close(channel.voidPromise());
    }
  }
}
