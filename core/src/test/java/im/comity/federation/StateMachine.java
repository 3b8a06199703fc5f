package im.comity.federation;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Association;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.event.FederationEvent;
import im.comity.local.LocalSide;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyRule;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.Finding;
import im.comity.prooftype.Prooftype;
import im.comity.prooftype.Question;
import im.comity.prooftype.Reason;
import im.comity.relay.EstablishedStream;
import im.comity.relay.RelaySettings;
import im.comity.routing.RoutingSettings;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import im.comity.stream.StreamFacts;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.FakeTimers;
import im.comity.transport.Gate;
import im.comity.transport.ListenOptions;
import im.comity.transport.Listening;
import im.comity.transport.Network;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsIdentity;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.management.VirtualThreadSchedulerMXBean;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A whole federation, peers that say anything at any time, and a model of its own of who may send
 * what: streams.md 26.1. Bytes choose the actions, so that a random generator and a fuzzer drive it
 * alike; time stands still unless an action moves it, and nothing is done before the last action
 * has had all its effects.
 *
 * <p>The model knows only what the peers really did: which certificate they showed, which requests
 * they made, which keys they confirmed where they were asked. It does not ask the federation.
 */
final class StateMachine {
  /** What a sequence broke. */
  static final class Broken extends AssertionError {
    private static final long serialVersionUID = 1L;

    Broken(String what, StringBuilder story) {
      super(what + "\n" + story);
    }
  }

  private static final int MOST_LINKS = 24;
  private static final int MOST_ACTIONS = 120;

  /** Answers that may wait for a stranger who does not read them, in bytes. */
  private static final int STRANGERS_ANSWERS = 16 << 10;

  private static final int OUTLET_BYTES = 4_096;
  private static final int PAIR_STANZAS = 4;
  private static final int PAIRS = 6;
  private static final NegotiationSettings NEGOTIATION = NegotiationSettings.DEFAULTS;

  private static final List<String> OURS = List.of("here.example", "also.example");
  private static final String GONE = "gone.example";
  private static final String TRUSTED = "vault.example";
  private static final String PERMISSIVE = "open.example";
  private static final String STRICT = "strict.example";
  private static final List<String> PEERS =
      List.of("north.example", "south.example", TRUSTED, PERMISSIVE, STRICT);
  private static final List<String> ALL =
      List.of(
          "north.example",
          "here.example",
          "south.example",
          "also.example",
          TRUSTED,
          PERMISSIVE,
          STRICT,
          GONE,
          "nowhere.example");

  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final Map<String, X509Certificate> CERTIFICATES = new HashMap<>();
  private static final Map<X509Certificate, String> NAMES = new HashMap<>();
  private static final List<TlsIdentity> IDENTITIES = new ArrayList<>();
  private static final PolicyTable POLICY = policy();
  private static final VirtualThreadSchedulerMXBean SCHEDULER =
      ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final Queue<String> TRACES = new ConcurrentLinkedQueue<>();

  static {
    for (String name : OURS) {
      TestCertificate made = CA.issue(name);
      IDENTITIES.add(TlsIdentity.of(name, made.privateKey(), made.chain()));
    }
    for (String name : PEERS) {
      X509Certificate made = CA.issue(name).chain().getFirst();
      CERTIFICATES.put(name, made);
      NAMES.put(made, name);
    }
    AppenderBase<ILoggingEvent> collector =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (event.getThrowableProxy() != null) {
              TRACES.add(event + ": " + event.getThrowableProxy().getMessage());
            }
          }
        };
    collector.start();
    if (LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME) instanceof Logger root) {
      root.addAppender(collector);
    }
  }

  private static PolicyTable policy() {
    PolicyRule normal = PolicyRule.of(FederationLevel.ENCRYPTED);
    PolicyTable.Builder table = PolicyTable.builder();
    try {
      for (Direction direction : Direction.values()) {
        table
            .byDefault(direction, normal)
            .remote(direction, TRUSTED, PolicyRule.of(FederationLevel.TRUSTED))
            .remote(
                direction,
                PERMISSIVE,
                new PolicyRule(FederationLevel.PERMISSIVE, List.of(), true, false, false, ""))
            .remote(direction, STRICT, normal.withStrictPairs());
      }
      return table.build();
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Proves what the certificates of this class name. */
  private static final class ByName implements Prooftype {
    @Override
    public String name() {
      return "memory";
    }

    @Override
    public boolean needsSecureDns() {
      return false;
    }

    @Override
    public Finding judge(Question question) {
      return question.domain().toString().equals(NAMES.get(question.certificate().leaf()))
          ? new Finding.Proves(List.of("it is named"), Instant.parse("2030-01-01T00:00:00Z"))
          : new Finding.ProvesNothing(
              List.of(new Reason("memory", Reason.Code.NAME_MISMATCH, "another name")));
    }
  }

  // ---- the model -------------------------------------------------------------------------------

  private record Asked(String from, String to, String id, String key) {}

  /** One connection, as the peer at its far end knows it. */
  private final class Link {
    final int number;
    final MemoryTransport transport;
    final boolean inbound;
    final long began = timers.nanoTime();
    final String peer;
    boolean tls;
    boolean direct;
    @Nullable X509Certificate shown;
    boolean reliable;

    /** In clear, something was said behind the request for TLS. */
    boolean smuggled;

    boolean askedTls;
    boolean headerSaid;
    boolean answerDue;
    String saidFrom = "";
    String saidTo = "";
    String saidId = "";
    String heardFrom = "";
    String heardTo = "";
    String heardId = "";
    boolean proceed;
    boolean authenticated;
    boolean successHeard;
    boolean successSaid;
    boolean authDue;
    final Set<String> identities = new HashSet<>();
    final List<Asked> requests = new ArrayList<>();
    final List<Asked> verifications = new ArrayList<>();
    final List<Asked> results = new ArrayList<>();
    final Set<String> requestedKeys = new HashSet<>();
    final Map<String, Integer> owedResults = new HashMap<>();
    final Map<String, Integer> owedVerifies = new HashMap<>();
    final Map<String, Boolean> first = new HashMap<>();
    final Set<String> early = new HashSet<>();
    boolean verifyAnswered;

    /** Not well formed, so that no error can be understood. */
    boolean muddled;

    boolean errorSaid;
    boolean errorHeard;
    boolean endHeard;
    boolean slow;

    Link(MemoryTransport transport, boolean inbound, String peer) {
      this.number = links.size();
      this.transport = transport;
      this.inbound = inbound;
      this.peer = peer;
    }

    boolean open() {
      return !transport.isOver();
    }

    boolean shows(String domain) {
      return tls && shown != null && domain.equals(NAMES.get(shown));
    }

    /** Whether what its peer did makes it the sender of the pair: a proof, or a confirmed key. */
    boolean proven(String from, String to) {
      boolean asked = requests.stream().anyMatch(one -> one.from.equals(from) && one.to.equals(to));
      boolean headers = saidFrom.equals(from) && saidTo.equals(to);
      if (from.equals(PERMISSIVE) && (asked || headers)) {
        return true;
      }
      if (!tls) {
        return false;
      }
      if (reliable && shows(from) && (asked || (headers && authenticated && successHeard))) {
        return true;
      }
      return !from.equals(TRUSTED)
          && requests.stream()
              .anyMatch(one -> one.from.equals(from) && one.to.equals(to) && confirmed(one));
    }

    /** Whether anything makes it the sender, under the rule of the pair. */
    boolean mayBring(String from, String to) {
      if (!OURS.contains(to)) {
        return false;
      }
      return from.equals(STRICT)
          ? proven(from, to)
          : OURS.stream().anyMatch(one -> proven(from, one));
    }

    /** Whether the peer took us for the sender of the pair, in a way that the rule admits. */
    boolean took(String from, String to) {
      if (!heardFrom.equals(from) || !heardTo.equals(to)) {
        return false;
      }
      if (to.equals(PERMISSIVE)) {
        return true;
      }
      boolean us =
          (successSaid && identities.contains(from))
              || results.stream()
                  .anyMatch(
                      one ->
                          one.from.equals(from)
                              && one.to.equals(to)
                              && yes("r " + from + " " + to));
      return tls && us && (!to.equals(TRUSTED) || shows(to));
    }

    boolean yes(String question) {
      return early.contains(question) || Boolean.TRUE.equals(first.get(question));
    }

    @Override
    public String toString() {
      return "#" + number + (inbound ? " in " : " out ") + peer;
    }
  }

  /** Whether a server of the sender said, where it was asked, that the key is good. */
  private boolean confirmed(Asked request) {
    for (Link link : links) {
      if (!link.inbound
          && link.heardTo.equals(request.from)
          && link.verifications.contains(request)
          && link.yes("v " + request.from + " " + request.to + " " + request.id)) {
        return true;
      }
    }
    return false;
  }

  /** A stanza, and what became of it. */
  private static final class Letter {
    final @Nullable Link by;
    final String from;
    final String to;
    final boolean answerable;
    int delivered;
    int returned;

    Letter(@Nullable Link by, String from, String to, boolean answerable) {
      this.by = by;
      this.from = from;
      this.to = to;
      this.answerable = answerable;
    }
  }

  private record Arrived(@Nullable Association along, Stanza stanza) {}

  // ---- the machinery ---------------------------------------------------------------------------

  private final Queue<Runnable> loop = new ConcurrentLinkedQueue<>();
  private final FakeTimers timers = new FakeTimers();
  private final List<Link> links = new CopyOnWriteArrayList<>();
  private final Map<String, Letter> letters = new HashMap<>();
  private final Set<Asked> issued = new HashSet<>();
  private final Queue<Arrived> arrived = new ConcurrentLinkedQueue<>();
  private final Queue<FederationEvent> events = new ConcurrentLinkedQueue<>();
  private final Map<Long, Link> byHandle = new HashMap<>();
  private final Map<DomainPair, Integer> bounced = new HashMap<>();
  private final StringBuilder story = new StringBuilder();
  private final AtomicInteger silent = new AtomicInteger();
  private final Federation federation;
  private final byte[] choices;
  private int at;
  private @Nullable Link current;
  private int numbers;
  private boolean inPieces;
  private volatile Offer answer = Offer.ACCEPTED;
  private volatile int connecting;

  private StateMachine(byte[] choices) throws IOException {
    this.choices = choices;
    TestDns dns = new TestDns();
    for (int i = 0; i < PEERS.size(); i++) {
      Domain domain = Site.domain(PEERS.get(i));
      dns.serve(domain, address(1_000 + i), false);
      if (i % 2 == 1) {
        dns.serve(domain, address(2_000 + i), true, 2);
      }
    }
    RelaySettings relay = RelaySettings.DEFAULTS;
    FederationConfig config =
        FederationConfig.of(
                POLICY,
                IDENTITIES,
                List.of(new ByName()),
                dns,
                List.of(),
                DialbackSecret.of("secret of the state machine"))
            .withGuard(AddressGuard.LOOPBACK_TOO)
            .withSettings(
                NEGOTIATION,
                new RelaySettings(
                    OUTLET_BYTES,
                    relay.limits(),
                    relay.associations(),
                    relay.keepalive(),
                    relay.idle(),
                    relay.unproven(),
                    relay.farewell(),
                    relay.stuck()),
                new RoutingSettings(PAIR_STANZAS, 8_192, PAIRS, 4, Duration.ofSeconds(45)));
    federation = Federation.start(config, new Memory(), timers, new Side(), this::heard);
  }

  private void heard(FederationEvent event) {
    events.add(event);
  }

  private static InetSocketAddress address(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private final class Memory implements Network {
    @Override
    public CompletableFuture<Transport> connect(
        InetSocketAddress to, @Nullable InetAddress source) {
      if (connecting == 1 || links.size() >= MOST_LINKS) {
        return CompletableFuture.failedFuture(new ConnectException("refused"));
      }
      if (connecting == 2) {
        silent.incrementAndGet();
        return new CompletableFuture<>();
      }
      synchronized (links) {
        Link link =
            new Link(new MemoryTransport(loop::add, to), false, PEERS.get(to.getPort() % 1_000));
        link.direct = to.getPort() >= 2_000;
        links.add(link);
        return CompletableFuture.completedFuture(link.transport);
      }
    }

    @Override
    public Listening listen(ListenOptions options, Gate gate, Consumer<Transport> accepted) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int openConnections() {
      return 0;
    }

    @Override
    public int outstandingBuffers() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private final class Side implements LocalSide {
    @Override
    public Standing standing(Domain domain) {
      String name = domain.toString();
      return OURS.contains(name)
          ? Standing.SERVED
          : name.equals(GONE) ? Standing.GONE : Standing.FOREIGN;
    }

    @Override
    public Collection<Domain> domains() {
      return OURS.stream().map(Site::domain).toList();
    }

    @Override
    public Offer deliver(Association along, Stanza stanza) {
      Offer taken = answer;
      if (taken instanceof Offer.Accepted) {
        arrived.add(new Arrived(along, stanza.keep()));
      }
      return taken;
    }

    @Override
    public Offer deliverLocally(Stanza stanza) {
      arrived.add(new Arrived(null, stanza.keep()));
      return Offer.ACCEPTED;
    }
  }

  /** Plays one sequence to its end. */
  static void play(byte[] choices) {
    TRACES.clear();
    try {
      StateMachine machine = new StateMachine(choices);
      machine.run();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void run() {
    for (int i = 0; i < MOST_ACTIONS && at < choices.length; i++) {
      act();
      settle();
    }
    finish();
  }

  private int choose(int below) {
    return at < choices.length ? (choices[at++] & 0xff) % below : 0;
  }

  private <T> T pick(List<T> of) {
    return of.get(choose(of.size()));
  }

  private void require(boolean holds, String what) {
    if (!holds) {
      throw new Broken(what, story);
    }
  }

  private void tell(Object what) {
    story.append("  ").append(what).append('\n');
  }

  // ---- rest ------------------------------------------------------------------------------------

  /** Lets everything happen that the last action brought, and holds it against the model. */
  private void settle() {
    rest();
    // Headers and questions first: the others are held against them.
    links.forEach(this::listen);
    for (FederationEvent event; (event = events.poll()) != null; ) {
      check(event);
    }
    for (Arrived one; (one = arrived.poll()) != null; ) {
      check(one);
    }
    require(federation.routes() <= PAIRS, "routes without bound: " + federation.routes());
    for (EstablishedStream stream : federation.streams()) {
      require(
          stream.outlet().queuedBytes() <= 3 * OUTLET_BYTES + STRANGERS_ANSWERS + 8_192,
          "an outlet without bound: " + stream.outlet().queuedBytes());
    }
    bounced.forEach(
        (pair, times) -> {
          long may =
              letters.values().stream()
                  .filter(one -> one.answerable && one.delivered == 0)
                  .filter(one -> one.from.equals(pair.sender().toString()))
                  .filter(one -> one.to.equals(pair.target().toString()))
                  .count();
          require(times <= may, "more answers than there was to answer: " + pair);
        });
    Map<String, Integer> waiting = new HashMap<>();
    letters.forEach(
        (id, letter) -> {
          if (letter.by == null
              && letter.answerable
              && letter.delivered + letter.returned == 0
              && links.stream().noneMatch(one -> one.took(letter.from, letter.to))) {
            String pair = letter.from + " to " + letter.to;
            require(
                waiting.merge(pair, 1, Integer::sum) <= PAIR_STANZAS,
                "a queue without bound: " + pair);
          }
        });
    require(TRACES.isEmpty(), "a stack trace in the log: " + TRACES);
  }

  private void rest() {
    // Of its own time on a core: the whole process may be held for longer than that.
    long until = THREADS.getCurrentThreadCpuTime() + Duration.ofSeconds(30).toNanos();
    int quiet = 0;
    while (quiet < 3) {
      Runnable task = loop.poll();
      if (task != null) {
        task.run();
        quiet = 0;
      } else if (SCHEDULER.getQueuedVirtualThreadCount() == 0
          && SCHEDULER.getMountedVirtualThreadCount() == 0
          && links.stream().allMatch(one -> one.transport.atRest())) {
        quiet++;
      } else {
        quiet = 0;
        Thread.onSpinWait();
      }
      require(THREADS.getCurrentThreadCpuTime() < until, "it does not come to rest");
    }
  }

  private void await(BooleanSupplier condition, String what) {
    long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      require(System.nanoTime() < until, what);
      rest();
    }
  }

  private void check(FederationEvent event) {
    switch (event) {
      case FederationEvent.Fault fault -> {
        java.io.StringWriter trace = new java.io.StringWriter();
        fault.cause().printStackTrace(new java.io.PrintWriter(trace));
        require(false, "a fault in " + fault.where() + ": " + trace);
      }
      case FederationEvent.SenderAdmitted(var pair, var association, var facts) -> {
        Link link = of(facts);
        byHandle.put(association.stream(), link);
        require(
            link.proven(pair.sender().toString(), pair.target().toString()),
            pair + " was admitted without proof on " + link);
      }
      case FederationEvent.WayOpened(var pair, var association, var facts, _) -> {
        require(facts.initiated() && association.pair().equals(pair), "a way of another pair");
        require(
            links.stream()
                .anyMatch(
                    one ->
                        !one.inbound
                            && one.took(pair.sender().toString(), pair.target().toString())),
            "a way for " + pair + " that nobody granted");
      }
      case FederationEvent.Bounced(var pair, _, _) -> bounced.merge(pair, 1, Integer::sum);
      default -> {}
    }
  }

  private Link of(StreamFacts facts) {
    String id = facts.id() == null ? "" : facts.id().value();
    for (Link link : links) {
      if (link.inbound && link.heardId.equals(id)) {
        return link;
      }
    }
    throw new Broken("nobody was told the id " + id, story);
  }

  private void check(Arrived one) {
    Stanza stanza = one.stanza();
    DomainPair pair = stanza.pair();
    String id = String.valueOf(stanza.envelope().id());
    Letter letter = letters.get(id);
    require(letter != null, "a stanza that nobody sent: " + stanza.envelope());
    if (one.along() == null) {
      require("error".equals(stanza.envelope().type()), "no answer: " + stanza.envelope());
      require(letter.by == null && letter.answerable, "an error was answered: " + id);
      require(
          letter.from.equals(pair.target().toString())
              && letter.to.equals(pair.sender().toString()),
          "an answer that goes astray: " + id);
      letter.returned++;
    } else {
      Link by = letter.by;
      require(by != null, "a stanza of ours came in: " + id);
      require(
          letter.from.equals(pair.sender().toString())
              && letter.to.equals(pair.target().toString()),
          "addresses changed: " + id);
      require(one.along().pair().equals(pair), "along another pair: " + id);
      Link along = byHandle.get(one.along().stream());
      require(along == by, "along another stream: " + id);
      require(by.mayBring(letter.from, letter.to), "delivered without permission: " + pair);
      letter.delivered++;
    }
    once(id, letter);
  }

  private void once(String id, Letter letter) {
    require(letter.delivered + letter.returned <= 1, "twice, or sent and returned: " + id);
  }

  // ---- what the federation says ----------------------------------------------------------------

  private static final Pattern SAID =
      Pattern.compile(
          "\\s+|<\\?xml[^>]*>|(?<end></stream:stream>)"
              + "|<(?<name>[a-z:]+)(?<attributes>(?:\\s+[\\w:]+=(?:'[^']*'|\"[^\"]*\"))*)\\s*"
              + "(?:/>|>(?<content>(?<=<stream:stream[^>]{0,600}>)|.*?</\\k<name>>))",
          Pattern.DOTALL);

  private static final Pattern ATTRIBUTE =
      Pattern.compile("\\s([\\w:]+)=(?:'([^']*)'|\"([^\"]*)\")");

  private static Map<String, String> attributes(@Nullable String text) {
    Map<String, String> found = new HashMap<>();
    Matcher matcher = ATTRIBUTE.matcher(text == null ? "" : text);
    while (matcher.find()) {
      found.put(matcher.group(1), matcher.group(2) != null ? matcher.group(2) : matcher.group(3));
    }
    return found;
  }

  private void listen(Link link) {
    String text = link.transport.hear();
    if (text.isEmpty()) {
      return;
    }
    tell(link + " heard " + (text.length() > 1_000 ? text.substring(0, 300) + "..." : text));
    Matcher said = SAID.matcher(text);
    int from = 0;
    while (from < text.length()) {
      require(said.find(from) && said.start() == from, "unreadable: " + text.substring(from));
      from = said.end();
      if (said.group("end") != null) {
        require(!link.endHeard, "two ends of " + link);
        link.endHeard = true;
      } else if (said.group("name") != null) {
        String content = said.group("content");
        String name = said.group("name");
        String inner =
            content == null || content.length() < name.length() + 3
                ? ""
                : content.substring(0, content.length() - name.length() - 3);
        require(!link.endHeard, name + " after the end of " + link);
        require(!link.errorHeard, name + " after a stream error on " + link);
        heard(link, name, attributes(said.group("attributes")), inner);
      }
    }
  }

  private void heard(Link link, String name, Map<String, String> with, String content) {
    String from = with.getOrDefault("from", "");
    String to = with.getOrDefault("to", "");
    switch (name) {
      case "stream:stream" -> {
        link.heardFrom = from;
        link.heardTo = to;
        link.heardId = with.getOrDefault("id", "");
        if (!link.inbound) {
          link.answerDue = true;
          link.headerSaid = false;
        }
      }
      case "stream:error" -> {
        require(!link.errorSaid, "an error was answered with an error on " + link);
        link.errorHeard = true;
      }
      case "stream:features" ->
          require(
              content.isEmpty() || !link.inbound || !OURS.contains(link.saidFrom),
              "something is offered to one who claims our domain: " + link);
      case "starttls" -> link.askedTls = true;
      case "proceed" -> {
        require(
            link.inbound && link.askedTls && !link.tls && !link.proceed,
            "proceed unasked, or twice, on " + link);
        link.proceed = true;
      }
      case "auth" -> {
        require(link.tls, "EXTERNAL in clear on " + link);
        link.authDue = true;
        link.identities.add(
            new String(Base64.getDecoder().decode(content), StandardCharsets.UTF_8));
      }
      case "success" -> {
        require(
            link.tls
                && link.reliable
                && link.shows(link.saidFrom)
                && link.authenticated
                && OURS.contains(link.saidTo),
            "success without proof on " + link);
        link.successHeard = true;
        link.headerSaid = false;
      }
      case "db:result" -> {
        if (with.containsKey("type")) {
          owed(link, link.owedResults, to + " " + from, "result");
          require(
              !with.get("type").equals("valid") || link.proven(to, from),
              "valid without proof on " + link);
        } else {
          require(link.tls || to.equals(PERMISSIVE), "a dialback key in clear, against the rule");
          Asked asked = new Asked(from, to, link.saidId, content);
          link.results.add(asked);
          issued.add(asked);
        }
      }
      case "db:verify" -> {
        String id = with.getOrDefault("id", "");
        if (with.containsKey("type")) {
          owed(link, link.owedVerifies, from + " " + to + " " + id, "verify");
          link.verifyAnswered = true;
          require(
              !with.get("type").equals("valid")
                  || issued.stream()
                      .anyMatch(
                          one ->
                              one.from.equals(from)
                                  && one.to.equals(to)
                                  && one.id.equals(id)
                                  && link.requestedKeys.contains(one.key)),
              "a key that was never given is valid");
        } else {
          link.verifications.add(new Asked(to, from, id, content));
        }
      }
      case "message", "iq", "presence" -> stanza(link, with);
      default -> {}
    }
  }

  private void owed(Link link, Map<String, Integer> owed, String what, String kind) {
    int left = owed.getOrDefault(what, 0);
    require(left > 0, kind + " answered unasked, or twice: " + what + " on " + link);
    owed.put(what, left - 1);
  }

  private void stanza(Link link, Map<String, String> with) {
    String from = with.getOrDefault("from", "");
    String to = with.getOrDefault("to", "");
    String id = with.getOrDefault("id", "");
    require(link.took(from, to), "sent without permission: " + with + " on " + link);
    Letter letter = letters.get(id);
    require(letter != null, "sent what nobody sent: " + with);
    if (letter.by == null) {
      require(letter.from.equals(from) && letter.to.equals(to), "goes astray: " + with);
      letter.delivered++;
    } else {
      require("error".equals(with.get("type")) && letter.answerable, "an error answered: " + with);
      require(letter.from.equals(to) && letter.to.equals(from), "goes astray: " + with);
      letter.returned++;
    }
    once(id, letter);
  }

  // ---- what peers and the local side do --------------------------------------------------------

  private void act() {
    int what = choose(64);
    // Most is done where something was done last, or else nothing would get far.
    int where = choose(4);
    Link link = links.isEmpty() ? null : links.get(links.size() - 1);
    if (where == 0 && link != null) {
      link = links.get(choose(links.size()));
    } else if (where < 3 && current != null && current.open()) {
      link = current;
    }
    if (link == null || what == 0 || what == 1) {
      if ((link == null && what % 2 == 0) || what == 1) {
        fromHere();
        current = null;
      } else {
        arrive();
      }
      return;
    }
    current = link;
    switch (what) {
      case 2 -> fromHere();
      case 3 -> header(link);
      case 4 -> say(link, "<starttls xmlns='" + Namespaces.TLS + "'/>" + pick(AFTER_STARTTLS));
      case 5 -> auth(link, pick(List.of("=", "", "!!", encode(pick(ALL)), encode(link.saidFrom))));
      case 6 -> sasl(link, pick(List.of("abort", "response", "challenge", "failure", "success")));
      case 7, 8 -> result(link, pick(ALL), pick(ALL), pick(List.of("key", "other", "")));
      case 9 -> verify(link);
      case 10 -> answerResult(link, pick(TYPES), pick(ALL), pick(ALL));
      case 11 -> answerVerify(link, pick(TYPES), null);
      case 12, 13, 14 -> fromPeer(link, pick(ALL), pick(ALL));
      case 15 -> {
        link.errorSaid |= link.headerSaid && !link.muddled;
        say(
            link,
            "<stream:error><"
                + pick(List.of("host-unknown", "policy-violation", "reset", "not-authorized"))
                + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
      }
      case 16 -> say(link, "</stream:stream>");
      case 17 -> {
        tell(link + " ends");
        link.transport.end();
      }
      case 18 -> {
        tell(link + " is cut");
        link.transport.abort(new IOException("cut"));
      }
      case 19 -> pass(Duration.ofSeconds(pick(List.of(1, 4, 16, 46, 130, 301, 700, 4_000))));
      case 20 -> {
        link.muddled = true;
        say(link, pick(GARBAGE));
      }
      case 21 -> inPieces = !inPieces;
      case 22 -> {
        link.slow = !link.slow;
        tell(link + (link.slow ? " does not read" : " reads"));
        link.transport.writable(!link.slow);
      }
      case 23 -> {
        Asked one = new Asked(pick(OURS), pick(PEERS), "i0", "key");
        link.requestedKeys.add(one.key);
        for (int i = 0; i < (link.slow ? 40 : 1); i++) {
          link.owedVerifies.merge(one.from + " " + one.to + " " + one.id, 100, Integer::sum);
          say(link, verify(one).repeat(100));
          rest();
        }
      }
      case 24 -> handshake(link, pick(PEERS), choose(4));
      case 25 ->
          say(link, pick(List.of("<proceed xmlns='", "<failure xmlns='")) + Namespaces.TLS + "'/>");
      case 26 -> connecting = choose(3);
      case 27 -> answer = pick(List.of(Offer.ACCEPTED, Offer.FULL, Offer.CLOSED));
      case 28 -> {
        for (int i = 0; i < 8; i++) {
          fromHere();
        }
      }
      default -> next(link);
    }
  }

  private static final List<String> TYPES = List.of("valid", "invalid", "error", "strange");

  private static final List<String> AFTER_STARTTLS =
      List.of(
          "",
          "",
          "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
              + " from='north.example' to='here.example' version='1.0'>",
          "<db:result xmlns:db='jabber:server:dialback' from='north.example' to='here.example'>"
              + "key</db:result>");

  private static final List<String> GARBAGE =
      List.of(
          " ",
          "<bidi xmlns='urn:xmpp:bidi'/>",
          "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
          "<r xmlns='urn:xmpp:sm:3'/>",
          "<stream:features/>",
          "<a:b/>",
          "text",
          "<db:strange xmlns:db='jabber:server:dialback' from='north.example' to='here.example'/>",
          "<db:result xmlns:db='jabber:server:dialback' from='north.example'>key</db:result>",
          "<db:verify xmlns:db='jabber:server:dialback' from='@' to='here.example' id='1'/>",
          "<!-- no -->",
          "<message from='north.example'/>",
          "<x><y/></x>",
          "<");

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private void say(Link link, String text) {
    tell(link + " says " + (text.length() > 1_000 ? text.substring(0, 300) + "..." : text));
    if (link.transport.handshaking()) {
      link.transport.abort(new IOException("no handshake"));
      return;
    }
    if (text.startsWith("<starttls") && !link.tls) {
      link.askedTls = true;
      link.smuggled |= !text.endsWith("tls'/>");
    }
    link.muddled |= text.startsWith("<starttls") && text.contains("<stream:stream");
    if (text.startsWith("<starttls") && text.endsWith("</db:result>")) {
      link.requests.add(new Asked("north.example", "here.example", link.heardId, "key"));
      link.owedResults.merge("north.example here.example", 1, Integer::sum);
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (inPieces) {
      for (byte one : bytes) {
        link.transport.say(new byte[] {one});
      }
    } else {
      link.transport.say(bytes);
    }
  }

  private void arrive() {
    if (links.size() >= MOST_LINKS) {
      return;
    }
    Link link = new Link(new MemoryTransport(loop::add, address(40_000)), true, pick(PEERS));
    links.add(link);
    link.direct = choose(4) == 3;
    current = link;
    tell(link + " connects" + (link.direct ? ", direct TLS" : ""));
    federation.accept(link.transport, link.direct);
  }

  private void fromHere() {
    String id = "m" + numbers++;
    String from = pick(OURS);
    String to = pick(PEERS);
    String type = pick(List.of("chat", "normal", "error", "chat"));
    Letter letter = new Letter(null, from, to, !type.equals("error"));
    letters.put(id, letter);
    tell("here sends " + id + " " + type + " from " + from + " to " + to);
    try {
      Stanza stanza =
          Stanza.of(
              Element.of(Namespaces.SERVER, "message")
                  .attribute("from", from)
                  .attribute("to", to)
                  .attribute("type", type)
                  .attribute("id", id)
                  .build());
      if (!(federation.send(stanza) instanceof Offer.Accepted)) {
        letters.remove(id);
      }
    } catch (im.comity.address.AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private void header(Link link) {
    header(link, pick(ALL), pick(ALL), choose(8) == 7 ? "" : " version='1.0'", choose(8));
  }

  private void header(Link link, String from, String to, String version, int features) {
    link.muddled |= link.headerSaid;
    link.headerSaid = true;
    link.answerDue = false;
    if (!link.successHeard) {
      link.saidFrom = from;
      link.saidTo = to;
    }
    String id = link.inbound ? "" : "i" + numbers++;
    link.saidId = id;
    say(
        link,
        "<?xml version='1.0'?><stream:stream xmlns='jabber:server'"
            + " xmlns:stream='http://etherx.jabber.org/streams'"
            + " xmlns:db='jabber:server:dialback' from='"
            + from
            + "' to='"
            + to
            + "'"
            + (id.isEmpty() ? "" : " id='" + id + "'")
            + version
            + ">"
            + (link.inbound || version.isEmpty() ? "" : features(link, features)));
  }

  private static String features(Link link, int kind) {
    String startTls = "<starttls xmlns='" + Namespaces.TLS + "'/>";
    String external =
        "<mechanisms xmlns='" + Namespaces.SASL + "'><mechanism>EXTERNAL</mechanism></mechanisms>";
    String dialback = "<dialback xmlns='urn:xmpp:features:dialback'/>";
    return "<stream:features>"
        + switch (kind) {
          case 0, 1, 2 -> link.tls ? external + dialback : startTls + dialback;
          case 3, 4 -> link.tls ? dialback : startTls;
          case 5 -> startTls + external + dialback;
          case 6 -> external;
          default -> "";
        }
        + "</stream:features>";
  }

  private void auth(Link link, String identity) {
    if (link.tls
        && link.headerSaid
        && (identity.equals("=") || identity.equals(encode(link.saidFrom)))) {
      link.authenticated = true;
    }
    say(link, "<auth xmlns='" + Namespaces.SASL + "' mechanism='EXTERNAL'>" + identity + "</auth>");
  }

  private void sasl(Link link, String name) {
    if (name.equals("success")) {
      link.successSaid = true;
      link.authDue = false;
    }
    if (name.equals("response")) {
      link.authenticated = true;
    }
    if (name.equals("failure")) {
      link.authDue = false;
    }
    say(link, "<" + name + " xmlns='" + Namespaces.SASL + "'/>");
  }

  private void result(Link link, String from, String to, String key) {
    link.requests.add(new Asked(from, to, link.heardId, key));
    link.owedResults.merge(from + " " + to, 1, Integer::sum);
    say(link, "<db:result" + db(from, to) + ">" + key + "</db:result>");
  }

  private static String db(String from, String to) {
    return " xmlns:db='jabber:server:dialback' from='" + from + "' to='" + to + "'";
  }

  private void verify(Link link) {
    List<Asked> known = new ArrayList<>(issued);
    Asked one =
        known.isEmpty() || choose(4) == 0
            ? new Asked(pick(OURS), pick(PEERS), "i" + choose(8), "key")
            : known.get(choose(known.size()));
    if (choose(8) == 7) {
      one = new Asked(one.from, pick(PEERS), one.id, one.key);
    }
    link.requestedKeys.add(one.key);
    link.owedVerifies.merge(one.from + " " + one.to + " " + one.id, 1, Integer::sum);
    say(link, verify(one));
  }

  private static String verify(Asked one) {
    return "<db:verify" + db(one.to, one.from) + " id='" + one.id + "'>" + one.key + "</db:verify>";
  }

  private void answerResult(Link link, String type, String from, String to) {
    answered(
        link,
        "r " + to + " " + from,
        type,
        link.results.stream().anyMatch(one -> one.from.equals(to) && one.to.equals(from)));
    say(link, "<db:result" + db(from, to) + " type='" + type + "'/>");
  }

  private void answerVerify(Link link, String type, @Nullable Asked question) {
    Asked one = question;
    if (one == null) {
      one =
          link.verifications.isEmpty() || choose(2) == 0
              ? new Asked(pick(PEERS), pick(OURS), "i" + choose(8), "")
              : pick(link.verifications);
      if (choose(2) == 1) {
        one =
            switch (choose(3)) {
              case 0 -> new Asked(pick(PEERS), one.to, one.id, one.key);
              case 1 -> new Asked(one.from, pick(OURS), one.id, one.key);
              default -> new Asked(one.from, one.to, "i" + choose(8), one.key);
            };
      }
    }
    Asked said = one;
    answered(
        link,
        "v " + said.from + " " + said.to + " " + said.id,
        type,
        link.verifications.stream()
            .anyMatch(
                asked ->
                    asked.from.equals(said.from)
                        && asked.to.equals(said.to)
                        && asked.id.equals(said.id)));
    say(
        link,
        "<db:verify" + db(said.from, said.to) + " id='" + said.id + "' type='" + type + "'/>");
  }

  private static void answered(Link link, String question, String type, boolean asked) {
    if (asked) {
      link.first.putIfAbsent(question, type.equals("valid"));
    } else if (type.equals("valid")) {
      // It may be read only after the question was put.
      link.early.add(question);
    }
  }

  private void fromPeer(Link link, String from, String to) {
    String id = "p" + numbers++;
    String kind = pick(List.of("message", "message", "iq", "presence"));
    String type =
        switch (kind) {
          case "iq" -> pick(List.of("get", "result", "error"));
          case "presence" -> pick(List.of("probe", "unavailable", "error"));
          default -> pick(List.of("chat", "chat", "error"));
        };
    boolean answerable = !List.of("result", "error", "unavailable").contains(type);
    letters.put(id, new Letter(link, from, to, answerable));
    say(
        link,
        "<" + kind + " from='" + from + "' to='" + to + "' type='" + type + "' id='" + id + "'/>");
  }

  private void handshake(Link link, String shown, int how) {
    if (!link.transport.handshaking()) {
      return;
    }
    require(!link.smuggled || link.direct, "TLS over what was said in clear on " + link);
    link.tls = true;
    link.shown = how == 0 ? null : CERTIFICATES.get(shown);
    link.reliable = how != 1;
    link.headerSaid = false;
    link.saidFrom = "";
    link.saidTo = "";
    link.authenticated = false;
    tell(link + " shakes hands as " + (link.shown == null ? "nobody" : shown) + " " + how);
    X509Certificate certificate = link.shown;
    link.transport.handshakeDone(
        new TlsSession(
            "TLSv1.3",
            "TLS_AES_128_GCM_SHA256",
            null,
            null,
            false,
            link.reliable,
            certificate == null ? null : new PeerCertificate(List.of(certificate)),
            null));
  }

  /** What a good peer would do next, mostly: one in some has a slip. */
  private void next(Link link) {
    boolean slip = choose(6) == 5;
    if (link.transport.handshaking()) {
      handshake(link, slip ? pick(PEERS) : link.peer, choose(6) + (link.inbound ? 0 : 1));
    } else if (link.inbound) {
      String ours = link.saidTo.isEmpty() ? pick(OURS) : link.saidTo;
      if (!link.headerSaid) {
        String from = link.successHeard ? link.saidFrom : link.peer;
        header(link, slip ? pick(ALL) : from, ours, " version='1.0'", 0);
      } else if (!link.tls && !link.peer.equals(PERMISSIVE)) {
        say(
            link,
            "<starttls xmlns='" + Namespaces.TLS + "'/>" + (slip ? pick(AFTER_STARTTLS) : ""));
      } else if (link.requests.isEmpty() && !link.successHeard) {
        if (choose(2) == 0) {
          auth(link, slip ? encode(pick(PEERS)) : "=");
        } else {
          result(link, link.peer, ours, "key" + choose(4));
        }
      } else {
        fromPeer(link, slip ? pick(ALL) : link.peer, slip || choose(4) == 0 ? pick(ALL) : ours);
      }
    } else if (link.answerDue) {
      header(link, link.heardTo, link.heardFrom, " version='1.0'", choose(4));
    } else if (link.askedTls && !link.tls) {
      say(link, "<proceed xmlns='" + Namespaces.TLS + "'/>");
    } else if (link.authDue) {
      sasl(link, choose(3) == 0 ? "failure" : "success");
    } else if (!link.verifications.isEmpty()) {
      Asked one = link.verifications.getLast();
      answerVerify(
          link,
          choose(3) == 0 ? "invalid" : "valid",
          slip ? new Asked(one.from, choose(2) == 0 ? pick(OURS) : one.to, "i9", one.key) : one);
    } else if (!link.results.isEmpty()) {
      Asked one = link.results.getLast();
      answerResult(
          link,
          choose(4) == 0 ? "error" : "valid",
          slip && choose(2) == 0 ? pick(PEERS) : one.to,
          slip ? pick(OURS) : one.from);
    }
  }

  private void pass(Duration time) {
    tell("time passes: " + time);
    for (int i = 0; i < 4; i++) {
      timers.advance(time.dividedBy(4));
      settle();
    }
    for (Link link : links) {
      Duration age = Duration.ofNanos(timers.nanoTime() - link.began);
      boolean old = age.compareTo(Duration.ofSeconds(46)) > 0;
      boolean known =
          !link.inbound
              || PEERS.stream()
                  .anyMatch(from -> OURS.stream().anyMatch(to -> link.proven(from, to)));
      require(
          !old || !link.open() || (link.transport.negotiated() && (known || link.verifyAnswered)),
          link + " negotiates for " + age);
      require(
          known || !link.open() || age.compareTo(Duration.ofMinutes(11)) < 0,
          link + " stays unproven for " + age);
    }
  }

  private void finish() {
    tell("the end");
    federation.close(Duration.ZERO);
    settle();
    for (int i = 0; i < 3; i++) {
      timers.advance(Duration.ofSeconds(40));
      settle();
    }
    for (Link link : links) {
      if (!link.open()) {
        require(link.transport.closed().isDone(), "not closed: " + link);
      } else {
        require(false, "left open: " + link);
      }
      await(() -> link.transport.takers() == 0, "a thread is left on " + link);
    }
    require(timers.waiting() == 0, "timers are left: " + timers.waiting());
    require(federation.streams().isEmpty(), "streams are left: " + federation.streams());
    letters.forEach(
        (id, letter) -> {
          if (letter.by == null && letter.answerable) {
            require(letter.delivered + letter.returned == 1, "lost: " + id);
          }
        });
  }
}
