package im.comity.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.discovery.AnswerReader.Answered;
import im.comity.discovery.AnswerReader.Chain;
import im.comity.discovery.AnswerReader.Follow;
import im.comity.discovery.AnswerReader.Reading;
import im.comity.discovery.AnswerReader.Unusable;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import im.comity.testkit.Clause;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Master;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

final class AnswerReaderTest {
  private static final String SOA = "example. 600 IN SOA ns.example. root.example. 1 1 1 1 300\n";

  private static Message response(int rcode, String answer, String authority) {
    Message message = Message.newQuery(Record.newRecord(name("im.example."), Type.A, DClass.IN));
    message.getHeader().setFlag(Flags.QR);
    message.getHeader().setRcode(rcode);
    records(answer).forEach(r -> message.addRecord(r, Section.ANSWER));
    records(authority).forEach(r -> message.addRecord(r, Section.AUTHORITY));
    return message;
  }

  private static List<Record> records(String masterFile) {
    try (Master master =
        new Master(
            new ByteArrayInputStream(masterFile.getBytes(StandardCharsets.UTF_8)), Name.root)) {
      List<Record> records = new ArrayList<>();
      for (Record record; (record = master.nextRecord()) != null; ) {
        records.add(record);
      }
      return records;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Name name(String text) {
    return Name.fromConstantString(text);
  }

  private static Reading read(RecordType type, Message message) {
    return AnswerReader.read(message, Chain.from("im.example.", name("im.example.")), type);
  }

  private static DnsAnswer answer(RecordType type, String answer, String authority) {
    Reading reading = read(type, response(Rcode.NOERROR, answer, authority));
    assertThat(reading).isInstanceOf(Answered.class);
    return ((Answered) reading).answer();
  }

  @Test
  @Clause("S2S-DNS-05")
  void everySrvRecordIsReadInTheOrderOfTheAnswer() {
    assertThat(
            answer(
                RecordType.SRV,
                "im.example. 60 IN SRV 1 2 5269 B.Example.\nim.example. 30 IN SRV 0 0 0 .\n",
                ""))
        .isEqualTo(
            new Records(
                "im.example.",
                List.of(
                    new DnsRecord.Service(1, 2, 5269, "b.example"),
                    new DnsRecord.Service(0, 0, 0, ".")),
                Duration.ofSeconds(30),
                List.of()));
  }

  @Test
  void anAddressKnowsItsHostSoThatNobodyLooksItUp() {
    Records records = (Records) answer(RecordType.A, "IM.example. 60 IN A 1.1.1.1\n", "");
    assertThat(records.addresses()).containsExactly(InetAddress.ofLiteral("1.1.1.1"));
    assertThat(records.addresses().getFirst().getHostName()).isEqualTo("im.example");
  }

  @Test
  void anIpv4MappedAddressOfAnAaaaRecordStaysWhatItIs() {
    Records records =
        (Records) answer(RecordType.AAAA, "im.example. 60 IN AAAA ::ffff:10.0.0.1\n", "");
    assertThat(records.addresses().getFirst()).isInstanceOf(Inet6Address.class);
  }

  @Test
  void recordsOfOtherNamesTypesAndClassesArePassedOver() {
    assertThat(
            answer(
                RecordType.A,
                """
                other.example. 60 IN A 1.1.1.1
                im.example. 60 IN AAAA 2a00::1
                im.example. 60 CH A 1.1.1.2
                im.example. 60 IN A 1.1.1.3
                """,
                ""))
        .isInstanceOfSatisfying(
            Records.class,
            r -> assertThat(r.addresses()).containsExactly(InetAddress.ofLiteral("1.1.1.3")));
  }

  @Test
  @Clause("S2S-DNS-07")
  void aliasesAreFollowedAndReportedAndTheShortestTtlCounts() {
    assertThat(
            answer(
                RecordType.A,
                """
                c.example. 60 IN A 1.1.1.1
                im.example. 600 IN CNAME B.example.
                b.example. 20 IN CNAME c.example.
                """,
                ""))
        .isInstanceOfSatisfying(
            Records.class,
            r -> {
              assertThat(r.name()).isEqualTo("im.example.");
              assertThat(r.aliases()).containsExactly("b.example", "c.example");
              assertThat(r.ttl()).isEqualTo(Duration.ofSeconds(20));
              assertThat(r.addresses()).containsExactly(InetAddress.ofLiteral("1.1.1.1"));
            });
  }

  @Test
  void anAliasWhoseTargetTheServerDidNotLookUpIsToBeAskedFor() {
    Reading first =
        read(RecordType.A, response(Rcode.NOERROR, "im.example. 40 IN CNAME b.example.\n", ""));
    assertThat(first).isInstanceOf(Follow.class);
    Chain chain = ((Follow) first).chain();
    assertThat(chain.current()).isEqualTo(name("b.example."));
    Reading second =
        AnswerReader.read(
            response(Rcode.NOERROR, "b.example. 60 IN A 1.1.1.1\n", ""), chain, RecordType.A);
    assertThat(second)
        .isEqualTo(
            new Answered(
                new Records(
                    "im.example.",
                    List.of(new DnsRecord.Address(InetAddress.ofLiteral("1.1.1.1"))),
                    Duration.ofSeconds(40),
                    List.of("b.example"))));
  }

  @Test
  void anAliasToNothingIsNoSuchRecord() {
    assertThat(answer(RecordType.A, "im.example. 40 IN CNAME b.example.\n", SOA))
        .isEqualTo(new NoSuchRecord(false, Duration.ofSeconds(40)));
    assertThat(
            read(
                RecordType.A,
                response(Rcode.NXDOMAIN, "im.example. 900 IN CNAME b.example.\n", SOA)))
        .isEqualTo(new Answered(new NoSuchRecord(true, Duration.ofMinutes(5))));
  }

  @Test
  void aLoopOfAliasesIsUnusable() {
    assertThat(
            read(
                RecordType.A,
                response(
                    Rcode.NOERROR,
                    "im.example. 40 IN CNAME b.example.\nb.example. 40 IN CNAME im.example.\n",
                    "")))
        .isEqualTo(new Unusable("more than 8 aliases"));
  }

  @Test
  void eightAliasesAreFollowedAndNotNine() {
    StringBuilder chain = new StringBuilder("im.example. 60 IN CNAME h1.example.\n");
    for (int i = 1; i < 8; i++) {
      chain.append("h" + i + ".example. 60 IN CNAME h" + (i + 1) + ".example.\n");
    }
    assertThat(answer(RecordType.A, chain + "h8.example. 60 IN A 1.1.1.1\n", ""))
        .isInstanceOf(Records.class);
    assertThat(
            read(
                RecordType.A,
                response(
                    Rcode.NOERROR,
                    chain + "h8.example. 60 IN CNAME h9.example.\nh9.example. 60 IN A 1.1.1.1\n",
                    "")))
        .isInstanceOf(Unusable.class);
  }

  @ParameterizedTest(name = "SOA {0}: believed for {1} s")
  @CsvSource({
    "example. 600 IN SOA ns.example. root.example. 1 1 1 1 300, 300",
    "example. 200 IN SOA ns.example. root.example. 1 1 1 1 300, 200",
    "example. 200 IN SOA ns.example. root.example. 1 1 1 1 0, 0",
    "'', 0",
  })
  @Clause("S2S-DNS-21")
  void anAbsenceIsBelievedForTheLessOfTheSoaMinimumAndItsTtl(String soa, long seconds) {
    assertThat(answer(RecordType.A, "", soa + "\n"))
        .isEqualTo(new NoSuchRecord(false, Duration.ofSeconds(seconds)));
    assertThat(read(RecordType.A, response(Rcode.NXDOMAIN, "", soa + "\n")))
        .isEqualTo(new Answered(new NoSuchRecord(true, Duration.ofSeconds(seconds))));
  }

  @ParameterizedTest
  @CsvSource({"1, FORMERR", "2, SERVFAIL", "4, NOTIMP", "5, REFUSED", "9, NOTAUTH"})
  @Clause({"S2S-DNS-11", "DNA-DNS-02"})
  void everyOtherResponseCodeIsUnusableAndNamed(int rcode, String reason) {
    assertThat(read(RecordType.A, response(rcode, "im.example. 60 IN A 1.1.1.1\n", SOA)))
        .isEqualTo(new Unusable(reason));
  }

  @Test
  @Clause("DNA-DNS-13")
  void theExtendedErrorIsToldOnOneLine() {
    Message message = response(Rcode.SERVFAIL, "", "");
    message.addRecord(
        new OPTRecord(
            1232,
            0,
            0,
            0,
            new ExtendedErrorCodeOption(6, "bad\nsignature \u001b[31m"),
            new ExtendedErrorCodeOption(9)),
        Section.ADDITIONAL);
    assertThat(read(RecordType.A, message))
        .isEqualTo(new Unusable("SERVFAIL (DNSSEC_BOGUS: bad?signature ?[31m; DNSKEY_MISSING)"));
  }

  @Test
  void theExtendedErrorIsNotLong() {
    Message message = response(Rcode.SERVFAIL, "", "");
    message.addRecord(
        new OPTRecord(1232, 0, 0, 0, new ExtendedErrorCodeOption(0, "x".repeat(5000))),
        Section.ADDITIONAL);
    assertThat(read(RecordType.A, message))
        .isInstanceOfSatisfying(
            Unusable.class, u -> assertThat(u.reason()).hasSizeLessThan(230).endsWith("...)"));
  }

  @Test
  void aQuestionSentBackIsNoResponse() {
    Message message = response(Rcode.NOERROR, "im.example. 60 IN A 1.1.1.1\n", "");
    message.getHeader().unsetFlag(Flags.QR);
    assertThat(read(RecordType.A, message)).isEqualTo(new Unusable("not a response"));
  }

  @Test
  @Clause("S2S-DNS-05")
  void halfAnAnswerIsNone() {
    Message message = response(Rcode.NOERROR, "im.example. 60 IN A 1.1.1.1\n", "");
    message.getHeader().setFlag(Flags.TC);
    assertThat(read(RecordType.A, message)).isEqualTo(new Unusable("truncated over TCP"));
  }

  @Test
  void aTtlWithTheTopmostBitSetIsZero() throws IOException {
    byte[] wire = response(Rcode.NOERROR, "im.example. 60 IN A 1.1.1.1\n", "").toWire();
    wire[wire.length - 10] = (byte) 0x80; // of the last record: TTL, length, four octets
    assertThat(read(RecordType.A, new Message(wire)))
        .isInstanceOfSatisfying(
            Answered.class, a -> assertThat(((Records) a.answer()).ttl()).isZero());
  }
}
