package im.comity.testkit.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ZoneSetTest {
  private static final String RECORDS =
      """
      @ A 127.0.0.1
      _xmpp-server._tcp SRV 5 0 5269 s1.orchard.example.
      s1 A 127.0.0.1
      s1 AAAA ::1
      _5269._tcp.s1 TLSA 3 1 1 %s
      text TXT "one" "two"
      alias CNAME s1
      away CNAME s1.orchard.example.
      dangling CNAME nothing.orchard.example.
      *.wild A 127.0.0.7
      *.wildalias CNAME s1
      old DNAME wild
      deep.empty.between A 127.0.0.1
      """
          .formatted("ab".repeat(32));

  private static final TestZone ORCHARD =
      TestZone.of("orchard.example", "s1 A 127.0.0.2\n_5269._tcp.s1 TLSA 3 1 1 " + "cd".repeat(32))
          .sign();

  private static TestDnsServer serve(TestZone... zones) {
    return TestDnsServer.start(ZoneSet.of(Validator.CLOCK, zones));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nsec", "nsec3", "nsec3 iterations=5 salt=aabbcc", "nsec3 opt-out"})
  void aSignedZoneValidatesForEveryKindOfAnswer(String how) throws Exception {
    ZoneSet zones =
        ZoneSet.parse(
            Validator.CLOCK,
            "$ZONE gamma.example "
                + how
                + "\n"
                + RECORDS
                + "$ZONE orchard.example "
                + how
                + "\n"
                + "s1 A 127.0.0.2\n");
    try (TestDnsServer server = TestDnsServer.start(zones)) {
      Validator validator = Validator.of(server);
      String absent = how.endsWith("opt-out") ? "insecure" : "secure";
      assertThat(validator.verdict("gamma.example.", "A")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("_xmpp-server._tcp.gamma.example.", "SRV"))
          .isEqualTo("secure NOERROR");
      assertThat(validator.verdict("_5269._tcp.s1.gamma.example.", "TLSA"))
          .isEqualTo("secure NOERROR");
      assertThat(validator.verdict("S1.Gamma.Example.", "A")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("alias.gamma.example.", "AAAA")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("away.gamma.example.", "A")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("a.b.wild.gamma.example.", "A")).isEqualTo(absent + " NOERROR");
      assertThat(validator.verdict("x.wildalias.gamma.example.", "A"))
          .isEqualTo(absent + " NOERROR");
      assertThat(validator.verdict("x.old.gamma.example.", "A")).isEqualTo(absent + " NOERROR");
      assertThat(validator.verdict("s1.gamma.example.", "TLSA")).isEqualTo("secure NODATA");
      assertThat(validator.verdict("empty.between.gamma.example.", "A")).isEqualTo("secure NODATA");
      assertThat(validator.verdict("x.wild.gamma.example.", "AAAA")).isEqualTo(absent + " NODATA");
      assertThat(validator.verdict("nothing.gamma.example.", "A")).isEqualTo(absent + " NXDOMAIN");
      assertThat(validator.verdict("a.b.c.nothing.gamma.example.", "SRV"))
          .isEqualTo(absent + " NXDOMAIN");
      assertThat(validator.verdict("dangling.gamma.example.", "A")).isEqualTo(absent + " NXDOMAIN");
      assertThat(validator.verdict("unheard-of.", "A")).isEqualTo("secure NXDOMAIN");
      assertThat(validator.verdict("gamma.example.", "DNSKEY")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("gamma.example.", "DS")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void bothFormsOfTheAnchorAreUnderstood() throws Exception {
    try (TestDnsServer server = serve(ORCHARD)) {
      String keys = server.zones().anchorDnskey();
      assertThat(keys).startsWith(".").contains("DNSKEY").hasLineCount(1);
      assertThat(server.zones().anchorDs()).startsWith(".").contains("DS").hasLineCount(1);
      Validator validator = Validator.of(server, keys, Validator.CLOCK);
      assertThat(validator.verdict("s1.orchard.example.", "A")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void theAnchorOfAnotherSetDoesNotValidate() throws Exception {
    try (TestDnsServer server = serve(ORCHARD)) {
      String other = ZoneSet.of(Validator.CLOCK, ORCHARD).anchorDs();
      Validator validator = Validator.of(server, other, Validator.CLOCK);
      assertThat(validator.verdict("s1.orchard.example.", "A")).startsWith("bogus");
    }
  }

  @Test
  void anUnsignedSetHasNoAnchor() {
    ZoneSet zones = ZoneSet.of(Validator.CLOCK, TestZone.of("gamma.example", ""));
    assertThat(zones.anchorDs()).isEmpty();
    assertThat(zones.anchorDnskey()).isEmpty();
  }

  @Test
  void aSignedZoneBelowAnUnsignedOneIsAnAnchorOfItsOwn() {
    ZoneSet zones =
        ZoneSet.of(
            Validator.CLOCK,
            TestZone.of(".", ""),
            TestZone.of("example", ""),
            ORCHARD,
            TestZone.of("sub.orchard.example", "").sign());
    assertThat(zones.anchorDs()).startsWith("orchard.example.").hasLineCount(1);
  }

  /** What a validator makes of a record that exists, of a type that does not, and of a name. */
  @ParameterizedTest
  @CsvSource({
    // defect, positive, no such type, no such name
    "UNSIGNED, insecure NOERROR, insecure NODATA, insecure NXDOMAIN",
    "STRIPPED, bogus 9, bogus 9, bogus 9",
    "TAMPERED_RRSIG, bogus 6, bogus 6, bogus 6",
    "TAMPERED_RECORD, bogus 6, secure NODATA, secure NXDOMAIN",
    "EXPIRED_RRSIG, bogus 6, bogus 6, bogus 6",
    "NOT_YET_VALID_RRSIG, bogus 6, bogus 6, bogus 6",
    "MISSING_RRSIG, bogus 10, bogus 10, bogus 10",
    "MISSING_NSEC, secure NOERROR, bogus 12, bogus 6",
    "OPT_OUT, secure NOERROR, secure NODATA, insecure NXDOMAIN",
    "HIGH_ITERATIONS, secure NOERROR, bogus 6, insecure NXDOMAIN",
    "UNSUPPORTED_ALGORITHM, insecure NOERROR, insecure NODATA, insecure NXDOMAIN",
    "UNSUPPORTED_DIGEST, insecure NOERROR, insecure NODATA, insecure NXDOMAIN",
    "MISMATCHED_DS, bogus 9, bogus 9, bogus 9",
    "SERVFAIL, bogus 6, bogus 6, bogus 6",
  })
  void eachDefectHasItsOutcome(
      ZoneDefect defect, String positive, String noSuchType, String noSuchName) throws Exception {
    TestZone zone = TestZone.of("gamma.example", RECORDS).sign().broken(defect);
    try (TestDnsServer server = serve(zone, ORCHARD)) {
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("s1.gamma.example.", "A")).isEqualTo(positive);
      assertThat(validator.verdict("s1.gamma.example.", "TLSA")).isEqualTo(noSuchType);
      assertThat(validator.verdict("nothing.gamma.example.", "A")).isEqualTo(noSuchName);
      // The neighbour is not touched.
      assertThat(validator.verdict("s1.orchard.example.", "A")).isEqualTo("secure NOERROR");
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyDefectIsCoveredByTheseTests(ZoneDefect defect) throws Exception {
    CsvSource table =
        getClass()
            .getDeclaredMethod(
                "eachDefectHasItsOutcome",
                ZoneDefect.class,
                String.class,
                String.class,
                String.class)
            .getAnnotation(CsvSource.class);
    assertThat(Set.of(table.value()))
        .anyMatch(row -> row.startsWith(defect + ",") || defect == ZoneDefect.SILENT);
  }

  @Test
  void aDefectStrikesOnlyWhereItIsToldTo() throws Exception {
    TestZone zone =
        TestZone.of("gamma.example", RECORDS)
            .broken(ZoneDefect.TAMPERED_RRSIG, "s1")
            .broken(ZoneDefect.EXPIRED_RRSIG, "text.gamma.example.")
            .broken(ZoneDefect.MISSING_RRSIG, "@")
            .broken(ZoneDefect.MISSING_NSEC, "nothing")
            .broken(ZoneDefect.SERVFAIL, "alias", "away");
    try (TestDnsServer server = serve(zone, ORCHARD)) {
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("s1.gamma.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("text.gamma.example.", "TXT")).startsWith("bogus");
      assertThat(validator.verdict("nothing.gamma.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("alias.gamma.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("away.gamma.example.", "A")).startsWith("bogus");
      // The origin was named, so its keys are struck too and nothing else can be proved.
      assertThat(validator.verdict("_5269._tcp.s1.gamma.example.", "TLSA")).startsWith("bogus");
      server.serve(server.zones().with(TestZone.of("gamma.example", RECORDS).sign()));
      Validator again = Validator.of(server);
      assertThat(again.verdict("_5269._tcp.s1.gamma.example.", "TLSA")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void aDefectWithoutNamesStaysEverywhereWhenNamesAreAdded() throws Exception {
    TestZone zone =
        TestZone.of("gamma.example", RECORDS)
            .broken(ZoneDefect.TAMPERED_RRSIG)
            .broken(ZoneDefect.TAMPERED_RRSIG, "s1");
    try (TestDnsServer server = serve(zone)) {
      assertThat(Validator.of(server).verdict("text.gamma.example.", "TXT")).startsWith("bogus");
    }
  }

  @Test
  void aTamperedSignatureLeavesTheDataAndATamperedRecordDoesNot() {
    TestZone zone = TestZone.of("gamma.example", RECORDS).sign();
    String good = ZoneSet.of(Validator.CLOCK, zone).masterFile("gamma.example");
    String signature =
        ZoneSet.of(Validator.CLOCK, zone.broken(ZoneDefect.TAMPERED_RRSIG))
            .masterFile("gamma.example");
    String record =
        ZoneSet.of(Validator.CLOCK, zone.broken(ZoneDefect.TAMPERED_RECORD))
            .masterFile("gamma.example");
    assertThat(good).contains("SRV\t5 0 5269 s1.orchard.example.").contains("127.0.0.1\n");
    assertThat(signature).contains("SRV\t5 0 5269 s1.orchard.example.").contains("127.0.0.1\n");
    assertThat(record)
        .contains("SRV\t5 0 5271 s1.orchard.example.")
        .contains("127.0.0.3\n")
        .contains("CNAME\ttampered.s1.gamma.example.")
        .contains("TLSA\t3 1 1 " + "AB".repeat(31) + "A9")
        .doesNotContain("127.0.0.1\n");
  }

  @Test
  void signaturesLastAsLongAsTold() throws Exception {
    TestZone zone =
        TestZone.of("gamma.example", RECORDS).sign().signatureLife(Duration.ofMinutes(5));
    try (TestDnsServer server = serve(zone)) {
      String anchor = server.zones().anchorDs();
      Clock before = Clock.offset(Validator.CLOCK, Duration.ofMinutes(4));
      Clock after = Clock.offset(Validator.CLOCK, Duration.ofMinutes(6));
      assertThat(Validator.of(server, anchor, before).verdict("s1.gamma.example.", "A"))
          .isEqualTo("secure NOERROR");
      assertThat(Validator.of(server, anchor, after).verdict("s1.gamma.example.", "A"))
          .startsWith("bogus");
    }
  }

  @Test
  void signingAnewKeepsTheAnchorAndRenewsTheSignatures() throws Exception {
    MovedClock clock = new MovedClock();
    ZoneSet zones = ZoneSet.of(clock, TestZone.of("gamma.example", RECORDS).sign());
    clock.now = Validator.NOW.plus(Duration.ofDays(60));
    try (TestDnsServer server = TestDnsServer.start(zones)) {
      Clock later = Clock.fixed(clock.now, ZoneOffset.UTC);
      String anchor = zones.anchorDs();
      assertThat(Validator.of(server, anchor, later).verdict("s1.gamma.example.", "A"))
          .startsWith("bogus");
      server.serve(zones.with());
      assertThat(server.zones().anchorDs()).isEqualTo(anchor);
      assertThat(Validator.of(server, anchor, later).verdict("s1.gamma.example.", "A"))
          .isEqualTo("secure NOERROR");
    }
  }

  @Test
  void onlyTheTimeIsWrongWithExpiredAndWithEarlySignatures() throws Exception {
    TestZone zone = TestZone.of("gamma.example", "s1 A 127.0.0.1");
    String expired =
        ZoneSet.of(Validator.CLOCK, zone.broken(ZoneDefect.EXPIRED_RRSIG))
            .masterFile("gamma.example");
    assertThat(expired)
        .contains("RRSIG\tA 13 3 300 20261118120000 20261019120000")
        .contains("RRSIG\tDNSKEY 13 2 300 20261220120000 20261120110000");
    try (TestDnsServer server = serve(zone.broken(ZoneDefect.NOT_YET_VALID_RRSIG))) {
      Clock later = Clock.offset(Validator.CLOCK, Duration.ofDays(2));
      Validator right = Validator.of(server, server.zones().anchorDs(), later);
      assertThat(right.verdict("s1.gamma.example.", "A")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void aChildVouchedForByAnUnsignedParentIsInsecure() throws Exception {
    try (TestDnsServer server =
        serve(
            TestZone.of(".", "").sign(),
            TestZone.of("example", "").broken(ZoneDefect.UNSIGNED),
            ORCHARD)) {
      assertThat(
              Validator.of(
                      server, server.zones().anchorDs().lines().findFirst().get(), Validator.CLOCK)
                  .verdict("s1.orchard.example.", "A"))
          .isEqualTo("insecure NOERROR");
    }
  }

  @Test
  void anUnsignedMiddleLinkMakesAChainOfAliasesInsecure() throws Exception {
    try (TestDnsServer server =
        serve(
            TestZone.of("gamma.example", "www CNAME www.middle.example.").sign(),
            TestZone.of("middle.example", "www CNAME s1.orchard.example."),
            ORCHARD)) {
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("www.gamma.example.", "A")).isEqualTo("insecure NOERROR");
      assertThat(validator.data("www.gamma.example.", "A")).containsExactly("127.0.0.2");
    }
  }

  @Test
  void anOptOutParentProvesNothingOfItsUnsignedChildren() throws Exception {
    try (TestDnsServer server =
        serve(
            TestZone.of("example", "").sign(new Denial.Nsec3(1, true, "")),
            TestZone.of("gamma.example", "@ A 127.0.0.1"),
            ORCHARD)) {
      assertThat(server.zones().masterFile("example")).contains("NSEC3\t1 1 1 -");
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("gamma.example.", "A")).isEqualTo("insecure NOERROR");
      assertThat(validator.verdict("gamma.example.", "DS")).isEqualTo("insecure NODATA");
      assertThat(validator.verdict("s1.orchard.example.", "A")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void atADelegationTheDsIsSignedAndTheNsIsNot() {
    String parent =
        ZoneSet.of(Validator.CLOCK, TestZone.of("example", "").sign(), ORCHARD)
            .masterFile("example");
    assertThat(parent)
        .containsPattern("orchard\\.example\\.\\s.*RRSIG\tDS ")
        .containsPattern("orchard\\.example\\.\\s.*RRSIG\tNSEC ")
        .doesNotContainPattern("orchard\\.example\\.\\s.*RRSIG\tNS ");
  }

  @Test
  void aLoopOfAliasesIsAServerFailure() throws Exception {
    try (TestDnsServer server =
        serve(TestZone.of("gamma.example", "a CNAME b\nb CNAME a\n").sign())) {
      assertThat(Validator.of(server).verdict("a.gamma.example.", "A")).startsWith("bogus");
    }
  }

  @Test
  void aDelegationToNobodyIsAServerFailureButItsDsIsProvedAbsent() throws Exception {
    try (TestDnsServer server =
        serve(TestZone.of("gamma.example", "lost NS ns.lost\nns.lost A 127.0.0.9").sign())) {
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("lost.gamma.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("ns.lost.gamma.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("lost.gamma.example.", "DS")).isEqualTo("secure NODATA");
    }
  }

  @Test
  void aTextNamesSeveralZonesWithTheirStates() throws Exception {
    ZoneSet zones =
        ZoneSet.parse(
            Validator.CLOCK,
            """
            ; the world in small
            $ZONE gamma.example signed life=PT1H ; a comment
            @ A 127.0.0.1
            www 600 A 127.0.0.1
            $zone orchard.example. nsec3 iterations=3 salt=ab opt-out
            s1 A 127.0.0.2
            $ZONE poor.example
            @ A 127.0.0.3
            $ZONE sick.example expired-rrsig@s1 tampered-rrsig@s2 tampered-rrsig@s3.sick.example.
            s1 A 127.0.0.1
            s2 A 127.0.0.1
            s3 A 127.0.0.1
            s4 A 127.0.0.1
            """);
    assertThat(zones.origins())
        .containsExactly(
            ".", "gamma.example.", "orchard.example.", "poor.example.", "sick.example.");
    assertThat(zones.masterFile("orchard.example")).contains("NSEC3PARAM\t1 0 3 AB");
    try (TestDnsServer server = TestDnsServer.start(zones)) {
      Validator validator = Validator.of(server);
      assertThat(validator.verdict("www.gamma.example.", "A")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("s1.orchard.example.", "A")).isEqualTo("secure NOERROR");
      assertThat(validator.verdict("poor.example.", "A")).isEqualTo("insecure NOERROR");
      assertThat(validator.verdict("s1.sick.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("s2.sick.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("s3.sick.example.", "A")).startsWith("bogus");
      assertThat(validator.verdict("s4.sick.example.", "A")).isEqualTo("secure NOERROR");
    }
  }

  @Test
  void aPlainMasterFileIsAZoneNamedByItsSoa() {
    TestZone zone =
        TestZone.parse(
                """
                $ORIGIN gamma.example.
                $TTL 3600
                @ SOA ns1 admin 1 2 3 4 5
                @ NS ns1
                ns1 A 127.0.0.1
                """)
            .getFirst();
    assertThat(zone.origin()).isEqualTo("gamma.example.");
    String printed = ZoneSet.of(Validator.CLOCK, zone).masterFile("gamma.example.");
    assertThat(printed).startsWith("gamma.example.").hasLineCount(3).contains("3600");
    assertThat(TestZone.parse(printed).getFirst().origin()).isEqualTo("gamma.example.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "$ZONE                                  | line 1: $ZONE without a name",
        "; one / $ZONE gamma.example rotten      | line 2: unknown word: rotten",
        "$ZONE gamma.example iterations=x       | line 1",
        "$ZONE gamma.example iterations=70000   | iterations out of 0 to 65535",
        "$ZONE gamma.example salt=xyz           | line 1",
        "$ZONE gamma.example life=5             | line 1",
        "$ZONE gamma.example stripped@s1        | STRIPPED takes no names",
        "$ZONE gamma.example / @ A 127.0.0.1 / @ A nonsense | gamma.example.: line 3: ",
        "@ A 127.0.0.1 / $ZONE gamma.example     | records before the first $ZONE",
        "@ A 127.0.0.1                          | needs one SOA, not 0",
        "$ZONE gamma.example / $INCLUDE /etc/passwd | $INCLUDE",
        "$ZONE gamma.example / s1.delta.example. A 127.0.0.1 | is outside of gamma.example.",
        "$ZONE gamma.example / @ CH TXT x         | only class IN",
      })
  void whatCannotBeReadIsRefusedWithItsPlace(String text, String complaint) {
    assertThatThrownBy(() -> TestZone.parse(text.replace(" / ", "\n")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(complaint);
  }

  @Test
  void recordsThatBelongToAChildAreRefused() {
    assertThatThrownBy(
            () ->
                ZoneSet.of(
                    Validator.CLOCK,
                    TestZone.of("example", "www.gamma TXT lost"),
                    TestZone.of("gamma.example", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "www.gamma.example. TXT in example. belongs to the zone gamma.example.");
  }

  @Test
  void twoZonesOfOneNameAreRefused() {
    assertThatThrownBy(
            () ->
                ZoneSet.of(
                    Validator.CLOCK,
                    TestZone.of("gamma.example", ""),
                    TestZone.of("Gamma.Example.", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("gamma.example.");
  }

  @Test
  void anUnknownZoneCannotBePrinted() {
    ZoneSet zones = ZoneSet.of(Validator.CLOCK);
    assertThatThrownBy(() -> zones.masterFile("gamma.example"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static final class MovedClock implements InstantSource {
    Instant now = Validator.NOW;

    @Override
    public Instant instant() {
      return now;
    }
  }
}
