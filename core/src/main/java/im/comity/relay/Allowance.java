package im.comity.relay;

/**
 * How much somebody may send (S2S-DOS-01).
 *
 * @param bytesPerSecond bytes of the stream, elements and what is between them; 0 for any number
 * @param stanzasPerSecond stanzas; 0 for any number
 * @param burstSeconds what of so many seconds may come at once after a silence, 1 to 3,600
 */
public record Allowance(long bytesPerSecond, long stanzasPerSecond, int burstSeconds) {
  /** The largest rate. */
  public static final long MOST = 1_000_000_000;

  /**
   * @throws IllegalArgumentException a rate is negative or over {@link #MOST}, both are 0, or the
   *     burst is out of its bounds
   */
  public Allowance {
    if (bytesPerSecond < 0
        || bytesPerSecond > MOST
        || stanzasPerSecond < 0
        || stanzasPerSecond > MOST
        || bytesPerSecond + stanzasPerSecond == 0
        || burstSeconds < 1
        || burstSeconds > 3_600) {
      throw new IllegalArgumentException("an allowance must allow something, and not all");
    }
  }
}
