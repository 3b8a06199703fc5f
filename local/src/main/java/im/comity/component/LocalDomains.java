package im.comity.component;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.local.LocalSide;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaKind;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.transport.Cancellable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The domains of one server and what stands behind each: a component, or nothing but {@link
 * HostServices}. Reconfigured as a whole; components stay connected through it where they are still
 * configured.
 */
public final class LocalDomains implements LocalSide {
  private final HostServices services;
  private final Map<Domain, List<ComponentStream>> bound = new ConcurrentHashMap<>();
  private volatile Setup setup = new Setup(Map.of(), Map.of(), Set.of());
  private volatile Function<Stanza, Offer> out = _ -> Offer.CLOSED;

  /**
   * What is configured, at one moment.
   *
   * @param hosts domains that answer for themselves, with what they say
   * @param components by each of their names
   * @param gone domains that were served earlier in this process
   */
  private record Setup(
      Map<Domain, HostServices.Profile> hosts,
      Map<Domain, Component> components,
      Set<Domain> gone) {
    boolean serves(Domain domain) {
      return hosts.containsKey(domain) || components.containsKey(domain);
    }
  }

  /**
   * @param services answers for host domains
   */
  public LocalDomains(HostServices services) {
    this.services = services;
  }

  /**
   * Where answers of host domains go: into the federation. Set once, before it listens. A request
   * whose answer is not accepted is not accepted either, so that its sender is told (S2S-STZ-10).
   */
  public void sendTo(Function<Stanza, Offer> federation) {
    out = federation;
  }

  /**
   * Puts a set-up in force; components that are in it no longer, or otherwise, are disconnected.
   *
   * @param hosts domains that answer for themselves
   * @param components all components
   */
  public synchronized void configure(
      Map<Domain, HostServices.Profile> hosts, Collection<Component> components) {
    Map<Domain, Component> byName = new HashMap<>();
    for (Component component : components) {
      component.names().forEach(name -> byName.put(name, component));
    }
    Set<Domain> gone = new HashSet<>(setup.gone());
    gone.addAll(setup.hosts().keySet());
    gone.addAll(setup.components().keySet());
    gone.removeAll(hosts.keySet());
    gone.removeAll(byName.keySet());
    setup = new Setup(Map.copyOf(hosts), Map.copyOf(byName), Set.copyOf(gone));
    Set<ComponentStream> connected = new HashSet<>();
    bound.values().forEach(connected::addAll);
    for (ComponentStream stream : connected) {
      Component now = byName.get(stream.component().names().getFirst());
      if (now == null) {
        stream.removed();
      } else if (!stream.component().equals(now)) {
        stream.reset();
      }
    }
  }

  /** The component of that name, or null. */
  @Nullable Component component(Domain name) {
    return setup.components().get(name);
  }

  /**
   * Binds a component's connection to its domains and answers its handshake.
   *
   * @return null, or why not: there is one already and the rule is to refuse, or the configuration
   *     changed since the component was looked up
   */
  synchronized @Nullable StreamError bind(ComponentStream stream) {
    Component component = stream.component();
    if (!component.equals(setup.components().get(component.names().getFirst()))) {
      return StreamError.of(StreamErrorCondition.RESET, "the configuration changed");
    }
    List<ComponentStream> others = bound.getOrDefault(component.names().getFirst(), List.of());
    List<ComponentStream> now = new ArrayList<>();
    if (!others.isEmpty()) {
      switch (component.conflict()) {
        case REFUSE -> {
          return StreamError.of(
              StreamErrorCondition.CONFLICT,
              component.names().getFirst() + " is connected already");
        }
        case REPLACE -> others.forEach(ComponentStream::replaced);
        case SHARE -> now.addAll(others);
      }
    }
    now.add(stream);
    List<ComponentStream> all = List.copyOf(now);
    stream.welcome(() -> component.names().forEach(name -> bound.put(name, all)));
    return null;
  }

  /** A component's connection ended. */
  synchronized void unbind(ComponentStream stream) {
    for (Domain name : stream.component().names()) {
      bound.computeIfPresent(
          name,
          (_, streams) -> {
            List<ComponentStream> left = new ArrayList<>(streams);
            left.remove(stream);
            return left.isEmpty() ? null : List.copyOf(left);
          });
    }
  }

  /** The domains whose component is connected now. */
  public Set<Domain> connected() {
    return Set.copyOf(bound.keySet());
  }

  /** The components' connections. */
  Set<ComponentStream> streams() {
    Set<ComponentStream> all = new HashSet<>();
    bound.values().forEach(all::addAll);
    return all;
  }

  @Override
  public Standing standing(Domain domain) {
    Setup now = setup;
    return now.serves(domain)
        ? Standing.SERVED
        : now.gone().contains(domain) ? Standing.GONE : Standing.FOREIGN;
  }

  @Override
  public Collection<Domain> domains() {
    Setup now = setup;
    Set<Domain> all = new HashSet<>(now.hosts().keySet());
    all.addAll(now.components().keySet());
    return all;
  }

  @Override
  public Offer deliver(Association along, Stanza stanza) {
    return deliverLocally(stanza);
  }

  @Override
  public Offer deliverLocally(Stanza stanza) {
    Domain target = stanza.target();
    Setup now = setup;
    HostServices.Profile profile = now.hosts().get(target);
    if (now.components().containsKey(target)
        && !(profile != null && HostServices.isForDomain(stanza, target) && isRequest(stanza))) {
      List<ComponentStream> streams = bound.get(target);
      return streams == null ? Offer.CLOSED : choose(streams, stanza).take(stanza);
    }
    if (profile == null) {
      return Offer.CLOSED;
    }
    Stanza answer = services.answer(stanza, profile);
    return answer == null ? Offer.ACCEPTED : out.apply(answer);
  }

  @Override
  public @Nullable Cancellable whenRoom(Stanza stanza, Runnable task) {
    Domain target = stanza.target();
    Setup now = setup;
    if (!now.components().containsKey(target)
        || (now.hosts().containsKey(target)
            && HostServices.isForDomain(stanza, target)
            && isRequest(stanza))) {
      // What we answer ourselves found no room on the way back: who asks and does not read is told.
      return null;
    }
    List<ComponentStream> streams = bound.get(target);
    if (streams == null) {
      task.run();
      return () -> {};
    }
    return choose(streams, stanza).whenRoom(task);
  }

  private static boolean isRequest(Stanza stanza) {
    return stanza.kind() == StanzaKind.IQ
        && ("get".equals(stanza.type()) || "set".equals(stanza.type()));
  }

  /** Every bare JID has one of the connections, so that its stanzas keep their order. */
  private static ComponentStream choose(List<ComponentStream> streams, Stanza stanza) {
    if (streams.size() == 1) {
      return streams.getFirst();
    }
    int hash = String.valueOf(stanza.to().local()).hashCode() * 31 + stanza.target().hashCode();
    return streams.get(Math.floorMod(hash, streams.size()));
  }
}
