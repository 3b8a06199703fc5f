package im.comity.association;

import static im.comity.association.Facts.byDialback;
import static im.comity.association.Facts.clear;
import static im.comity.association.Facts.notProven;
import static im.comity.association.Facts.pair;
import static im.comity.association.Facts.proven;
import static im.comity.association.Facts.rule;
import static im.comity.association.Facts.tls;
import static im.comity.association.Facts.verified;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.association.Admission.Admitted;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackVerdict;
import im.comity.policy.FederationLevel;
import im.comity.prooftype.Judgement;
import im.comity.testkit.Clause;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The 36 rows of XEP-0238 section 3, column "Comity" of the ledger: what each end admits by itself
 * when the two have conversed as well as both can. The weaker of the two ends is the row's level.
 */
class LevelMatrixTest {
  /**
   * The service types: level required, whether an authority issued the certificate, what it speaks.
   */
  enum Service {
    TYPE_1(FederationLevel.VERIFIED, false, false, true),
    TYPE_2(FederationLevel.VERIFIED, false, true, true),
    TYPE_3(FederationLevel.VERIFIED, true, true, true),
    TYPE_4(FederationLevel.ENCRYPTED, false, true, true),
    TYPE_5(FederationLevel.ENCRYPTED, true, true, true),
    TYPE_6(FederationLevel.TRUSTED, true, true, false);

    private final FederationLevel required;
    private final boolean issued;
    private final boolean tls;
    private final boolean dialback;

    Service(FederationLevel required, boolean issued, boolean tls, boolean dialback) {
      this.required = required;
      this.issued = issued;
      this.tls = tls;
      this.dialback = dialback;
    }
  }

  @ParameterizedTest(name = "{0} -> {1}: {2} at the initiating end, {3} at the receiving end: {4}")
  @CsvSource({
    "1, 1, V, V, V",
    "1, 2, V, V, V",
    "1, 3, V, V, V",
    "1, 4, V, U, U",
    "1, 5, V, U, U",
    "1, 6, U, U, U",
    "2, 1, V, V, V",
    "2, 2, E, E, E",
    "2, 3, T, E, E",
    "2, 4, E, E, E",
    "2, 5, T, E, E",
    "2, 6, U, U, U",
    "3, 1, V, V, V",
    "3, 2, E, T, E",
    "3, 3, T, T, T",
    "3, 4, E, T, E",
    "3, 5, T, T, T",
    "3, 6, T, T, T",
    "4, 1, U, V, U",
    "4, 2, E, E, E",
    "4, 3, T, E, E",
    "4, 4, E, E, E",
    "4, 5, T, E, E",
    "4, 6, U, U, U",
    "5, 1, U, V, U",
    "5, 2, E, T, E",
    "5, 3, T, T, T",
    "5, 4, E, T, E",
    "5, 5, T, T, T",
    "5, 6, T, T, T",
    "6, 1, U, U, U",
    "6, 2, U, T, U",
    "6, 3, T, T, T",
    "6, 4, U, T, U",
    "6, 5, T, T, T",
    "6, 6, T, T, T"
  })
  @Clause({"S2S-POL-71", "DNA-GEN-07"})
  void eachEndAdmitsByItsOwnRule(
      int initiating, int receiving, String atInitiating, String atReceiving, String row) {
    Service from = Service.values()[initiating - 1];
    Service to = Service.values()[receiving - 1];
    String outbound = outbound(from, to);
    String inbound = inbound(from, to);
    assertThat(outbound).isEqualTo(atInitiating);
    assertThat(inbound).isEqualTo(atReceiving);
    assertThat("UVET".indexOf(outbound) < "UVET".indexOf(inbound) ? outbound : inbound)
        .isEqualTo(row);
  }

  private static String outbound(Service us, Service peer) {
    DomainPair pair = pair("south.example", "north.example");
    Acceptance acceptance;
    if (encrypted(us, peer) && us.issued) {
      acceptance = new Acceptance.BySasl();
    } else if (us.dialback && peer.dialback) {
      acceptance = byDialback(pair);
    } else {
      return "U"; // no way to be accepted
    }
    Judgement ofPeer = encrypted(us, peer) && peer.issued ? proven(pair.target()) : notProven();
    return letter(
        Admission.outbound(
            rule(us.required, us.dialback),
            encrypted(us, peer) ? tls() : clear(),
            pair,
            ofPeer,
            acceptance));
  }

  private static String inbound(Service peer, Service us) {
    DomainPair pair = pair("north.example", "south.example");
    boolean provenPeer = encrypted(us, peer) && peer.issued;
    @Nullable DialbackVerdict verdict =
        !provenPeer && us.dialback && peer.dialback
            ? verified(pair, new DialbackAnswer.Valid())
            : null;
    return letter(
        Admission.inbound(
            rule(us.required, us.dialback),
            encrypted(us, peer) ? tls() : clear(),
            pair,
            provenPeer ? proven(pair.sender()) : notProven(),
            verdict,
            null));
  }

  private static boolean encrypted(Service one, Service other) {
    return one.tls && other.tls;
  }

  private static String letter(Admission admission) {
    return admission instanceof Admitted(var association)
        ? association.level().wire().substring(0, 1).toUpperCase(Locale.ROOT)
        : "U";
  }
}
