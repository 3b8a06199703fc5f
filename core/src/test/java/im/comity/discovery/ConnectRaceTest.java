package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import im.comity.discovery.ConnectFailure.Cause;
import im.comity.discovery.ConnectRace.Options;
import im.comity.testkit.Clause;
import im.comity.transport.Deadline;
import im.comity.transport.Network;
import im.comity.transport.OutOfTimeException;
import im.comity.transport.Transport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class ConnectRaceTest {
  private final ManualTimers timers = new ManualTimers();
  private final FakeResolver resolver = new FakeResolver(timers);
  private final FakeNetwork network = new FakeNetwork(timers);
  private final Deadline deadline = Deadline.start(timers, Duration.ofMinutes(1));

  /** Candidates from words like {@code 10/a.example:5269}. */
  private static List<Candidate> candidates(String... words) {
    return Arrays.stream(words)
        .map(
            word -> {
              int slash = word.indexOf('/');
              int colon = word.lastIndexOf(':');
              return new Candidate(
                  word.substring(slash + 1, colon),
                  Integer.parseInt(word.substring(colon + 1)),
                  false,
                  Integer.parseInt(word.substring(0, slash)),
                  0,
                  false);
            })
        .toList();
  }

  private ConnectRace race(Options options, String... candidates) {
    return ConnectRace.over(candidates(candidates), resolver, network, timers, options, deadline);
  }

  private ConnectRace race(String... candidates) {
    return race(Options.DEFAULT, candidates);
  }

  private static String won(CompletableFuture<Optional<Connected>> result) {
    assertThat(result).isCompleted();
    return result
        .join()
        .map(c -> c.candidate().host() + " " + c.address().getAddress().getHostAddress())
        .orElse("nobody");
  }

  private static List<String> causes(ConnectRace race) {
    return race.failures().stream()
        .map(
            f ->
                f.candidate().host()
                    + (f.address() == null ? "" : " " + f.address().getAddress().getHostAddress())
                    + " "
                    + f.cause())
        .toList();
  }

  // ---- look-ups

  @Test
  @Clause({"S2S-TCP-01", "S2S-DNS-06"})
  void everyHostOfTheGroupIsAskedForAaaaAndThenA() {
    resolver.late("a.example.", RecordType.AAAA, 2000).late("a.example.", RecordType.A, 2000);
    var _ = race("1/a.example:5269", "1/b.example:5269", "2/c.example:5269").begin();
    assertThat(resolver.asked())
        .containsExactly("a.example. AAAA", "a.example. A", "b.example. AAAA", "b.example. A");
  }

  @Test
  @Clause("S2S-TCP-01")
  void anIpv6ConnectDoesNotWaitForTheIpv4Answer() {
    resolver.host("a.example.", "2a00::1", "1.1.1.1").late("a.example.", RecordType.A, 2000);
    network.accepts("2a00::1", 20);
    CompletableFuture<Optional<Connected>> result = race("1/a.example:5269").begin();
    timers.advanceMillis(20);
    assertThat(won(result)).isEqualTo("a.example 2a00:0:0:0:0:0:0:1");
  }

  @Test
  void twoCandidatesOnOneHostAskOnce() {
    resolver.host("a.example.", "1.1.1.1");
    var _ = race("1/a.example:5269", "1/a.example:5270").begin();
    timers.advanceMillis(250);
    assertThat(resolver.asked()).hasSize(2);
    assertThat(network.attempts).extracting(a -> a.to().getPort()).containsExactly(5269, 5270);
  }

  @ParameterizedTest(name = "AAAA {0} ms late: first connect {1}")
  @CsvSource({
    "0, 2a00::1@0",
    "30, 2a00::1@30",
    "49, 2a00::1@49",
    "80, 1.1.1.1@50",
    "2000, 1.1.1.1@50",
  })
  @Clause("S2S-TCP-02")
  void ipv4WaitsFiftyMillisecondsForIpv6(long late, String first) {
    resolver.host("a.example.", "2a00::1", "1.1.1.1").late("a.example.", RecordType.AAAA, late);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(3000);
    assertThat(network.log()).startsWith(first);
  }

  @Test
  @Clause("S2S-TCP-02")
  void theDelayRunsFromTheFirstAddressAndNotFromTheQuestion() {
    resolver
        .host("a.example.", "2a00::1", "1.1.1.1")
        .late("a.example.", RecordType.A, 100)
        .late("a.example.", RecordType.AAAA, 140);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(145);
    assertThat(network.log()).containsExactly("2a00::1@140");
  }

  @Test
  @Clause("S2S-TCP-02")
  void theDelayEndsAsSoonAsThereIsNothingToWaitFor() {
    resolver.host("a.example.", "1.1.1.1").late("a.example.", RecordType.AAAA, 30);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(50);
    assertThat(network.log()).containsExactly("1.1.1.1@30");
  }

  @ParameterizedTest(name = "first host {0} ms late: first connect {1}")
  @CsvSource({"30, 2a00::1@30", "49, 2a00::1@49", "80, 2a00::2@50"})
  @Clause("S2S-TCP-03")
  void aLaterHostWaitsFiftyMillisecondsForTheFirst(long late, String first) {
    resolver
        .host("a.example.", "2a00::1")
        .late("a.example.", RecordType.AAAA, late)
        .late("a.example.", RecordType.A, late)
        .host("b.example.", "2a00::2");
    var _ = race("1/a.example:5269", "1/b.example:5269").begin();
    timers.advanceMillis(100);
    assertThat(network.log()).startsWith(first);
  }

  @Test
  @Clause("S2S-TCP-02")
  void everyGroupWaitsForIpv6Anew() {
    resolver
        .host("a.example.", "2a00::1")
        .host("b.example.", "2a00::2", "1.1.1.2")
        .late("b.example.", RecordType.AAAA, 30);
    network.refuses("2a00::1", 0);
    var _ = race("1/a.example:5269", "2/b.example:5269").begin();
    timers.advanceMillis(1000);
    assertThat(network.log()).containsExactly("2a00::1@0", "2a00::2@30", "1.1.1.2@280");
  }

  @Test
  @Clause({"S2S-TCP-02", "S2S-TCP-03"})
  void furtherAnswersDoNotProlongTheDelay() {
    resolver
        .host("a.example.", "2a00::1")
        .late("a.example.", RecordType.AAAA, 2000)
        .host("b.example.", "1.1.1.2", "2a00::2")
        .late("b.example.", RecordType.AAAA, 30);
    var _ = race("1/a.example:5269", "1/b.example:5269").begin();
    timers.advanceMillis(100);
    assertThat(network.log()).containsExactly("2a00::2@50");
  }

  @Test
  void addressesThatComeWhileAttemptsRunAreTried() {
    resolver.host("a.example.", "2a00::1", "1.1.1.1").late("a.example.", RecordType.A, 600);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(1000);
    assertThat(network.log()).containsExactly("2a00::1@0", "1.1.1.1@600");
  }

  @Test
  @Clause("S2S-TCP-04")
  void attemptsAlternateBetweenTheFamilies() {
    resolver.host("a.example.", "2a00::1", "2a00::2", "1.1.1.1", "1.1.1.2");
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(800);
    assertThat(network.log())
        .containsExactly("2a00::1@0", "1.1.1.1@250", "2a00::2@500", "1.1.1.2@750");
  }

  // ---- stagger

  @ParameterizedTest
  @ValueSource(longs = {100, 250, 2000})
  @Clause("S2S-TCP-05")
  void attemptsFollowEachOtherAfterTheStagger(long stagger) {
    Options options =
        new Options(
            AddressGuard.PUBLIC_ONLY,
            List.of(),
            Duration.ofMillis(50),
            Duration.ofMillis(stagger),
            Duration.ofMinutes(1),
            64);
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    var _ = race(options, "1/a.example:5269").begin();
    timers.advanceMillis(2 * stagger);
    assertThat(network.log())
        .containsExactly("1.1.1.1@0", "1.1.1.2@" + stagger, "1.1.1.3@" + 2 * stagger);
  }

  @Test
  @Clause("S2S-TCP-05")
  void theStaggerIsAQuarterOfASecondUnlessTold() {
    assertThat(Options.DEFAULT.stagger()).isEqualTo(Duration.ofMillis(250));
    assertThat(Options.DEFAULT.resolutionDelay()).isEqualTo(Duration.ofMillis(50));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 99, 2001})
  @Clause("S2S-TCP-05")
  void aStaggerOutOfBoundsIsRefused(long millis) {
    assertThatThrownBy(
            () ->
                new Options(
                    AddressGuard.PUBLIC_ONLY,
                    List.of(),
                    Duration.ofMillis(50),
                    Duration.ofMillis(millis),
                    Duration.ofSeconds(10),
                    64))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @Clause("S2S-TCP-06")
  void afterARefusalTheNextAttemptWaitsTenMillisecondsOnly() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.refuses("1.1.1.1", 0).refuses("1.1.1.2", 40);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(100);
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@10", "1.1.1.3@50");
  }

  @Test
  void theFailureOfTheNewestAttemptLetsTheNextBeginThoughAnOlderOneIsUndecided() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.refuses("1.1.1.2", 20);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(300);
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@250", "1.1.1.3@270");
  }

  @Test
  void theFailureOfAnOlderAttemptDoesNotShortenTheHeadStartOfTheNewest() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.refuses("1.1.1.1", 260);
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(600);
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@250", "1.1.1.3@500");
  }

  /** Whatever DNS and the network do, and however often the caller wants another winner. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  @Clause("S2S-TCP-06")
  void noTwoAttemptsOfOneRaceBeginWithinTenMilliseconds(int seed) {
    Random random = new Random(seed);
    for (int scenario = 0; scenario < 100; scenario++) {
      ManualTimers clock = new ManualTimers();
      FakeResolver dns = new FakeResolver(clock);
      FakeNetwork net = new FakeNetwork(clock);
      List<Candidate> places = new ArrayList<>();
      for (int h = 0; h < 1 + random.nextInt(5); h++) {
        String host = "h" + h + ".example";
        List<String> addresses = new ArrayList<>();
        for (int i = 0; i < random.nextInt(5); i++) {
          String address =
              random.nextBoolean() ? "1.1." + h + "." + i : "2a00:0:0:0:" + h + ":0:0:" + i;
          addresses.add(address);
          switch (random.nextInt(3)) {
            case 0 -> net.refuses(address, random.nextInt(3) * random.nextLong(300));
            case 1 -> net.accepts(address, random.nextInt(3) * random.nextLong(300));
            default -> {}
          }
        }
        dns.host(host + ".", addresses.toArray(String[]::new));
        for (RecordType type : List.of(RecordType.A, RecordType.AAAA)) {
          if (random.nextBoolean()) {
            dns.late(host + ".", type, random.nextInt(400));
          }
        }
        places.add(new Candidate(host, 5269, false, h / 2, 0, false));
      }
      ConnectRace race = ConnectRace.over(places, dns, net, clock, Options.DEFAULT, deadline);
      boolean over = false;
      for (CompletableFuture<Optional<Connected>> result = race.begin(); !over; ) {
        clock.advanceMillis(random.nextInt(30));
        if (result.isDone()) {
          over = result.join().isEmpty();
          result = race.begin();
        }
      }
      for (int i = 1; i < net.attempts.size(); i++) {
        assertThat(net.attempts.get(i).nanos() - net.attempts.get(i - 1).nanos())
            .isGreaterThanOrEqualTo(10_000_000);
      }
      assertThat(clock.arranged()).as("timers left").isZero();
      assertThat(net.attempts).allMatch(a -> a.future().isDone());
    }
  }

  // ---- winners and losers

  @Test
  @Clause("S2S-TCP-07")
  void theFirstConnectionWinsAndTheOtherAttemptsAreGivenUp() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.accepts("1.1.1.2", 100);
    CompletableFuture<Optional<Connected>> result = race("1/a.example:5269").begin();
    timers.advanceMillis(349);
    assertThat(result).isNotDone();
    timers.advanceMillis(1);
    assertThat(won(result)).isEqualTo("a.example 1.1.1.2");
    assertThat(network.attempts.get(0).future()).isCancelled();
    timers.advanceMillis(10_000);
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@250");
    assertThat(network.aborted).isEmpty();
    assertThat(timers.arranged()).as("but the deadline").isEqualTo(1);
  }

  @Test
  @Clause("S2S-TCP-07")
  void aLoserThatConnectedInTheSameMomentIsAborted() {
    Transport winner = network.transport();
    Transport loser = network.transport();
    CompletableFuture<Transport> first = new CompletableFuture<>();
    Network both =
        new FakeNetwork(timers) {
          private int calls;

          @Override
          public CompletableFuture<Transport> connect(InetSocketAddress to, InetAddress source) {
            if (calls++ == 0) {
              return first;
            }
            first.complete(winner);
            return CompletableFuture.completedFuture(loser);
          }
        };
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2");
    CompletableFuture<Optional<Connected>> result =
        ConnectRace.over(
                candidates("1/a.example:5269"), resolver, both, timers, Options.DEFAULT, deadline)
            .begin();
    timers.advanceMillis(250);
    assertThat(result.join().orElseThrow().transport()).isSameAs(winner);
    assertThat(network.aborted).containsExactly(loser);
  }

  @Test
  void theWinnerIsToldWithItsCandidateAndAddress() {
    resolver.host("a.example.", "1.1.1.1");
    network.accepts("1.1.1.1", 0);
    Candidate candidate = new Candidate("a.example", 5270, true, 1, 2, false);
    Connected connected =
        ConnectRace.over(List.of(candidate), resolver, network, timers, Options.DEFAULT, deadline)
            .begin()
            .join()
            .orElseThrow();
    assertThat(connected.candidate()).isEqualTo(candidate);
    assertThat(connected.address().getAddress().getHostAddress()).isEqualTo("1.1.1.1");
    assertThat(connected.address().getPort()).isEqualTo(5270);
  }

  @Test
  void afterAWinnerThatWasOfNoUseTheRaceGoesOnWithWhatHasNeitherWonNorFailed() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.refuses("1.1.1.1", 0).accepts("1.1.1.3", 0);
    ConnectRace race = race("1/a.example:5269");
    CompletableFuture<Optional<Connected>> first = race.begin();
    timers.advanceMillis(260);
    assertThat(won(first)).isEqualTo("a.example 1.1.1.3");

    timers.advanceMillis(1000);
    network.accepts("1.1.1.2", 5);
    CompletableFuture<Optional<Connected>> second = race.begin();
    timers.advanceMillis(5);
    assertThat(won(second)).as("given up before, not failed").isEqualTo("a.example 1.1.1.2");

    assertThat(won(race.begin())).isEqualTo("nobody");
    assertThat(won(race.begin())).isEqualTo("nobody");
    assertThat(network.log())
        .containsExactly("1.1.1.1@0", "1.1.1.2@10", "1.1.1.3@260", "1.1.1.2@1260");
    assertThat(causes(race)).containsExactly("a.example 1.1.1.1 CONNECT_FAILED");
  }

  @Test
  void attemptsThatWereGivenUpAreMadeAgainBeforeThoseNotYetBegun() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3");
    network.accepts("1.1.1.2", 0);
    ConnectRace race = race("1/a.example:5269");
    var _ = race.begin();
    timers.advanceMillis(250);
    var _ = race.begin();
    timers.advanceMillis(500);
    assertThat(network.log())
        .containsExactly("1.1.1.1@0", "1.1.1.2@250", "1.1.1.1@260", "1.1.1.3@510");
  }

  @Test
  void aWinnerOfNoUseIsFollowedByTheNextGroup() {
    resolver.host("a.example.", "1.1.1.1").host("b.example.", "1.1.1.2");
    network.accepts("1.1.1.1", 0).accepts("1.1.1.2", 0);
    ConnectRace race = race("1/a.example:5269", "2/b.example:5269");
    assertThat(won(race.begin())).isEqualTo("a.example 1.1.1.1");
    timers.advanceMillis(10);
    assertThat(won(race.begin())).isEqualTo("b.example 1.1.1.2");
    assertThat(won(race.begin())).isEqualTo("nobody");
  }

  // ---- order over hosts and groups

  @Test
  @Clause("S2S-DNS-08")
  void theNextAddressAndThenTheNextHostAreTried() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2").host("b.example.", "1.1.1.3");
    network.refuses("1.1.1.2", 1).accepts("1.1.1.3", 1);
    CompletableFuture<Optional<Connected>> result =
        race("1/a.example:5269", "2/b.example:5269").begin();
    timers.advanceMillis(10_001);
    assertThat(won(result)).isEqualTo("b.example 1.1.1.3");
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@250", "1.1.1.3@10000");
  }

  @Test
  @Clause({"S2S-TCP-08", "S2S-DNS-03"})
  void aGroupIsUsedUpBeforeTheNextIsBegun() {
    resolver
        .host("a.example.", "1.1.1.1")
        .host("b.example.", "1.1.1.2")
        .host("c.example.", "1.1.1.3");
    CompletableFuture<Optional<Connected>> result =
        race("1/a.example:5269", "1/b.example:5269", "2/c.example:5269").begin();
    timers.advanceMillis(10_249);
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@250");
    assertThat(resolver.asked()).doesNotContain("c.example. AAAA", "c.example. A");
    timers.advanceMillis(1);
    assertThat(network.log()).endsWith("1.1.1.3@10250");
    assertThat(result).isNotDone();
  }

  @Test
  @Clause("S2S-TCP-08")
  void aGroupIsNotUsedUpWhileAnAnswerIsOut() {
    resolver
        .host("a.example.", "2a00::1", "1.1.1.1")
        .late("a.example.", RecordType.A, 3000)
        .host("b.example.", "1.1.1.2");
    network.refuses("2a00::1", 0).accepts("1.1.1.1", 0);
    CompletableFuture<Optional<Connected>> result =
        race("1/a.example:5269", "2/b.example:5269").begin();
    timers.advanceMillis(3000);
    assertThat(won(result)).isEqualTo("a.example 1.1.1.1");
    assertThat(network.log()).doesNotContain("1.1.1.2@10");
  }

  @Test
  @Clause("S2S-DNS-03")
  void threePrioritiesAreConnectedToInTheirOrder() {
    resolver
        .host("a.example.", "1.1.1.1")
        .host("b.example.", "1.1.1.2")
        .host("c.example.", "1.1.1.3");
    network.refuses("1.1.1.1", 0).refuses("1.1.1.2", 0).accepts("1.1.1.3", 0);
    CompletableFuture<Optional<Connected>> result =
        race("1/a.example:5269", "2/b.example:5269", "3/c.example:5269").begin();
    timers.advanceMillis(20);
    assertThat(won(result)).isEqualTo("c.example 1.1.1.3");
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@10", "1.1.1.3@20");
  }

  // ---- what cannot be tried

  @Test
  void whatFailsIsRememberedWithItsCause() {
    resolver
        .host("refused.example.", "1.1.1.1")
        .host("silent.example.", "1.1.1.2")
        .host("inside.example.", "10.0.0.1", "fe80::1")
        .host("empty.example.")
        .failing("broken.example.", RecordType.A, "SERVFAIL")
        .failing("broken.example.", RecordType.AAAA, "no answer within 3.0 s");
    network.refuses("1.1.1.1", 0);
    ConnectRace race =
        race(
            "1/refused.example:5269",
            "2/silent.example:5269",
            "3/inside.example:5269",
            "4/empty.example:5269",
            "5/broken.example:5269",
            "6/unknown.example:5269");
    CompletableFuture<Optional<Connected>> result = race.begin();
    timers.advanceMillis(10_010);
    assertThat(won(result)).isEqualTo("nobody");
    assertThat(causes(race))
        .containsExactly(
            "refused.example 1.1.1.1 CONNECT_FAILED",
            "silent.example 1.1.1.2 TIMED_OUT",
            "inside.example fe80:0:0:0:0:0:0:1 FORBIDDEN",
            "inside.example 10.0.0.1 FORBIDDEN",
            "empty.example NO_ADDRESS",
            "broken.example LOOKUP_FAILED",
            "unknown.example NO_ADDRESS");
    assertThat(race.failures())
        .extracting(ConnectFailure::detail)
        .containsExactly(
            "Connection refused: /1.1.1.1:5269",
            "no connection in time",
            "link-local address, which policy forbids",
            "private address, which policy forbids",
            "empty.example: AAAA: no such record; A: no such record",
            "broken.example: AAAA: no answer within 3.0 s; A: SERVFAIL",
            "unknown.example: AAAA: no such name; A: no such name");
    assertThat(network.log()).containsExactly("1.1.1.1@0", "1.1.1.2@10");
  }

  @Test
  void theLookupsAreKept() {
    resolver.host("a.example.", "1.1.1.1");
    ConnectRace race = race("1/a.example:5269");
    var _ = race.begin();
    assertThat(race.lookups())
        .extracting(l -> l.name() + " " + l.type() + " " + l.answer().getClass().getSimpleName())
        .containsExactly("a.example. AAAA NoSuchRecord", "a.example. A Records");
  }

  @Test
  void oneFamilyThatCannotBeLookedUpDoesNotStopTheOther() {
    resolver.host("a.example.", "1.1.1.1").failing("a.example.", RecordType.AAAA, "SERVFAIL");
    network.accepts("1.1.1.1", 0);
    ConnectRace race = race("1/a.example:5269");
    assertThat(won(race.begin())).isEqualTo("a.example 1.1.1.1");
    assertThat(race.failures()).isEmpty();
  }

  @Test
  void anAddressInsideTheHouseIsConnectedToOnlyByPermission() {
    resolver.host("a.example.", "127.0.0.1", "10.0.0.1");
    ConnectRace race =
        race(Options.DEFAULT.withGuard(AddressGuard.LOOPBACK_TOO), "1/a.example:5269");
    var _ = race.begin();
    timers.advanceMillis(1000);
    assertThat(network.log()).containsExactly("127.0.0.1@0");
    assertThat(causes(race)).containsExactly("a.example 10.0.0.1 FORBIDDEN");
  }

  @Test
  void anIpv4MappedAddressOfAnAaaaRecordIsForbidden() throws UnknownHostException {
    byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 1, 1, 1, 1};
    resolver.answer(
        "a.example.",
        RecordType.AAAA,
        new DnsAnswer.Records(
            "a.example.",
            List.of(new DnsRecord.Address(Inet6Address.getByAddress(null, mapped, -1))),
            Duration.ofMinutes(1),
            List.of()));
    ConnectRace race = race("1/a.example:5269");
    var _ = race.begin();
    assertThat(race.failures()).extracting(ConnectFailure::cause).containsExactly(Cause.FORBIDDEN);
    assertThat(network.attempts).isEmpty();
  }

  @Test
  void aStaticRouteMayLeadIntoTheHouse() {
    resolver.host("inside.example.", "10.0.0.1");
    network.accepts("10.0.0.1", 0);
    Candidate override = new Candidate("inside.example", 5269, false, 0, 0, true);
    assertThat(
            won(
                ConnectRace.over(
                        List.of(override), resolver, network, timers, Options.DEFAULT, deadline)
                    .begin()))
        .isEqualTo("inside.example 10.0.0.1");
  }

  @Test
  @Clause("S2S-DNS-20")
  void anIpLiteralIsConnectedToWithoutAnyLookup() {
    network.accepts("2a00::1", 0);
    assertThat(won(race("1/2a00::1:5269").begin())).isEqualTo("2a00::1 2a00:0:0:0:0:0:0:1");
    network.accepts("1.1.1.1", 0);
    assertThat(won(race("1/1.1.1.1:5269").begin())).isEqualTo("1.1.1.1 1.1.1.1");
    assertThat(resolver.asked()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "300.1.1.1, NO_ADDRESS",
    "1::2::3, NO_ADDRESS",
    "192.168.0.1, FORBIDDEN",
    "::ffff:10.0.0.1, FORBIDDEN",
  })
  void anIpLiteralThatCannotBeUsedSaysWhy(String literal, Cause cause) {
    ConnectRace race = race("1/" + literal + ":5269");
    assertThat(won(race.begin())).isEqualTo("nobody");
    assertThat(race.failures()).extracting(ConnectFailure::cause).containsExactly(cause);
  }

  // ---- our own address

  @Test
  void aSourceAddressIsUsedAndLeavesOutTheOtherFamily() {
    resolver.host("a.example.", "2a00::1", "1.1.1.1");
    InetAddress source = InetAddress.ofLiteral("9.9.9.9");
    var _ =
        ConnectRace.over(
                candidates("1/a.example:5269"), resolver, network, timers, source, deadline)
            .begin();
    timers.advanceMillis(300);
    assertThat(resolver.asked()).containsExactly("a.example. A");
    assertThat(network.log()).containsExactly("1.1.1.1@0");
    assertThat(network.attempts.getFirst().source()).isEqualTo(source);
  }

  @Test
  void aSourceAddressOfEachFamilyIsUsedForItsFamily() {
    resolver.host("a.example.", "2a00::1", "1.1.1.1");
    List<InetAddress> sources =
        List.of(InetAddress.ofLiteral("9.9.9.9"), InetAddress.ofLiteral("2a00::9"));
    var _ = race(Options.DEFAULT.withSources(sources), "1/a.example:5269").begin();
    timers.advanceMillis(300);
    assertThat(network.attempts)
        .extracting(FakeNetwork.Attempt::source)
        .containsExactly(sources.get(1), sources.get(0));
  }

  @Test
  void withoutASourceTheSystemChooses() {
    resolver.host("a.example.", "1.1.1.1");
    var _ = race("1/a.example:5269").begin();
    assertThat(network.attempts.getFirst().source()).isNull();
  }

  @Test
  void aLiteralOfAFamilyWithoutSourceIsNotTried() {
    ConnectRace race =
        race(
            Options.DEFAULT.withSources(List.of(InetAddress.ofLiteral("9.9.9.9"))),
            "1/2a00::1:5269");
    assertThat(won(race.begin())).isEqualTo("nobody");
    assertThat(causes(race)).containsExactly("2a00::1 NO_ADDRESS");
  }

  // ---- bounds

  @Test
  void ofOneHostAndFamilyEightAddressesAreLookedAt() {
    resolver.host(
        "a.example.",
        IntStream.range(0, 500)
            .mapToObj(i -> "1.1." + i / 250 + "." + i % 250)
            .toArray(String[]::new));
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(60_000);
    assertThat(network.attempts).hasSize(8);
  }

  @Test
  void theSameAddressTwiceIsTriedOnce() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.1");
    var _ = race("1/a.example:5269").begin();
    timers.advanceMillis(60_000);
    assertThat(network.attempts).hasSize(1);
  }

  @Test
  void noMoreAttemptsAreMadeThanAllowedAndTheRestIsSaidToBeUntried() {
    Options three =
        new Options(
            AddressGuard.PUBLIC_ONLY,
            List.of(),
            Duration.ofMillis(50),
            Duration.ofMillis(250),
            Duration.ofSeconds(10),
            3);
    resolver
        .host("a.example.", "1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4")
        .host("b.example.", "1.1.2.1");
    for (int i = 1; i <= 4; i++) {
      network.refuses("1.1.1." + i, 0);
    }
    ConnectRace race = race(three, "1/a.example:5269", "2/b.example:5269");
    CompletableFuture<Optional<Connected>> result = race.begin();
    timers.advanceMillis(1000);
    assertThat(won(result)).isEqualTo("nobody");
    assertThat(network.attempts).hasSize(3);
    assertThat(causes(race))
        .endsWith("a.example 1.1.1.4 NOT_TRIED", "b.example NOT_TRIED")
        .hasSize(5);
    assertThat(resolver.asked()).hasSize(2);
  }

  // ---- time and end

  @Test
  void theDeadlineEndsTheWaitAndTheAttemptsAndTheyAreRemembered() throws InterruptedException {
    resolver.host("a.example.", "1.1.1.1");
    Deadline shorter = deadline.share(Duration.ofSeconds(3));
    ConnectRace race =
        ConnectRace.over(
            candidates("1/a.example:5269"), resolver, network, timers, Options.DEFAULT, shorter);
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread waiting = Thread.startVirtualThread(() -> thrown.complete(catchThrowable(race::next)));
    awaitParked(waiting);
    timers.advance(Duration.ofSeconds(3));
    assertThat(thrown.join())
        .isInstanceOfSatisfying(
            OutOfTimeException.class, e -> assertThat(e.step()).isEqualTo("connect"));
    assertThat(race.failures())
        .extracting(ConnectFailure::detail)
        .containsExactly("still connecting when all time was used up");
    assertThat(network.attempts.getFirst().future()).isCancelled();
    assertThat(timers.arranged()).as("but the whole deadline").isEqualTo(1);
  }

  @Test
  void anInterruptionEndsTheWaitAndTheAttempts() throws InterruptedException {
    resolver.host("a.example.", "1.1.1.1");
    ConnectRace race = race("1/a.example:5269");
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread waiting = Thread.startVirtualThread(() -> thrown.complete(catchThrowable(race::next)));
    awaitParked(waiting);
    waiting.interrupt();
    assertThat(thrown.join()).isInstanceOf(InterruptedIOException.class);
    assertThat(race.failures()).isEmpty();
    assertThat(network.attempts.getFirst().future()).isCancelled();
  }

  @Test
  void nextGivesTheWinnerAndThenNull() throws IOException {
    network.accepts("1.1.1.1", 0);
    ConnectRace race = race("1/1.1.1.1:5269");
    assertThat(race.next()).isNotNull();
    assertThat(race.next()).isNull();
    assertThat(deadline.step()).isEqualTo("connect");
  }

  @Test
  void aClosedRaceGivesUpItsAttemptsAndWakesWhoWaits() {
    resolver.host("a.example.", "1.1.1.1", "1.1.1.2");
    ConnectRace race = race("1/a.example:5269");
    CompletableFuture<Optional<Connected>> result = race.begin();
    timers.advanceMillis(250);
    race.close();
    assertThat(won(result)).isEqualTo("nobody");
    assertThat(network.attempts).hasSize(2).allMatch(a -> a.future().isCancelled());
    assertThat(timers.arranged()).as("but the deadline").isEqualTo(1);
    assertThatThrownBy(race::next).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void answersAfterTheEndChangeNothing() {
    resolver.host("a.example.", "1.1.1.1").late("a.example.", RecordType.A, 500);
    ConnectRace race = race("1/a.example:5269");
    var _ = race.begin();
    race.close();
    timers.advanceMillis(1000);
    assertThat(network.attempts).isEmpty();
  }

  @Test
  void aFaultOfTheNetworkIsThrownAndNotWaitedOut() {
    Network faulty =
        new FakeNetwork(timers) {
          @Override
          public CompletableFuture<Transport> connect(InetSocketAddress to, InetAddress source) {
            throw new IllegalStateException("network closed");
          }
        };
    resolver.host("a.example.", "1.1.1.1");
    ConnectRace race =
        ConnectRace.over(
            candidates("1/a.example:5269"), resolver, faulty, timers, Options.DEFAULT, deadline);
    assertThatThrownBy(race::next).hasMessage("network closed");
    assertThatThrownBy(race::next).hasMessage("network closed");
  }

  @Test
  void withoutCandidatesThereIsNobody() {
    assertThat(won(race().begin())).isEqualTo("nobody");
  }

  private static void awaitParked(Thread thread) throws InterruptedException {
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
  }
}
