package im.comity.testkit.dns;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.spec.ECGenParameterSpec;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;

/** The one key of a zone, which signs both its keys and its data. */
final class ZoneKey {
  /** A number of the unassigned range, for algorithm and digest nobody knows. */
  static final int UNKNOWN = 100;

  static final long TTL = 300;

  private static final int FLAGS = DNSKEYRecord.Flags.ZONE_KEY | DNSKEYRecord.Flags.SEP_KEY;

  private final Name zone;
  private final KeyPair pair;

  private ZoneKey(Name zone, KeyPair pair) {
    this.zone = zone;
    this.pair = pair;
  }

  static ZoneKey make(Name zone) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return new ZoneKey(zone, generator.generateKeyPair());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  PrivateKey privateKey() {
    return pair.getPrivate();
  }

  /** The key as the zone publishes it. */
  DNSKEYRecord dnskey(TestZone state) {
    try {
      DNSKEYRecord real =
          new DNSKEYRecord(
              zone,
              DClass.IN,
              TTL,
              FLAGS,
              DNSKEYRecord.Protocol.DNSSEC,
              DNSSEC.Algorithm.ECDSAP256SHA256,
              pair.getPublic());
      return state.has(ZoneDefect.UNSUPPORTED_ALGORITHM)
          ? new DNSKEYRecord(
              zone, DClass.IN, TTL, FLAGS, DNSKEYRecord.Protocol.DNSSEC, UNKNOWN, real.getKey())
          : real;
    } catch (DNSSEC.DNSSECException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The record with which the parent, or a trust anchor, vouches for the key. */
  DSRecord ds(TestZone state) {
    DNSKEYRecord key =
        state.has(ZoneDefect.MISMATCHED_DS) ? make(zone).dnskey(state) : dnskey(state);
    if (state.has(ZoneDefect.UNSUPPORTED_DIGEST)) {
      return new DSRecord(
          zone, DClass.IN, TTL, key.getFootprint(), key.getAlgorithm(), UNKNOWN, new byte[32]);
    }
    return new DSRecord(zone, DClass.IN, TTL, DNSSEC.Digest.SHA256, key);
  }

  /** SHA-1, the only hash of NSEC3 (RFC 5155 section 11). */
  static byte[] nsec3Hash(Name name, int iterations, byte[] salt) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      byte[] hash = name.toWireCanonical();
      for (int i = 0; i <= iterations; i++) {
        sha1.update(hash);
        sha1.update(salt);
        hash = sha1.digest();
      }
      return hash;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
