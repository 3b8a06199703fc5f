package im.comity.discovery;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.discovery.DnsAnswer.LookupFailed;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import im.comity.policy.StaticRoute;
import im.comity.transport.Deadline;
import im.comity.transport.OutOfTimeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Finds where a domain is served (RFC 6120 section 3.2, RFC 2782, XEP-0368). */
public final class Discovery {
  /** The port of the fallback (RFC 6120 section 14.7). */
  public static final int DEFAULT_PORT = 5269;

  private static final String STARTTLS_SERVICE = "_xmpp-server._tcp.";
  private static final String DIRECT_TLS_SERVICE = "_xmpps-server._tcp.";

  private final Resolver resolver;
  private final RandomGenerator random;
  private final Options options;

  /**
   * @param random draws by weight; used by many threads at once
   */
  public Discovery(Resolver resolver, RandomGenerator random, Options options) {
    this.resolver = resolver;
    this.random = random;
    this.options = options;
  }

  /** Which kind of TLS goes first among candidates of the same priority (S2S-DNS-15). */
  public enum Preference {
    NONE,
    DIRECT_TLS,
    STARTTLS
  }

  /**
   * Settings.
   *
   * @param preference which kind of TLS goes first within a priority group
   * @param ipLiterals whether domains that are IP literals may be connected to (S2S-DNS-20)
   * @param maxCandidates how many candidates a domain may have; the first of the order are kept, so
   *     that nobody makes us ask for the addresses of a thousand strangers
   */
  public record Options(Preference preference, boolean ipLiterals, int maxCandidates) {
    /** No preference, no IP literals, 64 candidates. */
    public static final Options DEFAULT = new Options(Preference.NONE, false, 64);

    public Options {
      if (maxCandidates < 1) {
        throw new IllegalArgumentException("maxCandidates must be positive");
      }
    }
  }

  /**
   * Finds where a domain is served. Blocks until DNS has answered, which {@link Resolver} bounds;
   * call it on a virtual thread.
   *
   * @param target the domain that stanzas are for; never its parent's records (S2S-DNS-13)
   * @param route what the operator says instead of DNS, or null
   */
  public Delegation delegationOf(Domain target, @Nullable StaticRoute route) {
    return find(target, route).join();
  }

  /**
   * The same, but no longer than a deadline allows; its phase is named "look-up".
   *
   * @throws OutOfTimeException the deadline passed
   * @throws IOException the thread was interrupted
   */
  public Delegation delegationOf(Domain target, @Nullable StaticRoute route, Deadline deadline)
      throws IOException {
    deadline.step("look-up");
    return deadline.await(find(target, route));
  }

  /** The same without blocking; the future ends normally and in bounded time. */
  CompletableFuture<Delegation> find(Domain target, @Nullable StaticRoute route) {
    if (route != null) {
      return CompletableFuture.completedFuture(overridden(target, route));
    }
    if (target.isIpLiteral()) {
      return CompletableFuture.completedFuture(literal(target));
    }
    String name = target.ascii() + ".";
    CompletableFuture<Lookup> startTls =
        Lookup.of(resolver, STARTTLS_SERVICE + name, RecordType.SRV);
    CompletableFuture<Lookup> directTls =
        Lookup.of(resolver, DIRECT_TLS_SERVICE + name, RecordType.SRV);
    return startTls.thenCombine(directTls, (s, d) -> decide(target, s, d));
  }

  /** What both answers together say (S2S-DNS-02, -09 to -11, -16 to -18). Pure but for the draw. */
  private Delegation decide(Domain target, Lookup startTls, Lookup directTls) {
    List<Lookup> lookups = List.of(startTls, directTls);
    List<Candidate> candidates = new ArrayList<>();
    candidates.addAll(candidates(startTls.answer(), false));
    candidates.addAll(candidates(directTls.answer(), true));
    if (!candidates.isEmpty()) {
      return new Delegation.Found(target, inOrder(candidates), lookups, false, false);
    }
    for (Lookup lookup : lookups) {
      if (lookup.answer() instanceof LookupFailed(String reason)) {
        return new Delegation.Failed(lookup.name() + " SRV: " + reason, lookups);
      }
    }
    for (Lookup lookup : lookups) {
      if (lookup.answer() instanceof Records records) {
        return new Delegation.Refused(
            records.services().stream().anyMatch(DnsRecord.Service::isNotOffered)
                ? lookup.name() + " SRV: the service is not offered (target \".\")"
                : lookup.name() + " SRV: no record has a port",
            lookups);
      }
    }
    return new Delegation.Found(
        target,
        List.of(new Candidate(target.ascii(), DEFAULT_PORT, false, 0, 0, false)),
        lookups,
        false,
        true);
  }

  private static List<Candidate> candidates(DnsAnswer answer, boolean directTls) {
    return switch (answer) {
      case Records records ->
          records.services().stream()
              .filter(srv -> !srv.isNotOffered() && srv.port() != 0)
              .map(
                  srv ->
                      new Candidate(
                          srv.target(), srv.port(), directTls, srv.priority(), srv.weight(), false))
              .toList();
      case NoSuchRecord _, LookupFailed _ -> List.of();
    };
  }

  private List<Candidate> inOrder(List<Candidate> candidates) {
    // The same record twice would only be tried twice.
    List<Candidate> ordered =
        new ArrayList<>(SrvOrder.of(List.copyOf(new LinkedHashSet<>(candidates)), random));
    if (options.preference() != Preference.NONE) {
      boolean directTlsFirst = options.preference() == Preference.DIRECT_TLS;
      ordered.sort(
          Comparator.comparingInt(Candidate::priority)
              .thenComparing(c -> c.directTls() != directTlsFirst));
    }
    return ordered.subList(0, Math.min(ordered.size(), options.maxCandidates()));
  }

  private static Delegation overridden(Domain target, StaticRoute route) {
    String host = withoutBrackets(route.host());
    if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    try {
      if (host.chars().anyMatch(c -> c > 0x7f)) {
        host = Domain.of(host).ascii();
      }
    } catch (AddressFormatException e) {
      return new Delegation.Refused(
          "static route " + route.pattern() + ": " + e.getMessage(), List.of());
    }
    return new Delegation.Found(
        target,
        List.of(new Candidate(host, route.port(), route.directTls(), 0, 0, true)),
        List.of(),
        true,
        false);
  }

  private Delegation literal(Domain target) {
    if (!options.ipLiterals()) {
      return new Delegation.Refused(
          "domains that are IP addresses are not federated with", List.of());
    }
    return new Delegation.Found(
        target,
        List.of(new Candidate(withoutBrackets(target.ascii()), DEFAULT_PORT, false, 0, 0, false)),
        List.of(),
        false,
        true);
  }

  private static String withoutBrackets(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }
}
