package im.comity.testkit.dns;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * Zones that make one tree, signed together. Immutable; safe for use by several threads.
 *
 * <p>Each zone hangs below the nearest one above it, which gets its NS and, if both are signed, its
 * DS. There is always a root zone: if none is given one is made, signed if any zone is, so that
 * everything validates, or is proved insecure, from one trust anchor.
 */
public final class ZoneSet {
  /** As many aliases as resolvers follow in practice; a longer chain, or a loop, is SERVFAIL. */
  private static final int LONGEST_CHAIN = 16;

  private final InstantSource time;
  private final NavigableMap<Name, TestZone> zones;
  private final Map<Name, ZoneKey> keys;
  private final NavigableMap<Name, PublishedZone> published = new TreeMap<>();

  private ZoneSet(InstantSource time, NavigableMap<Name, TestZone> zones, Map<Name, ZoneKey> keys) {
    this.time = time;
    this.zones = zones;
    this.keys = keys;
    Instant now = time.instant();
    Map<Name, Map<Name, List<DSRecord>>> children = new HashMap<>();
    for (TestZone zone : zones.values()) {
      TestZone above = parent(zone);
      if (above != null) {
        children
            .computeIfAbsent(above.name(), _ -> new HashMap<>())
            .put(zone.name(), above.denial() == null ? List.of() : vouchers(zone));
      }
    }
    for (TestZone zone : zones.values()) {
      ZoneKey key = zone.has(ZoneDefect.STRIPPED) ? null : keys.get(zone.name());
      published.put(
          zone.name(),
          new PublishedZone(zone, key, children.getOrDefault(zone.name(), Map.of()), now));
    }
  }

  /**
   * Signs zones.
   *
   * @param time the time of signing; signatures begin an hour before it
   * @throws IllegalArgumentException if two zones have the same name, or a zone has records that
   *     belong to the one below it
   */
  public static ZoneSet of(InstantSource time, TestZone... zones) {
    return of(time, List.of(zones));
  }

  /** See {@link #of(InstantSource, TestZone...)}. */
  public static ZoneSet of(InstantSource time, List<TestZone> zones) {
    NavigableMap<Name, TestZone> byName = new TreeMap<>();
    for (TestZone zone : zones) {
      if (byName.put(zone.name(), zone) != null) {
        throw new IllegalArgumentException("two zones named " + zone.origin());
      }
    }
    return of(time, byName, Map.of());
  }

  /** The zones of a text in the form of {@link TestZone#parse}. */
  public static ZoneSet parse(InstantSource time, String text) {
    return of(time, TestZone.parse(text));
  }

  private static ZoneSet of(
      InstantSource time, NavigableMap<Name, TestZone> zones, Map<Name, ZoneKey> keys) {
    if (!zones.containsKey(Name.root)) {
      TestZone root = TestZone.of(".", "");
      boolean signed = zones.values().stream().anyMatch(z -> z.denial() != null);
      zones.put(Name.root, signed ? root.sign() : root);
    }
    Map<Name, ZoneKey> all = new HashMap<>(keys);
    for (TestZone zone : zones.values()) {
      if (zone.denial() != null) {
        all.computeIfAbsent(zone.name(), ZoneKey::make);
      }
    }
    return new ZoneSet(time, zones, all);
  }

  /**
   * These zones with others added, or put in the place of those with the same name; everything is
   * signed anew at the present time with the same keys, so the trust anchor stays. Without
   * arguments it only renews the signatures.
   */
  public ZoneSet with(TestZone... others) {
    NavigableMap<Name, TestZone> all = new TreeMap<>(zones);
    for (TestZone zone : others) {
      all.put(zone.name(), zone);
    }
    return of(time, all, keys);
  }

  /** The trust anchors as DS records in master-file text, one per line; empty if unsigned. */
  public String anchorDs() {
    return lines(anchored().flatMap(zone -> vouchers(zone).stream()));
  }

  /** The trust anchors as DNSKEY records in master-file text, one per line; empty if unsigned. */
  public String anchorDnskey() {
    return lines(anchored().map(zone -> key(zone).dnskey(zone)));
  }

  /** The names of the zones, lower case with final dots, parents before children. */
  public List<String> origins() {
    return zones.values().stream().map(TestZone::origin).toList();
  }

  /**
   * A zone as it is served, signatures and signature defects included, as a master file.
   *
   * @throws IllegalArgumentException if there is no such zone
   */
  public String masterFile(String origin) {
    PublishedZone zone = published.get(TestZone.absolute(origin));
    if (zone == null) {
      throw new IllegalArgumentException("no zone " + origin + " among " + origins());
    }
    List<Record> records = new ArrayList<>();
    zone.sets()
        .forEach(
            set -> {
              records.addAll(set.records());
              records.addAll(set.signatures());
            });
    // Readers want the SOA first.
    return lines(
        Stream.concat(
            records.stream().filter(r -> r.getType() == Type.SOA),
            records.stream().filter(r -> r.getType() != Type.SOA)));
  }

  /** What the zones say to a question, aliases followed from zone to zone. */
  Reply answer(Name name, int type) {
    Reply reply = new Reply();
    Name asked = name;
    for (int link = 0; link <= LONGEST_CHAIN; link++) {
      Name next = zoneFor(asked, type).answer(asked, type, reply);
      if (next == null) {
        return reply;
      }
      asked = next;
    }
    reply.fail();
    return reply;
  }

  private PublishedZone zoneFor(Name name, int type) {
    // What vouches for a zone is its parent's to say (RFC 4035 section 3.1.4.1).
    Name up = type == Type.DS && !name.equals(Name.root) ? new Name(name, 1) : name;
    while (true) {
      PublishedZone zone = published.get(up);
      if (zone != null) {
        return zone;
      }
      up = new Name(up, 1);
    }
  }

  private @Nullable TestZone parent(TestZone zone) {
    for (Name up = zone.name(); !up.equals(Name.root); ) {
      up = new Name(up, 1);
      TestZone above = zones.get(up);
      if (above != null) {
        return above;
      }
    }
    return null;
  }

  private List<DSRecord> vouchers(TestZone zone) {
    return zone.denial() == null ? List.of() : List.of(key(zone).ds(zone));
  }

  private ZoneKey key(TestZone zone) {
    ZoneKey key = keys.get(zone.name());
    if (key == null) {
      throw new IllegalStateException("unsigned: " + zone);
    }
    return key;
  }

  /** The signed zones for which no signed parent vouches. */
  private Stream<TestZone> anchored() {
    return zones.values().stream()
        .filter(zone -> zone.denial() != null)
        .filter(
            zone -> {
              TestZone above = parent(zone);
              return above == null || above.denial() == null;
            });
  }

  private static String lines(Stream<? extends Record> records) {
    return records.map(r -> r + "\n").collect(Collectors.joining());
  }
}
