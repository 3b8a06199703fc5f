package im.comity.federation;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.event.FederationEvent;
import im.comity.local.InProcessLocalSide;
import im.comity.local.LocalSide;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.Direction;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.PkixProoftype;
import im.comity.relay.GuestLimits;
import im.comity.relay.RelaySettings;
import im.comity.routing.RoutingSettings;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.transport.Gate;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.NettyNetwork;
import im.comity.transport.Network;
import im.comity.transport.NetworkOptions;
import im.comity.transport.StrangerLimits;
import im.comity.transport.SystemTimers;
import im.comity.transport.Timers;
import im.comity.transport.TlsIdentity;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One server of a test: a federation on loopback, with an in-process local side. */
final class Site implements AutoCloseable {
  /** What arrived at the local side. */
  record Arrived(Stanza stanza, @Nullable Association along) {}

  private final @Nullable SystemTimers ours;
  private final NettyNetwork network;
  private final InProcessLocalSide side;
  private final Plan plan;
  private final Set<Domain> gone = ConcurrentHashMap.newKeySet();
  final FederationConfig config;
  final BlockingQueue<Arrived> arrived = new LinkedBlockingQueue<>();
  final List<FederationEvent> events = new CopyOnWriteArrayList<>();

  /** Where it connected to, whether it came to a connection or not. */
  final List<InetSocketAddress> dialled = new CopyOnWriteArrayList<>();

  final Federation federation;

  private Site(Plan plan) throws IOException {
    ours = plan.timers == null ? new SystemTimers() : null;
    Timers timers = ours == null ? Objects.requireNonNull(plan.timers) : ours;
    network =
        plan.network == null ? NettyNetwork.open(NetworkOptions.defaults(timers)) : plan.network;
    side =
        new InProcessLocalSide(
            plan.domains, 100_000, (stanza, along) -> arrived.put(new Arrived(stanza, along)));
    this.plan = plan;
    config = config(plan.policy);
    gone.addAll(plan.gone);
    federation =
        Federation.start(
            config,
            new OnThisMachine(network, dialled),
            timers,
            new Remembering(side, gone),
            events::add);
    List<InetSocketAddress> addresses = federation.addresses();
    for (Domain domain : plan.domains) {
      for (int i = 0; i < addresses.size(); i++) {
        plan.dns.serve(domain, addresses.get(i), plan.listeners.get(i).directTls());
      }
    }
  }

  private FederationConfig config(PolicyTable policy) {
    return FederationConfig.of(
            policy,
            plan.identities,
            List.of(new PkixProoftype(plan.anchors, List.of())),
            plan.dns,
            plan.listeners,
            DialbackSecret.of("secret of " + plan.domains))
        .withGuard(plan.guard)
        .withSettings(plan.negotiation, plan.relay, plan.routing)
        .withStrangers(plan.strangers)
        .withGuests(plan.guests);
  }

  /** A network whose every address is one of this machine: the port alone says where it leads. */
  private record OnThisMachine(Network network, List<InetSocketAddress> dialled)
      implements Network {
    @Override
    public CompletableFuture<Transport> connect(
        InetSocketAddress to, @Nullable InetAddress source) {
      dialled.add(to);
      return network.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), to.getPort()), source);
    }

    @Override
    public Listening listen(ListenOptions options, Gate gate, Consumer<Transport> accepted)
        throws IOException {
      return network.listen(options, gate, accepted);
    }

    @Override
    public int openConnections() {
      return network.openConnections();
    }

    @Override
    public int outstandingBuffers() {
      return network.outstandingBuffers();
    }

    @Override
    public void close() {
      network.close();
    }
  }

  /** Puts other rules in force; all else stays. */
  void reconfigure(PolicyTable policy) throws IOException {
    federation.reconfigure(config(policy));
  }

  /** A domain is served no more, of which the federation is still to be told. */
  void gone(String name) {
    gone.add(domain(name));
  }

  /** A local side that knows which domains it has served in the past. */
  private record Remembering(LocalSide side, Set<Domain> gone) implements LocalSide {
    @Override
    public Standing standing(Domain domain) {
      return gone.contains(domain) ? Standing.GONE : side.standing(domain);
    }

    @Override
    public Collection<Domain> domains() {
      return side.domains();
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      return side.deliver(along, stanza);
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      return side.deliverLocally(stanza);
    }
  }

  static Plan plan(TestDns dns, String... domains) {
    return new Plan(dns, Arrays.stream(domains).map(Site::domain).toList());
  }

  static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** What a site is to be. */
  static final class Plan {
    private final TestDns dns;
    private final List<Domain> domains;
    private PolicyTable policy =
        policyOf(PolicyRule.of(im.comity.policy.FederationLevel.ENCRYPTED));
    private Set<Domain> gone = Set.of();
    private List<TlsIdentity> identities = List.of();
    private List<X509Certificate> anchors = List.of();
    private final List<FederationConfig.Listener> listeners = new ArrayList<>();
    private NegotiationSettings negotiation = NegotiationSettings.DEFAULTS;
    private RelaySettings relay = RelaySettings.DEFAULTS;
    private RoutingSettings routing = RoutingSettings.DEFAULTS;
    private StrangerLimits strangers = StrangerLimits.DEFAULTS;
    private GuestLimits guests = GuestLimits.NONE;
    private AddressGuard guard = AddressGuard.LOOPBACK_TOO;
    private @Nullable Timers timers;
    private @Nullable NettyNetwork network;

    private Plan(TestDns dns, List<Domain> domains) {
      this.dns = dns;
      this.domains = domains;
    }

    Plan rule(PolicyRule rule) {
      policy = policyOf(rule);
      return this;
    }

    Plan policy(PolicyTable table) {
      policy = table;
      return this;
    }

    /** The domain is served no longer. */
    Plan gone(String name) {
      gone = Set.of(domain(name));
      return this;
    }

    Plan identity(TlsIdentity... all) {
      identities = List.of(all);
      return this;
    }

    Plan trusts(X509Certificate... all) {
      anchors = List.of(all);
      return this;
    }

    Plan relay(RelaySettings settings) {
      relay = settings;
      return this;
    }

    Plan routing(RoutingSettings settings) {
      routing = settings;
      return this;
    }

    Plan strangers(StrangerLimits limits) {
      strangers = limits;
      return this;
    }

    Plan guests(GuestLimits limits) {
      guests = limits;
      return this;
    }

    /** Which addresses are dialled, other than those of loopback. */
    Plan guard(AddressGuard other) {
      guard = other;
      return this;
    }

    /** Time that the test moves; it goes on when the site has closed. */
    Plan timers(Timers other) {
      timers = other;
      return this;
    }

    /** A network that others use too, with its time; both go on when the site has closed. */
    Plan network(NettyNetwork shared, Timers ofIt) {
      network = shared;
      timers = ofIt;
      return this;
    }

    Plan negotiation(NegotiationSettings settings) {
      negotiation = settings;
      return this;
    }

    Plan starttls() {
      return listen(false);
    }

    Plan directTls() {
      return listen(true);
    }

    /** Every connection begins with a header of the PROXY protocol. */
    Plan behindAProxy() {
      ListenOptions usual = ListenOptions.at(loopback());
      listeners.add(
          new FederationConfig.Listener(
              new ListenOptions(
                  usual.address(), List.of("127.0.0.0/8"), usual.maxConnectionsPerAddress()),
              false));
      return this;
    }

    private Plan listen(boolean directTls) {
      listeners.add(new FederationConfig.Listener(ListenOptions.at(loopback()), directTls));
      return this;
    }

    private static InetSocketAddress loopback() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    Site start() throws IOException {
      return new Site(this);
    }
  }

  static PolicyTable policyOf(PolicyRule rule) {
    try {
      return PolicyTable.builder()
          .byDefault(Direction.INBOUND, rule)
          .byDefault(Direction.OUTBOUND, rule)
          .build();
    } catch (im.comity.policy.PolicyException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Sends a message; the text is its body and its id. */
  Offer message(String from, String to, String text) {
    return federation.send(messageOf(from, to, text));
  }

  static Stanza messageOf(String from, String to, String text) {
    try {
      return Stanza.of(
          Element.of(Namespaces.SERVER, "message")
              .attribute("from", from)
              .attribute("to", to)
              .attribute("type", "chat")
              .attribute("id", text)
              .child(Element.of(Namespaces.SERVER, "body").text(text).build())
              .build());
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The next stanza that arrives, within ten seconds of real time. */
  Arrived next() throws InterruptedException {
    Arrived next = arrived.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing arrived; events:\n" + text());
    }
    return next;
  }

  String text() {
    StringBuilder text = new StringBuilder();
    events.forEach(event -> text.append("  ").append(event).append('\n'));
    return text.toString();
  }

  <T extends FederationEvent> List<T> events(Class<T> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** Waits for an event, within ten seconds of real time. */
  <T extends FederationEvent> T await(Class<T> type, Predicate<? super T> which) {
    return org.awaitility.Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> events(type).stream().filter(which).findFirst().orElse(null),
            event -> event != null);
  }

  @Override
  public void close() {
    federation.close();
    if (plan.network == null) {
      network.close();
    }
    side.close();
    if (ours != null) {
      ours.close();
    }
  }
}
