package im.comity.negotiation;

import im.comity.stream.StreamLimits;
import im.comity.xml.ScannerLimits;
import java.time.Duration;

/**
 * Durations and bounds of negotiations.
 *
 * @param negotiation for one whole negotiation (S2S-TCP-15); well below the 90 s after which
 *     Prosody ends a stream (S2S-QK-17)
 * @param candidate the share of one candidate, from connecting to the peer's header
 * @param dialback for one dialback request (S2S-DB-17)
 * @param saslAttempts how many times a peer may try EXTERNAL (S2S-EXT-15)
 * @param strangerSenders distinct sender domains asked for on a stream without a proven one
 *     (S2S-DB-47)
 * @param provenSenders the same on a stream with one
 * @param verifications dialback verifications under way at once, in all
 * @param proven limits of what a proven stream may send
 * @param idleSeconds after how many silent seconds we may close a stream, as announced (S2S-LIM-01)
 */
public record NegotiationSettings(
    Duration negotiation,
    Duration candidate,
    Duration dialback,
    int saslAttempts,
    int strangerSenders,
    int provenSenders,
    int verifications,
    ScannerLimits proven,
    int idleSeconds) {

  /** What is shipped. */
  public static final NegotiationSettings DEFAULTS =
      new NegotiationSettings(
          Duration.ofSeconds(45),
          Duration.ofSeconds(15),
          Duration.ofSeconds(30),
          2,
          1,
          10_000,
          256,
          ScannerLimits.PROVEN,
          3_600);

  /** What we announce to peers. */
  StreamLimits announced() {
    return new StreamLimits(proven.elementBytes(), idleSeconds);
  }
}
