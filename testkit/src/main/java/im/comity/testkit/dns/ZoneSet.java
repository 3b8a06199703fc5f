package im.comity.testkit.dns;

import java.time.InstantSource;
import java.util.List;

/**
 * Zones that make one tree, signed together. Immutable; safe for use by several threads.
 *
 * <p>Each zone hangs below the nearest one above it, which gets its NS and, if both are signed, its
 * DS. There is always a root zone: if none is given one is made, signed if any zone is, so that
 * everything validates, or is proved insecure, from one trust anchor.
 */
public final class ZoneSet {
  private ZoneSet() {}

  /**
   * Signs zones.
   *
   * @param time the time of signing; signatures begin an hour before it
   * @throws IllegalArgumentException if two zones have the same name
   */
  public static ZoneSet of(InstantSource time, TestZone... zones) {
    return of(time, List.of(zones));
  }

  /** See {@link #of(InstantSource, TestZone...)}. */
  public static ZoneSet of(InstantSource time, List<TestZone> zones) {
    throw new UnsupportedOperationException(time.toString() + zones);
  }

  /** The zones of a text in the form of {@link TestZone#parse}. */
  public static ZoneSet parse(InstantSource time, String text) {
    return of(time, TestZone.parse(text));
  }

  /**
   * These zones with others added, or put in the place of those with the same name; everything is
   * signed anew at the present time with the same keys, so the trust anchor stays. Without
   * arguments it only renews the signatures.
   */
  public ZoneSet with(TestZone... others) {
    throw new UnsupportedOperationException(List.of(others).toString());
  }

  /** The trust anchors as DS records in master-file text, one per line; empty if unsigned. */
  public String anchorDs() {
    throw new UnsupportedOperationException();
  }

  /** The trust anchors as DNSKEY records in master-file text, one per line; empty if unsigned. */
  public String anchorDnskey() {
    throw new UnsupportedOperationException();
  }

  /** The names of the zones, lower case with final dots, parents before children. */
  public List<String> origins() {
    throw new UnsupportedOperationException();
  }

  /**
   * A zone as it is served, signatures and signature defects included, as a master file.
   *
   * @throws IllegalArgumentException if there is no such zone
   */
  public String masterFile(String origin) {
    throw new UnsupportedOperationException(origin);
  }
}
