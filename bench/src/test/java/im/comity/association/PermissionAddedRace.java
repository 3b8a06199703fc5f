package im.comity.association;

import im.comity.address.DomainPair;
import im.comity.bench.Ending;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** A stanza looks for its permission while that is entered: once the peer is told, it is there. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "What was told is so.")
@Outcome(expect = Expect.FORBIDDEN, desc = "The peer was told and its stanza found nothing.")
@State
public class PermissionAddedRace {
  private static final DomainPair PAIR = Facts.pair("north.example", "south.example");
  private static final Requirement RULE = Facts.rule(FederationLevel.PERMISSIVE);
  private static final Association ASSOCIATION = Facts.inboundByProof(PAIR);

  private final AssociationTable table =
      new AssociationTable(Facts.STREAM, AssociationTable.Limits.DEFAULT, _ -> true, _ -> RULE);
  private volatile boolean told;
  private boolean wrong;

  /** Enters it, then tells. */
  @Actor
  public void negotiation() {
    table.add(ASSOCIATION);
    told = true;
  }

  /** A stanza that comes too early, and another. */
  @Actor
  public void loop() {
    for (int i = 0; i < 3; i++) {
      boolean after = told;
      if (table.find(PAIR) == null && after) {
        wrong = true;
      }
    }
  }

  /** Whether it is there in the end. */
  @Arbiter
  public void end(L_Result result) {
    result.r1 = wrong ? "missing" : table.find(PAIR) == null ? "never there" : Ending.RIGHT;
  }
}
