package im.comity.testkit.dns;

import java.time.Duration;
import java.util.List;

/**
 * The text of one DNS zone, how it is signed and what is wrong with it. Immutable.
 *
 * <p>Zones live in a {@link ZoneSet}, which knows parents and children by their names.
 */
public final class TestZone {
  private TestZone() {}

  /**
   * An unsigned zone.
   *
   * @param origin the name of the zone; the final dot may be left out
   * @param records master-file text (RFC 1035 section 5) relative to the origin; TTL 300 unless it
   *     says otherwise; SOA and NS are supplied if missing
   * @throws IllegalArgumentException if the text cannot be read, or names something outside
   */
  public static TestZone of(String origin, String records) {
    throw new UnsupportedOperationException(origin + records);
  }

  /**
   * Several zones from one text. A line {@code $ZONE <origin> [word...]} begins each; the words are
   * {@code signed} or {@code nsec} (signed with NSEC), {@code nsec3}, {@code iterations=<n>},
   * {@code salt=<hex>}, {@code opt-out} (each implies NSEC3), {@code life=<ISO duration>}, and the
   * names of {@link ZoneDefect}s in lower case with hyphens, each with {@code @<name>} appended to
   * strike only there. A text without such lines is one unsigned zone, named by its SOA.
   *
   * @throws IllegalArgumentException naming the line that cannot be read
   */
  public static List<TestZone> parse(String text) {
    throw new UnsupportedOperationException(text);
  }

  /** This zone with further master-file text. */
  public TestZone add(String records) {
    throw new UnsupportedOperationException(records);
  }

  /** This zone signed, ECDSA P-256 with SHA-256 and NSEC. */
  public TestZone sign() {
    return sign(Denial.NSEC);
  }

  /** This zone signed, ECDSA P-256 with SHA-256. */
  public TestZone sign(Denial denial) {
    throw new UnsupportedOperationException(denial.toString());
  }

  /** This zone with signatures that end so long after the signing; 30 days unless told. */
  public TestZone signatureLife(Duration life) {
    throw new UnsupportedOperationException(life.toString());
  }

  /**
   * This zone with a defect more. A defect of signatures signs the zone, if it is not signed yet.
   *
   * @param names where it strikes, relative to the origin unless they end with a dot; none for
   *     everywhere
   * @throws IllegalArgumentException if the defect takes no names
   */
  public TestZone broken(ZoneDefect defect, String... names) {
    throw new UnsupportedOperationException(defect.toString() + names.length);
  }

  /** The zone's name, lower case with its final dot. */
  public String origin() {
    throw new UnsupportedOperationException();
  }
}
