package im.comity.testkit.dns;

import im.comity.testkit.Pause;
import im.comity.testkit.internal.Workers;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
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
import org.xbill.DNS.Type;

/**
 * A DNS server on loopback, UDP and TCP on one port, for the zones of a {@link ZoneSet}.
 *
 * <p>It answers like an authoritative server (AA, SOA in negative answers, proofs when DO is set)
 * and looks like a recursive one (RA), so it can be the only resolver of a stub, of a validating
 * forwarder or of the C library. What no zone holds does not exist. Safe for use by several
 * threads; after {@link #close} none of its own is left.
 *
 * <p>At most 1,024 answers are in the making and 128 TCP connections open; what comes on top is
 * dropped. A TCP connection without a question for 30 seconds is closed.
 */
public final class TestDnsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TestDnsServer.class);

  private static final int LOG_LENGTH = 65_536;
  private static final int ANSWERS_AT_ONCE = 1024;
  private static final int CONNECTIONS = 128;
  private static final int PORT_TRIES = 50;

  /** The size that needs no fragments on any path, by the operators' agreement of 2020. */
  private static final int UDP_LIMIT = 1232;

  private static final int UDP_WITHOUT_EDNS = 512;
  private static final int EVERY_TYPE = -1;

  private final InstantSource time;
  private final Pause pause;
  private final ServerSocket tcp;
  private final DatagramSocket udp;
  private final Workers workers = new Workers("test-dns");
  private final Semaphore answers = new Semaphore(ANSWERS_AT_ONCE);

  private volatile ZoneSet zones;
  private volatile int udpLimit = UDP_LIMIT;
  private volatile boolean claimAuthentic;

  /** Guards the log and, as its monitor, wakes those who wait for it. */
  private final Deque<DnsQuery> log = new ArrayDeque<>();

  /** Guards what was said of names. */
  private final Map<Question, Script> scripts = new HashMap<>();

  private record Question(Name name, int type) {}

  private static final class Script {
    final Deque<DnsBehaviour> next = new ArrayDeque<>();
    @Nullable DnsBehaviour always;
  }

  /** An answer ready for the wire; one that is cut off is not sent whole. */
  @SuppressWarnings("ArrayRecordComponent") // Octets are for the wire, not for comparing.
  private record Wire(byte[] octets, boolean cutOff) {}

  /** Both sockets of one port. */
  private record Sockets(ServerSocket tcp, DatagramSocket udp) {
    static Sockets bind(InetSocketAddress address) throws IOException {
      // A port free for TCP may be taken for UDP; only an arbitrary one may be tried again.
      for (int tries = address.getPort() == 0 ? PORT_TRIES : 1; ; tries--) {
        ServerSocket tcp = new ServerSocket();
        try {
          tcp.bind(address);
          return new Sockets(tcp, new DatagramSocket(tcp.getLocalSocketAddress()));
        } catch (SocketException e) {
          tcp.close();
          if (tries == 1) {
            throw e;
          }
        }
      }
    }
  }

  private TestDnsServer(Sockets sockets, InstantSource time, Pause pause, ZoneSet zones) {
    this.tcp = sockets.tcp();
    this.udp = sockets.udp();
    this.time = time;
    this.pause = pause;
    this.zones = zones;
    workers.own(udp);
    workers.start(this::receive);
    workers.accept(tcp, CONNECTIONS, () -> {}, this::converse);
  }

  /** Starts on the loopback address, any port, with real time. */
  public static TestDnsServer start(ZoneSet zones) {
    return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).start(zones);
  }

  /**
   * Settings for a server at an address.
   *
   * @param address a loopback address; port 0 for any
   * @throws IllegalArgumentException if the address is not loopback
   */
  public static Builder at(InetSocketAddress address) {
    return new Builder(address);
  }

  /** What a server is started with. */
  public static final class Builder {
    private final InetSocketAddress address;
    private InstantSource time = InstantSource.system();
    private Pause pause = Pause.REAL;

    private Builder(InetSocketAddress address) {
      if (address.isUnresolved() || !address.getAddress().isLoopbackAddress()) {
        throw new IllegalArgumentException("not a loopback address: " + address);
      }
      this.address = address;
    }

    /** The clock of the query log; the system's unless told. */
    public Builder time(InstantSource clock) {
      this.time = clock;
      return this;
    }

    /** How delayed answers wait; in real time unless told. */
    public Builder pause(Pause how) {
      this.pause = how;
      return this;
    }

    /**
     * Binds and starts.
     *
     * @throws UncheckedIOException if the address is taken
     */
    public TestDnsServer start(ZoneSet zones) {
      try {
        return new TestDnsServer(Sockets.bind(address), time, pause, zones);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Where it listens, by UDP and by TCP. */
  public InetSocketAddress address() {
    return (InetSocketAddress) tcp.getLocalSocketAddress();
  }

  /** Answers from other zones from now on. */
  public void serve(ZoneSet others) {
    this.zones = others;
  }

  /** The zones it answers from now. */
  public ZoneSet zones() {
    return zones;
  }

  /**
   * The largest answer over UDP, whatever a client offers; larger ones are cut to TC. 1,232 octets
   * unless told; 0 sends everybody to TCP.
   */
  public void udpLimit(int octets) {
    this.udpLimit = octets;
  }

  /** Whether every answer claims with the AD bit to be validated, as a lying resolver does. */
  public void claimAuthentic(boolean claim) {
    this.claimAuthentic = claim;
  }

  /**
   * From now on treats every question so.
   *
   * @param name the name asked for, the final dot may be left out
   * @param type a mnemonic such as {@code SRV}, or {@code *} for every type, over which a type
   *     takes precedence
   */
  public void always(String name, String type, DnsBehaviour behaviour) {
    synchronized (scripts) {
      script(name, type).always = behaviour;
    }
  }

  /**
   * Treats the next questions so, one each in this order, before what {@link #always} says.
   *
   * @see #always
   */
  public void next(String name, String type, DnsBehaviour... behaviours) {
    synchronized (scripts) {
      script(name, type).next.addAll(List.of(behaviours));
    }
  }

  /** Forgets everything said by {@link #always} and {@link #next}. */
  public void behave() {
    synchronized (scripts) {
      scripts.clear();
    }
  }

  private Script script(String name, String type) {
    Question question = new Question(TestZone.absolute(name), type(type));
    return scripts.computeIfAbsent(question, _ -> new Script());
  }

  private static int type(String mnemonic) {
    if (mnemonic.equals("*")) {
      return EVERY_TYPE;
    }
    int type = Type.value(mnemonic, true);
    if (type < 0) {
      throw new IllegalArgumentException("unknown record type: " + mnemonic);
    }
    return type;
  }

  private DnsBehaviour behaviour(Name name, int type) {
    Name canonical = name.canonicalize();
    synchronized (scripts) {
      for (int key : new int[] {type, EVERY_TYPE}) {
        Script script = scripts.get(new Question(canonical, key));
        if (script != null) {
          DnsBehaviour next = script.next.poll();
          DnsBehaviour behaviour = next != null ? next : script.always;
          if (behaviour != null) {
            return behaviour;
          }
        }
      }
    }
    return DnsBehaviour.NORMAL;
  }

  /** The questions so far in the order of coming; of more than 65,536 the newest. */
  public List<DnsQuery> queries() {
    synchronized (log) {
      return List.copyOf(log);
    }
  }

  /** The questions so far for a name (in any spelling) and a type, or {@code *} for every type. */
  public List<DnsQuery> queries(String name, String type) {
    Name wanted = TestZone.absolute(name);
    int wantedType = type(type);
    synchronized (log) {
      return log.stream()
          .filter(q -> TestZone.absolute(q.name()).equals(wanted))
          .filter(q -> wantedType == EVERY_TYPE || type(q.type()) == wantedType)
          .toList();
    }
  }

  /** Empties the log. */
  public void forgetQueries() {
    synchronized (log) {
      log.clear();
    }
  }

  /**
   * Waits until the log holds so many questions for a name and a type.
   *
   * @return those questions
   * @throws AssertionError if they do not come in real time {@code atMost}
   */
  public List<DnsQuery> awaitQueries(String name, String type, int count, Duration atMost)
      throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    synchronized (log) {
      while (true) {
        List<DnsQuery> found = queries(name, type);
        long left = end - System.nanoTime();
        if (found.size() >= count) {
          return found;
        }
        if (left <= 0) {
          throw new AssertionError(
              "%d of %d questions for %s %s within %s; all: %s"
                  .formatted(found.size(), count, name, type, atMost, log));
        }
        TimeUnit.NANOSECONDS.timedWait(log, left);
      }
    }
  }

  private void note(Message query, boolean overTcp, InetSocketAddress client) {
    Record question = query.getQuestion();
    if (question == null) {
      return;
    }
    OPTRecord opt = query.getOPT();
    DnsQuery entry =
        new DnsQuery(
            question.getName().toString(),
            Type.string(question.getType()),
            overTcp,
            time.instant(),
            dnssecOk(opt),
            query.getHeader().getFlag(Flags.CD),
            opt == null ? UDP_WITHOUT_EDNS : opt.getPayloadSize(),
            client);
    synchronized (log) {
      if (log.size() == LOG_LENGTH) {
        log.removeFirst();
      }
      log.addLast(entry);
      log.notifyAll();
    }
  }

  /**
   * Stops and waits until its threads have ended.
   *
   * @throws IllegalStateException if a pause does not end by interruption
   */
  @Override
  public void close() {
    workers.close();
  }

  private void receive() {
    byte[] buffer = new byte[65_535];
    while (!workers.closed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        byte[] octets = Arrays.copyOf(packet.getData(), packet.getLength());
        InetSocketAddress client = (InetSocketAddress) packet.getSocketAddress();
        Message query = parse(octets);
        if (query == null) {
          reject(octets, client);
          continue;
        }
        note(query, false, client);
        if (answers.tryAcquire()) {
          workers.start(() -> answerByUdp(query, client));
        }
      } catch (IOException e) {
        if (!workers.closed()) {
          LOG.warn("DNS over UDP", e);
        }
      }
    }
  }

  private void answerByUdp(Message query, InetSocketAddress client) {
    try {
      Wire wire = answer(query, false);
      if (wire != null) {
        int length = wire.cutOff() ? wire.octets().length / 2 : wire.octets().length;
        udp.send(new DatagramPacket(wire.octets(), length, client));
      }
    } catch (IOException e) {
      if (!workers.closed()) {
        LOG.warn("DNS over UDP to {}", client, e);
      }
    } catch (InterruptedException _) {
      LOG.debug("closed with an answer to {} outstanding", client);
    } finally {
      answers.release();
    }
  }

  /** FORMERR for what at least has an ID; silence for what is no question at all. */
  private void reject(byte[] octets, InetSocketAddress client) throws IOException {
    if (octets.length >= Header.LENGTH && (octets[2] & 0x80) == 0) {
      Header header = new Header(((octets[0] & 0xff) << 8) | (octets[1] & 0xff));
      header.setFlag(Flags.QR);
      header.setRcode(Rcode.FORMERR);
      byte[] wire = header.toWire();
      udp.send(new DatagramPacket(wire, wire.length, client));
    }
  }

  private void converse(Socket socket) throws IOException, InterruptedException {
    InetSocketAddress client = (InetSocketAddress) socket.getRemoteSocketAddress();
    DataInputStream in = new DataInputStream(socket.getInputStream());
    OutputStream out = socket.getOutputStream();
    while (!workers.closed()) {
      Message query = parse(in.readNBytes(in.readUnsignedShort()));
      if (query == null) {
        return;
      }
      note(query, true, client);
      Wire wire = answer(query, true);
      if (wire != null) {
        int whole = wire.octets().length;
        int sent = wire.cutOff() ? whole / 2 : whole;
        byte[] framed = new byte[2 + sent];
        framed[0] = (byte) (whole >> 8);
        framed[1] = (byte) whole;
        System.arraycopy(wire.octets(), 0, framed, 2, sent);
        out.write(framed);
        if (wire.cutOff()) {
          return;
        }
      }
    }
  }

  private static @Nullable Message parse(byte[] octets) {
    try {
      Message query = new Message(octets);
      boolean question =
          !query.getHeader().getFlag(Flags.QR) && query.getHeader().getCount(Section.QUESTION) <= 1;
      return question ? query : null;
    } catch (IOException e) {
      LOG.debug("no DNS message", e);
      return null;
    }
  }

  private static boolean dnssecOk(@Nullable OPTRecord opt) {
    return opt != null && (opt.getFlags() & ExtendedFlags.DO) != 0;
  }

  private @Nullable Wire answer(Message query, boolean overTcp) throws InterruptedException {
    Record question = query.getQuestion();
    OPTRecord opt = query.getOPT();
    if (query.getHeader().getOpcode() != Opcode.QUERY) {
      return whole(empty(query, Rcode.NOTIMP), query, overTcp);
    }
    if (question == null) {
      return whole(empty(query, Rcode.FORMERR), query, overTcp);
    }
    if (opt != null && opt.getVersion() != 0) {
      return whole(empty(query, Rcode.BADVERS), query, overTcp);
    }
    boolean transfer = question.getType() == Type.AXFR || question.getType() == Type.IXFR;
    if (question.getDClass() != DClass.IN || transfer) {
      return whole(empty(query, Rcode.REFUSED), query, overTcp);
    }
    return answer(query, overTcp, behaviour(question.getName(), question.getType()));
  }

  private @Nullable Wire answer(Message query, boolean overTcp, DnsBehaviour behaviour)
      throws InterruptedException {
    return switch (behaviour) {
      case DnsBehaviour.Normal _ -> fromZones(query, overTcp, null);
      case DnsBehaviour.ExtendedError(int code, String text) ->
          fromZones(query, overTcp, new ExtendedErrorCodeOption(code, text));
      case DnsBehaviour.Drop _ -> null;
      case DnsBehaviour.Rcode(int code) -> whole(empty(query, code), query, overTcp);
      case DnsBehaviour.Garbage _ -> {
        // The header promises a good answer, so that readers come to the rest.
        byte[] garbage = new byte[40];
        Arrays.fill(garbage, (byte) 0xff);
        byte[] header = empty(query, Rcode.NOERROR).getHeader().toWire();
        System.arraycopy(header, 0, garbage, 0, 4);
        yield new Wire(garbage, false);
      }
      case DnsBehaviour.WrongId _ -> {
        Wire right = fromZones(query, overTcp, null);
        if (right != null) {
          right.octets()[0] ^= 0x55;
        }
        yield right;
      }
      case DnsBehaviour.Truncated _ ->
          overTcp ? fromZones(query, true, null) : new Wire(truncated(query).toWire(), false);
      case DnsBehaviour.Cut _ -> {
        Wire right = fromZones(query, overTcp, null);
        yield right == null ? null : new Wire(right.octets(), true);
      }
      case DnsBehaviour.Delayed(Duration by, DnsBehaviour then) -> {
        pause.pause(by);
        yield answer(query, overTcp, then);
      }
      case DnsBehaviour.Held held -> held.await() ? fromZones(query, overTcp, null) : null;
    };
  }

  private @Nullable Wire fromZones(Message query, boolean overTcp, @Nullable EDNSOption option) {
    Record question = query.getQuestion();
    Reply reply = zones.answer(question.getName(), question.getType());
    if (reply.silent) {
      return null;
    }
    Message message = empty(query, reply.rcode, option);
    if (reply.rcode != Rcode.SERVFAIL) {
      message.getHeader().setFlag(Flags.AA);
    }
    boolean signatures = dnssecOk(query.getOPT());
    reply.answer.forEach(set -> add(message, set, Section.ANSWER, signatures));
    reply.authority.forEach(set -> add(message, set, Section.AUTHORITY, signatures));
    if (signatures) {
      reply.proof.forEach(set -> add(message, set, Section.AUTHORITY, true));
    }
    return whole(message, query, overTcp);
  }

  private static void add(Message message, RecordSet set, int section, boolean signatures) {
    set.records().forEach(r -> message.addRecord(r, section));
    if (signatures) {
      set.signatures().forEach(s -> message.addRecord(s, section));
    }
  }

  /** A message on the wire, or its truncated form if it is too long for the way it takes. */
  private Wire whole(Message message, Message query, boolean overTcp) {
    byte[] octets = message.toWire();
    if (!overTcp) {
      OPTRecord opt = query.getOPT();
      int offered =
          opt == null ? UDP_WITHOUT_EDNS : Math.max(UDP_WITHOUT_EDNS, opt.getPayloadSize());
      if (octets.length > Math.min(offered, udpLimit)) {
        octets = truncated(query).toWire();
      }
    }
    return new Wire(octets, false);
  }

  private Message truncated(Message query) {
    Message message = empty(query, Rcode.NOERROR);
    message.getHeader().setFlag(Flags.TC);
    return message;
  }

  private Message empty(Message query, int rcode) {
    return empty(query, rcode, null);
  }

  private Message empty(Message query, int rcode, @Nullable EDNSOption option) {
    Header asked = query.getHeader();
    Message message = new Message(asked.getID());
    Header header = message.getHeader();
    header.setOpcode(asked.getOpcode());
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    header.setRcode(rcode & 0xf);
    for (int flag : new int[] {Flags.RD, Flags.CD}) {
      if (asked.getFlag(flag)) {
        header.setFlag(flag);
      }
    }
    if (claimAuthentic) {
      header.setFlag(Flags.AD);
    }
    if (query.getQuestion() != null) {
      message.addRecord(query.getQuestion(), Section.QUESTION);
    }
    OPTRecord opt = query.getOPT();
    if (opt != null) {
      List<EDNSOption> options = option == null ? List.of() : List.of(option);
      int flags = dnssecOk(opt) ? ExtendedFlags.DO : 0;
      message.addRecord(
          new OPTRecord(UDP_LIMIT, rcode >> 4, 0, flags, options), Section.ADDITIONAL);
    }
    return message;
  }
}
