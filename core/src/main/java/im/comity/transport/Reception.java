package im.comity.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.AttributeKey;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives the connections that one listening socket accepts: counts them, asks where from, and
 * lets them wait until there is something to listen to.
 */
final class Reception {
  /** How long a proxy may take for its header, which it sends in its first packet. */
  static final Duration PROXY_HEADER_WAIT = Duration.ofSeconds(5);

  /** What the gate gave for a connection that is not set up yet. */
  private static final AttributeKey<Gate.Place> PLACE =
      AttributeKey.valueOf(Reception.class, "place");

  private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

  /** Additional data in a header of version 2 that we suffer, in bytes. */
  private static final int MAX_PROXY_DATA = 4096;

  private final int perAddress;
  private final List<IpSubnetFilterRule> proxies;
  private final Gate gate;
  private final Consumer<Transport> accepted;
  private final Timers timers;
  private final EventLoopGroup loops;

  /** Open connections by address, guarded by itself; addresses without any are not in it. */
  private final Map<InetAddress, Integer> counts = new HashMap<>();

  /** The connections that were not handed on yet. */
  private final Set<NettyTransport> waiting = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  /**
   * @param loops where those go that have said their first word
   * @throws IllegalArgumentException a network of proxies cannot be read
   */
  Reception(
      ListenOptions options,
      Gate gate,
      Consumer<Transport> accepted,
      Timers timers,
      EventLoopGroup loops) {
    this.gate = gate;
    this.loops = loops;
    this.perAddress = options.maxConnectionsPerAddress();
    this.proxies = options.proxyFrom().stream().map(Reception::network).toList();
    this.accepted = accepted;
    this.timers = timers;
  }

  /** The handler of the listening socket: turns away at once who has too many connections. */
  ChannelHandler door() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext ctx, Object message) {
        Channel channel = (Channel) message;
        InetSocketAddress from = NettyNetwork.inet(channel.remoteAddress());
        if (isProxy(from) || admit(channel, from)) {
          ctx.fireChannelRead(message);
        } else {
          channel.unsafe().closeForcibly();
        }
      }
    };
  }

  /** Sets up the pipeline of a connection that got in. */
  void receive(Channel channel, NettyTransport transport) {
    boolean proxied = isProxy(NettyNetwork.inet(channel.remoteAddress()));
    if (proxied) {
      channel.pipeline().addLast(new HAProxyMessageDecoder(MAX_PROXY_DATA));
    }
    channel.pipeline().addLast(new Usher(transport, proxied), transport);
  }

  private boolean isProxy(InetSocketAddress from) {
    return proxies.stream().anyMatch(network -> network.matches(from));
  }

  /** Counts a connection until it is closed, unless its address has its fill. */
  private boolean admit(Channel channel, InetSocketAddress from) {
    InetAddress address = AddressGroup.of(from.getAddress());
    synchronized (counts) {
      int now = counts.getOrDefault(address, 0);
      if (now >= perAddress) {
        gate.full(address, perAddress);
        return false;
      }
      Gate.Place place = gate.admit(from.getAddress());
      if (place == null) {
        return false;
      }
      counts.put(address, now + 1);
      channel.attr(PLACE).set(place);
    }
    channel
        .closeFuture()
        .addListener(
            closed -> {
              leave(address);
              channel.attr(PLACE).get().cancel();
            });
    return true;
  }

  private void leave(InetAddress address) {
    synchronized (counts) {
      counts.computeIfPresent(address, (same, now) -> now == 1 ? null : now - 1);
    }
  }

  /** Drops the connections that nobody was told of; no more will come. */
  void close() {
    closed = true;
    waiting.forEach(transport -> transport.abort(null));
  }

  /** Addresses with connections; for tests of leaks. */
  int countedAddresses() {
    synchronized (counts) {
      return counts.size();
    }
  }

  /**
   * Reads a network in CIDR form, or a single address.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  static IpSubnetFilterRule network(String text) {
    int slash = text.indexOf('/');
    InetAddress address =
        NetUtil.createInetAddressFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
    if (address == null) {
      throw new IllegalArgumentException("not an IP network: " + text);
    }
    int most = 8 * address.getAddress().length;
    int bits = most;
    if (slash >= 0) {
      try {
        bits = Integer.parseInt(text.substring(slash + 1));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("not an IP network: " + text, e);
      }
    }
    if (bits < 0 || bits > most) {
      throw new IllegalArgumentException("not an IP network: " + text);
    }
    return new IpSubnetFilterRule(address, bits, IpFilterRuleType.ACCEPT);
  }

  /**
   * Stands before a connection until it is known where it comes from and it has said its first
   * word, or will not; then hands it on, and goes.
   */
  private final class Usher extends ChannelInboundHandlerAdapter {
    private final NettyTransport transport;

    /** Its proxy has not said yet whose it is. */
    private boolean unknown;

    private boolean handedOn;
    private Cancellable patience = () -> {};

    Usher(NettyTransport transport, boolean proxied) {
      this.transport = transport;
      this.unknown = proxied;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.fireChannelActive();
      waiting.add(transport);
      if (closed) {
        transport.abort(null);
      } else if (unknown) {
        patience = timers.after(PROXY_HEADER_WAIT, () -> transport.abort(null));
      } else {
        listen(ctx);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (!unknown) {
        ctx.fireChannelRead(message);
        look(ctx);
        return;
      }
      if (!(message instanceof HAProxyMessage header)) {
        ReferenceCountUtil.release(message);
        return;
      }
      try {
        InetSocketAddress told = told(header);
        if (told != null) {
          transport.remote(told);
        }
        if (admit(ctx.channel(), transport.remote())) {
          unknown = false;
          patience.cancel();
          listen(ctx);
        } else {
          transport.abort(null);
        }
      } finally {
        header.release();
      }
    }

    /** The address of the connection that the proxy passes on; null for one of its own. */
    private @Nullable InetSocketAddress told(HAProxyMessage header) {
      String address = header.sourceAddress();
      if (header.command() == HAProxyCommand.LOCAL || address == null) {
        return null;
      }
      InetAddress ip = NetUtil.createInetAddressFromIpAddressString(address);
      return ip == null ? null : new InetSocketAddress(ip, header.sourcePort());
    }

    private void listen(ChannelHandlerContext ctx) {
      Duration most = gate.patience();
      if (most.isZero()) {
        handOn(ctx, false);
      } else {
        patience = timers.after(most, () -> transport.onLoop(() -> handOn(ctx, false)));
      }
    }

    private void look(ChannelHandlerContext ctx) {
      switch (transport.firstWord()) {
        case AWAITED -> {}
        case SAID -> handOn(ctx, true);
        case NONE -> handOn(ctx, false);
      }
    }

    /**
     * @param promising whether something may come of it, for which it moves to a loop that relays
     */
    private void handOn(ChannelHandlerContext ctx, boolean promising) {
      if (handedOn) {
        return;
      }
      handedOn = true;
      patience.cancel();
      transport.place(ctx.channel().attr(PLACE).get(), gate);
      if (!gate.equals(Gate.OPEN)) {
        ctx.channel().config().setWriteBufferWaterMark(NettyNetwork.STRANGER_WRITE_MARKS);
      }
      if (!ctx.isRemoved()) {
        ctx.pipeline().remove(this);
      }
      if (promising) {
        transport.moveTo(loops.next(), this::announce);
      } else {
        announce();
      }
    }

    private void announce() {
      waiting.remove(transport);
      if (closed) {
        transport.abort(null);
        return;
      }
      try {
        accepted.accept(transport);
      } catch (RuntimeException | Error e) {
        LOG.error("A connection from {} was not taken", transport.remote(), e);
        transport.abort(new IOException("not taken", e));
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (unknown && event == ChannelInputShutdownEvent.INSTANCE) {
        transport.abort(null);
        return;
      }
      ctx.fireUserEventTriggered(event);
      if (!unknown) {
        look(ctx);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ctx.fireChannelInactive();
      if (unknown) {
        patience.cancel();
        waiting.remove(transport);
      } else {
        handOn(ctx, false); // who accepts is told of each that came, and how it ended
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (unknown) {
        LOG.debug("No header of the PROXY protocol from {}", transport.remote(), cause);
        transport.abort(null);
      } else {
        ctx.fireExceptionCaught(cause);
      }
    }
  }
}
