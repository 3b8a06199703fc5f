package im.comity.discovery;

import im.comity.discovery.ConnectFailure.Cause;
import im.comity.discovery.DnsAnswer.LookupFailed;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import im.comity.transport.Cancellable;
import im.comity.transport.Deadline;
import im.comity.transport.Network;
import im.comity.transport.OutOfTimeException;
import im.comity.transport.Timers;
import im.comity.transport.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which candidate answers: looks up addresses and connects to several, each a little
 * later than the one before; the first connection wins (RFC 8305, XEP-0495).
 *
 * <p>One priority group of candidates is used up before the next is begun (S2S-TCP-08). In a group
 * all hosts are looked up at once, AAAA before A; addresses are tried as {@link AddressOrder} says.
 * A winner ends the other attempts, but not the race: when it proves unusable, {@link #next} goes
 * on with all that has neither failed nor won (S2S-TCP-09).
 *
 * <p>Whatever happens (an answer, a connection, a timer) is put in a queue and handled by the
 * thread that brought it, or by the one that is just handling another: so all state below is
 * confined to one thread at a time, no lock is held during a foreign call, and {@link #next} only
 * waits.
 */
public final class ConnectRace implements AutoCloseable {
  /** Two attempts never begin closer to each other (S2S-TCP-06). */
  static final Duration CLOSEST = Duration.ofMillis(10);

  /** Addresses of one host and family that are looked at. */
  static final int ADDRESSES_PER_FAMILY = 8;

  private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

  private final Resolver resolver;
  private final Network network;
  private final Timers timers;
  private final Options options;
  private final Deadline deadline;
  private final List<RecordType> families;

  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger unhandled = new AtomicInteger();
  private final Queue<ConnectFailure> failures = new ConcurrentLinkedQueue<>();
  private final Queue<Lookup> lookups = new ConcurrentLinkedQueue<>();

  // Confined to whoever handles events.
  private final Deque<List<Ranked>> groups;
  private List<Host> hosts = List.of();
  private final Set<Endpoint> untried = new LinkedHashSet<>();
  private final Map<Endpoint, Attempt> running = new LinkedHashMap<>();
  private @Nullable CompletableFuture<Optional<Connected>> wanted;
  private @Nullable RuntimeException fault;
  private @Nullable Cancellable alarm;
  private @Nullable Attempt latest;
  private int attempts;
  private boolean closed;

  /** When the first usable address of this group was known; null before. */
  private @Nullable Long firstAddress;

  /** The address of this group that was tried last; null before. */
  private @Nullable InetAddress previous;

  /**
   * Settings.
   *
   * @param guard which addresses may be connected to; a static route's may always
   * @param sources the addresses of ours to come from, at most one of each family counts; families
   *     without one are not used. Empty: the system chooses, and both families are used
   * @param resolutionDelay how long to wait for preferred addresses when others are there
   *     (S2S-TCP-02, -03)
   * @param stagger how long after an attempt that is still undecided the next one begins, from 100
   *     ms to 2 s (S2S-TCP-05)
   * @param attemptTimeout how long one attempt to connect may take
   * @param maxAttempts how many attempts there may be over all candidates
   */
  public record Options(
      AddressGuard guard,
      List<InetAddress> sources,
      Duration resolutionDelay,
      Duration stagger,
      Duration attemptTimeout,
      int maxAttempts) {
    /** Public addresses only, any source, 50 ms, 250 ms, 10 s, 64 attempts. */
    public static final Options DEFAULT =
        new Options(
            AddressGuard.PUBLIC_ONLY,
            List.of(),
            Duration.ofMillis(50),
            Duration.ofMillis(250),
            Duration.ofSeconds(10),
            64);

    public Options {
      sources = List.copyOf(sources);
      if (stagger.compareTo(Duration.ofMillis(100)) < 0
          || stagger.compareTo(Duration.ofSeconds(2)) > 0) {
        throw new IllegalArgumentException("stagger out of 100 ms to 2 s: " + stagger);
      }
      if (resolutionDelay.isNegative() || !attemptTimeout.isPositive() || maxAttempts < 1) {
        throw new IllegalArgumentException("an option of the race is out of range");
      }
    }

    /** These with another guard. */
    public Options withGuard(AddressGuard other) {
      return new Options(other, sources, resolutionDelay, stagger, attemptTimeout, maxAttempts);
    }

    /** These with other sources. */
    public Options withSources(List<InetAddress> others) {
      return new Options(guard, others, resolutionDelay, stagger, attemptTimeout, maxAttempts);
    }
  }

  private ConnectRace(
      List<Candidate> candidates,
      Resolver resolver,
      Network network,
      Timers timers,
      Options options,
      Deadline deadline) {
    this.resolver = resolver;
    this.network = network;
    this.timers = timers;
    this.options = options;
    this.deadline = deadline;
    this.families =
        Stream.of(RecordType.AAAA, RecordType.A)
            .filter(
                f ->
                    options.sources().isEmpty()
                        || options.sources().stream().anyMatch(s -> familyOf(s) == f))
            .toList();
    this.groups = groups(candidates);
  }

  /**
   * A race with default options, which begins with the first {@link #next}.
   *
   * @param candidates in the order to try them, equal priorities together
   * @param source the address of ours to come from, which leaves out the other family; null for any
   * @param deadline ends every wait of the race
   */
  public static ConnectRace over(
      List<Candidate> candidates,
      Resolver resolver,
      Network network,
      Timers timers,
      @Nullable InetAddress source,
      Deadline deadline) {
    Options options =
        source == null ? Options.DEFAULT : Options.DEFAULT.withSources(List.of(source));
    return over(candidates, resolver, network, timers, options, deadline);
  }

  /** A race with options of its own. */
  public static ConnectRace over(
      List<Candidate> candidates,
      Resolver resolver,
      Network network,
      Timers timers,
      Options options,
      Deadline deadline) {
    return new ConnectRace(candidates, resolver, network, timers, options, deadline);
  }

  /**
   * Waits for the next connection. The one before, if any, is the caller's and counts as unusable.
   * Called by one thread at a time.
   *
   * @return null when every candidate has won or failed; {@link #failures} tells why
   * @throws OutOfTimeException the deadline passed; the phase is "connect"
   * @throws IOException the thread was interrupted
   * @throws IllegalStateException the race is closed
   */
  public @Nullable Connected next() throws IOException {
    deadline.step("connect");
    CompletableFuture<Optional<Connected>> result = begin();
    try {
      return deadline.await(result).orElse(null);
    } catch (IOException e) {
      post(() -> stop(e instanceof OutOfTimeException));
      // It may have been won in the very moment in which we gave up waiting.
      var _ = result.thenAccept(late -> late.ifPresent(c -> c.transport().abort(null)));
      throw e;
    }
  }

  /** What {@link #next} waits for; it ends with the deadline only if that is awaited. */
  CompletableFuture<Optional<Connected>> begin() {
    CompletableFuture<Optional<Connected>> result = new CompletableFuture<>();
    post(
        () -> {
          if (fault != null) {
            result.completeExceptionally(fault);
          } else if (closed || wanted != null) {
            result.completeExceptionally(
                new IllegalStateException("closed, or already waited for"));
          } else {
            wanted = result;
            proceed();
          }
        });
    return result;
  }

  /** What failed so far, in the order of failing; also candidates without a usable address. */
  public List<ConnectFailure> failures() {
    return List.copyOf(failures);
  }

  /** The address look-ups so far, in the order of their answers (S2S-DNS-22). */
  public List<Lookup> lookups() {
    return List.copyOf(lookups);
  }

  /** Gives up all attempts. Connections that {@link #next} returned stay with their owners. */
  @Override
  public void close() {
    post(
        () -> {
          closed = true;
          stop(false);
        });
  }

  /** A candidate with its place in the order. */
  private record Ranked(Candidate candidate, int rank) {}

  /** What is known of the addresses of a host in one family. */
  private enum Known {
    NOT_YET,
    NONE,
    SOME
  }

  /** A host of the present group with the candidates on it, and what DNS said so far. */
  private static final class Host {
    final String name;
    final List<Ranked> candidates = new ArrayList<>();
    final Map<RecordType, Known> known = new LinkedHashMap<>();
    final List<String> troubles = new ArrayList<>();
    boolean lookupFailed;
    boolean forbidden;

    Host(String name) {
      this.name = name;
    }

    boolean answered() {
      return !known.containsValue(Known.NOT_YET);
    }
  }

  /** A connection being made. */
  private static final class Attempt {
    final Endpoint endpoint;
    final long began;
    final CompletableFuture<Transport> connecting;
    @Nullable Cancellable timeout;

    Attempt(Endpoint endpoint, long began, CompletableFuture<Transport> connecting) {
      this.endpoint = endpoint;
      this.began = began;
      this.connecting = connecting;
    }

    /** Calls off what is still arranged for it. */
    void end() {
      connecting.cancel(true);
      if (timeout != null) {
        timeout.cancel();
      }
    }
  }

  private static Deque<List<Ranked>> groups(List<Candidate> candidates) {
    Deque<List<Ranked>> groups = new ArrayDeque<>();
    for (int i = 0; i < candidates.size(); i++) {
      Candidate candidate = candidates.get(i);
      if (i == 0 || candidates.get(i - 1).priority() != candidate.priority()) {
        groups.add(new ArrayList<>());
      }
      groups.getLast().add(new Ranked(candidate, i));
    }
    return groups;
  }

  /** Handles an event now, or leaves it to the thread that is handling one. */
  private void post(Runnable event) {
    events.add(event);
    if (unhandled.getAndIncrement() > 0) {
      return;
    }
    do {
      try {
        events.remove().run();
      } catch (RuntimeException e) {
        fault = e; // of a resolver or a network from outside; must not look like silence
        finish(f -> f.completeExceptionally(e));
      }
    } while (unhandled.decrementAndGet() > 0);
  }

  /** Does whatever is due by now, and arranges to be called again when something will be. */
  private void proceed() {
    if (alarm != null) {
      alarm.cancel();
      alarm = null;
    }
    while (wanted != null) {
      boolean spent = attempts == options.maxAttempts();
      if (!spent && !untried.isEmpty()) {
        long wait = untilNextAttempt();
        if (wait > 0) {
          alarm = timers.after(Duration.ofNanos(wait), () -> post(this::proceed));
          return;
        }
        attempt(AddressOrder.of(untried, previous).getFirst());
      } else if (!running.isEmpty() || (!spent && !hosts.stream().allMatch(Host::answered))) {
        return;
      } else if (spent || groups.isEmpty()) {
        leaveOutTheRest();
        finish(f -> f.complete(Optional.empty()));
      } else {
        beginGroup(groups.remove());
      }
    }
  }

  /** Nanoseconds to wait before there may be another attempt; zero or less for none. */
  private long untilNextAttempt() {
    long now = timers.nanoTime();
    long wait = 0;
    if (latest != null) {
      // An attempt that is decided needs no head start any more.
      Duration gap = running.get(latest.endpoint) == latest ? options.stagger() : CLOSEST;
      wait = latest.began + gap.toNanos() - now;
    }
    if (previous == null && firstAddress != null && !firstChoiceKnown()) {
      wait = Math.max(wait, firstAddress + options.resolutionDelay().toNanos() - now);
    }
    return wait;
  }

  /** Whether no answer that is still out could bring an address to prefer as the first. */
  private boolean firstChoiceKnown() {
    for (Host host : hosts) {
      for (Known known : host.known.values()) {
        if (known != Known.NONE) {
          return known == Known.SOME;
        }
      }
    }
    return true;
  }

  /** Asks for the addresses of every host of a group (S2S-TCP-01). */
  private void beginGroup(List<Ranked> group) {
    firstAddress = null;
    previous = null;
    Map<String, Host> byName = new LinkedHashMap<>();
    for (Ranked ranked : group) {
      byName.computeIfAbsent(ranked.candidate().host(), Host::new).candidates.add(ranked);
    }
    hosts = List.copyOf(byName.values());
    hosts.forEach(host -> families.forEach(family -> host.known.put(family, Known.NOT_YET)));
    for (Host host : hosts) {
      if (host.name.indexOf(':') >= 0 || IPV4.matcher(host.name).matches()) {
        literal(host);
        continue;
      }
      for (RecordType family : families) {
        var _ =
            Lookup.of(resolver, host.name + ".", family)
                .thenAccept(lookup -> post(() -> answered(host, lookup)));
      }
    }
  }

  /**
   * A host that is an address already. DNS has no names of this form, so an SRV target that looks
   * like one is meant as one, though RFC 2782 does not provide for it.
   */
  private void literal(Host host) {
    host.known.replaceAll((_, _) -> Known.NONE);
    try {
      InetAddress address = InetAddress.ofLiteral(host.name);
      if (!host.known.containsKey(familyOf(address))) {
        host.troubles.add("we have no source address of its family");
      } else if (offer(host, address)) {
        host.known.put(familyOf(address), Known.SOME);
      }
    } catch (IllegalArgumentException e) {
      host.troubles.add("not an IP address");
    }
    reportIfWithoutAddress(host);
  }

  private void answered(Host host, Lookup lookup) {
    lookups.add(lookup);
    boolean usable = false;
    switch (lookup.answer()) {
      case Records records -> {
        for (InetAddress address :
            records.addresses().stream().limit(ADDRESSES_PER_FAMILY).toList()) {
          usable |= offer(host, address);
        }
      }
      case NoSuchRecord(boolean nxdomain, Duration _) ->
          host.troubles.add(lookup.type() + ": " + (nxdomain ? "no such name" : "no such record"));
      case LookupFailed(String reason) -> {
        host.lookupFailed = true;
        host.troubles.add(lookup.type() + ": " + reason);
      }
    }
    host.known.put(lookup.type(), usable ? Known.SOME : Known.NONE);
    reportIfWithoutAddress(host);
    proceed();
  }

  /** Takes an address for all candidates of a host that may use it; whether there is one. */
  private boolean offer(Host host, InetAddress address) {
    boolean usable = false;
    for (Ranked ranked : host.candidates) {
      Candidate candidate = ranked.candidate();
      InetSocketAddress at = new InetSocketAddress(address, candidate.port());
      String refusal = candidate.override() ? null : options.guard().refusal(address);
      if (refusal == null) {
        usable = true;
        untried.add(new Endpoint(candidate, ranked.rank(), at));
      } else {
        host.forbidden = true;
        failures.add(
            new ConnectFailure(candidate, at, Cause.FORBIDDEN, refusal + ", which policy forbids"));
      }
    }
    if (usable && firstAddress == null) {
      firstAddress = timers.nanoTime();
    }
    return usable;
  }

  private void reportIfWithoutAddress(Host host) {
    if (!host.answered()
        || host.known.containsValue(Known.SOME)
        || (host.forbidden && !host.lookupFailed)) {
      return;
    }
    Cause cause = host.lookupFailed ? Cause.LOOKUP_FAILED : Cause.NO_ADDRESS;
    String detail = host.name + ": " + String.join("; ", host.troubles);
    host.candidates.forEach(
        ranked -> failures.add(new ConnectFailure(ranked.candidate(), null, cause, detail)));
  }

  private void attempt(Endpoint endpoint) {
    attempts++;
    untried.remove(endpoint);
    previous = endpoint.address();
    Attempt attempt = new Attempt(endpoint, timers.nanoTime(), connect(endpoint));
    latest = attempt;
    running.put(endpoint, attempt);
    attempt.timeout =
        timers.after(
            options.attemptTimeout(),
            () -> post(() -> failed(attempt, Cause.TIMED_OUT, "no connection in time")));
    var _ =
        attempt.connecting.whenComplete(
            (transport, e) ->
                post(
                    () -> {
                      if (e == null) {
                        connected(attempt, transport);
                      } else {
                        failed(attempt, Cause.CONNECT_FAILED, text(e));
                      }
                    }));
  }

  private CompletableFuture<Transport> connect(Endpoint endpoint) {
    InetAddress source = null;
    for (InetAddress ours : options.sources()) {
      if (source == null && familyOf(ours) == familyOf(endpoint.address())) {
        source = ours;
      }
    }
    return network.connect(endpoint.socketAddress(), source);
  }

  private void connected(Attempt attempt, Transport transport) {
    if (!running.remove(attempt.endpoint, attempt)) {
      transport.abort(null); // given up, but the connection was quicker
      return;
    }
    attempt.end();
    putBackRunning();
    finish(
        f ->
            f.complete(
                Optional.of(
                    new Connected(
                        attempt.endpoint.candidate(),
                        attempt.endpoint.socketAddress(),
                        transport))));
  }

  private void failed(Attempt attempt, Cause cause, String detail) {
    if (!running.remove(attempt.endpoint, attempt)) {
      return;
    }
    attempt.end();
    fail(attempt.endpoint, cause, detail);
    proceed();
  }

  private void fail(Endpoint endpoint, Cause cause, String detail) {
    failures.add(new ConnectFailure(endpoint.candidate(), endpoint.socketAddress(), cause, detail));
  }

  /** Ends the attempts that run (S2S-TCP-07); they have not failed and may be made again. */
  private void putBackRunning() {
    List<Endpoint> rest = List.copyOf(untried);
    untried.clear();
    untried.addAll(running.keySet());
    untried.addAll(rest);
    List<Attempt> losers = List.copyOf(running.values());
    running.clear();
    losers.forEach(Attempt::end);
  }

  /** Stops waiting; attempts that ran out of the deadline are remembered as failures. */
  private void stop(boolean outOfTime) {
    if (outOfTime) {
      running
          .keySet()
          .forEach(e -> fail(e, Cause.TIMED_OUT, "still connecting when all time was used up"));
    }
    putBackRunning();
    finish(f -> f.complete(Optional.empty()));
    proceed(); // only calls off the alarm: nobody waits
  }

  /** Remembers what the bound on attempts cost. */
  private void leaveOutTheRest() {
    String detail = "only " + options.maxAttempts() + " addresses are tried";
    untried.forEach(e -> fail(e, Cause.NOT_TRIED, detail));
    untried.clear();
    for (List<Ranked> group; (group = groups.poll()) != null; ) {
      group.forEach(
          r -> failures.add(new ConnectFailure(r.candidate(), null, Cause.NOT_TRIED, detail)));
    }
  }

  private void finish(Consumer<CompletableFuture<Optional<Connected>>> how) {
    CompletableFuture<Optional<Connected>> waiting = wanted;
    wanted = null;
    if (waiting != null) {
      how.accept(waiting);
    }
  }

  private static RecordType familyOf(InetAddress address) {
    return AddressOrder.isIpv4(address) ? RecordType.A : RecordType.AAAA;
  }

  private static String text(Throwable e) {
    Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
