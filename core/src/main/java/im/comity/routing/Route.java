package im.comity.routing;

import im.comity.event.NegotiationFailure;
import im.comity.relay.Way;
import java.time.Instant;

/** What the table knows of a pair. */
sealed interface Route {
  /** An attempt is under way; its stanzas wait. */
  record Waiting(PairQueue queue, Attempt attempt) implements Route {}

  /** Stanzas flow. */
  record Open(Way way) implements Route {}

  /** The pair failed and is not tried again before that moment. */
  record Barred(NegotiationFailure why, Instant until) implements Route {}
}
