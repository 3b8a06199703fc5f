package im.comity.testkit.dns;

import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/** Proves what does not exist in one zone (RFC 4035 section 3.1.3, RFC 5155 section 7.2). */
sealed interface DenialChain {
  /** That a name, which exists, lacks a type. */
  List<RecordSet> noData(Name name);

  /** That neither a name exists nor a wildcard that would yield it. */
  List<RecordSet> noName(Name name, Name encloser);

  /** That a name does not exist, so that the wildcard below the encloser is right. */
  List<RecordSet> expanded(Name name, Name encloser);

  /** That a name does not exist, and the wildcard below the encloser lacks a type. */
  List<RecordSet> wildcardNoData(Name name, Name encloser);

  /** All its records. */
  Collection<RecordSet> all();

  static Name wildcard(Name encloser) {
    try {
      return Name.concatenate(Name.fromConstantString("*"), encloser);
    } catch (NameTooLongException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Plain names. */
  record Nsec(NavigableMap<Name, RecordSet> chain) implements DenialChain {
    /**
     * Links the names of a zone.
     *
     * @param names every name with authoritative data or a delegation, with its types
     */
    static Nsec of(NavigableMap<Name, Set<Integer>> names, long ttl, ZoneSigner signer) {
      NavigableMap<Name, RecordSet> chain = new TreeMap<>();
      for (Map.Entry<Name, Set<Integer>> entry : names.entrySet()) {
        Name next = names.higherKey(entry.getKey());
        Set<Integer> types = new TreeSet<>(entry.getValue());
        types.add(Type.RRSIG);
        types.add(Type.NSEC);
        Record nsec =
            new NSECRecord(
                entry.getKey(),
                DClass.IN,
                ttl,
                next == null ? names.firstKey() : next,
                types.stream().mapToInt(Integer::intValue).toArray());
        chain.put(entry.getKey(), signer.sign(List.of(nsec)));
      }
      return new Nsec(chain);
    }

    @Override
    public List<RecordSet> noData(Name name) {
      return List.of(chain.floorEntry(name).getValue());
    }

    @Override
    public List<RecordSet> noName(Name name, Name encloser) {
      return List.of(
          chain.floorEntry(name).getValue(),
          chain.floorEntry(DenialChain.wildcard(encloser)).getValue());
    }

    @Override
    public List<RecordSet> expanded(Name name, Name encloser) {
      return noData(name);
    }

    @Override
    public List<RecordSet> wildcardNoData(Name name, Name encloser) {
      return noName(name, encloser);
    }

    @Override
    public Collection<RecordSet> all() {
      return chain.values();
    }
  }

  /** Hashed names. */
  record Hashed(Name origin, Denial.Nsec3 how, NavigableMap<Name, RecordSet> chain)
      implements DenialChain {
    /**
     * Links the names of a zone.
     *
     * @param names every name with authoritative data or a delegation, with its types; a delegation
     *     without DS has type NS alone
     */
    static Hashed of(
        Name origin,
        Denial.Nsec3 how,
        NavigableMap<Name, Set<Integer>> names,
        long ttl,
        ZoneSigner signer) {
      Map<Name, Set<Integer>> covered = new HashMap<>();
      for (Map.Entry<Name, Set<Integer>> entry : names.entrySet()) {
        boolean insecureDelegation = entry.getValue().equals(Set.of(Type.NS));
        if (insecureDelegation && how.optOut()) {
          continue;
        }
        Set<Integer> types = new TreeSet<>(entry.getValue());
        if (!insecureDelegation) {
          types.add(Type.RRSIG);
        }
        covered.put(entry.getKey(), types);
        // Names that exist only because something hangs below them have records of their own here.
        for (Name up = entry.getKey(); !up.equals(origin); up = new Name(up, 1)) {
          covered.putIfAbsent(up, Set.of());
        }
      }
      NavigableMap<Name, Set<Integer>> hashes = new TreeMap<>();
      Hashed empty = new Hashed(origin, how, new TreeMap<>());
      covered.forEach((name, types) -> hashes.put(empty.owner(name), types));
      NavigableMap<Name, RecordSet> chain = new TreeMap<>();
      for (Map.Entry<Name, Set<Integer>> entry : hashes.entrySet()) {
        Name next = hashes.higherKey(entry.getKey());
        Record nsec3 =
            new NSEC3Record(
                entry.getKey(),
                DClass.IN,
                ttl,
                NSEC3Record.SHA1_DIGEST_ID,
                how.optOut() ? NSEC3Record.Flags.OPT_OUT : 0,
                how.iterations(),
                salt(how),
                base32hex().fromString((next == null ? hashes.firstKey() : next).getLabelString(0)),
                entry.getValue().stream().mapToInt(Integer::intValue).toArray());
        chain.put(entry.getKey(), signer.sign(List.of(nsec3)));
      }
      return new Hashed(origin, how, chain);
    }

    /** The record at the origin that announces the parameters. */
    static Record parameters(Name origin, Denial.Nsec3 how) {
      return new NSEC3PARAMRecord(
          origin, DClass.IN, 0, NSEC3Record.SHA1_DIGEST_ID, 0, how.iterations(), salt(how));
    }

    @Override
    public List<RecordSet> noData(Name name) {
      RecordSet match = chain.get(owner(name));
      if (match != null) {
        return List.of(match);
      }
      Name provable = provable(name);
      return List.of(match(provable), cover(nextCloser(name, provable)));
    }

    @Override
    public List<RecordSet> noName(Name name, Name encloser) {
      Name provable = provable(encloser);
      return List.of(
          match(provable),
          cover(nextCloser(name, provable)),
          cover(DenialChain.wildcard(provable)));
    }

    @Override
    public List<RecordSet> expanded(Name name, Name encloser) {
      return List.of(cover(nextCloser(name, encloser)));
    }

    @Override
    public List<RecordSet> wildcardNoData(Name name, Name encloser) {
      return List.of(
          match(encloser),
          cover(nextCloser(name, encloser)),
          match(DenialChain.wildcard(encloser)));
    }

    @Override
    public Collection<RecordSet> all() {
      return chain.values();
    }

    /** The nearest name at or above that has a record here; with opt-out not every name has. */
    private Name provable(Name name) {
      Name up = name;
      while (!chain.containsKey(owner(up))) {
        up = new Name(up, 1);
      }
      return up;
    }

    private static Name nextCloser(Name name, Name encloser) {
      return new Name(name, name.labels() - encloser.labels() - 1);
    }

    private RecordSet match(Name name) {
      RecordSet match = chain.get(owner(name));
      if (match == null) {
        throw new IllegalStateException("no NSEC3 for " + name);
      }
      return match;
    }

    private RecordSet cover(Name name) {
      Map.Entry<Name, RecordSet> before = chain.lowerEntry(owner(name));
      return (before == null ? chain.lastEntry() : before).getValue();
    }

    private Name owner(Name name) {
      String label = base32hex().toString(ZoneKey.nsec3Hash(name, how.iterations(), salt(how)));
      try {
        return Name.fromString(label, origin);
      } catch (TextParseException e) {
        throw new IllegalArgumentException("origin too long for NSEC3: " + origin, e);
      }
    }

    private static byte[] salt(Denial.Nsec3 how) {
      return HexFormat.of().parseHex(how.salt());
    }

    private static base32 base32hex() {
      return new base32(base32.Alphabet.BASE32HEX, false, false);
    }
  }
}
