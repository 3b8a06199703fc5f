package im.comity.testkit.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Pause;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

@Timeout(120)
class TestDnsServerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final TestZone GAMMA =
      TestZone.of(
          "gamma.example",
          """
          @ A 127.0.0.1
          _xmpp-server._tcp SRV 5 0 5269 s1
          s1 A 127.0.0.1
          s1 AAAA ::1
          _5269._tcp.s1 TLSA 3 1 1 %s
          alias CNAME s1
          text TXT "a word"
          $GENERATE 1-100 big A 127.0.0.$
          """
              .formatted("ab".repeat(32)));

  private static TestDnsServer serve(TestZone... zones) {
    return TestDnsServer.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .time(Validator.CLOCK)
        .start(ZoneSet.of(Validator.CLOCK, zones));
  }

  private static Message question(String name, int type) throws IOException {
    return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
  }

  private static Message withEdns(Message query, int size, int flags) {
    query.addRecord(new OPTRecord(size, 0, 0, flags), Section.ADDITIONAL);
    return query;
  }

  /** Asks once over UDP, without any of a resolver's wits. */
  private static byte[] overUdp(TestDnsServer server, byte[] query) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.send(new DatagramPacket(query, query.length, server.address()));
      DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
      socket.receive(answer);
      return Arrays.copyOf(answer.getData(), answer.getLength());
    }
  }

  private static Message ask(TestDnsServer server, Message query) throws IOException {
    return new Message(overUdp(server, query.toWire()));
  }

  private static Message ask(TestDnsServer server, String name, int type) throws IOException {
    return ask(server, question(name, type));
  }

  private static byte[] overTcp(Socket socket, byte[] query) throws IOException {
    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
    out.writeShort(query.length);
    out.write(query);
    DataInputStream in = new DataInputStream(socket.getInputStream());
    byte[] answer = new byte[in.readUnsignedShort()];
    in.readFully(answer);
    return answer;
  }

  private static List<String> data(Message message) {
    return message.getSection(Section.ANSWER).stream().map(Record::rdataToString).toList();
  }

  private static List<String> types(Message message, int section) {
    return message.getSection(section).stream().map(r -> Type.string(r.getType())).toList();
  }

  @Test
  void recordsAreAnsweredWithAuthorityAndRecursionAvailable() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Message answer = ask(server, "_xmpp-server._tcp.gamma.example.", Type.SRV);
      assertThat(data(answer)).containsExactly("5 0 5269 s1.gamma.example.");
      assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
      assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
      assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
      assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
      assertThat(answer.getHeader().getFlag(Flags.AD)).isFalse();
      assertThat(answer.getOPT()).isNull();
      assertThat(data(ask(server, "gamma.example.", Type.A))).containsExactly("127.0.0.1");
      assertThat(data(ask(server, "s1.gamma.example.", Type.AAAA)))
          .containsExactly("0:0:0:0:0:0:0:1");
      assertThat(data(ask(server, "text.gamma.example.", Type.TXT))).containsExactly("\"a word\"");
      assertThat(data(ask(server, "_5269._tcp.s1.gamma.example.", Type.TLSA))).hasSize(1);
      assertThat(types(ask(server, "s1.gamma.example.", Type.ANY), Section.ANSWER))
          .containsExactly("A", "AAAA");
    }
  }

  @Test
  void theQuestionComesBackInItsOwnSpelling() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Message answer = ask(server, "S1.gAmMa.ExAmPlE.", Type.A);
      assertThat(answer.getQuestion().getName().toString()).isEqualTo("S1.gAmMa.ExAmPlE.");
      assertThat(data(answer)).containsExactly("127.0.0.1");
    }
  }

  @Test
  void aliasesAreFollowed() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      assertThat(types(ask(server, "alias.gamma.example.", Type.A), Section.ANSWER))
          .containsExactly("CNAME", "A");
      assertThat(types(ask(server, "alias.gamma.example.", Type.CNAME), Section.ANSWER))
          .containsExactly("CNAME");
    }
  }

  @Test
  void absenceComesWithTheSoa() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Message noType = ask(server, "s1.gamma.example.", Type.SRV);
      assertThat(noType.getRcode()).isEqualTo(Rcode.NOERROR);
      assertThat(types(noType, Section.AUTHORITY)).containsExactly("SOA");
      Message noName = ask(server, "s9.gamma.example.", Type.A);
      assertThat(noName.getRcode()).isEqualTo(Rcode.NXDOMAIN);
      assertThat(types(noName, Section.AUTHORITY)).containsExactly("SOA");
      Message noZone = ask(server, "elsewhere.test.", Type.A);
      assertThat(noZone.getRcode()).isEqualTo(Rcode.NXDOMAIN);
      assertThat(noZone.getSection(Section.AUTHORITY).getFirst().getName()).isEqualTo(Name.root);
    }
  }

  @Test
  void signaturesAndProofsComeOnlyToThoseWhoAsk() throws Exception {
    try (TestDnsServer server = serve(GAMMA.sign())) {
      Message plain = ask(server, withEdns(question("s1.gamma.example.", Type.A), 1232, 0));
      assertThat(types(plain, Section.ANSWER)).containsExactly("A");
      assertThat(plain.getOPT().getFlags()).isZero();
      Message plainAbsent = ask(server, "s9.gamma.example.", Type.A);
      assertThat(types(plainAbsent, Section.AUTHORITY)).containsExactly("SOA");

      Message signed =
          ask(server, withEdns(question("s1.gamma.example.", Type.A), 1232, ExtendedFlags.DO));
      assertThat(types(signed, Section.ANSWER)).containsExactly("A", "RRSIG");
      assertThat(signed.getOPT().getFlags()).isEqualTo(ExtendedFlags.DO);
      Message signedAbsent =
          ask(server, withEdns(question("s9.gamma.example.", Type.A), 1232, ExtendedFlags.DO));
      assertThat(types(signedAbsent, Section.AUTHORITY)).contains("SOA", "NSEC", "RRSIG");
      Message signatures =
          ask(server, withEdns(question("s1.gamma.example.", Type.RRSIG), 1232, ExtendedFlags.DO));
      assertThat(types(signatures, Section.ANSWER)).containsOnly("RRSIG").hasSize(3);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // offered by EDNS (0: no EDNS), limit of the server, whether it fits in UDP
    "0, 1232, false",
    "512, 1232, false",
    "1232, 1232, false",
    "4096, 1232, false",
    "4096, 4096, true",
    "1500, 4096, false",
  })
  void anAnswerTooLongForUdpIsCutAndGoesOverTcp(int offered, int limit, boolean fits)
      throws Exception {
    try (TestDnsServer server = serve(GAMMA);
        Socket tcp = new Socket(server.address().getAddress(), server.address().getPort())) {
      server.udpLimit(limit);
      Message query = question("big.gamma.example.", Type.A);
      if (offered > 0) {
        withEdns(query, offered, 0);
      }
      Message answer = ask(server, query);
      assertThat(answer.getHeader().getFlag(Flags.TC)).isEqualTo(!fits);
      assertThat(data(answer)).hasSize(fits ? 100 : 0);
      Message whole = new Message(overTcp(tcp, query.toWire()));
      assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
      assertThat(data(whole)).hasSize(100);
      // The connection takes a second question.
      assertThat(data(new Message(overTcp(tcp, query.toWire())))).hasSize(100);
      assertThat(server.queries("big.gamma.example", "A"))
          .extracting(DnsQuery::tcp)
          .containsExactly(false, true, true);
    }
  }

  @Test
  void everybodyCanBeSentToTcp() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.udpLimit(0);
      SimpleResolver resolver = new SimpleResolver(server.address());
      assertThat(data(resolver.send(question("s1.gamma.example.", Type.A))))
          .containsExactly("127.0.0.1");
      assertThat(server.queries()).extracting(DnsQuery::tcp).containsExactly(false, true);
    }
  }

  @Test
  void theLogTellsWhoAskedWhatAndHow() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Message query = withEdns(question("S1.gamma.example.", Type.TLSA), 1400, ExtendedFlags.DO);
      query.getHeader().setFlag(Flags.CD);
      assertThat(ask(server, query).getHeader().getFlag(Flags.CD)).isTrue();
      ask(server, "gamma.example.", Type.A);
      DnsQuery first = server.queries().getFirst();
      assertThat(first.name()).isEqualTo("S1.gamma.example.");
      assertThat(first.type()).isEqualTo("TLSA");
      assertThat(first.at()).isEqualTo(Validator.NOW);
      assertThat(first.tcp()).isFalse();
      assertThat(first.dnssecOk()).isTrue();
      assertThat(first.checkingDisabled()).isTrue();
      assertThat(first.udpSize()).isEqualTo(1400);
      assertThat(first.client().getAddress().isLoopbackAddress()).isTrue();
      assertThat(server.queries().getLast().udpSize()).isEqualTo(512);
      assertThat(server.queries("s1.gamma.example", "*")).hasSize(1);
      assertThat(server.queries("s1.gamma.example", "A")).isEmpty();
      server.forgetQueries();
      assertThat(server.queries()).isEmpty();
    }
  }

  @Test
  void aTestCanWaitForAQuestion() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Thread asker =
          Thread.startVirtualThread(
              () -> {
                try {
                  ask(server, "s1.gamma.example.", Type.A);
                  ask(server, "s1.gamma.example.", Type.A);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(server.awaitQueries("s1.gamma.example", "A", 2, PATIENCE)).hasSize(2);
      asker.join();
      assertThatThrownBy(
              () -> server.awaitQueries("s1.gamma.example", "A", 3, Duration.ofMillis(1)))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("2 of 3 questions for s1.gamma.example A");
    }
  }

  @Test
  void theLogKeepsTheNewest() throws Exception {
    try (TestDnsServer server = serve(GAMMA);
        Socket tcp = new Socket(server.address().getAddress(), server.address().getPort())) {
      byte[] old = question("old.gamma.example.", Type.A).toWire();
      overTcp(tcp, old);
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      DataOutputStream out = new DataOutputStream(new BufferedOutputStream(tcp.getOutputStream()));
      DataInputStream in = new DataInputStream(new BufferedInputStream(tcp.getInputStream()));
      Thread writer =
          Thread.startVirtualThread(
              () -> {
                try {
                  for (int i = 0; i < 65_536; i++) {
                    out.writeShort(query.length);
                    out.write(query);
                  }
                  out.flush();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      for (int i = 0; i < 65_536; i++) {
        in.skipNBytes(in.readUnsignedShort());
      }
      writer.join();
      assertThat(server.queries()).hasSize(65_536);
      assertThat(server.queries("old.gamma.example", "A")).isEmpty();
    }
  }

  @Test
  void zonesCanBeReplacedWhileItRuns() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.serve(server.zones().with(TestZone.of("gamma.example", "s1 A 127.0.0.8")));
      assertThat(data(ask(server, "s1.gamma.example.", Type.A))).containsExactly("127.0.0.8");
    }
  }

  @Test
  void behavioursComeInOrderAndThenTheRule() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.always("S1.gamma.example", "A", DnsBehaviour.REFUSED);
      server.next(
          "s1.gamma.example",
          "A",
          DnsBehaviour.SERVFAIL,
          DnsBehaviour.NORMAL,
          new DnsBehaviour.Rcode(Rcode.FORMERR));
      int[] codes = new int[5];
      for (int i = 0; i < codes.length; i++) {
        codes[i] = ask(server, "s1.gamma.example.", Type.A).getRcode();
      }
      assertThat(codes)
          .containsExactly(
              Rcode.SERVFAIL, Rcode.NOERROR, Rcode.FORMERR, Rcode.REFUSED, Rcode.REFUSED);
      assertThat(ask(server, "s1.gamma.example.", Type.AAAA).getRcode()).isEqualTo(Rcode.NOERROR);
      server.always("s1.gamma.example", "*", DnsBehaviour.SERVFAIL);
      assertThat(ask(server, "s1.gamma.example.", Type.AAAA).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(ask(server, "s1.gamma.example.", Type.A).getRcode()).isEqualTo(Rcode.REFUSED);
      server.behave();
      assertThat(ask(server, "s1.gamma.example.", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
    }
  }

  @Test
  void aDroppedQuestionIsLoggedAndNotAnswered() throws Exception {
    try (TestDnsServer server =
            serve(GAMMA, TestZone.of("mute.example", "@ A 127.0.0.1").broken(ZoneDefect.SILENT));
        DatagramSocket socket = new DatagramSocket()) {
      server.next("s1.gamma.example", "A", DnsBehaviour.DROP);
      byte[] dropped = question("s1.gamma.example.", Type.A).toWire();
      byte[] mute = question("mute.example.", Type.A).toWire();
      byte[] answered = question("gamma.example.", Type.A).toWire();
      for (byte[] query : List.of(dropped, mute)) {
        socket.send(new DatagramPacket(query, query.length, server.address()));
      }
      server.awaitQueries("s1.gamma.example", "A", 1, PATIENCE);
      server.awaitQueries("mute.example", "A", 1, PATIENCE);
      socket.send(new DatagramPacket(answered, answered.length, server.address()));
      DatagramPacket packet = new DatagramPacket(new byte[512], 512);
      socket.receive(packet);
      assertThat(new Header(packet.getData()).getID())
          .isEqualTo(new Message(answered).getHeader().getID());
      socket.setSoTimeout(1);
      assertThatThrownBy(() -> socket.receive(packet)).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void garbageAWrongIdAndACutAnswerAreWhatTheySay() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.next(
          "s1.gamma.example", "A", DnsBehaviour.GARBAGE, DnsBehaviour.WRONG_ID, DnsBehaviour.CUT);
      Message query = question("s1.gamma.example.", Type.A);
      byte[] garbage = overUdp(server, query.toWire());
      assertThat(garbage).startsWith(Arrays.copyOf(query.getHeader().toWire(), 2));
      assertThatThrownBy(() -> new Message(garbage)).isInstanceOf(IOException.class);
      Message forged = ask(server, query);
      assertThat(forged.getHeader().getID()).isNotEqualTo(query.getHeader().getID());
      assertThat(data(forged)).containsExactly("127.0.0.1");
      byte[] half = overUdp(server, query.toWire());
      assertThatThrownBy(() -> new Message(half)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void overTcpACutAnswerEndsInTheMiddle() throws Exception {
    try (TestDnsServer server = serve(GAMMA);
        Socket tcp = new Socket(server.address().getAddress(), server.address().getPort())) {
      server.always("s1.gamma.example", "A", DnsBehaviour.CUT);
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      DataOutputStream out = new DataOutputStream(tcp.getOutputStream());
      out.writeShort(query.length);
      out.write(query);
      byte[] all = tcp.getInputStream().readAllBytes();
      int announced = ((all[0] & 0xff) << 8) | (all[1] & 0xff);
      assertThat(all.length - 2).isPositive().isLessThan(announced);
    }
  }

  @Test
  void aTruncatedAnswerIsWholeOverTcp() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.always("s1.gamma.example", "*", DnsBehaviour.TRUNCATED);
      assertThat(ask(server, "s1.gamma.example.", Type.A).getHeader().getFlag(Flags.TC)).isTrue();
      SimpleResolver resolver = new SimpleResolver(server.address());
      assertThat(data(resolver.send(question("s1.gamma.example.", Type.A))))
          .containsExactly("127.0.0.1");
    }
  }

  @Test
  void anExtendedErrorAndAFalseAdBitCanBeAdded() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      server.always("s1.gamma.example", "A", new DnsBehaviour.ExtendedError(3, "stale"));
      server.claimAuthentic(true);
      Message answer = ask(server, withEdns(question("s1.gamma.example.", Type.A), 1232, 0));
      assertThat(data(answer)).containsExactly("127.0.0.1");
      assertThat(answer.getHeader().getFlag(Flags.AD)).isTrue();
      assertThat(answer.getOPT().getOptions())
          .containsExactly(new ExtendedErrorCodeOption(3, "stale"));
    }
  }

  @Test
  void aDelayWaitsByTheGivenPause() throws Exception {
    LinkedBlockingQueue<Duration> waited = new LinkedBlockingQueue<>();
    LinkedBlockingQueue<Runnable> due = new LinkedBlockingQueue<>();
    Pause pause =
        Pause.by(
            (time, task) -> {
              due.add(task);
              waited.add(time);
            });
    try (TestDnsServer server =
            TestDnsServer.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .pause(pause)
                .start(ZoneSet.of(Validator.CLOCK, GAMMA));
        DatagramSocket socket = new DatagramSocket()) {
      Duration minute = Duration.ofMinutes(1);
      server.next("s1.gamma.example", "A", new DnsBehaviour.Delayed(minute, DnsBehaviour.REFUSED));
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      socket.send(new DatagramPacket(query, query.length, server.address()));
      assertThat(waited.poll(20, TimeUnit.SECONDS)).isEqualTo(minute);
      // Others are not held up.
      assertThat(ask(server, "gamma.example.", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
      due.remove().run();
      DatagramPacket packet = new DatagramPacket(new byte[512], 512);
      socket.receive(packet);
      assertThat(new Header(packet.getData()).getRcode()).isEqualTo(Rcode.REFUSED);
    }
  }

  @Test
  void aHeldAnswerWaitsForTheTestAndSpeaksOfTheZonesThen() throws Exception {
    try (TestDnsServer server = serve(GAMMA);
        DatagramSocket socket = new DatagramSocket()) {
      DnsBehaviour.Held held = new DnsBehaviour.Held();
      server.always("s1.gamma.example", "A", held);
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      socket.send(new DatagramPacket(query, query.length, server.address()));
      server.awaitQueries("s1.gamma.example", "A", 1, PATIENCE);
      server.serve(server.zones().with(TestZone.of("gamma.example", "s1 A 127.0.0.8")));
      held.release();
      byte[] buffer = new byte[512];
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      socket.receive(packet);
      Message answer = new Message(Arrays.copyOf(buffer, packet.getLength()));
      assertThat(data(answer)).containsExactly("127.0.0.8");
      assertThat(data(ask(server, "s1.gamma.example.", Type.A))).containsExactly("127.0.0.8");
    }
  }

  @Test
  void whatIsNoQuestionIsRejected() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      Message update = question("gamma.example.", Type.SOA);
      update.getHeader().setOpcode(Opcode.UPDATE);
      assertThat(ask(server, update).getRcode()).isEqualTo(Rcode.NOTIMP);
      Message nothing = new Message(77);
      assertThat(ask(server, nothing).getRcode()).isEqualTo(Rcode.FORMERR);
      Message version = question("gamma.example.", Type.A);
      version.addRecord(new OPTRecord(1232, 0, 1), Section.ADDITIONAL);
      assertThat(ask(server, version).getRcode()).isEqualTo(Rcode.BADVERS);
      assertThat(ask(server, "gamma.example.", Type.AXFR).getRcode()).isEqualTo(Rcode.REFUSED);
      Message chaos =
          Message.newQuery(
              Record.newRecord(Name.fromString("version.bind."), Type.TXT, DClass.CHAOS));
      assertThat(ask(server, chaos).getRcode()).isEqualTo(Rcode.REFUSED);
      byte[] broken = question("gamma.example.", Type.A).toWire();
      broken[5] = 9;
      assertThat(new Header(Arrays.copyOf(overUdp(server, broken), 12)).getRcode())
          .isEqualTo(Rcode.FORMERR);
    }
  }

  @Test
  void octetsThatAreNoDnsEndATcpConnection() throws Exception {
    try (TestDnsServer server = serve(GAMMA);
        Socket tcp = new Socket(server.address().getAddress(), server.address().getPort())) {
      tcp.getOutputStream().write(new byte[] {0, 3, 1, 2, 3});
      assertThat(tcp.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void closingEndsTheThreadsEvenOfAnswersInTheMaking() throws Exception {
    LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    CountDownLatch never = new CountDownLatch(1);
    Pause pause =
        time -> {
          threads.add(Thread.currentThread());
          never.await();
        };
    TestDnsServer server =
        TestDnsServer.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .pause(pause)
            .start(ZoneSet.of(Validator.CLOCK, GAMMA));
    server.always(
        "s1.gamma.example",
        "A",
        new DnsBehaviour.Delayed(DnsBehaviour.Delayed.LONGEST, DnsBehaviour.NORMAL));
    try (DatagramSocket socket = new DatagramSocket();
        Socket tcp = new Socket(server.address().getAddress(), server.address().getPort())) {
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      socket.send(new DatagramPacket(query, query.length, server.address()));
      DataOutputStream out = new DataOutputStream(tcp.getOutputStream());
      out.writeShort(query.length);
      out.write(query);
      Thread one = threads.poll(20, TimeUnit.SECONDS);
      Thread other = threads.poll(20, TimeUnit.SECONDS);
      InetSocketAddress address = server.address();
      server.close();
      assertThat(List.of(one, other)).noneMatch(Thread::isAlive);
      server.close();
      // The port is free again, for UDP and for TCP.
      TestDnsServer.at(address).start(ZoneSet.of(Validator.CLOCK, GAMMA)).close();
    }
  }

  @Test
  void connectionsAboveTheBoundAreClosedAtOnce() throws Exception {
    try (TestDnsServer server = serve(GAMMA)) {
      List<Socket> sockets = new ArrayList<>();
      try {
        byte[] query = question("s1.gamma.example.", Type.A).toWire();
        for (int i = 0; i < 128; i++) {
          Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
          sockets.add(socket);
          overTcp(socket, query);
        }
        Socket beyond = new Socket(server.address().getAddress(), server.address().getPort());
        sockets.add(beyond);
        assertThat(beyond.getInputStream().read()).isEqualTo(-1);
      } finally {
        for (Socket socket : sockets) {
          socket.close();
        }
      }
    }
  }

  @Test
  void answersInTheMakingAreBounded() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    LinkedBlockingQueue<Thread> waiting = new LinkedBlockingQueue<>();
    Pause pause =
        time -> {
          waiting.add(Thread.currentThread());
          over.await();
        };
    try (TestDnsServer server =
            TestDnsServer.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .pause(pause)
                .start(ZoneSet.of(Validator.CLOCK, GAMMA));
        DatagramSocket socket = new DatagramSocket()) {
      server.always(
          "s1.gamma.example",
          "A",
          new DnsBehaviour.Delayed(Duration.ofSeconds(1), DnsBehaviour.NORMAL));
      byte[] query = question("s1.gamma.example.", Type.A).toWire();
      for (int i = 1; i <= 1024; i++) {
        socket.send(new DatagramPacket(query, query.length, server.address()));
        assertThat(waiting.poll(20, TimeUnit.SECONDS)).isNotNull();
      }
      byte[] beyond = question("gamma.example.", Type.A).toWire();
      socket.send(new DatagramPacket(beyond, beyond.length, server.address()));
      server.awaitQueries("gamma.example", "A", 1, PATIENCE);
      socket.setSoTimeout(1);
      DatagramPacket packet = new DatagramPacket(new byte[512], 512);
      assertThatThrownBy(() -> socket.receive(packet)).isInstanceOf(SocketTimeoutException.class);
      over.countDown();
    }
  }

  @Test
  void onlyLoopbackIsServed() {
    assertThatThrownBy(
            () -> TestDnsServer.at(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TestDnsServer.at(InetSocketAddress.createUnresolved("localhost", 0)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTakenPortIsAnError() {
    try (TestDnsServer server = serve(GAMMA)) {
      TestDnsServer.Builder same = TestDnsServer.at(server.address());
      ZoneSet zones = server.zones();
      assertThatThrownBy(() -> same.start(zones)).isInstanceOf(UncheckedIOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SVR", "", "A A"})
  void anUnknownTypeIsAnError(String type) {
    try (TestDnsServer server = serve(GAMMA)) {
      assertThatThrownBy(() -> server.queries("gamma.example", type))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void theBoundsOfBehavioursAreKept() {
    assertThatThrownBy(() -> new DnsBehaviour.Rcode(16))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new DnsBehaviour.ExtendedError(65_536, ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                new DnsBehaviour.Delayed(
                    DnsBehaviour.Delayed.LONGEST.plusNanos(1), DnsBehaviour.NORMAL))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
