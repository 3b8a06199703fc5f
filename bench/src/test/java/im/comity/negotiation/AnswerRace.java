package im.comity.negotiation;

import im.comity.address.DomainPair;
import im.comity.bench.Ending;
import im.comity.bench.HeldTimers;
import im.comity.bench.Locals;
import im.comity.dialback.DialbackSecret;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.Finding;
import im.comity.prooftype.Judge;
import im.comity.prooftype.Prooftype;
import im.comity.prooftype.Question;
import im.comity.relay.EstablishedStream;
import im.comity.relay.GuestLimits;
import im.comity.relay.Guests;
import im.comity.relay.RelayContext;
import im.comity.relay.RelaySettings;
import im.comity.relay.StreamDirectory;
import im.comity.relay.StubTransport;
import im.comity.relay.TrafficReports;
import im.comity.relay.Ways;
import im.comity.stream.Settled;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamHandle;
import im.comity.stream.StreamId;
import im.comity.stream.StreamVersion;
import im.comity.testkit.tls.TestCa;
import im.comity.transport.Deadline;
import im.comity.transport.PeerCertificate;
import im.comity.transport.StrangerLimits;
import im.comity.transport.TlsSession;
import im.comity.xml.ElementScanner;
import im.comity.xml.ScannerLimits;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * A peer asks by dialback to be taken for its domain, and sends as soon as it reads that it is,
 * while the verification's own thread is still at work.
 */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "The stanza was delivered.")
@Outcome(expect = Expect.FORBIDDEN, desc = "The peer was told, and its stanza refused.")
@State
public class AnswerRace {
  private static final DomainPair PAIR = Ways.pair("north.example", "south.example");
  private static final Duration ATTENTION = Duration.ofSeconds(5);
  private static final byte[] HEADER =
      ("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
              + " xmlns:db='jabber:server:dialback' from='north.example' to='south.example'"
              + " version='1.0'>")
          .getBytes(StandardCharsets.UTF_8);
  private static final TlsSession TLS =
      new TlsSession(
          "TLSv1.3",
          "TLS_AES_128_GCM_SHA256",
          null,
          null,
          false,
          true,
          new PeerCertificate(
              TestCa.root("Test CA", InstantSource.fixed(Instant.EPOCH))
                  .issue("north.example")
                  .chain()),
          null);
  private static final PolicyTable POLICY = policy();
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final DialbackSecret SECRET = DialbackSecret.of("a secret of the test");

  /** Proves everybody, so that nobody needs to be dialled. */
  private static final Judge JUDGE =
      new Judge(
          List.of(
              new Prooftype() {
                @Override
                public String name() {
                  return "pkix";
                }

                @Override
                public boolean needsSecureDns() {
                  return false;
                }

                @Override
                public Finding judge(Question question) {
                  return new Finding.Proves(List.of("test"), Instant.MAX);
                }
              }),
          InstantSource.fixed(Instant.EPOCH));

  private static PolicyTable policy() {
    try {
      return PolicyTable.builder().build();
    } catch (PolicyException e) {
      throw new IllegalStateException(e);
    }
  }

  private final StubTransport.Loop loop = new StubTransport.Loop();
  private final StubTransport transport = new StubTransport(loop);
  private final HeldTimers timers = new HeldTimers(Duration.ZERO);
  private final EstablishedStream stream;
  private volatile boolean told;
  private volatile boolean delivered;

  /** Nothing is proven on it yet. */
  public AnswerRace() {
    Locals locals = new Locals(PAIR.target(), _ -> delivered = true);
    NegotiationContext context =
        new NegotiationContext(
            POLICY,
            JUDGE,
            null,
            null,
            null,
            null,
            null,
            timers,
            RANDOM,
            SECRET,
            locals,
            _ -> {},
            _ -> null,
            NegotiationSettings.DEFAULTS,
            StrangerLimits.DEFAULTS);
    AdditionalPairs requests =
        new AdditionalPairs(
            () -> context, context, new OutboundNegotiation(() -> context, null), (_, _) -> {});
    StreamFacts facts =
        new StreamFacts(
            StreamHandle.next(),
            false,
            PAIR,
            new StreamId("id"),
            StreamVersion.ONE,
            TLS,
            StreamFeatures.NONE,
            true,
            transport.remote());
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    if (scanner.scan(HEADER, 0, HEADER.length) != ElementScanner.Event.HEADER) {
      throw new AssertionError("no header");
    }
    stream =
        new EstablishedStream(
            new Settled(
                transport,
                scanner,
                List.of(),
                facts,
                null,
                Deadline.start(timers, Duration.ofMinutes(1))),
            new RelayContext(
                locals,
                () -> POLICY,
                _ -> {},
                requests,
                new StreamDirectory(),
                _ -> {},
                _ -> {},
                timers,
                RelaySettings.DEFAULTS,
                new Guests(GuestLimits.NONE, timers),
                new TrafficReports(timers, _ -> {})));
    stream.start();
    transport.receive("<db:result from='north.example' to='south.example'>key</db:result>");
  }

  /** The loop, and the peer at its other end. */
  @Actor
  public void loop() {
    long until = System.nanoTime() + ATTENTION.toNanos();
    while (!told && System.nanoTime() < until) {
      loop.run();
      told = !transport.writes().isEmpty();
    }
    transport.receive(
        "<message from='a@north.example' to='b@south.example' id='a0'><body>x</body></message>");
    loop.run();
  }

  /** The rules are read again meanwhile, so that nothing is found by having been found lately. */
  @Actor
  public void reconsidering() {
    for (int i = 0; i < 3; i++) {
      stream.associations().reconsider();
    }
  }

  /** Whether it was delivered, and that behind a good answer. */
  @Arbiter
  public void end(L_Result result) {
    String answer = String.join("", transport.writes());
    result.r1 =
        !told
            ? "no answer"
            : !answer.contains("valid")
                ? "refused: " + answer
                : delivered ? Ending.RIGHT : "stanza refused";
  }
}
