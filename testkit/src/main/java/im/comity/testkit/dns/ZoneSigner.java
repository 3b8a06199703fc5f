package im.comity.testkit.dns;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Signs the record sets of one zone, and spoils them as its defects say. */
final class ZoneSigner {
  private static final Duration SKEW = Duration.ofHours(1);

  /** More than validators forgive; unbound forgives up to a day. */
  private static final Duration BEYOND_DOUBT = Duration.ofDays(2);

  private static final Name TAMPERED = Name.fromConstantString("tampered");

  private final TestZone zone;
  private final ZoneKey key;
  private final DNSKEYRecord dnskey;
  private final Instant now;

  ZoneSigner(TestZone zone, ZoneKey key, Instant now) {
    this.zone = zone;
    this.key = key;
    this.dnskey = key.dnskey(zone);
    this.now = now.truncatedTo(ChronoUnit.SECONDS);
  }

  DNSKEYRecord dnskey() {
    return dnskey;
  }

  /** The set signed, or whatever the zone's defects make of that. */
  RecordSet sign(List<Record> records) {
    RecordSet signed = new RecordSet(records, this::signatures);
    Name name = signed.name();
    if (strikes(ZoneDefect.TAMPERED_RECORD, name, signed.type()) && alterable(signed.type())) {
      return signed.withRecords(signed.records().stream().map(ZoneSigner::altered).toList());
    }
    return signed;
  }

  private List<RRSIGRecord> signatures(List<Record> records) {
    RRset set = new RRset(records);
    Name name = set.getName();
    int type = set.getType();
    if (strikes(ZoneDefect.MISSING_RRSIG, name, type)) {
      return List.of();
    }
    Instant from = now.minus(SKEW);
    Instant to = now.plus(zone.signatureLife());
    if (strikes(ZoneDefect.EXPIRED_RRSIG, name, type)) {
      to = now.minus(BEYOND_DOUBT);
      from = to.minus(zone.signatureLife());
    } else if (strikes(ZoneDefect.NOT_YET_VALID_RRSIG, name, type)) {
      from = now.plus(BEYOND_DOUBT);
      to = from.plus(zone.signatureLife());
    }
    RRSIGRecord made = signature(set, from, to);
    return List.of(
        strikes(ZoneDefect.TAMPERED_RRSIG, name, type)
            ? with(made, flipped(made.getSignature(), made.getSignature().length - 1, 1))
            : made);
  }

  private RRSIGRecord signature(RRset set, Instant from, Instant to) {
    if (dnskey.getAlgorithm() == ZoneKey.UNKNOWN) {
      return new RRSIGRecord(
          set.getName(),
          set.getDClass(),
          set.getTTL(),
          set.getType(),
          dnskey.getAlgorithm(),
          set.getTTL(),
          to,
          from,
          dnskey.getFootprint(),
          dnskey.getName(),
          new byte[64]);
    }
    try {
      return DNSSEC.sign(set, dnskey, key.privateKey(), from, to);
    } catch (DNSSEC.DNSSECException e) {
      throw new IllegalStateException(e);
    }
  }

  /** DNSKEY is struck only when its name was given, so that the chain of trust reaches the zone. */
  private boolean strikes(ZoneDefect defect, Name name, int type) {
    return type == Type.DNSKEY ? zone.strikesByName(defect, name) : zone.strikes(defect, name);
  }

  private static RRSIGRecord with(RRSIGRecord s, byte[] signature) {
    return new RRSIGRecord(
        s.getName(),
        s.getDClass(),
        s.getTTL(),
        s.getTypeCovered(),
        s.getAlgorithm(),
        s.getOrigTTL(),
        s.getExpire(),
        s.getTimeSigned(),
        s.getFootprint(),
        s.getSigner(),
        signature);
  }

  private static boolean alterable(int type) {
    return switch (type) {
      case Type.SOA, Type.NS, Type.DS, Type.DNSKEY, Type.NSEC, Type.NSEC3, Type.NSEC3PARAM -> false;
      default -> true;
    };
  }

  /** The record saying something else that still can be read. */
  private static Record altered(Record r) {
    byte[] wire = r.toWire(Section.ANSWER);
    byte[] data = Arrays.copyOfRange(wire, r.getName().toWire().length + 10, wire.length);
    @Nullable Name target = target(r);
    byte[] changed;
    if (target != null) {
      changed = longer(data, target);
    } else {
      int at = r.getType() == Type.SRV ? 5 : data.length - 1;
      changed = flipped(data, at, 2);
    }
    return Record.newRecord(
        r.getName(), r.getType(), r.getDClass(), r.getTTL(), changed.length, changed);
  }

  private static @Nullable Name target(Record r) {
    return switch (r.getType()) {
      case Type.CNAME, Type.DNAME, Type.PTR, Type.MX -> {
        String data = r.rdataToString();
        yield Name.fromConstantString(data.substring(data.lastIndexOf(' ') + 1));
      }
      default -> null;
    };
  }

  /** The data with a label put before the name at its end. */
  private static byte[] longer(byte[] data, Name target) {
    try {
      byte[] name = Name.concatenate(TAMPERED, target).toWire();
      int before = data.length - target.toWire().length;
      byte[] all = Arrays.copyOf(data, before + name.length);
      System.arraycopy(name, 0, all, before, name.length);
      return all;
    } catch (NameTooLongException e) {
      throw new IllegalArgumentException("no room to alter " + target, e);
    }
  }

  private static byte[] flipped(byte[] octets, int at, int mask) {
    byte[] changed = octets.clone();
    changed[at] ^= (byte) mask;
    return changed;
  }
}
