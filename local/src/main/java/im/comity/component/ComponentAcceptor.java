package im.comity.component;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.event.FederationEvent;
import im.comity.event.FederationListener;
import im.comity.local.LocalSide;
import im.comity.stanza.Bounce;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stanza.StanzaError;
import im.comity.stanza.StanzaErrorCondition;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.stream.StreamId;
import im.comity.transport.Deadline;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.Network;
import im.comity.transport.PeerCertificate;
import im.comity.transport.Timers;
import im.comity.transport.TlsIdentities;
import im.comity.transport.TlsRequest;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.ElementWriter;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannerLimits;
import im.comity.xml.StartTag;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Accepts component connections (XEP-0114 "accept", streams.md 19). */
public final class ComponentAcceptor implements AutoCloseable {
  private static final Duration NEGOTIATION = Duration.ofSeconds(30);
  private static final Map<String, String> PREFIXES = Map.of("stream", Namespaces.STREAM);

  private final LocalDomains domains;
  private final Router router;
  private final Network network;
  private final Timers timers;
  private final FederationListener listener;
  private final ScannerLimits limits;
  private final int outletBytes;
  private final SecureRandom random = new SecureRandom();
  private final Failures failures;
  private final List<Listening> listening = new ArrayList<>();
  private final Set<Transport> negotiating = ConcurrentHashMap.newKeySet();
  private volatile boolean stopping;

  /** Where the stanzas of components go: a federation. */
  public interface Router {
    /** As {@link im.comity.federation.Federation#send}. */
    Offer send(Stanza stanza);

    /** As {@link im.comity.federation.Federation#offer}. */
    Offer offer(Stanza stanza);

    /** As {@link im.comity.federation.Federation#whenRoom}. */
    boolean whenRoom(Stanza stanza, Runnable task);
  }

  /**
   * How a component listener is protected.
   *
   * @param identities what it shows
   * @param clientAnchors who may vouch for components; empty: no certificate is asked for
   */
  public record Tls(TlsIdentities identities, List<X509Certificate> clientAnchors) {
    /** Copies the list. */
    public Tls {
      clientAnchors = List.copyOf(clientAnchors);
    }
  }

  /**
   * @param domains which components there are
   * @param router takes what they send
   * @param limits what a component may send
   * @param outletBytes how much may wait for one component
   */
  public ComponentAcceptor(
      LocalDomains domains,
      Router router,
      Network network,
      Timers timers,
      FederationListener listener,
      ScannerLimits limits,
      int outletBytes) {
    this.domains = domains;
    this.router = router;
    this.network = network;
    this.timers = timers;
    this.listener = listener;
    this.limits = limits;
    this.outletBytes = outletBytes;
    this.failures = new Failures(timers);
  }

  /**
   * Listens.
   *
   * @param tls null for clear text, which belongs on loopback
   * @return the socket; closing it leaves the components that came by it connected
   */
  public Listening listen(ListenOptions options, @Nullable Tls tls) throws IOException {
    Listening socket = network.listen(options, transport -> accept(transport, tls));
    listening.add(socket);
    listener.on(
        new FederationEvent.Listening(
            tls == null ? "components" : "components, TLS", socket.address()));
    return socket;
  }

  /** Takes a connection. */
  public void accept(Transport transport, @Nullable Tls tls) {
    if (stopping || failures.tooMany(transport.remote())) {
      transport.abort(null);
      return;
    }
    Thread.ofVirtual()
        .name("component " + transport.remote())
        .start(() -> new Conversation(transport, tls).run());
  }

  ScannerLimits limits() {
    return limits;
  }

  int outletBytes() {
    return outletBytes;
  }

  /** As {@link Router#send}; closed if the sender's domain is not served any more. */
  Offer route(Stanza stanza) {
    return domains.standing(stanza.pair().sender()) == LocalSide.Standing.SERVED
        ? router.send(stanza)
        : Offer.CLOSED;
  }

  /** As {@link Router#offer}; closed if the sender's domain is not served any more. */
  Offer offer(Stanza stanza) {
    return domains.standing(stanza.pair().sender()) == LocalSide.Standing.SERVED
        ? router.offer(stanza)
        : Offer.CLOSED;
  }

  /** Whether the target has its place behind this server, and no way of its own with bounds. */
  boolean isLocal(Domain target) {
    return domains.standing(target) == LocalSide.Standing.SERVED;
  }

  Timers timers() {
    return timers;
  }

  void dropped(Stanza stanza, String why) {
    listener.on(new FederationEvent.Dropped(stanza.pair(), why));
  }

  boolean whenRoom(Stanza stanza, Runnable task) {
    return router.whenRoom(stanza, task);
  }

  void left(ComponentStream stream, String reason) {
    domains.unbind(stream);
    listener.on(
        new FederationEvent.LocalSideChanged(
            stream.component().toString(), stream.component().names(), false, reason));
  }

  /** A stanza that was accepted for a component did not reach it (S2S-CMP-11). */
  void undelivered(Stanza stanza) {
    String why = "the component went away";
    Stanza answer =
        Bounce.of(stanza, StanzaError.of(StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, why));
    if (answer == null || !(route(answer) instanceof Offer.Accepted)) {
      dropped(stanza, why);
    } else {
      listener.on(new FederationEvent.Bounced(stanza.pair(), "remote-server-timeout", why));
    }
  }

  /** Stops listening and says good-bye to the components. */
  @Override
  public void close() {
    stopping = true;
    listening.forEach(Listening::close);
    negotiating.forEach(transport -> transport.abort(new IOException("the server stops")));
    domains.streams().forEach(ComponentStream::shutDown);
  }

  /** The conversation until the handshake is done. */
  private final class Conversation {
    private final Transport transport;
    private final @Nullable Tls tls;
    private final ElementScanner scanner = new ElementScanner(ScannerLimits.STRANGER);
    private final String id = StreamId.random(random).value();
    private Octets chunk = Octets.of(new byte[0]);
    private boolean headerSent;

    Conversation(Transport transport, @Nullable Tls tls) {
      this.transport = transport;
      this.tls = tls;
    }

    void run() {
      Deadline deadline = Deadline.start(timers, NEGOTIATION);
      deadline.guard(transport);
      deadline.step("component handshake");
      negotiating.add(transport);
      try {
        if (stopping) {
          transport.abort(new IOException("the server stops"));
        }
        if (tls != null) {
          transport.startTls(new TlsRequest.AsServer(tls.identities(), null), null);
          String unproven = unproven(tls);
          if (unproven != null) {
            refuse(null, StreamError.of(StreamErrorCondition.NOT_AUTHORIZED, unproven));
            return;
          }
        }
        converse(deadline);
      } catch (IOException e) {
        transport.abort(e);
        refused("component", String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        transport.abort(null);
        // The event loops end while the server stops, and refuse what is handed to them.
        if (!stopping) {
          listener.on(new FederationEvent.Fault("component handshake", e));
        }
      } finally {
        negotiating.remove(transport);
        deadline.cancel();
      }
    }

    private @Nullable String unproven(Tls required) {
      if (required.clientAnchors().isEmpty()) {
        return null;
      }
      PeerCertificate certificate = transport.tls() == null ? null : transport.tls().peer();
      if (certificate == null) {
        return "a certificate is required";
      }
      try {
        PKIXParameters parameters =
            new PKIXParameters(
                required.clientAnchors().stream()
                    .map(anchor -> new TrustAnchor(anchor, null))
                    .collect(Collectors.toSet()));
        parameters.setRevocationEnabled(false);
        parameters.setDate(Date.from(timers.time().instant()));
        CertPathValidator.getInstance("PKIX")
            .validate(
                CertificateFactory.getInstance("X.509").generateCertPath(certificate.chain()),
                parameters);
        return null;
      } catch (GeneralSecurityException e) {
        return "the certificate is not accepted";
      }
    }

    private void converse(Deadline deadline) throws IOException {
      if (next() != ElementScanner.Event.HEADER) {
        refuse(null, problem());
        return;
      }
      StartTag header = scanner.start();
      String name = header.attribute("to");
      StreamError fault = faultOf(header);
      Component component = fault == null ? find(name) : null;
      if (component == null || name == null) {
        refuse(
            name,
            fault != null
                ? fault
                : StreamError.of(
                    StreamErrorCondition.HOST_UNKNOWN, name + " is no component here"));
        return;
      }
      writeHeader(name);
      transport.flush();
      if (next() != ElementScanner.Event.ELEMENT) {
        refuse(name, problem());
        return;
      }
      Element handshake = scanner.element().toElement();
      if (!handshake.is(Namespaces.COMPONENT_ACCEPT, "handshake")
          || !Handshake.matches(id, component.secret(), handshake.text())) {
        boolean last = failures.note(transport.remote());
        refuse(name, StreamError.of(StreamErrorCondition.NOT_AUTHORIZED, "wrong handshake"));
        if (last) {
          refused(name, "too many wrong handshakes, nobody of that address is heard for a minute");
        }
        return;
      }
      ComponentStream stream =
          new ComponentStream(component, ComponentAcceptor.this, transport, scanner, chunk);
      StreamError unbound = domains.bind(stream);
      if (unbound != null) {
        refuse(name, unbound);
        return;
      }
      deadline.unguard(transport);
      listener.on(
          new FederationEvent.LocalSideChanged(
              component.toString(),
              component.names(),
              true,
              "from " + transport.remote().getAddress().getHostAddress()));
      transport.handOver(stream);
      if (stopping) {
        stream.shutDown();
      }
    }

    private @Nullable StreamError faultOf(StartTag header) {
      if (!header.is(Namespaces.STREAM, "stream")
          || !scanner.defaultNamespace().equals(Namespaces.COMPONENT_ACCEPT)) {
        return StreamError.of(
            StreamErrorCondition.INVALID_NAMESPACE,
            "the content namespace here is " + Namespaces.COMPONENT_ACCEPT);
      }
      return header.attribute("to") == null
          ? StreamError.of(StreamErrorCondition.IMPROPER_ADDRESSING, "say which component: to")
          : null;
    }

    private @Nullable Component find(@Nullable String name) {
      try {
        return name == null ? null : domains.component(Domain.of(name));
      } catch (AddressFormatException e) {
        return null;
      }
    }

    private ElementScanner.Event next() throws IOException {
      while (true) {
        if (chunk.length() > 0) {
          ElementScanner.Event event = scanner.scan(chunk.array(), chunk.from(), chunk.to());
          chunk = Octets.of(chunk.array(), scanner.position(), chunk.to());
          if (event != ElementScanner.Event.MORE) {
            return event;
          }
        }
        Octets taken = transport.take();
        if (taken == null) {
          throw new IOException("the component closed the connection");
        }
        chunk = taken;
      }
    }

    /** What to say when something else came than was awaited. */
    private StreamError problem() {
      return scanner.violation() == null
          ? StreamError.of(StreamErrorCondition.NOT_AUTHORIZED, "the handshake comes first")
          : NegotiatingStream.errorOf(scanner.violation());
    }

    private void writeHeader(@Nullable String name) {
      Domain echoed = domainOrNull(name);
      transport.write(
          Octets.utf8(
              "<?xml version='1.0'?><stream:stream xmlns='"
                  + Namespaces.COMPONENT_ACCEPT
                  + "' xmlns:stream='"
                  + Namespaces.STREAM
                  + (echoed == null ? "" : "' from='" + echoed)
                  + "' id='"
                  + id
                  + "'>"));
      headerSent = true;
    }

    private void refuse(@Nullable String who, StreamError error) {
      if (!headerSent) {
        writeHeader(who);
      }
      transport.write(
          ElementWriter.write(error.toElement(), Namespaces.COMPONENT_ACCEPT, PREFIXES));
      transport.write(Octets.utf8("</stream:stream>"));
      transport.close();
      refused(who == null ? "component" : who, error.toString());
    }

    private void refused(String who, String why) {
      listener.on(
          new FederationEvent.LocalSideChanged(
              who, List.of(), false, "refused " + transport.remote() + ": " + why));
    }
  }

  /** A name that is echoed must be one: it is prepared first, so that it needs no escaping. */
  private static @Nullable Domain domainOrNull(@Nullable String name) {
    try {
      return name == null ? null : Domain.of(name);
    } catch (AddressFormatException e) {
      return null;
    }
  }

  /** How often an address failed of late: guessing secrets is slow (S2S-CMP-16). */
  static final class Failures {
    private static final int MOST = 10;
    private static final int ADDRESSES = 10_000;
    private static final Duration WINDOW = Duration.ofMinutes(1);

    private record Count(long since, int failures) {}

    private final Timers timers;
    private final Map<InetAddress, Count> counts =
        new LinkedHashMap<>() {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<InetAddress, Count> eldest) {
            return size() > ADDRESSES;
          }
        };

    Failures(Timers timers) {
      this.timers = timers;
    }

    /** Counts a wrong handshake; true if it is the one after which the address is not heard. */
    synchronized boolean note(InetSocketAddress who) {
      InetAddress address = who.getAddress();
      Count count = current(address);
      Count next =
          count == null
              ? new Count(timers.nanoTime(), 1)
              : new Count(count.since, count.failures + 1);
      counts.put(address, next);
      return next.failures == MOST;
    }

    synchronized boolean tooMany(InetSocketAddress who) {
      Count count = current(who.getAddress());
      return count != null && count.failures >= MOST;
    }

    private @Nullable Count current(InetAddress address) {
      Count count = counts.get(address);
      if (count != null && timers.nanoTime() - count.since > WINDOW.toNanos()) {
        counts.remove(address);
        return null;
      }
      return count;
    }
  }
}
