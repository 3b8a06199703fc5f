package im.comity.discovery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import im.comity.discovery.AnswerReader.Answered;
import im.comity.discovery.AnswerReader.Chain;
import im.comity.discovery.AnswerReader.Follow;
import im.comity.discovery.AnswerReader.Unusable;
import im.comity.discovery.DnsAnswer.LookupFailed;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import im.comity.transport.Cancellable;
import im.comity.transport.Timers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * The resolver in the house: asks configured recursive servers and remembers their answers.
 *
 * <p>One question goes to one server at a time, over UDP with EDNS and over TCP when the answer is
 * truncated (S2S-DNS-05). A server that is silent may be asked again; one that refuses, fails or
 * talks nonsense is not asked this question again. Answers are kept for their TTL and not longer
 * (S2S-DNS-21), failures for a moment (RFC 9520), and equal questions share one query.
 *
 * <p>Everything is bounded: queries in flight, questions that wait for their turn, the time of a
 * question from {@link #ask} to its end, tries, aliases, and what is remembered.
 */
public final class DnsjavaResolver implements Resolver, AutoCloseable {
  /** RFC 9715 and DNS flag day 2020: what passes without fragments everywhere. */
  private static final int EDNS_PAYLOAD = 1232;

  private static final String CLOSED = "the resolver is closed";

  private final Settings settings;
  private final Timers timers;
  private final DnsSockets sockets = new DnsSockets();
  private final List<SimpleResolver> servers;
  private final Cache<Question, Kept> cache;
  private final Map<Question, Exchange> asked = new ConcurrentHashMap<>();

  /** The server to begin with: moves on when that one is silent. */
  private volatile int preferred;

  private final ReentrantLock lock = new ReentrantLock();
  private final SequencedSet<Exchange> line = new LinkedHashSet<>(); // guarded by lock
  private int inFlight; // guarded by lock
  private boolean closed; // guarded by lock

  /**
   * Settings.
   *
   * @param attemptTimeout how long one server may take to answer one query
   * @param attempts queries per question and alias, over all servers
   * @param questionTimeout how long a question may take from {@link #ask} on, waiting included
   * @param inFlight questions in flight at once; a resolver drops what comes in larger bursts
   * @param waiting questions that may wait for their turn; more fail at once
   * @param cachedRecords records kept over all answers; an answer without records counts as one
   * @param longestTtl answers with records are kept no longer
   * @param longestNegativeTtl answers without records are kept no longer (RFC 2308 section 5)
   * @param failureTtl how long failures are kept, so that a broken zone does not cost a query per
   *     pair (RFC 9520: at least a second, at most five minutes); zero for tests
   */
  public record Settings(
      Duration attemptTimeout,
      int attempts,
      Duration questionTimeout,
      int inFlight,
      int waiting,
      int cachedRecords,
      Duration longestTtl,
      Duration longestNegativeTtl,
      Duration failureTtl) {
    /** 3 s per query, 4 queries, 15 s per question, 64 in flight, 32,768 waiting. */
    public static final Settings DEFAULT =
        new Settings(
            Duration.ofSeconds(3),
            4,
            Duration.ofSeconds(15),
            64,
            32_768,
            100_000,
            Duration.ofDays(1),
            Duration.ofHours(1),
            Duration.ofSeconds(5));

    public Settings {
      if (attempts < 1 || inFlight < 1 || waiting < 0 || cachedRecords < 0) {
        throw new IllegalArgumentException("a bound of the resolver is out of range");
      }
    }
  }

  /**
   * @param servers recursive servers in order of preference, each with address and port
   * @param timers its {@code nanoTime} is the clock of the cache
   * @throws IllegalArgumentException if there is no server, or one is a name instead of an address
   */
  public DnsjavaResolver(List<InetSocketAddress> servers, Settings settings, Timers timers) {
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("no DNS server");
    }
    this.settings = settings;
    this.timers = timers;
    this.servers = servers.stream().map(this::server).toList();
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(settings.cachedRecords())
            .<Question, Kept>weigher(
                (_, kept) -> kept.answer() instanceof Records r ? r.records().size() : 1)
            .expireAfter(Expiry.<Question, Kept>creating((_, kept) -> kept.lifetime()))
            .ticker(timers::nanoTime)
            .executor(Runnable::run)
            .build();
  }

  /** The recursive servers that this machine is configured to use. */
  public static List<InetSocketAddress> systemServers() {
    return List.copyOf(ResolverConfig.getCurrentConfig().servers());
  }

  private SimpleResolver server(InetSocketAddress address) {
    if (address.isUnresolved()) {
      throw new IllegalArgumentException("a DNS server needs an address: " + address);
    }
    SimpleResolver server = new SimpleResolver(address);
    server.setIoClientFactory(sockets);
    server.setEDNS(0, EDNS_PAYLOAD, 0);
    server.setTimeout(settings.attemptTimeout());
    return server;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the name does not end with a dot
   */
  @Override
  public CompletableFuture<DnsAnswer> ask(String absoluteName, RecordType type) {
    if (!absoluteName.endsWith(".")) {
      throw new IllegalArgumentException("not an absolute name: " + absoluteName);
    }
    Question question = new Question(absoluteName.toLowerCase(Locale.ROOT), type);
    Kept kept = cache.getIfPresent(question);
    if (kept != null) {
      return CompletableFuture.completedFuture(kept.answerAt(timers.nanoTime()));
    }
    Name name;
    try {
      name = Name.fromString(question.name());
    } catch (TextParseException e) {
      // Too long for DNS, so nobody can have published it (RFC 1035 section 2.3.4).
      return CompletableFuture.completedFuture(new NoSuchRecord(true, Duration.ZERO));
    }
    Exchange exchange = new Exchange(question, name);
    Exchange other = asked.putIfAbsent(question, exchange);
    if (other != null) {
      return other.answer.copy();
    }
    exchange.begin();
    return exchange.answer.copy(); // a copy: whoever cancels it cancels for himself
  }

  /** Ends every question under way as failed and closes every socket. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    asked.values().forEach(e -> e.end(new LookupFailed(CLOSED)));
    try {
      sockets.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Question(String name, RecordType type) {}

  /** An answer with the moment, of {@link Timers#nanoTime}, at which it came. */
  private record Kept(DnsAnswer answer, Duration lifetime, long since) {
    /** The answer with what is left of its TTL. */
    DnsAnswer answerAt(long now) {
      // Never more than the lifetime: time went on since the cache looked at the clock.
      Duration age = least(Duration.ofNanos(now - since), lifetime);
      return switch (answer) {
        case Records r -> new Records(r.name(), r.records(), r.ttl().minus(age), r.aliases());
        case NoSuchRecord n -> new NoSuchRecord(n.nxdomain(), n.ttl().minus(age));
        case LookupFailed failed -> failed;
      };
    }
  }

  private void keep(Question question, DnsAnswer answer) {
    Duration lifetime =
        switch (answer) {
          case Records r -> r.ttl();
          case NoSuchRecord n -> n.ttl();
          case LookupFailed _ -> settings.failureTtl();
        };
    if (lifetime.isPositive()) {
      cache.put(question, new Kept(answer, lifetime, timers.nanoTime()));
    }
  }

  /** A TTL from a stranger, cut to what we are willing to believe. */
  private DnsAnswer bounded(DnsAnswer answer) {
    return switch (answer) {
      case Records r ->
          new Records(r.name(), r.records(), least(r.ttl(), settings.longestTtl()), r.aliases());
      case NoSuchRecord n ->
          new NoSuchRecord(n.nxdomain(), least(n.ttl(), settings.longestNegativeTtl()));
      case LookupFailed failed -> failed;
    };
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** One question under way. Its tries follow each other, so only {@code answer} is contended. */
  private final class Exchange {
    final CompletableFuture<DnsAnswer> answer = new CompletableFuture<>();
    private final Question question;
    private final SequencedSet<String> troubles = new LinkedHashSet<>();
    private final BitSet useless = new BitSet();
    private Chain chain;
    private int attempt;
    private int server;
    private volatile @Nullable Cancellable limit;

    Exchange(Question question, Name name) {
      this.question = question;
      this.chain = Chain.from(question.name(), name);
    }

    void begin() {
      limit = timers.after(settings.questionTimeout(), this::outOfTime);
      boolean now = false;
      String refused = null;
      lock.lock();
      try {
        if (closed) {
          refused = CLOSED;
        } else if (inFlight < settings.inFlight()) {
          inFlight++;
          now = true;
        } else if (line.size() < settings.waiting()) {
          line.add(this);
        } else {
          refused = "too many questions are waiting for DNS";
        }
      } finally {
        lock.unlock();
      }
      if (refused != null) {
        end(new LookupFailed(refused));
      } else if (now) {
        run();
      }
    }

    private void outOfTime() {
      end(new LookupFailed("no answer within " + seconds(settings.questionTimeout())));
    }

    private void run() {
      server = preferred;
      attempt();
    }

    /** Asks the next server, or gives up. */
    private void attempt() {
      if (!answer.isDone()) {
        for (int i = 0; i < servers.size(); i++, server = (server + 1) % servers.size()) {
          if (attempt < settings.attempts() && !useless.get(server)) {
            attempt++;
            send();
            return;
          }
        }
        DnsAnswer failed = new LookupFailed(String.join("; ", troubles));
        keep(question, failed);
        end(failed);
      }
      leave();
    }

    private void send() {
      int type =
          switch (question.type()) {
            case SRV -> Type.SRV;
            case A -> Type.A;
            case AAAA -> Type.AAAA;
          };
      servers
          .get(server)
          .sendAsync(
              Message.newQuery(Record.newRecord(chain.current(), type, DClass.IN)), Runnable::run)
          .whenComplete(this::received);
    }

    private void received(@Nullable Message response, @Nullable Throwable thrown) {
      if (response == null) {
        Throwable cause = thrown instanceof CompletionException e ? e.getCause() : thrown;
        if (cause instanceof SocketTimeoutException) {
          trouble("no answer within " + seconds(settings.attemptTimeout()));
          if (preferred == server) {
            preferred = (server + 1) % servers.size();
          }
        } else {
          trouble(words(cause));
          useless.set(server);
        }
        server = (server + 1) % servers.size();
        attempt();
        return;
      }
      switch (AnswerReader.read(response, chain, question.type())) {
        case Answered(DnsAnswer read) -> {
          DnsAnswer bounded = bounded(read);
          keep(question, bounded);
          end(bounded);
          leave();
        }
        case Follow(Chain further) -> {
          chain = further;
          attempt = 0;
          attempt();
        }
        case Unusable(String reason) -> {
          trouble(reason);
          useless.set(server);
          attempt();
        }
      }
    }

    /** Some exceptions of the JDK have no message, above all that of a closed UDP port. */
    private static String words(@Nullable Throwable cause) {
      return switch (cause) {
        case null -> "no answer";
        case PortUnreachableException _ -> "the port is closed";
        default ->
            cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
      };
    }

    private void trouble(String what) {
      InetSocketAddress at = servers.get(server).getAddress();
      troubles.add(at.getAddress().getHostAddress() + " port " + at.getPort() + ": " + what);
    }

    /** Completes the question. Who holds a place in flight must still {@link #leave}. */
    void end(DnsAnswer result) {
      asked.remove(question, this);
      lock.lock();
      try {
        line.remove(this);
      } finally {
        lock.unlock();
      }
      Cancellable timer = limit;
      if (timer != null) {
        timer.cancel();
      }
      answer.complete(result);
    }

    /** Gives the place in flight to the next in the line. */
    private void leave() {
      Exchange next;
      lock.lock();
      try {
        next = line.isEmpty() ? null : line.removeFirst();
        if (next == null) {
          inFlight--;
        }
      } finally {
        lock.unlock();
      }
      if (next != null) {
        next.run();
      }
    }
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }
}
