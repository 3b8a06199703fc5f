package im.comity.policy;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The policy: what is asked for a pair in a direction, and which targets have a route set by hand.
 * An immutable snapshot; a reload makes another one.
 *
 * <p>A pattern is a domain ({@code example.org}), {@code *.example.org} for its sub-domains at any
 * depth but not itself, or {@code *} for every domain. Of several patterns that cover a domain the
 * one with most labels is the most specific; a domain itself is more specific than any wildcard.
 *
 * <p>Which rules speak (S2S-POL-70, DNA-GEN-06):
 *
 * <ol>
 *   <li>A rule whose two patterns name exactly this pair decides alone.
 *   <li>Else the host side has the most specific rule for the host domain. The remote side has the
 *       most specific rule for the remote domain, where a pair rule with a pattern in it counts as
 *       a remote rule for some hosts only: it goes before a rule with the same remote pattern for
 *       all hosts, and behind one that names the remote domain more closely.
 *   <li>Where both sides have a rule, the stricter level is required, only prooftypes that both
 *       allow count, in the order of the stricter rule (of the host's when they are equally strict
 *       or the stricter one names none), dialback is spoken only if both allow it, and pairs are
 *       strict if either says so. So a host domain's rule is a floor.
 *   <li>The default of the direction applies where neither side has a rule.
 * </ol>
 */
public final class PolicyTable {
  private final Map<Direction, Rules> rules;
  private final PatternMap<StaticRoute> routes;
  private final List<String> permissive;

  private PolicyTable(
      Map<Direction, Rules> rules, PatternMap<StaticRoute> routes, List<String> permissive) {
    this.rules = rules;
    this.routes = routes;
    this.permissive = List.copyOf(permissive);
  }

  /** A builder whose default is level encrypted in both directions. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * What is asked for a pair: outbound its sender is the host domain, inbound its target. Outbound
   * over a route that requires a proof, that prooftype alone counts, at level trusted.
   */
  public Requirement requirement(DomainPair pair, Direction direction) {
    Rules ofDirection = Objects.requireNonNull(rules.get(direction)); // the builder makes both
    if (direction == Direction.INBOUND) {
      return ofDirection.requirement(pair.target().toString(), pair.sender().toString());
    }
    Requirement requirement =
        ofDirection.requirement(pair.sender().toString(), pair.target().toString());
    StaticRoute route = route(pair.target());
    return route == null || route.requiredProof() == null
        ? requirement
        : Rules.requirement(
            FederationLevel.TRUSTED,
            Rules.common(List.of(route.requiredProof()), requirement.prooftypes()),
            requirement.dialback(),
            true,
            requirement.strictPairs(),
            "%s; route %s requires %s"
                .formatted(requirement.rule(), route.pattern(), route.requiredProof()));
  }

  /** The route set by hand for a target by the most specific pattern, or null (S2S-DNS-12). */
  public @Nullable StaticRoute route(Domain target) {
    return routes.find(target.toString());
  }

  /** The rules at level permissive, for the warning at start (DNA-GEN-09). */
  public List<String> permissiveRules() {
    return permissive;
  }

  /** A rule and where it applies. */
  private record Placed(PolicyRule rule, String text, boolean exactPair) {}

  /** The rules of one direction. */
  private static final class Rules {
    final PatternMap<Placed> hosts = new PatternMap<>();

    /** By remote pattern, then by host pattern; {@code *} there holds the rules for all hosts. */
    final PatternMap<PatternMap<Placed>> remotes = new PatternMap<>();

    final Placed byDefault;

    Rules(Placed byDefault) {
      this.byDefault = byDefault;
    }

    @Nullable Placed ofRemote(String host, String remote) {
      return remotes.find(remote, ofHosts -> ofHosts.find(host));
    }

    Requirement requirement(String host, String remote) {
      Placed ofRemote = ofRemote(host, remote);
      if (ofRemote != null && ofRemote.exactPair()) {
        return alone(ofRemote);
      }
      Placed ofHost = hosts.find(host);
      if (ofHost == null) {
        return alone(ofRemote == null ? byDefault : ofRemote);
      }
      return ofRemote == null ? alone(ofHost) : both(ofHost, ofRemote);
    }

    private static Requirement alone(Placed placed) {
      PolicyRule rule = placed.rule();
      return requirement(
          rule.level(),
          rule.prooftypes(),
          rule.dialback(),
          rule.startTlsUnoffered(),
          rule.strictPairs(),
          placed.text());
    }

    private static Requirement both(Placed ofHost, Placed ofRemote) {
      PolicyRule host = ofHost.rule();
      PolicyRule remote = ofRemote.rule();
      boolean remoteIsStricter = remote.level().compareTo(host.level()) > 0;
      PolicyRule stricter = remoteIsStricter ? remote : host;
      PolicyRule other = remoteIsStricter ? host : remote;
      return requirement(
          stricter.level(),
          common(stricter.prooftypes(), other.prooftypes()),
          host.dialback() && remote.dialback(),
          host.startTlsUnoffered() && remote.startTlsUnoffered(),
          host.strictPairs() || remote.strictPairs(),
          ofHost.text() + "; " + ofRemote.text());
    }

    static Requirement requirement(
        FederationLevel level,
        List<String> prooftypes,
        boolean dialback,
        boolean startTlsUnoffered,
        boolean strictPairs,
        String rule) {
      return new Requirement(
          level,
          prooftypes,
          dialback,
          startTlsUnoffered || level.meets(FederationLevel.ENCRYPTED),
          strictPairs,
          rule);
    }

    static List<String> common(List<String> stricter, List<String> other) {
      if (stricter.isEmpty() || other.isEmpty()) {
        return stricter.isEmpty() ? other : stricter;
      }
      List<String> common = stricter.stream().filter(other::contains).toList();
      if (common.isEmpty()) {
        // Empty would mean that any counts. The builder has refused every table that leads here.
        throw new IllegalStateException("no prooftype in common: " + stricter + ", " + other);
      }
      return common;
    }
  }

  /** Gathers rules; whatever is wrong with them is said at once by {@link #build()}. */
  public static final class Builder {
    private final Map<Direction, PolicyRule> defaults = new EnumMap<>(Direction.class);
    private final List<Given> given = new ArrayList<>();
    private final List<StaticRoute> routes = new ArrayList<>();

    private Builder() {
      for (Direction direction : Direction.values()) {
        defaults.put(direction, PolicyRule.of(FederationLevel.ENCRYPTED));
      }
    }

    /** Sets what is asked where neither side has a rule; the last call counts. */
    public Builder byDefault(Direction direction, PolicyRule rule) {
      defaults.put(direction, rule);
      return this;
    }

    /** Adds a rule for host domains. */
    public Builder host(Direction direction, String pattern, PolicyRule rule) {
      given.add(new Given(direction, pattern, null, rule));
      return this;
    }

    /** Adds a rule for remote domains. */
    public Builder remote(Direction direction, String pattern, PolicyRule rule) {
      given.add(new Given(direction, null, pattern, rule));
      return this;
    }

    /** Adds a rule for pairs; it is the exact pair's only if both patterns are plain domains. */
    public Builder pair(Direction direction, String host, String remote, PolicyRule rule) {
      given.add(new Given(direction, host, remote, rule));
      return this;
    }

    /** Adds a route set by hand. */
    public Builder route(StaticRoute route) {
      routes.add(route);
      return this;
    }

    /**
     * Makes the table.
     *
     * @throws PolicyException with every problem: patterns that are no domains, two rules for the
     *     same place, a level permissive that names prooftypes, two rules that meet in some pair
     *     and allow no prooftype in common, a route without a host or with a port that is none, a
     *     route whose required proof a rule for pairs that take it does not allow
     */
    public PolicyTable build() throws PolicyException {
      return new Assembly(this).table();
    }

    /** A rule as it was given; without a remote pattern it is the host's, and the reverse. */
    private record Given(
        Direction direction, @Nullable String host, @Nullable String remote, PolicyRule rule) {}
  }

  /** One run of {@link Builder#build()}: what has been placed so far, and what was wrong. */
  private static final class Assembly {
    private final Map<Direction, Rules> rules = new EnumMap<>(Direction.class);
    private final PatternMap<StaticRoute> routes = new PatternMap<>();
    private final List<String> permissive = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final List<Narrowed> narrowed = new ArrayList<>();
    private final List<Demanding> demanding = new ArrayList<>();

    /** A rule that names prooftypes, in canonical patterns; of a host rule the remote is null. */
    private record Narrowed(
        Direction direction, String host, @Nullable String remote, Placed placed) {}

    /** A route that requires a proof, with its canonical pattern. */
    private record Demanding(StaticRoute route, String pattern, String proof) {}

    Assembly(Builder builder) {
      builder.defaults.forEach(
          (direction, rule) -> {
            Placed placed = placed("default", direction, rule, false);
            rules.put(direction, new Rules(placed));
          });
      builder.given.forEach(this::place);
      reportDisjointProofs();
      builder.routes.forEach(this::place);
      reportForbiddenProofs();
    }

    PolicyTable table() throws PolicyException {
      if (!problems.isEmpty()) {
        throw new PolicyException(problems);
      }
      return new PolicyTable(rules, routes, permissive);
    }

    private void place(Builder.Given given) {
      String host = given.host() == null ? "*" : canonical(given.host());
      String remote = given.remote() == null ? "*" : canonical(given.remote());
      if (host == null || remote == null) {
        return;
      }
      String where =
          given.remote() == null
              ? "host " + host
              : given.host() == null ? "remote " + remote : "pair " + host + " - " + remote;
      boolean exactPair = PatternMap.isExact(host) && PatternMap.isExact(remote);
      Placed placed = placed(where, given.direction(), given.rule(), exactPair);
      Placed before;
      if (given.remote() == null) {
        before = of(given.direction()).hosts.putIfAbsent(host, placed);
      } else {
        PatternMap<PatternMap<Placed>> remotes = of(given.direction()).remotes;
        PatternMap<Placed> ofHosts = remotes.get(remote);
        if (ofHosts == null) {
          ofHosts = new PatternMap<>();
          remotes.putIfAbsent(remote, ofHosts);
        }
        before = ofHosts.putIfAbsent(host, placed);
      }
      if (before != null) {
        problems.add("two rules for one place: " + before.text() + "; " + placed.text());
      } else if (!placed.rule().prooftypes().isEmpty()) {
        narrowed.add(
            new Narrowed(given.direction(), host, given.remote() == null ? null : remote, placed));
      }
    }

    private Placed placed(String where, Direction direction, PolicyRule rule, boolean exactPair) {
      String text = where + ' ' + direction.wire() + ": " + rule;
      List<String> prooftypes = rule.prooftypes();
      if (rule.level() == FederationLevel.PERMISSIVE) {
        permissive.add(text);
        if (!prooftypes.isEmpty()) {
          problems.add("permissive asks for no proof, yet prooftypes are named: " + text);
        }
      }
      if (prooftypes.stream().anyMatch(String::isBlank)) {
        problems.add("a prooftype without a name: " + text);
      }
      if (new HashSet<>(prooftypes).size() < prooftypes.size()) {
        problems.add("a prooftype named twice: " + text);
      }
      return new Placed(rule, text, exactPair);
    }

    private void place(StaticRoute route) {
      String text = "route " + route.pattern() + " to " + route.host() + ':' + route.port();
      String pattern = canonical(route.pattern());
      if (route.host().isBlank()) {
        problems.add("a route without a host: " + text);
      }
      if (route.port() < 1 || route.port() > 65_535) {
        problems.add("a route with a port outside 1..65535: " + text);
      }
      String proof = route.requiredProof();
      if (proof != null && proof.isBlank()) {
        problems.add("a route that requires a proof without a name: " + text);
      }
      if (pattern == null) {
        return;
      }
      StaticRoute before = routes.putIfAbsent(pattern, route);
      if (before != null) {
        problems.add("two routes for one place: " + text + "; to " + before.host());
      }
      if (before == null && proof != null) {
        demanding.add(new Demanding(route, pattern, proof));
      }
    }

    /** Finds routes whose required proof is not allowed by a rule for pairs that take them. */
    private void reportForbiddenProofs() {
      Rules outbound = of(Direction.OUTBOUND);
      for (Demanding route : demanding) {
        Stream<Placed> governing =
            narrowed.stream()
                .filter(n -> n.direction() == Direction.OUTBOUND)
                .filter(n -> forbids(n.placed(), route) && governsPairOf(outbound, n, route))
                .map(Narrowed::placed);
        boolean defaultApplies =
            outbound.hosts.find("*") == null && outbound.ofRemote("*", route.pattern()) == null;
        Stream<Placed> byDefault =
            Stream.of(outbound.byDefault).filter(rule -> defaultApplies && forbids(rule, route));
        Stream.concat(governing, byDefault)
            .findFirst()
            .ifPresent(
                rule ->
                    problems.add(
                        "the route %s requires %s, which a rule for it does not allow: %s"
                            .formatted(route.pattern(), route.proof(), rule.text())));
      }
    }

    private static boolean forbids(Placed placed, Demanding route) {
      List<String> prooftypes = placed.rule().prooftypes();
      return !prooftypes.isEmpty() && !prooftypes.contains(route.proof());
    }

    private boolean governsPairOf(Rules outbound, Narrowed rule, Demanding route) {
      String remote = rule.remote();
      if (remote == null) {
        Placed ofPair = outbound.ofRemote(rule.host(), route.pattern());
        return ofPair == null || !ofPair.exactPair();
      }
      return Stream.of(remote, route.pattern())
          .anyMatch(
              target ->
                  route.route().equals(routes.find(target))
                      && rule.placed().equals(outbound.ofRemote(rule.host(), target)));
    }

    /**
     * Finds host rules and remote rules that allow no prooftype in common and meet in some pair.
     * One problem is reported for each two lists of names, not for each pair of domains.
     *
     * <p>Two rules meet if they decide for a domain without a rule of its own, looked up by its
     * pattern, in the narrower of the two host patterns: whatever is more specific and would come
     * between them covers all of that pattern or a part of it only.
     */
    private void reportDisjointProofs() {
      for (Direction direction : Direction.values()) {
        Map<List<String>, List<Narrowed>> hosts = byProoftypes(direction, true);
        Map<List<String>, List<Narrowed>> remotes = byProoftypes(direction, false);
        hosts.forEach(
            (ofHost, hostRules) ->
                remotes.forEach(
                    (ofRemote, remoteRules) -> {
                      if (Collections.disjoint(ofHost, ofRemote)) {
                        reportFirstMeeting(direction, hostRules, remoteRules);
                      }
                    }));
      }
    }

    private Map<List<String>, List<Narrowed>> byProoftypes(Direction direction, boolean ofHosts) {
      return narrowed.stream()
          .filter(n -> n.direction() == direction && !n.placed().exactPair())
          .filter(n -> (n.remote() == null) == ofHosts)
          .collect(
              Collectors.groupingBy(
                  n -> n.placed().rule().prooftypes(), LinkedHashMap::new, Collectors.toList()));
    }

    private void reportFirstMeeting(
        Direction direction, List<Narrowed> hostRules, List<Narrowed> remoteRules) {
      for (Narrowed ofHost : hostRules) {
        for (Narrowed ofRemote : remoteRules) {
          if (meet(of(direction), ofHost, ofRemote)) {
            problems.add(
                "no prooftype in common, so nothing can prove their pairs: "
                    + ofHost.placed().text()
                    + "; "
                    + ofRemote.placed().text());
            return;
          }
        }
      }
    }

    private static boolean meet(Rules rules, Narrowed ofHost, Narrowed ofRemote) {
      String remote = Objects.requireNonNull(ofRemote.remote());
      return Stream.of(ofHost.host(), ofRemote.host())
          .anyMatch(
              host ->
                  ofHost.placed().equals(rules.hosts.find(host))
                      && ofRemote.placed().equals(rules.ofRemote(host, remote)));
    }

    private Rules of(Direction direction) {
      return Objects.requireNonNull(rules.get(direction));
    }

    /** The pattern with its domain prepared, or null after reporting why it is none. */
    private @Nullable String canonical(String pattern) {
      if (pattern.equals("*")) {
        return pattern;
      }
      boolean wildcard = pattern.startsWith("*.");
      try {
        Domain domain = Domain.of(wildcard ? pattern.substring(2) : pattern);
        if (wildcard && domain.isIpLiteral()) {
          problems.add("an address has no sub-domains: \"" + pattern + '"');
          return null;
        }
        return wildcard ? "*." + domain : domain.toString();
      } catch (AddressFormatException e) {
        problems.add("no pattern of domains: " + e.getMessage());
        return null;
      }
    }
  }
}
