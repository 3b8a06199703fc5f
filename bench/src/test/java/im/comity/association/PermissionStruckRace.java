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

/** Stanzas look for a permission while it is struck: once that is told, nobody finds it. */
@JCStressTest
@Outcome(id = Ending.RIGHT, expect = Expect.ACCEPTABLE, desc = "What was told is so.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A permission that was struck was found.")
@State
public class PermissionStruckRace {
  private static final DomainPair PAIR = Facts.pair("north.example", "south.example");
  private static final Requirement RULE = Facts.rule(FederationLevel.PERMISSIVE);
  private static final Association ASSOCIATION = Facts.inboundByProof(PAIR);

  private final AssociationTable table =
      new AssociationTable(Facts.STREAM, AssociationTable.Limits.DEFAULT, _ -> true, _ -> RULE);
  private volatile boolean told;
  private boolean wrong;

  /** It is there. */
  public PermissionStruckRace() {
    table.add(ASSOCIATION);
  }

  /** Strikes it, then tells. */
  @Actor
  public void striking() {
    table.drop(PAIR.sender());
    told = true;
  }

  /** Stanzas that come meanwhile. */
  @Actor
  public void loop() {
    for (int i = 0; i < 3; i++) {
      boolean after = told;
      if (table.find(PAIR) != null && after) {
        wrong = true;
      }
    }
  }

  /** Whether it is gone. */
  @Arbiter
  public void end(L_Result result) {
    result.r1 = wrong ? "stale" : table.find(PAIR) != null ? "stale for good" : Ending.RIGHT;
  }
}
