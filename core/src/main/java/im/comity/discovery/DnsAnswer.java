package im.comity.discovery;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/** What became of one DNS question. */
public sealed interface DnsAnswer {
  /**
   * There are records of the type asked for.
   *
   * @param name the absolute name that was asked for
   * @param records the records, at least one, in the order of the answer
   * @param ttl how long they may still be used
   * @param aliases the names that CNAME records led through, the owner of the records last; empty
   *     when the name itself owns them. For a host that an SRV record named, RFC 2782 forbids
   *     aliases: they are followed and worth a warning (S2S-DNS-07)
   */
  record Records(String name, List<DnsRecord> records, Duration ttl, List<String> aliases)
      implements DnsAnswer {
    public Records {
      records = List.copyOf(records);
      aliases = List.copyOf(aliases);
      if (records.isEmpty()) {
        throw new IllegalArgumentException("an answer without records is a NoSuchRecord");
      }
    }

    /** The SRV records of the answer. */
    public List<DnsRecord.Service> services() {
      return records.stream()
          .filter(DnsRecord.Service.class::isInstance)
          .map(DnsRecord.Service.class::cast)
          .toList();
    }

    /** The addresses of the answer. */
    public List<InetAddress> addresses() {
      return records.stream()
          .filter(DnsRecord.Address.class::isInstance)
          .map(r -> ((DnsRecord.Address) r).address())
          .toList();
    }
  }

  /**
   * DNS answered, and there is no such record.
   *
   * @param nxdomain whether the name itself does not exist; false when it has only other records
   * @param ttl how long this may be believed, from the zone's SOA record (RFC 2308 section 5); zero
   *     when the answer had none
   */
  record NoSuchRecord(boolean nxdomain, Duration ttl) implements DnsAnswer {}

  /**
   * DNS did not answer the question: no server could be reached in time, all refused or failed, or
   * what they said could not be used. It says nothing on whether the record exists (S2S-DNS-11).
   *
   * @param reason one line for people, with the extended error (RFC 8914) if a server gave one
   */
  record LookupFailed(String reason) implements DnsAnswer {}
}
