package im.comity.testkit.dns;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * The text of one DNS zone, how it is signed and what is wrong with it. Immutable.
 *
 * <p>Zones live in a {@link ZoneSet}, which knows parents and children by their names.
 */
public final class TestZone {
  private static final long DEFAULT_TTL = 300;
  private static final Duration DEFAULT_LIFE = Duration.ofDays(30);
  private static final String DIRECTIVE = "$ZONE";
  private static final int HIGH_ITERATIONS = 2501;

  private final Name origin;
  private final List<Record> records;
  private final @Nullable Denial denial;
  private final Duration life;

  /** Where each defect strikes; the empty set is everywhere. */
  private final Map<ZoneDefect, Set<Name>> defects;

  private TestZone(
      Name origin,
      List<Record> records,
      @Nullable Denial denial,
      Duration life,
      Map<ZoneDefect, Set<Name>> defects) {
    this.origin = origin;
    this.records = List.copyOf(records);
    this.denial = denial;
    this.life = life;
    this.defects = defects;
  }

  /**
   * An unsigned zone.
   *
   * @param origin the name of the zone; the final dot may be left out
   * @param records master-file text (RFC 1035 section 5) relative to the origin, without {@code
   *     $INCLUDE}; TTL 300 unless it says otherwise; SOA and NS are supplied if missing
   * @throws IllegalArgumentException if the text cannot be read, or names something outside
   */
  public static TestZone of(String origin, String records) {
    Name name = absolute(origin);
    return new TestZone(name, read(name, records), null, DEFAULT_LIFE, Map.of());
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
    List<String> lines = text.lines().toList();
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (isDirective(lines.get(i))) {
        starts.add(i);
      }
    }
    if (starts.isEmpty()) {
      return List.of(bySoa(text));
    }
    if (lines.subList(0, starts.getFirst()).stream().anyMatch(TestZone::saysSomething)) {
      throw new IllegalArgumentException("records before the first " + DIRECTIVE);
    }
    starts.add(lines.size());
    List<TestZone> zones = new ArrayList<>();
    for (int i = 0; i + 1 < starts.size(); i++) {
      int start = starts.get(i);
      TestZone zone = directed(lines.get(start), start + 1);
      // Blank lines in front keep the line numbers of complaints right.
      String records =
          "\n".repeat(start + 1) + String.join("\n", lines.subList(start + 1, starts.get(i + 1)));
      zones.add(zone.add(records));
    }
    return List.copyOf(zones);
  }

  /**
   * This zone with further master-file text.
   *
   * @throws IllegalArgumentException as {@link #of}
   */
  public TestZone add(String text) {
    List<Record> all = new ArrayList<>(records);
    all.addAll(read(origin, text));
    return new TestZone(origin, all, denial, life, defects);
  }

  /** This zone signed, ECDSA P-256 with SHA-256 and NSEC. */
  public TestZone sign() {
    return sign(Denial.NSEC);
  }

  /** This zone signed, ECDSA P-256 with SHA-256. */
  public TestZone sign(Denial how) {
    return new TestZone(origin, records, how, life, defects);
  }

  /** This zone with signatures that end so long after the signing; 30 days unless told. */
  public TestZone signatureLife(Duration time) {
    return new TestZone(origin, records, denial, time, defects);
  }

  /**
   * This zone with a defect more. A defect of signatures signs the zone, if it is not signed yet.
   *
   * @param names where it strikes, relative to the origin unless they end with a dot; none for
   *     everywhere
   * @throws IllegalArgumentException if the defect takes no names
   */
  public TestZone broken(ZoneDefect defect, String... names) {
    if (names.length > 0 && !defect.takesNames()) {
      throw new IllegalArgumentException(defect + " takes no names: " + Arrays.toString(names));
    }
    Set<Name> where = new HashSet<>();
    Set<Name> before = defects.get(defect);
    boolean everywhere = names.length == 0 || (before != null && before.isEmpty());
    if (!everywhere) {
      for (String name : names) {
        where.add(relative(name, origin));
      }
      if (before != null) {
        where.addAll(before);
      }
    }
    Map<ZoneDefect, Set<Name>> all = new EnumMap<>(ZoneDefect.class);
    all.putAll(defects);
    all.put(defect, Set.copyOf(where));
    boolean signs = defect.needsSignatures() && denial == null;
    return new TestZone(origin, records, signs ? Denial.NSEC : denial, life, all);
  }

  /** The zone's name, lower case with its final dot. */
  public String origin() {
    return origin.toString();
  }

  /** The origin and the number of records. */
  @Override
  public String toString() {
    return origin + " (" + records.size() + " records)";
  }

  Name name() {
    return origin;
  }

  List<Record> records() {
    return records;
  }

  Duration signatureLife() {
    return life;
  }

  /** How the zone is signed, its defects considered; null if unsigned. */
  @Nullable Denial denial() {
    if (denial == null || has(ZoneDefect.UNSIGNED)) {
      return null;
    }
    Denial.Nsec3 hashed = denial instanceof Denial.Nsec3 n ? n : new Denial.Nsec3(0, false, "");
    boolean optOut = has(ZoneDefect.OPT_OUT);
    boolean high = has(ZoneDefect.HIGH_ITERATIONS);
    if (!optOut && !high) {
      return denial;
    }
    return new Denial.Nsec3(
        high ? HIGH_ITERATIONS : hashed.iterations(), optOut || hashed.optOut(), hashed.salt());
  }

  boolean has(ZoneDefect defect) {
    return defects.containsKey(defect);
  }

  /** Whether the defect was asked for by this very name. */
  boolean strikesByName(ZoneDefect defect, Name name) {
    return defects.getOrDefault(defect, Set.of()).contains(name);
  }

  boolean strikes(ZoneDefect defect, Name name) {
    Set<Name> where = defects.get(defect);
    return where != null && (where.isEmpty() || where.contains(name));
  }

  static Name absolute(String name) {
    return relative(name, Name.root).canonicalize();
  }

  private static Name relative(String name, Name origin) {
    try {
      return Name.fromString(name, origin).canonicalize();
    } catch (TextParseException e) {
      throw new IllegalArgumentException("no domain name: " + name, e);
    }
  }

  private static boolean isDirective(String line) {
    return line.regionMatches(true, 0, DIRECTIVE, 0, DIRECTIVE.length())
        && (line.length() == DIRECTIVE.length()
            || Character.isWhitespace(line.charAt(DIRECTIVE.length())));
  }

  private static boolean saysSomething(String line) {
    String stripped = line.strip();
    return !stripped.isEmpty() && stripped.charAt(0) != ';';
  }

  private static TestZone bySoa(String text) {
    List<Record> records = read(Name.root, text);
    List<Record> soas = records.stream().filter(r -> r.getType() == Type.SOA).toList();
    if (soas.size() != 1) {
      throw new IllegalArgumentException(
          "a text without " + DIRECTIVE + " needs one SOA, not " + soas.size());
    }
    Name origin = soas.getFirst().getName().canonicalize();
    records.forEach(r -> requireInside(r, origin));
    return new TestZone(origin, records, null, DEFAULT_LIFE, Map.of());
  }

  private static TestZone directed(String line, int number) {
    int comment = line.indexOf(';');
    String[] words = (comment < 0 ? line : line.substring(0, comment)).strip().split("\\s+", -1);
    if (words.length < 2) {
      throw new IllegalArgumentException("line " + number + ": " + DIRECTIVE + " without a name");
    }
    try {
      TestZone zone = of(words[1], "");
      for (int i = 2; i < words.length; i++) {
        zone = zone.word(words[i]);
      }
      return zone;
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
    }
  }

  private TestZone word(String word) {
    int cut = Math.max(word.indexOf('='), word.indexOf('@'));
    String key = cut < 0 ? word : word.substring(0, cut);
    String value = cut < 0 ? "" : word.substring(cut + 1);
    Denial.Nsec3 hashed = denial instanceof Denial.Nsec3 n ? n : new Denial.Nsec3(0, false, "");
    return switch (key) {
      case "signed", "nsec" -> sign();
      case "nsec3" -> sign(hashed);
      case "iterations" ->
          sign(new Denial.Nsec3(Integer.parseInt(value), hashed.optOut(), hashed.salt()));
      case "salt" -> sign(new Denial.Nsec3(hashed.iterations(), hashed.optOut(), value));
      case "opt-out" -> sign(new Denial.Nsec3(hashed.iterations(), true, hashed.salt()));
      case "life" -> signatureLife(Duration.parse(value));
      default -> value.isEmpty() ? broken(defect(key)) : broken(defect(key), value);
    };
  }

  private static ZoneDefect defect(String word) {
    for (ZoneDefect defect : ZoneDefect.values()) {
      if (defect.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(word)) {
        return defect;
      }
    }
    throw new IllegalArgumentException("unknown word: " + word);
  }

  private static List<Record> read(Name origin, String text) {
    List<Record> records = new ArrayList<>();
    try (Master master =
        new Master(
            new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), origin, DEFAULT_TTL)) {
      master.disableIncludes(true);
      for (Record r = master.nextRecord(); r != null; r = master.nextRecord()) {
        requireInside(r, origin);
        records.add(r);
      }
    } catch (IOException e) {
      // The reader of master files says <none> for want of a file's name.
      String message = String.valueOf(e.getMessage()).replace("<none>:", "line ");
      throw new IllegalArgumentException(origin + ": " + message, e);
    }
    return records;
  }

  private static void requireInside(Record r, Name origin) {
    if (!r.getName().subdomain(origin)) {
      throw new IllegalArgumentException(r.getName() + " is outside of " + origin);
    }
    if (r.getDClass() != DClass.IN) {
      throw new IllegalArgumentException(r.getName() + ": only class IN is served");
    }
  }
}
