package im.comity.transport;

import im.comity.address.Domain;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Makes TLS engines, of one provider and one profile. There are at most three contexts, whatever
 * the number of domains: what is particular to a connection is found through a token that its
 * engine carries in place of the name of the peer's host, which neither provider then takes for a
 * name.
 *
 * <p>Resumption is off in both roles: a server gives out no tickets and remembers no sessions, and
 * a client, for which no token comes twice, offers none.
 */
final class TlsEngines {
  /** The one application protocol we speak. */
  static final String ALPN = "xmpp-server";

  /** Longer than a ticket may live, which makes the JDK's provider give out none. */
  private static final Duration TOO_LONG_FOR_TICKETS = Duration.ofDays(8);

  private enum Kind {
    SERVER,
    CLIENT,
    CLIENT_WITH_ALPN
  }

  private final boolean boringSsl;
  private final TlsProfile profile;
  private final Executor tasks;
  private final AtomicLong tokens = new AtomicLong();
  private final Map<String, TlsHandshake> inProgress = new ConcurrentHashMap<>();
  private final Map<Kind, SslContext> contexts = new ConcurrentHashMap<>();
  private volatile String[] groups = {};
  private boolean closed;

  /**
   * @param tasks runs the expensive steps of handshakes
   * @throws IllegalStateException the provider cannot be had
   */
  TlsEngines(TlsProvider provider, TlsProfile profile, Executor tasks) {
    if (provider == TlsProvider.BORINGSSL && !OpenSsl.isAvailable()) {
      throw new IllegalStateException("BoringSSL cannot be had", OpenSsl.unavailabilityCause());
    }
    this.boringSsl = provider != TlsProvider.JDK && OpenSsl.isAvailable();
    this.profile = profile;
    this.tasks = tasks;
  }

  /** The provider in use. */
  TlsProvider provider() {
    return boringSsl ? TlsProvider.BORINGSSL : TlsProvider.JDK;
  }

  /** Handshakes that have begun and not ended; for tests of leaks. */
  int handshakesInProgress() {
    return inProgress.size();
  }

  /**
   * Builds what the first handshake of its kind needs, which takes some milliseconds. To be called
   * off the event loops, before {@link #begin}.
   *
   * @throws SSLException the profile does not fit the provider
   */
  void prepare(TlsRequest request) throws SSLException {
    Kind kind = kind(request);
    if (contexts.containsKey(kind)) {
      return;
    }
    synchronized (this) {
      if (closed) {
        throw new SSLException("the network is closed");
      }
      if (!contexts.containsKey(kind)) {
        SslContext context = build(kind);
        groups = groups(context);
        contexts.put(kind, context);
      }
    }
  }

  /** Begins a handshake, which must be given back with {@link #end}. */
  TlsHandshake begin(TlsRequest request) {
    TlsHandshake handshake = new TlsHandshake("tls-" + tokens.incrementAndGet(), request);
    inProgress.put(handshake.token(), handshake);
    return handshake;
  }

  /** The key manager needs the handshake no more. */
  void end(TlsHandshake handshake) {
    inProgress.remove(handshake.token());
  }

  /** The handler for a handshake on a channel; owned by the caller until it is in the pipeline. */
  SslHandler handler(TlsHandshake handshake, Channel channel) throws SSLException {
    SslContext context = contexts.get(kind(handshake.request()));
    if (context == null) {
      throw new IllegalStateException("not prepared");
    }
    SslHandler handler;
    if (boringSsl) {
      handler = context.newHandler(channel.alloc(), handshake.token(), 0);
      if (handshake.request() instanceof TlsRequest.AsServer) {
        // The engine as made for a handler, which decrypts several records in one call.
        handler = new SteppedHandler(handler.engine(), new Steps(tasks, channel.eventLoop()));
      }
    } else {
      SSLEngine engine = context.newEngine(channel.alloc(), handshake.token(), 0);
      handler = new SteppedHandler(engine, new Steps(tasks, channel.eventLoop()));
    }
    try {
      configure(handler.engine(), handshake.request());
      // Whoever waits for a handshake brings a deadline.
      handler.setHandshakeTimeoutMillis(0);
      return handler;
    } catch (SSLException | RuntimeException e) {
      ReferenceCountUtil.release(handler.engine());
      throw e;
    }
  }

  /** Forgets a session that the JDK's server would resume if the peer asked for it. */
  void forgetSession(SSLEngine engine) {
    if (!boringSsl) {
      engine.getSession().invalidate();
    }
  }

  /** The name to be sent as SNI, or null for an IP literal or a name too long for it. */
  static @Nullable String serverName(Domain domain) {
    return domain.isIpLiteral() || domain.ascii().length() > 255 ? null : domain.ascii();
  }

  /** Gives back what is native. No engine may be made any more. */
  void close() {
    synchronized (this) {
      closed = true;
      contexts.values().forEach(ReferenceCountUtil::release);
      contexts.clear();
    }
  }

  private void configure(SSLEngine engine, TlsRequest request) throws SSLException {
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm(null);
    parameters.setUseCipherSuitesOrder(true);
    parameters.setNamedGroups(groups);
    if (request instanceof TlsRequest.AsClient client) {
      String name = serverName(client.serverName());
      parameters.setServerNames(
          name == null
              ? List.<SNIServerName>of()
              : List.of(new SNIHostName(name.getBytes(StandardCharsets.US_ASCII))));
    }
    engine.setSSLParameters(parameters);
    if (boringSsl) {
      BoringSsl.harden((ReferenceCountedOpenSslEngine) engine);
    }
  }

  private String[] groups(SslContext context) {
    List<String> known =
        context instanceof JdkSslContext jdk
            ? List.of(jdk.context().getSupportedSSLParameters().getNamedGroups())
            : BoringSsl.GROUPS;
    return profile.groups().stream().filter(known::contains).toArray(String[]::new);
  }

  private static Kind kind(TlsRequest request) {
    return switch (request) {
      case TlsRequest.AsServer _ -> Kind.SERVER;
      case TlsRequest.AsClient client -> client.offerAlpn() ? Kind.CLIENT_WITH_ALPN : Kind.CLIENT;
    };
  }

  private SslContext build(Kind kind) throws SSLException {
    Keys keys = new Keys();
    SslContextBuilder builder =
        kind == Kind.SERVER
            ? SslContextBuilder.forServer(keys).clientAuth(ClientAuth.OPTIONAL)
            : SslContextBuilder.forClient().keyManager(keys).endpointIdentificationAlgorithm(null);
    builder
        .sslProvider(boringSsl ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK)
        .trustManager(new AnyPeer())
        .protocols(profile.protocols())
        .ciphers(profile.cipherSuites(), SupportedCipherSuiteFilter.INSTANCE)
        .sessionCacheSize(1)
        .sessionTimeout(TOO_LONG_FOR_TICKETS.toSeconds());
    if (kind != Kind.CLIENT) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              ALPN));
    }
    SslContext context = builder.build();
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      sessions.setSessionCacheEnabled(false);
    }
    return context;
  }

  /** What only the native library needs, in a class of its own so that it need not be there. */
  private static final class BoringSsl {
    static final List<String> GROUPS =
        List.of("X25519MLKEM768", "x25519", "secp256r1", "secp384r1", "secp521r1");

    /** Takes back what Netty allows on each engine: a renegotiation for clients, and tickets. */
    static void harden(ReferenceCountedOpenSslEngine engine) throws SSLException {
      try {
        SSL.setRenegotiateMode(engine.sslPointer(), SSL.SSL_RENEGOTIATE_NEVER);
        SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
      } catch (Exception e) {
        throw new SSLException("renegotiation cannot be switched off", e);
      }
    }
  }

  /**
   * A handler whose expensive steps run elsewhere: with the JDK each of them; with the native
   * library, as server, the choice of our key and all that follows it at once, which is the key
   * exchange and the signature (doc/decisions/0005).
   */
  private static final class SteppedHandler extends SslHandler {
    private final Steps steps;

    SteppedHandler(SSLEngine engine, Steps steps) {
      super(engine, steps);
      this.steps = steps;
    }

    /**
     * A FIN makes the handler forget what it has not decoded, which waits for a step in progress.
     */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
      if (event == ChannelInputShutdownEvent.INSTANCE && steps.running > 0) {
        steps.whenIdle = () -> ctx.pipeline().fireUserEventTriggered(event);
      } else {
        super.userEventTriggered(ctx, event);
      }
    }

    /** What stands for a FIN in memory waits likewise. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
      if (!(message instanceof ByteBuf) && steps.running > 0) {
        steps.whenIdle = () -> ctx.pipeline().fireChannelRead(message);
      } else {
        super.channelRead(ctx, message);
      }
    }
  }

  /**
   * Runs the expensive steps of one handshake off its event loop, to which all else is confined.
   */
  private static final class Steps implements Executor {
    private final Executor elsewhere;
    private final EventLoop loop;
    private int running;
    private @Nullable Runnable whenIdle;

    Steps(Executor elsewhere, EventLoop loop) {
      this.elsewhere = elsewhere;
      this.loop = loop;
    }

    @Override
    public void execute(Runnable step) {
      elsewhere.execute(
          () -> {
            try {
              step.run(); // at its end it asks the loop to go on with the handshake
            } finally {
              if (!loop.isShuttingDown()) {
                loop.execute(this::done);
              }
            }
          });
      running++;
    }

    private void done() {
      running--;
      Runnable then = whenIdle;
      if (running == 0 && then != null) {
        whenIdle = null;
        then.run();
      }
    }
  }

  /** Chooses our key by the handshake that the engine belongs to. */
  private final class Keys extends X509ExtendedKeyManager {
    @Override
    public @Nullable String chooseEngineClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
      return choose(Arrays.asList(keyTypes), engine);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
      return choose(List.of(keyType), engine);
    }

    private @Nullable String choose(List<String> keyTypes, SSLEngine engine) {
      TlsHandshake handshake = inProgress.get(engine.getPeerHost());
      return handshake == null || handshake.choose(keyTypes) == null ? null : handshake.token();
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      TlsIdentity identity = shown(alias);
      return identity == null ? null : identity.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      TlsIdentity identity = shown(alias);
      return identity == null ? null : identity.key();
    }

    private @Nullable TlsIdentity shown(String token) {
      TlsHandshake handshake = inProgress.get(token);
      return handshake == null ? null : handshake.shown();
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
      return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, Socket socket) {
      return null;
    }
  }

  /**
   * Takes any certificate: who the peer is gets judged after the handshake, by others (S2S-TLS-17,
   * DNA-PKX-05). It names no issuers, so that peers with other authorities show theirs
   * (S2S-TLS-19).
   */
  private static final class AnyPeer extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
