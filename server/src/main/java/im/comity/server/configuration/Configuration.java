package im.comity.server.configuration;

import im.comity.address.Domain;
import im.comity.policy.PolicyTable;
import im.comity.transport.TlsIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A configuration that was read whole and found good: values, with every file that it names already
 * read. What each key means is said in the schema, which is where the manual has it from.
 *
 * @param file where it was read
 * @param domains the domains that we federate, each once
 * @param components the programs that serve some of them; a domain without one is served by us
 * @param s2sListeners where other servers reach us; may be empty
 * @param componentListeners where components reach us; may be empty
 * @param identities our certificates, those of single domains first, so that they are found first
 * @param defaultIdentity for domains that no identity names, or null
 * @param trust which authorities we believe
 * @param resolvers where names are looked up, in order; empty for those of the system
 * @param policy what we ask of peers
 * @param limits how much of what we take
 * @param timeouts how long we wait
 * @param dialbackSecret the secret of dialback keys; null to draw one
 * @param allowPrivateAddresses whether peers are dialled at private addresses as well
 * @param log the log
 * @param warnings what is likely not as it was meant, in the order of the file
 */
public record Configuration(
    Path file,
    List<HostDomain> domains,
    List<Component> components,
    List<S2sListener> s2sListeners,
    List<ComponentListener> componentListeners,
    List<TlsIdentity> identities,
    @Nullable TlsIdentity defaultIdentity,
    Trust trust,
    List<InetSocketAddress> resolvers,
    PolicyTable policy,
    Limits limits,
    Timeouts timeouts,
    @Nullable Secret dialbackSecret,
    boolean allowPrivateAddresses,
    Log log,
    List<Problem> warnings) {

  public Configuration {
    domains = List.copyOf(domains);
    components = List.copyOf(components);
    s2sListeners = List.copyOf(s2sListeners);
    componentListeners = List.copyOf(componentListeners);
    identities = List.copyOf(identities);
    resolvers = List.copyOf(resolvers);
    warnings = List.copyOf(warnings);
  }

  /**
   * Reads a configuration and every file that it names.
   *
   * @param time decides which certificates have expired
   * @throws ConfigurationException with every problem, if one of them is an error
   */
  public static Configuration read(Path file, InstantSource time) throws ConfigurationException {
    return new ConfigurationReader(YamlFile.read(file), file, time.instant()).configuration();
  }

  /** The JSON schema of the file, as it is published. */
  public static String schema() {
    return SchemaCheck.text();
  }

  /**
   * A domain of ours.
   *
   * @param sourceAddress from which connections for it are made; null where the system chooses
   * @param contacts addresses by kind ({@code abuse}, {@code admin}...), for XEP-0157
   * @param identity what it says that it is
   */
  public record HostDomain(
      Domain name,
      @Nullable InetAddress sourceAddress,
      Map<String, List<URI>> contacts,
      ServiceIdentity identity) {
    public HostDomain {
      contacts = Map.copyOf(contacts);
    }
  }

  /** An identity of disco#info (XEP-0030). */
  public record ServiceIdentity(String category, String type, String name) {
    /** What holds where the file says nothing. */
    public static final ServiceIdentity DEFAULT =
        new ServiceIdentity("component", "generic", "Comity");
  }

  /**
   * A program that connects by XEP-0114.
   *
   * @param names the domains that it serves
   * @param from further domains that it may send from
   * @param conflict what becomes of a second connection for one of its names
   */
  public record Component(List<Domain> names, List<Domain> from, Secret secret, Conflict conflict) {
    public Component {
      names = List.copyOf(names);
      from = List.copyOf(from);
    }
  }

  /** What becomes of a second connection for a name in use (S2S-CMP-08). */
  public enum Conflict {
    /** It is refused. */
    REFUSE,
    /** The first is closed. */
    REPLACE,
    /** Both serve the name; each bare address has one of them. */
    SHARE
  }

  /** A text that is never shown. */
  public record Secret(String value) {
    @Override
    public String toString() {
      return "(secret)";
    }
  }

  /**
   * Where other servers reach us.
   *
   * @param directTls whether TLS comes first; else STARTTLS
   * @param proxyFrom networks in CIDR form whose hosts speak the PROXY protocol first
   */
  public record S2sListener(InetSocketAddress address, boolean directTls, List<String> proxyFrom) {
    public S2sListener {
      proxyFrom = List.copyOf(proxyFrom);
    }
  }

  /**
   * Where components reach us.
   *
   * @param tls null where it is not encrypted
   */
  public record ComponentListener(InetSocketAddress address, @Nullable ComponentTls tls) {}

  /**
   * TLS for components, from the first byte.
   *
   * @param clientAnchors of which one must have issued the component's certificate; empty if it
   *     needs none
   */
  public record ComponentTls(TlsIdentity identity, List<X509Certificate> clientAnchors) {
    public ComponentTls {
      clientAnchors = List.copyOf(clientAnchors);
    }
  }

  /**
   * Which authorities we believe.
   *
   * @param anchors for all peers but those with their own; empty for the list of the Java runtime
   */
  public record Trust(List<X509Certificate> anchors, List<PeerTrust> peers) {
    public Trust {
      anchors = List.copyOf(anchors);
      peers = List.copyOf(peers);
    }
  }

  /**
   * The authorities for some peers, and no others.
   *
   * @param match {@code example.org}, {@code *.example.org} or {@code *}
   * @param anchors empty for the list of the Java runtime
   * @param clientAuthSuffices whether their certificates for TLS clients alone count
   */
  public record PeerTrust(String match, List<X509Certificate> anchors, boolean clientAuthSuffices) {
    public PeerTrust {
      anchors = List.copyOf(anchors);
    }
  }

  /** How much of what we take. All in the units of their names. */
  public record Limits(
      int stanzaBytes,
      int waitingStanzas,
      int waitingBytes,
      int unsentBytes,
      int connectionsPerAddress) {
    /** What holds where the file says nothing. */
    public static final Limits DEFAULT = new Limits(512 << 10, 1000, 4 << 20, 4 << 20, 256);
  }

  /** How long we wait. */
  public record Timeouts(
      Duration negotiation,
      Duration candidate,
      Duration waiting,
      Duration keepalive,
      Duration idle,
      Duration stop) {
    /** What holds where the file says nothing. */
    public static final Timeouts DEFAULT =
        new Timeouts(
            Duration.ofSeconds(60),
            Duration.ofSeconds(15),
            Duration.ofSeconds(60),
            Duration.ofMinutes(5),
            Duration.ofHours(1),
            Duration.ofSeconds(10));
  }

  /** The log. */
  public record Log(Format format, Level level) {
    /** What holds where the file says nothing. */
    public static final Log DEFAULT = new Log(Format.TEXT, Level.INFO);

    /** For whom a line is. */
    public enum Format {
      /** For people. */
      TEXT,
      /** For machines: one JSON object a line. */
      JSON
    }

    /** The least severity that is logged. */
    public enum Level {
      ERROR,
      WARN,
      INFO,
      DEBUG,
      TRACE
    }
  }
}
