package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.discovery.Delegation.Failed;
import im.comity.discovery.Delegation.Found;
import im.comity.discovery.Delegation.Refused;
import im.comity.discovery.Discovery.Options;
import im.comity.discovery.Discovery.Preference;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.policy.StaticRoute;
import im.comity.testkit.Clause;
import im.comity.transport.Deadline;
import im.comity.transport.OutOfTimeException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DiscoveryTest {
  private static final String STARTTLS = "_xmpp-server._tcp.south.example.";
  private static final String DIRECT = "_xmpps-server._tcp.south.example.";

  private final ManualTimers timers = new ManualTimers();
  private final FakeResolver resolver = new FakeResolver(timers);

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }

  private Delegation delegation(Options options, String target) {
    return new Discovery(resolver, new Random(1), options).delegationOf(domain(target), null);
  }

  private Delegation delegation() {
    return delegation(Options.DEFAULT, "south.example");
  }

  private Found found() {
    assertThat(delegation()).isInstanceOf(Found.class);
    return (Found) delegation();
  }

  private static List<String> places(Delegation delegation) {
    assertThat(delegation).isInstanceOf(Found.class);
    return ((Found) delegation)
        .candidates().stream()
            .map(c -> c.host() + ":" + c.port() + (c.directTls() ? " direct" : ""))
            .toList();
  }

  /** What one service's look-up may bring, and what the two together lead to. */
  @ParameterizedTest(name = "xmpp-server {0}, xmpps-server {1}: {2}")
  @CsvSource({
    "records, records, Found s.example:5269 d.example:5270 direct",
    "records, none,    Found s.example:5269",
    "records, dot,     Found s.example:5269",
    "records, failed,  Found s.example:5269",
    "none,    records, Found d.example:5270 direct",
    "none,    none,    Fallback south.example:5269",
    "none,    dot,     Refused",
    "none,    failed,  Failed",
    "dot,     records, Found d.example:5270 direct",
    "dot,     none,    Refused",
    "dot,     dot,     Refused",
    "dot,     failed,  Failed",
    "failed,  records, Found d.example:5270 direct",
    "failed,  none,    Failed",
    "failed,  dot,     Failed",
    "failed,  failed,  Failed",
  })
  @Clause({
    "S2S-DNS-02",
    "S2S-DNS-09",
    "S2S-DNS-10",
    "S2S-DNS-11",
    "S2S-DNS-16",
    "S2S-DNS-17",
    "S2S-DNS-18",
    "DNA-S2S-14",
    "DNA-DNS-02",
    "DNA-DANE-32",
  })
  void bothServicesTogetherDecide(String startTls, String directTls, String expected) {
    script(STARTTLS, startTls, "10 0 5269 s.example");
    script(DIRECT, directTls, "20 0 5270 d.example");
    Delegation delegation = delegation();
    String actual =
        switch (delegation) {
          case Found found ->
              (found.fallback() ? "Fallback " : "Found ") + String.join(" ", places(found));
          case Refused _ -> "Refused";
          case Failed _ -> "Failed";
        };
    assertThat(actual).isEqualTo(expected);
    assertThat(resolver.asked()).containsExactly(STARTTLS + " SRV", DIRECT + " SRV");
  }

  private void script(String name, String kind, String record) {
    switch (kind) {
      case "records" -> resolver.srv(name, record);
      case "none" -> resolver.answer(name, RecordType.SRV, new NoSuchRecord(false, Duration.ZERO));
      case "dot" -> resolver.srv(name, "0 0 5269 .");
      case "failed" -> resolver.failing(name, RecordType.SRV, "SERVFAIL (DNSSEC Bogus)");
      default -> throw new AssertionError(kind);
    }
  }

  @Test
  @Clause({"S2S-DNS-01", "S2S-DNS-14"})
  void bothServicesAreAskedForAtOnceByAbsoluteNames() {
    resolver.late(STARTTLS, RecordType.SRV, 100).late(DIRECT, RecordType.SRV, 100);
    CompletableFuture<Delegation> delegation =
        new Discovery(resolver, new Random(1), Options.DEFAULT).find(domain("south.example"), null);
    assertThat(resolver.asked())
        .containsExactly(
            "_xmpp-server._tcp.south.example. SRV", "_xmpps-server._tcp.south.example. SRV");
    assertThat(delegation).isNotDone();
    timers.advanceMillis(100);
    assertThat(delegation).isDone();
  }

  @Test
  @Clause({"S2S-DNS-14", "S2S-DNS-03"})
  void bothServicesAreMergedBeforeTheyAreSortedByPriority() {
    resolver.srv(STARTTLS, "30 0 5269 c.example", "10 0 5269 a.example");
    resolver.srv(DIRECT, "40 0 5270 d.example", "20 0 5270 b.example");
    assertThat(places(delegation()))
        .containsExactly(
            "a.example:5269", "b.example:5270 direct", "c.example:5269", "d.example:5270 direct");
  }

  @Test
  @Clause("S2S-DNS-14")
  void theWeightsOfBothServicesAreDrawnTogether() {
    resolver.srv(STARTTLS, "10 1 5269 a.example");
    resolver.srv(DIRECT, "10 65535 5270 b.example");
    assertThat(places(delegation()).getFirst()).isEqualTo("b.example:5270 direct");
    resolver.srv(STARTTLS, "10 65535 5269 a.example");
    resolver.srv(DIRECT, "10 1 5270 b.example");
    assertThat(places(delegation()).getFirst()).isEqualTo("a.example:5269");
  }

  @Test
  @Clause("S2S-DNS-15")
  void aPreferenceTurnsTheOrderWithinAPriorityGroupOnly() {
    resolver.srv(STARTTLS, "10 65535 5269 a.example", "30 0 5269 c.example");
    resolver.srv(DIRECT, "10 0 5270 b.example", "20 0 5270 d.example");
    assertThat(places(delegation(new Options(Preference.DIRECT_TLS, false, 64), "south.example")))
        .containsExactly(
            "b.example:5270 direct", "a.example:5269", "d.example:5270 direct", "c.example:5269");
    resolver.srv(STARTTLS, "10 0 5269 a.example", "30 0 5269 c.example");
    resolver.srv(DIRECT, "10 65535 5270 b.example", "20 0 5270 d.example");
    assertThat(places(delegation(new Options(Preference.STARTTLS, false, 64), "south.example")))
        .containsExactly(
            "a.example:5269", "b.example:5270 direct", "d.example:5270 direct", "c.example:5269");
  }

  @Test
  void aPreferenceKeepsTheDrawAmongTheSameKind() {
    resolver.srv(STARTTLS, "10 1 5269 a.example", "10 60000 5269 b.example");
    resolver.srv(DIRECT, "10 1 5270 c.example");
    assertThat(places(delegation(new Options(Preference.DIRECT_TLS, false, 64), "south.example")))
        .containsExactly("c.example:5270 direct", "b.example:5269", "a.example:5269");
  }

  @Test
  @Clause("S2S-DNS-05")
  void everyRecordOfAnAnswerIsACandidate() {
    String[] records =
        IntStream.range(0, 40)
            .mapToObj(i -> i + " 0 5269 h" + i + ".example")
            .toArray(String[]::new);
    resolver.srv(STARTTLS, records);
    assertThat(places(delegation()))
        .isEqualTo(IntStream.range(0, 40).mapToObj(i -> "h" + i + ".example:5269").toList());
  }

  @Test
  void noMoreCandidatesAreKeptThanAllowedAndTheyAreTheFirstOfTheOrder() {
    String[] records =
        IntStream.range(0, 2000)
            .mapToObj(i -> (2000 - i) + " 0 5269 h" + i + ".example")
            .toArray(String[]::new);
    resolver.srv(STARTTLS, records);
    assertThat(places(delegation(new Options(Preference.NONE, false, 3), "south.example")))
        .containsExactly("h1999.example:5269", "h1998.example:5269", "h1997.example:5269");
    assertThat(found().candidates()).hasSize(64);
  }

  @Test
  void theSameRecordTwiceIsOneCandidate() {
    resolver.srv(STARTTLS, "10 5 5269 a.example", "10 5 5269 a.example");
    assertThat(places(delegation())).containsExactly("a.example:5269");
  }

  @Test
  void aDotBesideRealTargetsIsPassedOver() {
    resolver.srv(STARTTLS, "0 0 0 .", "10 0 5269 a.example");
    assertThat(places(delegation())).containsExactly("a.example:5269");
  }

  @Test
  @Clause("S2S-DNS-09")
  void recordsThatCannotBeUsedAreRecordsAllTheSame() {
    resolver.srv(STARTTLS, "10 0 0 a.example");
    assertThat(delegation())
        .isInstanceOfSatisfying(
            Refused.class,
            r -> assertThat(r.reason()).isEqualTo(STARTTLS + " SRV: no record has a port"));
  }

  @Test
  @Clause("S2S-DNS-11")
  void aFailureNamesTheQuestionAndTheCause() {
    resolver.failing(DIRECT, RecordType.SRV, "SERVFAIL (DNSSEC Bogus)");
    assertThat(delegation())
        .isInstanceOfSatisfying(
            Failed.class,
            f -> assertThat(f.reason()).isEqualTo(DIRECT + " SRV: SERVFAIL (DNSSEC Bogus)"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"records", "none", "dot", "failed"})
  void theLookupsAreKeptWhateverCameOfThem(String kind) {
    script(STARTTLS, kind, "10 0 5269 s.example");
    resolver.answer(DIRECT, RecordType.SRV, new NoSuchRecord(true, Duration.ofSeconds(7)));
    assertThat(delegation().lookups()).extracting(Lookup::name).containsExactly(STARTTLS, DIRECT);
    assertThat(delegation().lookups().get(1))
        .isEqualTo(
            new Lookup(DIRECT, RecordType.SRV, new NoSuchRecord(true, Duration.ofSeconds(7))));
  }

  @Test
  void whatIsFoundSaysForWhomAndThatItIsNeitherOverrideNorFallback() {
    resolver.srv(STARTTLS, "10 7 5269 a.example");
    assertThat(found().source()).isEqualTo(domain("south.example"));
    assertThat(found().override()).isFalse();
    assertThat(found().fallback()).isFalse();
    assertThat(found().candidates())
        .containsExactly(new Candidate("a.example", 5269, false, 10, 7, false));
  }

  @Test
  @Clause("S2S-DNS-12")
  void aStaticRouteReplacesEveryLookup() {
    StaticRoute route = new StaticRoute("*.example", "Edge.north.example.", 5299, true, null);
    Delegation delegation =
        new Discovery(resolver, new Random(1), Options.DEFAULT)
            .delegationOf(domain("south.example"), route);
    assertThat(delegation)
        .isEqualTo(
            new Found(
                domain("south.example"),
                List.of(new Candidate("Edge.north.example", 5299, true, 0, 0, true)),
                List.of(),
                true,
                false));
    assertThat(resolver.asked()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "[2001:db8::1], 2001:db8::1",
    "2001:db8::1, 2001:db8::1",
    "192.0.2.1, 192.0.2.1",
    "bücher.example, xn--bcher-kva.example",
    "xmpp_server, xmpp_server",
  })
  void aStaticRouteMayNameAHostInAnyUsualWay(String host, String expected) {
    StaticRoute route = new StaticRoute("*", host, 5269, false, null);
    assertThat(
            places(
                new Discovery(resolver, new Random(1), Options.DEFAULT)
                    .delegationOf(domain("[2001:db8::2]"), route)))
        .containsExactly(expected + ":5269");
  }

  @Test
  void aStaticRouteToAHostThatCannotBeANameIsRefusedWithItsPattern() {
    StaticRoute route = new StaticRoute("*.example", "b ü.example", 5269, false, null);
    assertThat(
            new Discovery(resolver, new Random(1), Options.DEFAULT)
                .delegationOf(domain("south.example"), route))
        .isInstanceOfSatisfying(
            Refused.class, r -> assertThat(r.reason()).startsWith("static route *.example: "));
  }

  @Test
  @Clause("S2S-DNS-13")
  void aSubdomainIsLookedUpUnderItsOwnNameAndNeverInheritsItsParentsRecords() {
    resolver.srv(STARTTLS, "10 0 5269 im.south.example");
    assertThat(places(delegation(Options.DEFAULT, "chat.south.example")))
        .containsExactly("chat.south.example:5269");
    assertThat(resolver.asked())
        .containsExactly(
            "_xmpp-server._tcp.chat.south.example. SRV",
            "_xmpps-server._tcp.chat.south.example. SRV");
  }

  @Test
  @Clause({"S2S-DNS-19", "DNA-DNS-14"})
  void aLabelsAreAskedForAlsoByTheFallback() {
    assertThat(places(delegation(Options.DEFAULT, "bücher.example")))
        .containsExactly("xn--bcher-kva.example:5269");
    assertThat(resolver.asked())
        .containsExactly(
            "_xmpp-server._tcp.xn--bcher-kva.example. SRV",
            "_xmpps-server._tcp.xn--bcher-kva.example. SRV");
  }

  @ParameterizedTest
  @CsvSource({"[2001:db8::1], 2001:db8::1:5269", "192.0.2.1, 192.0.2.1:5269"})
  @Clause("S2S-DNS-20")
  void anIpLiteralIsRefusedUnlessPolicyAllowsItAndNeverLookedUp(String target, String place) {
    assertThat(delegation(Options.DEFAULT, target)).isInstanceOf(Refused.class);
    assertThat(places(delegation(new Options(Preference.NONE, true, 64), target)))
        .containsExactly(place);
    assertThat(resolver.asked()).isEmpty();
  }

  @Test
  void aResolverThatBreaksItsPromiseIsAFailedLookup() {
    Resolver broken = (_, _) -> CompletableFuture.failedFuture(new IllegalStateException("oops"));
    assertThat(
            new Discovery(broken, new Random(1), Options.DEFAULT)
                .delegationOf(domain("south.example"), null))
        .isInstanceOfSatisfying(Failed.class, f -> assertThat(f.reason()).contains("oops"));
  }

  @Test
  void theDeadlineEndsTheWaitAndNamesThePhase() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(2);
    Resolver silent =
        (_, _) -> {
          asked.countDown();
          return new CompletableFuture<>();
        };
    Deadline deadline = Deadline.start(timers, Duration.ofMillis(100));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread.startVirtualThread(
        () ->
            thrown.complete(
                catchThrowable(
                    () ->
                        new Discovery(silent, new Random(1), Options.DEFAULT)
                            .delegationOf(domain("south.example"), null, deadline))));
    asked.await();
    timers.advanceMillis(100);
    assertThat(thrown.join())
        .isInstanceOfSatisfying(
            OutOfTimeException.class, e -> assertThat(e.step()).isEqualTo("look-up"));
  }
}
