package im.comity.discovery;

import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Reads what a response says to a question. Pure. */
final class AnswerReader {
  /** CNAME records that are followed for one question; a loop ends here too. */
  static final int LONGEST_CHAIN = 8;

  private static final int LONGEST_EXPLANATION = 200;

  private AnswerReader() {}

  /** What a response means for the question. */
  sealed interface Reading {}

  /** The question is answered. */
  record Answered(DnsAnswer answer) implements Reading {}

  /** The response ends at an alias and says nothing of its target, which has to be asked for. */
  record Follow(Chain chain) implements Reading {}

  /** This server did not answer the question; another one may. */
  record Unusable(String reason) implements Reading {}

  /**
   * How far a question has come along CNAME records.
   *
   * @param asked the name of the question
   * @param current the name whose records are wanted now
   * @param aliases the targets passed through, {@code current} last
   * @param ttl the least of the aliases' TTLs in seconds
   */
  record Chain(String asked, Name current, List<String> aliases, long ttl) {
    static Chain from(String asked, Name name) {
      return new Chain(asked, name, List.of(), Integer.MAX_VALUE);
    }

    private Chain to(CNAMERecord alias) {
      List<String> longer = new ArrayList<>(aliases);
      longer.add(text(alias.getTarget()));
      return new Chain(
          asked, alias.getTarget(), List.copyOf(longer), Math.min(ttl, alias.getTTL()));
    }
  }

  /** Reads a response whose ID and question are known to be those of the query. */
  static Reading read(Message response, Chain chain, RecordType type) {
    int rcode = response.getRcode();
    if (!response.getHeader().getFlag(Flags.QR)) {
      return new Unusable("not a response");
    }
    if (response.getHeader().getFlag(Flags.TC)) {
      return new Unusable("truncated over TCP"); // half a record set is none: S2S-DNS-05
    }
    if (rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN) {
      return new Unusable(Rcode.string(rcode) + extendedErrors(response));
    }
    List<Record> section = response.getSection(Section.ANSWER);
    Chain at = chain;
    while (true) {
      List<DnsRecord> found = new ArrayList<>();
      long ttl = at.ttl();
      CNAMERecord alias = null;
      for (Record record : section) {
        if (record.getDClass() != DClass.IN || !record.getName().equals(at.current())) {
          continue;
        }
        DnsRecord wanted = wanted(record, type);
        if (wanted != null) {
          found.add(wanted);
          ttl = Math.min(ttl, record.getTTL());
        } else if (alias == null && record instanceof CNAMERecord cname) {
          alias = cname;
        }
      }
      if (!found.isEmpty()) {
        return new Answered(
            new DnsAnswer.Records(at.asked(), found, Duration.ofSeconds(ttl), at.aliases()));
      }
      if (alias == null) {
        return nothingAt(at, chain, response);
      }
      if (at.aliases().size() == LONGEST_CHAIN) {
        return new Unusable("more than " + LONGEST_CHAIN + " aliases");
      }
      at = at.to(alias);
    }
  }

  private static Reading nothingAt(Chain at, Chain start, Message response) {
    boolean nxdomain = response.getRcode() == Rcode.NXDOMAIN;
    SOARecord soa = soa(response);
    if (!nxdomain && soa == null && at.aliases().size() > start.aliases().size()) {
      return new Follow(at);
    }
    long ttl = soa == null ? 0 : Math.min(at.ttl(), Math.min(soa.getTTL(), soa.getMinimum()));
    return new Answered(new DnsAnswer.NoSuchRecord(nxdomain, Duration.ofSeconds(ttl)));
  }

  private static @Nullable SOARecord soa(Message response) {
    for (Record record : response.getSection(Section.AUTHORITY)) {
      if (record instanceof SOARecord soa) {
        return soa;
      }
    }
    return null;
  }

  private static @Nullable DnsRecord wanted(Record record, RecordType type) {
    return switch (type) {
      case SRV ->
          record instanceof SRVRecord srv
              ? new DnsRecord.Service(
                  srv.getPriority(), srv.getWeight(), srv.getPort(), text(srv.getTarget()))
              : null;
      case A -> record.getType() == Type.A ? address(record) : null;
      case AAAA -> record.getType() == Type.AAAA ? address(record) : null;
    };
  }

  /**
   * The address with the owner as its host name: asked for its name, the JDK has it and makes no
   * reverse look-up. For AAAA by the way that leaves an IPv4-mapped address what it is.
   */
  private static DnsRecord address(Record record) {
    String host = text(record.getName());
    byte[] octets = record.rdataToWireCanonical();
    try {
      return new DnsRecord.Address(
          record.getType() == Type.AAAA
              ? Inet6Address.getByAddress(host, octets, -1)
              : InetAddress.getByAddress(host, octets));
    } catch (UnknownHostException e) {
      throw new UncheckedIOException(e); // of another length than its type: the parser forbids it
    }
  }

  /** A name in lower case without the last dot; the root is a dot. */
  static String text(Name name) {
    return name.equals(Name.root) ? "." : name.toString(true).toLowerCase(Locale.ROOT);
  }

  /** The extended errors of a response, in brackets with a space before, or nothing (RFC 8914). */
  static String extendedErrors(Message response) {
    OPTRecord opt = response.getOPT();
    if (opt == null) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (EDNSOption option : opt.getOptions(EDNSOption.Code.EDNS_EXTENDED_ERROR)) {
      if (option instanceof ExtendedErrorCodeOption error) {
        text.append(text.isEmpty() ? "" : "; ")
            .append(ExtendedErrorCodeOption.text(error.getErrorCode()));
        if (error.getText() != null && !error.getText().isEmpty()) {
          text.append(": ").append(error.getText());
        }
      }
    }
    return text.isEmpty() ? "" : " (" + printable(text.toString()) + ")";
  }

  /** A stranger wrote it: one line, no controls, not long. */
  private static String printable(String text) {
    String line = text.replaceAll("\\p{C}", "?");
    return line.length() <= LONGEST_EXPLANATION
        ? line
        : line.substring(0, LONGEST_EXPLANATION) + "...";
  }
}
