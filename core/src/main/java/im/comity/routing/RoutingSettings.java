package im.comity.routing;

import java.time.Duration;

/**
 * Bounds of the routing table.
 *
 * @param pairStanzas stanzas that may wait for one pair's way
 * @param pairBytes bytes that may wait for one pair's way
 * @param pairs pairs in the table at once, barred ones included
 * @param attempts attempts under way at once
 * @param negotiation the time of one attempt
 */
public record RoutingSettings(
    int pairStanzas, int pairBytes, int pairs, int attempts, Duration negotiation) {
  /** What is shipped. */
  public static final RoutingSettings DEFAULTS =
      new RoutingSettings(5_000, 4 << 20, 200_000, 1_000, Duration.ofSeconds(45));
}
