package im.comity.policy;

import static im.comity.policy.Direction.INBOUND;
import static im.comity.policy.Direction.OUTBOUND;
import static im.comity.policy.FederationLevel.ENCRYPTED;
import static im.comity.policy.FederationLevel.PERMISSIVE;
import static im.comity.policy.FederationLevel.TRUSTED;
import static im.comity.policy.FederationLevel.VERIFIED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.testkit.Clause;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyTableTest {

  @Test
  void anEmptyTableAsksForEncryptionAndTakesAnyProofAndDialback() throws PolicyException {
    PolicyTable table = PolicyTable.builder().build();

    for (Direction direction : Direction.values()) {
      assertThat(table.requirement(pair("north.example", "south.example"), direction))
          .isEqualTo(
              new Requirement(
                  ENCRYPTED,
                  List.of(),
                  true,
                  true,
                  false,
                  "default " + direction.wire() + ": encrypted"));
    }
    assertThat(table.route(domain("south.example"))).isNull();
    assertThat(table.permissiveRules()).isEmpty();
  }

  /**
   * Host north.example and remote chat.south.example under the rules given, each as {@code side
   * pattern level}; the default is verified.
   */
  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource({
    // one side alone, looser or stricter than the default
    "'', verified",
    "host north.example trusted, trusted",
    "remote chat.south.example trusted, trusted",
    "host * encrypted, encrypted",
    "remote * encrypted, encrypted",
    "host north.example permissive, permissive",
    "remote *.south.example permissive, permissive",
    // both sides: the stricter
    "host north.example encrypted | remote chat.south.example trusted, trusted",
    "host north.example trusted | remote chat.south.example encrypted, trusted",
    "host north.example trusted | remote chat.south.example permissive, trusted",
    "host * encrypted | remote * verified, encrypted",
    // the most specific of a side, not the strictest
    "remote * trusted | remote *.example encrypted, encrypted",
    "remote *.example trusted | remote *.south.example encrypted, encrypted",
    "remote *.south.example trusted | remote chat.south.example encrypted, encrypted",
    "remote chat.south.example encrypted | remote *.south.example trusted, encrypted",
    "host * trusted | host *.example encrypted, encrypted",
    "host *.example trusted | host north.example encrypted, encrypted",
    // what does not cover the pair
    "host south.example trusted, verified",
    "host *.north.example trusted, verified",
    "remote south.example trusted, verified",
    "remote *.chat.south.example trusted, verified",
    "remote north.example trusted, verified",
    "remote *.outh.example trusted, verified",
    "pair chat.south.example - north.example trusted, verified",
    // a rule for the exact pair decides alone, looser or stricter
    "pair north.example - chat.south.example trusted, trusted",
    "pair north.example - chat.south.example permissive | host north.example trusted, permissive",
    "pair north.example - chat.south.example verified | remote chat.south.example trusted, verified",
    "pair north.example - chat.south.example verified | host * trusted | remote * trusted, verified",
    // a pair rule with a pattern: the host's rule stays a floor
    "pair north.example - *.south.example verified | host north.example trusted, trusted",
    "pair *.example - chat.south.example verified | host * encrypted, encrypted",
    "pair north.example - * trusted | host north.example encrypted, trusted",
    // ... it goes before a remote rule for all hosts with the same pattern or a wider one
    "pair *.example - chat.south.example encrypted | remote chat.south.example trusted, encrypted",
    "pair * - *.south.example encrypted | remote * trusted, encrypted",
    // ... and behind one that names the remote domain more closely
    "pair north.example - *.south.example encrypted | remote chat.south.example trusted, trusted",
    "pair north.example - * permissive | remote *.example trusted, trusted",
    // ... among them the remote pattern counts first, then the host's
    "pair *.example - chat.south.example trusted | pair north.example - * encrypted, trusted",
    "pair *.example - *.south.example encrypted | pair * - *.south.example trusted, encrypted",
    // ... and one whose hosts do not cover ours is passed over
    "pair west.example - *.south.example trusted | remote * encrypted, encrypted",
    "pair west.example - chat.south.example trusted | remote *.south.example encrypted, encrypted",
  })
  @Clause({"S2S-POL-70", "DNA-GEN-06"})
  void theRuleForThePairElseTheStricterOfBothSides(String rules, String expected)
      throws PolicyException {
    for (Direction direction : Direction.values()) {
      PolicyTable.Builder builder = PolicyTable.builder().byDefault(direction, of(VERIFIED));
      for (String rule : rules.split(" *\\| *", -1)) {
        String[] words = rule.split(" ", -1);
        FederationLevel named = FederationLevel.of(words[words.length - 1]);
        PolicyRule asks = of(named == null ? VERIFIED : named);
        switch (words[0]) {
          case "host" -> builder.host(direction, words[1], asks);
          case "remote" -> builder.remote(direction, words[1], asks);
          case "pair" -> builder.pair(direction, words[1], words[3], asks);
          default -> assertThat(rule).isEmpty();
        }
      }
      DomainPair outbound = pair("north.example", "chat.south.example");

      Requirement requirement =
          builder
              .build()
              .requirement(direction == OUTBOUND ? outbound : outbound.reversed(), direction);

      assertThat(requirement.level().wire()).isEqualTo(expected);
    }
  }

  @Test
  @Clause({"S2S-POL-70", "DNA-GEN-06"})
  void inAndOutAreApartAndTheHostIsOursInBoth() throws PolicyException {
    PolicyTable table =
        PolicyTable.builder()
            .byDefault(INBOUND, of(VERIFIED))
            .host(OUTBOUND, "north.example", of(TRUSTED))
            .remote(INBOUND, "south.example", of(PERMISSIVE))
            .build();
    DomainPair out = pair("north.example", "south.example");

    assertThat(table.requirement(out, OUTBOUND).level()).isEqualTo(TRUSTED);
    assertThat(table.requirement(out.reversed(), INBOUND).level()).isEqualTo(PERMISSIVE);
    assertThat(table.requirement(pair("west.example", "north.example"), INBOUND).level())
        .isEqualTo(VERIFIED);
    assertThat(table.requirement(pair("south.example", "west.example"), OUTBOUND).level())
        .isEqualTo(ENCRYPTED);
  }

  @Test
  void aWildcardCoversSubDomainsAtAnyDepthButNotItself() throws PolicyException {
    PolicyTable table =
        PolicyTable.builder().remote(OUTBOUND, "*.south.example", of(TRUSTED)).build();

    assertThat(level(table, "chat.south.example")).isEqualTo(TRUSTED);
    assertThat(level(table, "a.b.c.d.chat.south.example")).isEqualTo(TRUSTED);
    assertThat(level(table, "south.example")).isEqualTo(ENCRYPTED);
    assertThat(level(table, "notsouth.example")).isEqualTo(ENCRYPTED);
    assertThat(level(table, "[2001:db8::1]")).isEqualTo(ENCRYPTED);
  }

  @Test
  void patternsArePreparedLikeDomains() throws PolicyException {
    PolicyTable table =
        PolicyTable.builder()
            .remote(OUTBOUND, "*.XN--BCHER-KVA.example.", of(TRUSTED))
            .remote(OUTBOUND, "[2001:DB8:0::1]", of(VERIFIED))
            .build();

    assertThat(level(table, "chat.bücher.example")).isEqualTo(TRUSTED);
    assertThat(level(table, "[2001:db8::1]")).isEqualTo(VERIFIED);
  }

  @Test
  @Clause("DNA-GEN-08")
  void prooftypesOfTwoRulesAreThoseInCommonInTheOrderOfTheStricter() throws PolicyException {
    PolicyRule host = of(ENCRYPTED).withProoftypes("posh", "pkix", "dane");
    PolicyRule remote = of(TRUSTED).withProoftypes("dane", "token", "posh");

    assertThat(combined(host, remote).prooftypes()).containsExactly("dane", "posh");
    assertThat(combined(remote, host).prooftypes()).containsExactly("dane", "posh");
    assertThat(combined(of(TRUSTED).withProoftypes("posh", "dane"), remote).prooftypes())
        .as("equally strict: the host's order")
        .containsExactly("posh", "dane");
    assertThat(combined(of(ENCRYPTED), remote).prooftypes()).isEqualTo(remote.prooftypes());
    assertThat(combined(host, of(TRUSTED)).prooftypes()).isEqualTo(host.prooftypes());
    assertThat(combined(of(ENCRYPTED), of(TRUSTED)).prooftypes()).isEmpty();
  }

  @Test
  @Clause("DNA-GEN-08")
  void aRuleThatNamesProoftypesAllowsNoOthers() throws PolicyException {
    Requirement narrow = combined(of(TRUSTED), of(TRUSTED).withProoftypes("pkix"));

    assertThat(narrow.allows("pkix")).isTrue();
    assertThat(narrow.allows("posh")).isFalse();
    assertThat(combined(of(TRUSTED), of(TRUSTED)).allows("posh")).isTrue();
  }

  @Test
  void dialbackNeedsBothRulesAndStrictPairsEither() throws PolicyException {
    PolicyRule plain = of(ENCRYPTED);

    assertThat(combined(plain, plain).dialback()).isTrue();
    assertThat(combined(plain.withoutDialback(), plain).dialback()).isFalse();
    assertThat(combined(plain, plain.withoutDialback()).dialback()).isFalse();
    assertThat(combined(plain, plain).strictPairs()).isFalse();
    assertThat(combined(plain.withStrictPairs(), plain).strictPairs()).isTrue();
    assertThat(combined(plain, plain.withStrictPairs()).strictPairs()).isTrue();
  }

  @Test
  @Clause("S2S-TLS-05")
  void unofferedStartTlsIsTriedUnlessARuleSaysNoAndAlwaysWhereTlsIsNeeded() throws PolicyException {
    PolicyRule not = new PolicyRule(VERIFIED, List.of(), true, false, false, "");

    assertThat(combined(of(VERIFIED), of(VERIFIED)).startTlsUnoffered()).isTrue();
    assertThat(combined(of(VERIFIED), not).startTlsUnoffered()).isFalse();
    assertThat(combined(not, of(VERIFIED)).startTlsUnoffered()).isFalse();
    assertThat(combined(of(ENCRYPTED), not).startTlsUnoffered()).isTrue();
    assertThat(combined(of(TRUSTED), not).startTlsUnoffered()).isTrue();
    assertThat(
            PolicyTable.builder()
                .remote(OUTBOUND, "*", new PolicyRule(TRUSTED, List.of(), true, false, false, ""))
                .build()
                .requirement(pair("north.example", "south.example"), OUTBOUND)
                .startTlsUnoffered())
        .isTrue();
  }

  @Test
  void theRuleSaysWhichLinesDecided() throws PolicyException {
    PolicyTable table =
        PolicyTable.builder()
            .host(OUTBOUND, "*.North.example", of(ENCRYPTED).at("comity.yaml:7"))
            .remote(
                OUTBOUND,
                "south.example",
                of(TRUSTED).withProoftypes("dane", "pkix").withoutDialback())
            .pair(OUTBOUND, "im.north.example", "west.example", of(VERIFIED))
            .build();

    assertThat(table.requirement(pair("im.north.example", "south.example"), OUTBOUND).rule())
        .isEqualTo(
            "host *.north.example outbound: encrypted (comity.yaml:7);"
                + " remote south.example outbound: trusted{dane,pkix} without dialback");
    assertThat(table.requirement(pair("im.north.example", "west.example"), OUTBOUND).rule())
        .isEqualTo("pair im.north.example - west.example outbound: verified");
    assertThat(table.requirement(pair("im.north.example", "east.example"), OUTBOUND).rule())
        .isEqualTo("host *.north.example outbound: encrypted (comity.yaml:7)");
  }

  @Test
  @Clause("DNA-GEN-10")
  void theRecipeIsTrustedByPkixAloneWithoutDialback() throws PolicyException {
    Requirement requirement =
        PolicyTable.builder()
            .host(OUTBOUND, "north.example", PolicyRule.TRUSTED_PKIX)
            .remote(OUTBOUND, "*", of(PERMISSIVE))
            .build()
            .requirement(pair("north.example", "south.example"), OUTBOUND);

    assertThat(requirement.level()).isEqualTo(TRUSTED);
    assertThat(requirement.prooftypes()).containsExactly("pkix");
    assertThat(requirement.dialback()).isFalse();
  }

  @Test
  @Clause("DNA-GEN-09")
  void permissiveIsNeverTheDefaultAndEveryPermissiveRuleIsListed() throws PolicyException {
    assertThat(PolicyTable.builder().build().permissiveRules()).isEmpty();
    assertThat(
            PolicyTable.builder()
                .byDefault(INBOUND, of(PERMISSIVE))
                .host(OUTBOUND, "lab.example", of(PERMISSIVE).at("comity.yaml:3"))
                .host(OUTBOUND, "north.example", of(VERIFIED))
                .remote(INBOUND, "*.lab.example", of(PERMISSIVE))
                .pair(OUTBOUND, "a.example", "b.example", of(PERMISSIVE))
                .build()
                .permissiveRules())
        .containsExactly(
            "default inbound: permissive",
            "host lab.example outbound: permissive (comity.yaml:3)",
            "remote *.lab.example inbound: permissive",
            "pair a.example - b.example outbound: permissive");
  }

  @Test
  void aRouteSetByHandIsTheMostSpecificOne() throws PolicyException {
    StaticRoute wide = new StaticRoute("*.South.example", "gw.example", 5269, false, null);
    StaticRoute close = new StaticRoute("chat.south.example", "192.0.2.1", 5270, true, "pkix");
    PolicyTable table = PolicyTable.builder().route(wide).route(close).build();

    assertThat(table.route(domain("chat.south.example"))).isEqualTo(close);
    assertThat(table.route(domain("a.chat.south.example"))).isEqualTo(wide);
    assertThat(table.route(domain("south.example"))).isNull();
  }

  @Test
  void everyProblemIsReportedAtOnce() {
    PolicyTable.Builder builder =
        PolicyTable.builder()
            .byDefault(INBOUND, of(PERMISSIVE).withProoftypes("pkix"))
            .host(OUTBOUND, "so_uth.example", of(TRUSTED))
            .host(OUTBOUND, "*north.example", of(TRUSTED))
            .host(OUTBOUND, "north.*", of(TRUSTED))
            .host(OUTBOUND, "*.192.0.2.1", of(TRUSTED))
            .host(OUTBOUND, "", of(TRUSTED))
            .host(OUTBOUND, "north.example", of(TRUSTED).at("a:1"))
            .host(OUTBOUND, "NORTH.example.", of(VERIFIED).at("a:2"))
            .remote(INBOUND, "*", of(VERIFIED).at("a:3"))
            .pair(INBOUND, "*", "*", of(VERIFIED).at("a:4"))
            .remote(INBOUND, "a.example", of(TRUSTED).withProoftypes("pkix", "", "pkix"))
            .route(new StaticRoute("south.example", " ", 0, false, null))
            .route(new StaticRoute("South.example", "gw.example", 65_536, false, null))
            .route(new StaticRoute("..", "gw.example", 5269, false, null))
            .route(new StaticRoute("east.example", "gw.example", 5269, false, " "));

    PolicyException refused = catchThrowableOfType(PolicyException.class, builder::build);

    assertThat(refused.problems())
        .satisfiesExactly(
            p ->
                assertThat(p)
                    .startsWith("permissive asks for no proof")
                    .contains("default inbound"),
            p -> assertThat(p).contains("so_uth.example"),
            p -> assertThat(p).contains("*north.example"),
            p -> assertThat(p).contains("north.*"),
            p -> assertThat(p).contains("*.192.0.2.1"),
            p -> assertThat(p).contains("\"\""),
            p -> assertThat(p).startsWith("two rules for one place").contains("a:1", "a:2"),
            p -> assertThat(p).startsWith("two rules for one place").contains("a:3", "a:4"),
            p -> assertThat(p).startsWith("a prooftype without a name"),
            p -> assertThat(p).startsWith("a prooftype named twice"),
            p -> assertThat(p).startsWith("a route without a host"),
            p -> assertThat(p).startsWith("a route with a port outside 1..65535"),
            p -> assertThat(p).startsWith("a route with a port outside 1..65535"),
            p -> assertThat(p).startsWith("two routes for one place"),
            p -> assertThat(p).contains("\"..\""),
            p -> assertThat(p).startsWith("a route that requires a proof without a name"));
    assertThat(refused).hasMessage(String.join("; ", refused.problems()));
  }

  @Test
  void rulesThatAllowNoProoftypeInCommonContradictEachOther() {
    PolicyTable.Builder builder =
        PolicyTable.builder()
            .host(OUTBOUND, "north.example", of(TRUSTED).withProoftypes("dane"))
            .host(OUTBOUND, "west.example", of(TRUSTED).withProoftypes("dane"))
            .remote(OUTBOUND, "south.example", of(ENCRYPTED).withProoftypes("pkix", "posh"))
            .remote(OUTBOUND, "east.example", of(ENCRYPTED).withProoftypes("posh"));

    assertThat(catchThrowableOfType(PolicyException.class, builder::build).problems())
        .containsExactly(
            "no prooftype in common, so nothing can prove their pairs:"
                + " host north.example outbound: trusted{dane};"
                + " remote south.example outbound: encrypted{pkix,posh}",
            "no prooftype in common, so nothing can prove their pairs:"
                + " host north.example outbound: trusted{dane};"
                + " remote east.example outbound: encrypted{posh}");
  }

  @Test
  void rulesThatNeverMeetDoNotContradictEachOther() throws PolicyException {
    PolicyRule dane = of(TRUSTED).withProoftypes("dane");
    PolicyRule posh = of(TRUSTED).withProoftypes("posh");

    // the exact pair has a rule of its own
    Requirement requirement =
        PolicyTable.builder()
            .host(OUTBOUND, "north.example", dane)
            .remote(OUTBOUND, "south.example", posh)
            .pair(OUTBOUND, "north.example", "south.example", posh)
            .build()
            .requirement(pair("north.example", "south.example"), OUTBOUND);
    assertThat(requirement.prooftypes()).containsExactly("posh");
    // different directions
    PolicyTable.builder()
        .host(OUTBOUND, "north.example", dane)
        .remote(INBOUND, "south.example", posh)
        .build();
    // the hosts of the pair rule have a rule of their own between
    PolicyTable.builder()
        .host(OUTBOUND, "*", dane)
        .host(OUTBOUND, "*.lab.example", posh)
        .pair(OUTBOUND, "*.lab.example", "south.example", posh)
        .build();
    // other hosts
    PolicyTable.builder()
        .host(OUTBOUND, "north.example", dane)
        .pair(OUTBOUND, "west.example", "*", posh)
        .build();
  }

  @Test
  void aRouteThatRequiresAProofTrustsNoOther() throws PolicyException {
    PolicyTable table =
        PolicyTable.builder()
            .remote(OUTBOUND, "*.south.example", of(VERIFIED).withProoftypes("pkix", "dane"))
            .route(new StaticRoute("*.south.example", "gw.example", 5269, false, "dane"))
            .route(new StaticRoute("a.south.example", "gw.example", 5269, false, null))
            .build();

    assertThat(table.requirement(pair("north.example", "chat.south.example"), OUTBOUND))
        .isEqualTo(
            new Requirement(
                TRUSTED,
                List.of("dane"),
                true,
                true,
                false,
                "remote *.south.example outbound: verified{pkix,dane};"
                    + " route *.south.example requires dane"));
    assertThat(table.requirement(pair("north.example", "a.south.example"), OUTBOUND).level())
        .isEqualTo(VERIFIED);
    assertThat(table.requirement(pair("chat.south.example", "north.example"), INBOUND).level())
        .isEqualTo(ENCRYPTED);
  }

  @ParameterizedTest
  @CsvSource({
    // the rule covers the route, or a part of it, or the pair
    "remote *.south.example, true",
    "remote a.chat.south.example, true",
    "remote chat.south.example, true",
    "remote *, true",
    "host north.example, true",
    "host *, true",
    "pair north.example - *.south.example, true",
    "pair north.example - a.chat.south.example, true",
    // it does not
    "remote south.example, false",
    "remote other.example, false",
    "pair north.example - other.example, false",
    // something else stands between
    "remote b.chat.south.example, false",
    "remote *.other.example, false",
  })
  void theProofRequiredOnARouteMustBeAllowedByTheRulesOfItsPairs(String rule, boolean conflict)
      throws PolicyException {
    PolicyRule pkix = of(TRUSTED).withProoftypes("pkix");
    PolicyTable.Builder builder =
        PolicyTable.builder()
            .route(new StaticRoute("*.chat.south.example", "gw.example", 5269, false, "posh"))
            .route(new StaticRoute("chat.south.example", "gw.example", 5269, false, "posh"))
            .route(new StaticRoute("b.chat.south.example", "gw.example", 5269, false, null));
    String[] words = rule.split(" ", -1);
    switch (words[0]) {
      case "host" -> builder.host(OUTBOUND, words[1], pkix).host(INBOUND, words[1], pkix);
      case "remote" -> builder.remote(OUTBOUND, words[1], pkix).remote(INBOUND, words[1], pkix);
      default -> builder.pair(OUTBOUND, words[1], words[3], pkix);
    }

    if (conflict) {
      assertThat(catchThrowableOfType(PolicyException.class, builder::build).problems())
          .isNotEmpty()
          .allMatch(
              p -> p.contains("requires posh, which a rule for it does not allow: " + words[0]));
    } else {
      builder.build();
    }
  }

  @Test
  void theDefaultMustAllowTheProofRequiredOnARouteWhereItApplies() throws PolicyException {
    PolicyTable.Builder builder =
        PolicyTable.builder()
            .byDefault(OUTBOUND, of(TRUSTED).withProoftypes("pkix"))
            .host(OUTBOUND, "north.example", of(TRUSTED))
            .route(new StaticRoute("south.example", "gw.example", 5269, false, "posh"));
    assertThat(catchThrowableOfType(PolicyException.class, builder::build).problems())
        .containsExactly(
            "the route south.example requires posh, which a rule for it does not allow:"
                + " default outbound: trusted{pkix}");

    builder.remote(OUTBOUND, "*.example", of(TRUSTED)).build();
    PolicyTable.builder()
        .byDefault(OUTBOUND, of(TRUSTED).withProoftypes("pkix"))
        .host(OUTBOUND, "*", of(TRUSTED))
        .route(new StaticRoute("south.example", "gw.example", 5269, false, "posh"))
        .build();
  }

  @Test
  void aRuleForTheExactPairMayAllowTheProofRequiredOnItsRoute() throws PolicyException {
    Requirement requirement =
        PolicyTable.builder()
            .route(new StaticRoute("south.example", "gw.example", 5269, false, "posh"))
            .host(OUTBOUND, "north.example", of(TRUSTED).withProoftypes("pkix"))
            .pair(OUTBOUND, "north.example", "south.example", of(ENCRYPTED))
            .build()
            .requirement(pair("north.example", "south.example"), OUTBOUND);

    assertThat(requirement.prooftypes()).containsExactly("posh");
  }

  @Test
  void aTableThatIsBuiltAlwaysAnswersAndItsAnswerIsThatOfAPlainSearch() {
    int built = 0;
    for (int seed = 0; seed < 3_000; seed++) {
      Random random = new Random(seed);
      PolicyTable.Builder builder = PolicyTable.builder();
      List<Plain> plain = new ArrayList<>();
      int rules = random.nextInt(7);
      for (int i = 0; i < rules; i++) {
        Plain rule =
            new Plain(
                random.nextInt(3) == 0 ? null : pattern(random),
                random.nextInt(3) == 0 ? null : pattern(random),
                of(LEVELS[random.nextInt(LEVELS.length)])
                    .withProoftypes(PROOFS[random.nextInt(PROOFS.length)]));
        if (rule.host == null && rule.remote == null) {
          continue;
        }
        plain.add(rule);
        if (rule.remote == null) {
          builder.host(OUTBOUND, rule.host, rule.rule);
        } else if (rule.host == null) {
          builder.remote(OUTBOUND, rule.remote, rule.rule);
        } else {
          builder.pair(OUTBOUND, rule.host, rule.remote, rule.rule);
        }
      }
      if (random.nextInt(3) == 0) {
        builder.byDefault(
            OUTBOUND, of(ENCRYPTED).withProoftypes(PROOFS[random.nextInt(PROOFS.length)]));
      }
      if (random.nextInt(3) == 0) {
        builder.route(new StaticRoute(pattern(random), "gw.example", 5269, false, "q"));
      }
      PolicyTable table;
      try {
        table = builder.build();
      } catch (PolicyException e) {
        continue;
      }
      built++;
      for (String host : NAMES) {
        for (String remote : NAMES) {
          Requirement found = table.requirement(pair(host, remote), OUTBOUND);
          assertThat(found.level())
              .as("seed %d, %s - %s", seed, host, remote)
              .isEqualTo(
                  table.route(domain(remote)) == null ? Plain.level(plain, host, remote) : TRUSTED);
        }
      }
    }
    assertThat(built).isGreaterThan(1_000);
  }

  @Test
  void lookUpsDoNotSlowDownWithTenThousandHostsOrHundredsOfLabels() throws PolicyException {
    PolicyTable.Builder builder = PolicyTable.builder();
    for (int i = 0; i < 10_000; i++) {
      builder.host(OUTBOUND, "c" + i + ".example", of(TRUSTED));
      builder.remote(OUTBOUND, "*.p" + i + ".example", of(TRUSTED));
    }
    PolicyTable table = builder.build();
    DomainPair deep = pair("c9999.example", "a.".repeat(500) + "p9999.example");
    long start = System.nanoTime();
    for (int i = 0; i < 100_000; i++) {
      assertThat(table.requirement(deep, OUTBOUND).level() == TRUSTED).isTrue();
    }
    // Microseconds each; a search through the rules, or through 500 parents, would take minutes.
    assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
  }

  @Test
  void levelsAreOrderedAndNamed() {
    assertThat(FederationLevel.values())
        .containsExactly(PERMISSIVE, VERIFIED, ENCRYPTED, TRUSTED)
        .isSorted()
        .allSatisfy(level -> assertThat(FederationLevel.of(level.wire())).isEqualTo(level));
    assertThat(TRUSTED.meets(ENCRYPTED)).isTrue();
    assertThat(ENCRYPTED.meets(ENCRYPTED)).isTrue();
    assertThat(VERIFIED.meets(ENCRYPTED)).isFalse();
    assertThat(FederationLevel.of("TRUSTED")).isNull();
  }

  @Test
  void whatATableWasMadeOfCannotBeChangedAfterwards() throws PolicyException {
    List<String> names = new ArrayList<>(List.of("pkix"));
    PolicyRule rule = new PolicyRule(TRUSTED, names, true, true, false, "");
    names.add("posh");
    PolicyTable.Builder builder = PolicyTable.builder().host(OUTBOUND, "*", rule);
    PolicyTable table = builder.build();
    builder.pair(OUTBOUND, "north.example", "south.example", of(PERMISSIVE));

    assertThat(table.requirement(pair("north.example", "south.example"), OUTBOUND))
        .extracting(Requirement::level, Requirement::prooftypes)
        .containsExactly(TRUSTED, List.of("pkix"));
    assertThatThrownBy(() -> table.permissiveRules().add("x"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  private static final String[] NAMES = {
    "a.example", "b.example", "x.a.example", "y.x.a.example", "x.b.example", "other", "192.0.2.1"
  };
  private static final FederationLevel[] LEVELS = {VERIFIED, ENCRYPTED, TRUSTED};
  private static final String[][] PROOFS = {{}, {}, {}, {"p"}, {"q"}, {"p", "q"}, {"q", "r"}};

  private static String pattern(Random random) {
    String name = NAMES[random.nextInt(NAMES.length)];
    return switch (random.nextInt(4)) {
      case 0 -> "*";
      case 1 -> name.equals("192.0.2.1") ? name : "*." + name;
      default -> name;
    };
  }

  /** A rule, and the table's law once more as a search through a list. */
  private record Plain(String host, String remote, PolicyRule rule) {
    static FederationLevel level(List<Plain> rules, String host, String remote) {
      Plain ofRemote = null;
      Plain ofHost = null;
      for (Plain rule : rules) {
        if (rule.remote == null) {
          if (rank(rule.host, host) > (ofHost == null ? -1 : rank(ofHost.host, host))) {
            ofHost = rule;
          }
        } else if (rank(rule.remote, remote) >= 0 && rule.hostRank(host) >= 0) {
          if (ofRemote == null
              || rank(rule.remote, remote) > rank(ofRemote.remote, remote)
              || (rule.remote.equals(ofRemote.remote)
                  && rule.hostRank(host) > ofRemote.hostRank(host))) {
            ofRemote = rule;
          }
        }
      }
      if (ofRemote != null && host.equals(ofRemote.host) && remote.equals(ofRemote.remote)) {
        return ofRemote.rule.level();
      }
      if (ofRemote == null && ofHost == null) {
        return ENCRYPTED;
      }
      FederationLevel a = ofRemote == null ? PERMISSIVE : ofRemote.rule.level();
      FederationLevel b = ofHost == null ? PERMISSIVE : ofHost.rule.level();
      return a.meets(b) ? a : b;
    }

    int hostRank(String name) {
      return host == null ? 0 : rank(host, name);
    }

    static int rank(String pattern, String name) {
      if (pattern.equals("*")) {
        return 0;
      }
      if (pattern.startsWith("*.")) {
        return name.endsWith(pattern.substring(1)) ? pattern.length() : -1;
      }
      return pattern.equals(name) ? 10_000 : -1;
    }
  }

  private static Requirement combined(PolicyRule host, PolicyRule remote) throws PolicyException {
    return PolicyTable.builder()
        .host(OUTBOUND, "north.example", host)
        .remote(OUTBOUND, "south.example", remote)
        .build()
        .requirement(pair("north.example", "south.example"), OUTBOUND);
  }

  private static FederationLevel level(PolicyTable table, String remote) {
    return table.requirement(pair("north.example", remote), OUTBOUND).level();
  }

  private static PolicyRule of(FederationLevel level) {
    return PolicyRule.of(level);
  }

  private static DomainPair pair(String sender, String target) {
    return new DomainPair(domain(sender), domain(target));
  }

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
