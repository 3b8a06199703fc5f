package im.comity.component;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.event.FederationEvent;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.testkit.peer.ScriptedPeer;
import im.comity.transport.ListenOptions;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.Timers;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** Components on loopback, before a router that the test commands. */
final class ComponentBench implements AutoCloseable, ComponentAcceptor.Router {
  static final String SECRET = "component-secret";
  static final String ROOMS = "rooms.north.example";

  private final SystemTimers systemTimers = new SystemTimers();
  private final List<ScriptedPeer> peers = new ArrayList<>();
  final NettyNetwork network = NettyNetwork.open(NetworkOptions.defaults(systemTimers));
  final List<FederationEvent> events = new CopyOnWriteArrayList<>();
  final LocalDomains domains = new LocalDomains(new HostServices("1.2.3"));
  final ComponentAcceptor acceptor;

  /** What components sent and the router took, and what else went the router's way. */
  final BlockingQueue<Stanza> routed = new LinkedBlockingQueue<>();

  private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private volatile boolean full;

  /** While it is full, the router returns what it is made to take. */
  volatile boolean returning;

  final BlockingQueue<Stanza> returned = new LinkedBlockingQueue<>();

  ComponentBench() {
    this(null, 1 << 16);
  }

  /**
   * @param timers of the acceptor; null for real time
   * @param outletBytes how much may wait for one component
   */
  ComponentBench(@Nullable Timers timers, int outletBytes) {
    acceptor =
        new ComponentAcceptor(
            domains,
            this,
            network,
            timers == null ? systemTimers : timers,
            events::add,
            ScannerLimits.PROVEN.withElementBytes(20_000),
            outletBytes);
    domains.sendTo(this::send);
  }

  static Component component(String... names) {
    return component(Component.Conflict.REFUSE, names);
  }

  static Component component(Component.Conflict conflict, String... names) {
    return new Component(
        Arrays.stream(names).map(ComponentBench::domain).toList(), Set.of(), SECRET, conflict);
  }

  static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  static Stanza message(String from, String to, String id) {
    return stanza("message", from, to, id, "chat", "body", id);
  }

  static Stanza stanza(
      String kind, String from, String to, String id, String type, String child, String text) {
    try {
      return Stanza.of(
          Element.of(Namespaces.SERVER, kind)
              .attribute("from", from)
              .attribute("to", to)
              .attribute("type", type)
              .attribute("id", id)
              .child(Element.of(Namespaces.SERVER, child).text(text).build())
              .build());
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  /** Puts components in force, with one host domain, {@code north.example}. */
  ComponentBench serve(Component... components) {
    domains.configure(
        Map.of(domain("north.example"), HostServices.Profile.PLAIN), List.of(components));
    return this;
  }

  static ListenOptions loopback() {
    return ListenOptions.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private @Nullable InetSocketAddress clear;

  /** Where components connect in clear. */
  InetSocketAddress address() throws IOException {
    InetSocketAddress at = clear;
    if (at == null) {
      at = acceptor.listen(loopback(), null).address();
      clear = at;
    }
    return at;
  }

  /** A connection in clear, without a byte yet. */
  ScriptedPeer connect() throws IOException {
    return connect(address());
  }

  ScriptedPeer connect(InetSocketAddress at) throws IOException {
    ScriptedPeer peer = ScriptedPeer.connect(at);
    peers.add(peer);
    return peer;
  }

  /** A component that has made its handshake. */
  ScriptedPeer open(String name) throws IOException {
    ScriptedPeer peer = connect();
    peer.openComponent(name, SECRET);
    return peer;
  }

  @Override
  public Offer send(Stanza stanza) {
    if (full && returning) {
      returned.add(stanza.keep());
      return Offer.ACCEPTED;
    }
    return offer(stanza);
  }

  @Override
  public Offer offer(Stanza stanza) {
    if (full) {
      return Offer.FULL;
    }
    routed.add(stanza.keep());
    return Offer.ACCEPTED;
  }

  @Override
  public boolean whenRoom(Stanza stanza, Runnable task) {
    if (full) {
      waiting.add(task);
    } else {
      task.run();
    }
    return true;
  }

  /** The router takes nothing from now on. */
  void fill() {
    full = true;
  }

  /** The router takes all again, and says so. */
  void makeRoom() {
    full = false;
    for (Runnable task; (task = waiting.poll()) != null; ) {
      task.run();
    }
  }

  /**
   * Offers messages m0, m1 and so on for a component that does not read, until neither its
   * connection nor its queue takes more; returns how many were accepted.
   */
  int stuff(String to) {
    String body = "x".repeat(8_000);
    int accepted = 0;
    while (true) {
      Stanza next = stanza("message", "a@south.example", to, "m" + accepted, "chat", "body", body);
      try {
        // The queue may be full for a moment only, until the event loop has its turn.
        Awaitility.await()
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(5))
            .atMost(Duration.ofMillis(500))
            .until(() -> domains.deliverLocally(next) instanceof Offer.Accepted);
      } catch (ConditionTimeoutException full) {
        return accepted;
      }
      accepted++;
      if (accepted == 10_000) {
        throw new AssertionError("80 MB were accepted for a component that does not read");
      }
    }
  }

  /** How many wait for room. */
  int heldBack() {
    return waiting.size();
  }

  /** The next stanza that the router took, within ten seconds. */
  Stanza nextRouted() throws InterruptedException {
    Stanza next = routed.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing was routed; events: " + events);
    }
    return next;
  }

  <T extends FederationEvent> T await(Class<T> type, Predicate<? super T> which) {
    return Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(
            () ->
                events.stream()
                    .filter(type::isInstance)
                    .map(type::cast)
                    .filter(which)
                    .findFirst()
                    .orElse(null),
            event -> event != null);
  }

  /** Waits until these, and no others, are the domains with a component. */
  void awaitConnected(String... names) {
    Collection<Domain> wanted = Arrays.stream(names).map(ComponentBench::domain).toList();
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> domains.connected().equals(Set.copyOf(wanted)));
  }

  @Override
  public void close() {
    acceptor.close();
    peers.forEach(ScriptedPeer::close);
    network.close();
    systemTimers.close();
  }
}
