package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Association;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationFailure;
import im.comity.federation.FaultyWire.Speaker;
import im.comity.federation.FaultyWire.Steps;
import im.comity.federation.FaultyWire.Strike;
import im.comity.local.LocalSide;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.prooftype.PkixProoftype;
import im.comity.relay.RelaySettings;
import im.comity.routing.RoutingSettings;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stream.StreamHandle;
import im.comity.testkit.Clause;
import im.comity.testkit.FakeClock;
import im.comity.testkit.Fault;
import im.comity.testkit.Leaks;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.Cancellable;
import im.comity.transport.ListenOptions;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.StrangerLimits;
import im.comity.transport.Timers;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Every kind of fault at every step of every kind of conversation between two federations of ours,
 * in both directions, on every connection of it, and in the midst of steps too. The steps are not
 * listed here: each conversation is first held over a wire that is well, and recorded.
 *
 * <p>Whatever strikes, each stanza is accounted for, each attempt and each connection ends once,
 * nothing is left behind, no fault of ours is told, and the next stanza over a wire that is well
 * gets through. Time is moved on only when nothing happens any more.
 */
@Timeout(600)
final class FaultMatrixTest {
  /** A receiving server that hangs up first would hide whose deadline ends a stall. */
  private static final StrangerLimits PATIENT =
      new StrangerLimits(
          StrangerLimits.DEFAULTS.perAddress(),
          StrangerLimits.DEFAULTS.inAll(),
          StrangerLimits.DEFAULTS.connections(),
          StrangerLimits.DEFAULTS.fruitless(),
          StrangerLimits.DEFAULTS.handshakesAtOnce(),
          StrangerLimits.DEFAULTS.handshakesPerSecond(),
          Duration.ofHours(1),
          StrangerLimits.DEFAULTS.verifications(),
          StrangerLimits.DEFAULTS.verificationsOfSender(),
          StrangerLimits.DEFAULTS.verificationsAtOnce(),
          List.of());

  private static final String NORTH = "north.example";
  private static final String SOUTH = "south.example";
  private static final TestCa CA = TestCa.root("Test Root", () -> FakeClock.START);
  private static final TlsIdentity NORTH_ISSUED = identity(CertificateKind.GOOD, NORTH);
  private static final TlsIdentity SOUTH_ISSUED = identity(CertificateKind.GOOD, SOUTH);
  private static final TlsIdentity NORTH_UNKNOWN = identity(CertificateKind.SELF_SIGNED, NORTH);
  private static final TlsIdentity NORTH_OTHER = identity(CertificateKind.SELF_SIGNED, NORTH);
  private static final TlsIdentity SOUTH_UNKNOWN = identity(CertificateKind.SELF_SIGNED, SOUTH);

  /** Cases at once: most of the time a case waits for a thread of its own. */
  private static final int WORKERS = 4;

  /** Only the cases whose text contains this, for who looks into one. */
  private static final String ONLY = System.getProperty("comity.faults.only", "");

  /** Real time in which nothing happens, after which time must pass to get on. */
  private static final Duration QUIET = Duration.ofMillis(15);

  /** The same where time need not pass. */
  private static final Duration NEVER_QUIET = Duration.ofSeconds(3);

  /** How often it is looked whether a play is where it should come to. */
  private static final Duration LOOK = Duration.ofMillis(2);

  private final ConcurrentLinkedQueue<String> traces = new ConcurrentLinkedQueue<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getLevel().isGreaterOrEqual(Level.WARN) && event.getThrowableProxy() != null) {
            traces.add(event + ": " + event.getThrowableProxy().getMessage());
          }
        }
      };

  private static TlsIdentity identity(CertificateKind kind, String domain) {
    TestCertificate shown = CA.issue(kind, domain);
    return TlsIdentity.of(domain, shown.privateKey(), shown.chain());
  }

  @BeforeEach
  void listen() {
    appender.start();
    root().addAppender(appender);
  }

  @AfterEach
  void listenNoMore() {
    root().detachAppender(appender);
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  /** The kinds of conversation. */
  enum Conversation {
    DIRECT_TLS_EXTERNAL(true, FederationLevel.TRUSTED),
    STARTTLS_EXTERNAL(false, FederationLevel.TRUSTED),
    /** The authoritative server shows the certificate of the asking one and need not be asked. */
    DIRECT_TLS_DIALBACK(true, FederationLevel.ENCRYPTED),
    /** The authoritative server is another machine and is asked. */
    STARTTLS_DIALBACK(false, FederationLevel.ENCRYPTED),
    PLAIN_DIALBACK(false, FederationLevel.VERIFIED);

    final boolean directTls;
    final FederationLevel level;

    Conversation(boolean directTls, FederationLevel level) {
      this.directTls = directTls;
      this.level = level;
    }

    boolean inClear() {
      return level == FederationLevel.VERIFIED;
    }

    @Nullable TlsIdentity identity(TlsIdentity issued, TlsIdentity unknown) {
      return inClear() ? null : level == FederationLevel.TRUSTED ? issued : unknown;
    }

    boolean otherAuthority() {
      return this == STARTTLS_DIALBACK;
    }
  }

  @ParameterizedTest
  @EnumSource
  @Clause("S2S-TCP-15")
  void whateverStrikesAtWhateverStepIsSurvived(Conversation conversation) throws Exception {
    long began = System.nanoTime();
    Leaks leaks = Leaks.begin();
    List<Steps> recorded;
    try (Play healthy = new Play(conversation, null)) {
      healthy.run();
      recorded = healthy.recorded;
      assertThat(healthy.south.ids).containsExactly("m1", "m2", "m3", "m4", "m5");
      assertThat(healthy.north.bounced).isEmpty();
    }
    List<Strike> strikes = strikes(recorded);
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    Map<String, Integer> outcomes = new TreeMap<>();
    AtomicInteger missed = new AtomicInteger();
    try (ExecutorService workers =
        Executors.newFixedThreadPool(WORKERS, Thread.ofVirtual().name("case ", 1).factory())) {
      List<Future<?>> all = new ArrayList<>();
      for (Strike strike : strikes) {
        Callable<Void> one =
            () -> {
              one(conversation, strike, wrong, outcomes, missed);
              return null;
            };
        all.add(workers.submit(one));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    leaks.check();
    System.out.printf(
        "%s: %d cases in %d ms, steps %s, never reached %d, outcomes %s%n",
        conversation,
        strikes.size(),
        (System.nanoTime() - began) / 1_000_000,
        recorded,
        missed.get(),
        outcomes);
    assertThat(wrong).isEmpty();
    assertThat(outcomes.keySet())
        .as("the phase in which time ran out is named")
        .filteredOn(outcome -> outcome.startsWith("Stall TIMED_OUT"))
        .isNotEmpty()
        .allMatch(
            outcome -> outcome.matches("[^(]+\\((connect|starttls|tls|header|auth|dialback)\\)"));
    assertThat(traces).as("lines of the log with a stack trace").isEmpty();
    // What is written in one record here may be two there; but not often.
    assertThat(missed.get()).isLessThanOrEqualTo(strikes.size() / 20);
  }

  @Test
  @Clause("S2S-TCP-15")
  void aConnectionThatComesAboutWhenTimeIsUpIsNotKept() throws Exception {
    try (Play play = new Play(Conversation.PLAIN_DIALBACK, null)) {
      play.wire.hold(1);
      play.offer("m1");
      // The first connection shows that the peer has no TLS, so that a second one is asked for.
      play.north.awaitStep("again");
      play.clock.advance(RoutingSettings.DEFAULTS.negotiation());
      assertThat(play.settle(play::accounted, Duration.ZERO)).isTrue();
      assertThat(play.outcome()).isEqualTo("TIMED_OUT (connect)");
      play.wire.letGo();
      assertThat(play.settle(() -> play.wire.connected() == 2, Duration.ZERO)).isTrue();
      assertThat(play.settle(play::over, Duration.ZERO)).as("no connection is left").isTrue();
    }
  }

  private static void one(
      Conversation conversation,
      Strike strike,
      Collection<String> wrong,
      Map<String, Integer> outcomes,
      AtomicInteger missed) {
    try (Play play = new Play(conversation, strike)) {
      try {
        play.run();
        if (!play.struck) {
          missed.incrementAndGet();
        }
        synchronized (outcomes) {
          outcomes.merge(
              strike.fault().getClass().getSimpleName() + " " + play.outcome(), 1, Integer::sum);
        }
      } catch (AssertionError | Exception e) {
        wrong.add(conversation + " " + strike + ": " + e + "\n" + play);
      }
    } catch (IOException e) {
      wrong.add(conversation + " " + strike + ": " + e);
    }
  }

  private static List<Strike> strikes(List<Steps> recorded) {
    List<Strike> strikes = new ArrayList<>();
    for (Steps connection : recorded) {
      for (Speaker speaker : Speaker.values()) {
        for (long step = 0; step <= connection.of(speaker); step++) {
          for (Fault fault : Fault.everyKind(Fault.Point.afterWrites(step))) {
            Strike strike = new Strike(connection.connection(), speaker, fault);
            if (strike.toString().contains(ONLY)) {
              strikes.add(strike);
            }
          }
        }
      }
    }
    return strikes;
  }

  /** The time of a play. */
  private record Time(FakeClock clock) implements Timers {
    @Override
    public InstantSource time() {
      return clock;
    }

    @Override
    public long nanoTime() {
      return clock.nanoTime();
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
      return clock.after(delay, task)::cancel;
    }
  }

  /** One conversation with one fault, or none. */
  private static final class Play implements AutoCloseable {
    private final Conversation conversation;
    private final @Nullable Strike strike;
    private final FakeClock clock = new FakeClock();
    private final TestDns dns = new TestDns();
    private final List<Node> nodes = new ArrayList<>();
    private final FaultyWire wire;
    private final Duration quiet;
    final Node north;
    final Node south;
    private final List<String> offered = new ArrayList<>();
    List<Steps> recorded = List.of();
    boolean struck;

    /** Nothing that comes needs the time to pass. */
    private boolean well;

    Play(Conversation conversation, @Nullable Strike strike) throws IOException {
      this.conversation = conversation;
      this.strike = strike;
      this.quiet = strike == null || strike.fault() instanceof Fault.Trickle ? NEVER_QUIET : QUIET;
      Timers timers = new Time(clock);
      wire =
          new FaultyWire(
              NettyNetwork.open(NetworkOptions.defaults(timers).withLoops(1, false)), strike);
      north = node(NORTH, 1, conversation.identity(NORTH_ISSUED, NORTH_UNKNOWN), timers);
      south = node(SOUTH, 2, conversation.identity(SOUTH_ISSUED, SOUTH_UNKNOWN), timers);
      if (conversation.otherAuthority()) {
        node(NORTH, 3, NORTH_OTHER, timers);
      }
      dns.serve(
          Site.domain(NORTH),
          address(conversation.otherAuthority() ? 3 : 1),
          conversation.directTls);
      dns.serve(Site.domain(SOUTH), address(2), conversation.directTls);
    }

    private static InetSocketAddress address(int port) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private Node node(String domain, int port, @Nullable TlsIdentity identity, Timers timers)
        throws IOException {
      FederationConfig config =
          FederationConfig.of(
                  Site.policyOf(PolicyRule.of(conversation.level)),
                  identity == null ? List.of() : List.of(identity),
                  List.of(new PkixProoftype(List.of(CA.certificate()), List.of())),
                  dns,
                  List.of(
                      new FederationConfig.Listener(
                          ListenOptions.at(address(port)), conversation.directTls)),
                  DialbackSecret.of("secret of " + domain))
              .withGuard(AddressGuard.LOOPBACK_TOO)
              .withSettings(
                  NegotiationSettings.DEFAULTS, RelaySettings.DEFAULTS, RoutingSettings.DEFAULTS)
              .withStrangers(PATIENT);
      Node node = new Node(Site.domain(domain), wire, config, timers);
      nodes.add(node);
      return node;
    }

    void run() throws Exception {
      offer("m1", "m2", "m3");
      settle(this::accounted, Duration.ofMinutes(1));
      offer("m4");
      settle(this::accounted, Duration.ofMinutes(1));
      north.federation.streams().forEach(stream -> stream.close("enough"));
      settle(this::over, Duration.ofMinutes(1));
      struck = wire.struck();
      recorded = wire.steps();
      // What stood still goes on, so that nobody waits for what nobody would wait for in the
      // world: there the system ends a connection that is dead.
      wire.heal();
      assertThat(settle(this::over, Duration.ofMinutes(10)))
          .as("no connection and no stream is left")
          .isTrue();
      nothingLeft();
      well = true;
      north.federation.retry(south.domain);
      offer("m5");
      settle(() -> accounted("m5"), Duration.ofMinutes(1));
      assertThat(south.ids).as("the next one gets through").contains("m5");
      // A good-bye to several streams is said in steps of time, which stands still here.
      settle(this::oneEach, Duration.ZERO);
      for (Node node : nodes) {
        node.federation.close(Duration.ofSeconds(5));
      }
      assertThat(settle(this::over, Duration.ofMinutes(1))).as("all is over").isTrue();
      settle(() -> clock.pending() == 0, Duration.ZERO);
      assertThat(clock.pendingTasks()).as("timers").isEmpty();
      for (Node node : nodes) {
        assertThat(node.federation.routes()).as("routes of " + node.domain).isZero();
      }
      check();
    }

    private void offer(String... ids) {
      for (String id : ids) {
        offered.add(id);
        Offer offer = north.federation.send(Site.messageOf("a@" + NORTH, "b@" + SOUTH, id));
        assertThat(offer).isInstanceOf(Offer.Accepted.class);
      }
    }

    private boolean accounted() {
      return offered.stream().allMatch(this::accounted);
    }

    private boolean accounted(String id) {
      return south.ids.contains(id) || north.bounced.contains(id);
    }

    private boolean oneEach() {
      return nodes.stream().allMatch(node -> node.federation.streams().size() <= 1);
    }

    private boolean over() {
      return wire.openConnections() == 0
          && nodes.stream().allMatch(node -> node.federation.streams().isEmpty());
    }

    /** Lets things happen, and time pass when nothing does; false if that does not lead there. */
    private boolean settle(BooleanSupplier there, Duration most) throws InterruptedException {
      Duration until = clock.elapsed().plus(most);
      while (!there.getAsBoolean()) {
        // Before the fault has struck nothing needs the time to pass, however busy the machine is.
        Duration patience = well || !wire.struck() ? NEVER_QUIET : quiet;
        if (isQuiet(there, patience)
            && (clock.elapsed().compareTo(until) >= 0 || !clock.advanceToNext())) {
          return there.getAsBoolean();
        }
      }
      return true;
    }

    /** Whether nothing happens for so long in real time. Not all that happens is told to us. */
    private boolean isQuiet(BooleanSupplier there, Duration patience) throws InterruptedException {
      long until = System.nanoTime() + patience.toNanos();
      do {
        if (wire.awaitMove(LOOK) || there.getAsBoolean()) {
          return false;
        }
      } while (until - System.nanoTime() > 0);
      return true;
    }

    /** Between two conversations nothing is there but the sweep of each federation. */
    private void nothingLeft() throws InterruptedException {
      // A connection is gone before the loop has let go of the last that it was to write.
      settle(
          () -> clock.pending() <= nodes.size() && wire.outstandingBuffers() == 0, Duration.ZERO);
      assertThat(clock.pendingTasks())
          .as("timers")
          .hasSize(nodes.size())
          .allMatch(task -> task.scheduledBy().toString().contains("Federation.sweep"));
      assertThat(wire.outstandingBuffers()).as("buffers").isZero();
    }

    private void check() {
      List<String> once =
          conversation.inClear() ? south.ids.stream().distinct().toList() : south.ids;
      assertThat(once).as("delivered in order, none twice").doesNotHaveDuplicates();
      List<String> inOrder = new ArrayList<>(offered);
      inOrder.retainAll(once);
      assertThat(once).isEqualTo(inOrder);
      if (!(strike != null && strike.fault() instanceof Fault.Duplicate)) {
        assertThat(south.ids).as("none twice").doesNotHaveDuplicates();
      }
      assertThat(north.bounced).as("returned at most once").doesNotHaveDuplicates();
      assertThat(north.bounced).as("never both").doesNotContainAnyElementsOf(south.ids);
      List<FederationEvent.WayOpened> opened = north.events(FederationEvent.WayOpened.class);
      Set<StreamHandle> ours = new HashSet<>();
      opened.forEach(way -> ours.add(way.stream().handle()));
      long written =
          north.events(FederationEvent.StreamClosed.class).stream()
              .filter(closed -> ours.contains(closed.handle()))
              .mapToLong(FederationEvent.StreamClosed::written)
              .sum();
      assertThat(written + north.bounced.size())
          .as("written or returned")
          .isEqualTo(offered.size());
      assertThat(north.bounced).hasSameSizeAs(north.events(FederationEvent.Bounced.class));
      for (Node node : nodes) {
        node.check(conversation.inClear());
      }
      if (strike == null || strike.fault() instanceof Fault.Trickle) {
        assertThat(south.ids).as("slow is not wrong").isEqualTo(offered);
      }
      if (strike != null
          && strike.connection() == 0
          && strike.fault() instanceof Fault.Stall
          && opened.size() == 1) {
        assertThat(north.codes()).as("silence is told as such").isSubsetOf("TIMED_OUT");
      }
    }

    /** What the pair's first attempt came to. */
    String outcome() {
      List<FederationEvent.AttemptFailed> failed =
          north.events(FederationEvent.AttemptFailed.class);
      if (failed.isEmpty()) {
        return "opened";
      }
      NegotiationFailure failure = failed.getFirst().failure();
      return failure instanceof NegotiationFailure.OutOfTime(String step)
          ? failure.code() + " (" + step + ")"
          : failure.code();
    }

    @Override
    public void close() {
      nodes.forEach(node -> node.federation.close(Duration.ofMillis(1)));
      wire.close();
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      text.append("offered ").append(offered).append(", delivered ").append(south.ids);
      text.append(", returned ").append(north.bounced).append('\n');
      text.append("at ").append(clock.elapsed()).append(' ').append(clock.pendingTasks());
      text.append(", connections ").append(wire.openConnections()).append('\n');
      for (Node node : nodes) {
        text.append(node.domain).append(":\n");
        node.events.forEach(event -> text.append("  ").append(event).append('\n'));
      }
      return text.toString();
    }
  }

  /** A federation with a local side that remembers. */
  private static final class Node implements LocalSide {
    private final FaultyWire wire;
    final Domain domain;
    final Federation federation;
    final List<String> ids = new CopyOnWriteArrayList<>();
    final List<String> bounced = new CopyOnWriteArrayList<>();
    final List<FederationEvent> events = new CopyOnWriteArrayList<>();

    Node(Domain domain, FaultyWire wire, FederationConfig config, Timers timers)
        throws IOException {
      this.domain = domain;
      this.wire = wire;
      this.federation = Federation.start(config, wire, timers, this, this::on);
    }

    private void on(FederationEvent event) {
      events.add(event);
      wire.moved();
    }

    @Override
    public Standing standing(Domain other) {
      return domain.equals(other) ? Standing.SERVED : Standing.FOREIGN;
    }

    @Override
    public Collection<Domain> domains() {
      return List.of(domain);
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      ids.add(String.valueOf(stanza.id()));
      wire.moved();
      return Offer.ACCEPTED;
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      assertThat(stanza.octets().toUtf8()).contains("type='error'");
      bounced.add(String.valueOf(stanza.id()));
      wire.moved();
      return Offer.ACCEPTED;
    }

    <T extends FederationEvent> List<T> events(Class<T> type) {
      return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    void awaitStep(String name) {
      org.awaitility.Awaitility.await()
          .until(
              () ->
                  events(FederationEvent.Step.class).stream()
                      .anyMatch(step -> step.step().equals(name)));
    }

    List<String> codes() {
      return events(FederationEvent.AttemptFailed.class).stream()
          .map(failed -> failed.failure().code())
          .toList();
    }

    /** Each attempt, each stream and each connection ended once, and none by a fault of ours. */
    void check(boolean inClear) {
      assertThat(events(FederationEvent.Fault.class)).as("faults of " + domain).isEmpty();
      assertThat(codes()).allMatch(code -> code.matches("[A-Z_]+") && !code.startsWith("OUR_"));
      List<DomainPair> began =
          events(FederationEvent.AttemptStarted.class).stream()
              .map(FederationEvent.AttemptStarted::pair)
              .toList();
      List<DomainPair> ended = new ArrayList<>();
      events(FederationEvent.WayOpened.class).forEach(way -> ended.add(way.pair()));
      events(FederationEvent.AttemptFailed.class).forEach(failed -> ended.add(failed.pair()));
      assertThat(ended).as("attempts of " + domain).containsExactlyInAnyOrderElementsOf(began);
      events(FederationEvent.AttemptFailed.class)
          .forEach(
              failed ->
                  assertThat(failed.took())
                      .isLessThanOrEqualTo(RoutingSettings.DEFAULTS.negotiation()));
      List<StreamHandle> closed =
          events(FederationEvent.StreamClosed.class).stream()
              .map(FederationEvent.StreamClosed::handle)
              .toList();
      assertThat(closed).as("streams of " + domain + " end once").doesNotHaveDuplicates();
      Set<StreamHandle> inbound = new HashSet<>(closed);
      List<StreamHandle> opened =
          events(FederationEvent.WayOpened.class).stream()
              .map(way -> way.stream().handle())
              .toList();
      assertThat(closed).containsAll(opened);
      inbound.removeAll(opened);
      events(FederationEvent.SenderRefused.class).forEach(one -> inbound.add(one.stream()));
      int accepted = events(FederationEvent.Accepted.class).size();
      if (inClear) {
        // A connection on which TLS was asked for in vain ends without an event.
        assertThat(inbound).hasSizeLessThanOrEqualTo(accepted);
      } else {
        assertThat(inbound).as("connections that " + domain + " accepted").hasSize(accepted);
      }
      assertThat(federation.streams()).isEmpty();
    }
  }
}
