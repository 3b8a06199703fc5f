package im.comity.server.configuration;

import im.comity.address.Domain;
import im.comity.component.Component;
import im.comity.component.ComponentAcceptor;
import im.comity.component.HostServices;
import im.comity.discovery.AddressGuard;
import im.comity.federation.FederationConfig;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.PkixProoftype;
import im.comity.transport.ListenOptions;
import im.comity.transport.StrangerLimits;
import im.comity.transport.TlsIdentities;
import im.comity.transport.TlsIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A configuration that was read whole and found good: values, with every file that it names already
 * read. What each key means is said in the schema, which is where the manual has it from.
 *
 * @param file where it was read
 * @param domains the domains that we federate, each once
 * @param components the programs that serve some of them
 * @param s2sListeners where other servers reach us; may be empty
 * @param componentListeners where components reach us; may be empty
 * @param identities our certificates, those of single domains first, so that they are found first
 * @param defaultIdentity for domains that no identity names, or null
 * @param trust which authorities we believe; never empty
 * @param resolvers where names are looked up, in order; empty for those of the system
 * @param policy what we ask of peers
 * @param limits how much of what we take
 * @param timeouts how long we wait
 * @param dialbackSecret the secret of dialback keys; null to draw one
 * @param guard at which addresses peers are dialled
 * @param log the log
 * @param warnings what is likely not as it was meant, in the order of the file
 */
public record Configuration(
    Path file,
    List<HostDomain> domains,
    List<Component> components,
    List<FederationConfig.Listener> s2sListeners,
    List<ComponentListener> componentListeners,
    List<TlsIdentity> identities,
    @Nullable TlsIdentity defaultIdentity,
    Trust trust,
    List<InetSocketAddress> resolvers,
    PolicyTable policy,
    Limits limits,
    Timeouts timeouts,
    @Nullable Secret dialbackSecret,
    AddressGuard guard,
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
   * @param profile what we answer for it to whoever asks the domain itself; null where its
   *     component answers
   */
  public record HostDomain(
      Domain name, @Nullable InetAddress sourceAddress, HostServices.@Nullable Profile profile) {}

  /** A text that is never shown. */
  public record Secret(String value) {
    @Override
    public String toString() {
      return "(secret)";
    }
  }

  /**
   * Where components reach us. Equal to another one if nothing about it is to be changed.
   *
   * @param encryption null where it is not encrypted
   */
  public record ComponentListener(ListenOptions options, @Nullable Encryption encryption) {

    /** TLS from the first byte, as the acceptor wants it; null where there is none. */
    public ComponentAcceptor.@Nullable Tls tls() {
      return encryption == null
          ? null
          : new ComponentAcceptor.Tls(
              TlsIdentities.of(List.of(), encryption.identity()), encryption.clientAnchors());
    }
  }

  /**
   * How components are spoken to.
   *
   * @param clientAnchors of which one must have issued the component's certificate; empty if it
   *     needs none
   */
  public record Encryption(TlsIdentity identity, List<X509Certificate> clientAnchors) {
    public Encryption {
      clientAnchors = List.copyOf(clientAnchors);
    }
  }

  /**
   * Which authorities we believe.
   *
   * @param anchors for all peers but those with their own
   * @param peers for these, and no others
   */
  public record Trust(List<X509Certificate> anchors, List<PkixProoftype.PeerAnchors> peers) {
    public Trust {
      anchors = List.copyOf(anchors);
      peers = List.copyOf(peers);
    }
  }

  /** How much of what we take. All in the units of their names. */
  public record Limits(
      int stanzaBytes,
      int waitingStanzas,
      int waitingBytes,
      int unsentBytes,
      int connectionsPerAddress,
      StrangerLimits strangers) {
    /** What holds where the file says nothing. */
    public static final Limits DEFAULT =
        new Limits(512 << 10, 5000, 4 << 20, 1 << 20, 256, StrangerLimits.DEFAULTS);
  }

  /** How long we wait. */
  public record Timeouts(
      Duration negotiation, Duration candidate, Duration keepalive, Duration idle, Duration stop) {
    /** What holds where the file says nothing. */
    public static final Timeouts DEFAULT =
        new Timeouts(
            Duration.ofSeconds(45),
            Duration.ofSeconds(15),
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
