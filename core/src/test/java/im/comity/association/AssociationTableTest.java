package im.comity.association;

import static im.comity.association.Facts.NOT_AFTER;
import static im.comity.association.Facts.PEER;
import static im.comity.association.Facts.PKIX;
import static im.comity.association.Facts.STREAM;
import static im.comity.association.Facts.admitted;
import static im.comity.association.Facts.clear;
import static im.comity.association.Facts.domain;
import static im.comity.association.Facts.inboundByDialback;
import static im.comity.association.Facts.inboundByProof;
import static im.comity.association.Facts.notProven;
import static im.comity.association.Facts.outbound;
import static im.comity.association.Facts.pair;
import static im.comity.association.Facts.proof;
import static im.comity.association.Facts.proven;
import static im.comity.association.Facts.rule;
import static im.comity.association.Facts.strict;
import static im.comity.association.Facts.tls;
import static im.comity.association.Facts.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.AssociationTable.Limits;
import im.comity.association.AssociationTable.Obstacle;
import im.comity.dialback.DialbackAnswer;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.testkit.Clause;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AssociationTableTest {
  private static final DomainPair NORTH_SOUTH = pair("north.example", "south.example");
  private static final DomainPair NORTH_CHAT = pair("north.example", "chat.south.example");
  private static final DomainPair ROOMS_SOUTH = pair("rooms.north.example", "south.example");
  private static final DomainPair NORTH_ELSEWHERE = pair("north.example", "elsewhere.example");
  private static final DomainPair SOUTH_NORTH = NORTH_SOUTH.reversed();

  private final Set<Domain> served =
      new HashSet<>(Set.of(domain("south.example"), domain("chat.south.example")));
  private final Map<DomainPair, Requirement> rules = new HashMap<>();
  private Requirement byDefault = rule(FederationLevel.VERIFIED);
  private final AtomicInteger asked = new AtomicInteger();
  private AssociationTable table = table(Limits.DEFAULT);

  @Test
  @Clause({"S2S-STZ-05", "DNA-GEN-04"})
  void anEmptyTablePermitsNothing() {
    assertThat(table.isEmpty()).isTrue();
    assertThat(table.find(NORTH_SOUTH)).isNull();
    assertThat(table.obstacle(NORTH_SOUTH)).isEqualTo(Obstacle.SENDER_UNKNOWN);
    assertThat(table.granted(SOUTH_NORTH)).isNull();
  }

  @Test
  @Clause({"S2S-STZ-05", "DNA-DEL-03"})
  void aProvenSenderMayReachWhateverIsServedHere() {
    assertThat(table.add(inboundByProof(NORTH_SOUTH))).isTrue();
    assertThat(table.find(NORTH_SOUTH).pair()).isEqualTo(NORTH_SOUTH);
    Association other = table.find(NORTH_CHAT);
    assertThat(other.pair()).isEqualTo(NORTH_CHAT);
    assertThat(other.level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(other.stream()).isEqualTo(STREAM);
    assertThat(other.until()).isEqualTo(NOT_AFTER);
    assertThat(table.all()).hasSize(1);
  }

  @Test
  @Clause("S2S-STZ-05")
  void whatStandsInTheWayOfAStanzaIsToldApart() {
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.find(ROOMS_SOUTH)).as("a sub-domain is another domain").isNull();
    assertThat(table.obstacle(ROOMS_SOUTH)).isEqualTo(Obstacle.SENDER_UNKNOWN);
    assertThat(table.find(NORTH_ELSEWHERE)).isNull();
    assertThat(table.obstacle(NORTH_ELSEWHERE)).isEqualTo(Obstacle.TARGET_UNKNOWN);
    assertThat(table.obstacle(NORTH_SOUTH)).isNull();
  }

  @Test
  @Clause("S2S-STZ-05")
  void theLevelReachedMustMeetTheRuleOfThatVeryPair() {
    rules.put(NORTH_CHAT, rule(FederationLevel.TRUSTED));
    table.add(inboundByDialback(NORTH_SOUTH));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.ENCRYPTED);
    assertThat(table.find(NORTH_CHAT)).isNull();
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.BELOW_RULE);

    rules.put(NORTH_CHAT, rule(FederationLevel.ENCRYPTED));
    assertThat(table.find(NORTH_CHAT)).isNotNull();
  }

  @Test
  @Clause({"DNA-GEN-05", "S2S-CERT-10"})
  void twoDomainsOfOneStreamHaveTheirOwnLevels() {
    table.add(inboundByProof(NORTH_SOUTH));
    table.add(inboundByDialback(ROOMS_SOUTH));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(table.find(ROOMS_SOUTH).level()).isEqualTo(FederationLevel.ENCRYPTED);
    assertThat(table.senders())
        .containsExactlyInAnyOrder(domain("north.example"), domain("rooms.north.example"));
  }

  @Test
  @Clause("DNA-GEN-08")
  void aProofMustCountUnderTheRuleOfThatVeryPair() {
    rules.put(NORTH_CHAT, rule(FederationLevel.TRUSTED, true, "posh"));
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.BELOW_RULE);
    rules.put(NORTH_CHAT, rule(FederationLevel.TRUSTED, true, "posh", PKIX));
    assertThat(table.find(NORTH_CHAT)).isNotNull();
  }

  @Test
  void dialbackDoesNotReachAPairWhoseRuleDoesNotWantIt() {
    rules.put(NORTH_CHAT, rule(FederationLevel.VERIFIED, false));
    table.add(inboundByDialback(NORTH_SOUTH));
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.BELOW_RULE);
  }

  @Test
  void policyAlonePermitsPermissivePairsOnly() {
    byDefault = rule(FederationLevel.PERMISSIVE);
    rules.put(NORTH_CHAT, rule(FederationLevel.VERIFIED));
    table.add(
        admitted(Admission.inbound(byDefault, clear(), NORTH_SOUTH, notProven(), null, null)));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.PERMISSIVE);
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.BELOW_RULE);
  }

  @Test
  @Clause("DNA-DBT-05")
  void linkedDialbackIsWorthEncryptedWhereItsProofDoesNotCount() {
    rules.put(NORTH_CHAT, rule(FederationLevel.ENCRYPTED, true, "posh"));
    table.add(linked(NORTH_SOUTH));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(table.find(NORTH_CHAT).level()).isEqualTo(FederationLevel.ENCRYPTED);
  }

  @Test
  void plainDialbackDoesNotTakeThePlaceOfLinkedDialback() {
    table.add(linked(NORTH_SOUTH));
    table.add(inboundByDialback(NORTH_CHAT));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.TRUSTED);
    table.expire(NOT_AFTER.plusSeconds(1));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.ENCRYPTED);
  }

  @Test
  @Clause("S2S-STZ-05")
  void underStrictPairsEachPairMustBeGranted() {
    byDefault = strict(FederationLevel.VERIFIED);
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.find(NORTH_SOUTH)).isNotNull();
    assertThat(table.find(NORTH_CHAT)).isNull();
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.PAIR_NOT_GRANTED);
    table.add(inboundByProof(NORTH_CHAT));
    assertThat(table.find(NORTH_CHAT)).isNotNull();
  }

  @Test
  @Clause({"DNA-DEL-25", "DNA-SIG-13"})
  void aWithdrawnPairStopsAndLeavesTheOthersAlone() {
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.find(NORTH_CHAT)).isNotNull();
    assertThat(table.withdraw(NORTH_CHAT)).isTrue();
    assertThat(table.find(NORTH_CHAT)).isNull();
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.WITHDRAWN);
    assertThat(table.find(NORTH_SOUTH)).isNotNull();

    table.add(inboundByProof(NORTH_CHAT));
    assertThat(table.find(NORTH_CHAT)).as("asked for again").isNotNull();
  }

  @Test
  void withdrawingUnderStrictPairsTakesTheGrantBack() {
    byDefault = strict(FederationLevel.VERIFIED);
    table.add(inboundByProof(NORTH_SOUTH));
    table.withdraw(NORTH_SOUTH);
    byDefault = rule(FederationLevel.VERIFIED);
    table.reconsider();
    assertThat(table.obstacle(NORTH_SOUTH)).isEqualTo(Obstacle.WITHDRAWN);
  }

  @Test
  void withdrawingFromAStrangerIsNothing() {
    assertThat(table.withdraw(NORTH_SOUTH)).isTrue();
    table.add(inboundByProof(NORTH_CHAT));
    assertThat(table.find(NORTH_SOUTH)).isNotNull();
  }

  @Test
  void theStrongerGroundCountsAndTheWeakerStandsBy() {
    Instant soon = NOT_AFTER.minusSeconds(3600);
    table.add(inboundByDialback(NORTH_SOUTH));
    table.add(
        admitted(
            Admission.inbound(
                byDefault,
                tls(),
                NORTH_SOUTH,
                proven(domain("north.example"), PKIX, PEER, soon),
                null,
                null)));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(table.all()).hasSize(2);

    assertThat(table.expire(soon)).as("still the last instant").isEmpty();
    assertThat(table.expire(soon.plusNanos(1))).hasSize(1);
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.ENCRYPTED);
  }

  @Test
  void aWeakerGroundThatComesLaterStandsBehind() {
    table.add(inboundByProof(NORTH_SOUTH));
    table.add(inboundByDialback(NORTH_SOUTH));
    assertThat(table.find(NORTH_SOUTH).level()).isEqualTo(FederationLevel.TRUSTED);
    assertThat(table.all()).hasSize(2);
  }

  @Test
  void aRenewedProofTakesThePlaceOfTheOld() {
    Instant soon = NOT_AFTER.minusSeconds(3600);
    table.add(
        admitted(
            Admission.inbound(
                byDefault,
                tls(),
                NORTH_SOUTH,
                proven(domain("north.example"), PKIX, PEER, soon),
                null,
                null)));
    table.add(inboundByProof(NORTH_CHAT));
    assertThat(table.all()).hasSize(1);
    assertThat(table.find(NORTH_SOUTH).until()).isEqualTo(NOT_AFTER);
    assertThat(table.expire(soon.plusSeconds(1))).isEmpty();
  }

  @Test
  @Clause("DNA-REV-07")
  void whatExpiresGoesAndTheRestStays() {
    byDefault = strict(FederationLevel.VERIFIED);
    table.add(inboundByProof(NORTH_SOUTH));
    table.add(inboundByDialback(ROOMS_SOUTH));
    table.add(outbound(SOUTH_NORTH));
    DomainPair trusted = pair("chat.south.example", "north.example");
    table.add(
        admitted(
            Admission.outbound(
                byDefault,
                tls(),
                trusted,
                proven(domain("north.example")),
                new Acceptance.BySasl())));

    List<Association> struck = table.expire(NOT_AFTER.plusSeconds(1));
    assertThat(struck)
        .extracting(Association::pair)
        .containsExactlyInAnyOrder(NORTH_SOUTH, trusted);
    assertThat(table.find(NORTH_SOUTH)).isNull();
    assertThat(table.obstacle(NORTH_SOUTH)).isEqualTo(Obstacle.SENDER_UNKNOWN);
    assertThat(table.granted(trusted)).isNull();
    assertThat(table.find(ROOMS_SOUTH)).isNotNull();
    assertThat(table.granted(SOUTH_NORTH)).isNotNull();
    assertThat(table.isEmpty()).isFalse();

    table.add(inboundByProof(NORTH_CHAT));
    assertThat(table.obstacle(NORTH_SOUTH))
        .as("a strict pair is asked for again")
        .isEqualTo(Obstacle.PAIR_NOT_GRANTED);
  }

  @Test
  void aDroppedSenderHasNothingLeft() {
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.find(NORTH_CHAT)).isNotNull();
    assertThat(table.drop(domain("north.example"))).hasSize(1);
    assertThat(table.find(NORTH_CHAT)).isNull();
    assertThat(table.isEmpty()).isTrue();
    assertThat(table.drop(domain("north.example"))).isEmpty();
  }

  @Test
  @Clause({"DNA-GEN-04", "DNA-S2S-21"})
  void theTwoDirectionsAreGrantedApart() {
    table.add(outbound(SOUTH_NORTH));
    assertThat(table.granted(SOUTH_NORTH)).isNotNull();
    assertThat(table.find(NORTH_SOUTH)).as("we opened it: nothing may come").isNull();
    assertThat(table.granted(NORTH_SOUTH)).isNull();

    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.granted(pair("chat.south.example", "north.example")))
        .as("the peer's grants are by pair")
        .isNull();
  }

  @Test
  @Clause("DNA-DEL-23")
  void anUnaskedInvalidOnlyEverTakesAway() {
    table.add(outbound(SOUTH_NORTH));
    assertThat(table.revoke(pair("chat.south.example", "north.example"))).isNull();
    assertThat(table.granted(SOUTH_NORTH)).isNotNull();
    assertThat(table.revoke(SOUTH_NORTH).pair()).isEqualTo(SOUTH_NORTH);
    assertThat(table.granted(SOUTH_NORTH)).isNull();
    assertThat(table.revoke(SOUTH_NORTH)).isNull();
    assertThat(table.isEmpty()).isTrue();
  }

  @Test
  void anAssociationOfAnotherStreamIsRefused() {
    AssociationTable other =
        new AssociationTable(STREAM + 1, Limits.DEFAULT, served::contains, _ -> byDefault);
    Association association = inboundByProof(NORTH_SOUTH);
    assertThatThrownBy(() -> other.add(association)).isInstanceOf(IllegalArgumentException.class);
    assertThat(other.isEmpty()).isTrue();
  }

  @Test
  @Clause("DNA-DEL-12")
  void sendersAreBounded() {
    table = table(new Limits(2, 100, 10));
    assertThat(table.add(inboundByDialback(NORTH_SOUTH))).isTrue();
    assertThat(table.add(inboundByDialback(ROOMS_SOUTH))).isTrue();
    DomainPair third = pair("third.example", "south.example");
    assertThat(table.add(inboundByDialback(third))).isFalse();
    assertThat(table.obstacle(third)).isEqualTo(Obstacle.SENDER_UNKNOWN);
    assertThat(table.add(inboundByDialback(NORTH_CHAT))).as("a sender that is there").isTrue();
    table.drop(ROOMS_SOUTH.sender());
    assertThat(table.add(inboundByDialback(third))).isTrue();
  }

  @Test
  @Clause("DNA-DEL-12")
  void pairsAreBounded() {
    byDefault = strict(FederationLevel.VERIFIED);
    table = table(new Limits(100, 2, 10));
    assertThat(table.add(inboundByDialback(NORTH_SOUTH))).isTrue();
    assertThat(table.add(inboundByDialback(ROOMS_SOUTH))).isTrue();
    assertThat(table.add(inboundByDialback(NORTH_CHAT))).as("a third strict pair").isFalse();
    assertThat(table.obstacle(NORTH_CHAT)).isEqualTo(Obstacle.PAIR_NOT_GRANTED);
    assertThat(table.add(inboundByDialback(NORTH_SOUTH))).as("what is there already").isTrue();

    assertThat(table.add(outbound(pair("south.example", "a.example")))).isTrue();
    assertThat(table.add(outbound(pair("south.example", "b.example")))).isTrue();
    assertThat(table.add(outbound(pair("south.example", "c.example")))).isFalse();
    assertThat(table.granted(pair("south.example", "c.example"))).isNull();
    assertThat(table.add(outbound(pair("south.example", "a.example")))).isTrue();
  }

  @Test
  void aWithdrawalWithoutRoomTakesTheWholeSender() {
    table = table(new Limits(10, 1, 10));
    table.add(inboundByProof(NORTH_SOUTH));
    assertThat(table.withdraw(NORTH_CHAT)).isTrue();
    assertThat(table.withdraw(NORTH_CHAT)).as("again").isTrue();
    assertThat(table.withdraw(NORTH_SOUTH)).isFalse();
    assertThat(table.find(NORTH_SOUTH)).isNull();
    assertThat(table.isEmpty()).isTrue();
  }

  @Test
  void aPairFoundLatelyIsFoundWithoutAskingAgain() {
    table.add(inboundByProof(NORTH_SOUTH));
    asked.set(0);
    Association first = table.find(NORTH_CHAT);
    assertThat(asked).hasValue(1);
    assertThat(table.find(NORTH_CHAT)).isSameAs(first);
    assertThat(asked).hasValue(1);
  }

  @Test
  void whatIsKeptAtHandIsBounded() {
    table = table(new Limits(10, 10, 2));
    table.add(inboundByProof(NORTH_SOUTH));
    for (int i = 0; i < 100; i++) {
      served.add(domain("t" + i + ".example"));
    }
    asked.set(0);
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 100; i++) {
        assertThat(table.find(pair("north.example", "t" + i + ".example"))).isNotNull();
      }
    }
    assertThat(asked).as("nothing of 100 is kept for a whole round").hasValue(200);
  }

  @Test
  void aChangeOfRulesOrDomainsCountsOnceItIsAnnounced() {
    table.add(inboundByDialback(NORTH_SOUTH));
    assertThat(table.find(NORTH_SOUTH)).isNotNull();
    byDefault = rule(FederationLevel.TRUSTED);
    table.reconsider();
    assertThat(table.find(NORTH_SOUTH)).isNull();
    byDefault = rule(FederationLevel.ENCRYPTED);
    assertThat(table.find(NORTH_SOUTH)).isNotNull();
    served.clear();
    table.reconsider();
    assertThat(table.obstacle(NORTH_SOUTH)).isEqualTo(Obstacle.TARGET_UNKNOWN);
  }

  @Test
  void aWithdrawalInTheMiddleOfALookUpIsNotOverlooked() {
    AtomicBoolean withdrawing = new AtomicBoolean();
    AssociationTable[] self = new AssociationTable[1];
    self[0] =
        new AssociationTable(
            STREAM,
            Limits.DEFAULT,
            served::contains,
            pair -> {
              if (withdrawing.compareAndSet(true, false)) {
                self[0].withdraw(pair); // what another thread might do just now
              }
              return byDefault;
            });
    self[0].add(inboundByProof(NORTH_SOUTH));
    withdrawing.set(true);
    self[0].find(NORTH_SOUTH); // may still see what was
    assertThat(self[0].find(NORTH_SOUTH)).isNull();
  }

  @Test
  void aWithdrawnPairIsNeverFoundAgainWhileOthersLook() throws Exception {
    table.add(inboundByProof(NORTH_SOUTH));
    AtomicBoolean over = new AtomicBoolean();
    CountDownLatch looking = new CountDownLatch(2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Runnable look =
          () -> {
            looking.countDown();
            while (!over.get()) {
              table.find(NORTH_SOUTH);
              table.find(NORTH_CHAT);
            }
          };
      List<Future<?>> lookers = List.of(threads.submit(look), threads.submit(look));
      assertThat(looking.await(10, TimeUnit.SECONDS)).isTrue();
      int found = 0;
      for (int i = 0; i < 5_000; i++) {
        table.withdraw(NORTH_SOUTH);
        if (table.find(NORTH_SOUTH) != null) {
          found++;
        }
        table.add(inboundAgain);
        if (table.find(NORTH_SOUTH) == null) {
          found++;
        }
      }
      over.set(true);
      for (Future<?> looker : lookers) {
        looker.get(10, TimeUnit.SECONDS);
      }
      assertThat(found).isZero();
    }
  }

  private final Association inboundAgain = inboundByProof(NORTH_SOUTH);

  /** By dialback whose authoritative server shows the key of the peer. */
  private static Association linked(DomainPair pair) {
    return admitted(
        Admission.inbound(
            rule(FederationLevel.TRUSTED),
            tls(),
            pair,
            notProven(),
            verified(pair, new DialbackAnswer.Valid()),
            proof(pair.sender(), PEER)));
  }

  private AssociationTable table(Limits limits) {
    return new AssociationTable(
        STREAM,
        limits,
        served::contains,
        pair -> {
          asked.incrementAndGet();
          return rules.getOrDefault(pair, byDefault);
        });
  }
}
