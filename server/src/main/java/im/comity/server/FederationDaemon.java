package im.comity.server;

import im.comity.address.Domain;
import im.comity.component.ComponentAcceptor;
import im.comity.component.HostServices;
import im.comity.component.LocalDomains;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.Discovery;
import im.comity.discovery.DnsjavaResolver;
import im.comity.federation.Federation;
import im.comity.federation.FederationConfig;
import im.comity.negotiation.NegotiationSettings;
import im.comity.prooftype.PkixProoftype;
import im.comity.relay.RelaySettings;
import im.comity.routing.RoutingSettings;
import im.comity.server.configuration.Configuration;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Listening;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The server: a federation with components and host domains behind it, as configured. */
final class FederationDaemon implements Daemon {
  private final SystemTimers timers = new SystemTimers();
  private final NettyNetwork network = NettyNetwork.open(NetworkOptions.defaults(timers));
  private final EventLog log = new EventLog();
  private final LocalDomains domains;
  private final DialbackSecret drawn = DialbackSecret.random(new SecureRandom());
  private final Map<Configuration.ComponentListener, Listening> componentSockets =
      new LinkedHashMap<>();
  private DnsjavaResolver resolver;
  private final Federation federation;
  private final ComponentAcceptor acceptor;

  private FederationDaemon(Configuration configuration) throws IOException {
    domains = new LocalDomains(new HostServices(Main.Version.number()));
    resolver = resolver(configuration);
    configureDomains(configuration);
    Router router = new Router();
    acceptor =
        new ComponentAcceptor(
            domains,
            router,
            network,
            timers,
            log,
            limits(configuration),
            configuration.limits().unsentBytes());
    try {
      listenForComponents(configuration);
      federation = Federation.start(config(configuration), network, timers, domains, log);
      router.federation = federation;
      domains.sendTo(router::send);
    } catch (IOException e) {
      componentSockets.values().forEach(Listening::close);
      network.close();
      resolver.close();
      timers.close();
      throw e;
    }
  }

  /** Starts one. */
  static Daemon start(Configuration configuration) throws IOException {
    return new FederationDaemon(configuration);
  }

  /** Components may connect an instant before the federation is there; then they wait. */
  private static final class Router implements ComponentAcceptor.Router {
    private volatile @Nullable Federation federation;

    @Override
    public Offer send(Stanza stanza) {
      Federation there = federation;
      return there == null ? Offer.FULL : there.send(stanza);
    }

    @Override
    public Offer offer(Stanza stanza) {
      Federation there = federation;
      return there == null ? Offer.FULL : there.offer(stanza);
    }

    @Override
    public boolean whenRoom(Stanza stanza, Runnable task) {
      Federation there = federation;
      if (there != null) {
        return there.whenRoom(stanza, task);
      }
      Thread.startVirtualThread(task);
      return true;
    }
  }

  private DnsjavaResolver resolver(Configuration configuration) {
    List<InetSocketAddress> servers =
        configuration.resolvers().isEmpty()
            ? DnsjavaResolver.systemServers()
            : configuration.resolvers();
    return new DnsjavaResolver(servers, DnsjavaResolver.Settings.DEFAULT, timers);
  }

  private void configureDomains(Configuration configuration) {
    Map<Domain, HostServices.Profile> hosts = new LinkedHashMap<>();
    for (Configuration.HostDomain domain : configuration.domains()) {
      if (domain.profile() != null) {
        hosts.put(domain.name(), domain.profile());
      }
    }
    domains.configure(hosts, configuration.components());
  }

  private static ScannerLimits limits(Configuration configuration) {
    return ScannerLimits.PROVEN.withElementBytes(configuration.limits().stanzaBytes());
  }

  private FederationConfig config(Configuration configuration) {
    Configuration.Timeouts timeouts = configuration.timeouts();
    NegotiationSettings negotiation = NegotiationSettings.DEFAULTS;
    RelaySettings relay = RelaySettings.DEFAULTS;
    Map<Domain, InetAddress> sources = new LinkedHashMap<>();
    for (Configuration.HostDomain domain : configuration.domains()) {
      if (domain.sourceAddress() != null) {
        sources.put(domain.name(), domain.sourceAddress());
      }
    }
    Configuration.Secret secret = configuration.dialbackSecret();
    return new FederationConfig(
        configuration.policy(),
        configuration.identities(),
        configuration.defaultIdentity(),
        List.of(new PkixProoftype(configuration.trust().anchors(), configuration.trust().peers())),
        resolver,
        Discovery.Options.DEFAULT,
        configuration.guard(),
        sources,
        configuration.s2sListeners(),
        secret == null ? drawn : DialbackSecret.of(secret.value()),
        new NegotiationSettings(
            timeouts.negotiation(),
            timeouts.candidate(),
            negotiation.dialback(),
            negotiation.saslAttempts(),
            negotiation.strangerSenders(),
            negotiation.provenSenders(),
            negotiation.verifications(),
            limits(configuration),
            Math.toIntExact(timeouts.idle().toSeconds())),
        new RelaySettings(
            configuration.limits().unsentBytes(),
            limits(configuration),
            relay.associations(),
            timeouts.keepalive(),
            timeouts.idle(),
            relay.unproven(),
            relay.farewell(),
            relay.stuck()),
        new RoutingSettings(
            configuration.limits().waitingStanzas(),
            configuration.limits().waitingBytes(),
            RoutingSettings.DEFAULTS.pairs(),
            RoutingSettings.DEFAULTS.attempts(),
            timeouts.negotiation()),
        configuration.limits().strangers());
  }

  private void listenForComponents(Configuration configuration) throws IOException {
    for (Configuration.ComponentListener one : configuration.componentListeners()) {
      if (!componentSockets.containsKey(one)) {
        componentSockets.put(one, acceptor.listen(one.options(), one.tls()));
      }
    }
  }

  @Override
  public void reload(Configuration next) throws IOException {
    List<Configuration.ComponentListener> before = List.copyOf(componentSockets.keySet());
    DnsjavaResolver old = resolver;
    try {
      listenForComponents(next);
      resolver = resolver(next);
      federation.reconfigure(config(next));
    } catch (IOException e) {
      resolver = old;
      List.copyOf(componentSockets.keySet()).stream()
          .filter(one -> !before.contains(one))
          .forEach(this::closeSocket);
      throw e;
    }
    before.stream()
        .filter(one -> !next.componentListeners().contains(one))
        .forEach(this::closeSocket);
    configureDomains(next);
    federation.reconsider();
    old.close();
  }

  private void closeSocket(Configuration.ComponentListener one) {
    Listening socket = componentSockets.remove(one);
    if (socket != null) {
      socket.close();
    }
  }

  @Override
  public void stop(Duration grace) {
    // Components first: what they sent still leaves, what peers answer would find nobody.
    acceptor.close();
    federation.close(grace);
    network.close();
    resolver.close();
    timers.close();
  }
}
