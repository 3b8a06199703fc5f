package im.comity.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.discovery.DnsAnswer.LookupFailed;
import im.comity.discovery.DnsAnswer.NoSuchRecord;
import im.comity.discovery.DnsAnswer.Records;
import im.comity.discovery.DnsjavaResolver.Settings;
import im.comity.testkit.Clause;
import im.comity.testkit.dns.DnsBehaviour;
import im.comity.testkit.dns.DnsQuery;
import im.comity.testkit.dns.TestDnsServer;
import im.comity.testkit.dns.TestZone;
import im.comity.testkit.dns.ZoneSet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Master;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Section;

@Timeout(60)
final class DnsjavaResolverTest {
  private static final String SRV = "_xmpp-server._tcp.south.example.";

  private static final ZoneSet ZONES =
      ZoneSet.of(
          InstantSource.system(),
          TestZone.of(
              "south.example",
              """
              @                 SOA ns root 1 3600 600 86400 90
              _xmpp-server._tcp 120 SRV 10 5 5269 im
              im                60  A    192.0.2.1
              im                30  A    192.0.2.2
              im                60  AAAA 2001:db8::1
              alias             50  CNAME im
              text              60  TXT  "only"
              """),
          TestZone.of(
              "many.example",
              IntStream.range(0, 40)
                  .mapToObj(i -> "_xmpp-server._tcp SRV " + i + " 0 5269 a-rather-long-name-" + i)
                  .reduce("", (a, b) -> a + b + "\n")));

  private final ManualTimers timers = new ManualTimers();
  private final List<AutoCloseable> opened = new ArrayList<>();

  private <T extends AutoCloseable> T opened(T closeable) {
    opened.add(closeable);
    return closeable;
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : opened.reversed()) {
      closeable.close();
    }
  }

  private TestDnsServer server() {
    return opened(TestDnsServer.start(ZONES));
  }

  private DnsjavaResolver resolver(Settings settings, TestDnsServer... servers) {
    return resolver(settings, Arrays.stream(servers).map(TestDnsServer::address).toList());
  }

  private DnsjavaResolver resolver(Settings settings, List<InetSocketAddress> servers) {
    return opened(new DnsjavaResolver(servers, settings, timers));
  }

  private DnsjavaResolver resolver(List<InetSocketAddress> servers) {
    return resolver(Settings.DEFAULT, servers);
  }

  private DnsjavaResolver resolver(TestDnsServer... servers) {
    return resolver(Settings.DEFAULT, servers);
  }

  /** Default settings with a short patience in real time. */
  private static Settings impatient() {
    return settings(200, 64, 100, 1000);
  }

  private static Settings settings(long attemptMillis, int inFlight, int waiting, int cached) {
    Settings d = Settings.DEFAULT;
    return new Settings(
        Duration.ofMillis(attemptMillis),
        d.attempts(),
        d.questionTimeout(),
        inFlight,
        waiting,
        cached,
        d.longestTtl(),
        d.longestNegativeTtl(),
        d.failureTtl());
  }

  private static DnsAnswer answer(CompletableFuture<DnsAnswer> future) {
    return future.orTimeout(20, TimeUnit.SECONDS).join();
  }

  private static DnsAnswer ask(DnsjavaResolver resolver, String name, RecordType type) {
    return answer(resolver.ask(name, type));
  }

  private static String failure(DnsAnswer answer) {
    assertThat(answer).isInstanceOf(LookupFailed.class);
    return ((LookupFailed) answer).reason();
  }

  // ---- answers

  @Test
  @Clause("S2S-DNS-01")
  void anSrvQuestionIsAskedByItsExactNameWithEdnsAndAnswered() {
    TestDnsServer server = server();
    assertThat(ask(resolver(server), SRV, RecordType.SRV))
        .isEqualTo(
            new Records(
                SRV,
                List.of(new DnsRecord.Service(10, 5, 5269, "im.south.example")),
                Duration.ofMinutes(2),
                List.of()));
    assertThat(server.queries()).extracting(DnsQuery::name).containsExactly(SRV);
    assertThat(server.queries()).extracting(DnsQuery::udpSize).containsExactly(1232);
    assertThat(server.queries()).extracting(DnsQuery::tcp).containsExactly(false);
  }

  @Test
  void addressesOfBothFamiliesAreAnswered() {
    DnsjavaResolver resolver = resolver(server());
    assertThat(((Records) ask(resolver, "im.south.example.", RecordType.A)).addresses())
        .containsExactlyInAnyOrder(
            InetAddress.ofLiteral("192.0.2.1"), InetAddress.ofLiteral("192.0.2.2"));
    assertThat(((Records) ask(resolver, "im.south.example.", RecordType.AAAA)).addresses())
        .containsExactly(InetAddress.ofLiteral("2001:db8::1"));
  }

  @Test
  @Clause("S2S-DNS-07")
  void anAliasIsFollowedAndReported() {
    assertThat(ask(resolver(server()), "alias.south.example.", RecordType.AAAA))
        .isInstanceOfSatisfying(
            Records.class,
            r -> {
              assertThat(r.name()).isEqualTo("alias.south.example.");
              assertThat(r.aliases()).containsExactly("im.south.example");
              assertThat(r.ttl()).isEqualTo(Duration.ofSeconds(50));
              assertThat(r.addresses()).hasSize(1);
            });
  }

  @Test
  void aNameThatDoesNotExistIsToldFromOneWithoutSuchARecord() {
    DnsjavaResolver resolver = resolver(server());
    assertThat(ask(resolver, "nobody.south.example.", RecordType.A))
        .isEqualTo(new NoSuchRecord(true, Duration.ofSeconds(90)));
    assertThat(ask(resolver, "text.south.example.", RecordType.A))
        .isEqualTo(new NoSuchRecord(false, Duration.ofSeconds(90)));
  }

  @Test
  @Clause("S2S-DNS-05")
  void aTruncatedAnswerIsAskedForAgainOverTcpAndReadWhole() {
    TestDnsServer server = server();
    server.udpLimit(512);
    assertThat(ask(resolver(server), "_xmpp-server._tcp.many.example.", RecordType.SRV))
        .isInstanceOfSatisfying(Records.class, r -> assertThat(r.services()).hasSize(40));
    assertThat(server.queries()).extracting(DnsQuery::tcp).containsExactly(false, true);
  }

  @Test
  void aNameTooLongForDnsDoesNotExistAndIsNotAskedFor() {
    TestDnsServer server = server();
    String label = "a".repeat(63) + ".";
    DnsjavaResolver resolver = resolver(server);
    assertThat(ask(resolver, "_xmpp-server._tcp." + label.repeat(4), RecordType.SRV))
        .isEqualTo(new NoSuchRecord(true, Duration.ZERO));
    assertThat(ask(resolver, "a" + label, RecordType.A))
        .isEqualTo(new NoSuchRecord(true, Duration.ZERO));
    assertThat(server.queries()).isEmpty();
  }

  @Test
  void aRelativeNameIsAMistakeOfTheCaller() {
    DnsjavaResolver resolver = resolver(server());
    assertThatThrownBy(() -> resolver.ask("im.south.example", RecordType.A))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aServerNeedsAnAddressSoThatItIsNeverLookedUp() {
    List<InetSocketAddress> name = List.of(InetSocketAddress.createUnresolved("dns.example", 53));
    assertThatThrownBy(() -> new DnsjavaResolver(name, Settings.DEFAULT, timers))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new DnsjavaResolver(List.of(), Settings.DEFAULT, timers))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theServersOfTheMachineAreAddresses() {
    assertThat(DnsjavaResolver.systemServers()).noneMatch(InetSocketAddress::isUnresolved);
  }

  // ---- memory

  @Test
  @Clause("S2S-DNS-21")
  void anAnswerIsKeptForItsTtlAndNotLonger() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(server);
    ask(resolver, SRV, RecordType.SRV);
    timers.advance(Duration.ofSeconds(119));
    assertThat(ask(resolver, SRV, RecordType.SRV))
        .isInstanceOfSatisfying(
            Records.class, r -> assertThat(r.ttl()).isEqualTo(Duration.ofSeconds(1)));
    assertThat(server.queries()).hasSize(1);
    timers.advance(Duration.ofSeconds(1));
    assertThat(ask(resolver, SRV, RecordType.SRV))
        .isInstanceOfSatisfying(
            Records.class, r -> assertThat(r.ttl()).isEqualTo(Duration.ofMinutes(2)));
    assertThat(server.queries()).hasSize(2);
  }

  @Test
  @Clause("S2S-DNS-21")
  void theShortestTtlOfTheRecordsCounts() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(server);
    ask(resolver, "im.south.example.", RecordType.A);
    timers.advance(Duration.ofSeconds(30));
    ask(resolver, "im.south.example.", RecordType.A);
    assertThat(server.queries()).hasSize(2);
  }

  @Test
  @Clause("S2S-DNS-21")
  void anAbsenceIsKeptForTheSoaMinimumAndNotLonger() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(server);
    ask(resolver, "nobody.south.example.", RecordType.A);
    timers.advance(Duration.ofSeconds(89));
    assertThat(ask(resolver, "nobody.south.example.", RecordType.A))
        .isEqualTo(new NoSuchRecord(true, Duration.ofSeconds(1)));
    assertThat(server.queries()).hasSize(1);
    timers.advance(Duration.ofSeconds(1));
    ask(resolver, "nobody.south.example.", RecordType.A);
    assertThat(server.queries()).hasSize(2);
  }

  @Test
  void whatAStrangerAsksUsToKeepForEverIsKeptForTheSetTime() {
    TestDnsServer server = server();
    Settings d = Settings.DEFAULT;
    DnsjavaResolver resolver =
        resolver(
            new Settings(
                d.attemptTimeout(),
                d.attempts(),
                d.questionTimeout(),
                d.inFlight(),
                d.waiting(),
                d.cachedRecords(),
                Duration.ofSeconds(20),
                Duration.ofSeconds(10),
                d.failureTtl()),
            server);
    assertThat(((Records) ask(resolver, SRV, RecordType.SRV)).ttl())
        .isEqualTo(Duration.ofSeconds(20));
    assertThat(ask(resolver, "nobody.south.example.", RecordType.A))
        .isEqualTo(new NoSuchRecord(true, Duration.ofSeconds(10)));
    timers.advance(Duration.ofSeconds(20));
    ask(resolver, SRV, RecordType.SRV);
    assertThat(server.queries(SRV, "SRV")).hasSize(2);
  }

  @Test
  void aFailureIsKeptForAMomentOnly() {
    TestDnsServer server = server();
    server.always(SRV, "SRV", DnsBehaviour.SERVFAIL);
    DnsjavaResolver resolver = resolver(server);
    ask(resolver, SRV, RecordType.SRV);
    timers.advance(Duration.ofSeconds(4));
    assertThat(ask(resolver, SRV, RecordType.SRV)).isInstanceOf(LookupFailed.class);
    assertThat(server.queries()).hasSize(1);
    server.behave();
    timers.advance(Duration.ofSeconds(1));
    assertThat(ask(resolver, SRV, RecordType.SRV)).isInstanceOf(Records.class);
  }

  @Test
  void namesAreTheSameInAnySpelling() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(server);
    ask(resolver, "IM.South.example.", RecordType.AAAA);
    ask(resolver, "im.south.EXAMPLE.", RecordType.AAAA);
    assertThat(server.queries()).hasSize(1);
  }

  @Test
  void equalQuestionsInFlightShareOneQueryAndNobodyCancelsForAnother() {
    TestDnsServer server = server();
    DnsBehaviour.Held held = new DnsBehaviour.Held();
    server.always(SRV, "SRV", held);
    DnsjavaResolver resolver = resolver(server);
    CompletableFuture<DnsAnswer> first = resolver.ask(SRV, RecordType.SRV);
    CompletableFuture<DnsAnswer> second = resolver.ask(SRV, RecordType.SRV);
    CompletableFuture<DnsAnswer> third = resolver.ask(SRV, RecordType.SRV);
    first.cancel(true);
    second.cancel(true);
    held.release();
    assertThat(answer(third)).isInstanceOf(Records.class);
    assertThat(server.queries()).hasSize(1);
  }

  @Test
  void noMoreRecordsAreKeptThanAllowed() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(settings(3000, 64, 100, 10), server);
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 50; i++) {
        ask(resolver, "h" + i + ".south.example.", RecordType.A);
      }
    }
    assertThat(server.queries()).hasSizeGreaterThanOrEqualTo(50 + 40);
  }

  @Test
  void anAnswerOfManyRecordsCountsAsMany() {
    TestDnsServer server = server();
    DnsjavaResolver resolver = resolver(settings(3000, 64, 100, 39), server);
    ask(resolver, "_xmpp-server._tcp.many.example.", RecordType.SRV);
    int before = server.queries().size();
    ask(resolver, "_xmpp-server._tcp.many.example.", RecordType.SRV);
    assertThat(server.queries()).hasSizeGreaterThan(before);
  }

  // ---- failures

  @Test
  @Clause({"S2S-DNS-11", "DNA-DNS-02"})
  void aServerThatFailsIsNotAskedAgainButTheNextIs() {
    TestDnsServer broken = server();
    TestDnsServer whole = server();
    broken.always(SRV, "SRV", DnsBehaviour.SERVFAIL);
    assertThat(ask(resolver(broken, whole), SRV, RecordType.SRV)).isInstanceOf(Records.class);
    assertThat(broken.queries()).hasSize(1);
    assertThat(whole.queries()).hasSize(1);
  }

  @Test
  @Clause({"S2S-DNS-11", "DNA-DNS-02"})
  void whenAllServersFailTheReasonNamesEach() {
    TestDnsServer failing = server();
    TestDnsServer refusing = server();
    failing.always(SRV, "SRV", DnsBehaviour.SERVFAIL);
    refusing.always(SRV, "SRV", DnsBehaviour.REFUSED);
    assertThat(failure(ask(resolver(failing, refusing), SRV, RecordType.SRV)))
        .isEqualTo(
            "127.0.0.1 port %d: SERVFAIL; 127.0.0.1 port %d: REFUSED"
                .formatted(failing.address().getPort(), refusing.address().getPort()));
  }

  @Test
  void aClosedPortIsSaidInWords() throws Exception {
    InetSocketAddress nobody;
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      nobody = new InetSocketAddress(socket.getLocalAddress(), socket.getLocalPort());
    }
    assertThat(failure(ask(resolver(List.of(nobody)), SRV, RecordType.SRV)))
        .isEqualTo("127.0.0.1 port " + nobody.getPort() + ": the port is closed");
  }

  @Test
  @Clause({"S2S-DNS-11", "DNA-DNS-02"})
  void silenceIsAFailureAfterAllTriesAndNoAbsence() {
    TestDnsServer server = server();
    server.always(SRV, "SRV", DnsBehaviour.DROP);
    assertThat(failure(ask(resolver(impatient(), server), SRV, RecordType.SRV)))
        .endsWith(": no answer within 0.2 s");
    assertThat(server.queries()).hasSize(4);
  }

  @Test
  void aLostQueryIsAskedAgain() {
    TestDnsServer server = server();
    server.next(SRV, "SRV", DnsBehaviour.DROP, DnsBehaviour.DROP);
    assertThat(ask(resolver(impatient(), server), SRV, RecordType.SRV)).isInstanceOf(Records.class);
    assertThat(server.queries()).hasSize(3);
  }

  @Test
  void aSilentServerIsPassedOverByLaterQuestions() {
    TestDnsServer silent = server();
    TestDnsServer whole = server();
    silent.always(SRV, "SRV", DnsBehaviour.DROP);
    DnsjavaResolver resolver = resolver(impatient(), silent, whole);
    assertThat(ask(resolver, SRV, RecordType.SRV)).isInstanceOf(Records.class);
    ask(resolver, "im.south.example.", RecordType.A);
    assertThat(silent.queries()).hasSize(1);
    assertThat(whole.queries()).hasSize(2);
  }

  @Test
  void whereNobodyListensTheNextServerIsAskedAtOnce() throws IOException {
    TestDnsServer whole = server();
    InetSocketAddress nobody;
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      nobody = (InetSocketAddress) socket.getLocalSocketAddress();
    }
    DnsjavaResolver resolver =
        resolver(settings(19_000, 64, 100, 10), List.of(nobody, whole.address()));
    assertThat(ask(resolver, SRV, RecordType.SRV)).isInstanceOf(Records.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"WRONG_ID", "GARBAGE"})
  void whatIsNotTheAnswerIsNotTaken(String behaviour) {
    TestDnsServer server = server();
    DnsBehaviour forged =
        behaviour.equals("GARBAGE") ? DnsBehaviour.GARBAGE : DnsBehaviour.WRONG_ID;
    server.next(SRV, "SRV", forged);
    assertThat(ask(resolver(impatient(), server), SRV, RecordType.SRV)).isInstanceOf(Records.class);
    assertThat(server.queries()).hasSize(2);
  }

  @Test
  void anAnswerCutOffOverTcpIsAFailure() {
    TestDnsServer server = server();
    server.udpLimit(0);
    server.next(SRV, "SRV", DnsBehaviour.NORMAL);
    server.always(SRV, "SRV", DnsBehaviour.CUT);
    assertThat(failure(ask(resolver(server), SRV, RecordType.SRV))).contains("connection closed");
  }

  /** A server on loopback that answers each query by UDP with datagrams of the test's making. */
  private InetSocketAddress stub(Function<byte[], List<byte[]>> answers) throws IOException {
    DatagramSocket socket = opened(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
    Thread.startVirtualThread(
        () -> {
          try {
            while (true) {
              DatagramPacket packet = new DatagramPacket(new byte[512], 512);
              socket.receive(packet);
              byte[] query = Arrays.copyOf(packet.getData(), packet.getLength());
              for (byte[] answer : answers.apply(query)) {
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
              }
            }
          } catch (IOException e) {
            assertThat(socket.isClosed()).isTrue();
          }
        });
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  /** A blind forger answers first: with other IDs, another question, or with the query itself. */
  @Test
  void forgedDatagramsArePassedOverAndTheTrueAnswerStillCounts() throws IOException {
    AtomicInteger received = new AtomicInteger();
    InetSocketAddress address =
        stub(
            query -> {
              received.incrementAndGet();
              byte[] nxdomain = query.clone();
              nxdomain[2] |= (byte) 0x80;
              nxdomain[3] |= 3;
              byte[] servfail = nxdomain.clone();
              servfail[3] ^= 1; // the true answer, last, is another one
              return List.of(
                  new byte[] {query[0], query[1]},
                  changed(nxdomain, 0),
                  changed(nxdomain, 1),
                  changed(nxdomain, 14), // a letter of the name
                  changed(nxdomain, 12 + SRV.length() + 2), // the type
                  query,
                  servfail);
            });
    DnsjavaResolver resolver = resolver(settings(15_000, 64, 100, 10), List.of(address));
    assertThat(failure(ask(resolver, SRV, RecordType.SRV))).endsWith("SERVFAIL");
    assertThat(received).hasValue(1);
  }

  @Test
  @Clause("S2S-DNS-07")
  void anAliasThatTheServerLeavesToUsIsFollowedByAskingAgain() throws IOException {
    InetSocketAddress address =
        stub(
            wire -> {
              Message query = parsed(wire);
              return List.of(
                  query.getQuestion().getName().equals(Name.fromConstantString("im.example."))
                      ? response(query, "im.example. 60 IN CNAME b.example.")
                      : response(query, "b.example. 30 IN A 192.0.2.7"));
            });
    assertThat(ask(resolver(impatient(), List.of(address)), "im.example.", RecordType.A))
        .isEqualTo(
            new Records(
                "im.example.",
                List.of(new DnsRecord.Address(InetAddress.ofLiteral("192.0.2.7"))),
                Duration.ofSeconds(30),
                List.of("b.example")));
  }

  @Test
  void anEndlessChainOfAliasesEndsAfterEight() throws IOException {
    AtomicInteger queries = new AtomicInteger();
    InetSocketAddress address =
        stub(
            wire -> {
              Message query = parsed(wire);
              String next = "h" + queries.incrementAndGet() + ".example.";
              return List.of(
                  response(query, query.getQuestion().getName() + " 60 IN CNAME " + next));
            });
    assertThat(failure(ask(resolver(List.of(address)), "h.example.", RecordType.A)))
        .endsWith("more than 8 aliases");
    assertThat(queries).hasValue(9);
  }

  private static Message parsed(byte[] wire) {
    try {
      return new Message(wire);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] response(Message query, String record) {
    try {
      Message response = new Message(query.getHeader().getID());
      response.getHeader().setFlag(Flags.QR);
      response.addRecord(query.getQuestion(), Section.QUESTION);
      response.addRecord(
          new Master(new ByteArrayInputStream(record.getBytes(UTF_8)), Name.root).nextRecord(),
          Section.ANSWER);
      return response.toWire();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] changed(byte[] datagram, int at) {
    byte[] changed = datagram.clone();
    changed[at] ^= 4;
    return changed;
  }

  @Test
  void aTrickleOverTcpDoesNotStretchTheTimeOfATry() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    ServerSocket tcp = opened(new ServerSocket(0, 5, loopback));
    DatagramSocket udp = opened(new DatagramSocket(tcp.getLocalPort(), loopback));
    Thread.startVirtualThread(
        () -> {
          try {
            DatagramPacket packet = new DatagramPacket(new byte[512], 512);
            while (true) {
              udp.receive(packet);
              byte[] truncated = Arrays.copyOf(packet.getData(), packet.getLength());
              truncated[2] |= (byte) 0x82; // a response, truncated
              udp.send(new DatagramPacket(truncated, truncated.length, packet.getSocketAddress()));
            }
          } catch (IOException e) {
            assertThat(udp.isClosed()).isTrue();
          }
        });
    Thread.startVirtualThread(
        () -> {
          try (Socket socket = tcp.accept();
              InputStream in = socket.getInputStream()) {
            socket.setSoTimeout(50);
            socket.getOutputStream().write(new byte[] {1, 0});
            while (true) {
              try {
                if (in.read() < 0) {
                  return;
                }
              } catch (SocketTimeoutException e) {
                socket.getOutputStream().write(0);
              }
            }
          } catch (IOException e) {
            assertThat(e).isInstanceOf(SocketException.class);
          }
        });
    Settings d = Settings.DEFAULT;
    Settings once =
        new Settings(
            Duration.ofMillis(300),
            1,
            d.questionTimeout(),
            1,
            1,
            1,
            d.longestTtl(),
            d.longestNegativeTtl(),
            d.failureTtl());
    DnsjavaResolver resolver =
        resolver(once, List.of(new InetSocketAddress(loopback, tcp.getLocalPort())));
    assertThat(failure(ask(resolver, SRV, RecordType.SRV))).endsWith("no answer within 0.3 s");
  }

  // ---- bounds

  @Test
  void noMoreQuestionsAreInFlightThanAllowedAndNoMoreWaitThanAllowed() throws Exception {
    TestDnsServer server = server();
    DnsBehaviour.Held held = new DnsBehaviour.Held();
    List<CompletableFuture<DnsAnswer>> answers = new ArrayList<>();
    DnsjavaResolver resolver = resolver(settings(15_000, 2, 3, 100), server);
    for (int i = 0; i < 6; i++) {
      server.always("h" + i + ".south.example", "A", held);
      answers.add(resolver.ask("h" + i + ".south.example.", RecordType.A));
    }
    assertThat(failure(answer(answers.get(5)))).isEqualTo("too many questions are waiting for DNS");
    server.awaitQueries("h0.south.example", "A", 1, Duration.ofSeconds(10));
    server.awaitQueries("h1.south.example", "A", 1, Duration.ofSeconds(10));
    assertThat(server.queries()).hasSize(2);
    assertThat(answers.subList(0, 5)).noneMatch(CompletableFuture::isDone);
    held.release();
    for (CompletableFuture<DnsAnswer> answer : answers.subList(0, 5)) {
      assertThat(answer(answer)).isInstanceOf(NoSuchRecord.class);
    }
    assertThat(ask(resolver, SRV, RecordType.SRV))
        .as("places come back")
        .isInstanceOf(Records.class);
  }

  @Test
  void aQuestionEndsInTimeWhetherItIsInFlightOrWaiting() {
    TestDnsServer server = server();
    server.always(SRV, "SRV", DnsBehaviour.DROP);
    DnsjavaResolver resolver = resolver(settings(1500, 1, 1, 100), server);
    CompletableFuture<DnsAnswer> inFlight = resolver.ask(SRV, RecordType.SRV);
    CompletableFuture<DnsAnswer> waiting = resolver.ask("im.south.example.", RecordType.A);
    timers.advance(Duration.ofSeconds(14));
    assertThat(inFlight).isNotDone();
    timers.advance(Duration.ofSeconds(1));
    assertThat(failure(inFlight.join())).isEqualTo("no answer within 15.0 s");
    assertThat(failure(waiting.join())).isEqualTo("no answer within 15.0 s");
    // The place in flight is given back when the socket's own time is over.
    assertThat(ask(resolver, "im.south.example.", RecordType.A)).isInstanceOf(Records.class);
    assertThat(server.queries("im.south.example", "A")).hasSize(1);
    assertThat(timers.arranged()).as("timers left").isZero();
  }

  @Test
  void closingEndsAllQuestionsAndRefusesNewOnes() {
    TestDnsServer server = server();
    server.always(SRV, "SRV", DnsBehaviour.DROP);
    DnsjavaResolver resolver = resolver(settings(15_000, 1, 10, 100), server);
    CompletableFuture<DnsAnswer> inFlight = resolver.ask(SRV, RecordType.SRV);
    CompletableFuture<DnsAnswer> waiting = resolver.ask("im.south.example.", RecordType.A);
    resolver.close();
    assertThat(failure(inFlight.join())).isEqualTo("the resolver is closed");
    assertThat(failure(waiting.join())).isEqualTo("the resolver is closed");
    assertThat(failure(ask(resolver, "text.south.example.", RecordType.A)))
        .isEqualTo("the resolver is closed");
    assertThat(timers.arranged()).as("timers left").isZero();
  }
}
