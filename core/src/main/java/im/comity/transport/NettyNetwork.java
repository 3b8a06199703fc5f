package im.comity.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.resolver.NoopAddressResolverGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/** The network on Netty: epoll where there is one, NIO else. */
public final class NettyNetwork implements Network {
  /** The address of what has none, as connections in memory. */
  static final InetSocketAddress NOWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** Between these amounts of unsent bytes a connection turns from writable to not and back. */
  static final WriteBufferWaterMark WRITE_MARKS = new WriteBufferWaterMark(64 << 10, 256 << 10);

  /** The same for a peer that has proven nothing: what it does not read is held for it. */
  static final WriteBufferWaterMark STRANGER_WRITE_MARKS =
      new WriteBufferWaterMark(4 << 10, 8 << 10);

  private static final int KEEPALIVE_PROBES = 3;

  /** How long event loops may take to end. */
  private static final Duration LOOP_PATIENCE = Duration.ofSeconds(5);

  private final NetworkOptions options;
  private final boolean epoll;
  private final EventLoopGroup loops;

  /**
   * Accepts, turns away, and waits for the first word of strangers, so that a storm of connections
   * is no work for the other loops.
   */
  private final EventLoopGroup doors;

  private final ExecutorService tlsTasks;
  private final TlsEngines tls;
  private final AtomicInteger outstanding = new AtomicInteger();
  private final Set<NettyTransport> open = ConcurrentHashMap.newKeySet();
  private final Set<Channel> listening = ConcurrentHashMap.newKeySet();

  /** For connections in memory, which the other loops do not take; made when first asked for. */
  private @Nullable EventLoopGroup memoryLoops;

  private boolean closed;

  private NettyNetwork(NetworkOptions options) {
    int cores = Runtime.getRuntime().availableProcessors();
    int number = options.loops() == 0 ? cores : options.loops();
    this.options = options;
    this.epoll = options.nativeTransport() && Epoll.isAvailable();
    this.tlsTasks =
        Executors.newFixedThreadPool(
            cores, Thread.ofPlatform().daemon().name("comity-tls-", 1).factory());
    this.tls = new TlsEngines(options.tlsProvider(), options.tlsProfile(), tlsTasks);
    this.loops =
        new MultiThreadIoEventLoopGroup(
            number,
            new DefaultThreadFactory("comity-loop", true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    this.doors =
        new MultiThreadIoEventLoopGroup(
            1,
            new DefaultThreadFactory("comity-door", true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /**
   * Starts the event loops.
   *
   * @throws IllegalStateException the TLS provider asked for cannot be had
   */
  public static NettyNetwork open(NetworkOptions options) {
    return new NettyNetwork(options);
  }

  /** The TLS provider in use, never {@link TlsProvider#AUTO}. */
  public TlsProvider tlsProvider() {
    return tls.provider();
  }

  /** Whether epoll is in use. */
  public boolean nativeTransport() {
    return epoll;
  }

  @Override
  public CompletableFuture<Transport> connect(InetSocketAddress to, @Nullable InetAddress source) {
    if (to.isUnresolved()) {
      throw new IllegalArgumentException(to + " is not resolved");
    }
    CompletableFuture<Transport> result = new CompletableFuture<>();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .resolver(NoopAddressResolverGroup.INSTANCE)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    setUp(channel);
                    channel.pipeline().addLast(new NettyTransport(NettyNetwork.this, channel));
                  }
                });
    ChannelFuture connecting =
        source == null
            ? bootstrap.connect(to)
            : bootstrap.connect(to, new InetSocketAddress(source, 0));
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            result.completeExceptionally(
                done.cause() instanceof IOException e ? e : new IOException(done.cause()));
            return;
          }
          // This listener runs before the channel is active, when its addresses are not known yet.
          connecting
              .channel()
              .eventLoop()
              .execute(
                  () -> {
                    NettyTransport transport =
                        connecting.channel().pipeline().get(NettyTransport.class);
                    if (transport == null) {
                      result.completeExceptionally(new ClosedChannelException());
                    } else if (!result.complete(transport)) {
                      transport.abort(null); // given up meanwhile
                    }
                  });
        });
    var _ =
        result.whenComplete(
            (transport, failure) -> {
              if (failure != null) {
                var _ = connecting.channel().close();
              }
            });
    return result;
  }

  /** What the system said, without the call that failed, which tells an operator nothing. */
  private static String reason(@Nullable Throwable cause) {
    String text = cause == null ? null : cause.getMessage();
    if (text == null) {
      return String.valueOf(cause);
    }
    int call = text.lastIndexOf(": ");
    return call < 0 ? text : text.substring(call + 2);
  }

  @Override
  public Listening listen(ListenOptions where, Gate gate, Consumer<Transport> accepted)
      throws IOException {
    Reception reception = new Reception(where, gate, accepted, options.timers(), loops);
    ChannelFuture binding =
        new ServerBootstrap()
            // Who has to say something first says it at the door.
            .group(doors, gate.patience().isZero() ? loops : doors)
            .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .handler(reception.door())
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    setUp(channel);
                    reception.receive(channel, new NettyTransport(NettyNetwork.this, channel));
                  }
                })
            .bind(where.address());
    binding.awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new IOException(
          "cannot listen on "
              + where.address().getHostString()
              + " port "
              + where.address().getPort()
              + ": "
              + reason(binding.cause()),
          binding.cause());
    }
    Channel channel = binding.channel();
    listening.add(channel);
    InetSocketAddress address = inet(channel.localAddress());
    return new Listening() {
      @Override
      public InetSocketAddress address() {
        return address;
      }

      @Override
      public void close() {
        listening.remove(channel);
        channel.close().awaitUninterruptibly();
        reception.close();
      }
    };
  }

  /** Two connected ends in memory. */
  PipeTransport.Pair pipe() {
    EventLoopGroup group = memoryLoops();
    CompletableFuture<NettyTransport> right = new CompletableFuture<>();
    LocalAddress meeting = new LocalAddress(NettyNetwork.class);
    Channel server =
        new ServerBootstrap()
            .group(group)
            .channel(LocalServerChannel.class)
            .childHandler(end(right))
            .bind(meeting)
            .syncUninterruptibly()
            .channel();
    try {
      CompletableFuture<NettyTransport> left = new CompletableFuture<>();
      new Bootstrap()
          .group(group)
          .channel(LocalChannel.class)
          .handler(end(left))
          .connect(meeting)
          .syncUninterruptibly();
      return new PipeTransport.Pair(left.join(), right.join());
    } finally {
      server.close().awaitUninterruptibly();
    }
  }

  private ChannelHandler end(CompletableFuture<NettyTransport> result) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.config().setWriteBufferWaterMark(WRITE_MARKS);
        NettyTransport transport = new NettyTransport(NettyNetwork.this, channel);
        channel
            .pipeline()
            .addLast(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelActive(ChannelHandlerContext ctx) {
                    ctx.fireChannelActive();
                    ctx.pipeline().remove(this);
                    result.complete(transport);
                  }
                })
            .addLast(transport);
      }
    };
  }

  private synchronized EventLoopGroup memoryLoops() {
    if (closed) {
      throw new IllegalStateException("the network is closed");
    }
    if (memoryLoops == null) {
      memoryLoops =
          new MultiThreadIoEventLoopGroup(
              2, new DefaultThreadFactory("comity-memory", true), LocalIoHandler.newFactory());
    }
    return memoryLoops;
  }

  /** Sets what every TCP connection has. */
  void setUp(Channel channel) {
    channel.config().setWriteBufferWaterMark(WRITE_MARKS);
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
    // A peer that sends no more may still read: what we have for it is sent before we end too.
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
    int seconds = (int) Math.max(1, options.keepAlive().toSeconds());
    if (epoll) {
      channel.config().setOption(EpollChannelOption.TCP_KEEPIDLE, seconds);
      channel.config().setOption(EpollChannelOption.TCP_KEEPINTVL, seconds);
      channel.config().setOption(EpollChannelOption.TCP_KEEPCNT, KEEPALIVE_PROBES);
      channel
          .config()
          .setOption(EpollChannelOption.TCP_USER_TIMEOUT, (int) options.userTimeout().toMillis());
    } else {
      channel.config().setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), seconds);
      channel
          .config()
          .setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), seconds);
      channel
          .config()
          .setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEPALIVE_PROBES);
    }
  }

  @Override
  public int openConnections() {
    return open.size();
  }

  @Override
  public int outstandingBuffers() {
    return outstanding.get();
  }

  @Override
  public void close() {
    EventLoopGroup memory;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      memory = memoryLoops;
    }
    List<Future<?>> ends = new ArrayList<>();
    listening.forEach(channel -> ends.add(channel.close()));
    List<CompletableFuture<?>> gone = new ArrayList<>();
    for (NettyTransport transport : open) {
      gone.add(transport.closed());
      transport.abort(new IOException("the network is closed"));
    }
    // Two ends in memory need each other's loop to end.
    CompletableFuture.allOf(gone.toArray(CompletableFuture[]::new))
        .completeOnTimeout(null, LOOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        .join();
    ends.add(doors.shutdownGracefully(0, LOOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    ends.add(loops.shutdownGracefully(0, LOOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    if (memory != null) {
      ends.add(memory.shutdownGracefully(0, LOOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    }
    ends.forEach(Future::awaitUninterruptibly);
    tlsTasks.shutdownNow();
    tls.close();
  }

  // For the connections.

  Timers timers() {
    return options.timers();
  }

  TlsEngines tls() {
    return tls;
  }

  Duration closeWait() {
    return options.closeWait();
  }

  int unsentLimit() {
    return options.unsentLimit();
  }

  AtomicInteger outstanding() {
    return outstanding;
  }

  void opened(NettyTransport transport) {
    open.add(transport);
  }

  void gone(NettyTransport transport) {
    open.remove(transport);
  }

  static InetSocketAddress inet(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet ? inet : NOWHERE;
  }
}
