package im.comity.testkit.dns;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/** One zone as it is served: completed, cut at its children, signed, and able to answer. */
final class PublishedZone {
  /** Nobody looks these up: every zone is on the one server. */
  private static final Name NAME_SERVER = Name.fromConstantString("ns.invalid.");

  private static final Name HOSTMASTER = Name.fromConstantString("hostmaster.invalid.");
  private static final long TTL = 300;
  private static final long NEGATIVE_TTL = 60;

  private final TestZone zone;
  private final Name origin;

  /** Authoritative names and delegations; what stands below a delegation is left out. */
  private final NavigableMap<Name, NavigableMap<Integer, RecordSet>> nodes = new TreeMap<>();

  private final Set<Name> cuts = new TreeSet<>();
  private final @Nullable DenialChain denial;

  /**
   * Publishes a zone.
   *
   * @param key null if the zone is served without signatures
   * @param children the zones right below with the DS records that vouch for them
   */
  PublishedZone(
      TestZone zone, @Nullable ZoneKey key, Map<Name, List<DSRecord>> children, Instant now) {
    this.zone = zone;
    this.origin = zone.name();
    NavigableMap<Name, NavigableMap<Integer, List<Record>>> data = complete(children);
    findCuts(data);
    dropGlue(data);

    Denial how = zone.denial();
    if (key == null || how == null) {
      data.forEach(
          (name, sets) -> sets.forEach((type, records) -> put(name, type, new RecordSet(records))));
      this.denial = null;
      return;
    }
    ZoneSigner signer = new ZoneSigner(zone, key, now);
    add(data, signer.dnskey());
    if (how instanceof Denial.Nsec3 hashed) {
      add(data, DenialChain.Hashed.parameters(origin, hashed));
    }
    NavigableMap<Name, Set<Integer>> types = new TreeMap<>();
    data.forEach(
        (name, sets) -> {
          types.put(name, sets.keySet());
          sets.forEach(
              (type, records) -> {
                boolean foreign = type == Type.NS && cuts.contains(name);
                put(name, type, foreign ? new RecordSet(records) : signer.sign(records));
              });
        });
    this.denial =
        switch (how) {
          case Denial.Nsec _ -> DenialChain.Nsec.of(types, NEGATIVE_TTL, signer);
          case Denial.Nsec3 hashed ->
              DenialChain.Hashed.of(origin, hashed, types, NEGATIVE_TTL, signer);
        };
    if (denial instanceof DenialChain.Nsec plain) {
      plain.chain().forEach((name, set) -> put(name, Type.NSEC, set));
    }
  }

  /** All records in canonical order, each with its signatures. */
  Stream<RecordSet> sets() {
    Stream<RecordSet> plain = nodes.values().stream().flatMap(n -> n.values().stream());
    return denial instanceof DenialChain.Hashed hashed
        ? Stream.concat(plain, hashed.all().stream())
        : plain;
  }

  /**
   * Adds what this zone says to a reply.
   *
   * @return the name where an alias leads, or null at the end of the chain
   */
  @Nullable Name answer(Name name, int type, Reply reply) {
    if (zone.strikes(ZoneDefect.SILENT, name)) {
      reply.silent = true;
      return null;
    }
    if (zone.strikes(ZoneDefect.SERVFAIL, name) || belowForeignCut(name, type)) {
      reply.fail();
      return null;
    }
    NavigableMap<Integer, RecordSet> node = nodes.get(name);
    if (node != null) {
      return fromNode(name, name, node, type, reply);
    }
    if (exists(name)) {
      return negative(Rcode.NOERROR, reply, name, d -> d.noData(name));
    }
    Name encloser = new Name(name, 1);
    while (!exists(encloser)) {
      encloser = new Name(encloser, 1);
    }
    RecordSet dname = set(encloser, Type.DNAME);
    if (dname != null) {
      return throughDname(name, dname, reply);
    }
    Name parent = encloser;
    Name wild = DenialChain.wildcard(parent);
    NavigableMap<Integer, RecordSet> wildNode = nodes.get(wild);
    if (wildNode != null) {
      return fromNode(name, wild, wildNode, type, reply);
    }
    return negative(Rcode.NXDOMAIN, reply, name, d -> d.noName(name, parent));
  }

  /** Answers from the records of {@code owner}, which is the name itself or a wildcard. */
  private @Nullable Name fromNode(
      Name name, Name owner, NavigableMap<Integer, RecordSet> node, int type, Reply reply) {
    boolean expanded = !owner.equals(name);
    Name encloser = expanded ? new Name(owner, 1) : name;
    List<RecordSet> found = found(node, type);
    RecordSet alias = node.get(Type.CNAME);
    if (found.isEmpty() && alias != null) {
      found = List.of(alias);
    }
    if (found.isEmpty()) {
      return negative(
          Rcode.NOERROR,
          reply,
          name,
          d -> expanded ? d.wildcardNoData(name, encloser) : d.noData(name));
    }
    found.forEach(set -> reply.answer.add(expanded ? set.at(name) : set));
    if (expanded) {
      prove(reply, name, d -> d.expanded(name, encloser));
    }
    boolean follow = type != Type.CNAME && type != Type.ANY;
    return follow && found.getFirst().records().getFirst() instanceof CNAMERecord cname
        ? cname.getTarget()
        : null;
  }

  private static List<RecordSet> found(NavigableMap<Integer, RecordSet> node, int type) {
    if (type == Type.ANY) {
      return List.copyOf(node.values());
    }
    if (type == Type.RRSIG) {
      return node.values().stream()
          .filter(set -> !set.signatures().isEmpty())
          .map(set -> new RecordSet(List.copyOf(set.signatures())))
          .toList();
    }
    RecordSet set = node.get(type);
    return set == null ? List.of() : List.of(set);
  }

  private @Nullable Name throughDname(Name name, RecordSet set, Reply reply) {
    reply.answer.add(set);
    DNAMERecord dname = (DNAMERecord) set.records().getFirst();
    try {
      Name target = name.fromDNAME(dname);
      reply.answer.add(
          new RecordSet(List.of(new CNAMERecord(name, DClass.IN, dname.getTTL(), target))));
      return target;
    } catch (NameTooLongException _) {
      // RFC 6672 section 2.2 names the response code for this.
      reply.rcode = Rcode.YXDOMAIN;
      return null;
    }
  }

  private @Nullable Name negative(int rcode, Reply reply, Name name, Proof proof) {
    reply.rcode = rcode;
    RecordSet soa = set(origin, Type.SOA);
    if (soa != null) {
      reply.authority.add(soa);
    }
    prove(reply, name, proof);
    return null;
  }

  private interface Proof {
    List<RecordSet> by(DenialChain denial);
  }

  private void prove(Reply reply, Name name, Proof proof) {
    if (denial != null && !zone.strikes(ZoneDefect.MISSING_NSEC, name)) {
      reply.proof.addAll(proof.by(denial));
    }
  }

  private @Nullable RecordSet set(Name name, int type) {
    NavigableMap<Integer, RecordSet> node = nodes.get(name);
    return node == null ? null : node.get(type);
  }

  private void put(Name name, int type, RecordSet set) {
    nodes.computeIfAbsent(name, _ -> new TreeMap<>()).put(type, set);
  }

  /** Whether the name has records, or others stand below it. */
  private boolean exists(Name name) {
    Name next = nodes.ceilingKey(name);
    return next != null && next.subdomain(name);
  }

  /** Whether the name was delegated to a zone that is not here; then no resolver would get on. */
  private boolean belowForeignCut(Name name, int type) {
    Name cut = cutAbove(name);
    return cut != null && !(type == Type.DS && name.equals(cut));
  }

  /** The delegation at or above the name that is nearest to the origin. */
  private @Nullable Name cutAbove(Name name) {
    Name found = null;
    for (Name up = name; !up.equals(origin); up = new Name(up, 1)) {
      if (cuts.contains(up)) {
        found = up;
      }
    }
    return found;
  }

  private NavigableMap<Name, NavigableMap<Integer, List<Record>>> complete(
      Map<Name, List<DSRecord>> children) {
    NavigableMap<Name, NavigableMap<Integer, List<Record>>> data = new TreeMap<>();
    for (Record r : zone.records()) {
      add(data, r);
    }
    supply(
        data,
        new SOARecord(
            origin,
            DClass.IN,
            NEGATIVE_TTL,
            NAME_SERVER,
            HOSTMASTER,
            1,
            3600,
            600,
            86400,
            NEGATIVE_TTL));
    supply(data, new NSRecord(origin, DClass.IN, TTL, NAME_SERVER));
    children.forEach(
        (child, vouchers) -> {
          supply(data, new NSRecord(child, DClass.IN, TTL, NAME_SERVER));
          vouchers.forEach(ds -> supply(data, ds));
        });
    return data;
  }

  private static void supply(
      NavigableMap<Name, NavigableMap<Integer, List<Record>>> data, Record r) {
    NavigableMap<Integer, List<Record>> node = data.get(r.getName());
    if (node == null || !node.containsKey(r.getType())) {
      add(data, r);
    }
  }

  private static void add(NavigableMap<Name, NavigableMap<Integer, List<Record>>> data, Record r) {
    data.computeIfAbsent(r.getName(), _ -> new TreeMap<>())
        .computeIfAbsent(r.getType(), _ -> new ArrayList<>())
        .add(r);
  }

  private void findCuts(NavigableMap<Name, NavigableMap<Integer, List<Record>>> data) {
    data.forEach(
        (name, sets) -> {
          if (sets.containsKey(Type.NS) && !name.equals(origin)) {
            cuts.add(name);
          }
        });
  }

  /** Leaves out addresses of name servers below delegations, and refuses anything else there. */
  private void dropGlue(NavigableMap<Name, NavigableMap<Integer, List<Record>>> data) {
    data.entrySet()
        .removeIf(
            node -> {
              Name name = node.getKey();
              Name cut = cutAbove(name);
              if (cut == null) {
                return false;
              }
              Set<Integer> allowed =
                  name.equals(cut) ? Set.of(Type.NS, Type.DS) : Set.of(Type.A, Type.AAAA);
              for (int type : node.getValue().keySet()) {
                if (!allowed.contains(type)) {
                  throw new IllegalArgumentException(
                      "%s %s in %s belongs to the zone %s"
                          .formatted(name, Type.string(type), origin, cut));
                }
              }
              return !name.equals(cut);
            });
  }
}
