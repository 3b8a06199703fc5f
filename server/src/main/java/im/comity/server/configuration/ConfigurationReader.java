package im.comity.server.configuration;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.component.Component;
import im.comity.component.HostServices;
import im.comity.discovery.AddressGuard;
import im.comity.federation.FederationConfig;
import im.comity.policy.Direction;
import im.comity.policy.DomainPatterns;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.policy.StaticRoute;
import im.comity.prooftype.PkixProoftype;
import im.comity.relay.Allowance;
import im.comity.relay.GuestLimits;
import im.comity.server.configuration.Configuration.ComponentListener;
import im.comity.server.configuration.Configuration.Encryption;
import im.comity.server.configuration.Configuration.HostDomain;
import im.comity.server.configuration.Configuration.Limits;
import im.comity.server.configuration.Configuration.Log;
import im.comity.server.configuration.Configuration.Secret;
import im.comity.server.configuration.Configuration.Timeouts;
import im.comity.server.configuration.Configuration.Trust;
import im.comity.transport.ListenOptions;
import im.comity.transport.Meter;
import im.comity.transport.StrangerLimits;
import im.comity.transport.TlsIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * One reading of one file: makes the values, and gathers what is wrong.
 *
 * <p>It reads the tree that the schema check leaves, so that a value that is there has the shape
 * the schema gives it, and goes on after each problem. A value that is not there is not a problem
 * here: if it should be there, the schema has said so.
 */
final class ConfigurationReader {
  private static final Duration LEAST_KEEPALIVE = Duration.ofMinutes(5);
  private static final String ANY_ADDRESS = "*";

  private final YamlFile yaml;
  private final Path file;
  private final ReferencedFiles files;
  private final List<Problem> problems = new ArrayList<>();
  private final JsonNode root;

  /** Our domains, with the pointer of the entry of each. */
  private final Map<Domain, String> ours = new LinkedHashMap<>();

  /** The reverse. */
  private final Map<String, Domain> entries = new HashMap<>();

  /** Their names, to hold patterns against. */
  private final Set<String> ourNames = new HashSet<>();

  /** Whether every domain's name could be read; else nobody can say that one is missing. */
  private boolean domainsAreWhole = true;

  private final FittingFiles fitting;

  /** Whether the schema was asked, and had nothing to say. */
  private final boolean fits;

  ConfigurationReader(YamlFile yaml, Path file, Instant now, FittingFiles fitting) {
    this.yaml = yaml;
    this.file = file;
    this.fitting = fitting;
    problems.addAll(yaml.problems());
    if (problems.isEmpty() && fitting.knows(yaml.text())) {
      fits = false;
      root = yaml.tree();
    } else {
      SchemaCheck.Checked checked = new SchemaCheck().check(yaml);
      fits = problems.isEmpty() && checked.problems().isEmpty();
      problems.addAll(checked.problems());
      root = checked.tree() == null ? MissingNode.getInstance() : checked.tree();
    }
    files = new ReferencedFiles(file, now, this::error, this::warn);
  }

  Configuration configuration() throws ConfigurationException {
    List<TlsIdentity> identities = new ArrayList<>();
    readDomains(identities);
    boolean everyDomainHasItsOwn = identities.size() == ours.size();
    List<Component> components = components();
    Limits limits = limits();
    List<FederationConfig.Listener> s2s = s2sListeners(limits.connectionsPerAddress());
    List<ComponentListener> forComponents = componentListeners(limits.connectionsPerAddress());
    each(root, "", "certificates", (node, at) -> identities.addAll(certificates(node, at)));
    TlsIdentity byDefault =
        root.has("default-certificate") ? identity(root, "", "default-certificate") : null;
    if (byDefault == null && !everyDomainHasItsOwn && !root.has("default-certificate")) {
      warnOfUncovered(identities);
    }
    Trust trust = trust();
    List<InetSocketAddress> resolvers = resolvers();
    PolicyTable policy = policy();
    Timeouts timeouts = timeouts();
    String dialbackAt = "/dialback/secret-file";
    String dialback =
        root.at(dialbackAt).isString()
            ? secretOf(root.at(dialbackAt).asString(), dialbackAt)
            : null;
    problems.sort(Problem.BY_PLACE);
    if (policy == null || problems.stream().anyMatch(Problem::isError)) {
      throw new ConfigurationException(problems);
    }
    if (fits) {
      fitting.remember(yaml.text());
    }
    return new Configuration(
        file,
        hostDomains(components),
        components,
        s2s,
        forComponents,
        identities,
        byDefault,
        trust,
        resolvers,
        policy,
        limits,
        timeouts,
        dialback == null ? null : new Secret(dialback),
        root.path("allow-private-addresses").asBoolean(false)
            ? AddressGuard.PRIVATE_TOO
            : AddressGuard.PUBLIC_ONLY,
        log(),
        problems);
  }

  private void error(String pointer, String text) {
    problems.add(yaml.problem(pointer, text));
  }

  private void warn(String pointer, String text) {
    problems.add(yaml.warning(pointer, text));
  }

  /** Calls back for each entry of a list, but for those that the schema check took out. */
  private static void each(
      JsonNode parent, String at, String key, BiConsumer<JsonNode, String> entry) {
    JsonNode list = parent.path(key);
    for (int i = 0; i < list.size(); i++) {
      if (!list.get(i).isNull()) {
        entry.accept(list.get(i), at + "/" + key + "/" + i);
      }
    }
  }

  // ---- domains -------------------------------------------------------------------------------

  /** What an entry of {@code domains} says beside its name. */
  private record Said(
      @Nullable InetAddress sourceAddress, HostServices.@Nullable Profile profile) {}

  private final Map<Domain, Said> said = new LinkedHashMap<>();

  private void readDomains(List<TlsIdentity> identities) {
    each(
        root,
        "",
        "domains",
        (node, at) -> {
          JsonNode name = node.isString() ? node : node.path("name");
          String nameAt = node.isString() ? at : at + "/name";
          if (!name.isString()) {
            domainsAreWhole = false;
            return;
          }
          Domain domain = domain(name.asString(), nameAt);
          if (domain == null) {
            return;
          }
          String before = ours.putIfAbsent(domain, nameAt);
          if (before != null) {
            error(
                nameAt, domain + " stands here a second time; first in line " + yaml.line(before));
            return;
          }
          entries.put(nameAt, domain);
          ourNames.add(domain.toString());
          if (node.has("certificate")) {
            TlsIdentity identity = identity(node, at, "certificate");
            if (identity != null) {
              identities.add(
                  new TlsIdentity(
                      identity.name(), identity.key(), identity.chain(), Set.of(domain.ascii())));
            }
          }
          JsonNode source = node.path("source-address");
          said.put(
              domain,
              new Said(
                  source.isString() ? address(source.asString(), at + "/source-address") : null,
                  node.has("contacts") || node.has("identity") ? profile(node, at) : null));
        });
    if (!root.path("domains").isArray()) {
      domainsAreWhole = false;
    }
  }

  /** A domain whose entry says nothing of itself answers by its component, if it has one. */
  private List<HostDomain> hostDomains(List<Component> components) {
    Set<Domain> served = new HashSet<>();
    components.forEach(component -> served.addAll(component.names()));
    List<HostDomain> domains = new ArrayList<>();
    said.forEach(
        (domain, of) ->
            domains.add(
                new HostDomain(
                    domain,
                    of.sourceAddress(),
                    of.profile() != null
                        ? of.profile()
                        : served.contains(domain) ? null : HostServices.Profile.PLAIN)));
    return domains;
  }

  private @Nullable Domain domain(String text, String at) {
    try {
      Domain domain = Domain.of(text);
      if (domain.isIpLiteral()) {
        error(at, text + " is an address; a name is needed");
        return null;
      }
      return domain;
    } catch (AddressFormatException e) {
      error(at, String.valueOf(e.getMessage()));
      return null;
    }
  }

  private HostServices.Profile profile(JsonNode domain, String at) {
    Map<String, List<String>> contacts = new TreeMap<>();
    for (Map.Entry<String, JsonNode> kind : domain.path("contacts").properties()) {
      each(
          domain.path("contacts"),
          at + "/contacts",
          kind.getKey(),
          (node, entry) -> {
            if (isUri(node.asString())) {
              contacts
                  .computeIfAbsent(kind.getKey() + "-addresses", _ -> new ArrayList<>())
                  .add(node.asString());
            } else {
              error(
                  entry,
                  SchemaCheck.shown(node)
                      + " is no URI; write it as mailto:admin@example.org or"
                      + " xmpp:admin@example.org or https://example.org/contact");
            }
          });
    }
    JsonNode identity = domain.path("identity");
    HostServices.Profile plain = HostServices.Profile.PLAIN;
    return new HostServices.Profile(
        identity.path("name").asString(plain.name()),
        identity.path("category").asString(plain.category()),
        identity.path("type").asString(plain.type()),
        contacts);
  }

  private static boolean isUri(String text) {
    try {
      return new URI(text).isAbsolute();
    } catch (URISyntaxException _) {
      return false; // the caller says what is wrong
    }
  }

  // ---- components ----------------------------------------------------------------------------

  private List<Component> components() {
    List<Component> components = new ArrayList<>();
    Map<Domain, String> served = new HashMap<>();
    each(
        root,
        "",
        "components",
        (node, at) -> {
          List<Domain> names = new ArrayList<>();
          each(
              node,
              at,
              "names",
              (name, nameAt) -> {
                Domain domain = ourDomain(name.asString(), nameAt);
                if (domain == null) {
                  return;
                }
                String before = served.putIfAbsent(domain, nameAt);
                if (before == null) {
                  names.add(domain);
                } else {
                  error(
                      nameAt,
                      domain
                          + " is served by a component already, in line "
                          + yaml.line(before)
                          + "; one that connects more than once needs `conflict: share`");
                }
              });
          Set<Domain> from = new LinkedHashSet<>();
          each(
              node,
              at,
              "from",
              (name, nameAt) -> {
                Domain domain = ourDomain(name.asString(), nameAt);
                if (domain != null) {
                  from.add(domain);
                }
              });
          String secret = componentSecret(node, at);
          if (secret != null && !names.isEmpty()) {
            components.add(
                new Component(
                    names,
                    from,
                    secret,
                    Component.Conflict.valueOf(
                        node.path("conflict").asString("refuse").toUpperCase(Locale.ROOT))));
          }
        });
    return components;
  }

  /** A domain that must be one of {@code domains}. */
  private @Nullable Domain ourDomain(String text, String at) {
    Domain domain = domain(text, at);
    if (domain == null || ours.containsKey(domain) || !domainsAreWhole) {
      return domain;
    }
    error(at, domain + " is not one of `domains`; " + addOrMean(domain));
    return null;
  }

  private String addOrMean(Domain domain) {
    String nearest = Nearest.of(domain.toString(), ourNames);
    return nearest == null ? "add it there" : "did you mean " + nearest + "?";
  }

  private @Nullable String componentSecret(JsonNode component, String at) {
    JsonNode inline = component.path("secret");
    JsonNode inFile = component.path("secret-file");
    if (inline.isString() && inFile.isString()) {
      error(at + "/secret", "give secret or secret-file, not both");
      return null;
    }
    if (inFile.isString()) {
      return secretOf(inFile.asString(), at + "/secret-file");
    }
    if (inline.isString()) {
      if (ReferencedFiles.othersMayRead(file)) {
        warn(
            at + "/secret",
            "everybody on this machine may read this file; chmod 600 it, or use secret-file");
      }
      return inline.asString();
    }
    if (!yaml.tree().at(at).has("secret") && !yaml.tree().at(at).has("secret-file")) {
      error(at, "has no secret; give secret-file, or secret with 16 characters or more");
    }
    return null;
  }

  private @Nullable String secretOf(String name, String at) {
    String secret = files.line(name, at);
    if (secret != null && secret.length() < Component.LEAST_SECRET) {
      error(
          at,
          "the secret in "
              + name
              + " has "
              + secret.length()
              + " characters; it needs "
              + Component.LEAST_SECRET
              + " or more");
      return null;
    }
    return secret;
  }

  // ---- listeners -----------------------------------------------------------------------------

  /** What listens so far, for clashes. */
  private record Taken(InetSocketAddress address, String at) {}

  private final List<Taken> taken = new ArrayList<>();

  private List<FederationConfig.Listener> s2sListeners(int connectionsPerAddress) {
    List<FederationConfig.Listener> listeners = new ArrayList<>();
    JsonNode listen = root.path("listen");
    if (!listen.has("s2s")) {
      // A list that is there and wrong has been said to be wrong.
      for (int port : List.of(5269, 5270)) {
        InetSocketAddress address = new InetSocketAddress(port);
        taken.add(new Taken(address, "/listen"));
        listeners.add(
            new FederationConfig.Listener(
                new ListenOptions(address, List.of(), connectionsPerAddress), port == 5270));
      }
    }
    each(
        listen,
        "/listen",
        "s2s",
        (node, at) -> {
          boolean direct = node.path("tls").asString("starttls").equals("direct");
          InetSocketAddress address = listenAddress(node, at, ANY_ADDRESS, direct ? 5270 : 5269);
          List<String> proxies = networks(node, at, "proxy-from");
          if (address != null) {
            listeners.add(
                new FederationConfig.Listener(
                    new ListenOptions(address, proxies, connectionsPerAddress), direct));
          }
        });
    return listeners;
  }

  private List<ComponentListener> componentListeners(int connectionsPerAddress) {
    List<ComponentListener> listeners = new ArrayList<>();
    JsonNode listen = root.path("listen");
    if (!listen.has("components") && root.path("components").size() > 0) {
      InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 5347);
      clash(address, "/listen");
      listeners.add(
          new ComponentListener(
              new ListenOptions(address, List.of(), connectionsPerAddress), null));
    }
    each(
        listen,
        "/listen",
        "components",
        (node, at) -> {
          InetSocketAddress address = listenAddress(node, at, "127.0.0.1", 5347);
          Encryption encryption = null;
          if (node.has("tls")) {
            TlsIdentity identity = identity(node.path("tls"), at + "/tls", "certificate");
            JsonNode clients = node.path("tls").path("client-ca");
            List<X509Certificate> anchors =
                clients.isString()
                    ? files.anchors(clients.asString(), at + "/tls/client-ca")
                    : List.of();
            encryption = identity == null ? null : new Encryption(identity, anchors);
          } else if (address != null && !address.getAddress().isLoopbackAddress()) {
            warn(
                at,
                "components on "
                    + (address.getAddress().isAnyLocalAddress() ? "all" : "other than loopback")
                    + " addresses without tls: their stanzas cross the network unencrypted");
          }
          if (address != null) {
            listeners.add(
                new ComponentListener(
                    new ListenOptions(address, List.of(), connectionsPerAddress), encryption));
          }
        });
    return listeners;
  }

  private @Nullable InetSocketAddress listenAddress(
      JsonNode listener, String at, String defaultAddress, int defaultPort) {
    String text = listener.path("address").asString(defaultAddress);
    int port = listener.path("port").asInt(defaultPort);
    InetSocketAddress address;
    if (text.equals(ANY_ADDRESS)) {
      address = new InetSocketAddress(port);
    } else {
      InetAddress literal = address(text, at + "/address");
      if (literal == null) {
        return null;
      }
      address = new InetSocketAddress(literal, port);
    }
    // A port that the schema check took out is not the default one.
    if (yaml.tree().at(at).has("port") == listener.has("port")) {
      clash(address, at);
    }
    return address;
  }

  private void clash(InetSocketAddress address, String at) {
    for (Taken other : taken) {
      boolean overlap =
          other.address().getAddress().equals(address.getAddress())
              || other.address().getAddress().isAnyLocalAddress()
              || address.getAddress().isAnyLocalAddress();
      if (address.getPort() != 0 && other.address().getPort() == address.getPort() && overlap) {
        error(
            at,
            "port "
                + address.getPort()
                + " is taken by "
                + (other.at().equals("/listen")
                    ? "a listener that is there by default; give its list as well to change it"
                    : "the listener in line " + yaml.line(other.at())));
        return;
      }
    }
    taken.add(new Taken(address, at));
  }

  private @Nullable InetAddress address(String text, String at) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      error(
          at,
          SchemaCheck.quoted(text)
              + " is no IP address; write it as 192.0.2.1 or 2001:db8::1"
              + (at.startsWith("/listen") ? ", or * for all" : ""));
      return null;
    }
  }

  private static boolean isNetwork(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("\\d{1,3}")) {
      return false;
    }
    try {
      int bits = InetAddress.ofLiteral(text.substring(0, slash)).getAddress().length * 8;
      return Integer.parseInt(text.substring(slash + 1)) <= bits;
    } catch (IllegalArgumentException _) {
      return false; // the caller says what is wrong
    }
  }

  // ---- certificates and trust ----------------------------------------------------------------

  private @Nullable TlsIdentity identity(JsonNode parent, String at, String key) {
    JsonNode pair = parent.path(key);
    return pair.path("chain").isString() && pair.path("key").isString()
        ? files.identity(pair.path("chain").asString(), pair.path("key").asString(), at + "/" + key)
        : null;
  }

  private List<TlsIdentity> certificates(JsonNode node, String at) {
    boolean folder = node.has("directory");
    if (folder && (node.has("chain") || node.has("key"))) {
      error(at, "give chain and key, or directory, not both");
      return List.of();
    }
    if (folder) {
      return files.identities(node.path("directory").asString(), at + "/directory");
    }
    JsonNode given = yaml.tree().at(at);
    if (!given.has("chain") || !given.has("key")) {
      error(
          at,
          given.has("chain") || given.has("key")
              ? "the key \"" + (given.has("chain") ? "key" : "chain") + "\" is missing"
              : "give chain and key, or directory");
      return List.of();
    }
    TlsIdentity identity =
        node.has("chain") && node.has("key")
            ? files.identity(node.path("chain").asString(), node.path("key").asString(), at)
            : null;
    return identity == null ? List.of() : List.of(identity);
  }

  private void warnOfUncovered(List<TlsIdentity> identities) {
    Set<String> names =
        identities.stream().flatMap(i -> i.names().stream()).collect(Collectors.toSet());
    List<String> uncovered = new ArrayList<>();
    for (Domain domain : ours.keySet()) {
      String name = domain.ascii();
      String wildcard = "*." + name.substring(name.indexOf('.') + 1);
      if (!names.contains(name) && !names.contains(wildcard)) {
        uncovered.add(domain.toString());
      }
    }
    if (!uncovered.isEmpty()) {
      warn(
          "/domains",
          "no certificate for "
              + String.join(", ", uncovered.subList(0, Math.min(5, uncovered.size())))
              + (uncovered.size() > 5 ? " and " + (uncovered.size() - 5) + " more" : "")
              + ": there is no TLS for peers that connect to them; see certificates and"
              + " default-certificate");
    }
  }

  private Trust trust() {
    JsonNode trust = root.path("trust");
    List<PkixProoftype.PeerAnchors> peers = new ArrayList<>();
    Map<String, String> matches = new HashMap<>();
    each(
        trust,
        "/trust",
        "peers",
        (node, at) -> {
          String match = pattern(node, at, "match");
          if (match != null && isFirst(matches, match, at + "/match")) {
            peers.add(
                new PkixProoftype.PeerAnchors(
                    match, anchors(node, at), node.path("client-auth-suffices").asBoolean(false)));
          }
        });
    return new Trust(anchors(trust, "/trust"), peers);
  }

  private List<X509Certificate> anchors(JsonNode parent, String at) {
    if (!parent.path("anchors").isArray()) {
      return files.systemAnchors(at + "/anchors");
    }
    List<X509Certificate> anchors = new ArrayList<>();
    each(
        parent,
        at,
        "anchors",
        (node, entry) -> anchors.addAll(files.anchors(node.asString(), entry)));
    return anchors;
  }

  private boolean isFirst(Map<String, String> seen, String match, String at) {
    String before = seen.putIfAbsent(match, at);
    if (before != null) {
      error(at, match + " stands here a second time; first in line " + yaml.line(before));
    }
    return before == null;
  }

  // ---- names ---------------------------------------------------------------------------------

  private List<InetSocketAddress> resolvers() {
    List<InetSocketAddress> resolvers = new ArrayList<>();
    each(
        root.path("dns"),
        "/dns",
        "resolvers",
        (node, at) -> {
          InetSocketAddress resolver = endpoint(node.asString());
          if (resolver == null) {
            error(
                at,
                SchemaCheck.shown(node)
                    + " is no IP address with a port; write it as 127.0.0.1:53 or"
                    + " [2001:db8::53]:53");
          } else {
            resolvers.add(resolver);
          }
        });
    return resolvers;
  }

  private static @Nullable InetSocketAddress endpoint(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    String port = text.substring(colon + 1);
    boolean brackets = host.startsWith("[") && host.endsWith("]");
    if (!port.matches("\\d{1,5}")
        || Integer.parseInt(port) < 1
        || Integer.parseInt(port) > 65_535
        || (!brackets && host.indexOf(':') >= 0)) {
      return null;
    }
    try {
      return new InetSocketAddress(
          InetAddress.ofLiteral(brackets ? host.substring(1, host.length() - 1) : host),
          Integer.parseInt(port));
    } catch (IllegalArgumentException _) {
      return null; // the caller says what is wrong
    }
  }

  // ---- policy --------------------------------------------------------------------------------

  /** What a rule asks in each direction. */
  private record Rules(PolicyRule out, PolicyRule in) {
    PolicyRule of(Direction direction) {
      return direction == Direction.OUTBOUND ? out : in;
    }
  }

  private @Nullable PolicyTable policy() {
    JsonNode policy = root.path("policy");
    PolicyTable.Builder table = PolicyTable.builder();
    PolicyRule encrypted = PolicyRule.of(FederationLevel.ENCRYPTED);
    Rules defaults =
        rules(policy.path("default"), "/policy/default", new Rules(encrypted, encrypted));
    for (Direction direction : Direction.values()) {
      table.byDefault(direction, defaults.of(direction));
    }
    each(
        root,
        "",
        "domains",
        (node, at) -> {
          Domain domain = entries.get(at + "/name");
          if (node.has("level") && domain != null) {
            Rules rules = rules(node, at, defaults);
            for (Direction direction : Direction.values()) {
              table.host(direction, domain.toString(), rules.of(direction));
            }
          }
        });
    Map<String, String> matches = new HashMap<>();
    each(policy, "/policy", "peers", (node, at) -> peerRule(node, at, defaults, matches, table));
    Map<String, String> pairs = new HashMap<>();
    each(policy, "/policy", "pairs", (node, at) -> pairRule(node, at, defaults, pairs, table));
    try {
      return table.build();
    } catch (PolicyException e) {
      e.problems().forEach(problem -> error("/policy", problem));
      return null;
    }
  }

  private void peerRule(
      JsonNode node,
      String at,
      Rules defaults,
      Map<String, String> matches,
      PolicyTable.Builder table) {
    String match = pattern(node, at, "match");
    if (match == null || !isFirst(matches, match, at + "/match")) {
      return;
    }
    if (saysSomething(node)) {
      Rules rules = rules(node, at, defaults);
      for (Direction direction : Direction.values()) {
        table.remote(direction, match, rules.of(direction));
      }
    }
    JsonNode route = node.path("route");
    if (route.path("host").isString() && route.path("port").isIntegralNumber()) {
      table.route(
          new StaticRoute(
              match,
              route.path("host").asString(),
              route.path("port").asInt(),
              route.path("tls").asString("starttls").equals("direct"),
              route.path("proof").isString() ? route.path("proof").asString() : null));
    }
  }

  private void pairRule(
      JsonNode node,
      String at,
      Rules defaults,
      Map<String, String> pairs,
      PolicyTable.Builder table) {
    String from = pattern(node, at, "from");
    String to = pattern(node, at, "to");
    if (from == null || to == null || !domainsAreWhole) {
      return;
    }
    boolean fromUs = ourNames.contains(from);
    boolean toUs = ourNames.contains(to);
    if (fromUs == toUs) {
      error(
          at,
          fromUs
              ? from + " and " + to + " are both of `domains`: no peer is between them"
              : "neither " + from + " nor " + to + " is one of `domains`" + nearestOf(from, to));
      return;
    }
    if (isFirst(pairs, from + " to " + to, at)) {
      Direction direction = fromUs ? Direction.OUTBOUND : Direction.INBOUND;
      PolicyRule rule = rules(node, at, defaults).of(direction);
      table.pair(direction, fromUs ? from : to, fromUs ? to : from, rule);
    }
  }

  private String nearestOf(String from, String to) {
    String nearest = Nearest.of(from, ourNames);
    nearest = nearest == null ? Nearest.of(to, ourNames) : nearest;
    return nearest == null ? "" : "; did you mean " + nearest + "?";
  }

  private static boolean saysSomething(JsonNode rule) {
    return rule.has("level")
        || rule.has("proofs")
        || rule.has("dialback")
        || rule.has("starttls-unoffered")
        || rule.has("strict-pairs");
  }

  /** The rules of a node; what it leaves out comes from the defaults. */
  private Rules rules(JsonNode node, String at, Rules defaults) {
    JsonNode level = node.path("level");
    // A level for both directions is one word, and gets one warning.
    warnOfPermissive(level, at + "/level");
    warnOfPermissive(level.path("out"), at + "/level/out");
    warnOfPermissive(level.path("in"), at + "/level/in");
    PolicyRule out = rule(node, at, level.isObject() ? level.path("out") : level, defaults.out());
    PolicyRule in = rule(node, at, level.isObject() ? level.path("in") : level, defaults.in());
    if (node.has("proofs")
        && (out.level() == FederationLevel.PERMISSIVE
            || in.level() == FederationLevel.PERMISSIVE)) {
      error(at + "/proofs", "level permissive asks for no proof, yet proofs are named");
    }
    return new Rules(out, in);
  }

  private PolicyRule rule(JsonNode node, String at, JsonNode level, PolicyRule defaults) {
    FederationLevel asked = level.isString() ? FederationLevel.of(level.asString()) : null;
    List<String> proofs = new ArrayList<>();
    each(node, at, "proofs", (proof, _) -> proofs.add(proof.asString()));
    return new PolicyRule(
        asked == null ? defaults.level() : asked,
        asked == FederationLevel.PERMISSIVE
            ? List.of()
            : node.has("proofs") ? proofs : defaults.prooftypes(),
        node.path("dialback").asBoolean(defaults.dialback()),
        node.path("starttls-unoffered").asBoolean(defaults.startTlsUnoffered()),
        node.path("strict-pairs").asBoolean(defaults.strictPairs()),
        yaml.name() + ":" + yaml.line(at));
  }

  private void warnOfPermissive(JsonNode level, String at) {
    if (level.isString() && level.asString().equals(FederationLevel.PERMISSIVE.wire())) {
      warn(
          at,
          "permissive verifies nobody: whoever connects may speak for any domain it covers; only"
              + " for a network of your own");
    }
  }

  /** A pattern in canonical form, or null after saying why it is none. */
  private @Nullable String pattern(JsonNode node, String at, String key) {
    return pattern(node.path(key), at + "/" + key);
  }

  private @Nullable String pattern(JsonNode given, String at) {
    if (!given.isString()) {
      return null;
    }
    String text = given.asString();
    if (text.equals("*")) {
      return text;
    }
    boolean below = text.startsWith("*.");
    Domain domain = domain(below ? text.substring(2) : text, at);
    return domain == null ? null : below ? "*." + domain : domain.toString();
  }

  // ---- bounds --------------------------------------------------------------------------------

  private Limits limits() {
    JsonNode limits = root.path("limits");
    Limits defaults = Limits.DEFAULT;
    return new Limits(
        limits.path("stanza-bytes").asInt(defaults.stanzaBytes()),
        limits.path("waiting-stanzas").asInt(defaults.waitingStanzas()),
        limits.path("waiting-bytes").asInt(defaults.waitingBytes()),
        limits.path("unsent-bytes").asInt(defaults.unsentBytes()),
        limits.path("connections-per-address").asInt(defaults.connectionsPerAddress()),
        strangers(limits.path("strangers")),
        guests(limits.path("guests"), "/limits/guests"),
        allowance(limits.path("guests"), "/limits/guests", "per-component"));
  }

  private GuestLimits guests(JsonNode given, String at) {
    List<String> excepted = new ArrayList<>();
    each(
        given,
        at,
        "excepted",
        (node, entry) -> {
          String pattern = pattern(node, entry);
          if (pattern != null) {
            excepted.add(pattern);
          }
        });
    return new GuestLimits(
        allowance(given, at, "per-peer"),
        allowance(given, at, "per-pair"),
        allowance(given, at, "per-domain"),
        DomainPatterns.of(excepted));
  }

  private @Nullable Allowance allowance(JsonNode guests, String at, String key) {
    JsonNode given = guests.path(key);
    long bytes = given.path("bytes-per-second").asLong(0);
    long stanzas = given.path("stanzas-per-second").asLong(0);
    if (bytes > 0 || stanzas > 0) {
      return new Allowance(bytes, stanzas, given.path("burst-seconds").asInt(10));
    }
    JsonNode whole = yaml.tree().at(at + "/" + key);
    if (given.isObject() && !whole.has("bytes-per-second") && !whole.has("stanzas-per-second")) {
      error(at + "/" + key, "limits nothing; give bytes-per-second or stanzas-per-second");
    }
    return null;
  }

  private StrangerLimits strangers(JsonNode given) {
    StrangerLimits defaults = StrangerLimits.DEFAULTS;
    int perSecond =
        given.path("verifications-per-second").asInt(defaults.verifications().perSecond());
    int ofSender =
        given
            .path("verifications-of-sender-per-second")
            .asInt(defaults.verificationsOfSender().perSecond());
    return new StrangerLimits(
        given.path("per-address").asInt(defaults.perAddress()),
        given.path("in-all").asInt(defaults.inAll()),
        new Meter.Rate(
            given.path("connections-at-once").asInt(defaults.connections().burst()),
            given.path("connections-per-second").asInt(defaults.connections().perSecond())),
        new Meter.Rate(
            given.path("fruitless-at-once").asInt(defaults.fruitless().burst()),
            given.path("fruitless-per-second").asInt(defaults.fruitless().perSecond())),
        given.path("handshakes-at-once").asInt(defaults.handshakesAtOnce()),
        given.path("handshakes-per-second").asInt(defaults.handshakesPerSecond()),
        greeting(),
        new Meter.Rate(25 * perSecond, perSecond),
        new Meter.Rate(20 * ofSender, ofSender),
        given.path("verifications-at-once").asInt(defaults.verificationsAtOnce()),
        networks(given, "/limits/strangers", "excepted"));
  }

  private Duration greeting() {
    Duration given = duration("greeting", StrangerLimits.DEFAULTS.greeting());
    return given.isZero() ? StrangerLimits.DEFAULTS.greeting() : given; // which was told
  }

  private List<String> networks(JsonNode parent, String at, String key) {
    List<String> networks = new ArrayList<>();
    each(
        parent,
        at,
        key,
        (network, networkAt) -> {
          if (isNetwork(network.asString())) {
            networks.add(network.asString());
          } else {
            error(
                networkAt,
                SchemaCheck.shown(network)
                    + " is no network; write it as 10.0.0.0/8 or 2001:db8::/32, a single"
                    + " address as 192.0.2.7/32");
          }
        });
    return networks;
  }

  private Timeouts timeouts() {
    Timeouts defaults = Timeouts.DEFAULT;
    Timeouts given =
        new Timeouts(
            duration("negotiation", defaults.negotiation()),
            duration("candidate", defaults.candidate()),
            duration("keepalive", defaults.keepalive()),
            duration("idle", defaults.idle()),
            duration("stop", defaults.stop()));
    if (given.candidate().compareTo(given.negotiation()) > 0 && !given.negotiation().isZero()) {
      error(
          "/timeouts/candidate",
          "is longer than all of a negotiation may take, which is " + text(given.negotiation()));
    }
    if (given.keepalive().compareTo(LEAST_KEEPALIVE) < 0) {
      warn(
          "/timeouts/keepalive",
          "RFC 6120 4.6.4 asks that a silent stream be checked no oftener than every 5m");
    }
    return given;
  }

  private Duration duration(String key, Duration byDefault) {
    JsonNode given = root.path("timeouts").path(key);
    if (!given.isString()) {
      return byDefault;
    }
    String text = given.asString();
    String unit = text.replaceFirst("\\d+", "");
    long number = Long.parseLong(text.substring(0, text.length() - unit.length()));
    Duration duration =
        switch (unit) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          default -> Duration.ofDays(number);
        };
    if (duration.isZero() && !key.equals("stop")) {
      error("/timeouts/" + key, "must be longer than nothing");
    } else if (duration.compareTo(Duration.ofDays(365)) > 0) {
      error("/timeouts/" + key, "must be at most 365d, but is " + text);
    }
    return duration;
  }

  private static String text(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }

  private Log log() {
    JsonNode log = root.path("log");
    return new Log(
        Log.Format.valueOf(log.path("format").asString("text").toUpperCase(Locale.ROOT)),
        Log.Level.valueOf(log.path("level").asString("info").toUpperCase(Locale.ROOT)));
  }
}
