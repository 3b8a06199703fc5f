package im.comity.relay;

import im.comity.association.AssociationTable;
import im.comity.xml.ScannerLimits;
import java.time.Duration;

/**
 * Durations and bounds of established streams.
 *
 * @param outletBytes how much may wait to be written
 * @param limits what a proven peer may send
 * @param associations how much one stream may be granted
 * @param keepalive a stream on which we were silent for so long gets a space (S2S-CLS-07, -08)
 * @param idle a stream that we opened and that carried no stanza for so long is closed (S2S-CLS-11)
 * @param unproven a stream of a peer that asked for nothing but verifications is closed after this
 * @param farewell how long the peer's end of the stream is awaited (S2S-CLS-02)
 * @param stuck a peer that takes nothing for so long, while much waits for it, is given up
 *     (S2S-CLS-09)
 */
public record RelaySettings(
    int outletBytes,
    ScannerLimits limits,
    AssociationTable.Limits associations,
    Duration keepalive,
    Duration idle,
    Duration unproven,
    Duration farewell,
    Duration stuck) {
  /** What is shipped. */
  public static final RelaySettings DEFAULTS =
      new RelaySettings(
          1 << 20,
          ScannerLimits.PROVEN,
          AssociationTable.Limits.DEFAULT,
          Duration.ofMinutes(5),
          Duration.ofHours(1),
          Duration.ofMinutes(5),
          Duration.ofSeconds(5),
          Duration.ofMinutes(2));
}
