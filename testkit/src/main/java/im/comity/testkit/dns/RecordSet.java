package im.comity.testkit.dns;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * The records of one name and type as they are served, with the signatures over them.
 *
 * <p>Signatures are made when first asked for: a test reads few records of a large zone.
 */
final class RecordSet {
  private final List<Record> records;
  private final Function<List<Record>, List<RRSIGRecord>> signer;
  private volatile @Nullable List<RRSIGRecord> signatures;

  RecordSet(List<Record> records) {
    this(records, _ -> List.of());
  }

  RecordSet(List<Record> records, Function<List<Record>, List<RRSIGRecord>> signer) {
    // RRset evens out the TTLs and drops duplicates, as RFC 2181 section 5 asks; signatures that
    // were asked for like data it would put aside.
    this.records =
        records.getFirst().getType() == Type.RRSIG
            ? List.copyOf(records)
            : List.copyOf(new RRset(records).rrs(false));
    this.signer = signer;
  }

  Name name() {
    return records.getFirst().getName();
  }

  int type() {
    return records.getFirst().getType();
  }

  List<Record> records() {
    return records;
  }

  List<RRSIGRecord> signatures() {
    List<RRSIGRecord> made = signatures;
    if (made == null) {
      synchronized (this) {
        made = signatures;
        if (made == null) {
          made = signer.apply(records);
          signatures = made;
        }
      }
    }
    return made;
  }

  /** The same data under another name, as a wildcard yields it. */
  RecordSet at(Name name) {
    return new RecordSet(
        records.stream().map(r -> r.withName(name)).toList(),
        renamed -> signatures().stream().map(s -> (RRSIGRecord) s.withName(name)).toList());
  }

  /** These records with the signatures of others, as after an alteration on the way. */
  RecordSet withRecords(List<Record> altered) {
    return new RecordSet(altered, _ -> signatures());
  }
}
