package im.comity.federation;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.event.FederationEvent;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyRule;
import im.comity.testkit.Clause;
import im.comity.testkit.peer.ScriptedServer;
import im.comity.testkit.peer.Xmpp;
import im.comity.testkit.tls.CertificateKind;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.NettyNetwork;
import im.comity.transport.NetworkOptions;
import im.comity.transport.SystemTimers;
import im.comity.transport.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every setting of TLS, certificate and dialback at one end against every one at the other, in both
 * roles, with lenient and with strict validation: 18 x 18 x 2.
 *
 * <p>How a setting is said to our servers:
 *
 * <ul>
 *   <li>TLS required is level encrypted, TLS optional is level verified. No setting of ours
 *       switches TLS off, so {@link PlainServer} plays that end, in either role; only where both
 *       ends have it off they are servers of ours again, that own no certificate and do not ask for
 *       what is not offered.
 *   <li>A missing certificate is no identity, so such a server cannot offer STARTTLS; an invalid
 *       one has expired.
 *   <li>Lenient is what levels verified and encrypted are. Strict is level trusted. It cannot be
 *       had without TLS, so that optional and required are the same then; and it is about every
 *       peer, not just those that show a certificate, so that nothing rests on dialback
 *       (S2S-POL-72).
 * </ul>
 *
 * <p>Where the row's oracle, made for another server, says something else than the levels of ours
 * do, {@link #letter} says so at the place; each follows from other rows of the ledgers.
 */
@Timeout(60)
final class GridTest {
  private static final String FROM = "north.example";
  private static final String TO = "south.example";
  private static final TestCa CA = TestCa.root("Test Root", InstantSource.system());
  private static final Map<String, Map<Certificate, TestCertificate>> SHOWN = new HashMap<>();
  private static SystemTimers timers;
  private static NettyNetwork network;

  private final TestDns dns = new TestDns();
  private final Map<String, InetSocketAddress> addresses = new ConcurrentHashMap<>();
  private final List<AutoCloseable> running = new ArrayList<>();

  enum Tls {
    DISABLED,
    OPTIONAL,
    REQUIRED
  }

  enum Certificate {
    MISSING,
    INVALID,
    VALID
  }

  /** What one end is set to. */
  record Setting(Tls tls, Certificate certificate, boolean dialback) {
    static List<Setting> all() {
      List<Setting> all = new ArrayList<>();
      for (Tls tls : Tls.values()) {
        for (Certificate certificate : Certificate.values()) {
          all.add(new Setting(tls, certificate, true));
          all.add(new Setting(tls, certificate, false));
        }
      }
      return all;
    }

    boolean off() {
      return tls == Tls.DISABLED;
    }

    @Override
    public String toString() {
      return "TLS %s, certificate %s, %s dialback"
          .formatted(lower(tls), lower(certificate), dialback ? "with" : "no");
    }

    private static String lower(Enum<?> value) {
      return value.name().toLowerCase(Locale.ROOT);
    }
  }

  /** One square of the grid. */
  record Square(Setting from, Setting to, boolean strict) {
    boolean fromRequires() {
      return requires(from);
    }

    boolean toRequires() {
      return requires(to);
    }

    private boolean requires(Setting end) {
      return end.tls == Tls.REQUIRED || (strict && end.tls == Tls.OPTIONAL);
    }

    boolean bothDialback() {
      return from.dialback && to.dialback;
    }

    @Override
    public String toString() {
      return "%s -> %s, %s".formatted(from, to, strict ? "strict" : "lenient");
    }
  }

  static Stream<Square> squares() {
    return Stream.of(false, true)
        .flatMap(
            strict ->
                Setting.all().stream()
                    .flatMap(
                        from -> Setting.all().stream().map(to -> new Square(from, to, strict))));
  }

  // ---- the oracle ------------------------------------------------------------------------------

  /** The row's (a) to (e): the level, or null for none. Nothing of the product is in it. */
  private static @Nullable FederationLevel letter(Square square) {
    Setting from = square.from;
    Setting to = square.to;
    boolean clearWillDo = !square.fromRequires() && !square.toRequires();
    FederationLevel inClear =
        clearWillDo && square.bothDialback() ? FederationLevel.VERIFIED : null;
    // (a), (b)
    if (from.off() || to.off()) {
      return inClear;
    }
    // (c)
    if (to.certificate == Certificate.MISSING) {
      return inClear;
    }
    // Dialling back is a connection by the same rules (DNA-S2S-05), and who has no certificate
    // cannot be dialled under TLS; the row has E here also where TLS is required.
    boolean dialback =
        square.bothDialback() && (from.certificate != Certificate.MISSING || clearWillDo);
    FederationLevel underTls = dialback ? FederationLevel.ENCRYPTED : null;
    // (d); the row has dialback alone, but a lenient initiator may also show its certificate to a
    // target that is not proven (S2S-POL-52), and needs no dialback then.
    if (to.certificate == Certificate.INVALID) {
      if (square.strict) {
        return null;
      }
      return from.certificate == Certificate.VALID ? FederationLevel.ENCRYPTED : underTls;
    }
    // (e); a strict receiver takes none by dialback, also one that shows no certificate at all,
    // which the row lets through (S2S-POL-72).
    if (from.certificate == Certificate.VALID) {
      return FederationLevel.TRUSTED;
    }
    return square.strict ? null : underTls;
  }

  /** The code of the failure at an initiator of ours, where there is no level. */
  private static String codeAtInitiator(Square square) {
    Setting from = square.from;
    Setting to = square.to;
    if (to.off() || to.certificate == Certificate.MISSING) {
      if (square.fromRequires()) {
        // One of ours that can do nothing says so at once; who can do something refuses STARTTLS.
        boolean saysSo = !to.off() && (square.toRequires() || !to.dialback);
        return saysSo ? "PEER_STREAM_ERROR" : "TLS_REFUSED";
      }
      return withoutDialback(square, "PEER_STREAM_ERROR");
    }
    if (to.certificate == Certificate.INVALID && square.strict) {
      return "CERT_EXPIRED";
    }
    // A strict receiver says at once that nothing can come of it where no key was shown that an
    // authoritative server might confirm (S2S-EXT-33, S2S-DB-71).
    boolean saysSo = square.strict && from.certificate == Certificate.MISSING;
    return withoutDialback(square, saysSo ? "PEER_STREAM_ERROR" : "PEER_DIALBACK_ERROR");
  }

  private static String withoutDialback(Square square, String otherwise) {
    if (!square.to.dialback) {
      return "AUTH_NO_COMMON_METHOD";
    }
    return square.from.dialback ? otherwise : "POLICY_DIALBACK_NOT_ALLOWED";
  }

  /** The code of the failure at a receiver of ours to which {@link PlainServer} speaks. */
  private static String codeAtReceiver(Square square) {
    boolean noWay = square.toRequires() || !square.to.dialback;
    if (square.to.certificate == Certificate.MISSING && noWay) {
      return "OUR_CERTIFICATE_MISSING";
    }
    if (!square.from.dialback) {
      return "PEER_STANZA_BEFORE_ASSOCIATION";
    }
    return square.toRequires() ? "POLICY_LEVEL_TOO_LOW" : "POLICY_DIALBACK_NOT_ALLOWED";
  }

  /** How an end is proven to the other: the letter is the weaker of both (S2S-POL-71). */
  private static FederationLevel end(FederationLevel letter, Setting proven) {
    return letter == FederationLevel.ENCRYPTED && proven.certificate == Certificate.VALID
        ? FederationLevel.TRUSTED
        : letter;
  }

  // ---- the ends --------------------------------------------------------------------------------

  @BeforeAll
  static void open() {
    timers = new SystemTimers();
    network = NettyNetwork.open(NetworkOptions.defaults(timers));
    for (String domain : List.of(FROM, TO)) {
      Map<Certificate, TestCertificate> all = new EnumMap<>(Certificate.class);
      all.put(Certificate.VALID, CA.issue(domain));
      all.put(Certificate.INVALID, CA.issue(CertificateKind.EXPIRED, domain));
      SHOWN.put(domain, all);
    }
  }

  @AfterAll
  static void shut() {
    network.close();
    timers.close();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : running.reversed()) {
      one.close();
    }
  }

  private Site site(String domain, Setting setting, boolean strict) throws IOException {
    FederationLevel level =
        switch (setting.tls) {
          case DISABLED -> FederationLevel.VERIFIED;
          case OPTIONAL -> strict ? FederationLevel.TRUSTED : FederationLevel.VERIFIED;
          case REQUIRED -> strict ? FederationLevel.TRUSTED : FederationLevel.ENCRYPTED;
        };
    Site.Plan plan =
        Site.plan(dns, domain)
            .network(network, timers)
            .rule(new PolicyRule(level, List.of(), setting.dialback, !setting.off(), false, ""))
            .trusts(CA.certificate())
            .starttls();
    TestCertificate shown = setting.off() ? null : SHOWN.get(domain).get(setting.certificate);
    if (shown != null) {
      plan.identity(TlsIdentity.of(domain, shown.privateKey(), shown.chain()));
    }
    Site site = plan.start();
    running.add(site);
    addresses.put(domain, site.federation.addresses().getFirst());
    return site;
  }

  private PlainServer plain(String domain, Setting setting) throws IOException {
    PlainServer plain = new PlainServer(domain, setting.dialback, addresses::get);
    ScriptedServer server = ScriptedServer.onLoopback(plain);
    running.add(server);
    addresses.put(domain, server.address());
    dns.serve(Site.domain(domain), server.address(), false);
    return plain;
  }

  // ---- the squares -----------------------------------------------------------------------------

  @ParameterizedTest(name = "{0}")
  @MethodSource("squares")
  @Clause({"S2S-POL-71", "S2S-POL-74", "S2S-POL-75"})
  void theGridHolds(Square square) throws Exception {
    FederationLevel letter = letter(square);
    if (square.from.off() && !square.to.off()) {
      fromPlain(square, letter);
      return;
    }
    Site north = site(FROM, square.from, square.strict);
    if (square.to.off() && !square.from.off()) {
      toPlain(square, north, letter);
      return;
    }
    Site south = site(TO, square.to, square.strict);
    send(north);
    if (letter == null) {
      returned(north, codeAtInitiator(square));
      assertThat(south.events(FederationEvent.SenderAdmitted.class)).isEmpty();
      assertThat(south.arrived).isEmpty();
    } else {
      arrived(south, end(letter, square.from));
      opened(north, end(letter, square.to));
    }
  }

  private void fromPlain(Square square, @Nullable FederationLevel letter) throws Exception {
    Site south = site(TO, square.to, square.strict);
    PlainServer plain = plain(FROM, square.from);
    List<AssertionError> wrong = new ArrayList<>();
    String ended =
        plain.send(
            TO,
            () -> {
              try {
                arrived(south, FederationLevel.VERIFIED);
              } catch (AssertionError e) {
                wrong.add(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            Stream.of("m1", "m2", "m3")
                .map(id -> Xmpp.message("a@" + FROM, "b@" + TO, id))
                .toArray(String[]::new));
    if (letter != null) {
      assertThat(ended).as(south.text()).isNull();
      assertThat(wrong).isEmpty();
    } else {
      assertThat(ended).isNotNull();
      // The peer hears of it before the listener does.
      south.await(FederationEvent.SenderRefused.class, _ -> true);
      assertThat(south.events(FederationEvent.SenderRefused.class))
          .as(south.text())
          .singleElement()
          .satisfies(
              refused -> assertThat(refused.failure().code()).isEqualTo(codeAtReceiver(square)));
      assertThat(south.events(FederationEvent.SenderAdmitted.class)).isEmpty();
      assertThat(south.arrived).isEmpty();
    }
  }

  private void toPlain(Square square, Site north, @Nullable FederationLevel letter)
      throws Exception {
    PlainServer plain = plain(TO, square.to);
    send(north);
    if (letter == null) {
      returned(north, codeAtInitiator(square));
      assertThat(plain.stanzas).isEmpty();
    } else {
      Awaitility.await().pollInterval(Duration.ofMillis(5)).until(() -> plain.stanzas.size() >= 3);
      assertThat(plain.stanzas).hasSize(3);
      opened(north, letter);
    }
  }

  /** Three stanzas that are queued before anything is tried. */
  private void send(Site north) {
    dns.hold();
    for (String id : List.of("m1", "m2", "m3")) {
      north.message("a@" + FROM, "b@" + TO, id);
    }
    dns.release();
  }

  private static void arrived(Site south, FederationLevel level) throws InterruptedException {
    for (String id : List.of("m1", "m2", "m3")) {
      Site.Arrived arrived = south.next();
      assertThat(arrived.along().level()).isEqualTo(level);
      assertThat(arrived.stanza().octets().toUtf8()).contains("<body>" + id + "</body>");
    }
    assertThat(south.arrived).isEmpty();
  }

  private static void opened(Site north, FederationLevel level) {
    assertThat(north.await(FederationEvent.WayOpened.class, _ -> true).association().level())
        .isEqualTo(level);
    assertThat(north.events(FederationEvent.WayOpened.class)).hasSize(1);
    assertThat(north.events(FederationEvent.AttemptFailed.class)).isEmpty();
    assertThat(north.arrived).isEmpty();
  }

  /** One bounce for each, one failure with one code, no trace of a way. */
  private static void returned(Site north, String code) throws InterruptedException {
    FederationEvent.AttemptFailed failed =
        north.await(FederationEvent.AttemptFailed.class, _ -> true);
    assertThat(failed.failure().code()).as(north.text()).isEqualTo(code);
    for (String id : List.of("m1", "m2", "m3")) {
      Site.Arrived bounce = north.next();
      assertThat(bounce.stanza().id()).isEqualTo(id);
      assertThat(bounce.stanza().octets().toUtf8())
          .contains("<remote-server-timeout", "type='error'", code + ": ");
    }
    assertThat(failed.bounced()).isEqualTo(3);
    assertThat(north.events(FederationEvent.AttemptFailed.class)).hasSize(1);
    assertThat(north.events(FederationEvent.WayOpened.class)).isEmpty();
    assertThat(north.arrived).isEmpty();
  }
}
