package im.comity.transport;

import static im.comity.transport.Bench.async;
import static im.comity.transport.Bench.expect;
import static im.comity.transport.Bench.get;
import static im.comity.transport.Bench.say;
import static im.comity.transport.Certificates.domain;
import static im.comity.transport.Certificates.issued;
import static im.comity.transport.Certificates.selfSigned;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Clause;
import im.comity.transport.Bench.Accepted;
import im.comity.transport.Bench.Ends;
import im.comity.transport.Bench.Wire;
import im.comity.xml.Octets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What our handshakes show, take and refuse, on both providers and in both roles. */
@Timeout(60)
@ExtendWith(NetworkLeaks.class)
class TlsTest {
  private static final String SOUTH = "south.example";
  private static final TlsIdentity SOUTH_IDENTITY = selfSigned(SOUTH);

  private final Bench bench = new Bench();

  @AfterEach
  void leavesNothing() throws Exception {
    bench.close();
  }

  static Stream<Arguments> providers() {
    return Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
        .flatMap(
            client ->
                Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
                    .map(server -> Arguments.of(client, server)));
  }

  static Stream<Arguments> providersAndVersions() {
    return Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
        .flatMap(
            provider ->
                Stream.of("TLSv1.2", "TLSv1.3").map(version -> Arguments.of(provider, version)));
  }

  private Ends ends(TlsProvider client, TlsProvider server) throws Exception {
    return bench.connect(bench.network(Wire.EPOLL, client), bench.network(Wire.EPOLL, server));
  }

  private static TlsProfile only(String version) {
    return new TlsProfile(
        List.of(version), TlsProfile.STANDARD.cipherSuites(), TlsProfile.STANDARD.groups());
  }

  private static TlsIdentities south() {
    return TlsIdentities.of(List.of(SOUTH_IDENTITY), SOUTH_IDENTITY);
  }

  private static TlsRequest.AsServer server(TlsIdentities identities) {
    return new TlsRequest.AsServer(identities, null);
  }

  private static TlsRequest.AsClient client(String name, TlsIdentity identity) {
    return new TlsRequest.AsClient(domain(name), identity, true);
  }

  /** What client and server found. */
  private record Found(TlsSession client, TlsSession server) {}

  private static Found handshake(Ends ends, TlsRequest client, TlsRequest server) throws Exception {
    CompletableFuture<TlsSession> other = async(() -> ends.server().startTls(server, null));
    TlsSession mine = ends.client().startTls(client, null);
    Found found = new Found(mine, get(other));
    say(ends.client(), "ping");
    expect(ends.server(), "ping");
    say(ends.server(), "pong");
    expect(ends.client(), "pong");
    return found;
  }

  // Which identity the server shows.

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-16")
  void oneListenerServesAThousandDomainsBySni(TlsProvider provider) throws Exception {
    List<TlsIdentity> identities =
        IntStream.range(0, 1000).mapToObj(i -> selfSigned("d" + i + ".example")).toList();
    TlsIdentities all = TlsIdentities.of(identities, null);
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    Random random = new Random(1);
    for (int i = 0; i < 30; i++) {
      int which = random.nextInt(1000);
      Ends ends = bench.connect(network, network);
      Found found = handshake(ends, client("d" + which + ".example", null), server(all));
      assertThat(found.client().peer().chain()).isEqualTo(identities.get(which).chain());
      assertThat(found.server().serverName()).isEqualTo("d" + which + ".example");
      ends.client().abort(null);
      ends.server().abort(null);
    }
  }

  static Stream<Arguments> choices() {
    return Stream.of(
        // header, SNI, identity shown
        Arguments.of("a.example", "a.example", "a.example"),
        Arguments.of("a.example", "b.example", "a.example"),
        Arguments.of("b.example", "unknown.example", "b.example"),
        Arguments.of("unknown.example", "b.example", "b.example"),
        Arguments.of("unknown.example", "other.example", "hosting.example"),
        Arguments.of(null, "B.EXAMPLE", "b.example"),
        Arguments.of(null, "unknown.example", "hosting.example"),
        Arguments.of(null, "rooms.b.example", "*.b.example"),
        Arguments.of(null, "192.0.2.1", "hosting.example"));
  }

  @ParameterizedTest
  @MethodSource("choices")
  @Clause({"S2S-TLS-16", "S2S-DTLS-10"})
  void theHeaderIsBeforeSniAndSniBeforeTheDefault(String header, String sni, String shown)
      throws Exception {
    TlsIdentities identities =
        TlsIdentities.of(
            List.of(selfSigned("a.example"), selfSigned("b.example"), selfSigned("*.b.example")),
            selfSigned("hosting.example"));
    for (TlsProvider provider : List.of(TlsProvider.BORINGSSL, TlsProvider.JDK)) {
      TlsRequest request =
          new TlsRequest.AsServer(identities, header == null ? null : domain(header));
      Found found = handshake(ends(provider, provider), client(sni, null), request);
      assertThat(found.server().own().name()).isEqualTo(shown);
      assertThat(found.client().peer().chain()).isEqualTo(found.server().own().chain());
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void withoutAnyIdentityTheHandshakeFailsOnBothSides(TlsProvider left, TlsProvider right)
      throws Exception {
    Ends ends = ends(left, right);
    CompletableFuture<TlsSession> other =
        async(() -> ends.server().startTls(server(TlsIdentities.of(List.of(), null)), null));
    assertThatThrownBy(() -> ends.client().startTls(client(SOUTH, null), null))
        .isInstanceOfSatisfying(
            TlsFailedException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.REFUSED_BY_PEER);
              assertThat(e.alert()).isIn("handshake_failure", "internal_error");
            });
    assertThatThrownBy(() -> get(other))
        .isInstanceOfSatisfying(
            TlsFailedException.class,
            e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.REFUSED_BY_US));
    assertThat(get(ends.server().closed())).isInstanceOf(TlsFailedException.class);
    assertThat(get(ends.client().closed())).isInstanceOf(TlsFailedException.class);
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void identitiesAreReplacedWithoutRestart(TlsProvider provider) throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    TlsIdentities identities = south();
    TlsIdentity next = selfSigned(SOUTH);
    Ends before = bench.connect(network, network);
    assertThat(handshake(before, client(SOUTH, null), server(identities)).client().peer().leaf())
        .isEqualTo(SOUTH_IDENTITY.chain().getFirst());
    identities.replace(List.of(next), null);
    Ends after = bench.connect(network, network);
    assertThat(handshake(after, client(SOUTH, null), server(identities)).client().peer().leaf())
        .isEqualTo(next.chain().getFirst());
    say(before.client(), "still here");
    expect(before.server(), "still here");
  }

  // Which certificates are taken.

  @ParameterizedTest
  @MethodSource("providers")
  @Clause({"S2S-TLS-17", "S2S-TLS-18", "DNA-PKX-05", "DNA-EKU-04", "DNA-EKU-06"})
  void anyCertificateOfAClientIsTakenAndShownUnjudged(TlsProvider left, TlsProvider right)
      throws Exception {
    List<TlsIdentity> any =
        List.of(
            issued(new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth}, "north.example"),
            issued(new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth}, "north.example"),
            issued(new KeyPurposeId[] {KeyPurposeId.id_kp_codeSigning}, "north.example"),
            issued(new KeyPurposeId[0], "north.example"),
            selfSigned("north.example"),
            selfSigned(Certificates.keys("RSA"), "north.example"));
    NettyNetwork client = bench.network(Wire.EPOLL, left);
    NettyNetwork server = bench.network(Wire.EPOLL, right);
    for (TlsIdentity identity : any) {
      Ends ends = bench.connect(client, server);
      Found found = handshake(ends, client(SOUTH, identity), server(south()));
      assertThat(found.server().peer().chain()).isEqualTo(identity.chain());
      assertThat(found.client().own()).isEqualTo(identity);
    }
    Ends ends = bench.connect(client, server);
    Found found = handshake(ends, client(SOUTH, null), server(south()));
    assertThat(found.server().peer()).isNull();
    assertThat(found.client().own()).isNull();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anyCertificateOfAServerIsTakenAndShownUnjudged(TlsProvider left, TlsProvider right)
      throws Exception {
    List<TlsIdentity> any =
        List.of(
            issued(new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth}, "wrong.example"),
            selfSigned("wrong.example"),
            selfSigned(Certificates.keys("RSA"), "wrong.example"));
    NettyNetwork client = bench.network(Wire.EPOLL, left);
    NettyNetwork server = bench.network(Wire.EPOLL, right);
    for (TlsIdentity identity : any) {
      Ends ends = bench.connect(client, server);
      TlsIdentities identities = TlsIdentities.of(List.of(), identity);
      Found found = handshake(ends, client(SOUTH, null), server(identities));
      assertThat(found.client().peer().chain()).isEqualTo(identity.chain());
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  @Clause({"S2S-TLS-19", "DNA-EXT-09"})
  void theServerNamesNoIssuersWhenItAsksForACertificate(TlsProvider provider, String version)
      throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting =
        async(() -> peer.transport().startTls(server(south()), null));
    Keys keys = new Keys(selfSigned("north.example"));
    try (SSLSocket socket = jdk(peer.socket(), keys)) {
      socket.setEnabledProtocols(new String[] {version});
      socket.startHandshake();
      assertThat(get(starting).peer()).isNotNull();
      assertThat(keys.asked).hasValue(1);
      assertThat(keys.issuers.get()).isNullOrEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  @Clause({"S2S-TLS-18", "DNA-EKU-06"})
  void theClientShowsItsCertificateWhateverIssuersAreNamed(TlsProvider provider, String version)
      throws Exception {
    TlsIdentity north = issued(new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth}, "north.example");
    X509Certificate stranger = issued(new KeyPurposeId[0], "x").chain().getLast();
    try (JdkServer server = new JdkServer(new AnyPeer(stranger), version)) {
      server.socket.setWantClientAuth(true);
      CompletableFuture<SSLSession> accepting = server.accept();
      Transport client = server.connect(bench.network(Wire.EPOLL, provider));
      TlsSession session = client.startTls(client(SOUTH, north), null);
      assertThat(get(accepting).getPeerCertificates()).startsWith(north.chain().getFirst());
      assertThat(session.own()).isEqualTo(north);
    }
  }

  // Versions and suites.

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  @Clause("S2S-TLS-24")
  void theOlderVersionIsSpokenWithWhoHasNoOther(TlsProvider provider, String version)
      throws Exception {
    NettyNetwork standard = bench.network(Wire.EPOLL, provider);
    for (TlsProvider other : List.of(TlsProvider.BORINGSSL, TlsProvider.JDK)) {
      NettyNetwork limited = bench.network(Wire.EPOLL, other, only(version));
      for (Ends ends :
          List.of(bench.connect(standard, limited), bench.connect(limited, standard))) {
        Found found = handshake(ends, client(SOUTH, selfSigned("north.example")), server(south()));
        assertThat(found.client().protocol()).isEqualTo(version);
        assertThat(found.server().protocol()).isEqualTo(version);
        assertThat(found.client().cipherSuite()).containsPattern("GCM|CHACHA20");
        assertThat(found.server().cipherSuite()).isEqualTo(found.client().cipherSuite());
        assertThat(found.server().alpn()).isEqualTo("xmpp-server");
        // All providers here use the extended master secret under TLS 1.2.
        assertThat(found.client().reliable()).isTrue();
        assertThat(found.server().reliable()).isTrue();
      }
    }
  }

  @Test
  void underTls12OnlyTheExtendedMasterSecretMakesACertificateReliable() throws Exception {
    try (JdkServer server = new JdkServer(new AnyPeer(), "TLSv1.2")) {
      CompletableFuture<SSLSession> accepting = server.accept();
      Transport client = server.connect(bench.network(Wire.EPOLL, TlsProvider.JDK));
      client.startTls(client(SOUTH, null), null);
      SSLSession session = get(accepting);
      assertThat(session.getProtocol()).isEqualTo("TLSv1.2");
      for (boolean extended : new boolean[] {true, false}) {
        TlsHandshake handshake = new TlsHandshake("tls-0", server(south()));
        handshake.met(new Hello(extended, null, null));
        assertThat(handshake.session(session, null).reliable()).isEqualTo(extended);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-24")
  void aServerRefusesTls11AndOlder(TlsProvider provider) throws Exception {
    for (int minor : new int[] {0, 1, 2}) { // SSL 3, TLS 1.0, TLS 1.1
      Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
      CompletableFuture<TlsSession> starting =
          async(() -> peer.transport().startTls(server(south()), null));
      peer.socket().getOutputStream().write(oldClientHello(minor));
      byte[] answer = peer.socket().getInputStream().readAllBytes();
      assertThat(answer).hasSize(7).startsWith(21).endsWith(2, 70); // protocol_version
      assertThatThrownBy(() -> get(starting))
          .isInstanceOfSatisfying(
              TlsFailedException.class,
              e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.REFUSED_BY_US));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-24")
  void aClientRefusesTls11(TlsProvider provider) throws Exception {
    Accepted peer = bench.dial(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting =
        async(() -> peer.transport().startTls(client(SOUTH, null), null));
    InputStream in = peer.socket().getInputStream();
    readHello(in);
    String serverHello = "0302" + "00".repeat(32) + "00" + "c013" + "00";
    peer.socket()
        .getOutputStream()
        .write(HexFormat.of().parseHex("160302002a" + "02000026" + serverHello));
    assertThatThrownBy(() -> get(starting))
        .isInstanceOfSatisfying(
            TlsFailedException.class,
            e -> assertThat(e.reason()).isEqualTo(TlsFailedException.Reason.REFUSED_BY_US));
    byte[] answer = in.readAllBytes();
    assertThat(answer).startsWith(21);
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-24")
  void suitesWithoutAuthenticatedEncryptionAreRefused(TlsProvider provider) throws Exception {
    for (String suite :
        List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA")) {
      Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
      CompletableFuture<TlsSession> starting =
          async(() -> peer.transport().startTls(server(south()), null));
      try (SSLSocket socket = jdk(peer.socket())) {
        socket.setEnabledProtocols(new String[] {"TLSv1.2"});
        socket.setEnabledCipherSuites(new String[] {suite});
        assertThatThrownBy(socket::startHandshake)
            .isInstanceOf(SSLHandshakeException.class)
            .hasMessageContaining("handshake_failure");
      }
      assertThatThrownBy(() -> get(starting)).isInstanceOf(TlsFailedException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void aFirstMessageThatDoesNotEndIsRefused(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting =
        async(() -> peer.transport().startTls(server(south()), null));
    // It announces as much as we take, and comes in pieces of one byte.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {22, 3, 1, 0, 4, 1, 0, 0x3f, 0});
    for (int i = 0; i < 5000; i++) {
      bytes.writeBytes(new byte[] {22, 3, 1, 0, 1, 0});
    }
    byte[] records = bytes.toByteArray();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                peer.socket().getOutputStream().write(records);
              } catch (IOException e) {
                assertThat(e).as("the connection is dropped meanwhile").isNotNull();
              }
            });
    assertThatThrownBy(() -> get(starting))
        .isInstanceOf(TlsFailedException.class)
        .hasMessageContaining("too long");
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void aHandshakeMayBeCutIntoSingleBytes(TlsProvider provider) throws Exception {
    NettyNetwork network = bench.network(Wire.MEMORY, provider);
    PipeTransport.Pair one = PipeTransport.pair(network);
    PipeTransport.Pair other = PipeTransport.pair(network);
    carryByteByByte(one.right(), other.left());
    carryByteByByte(other.left(), one.right());
    Ends ends = new Ends(one.left(), other.right());
    Found found = handshake(ends, client(SOUTH, selfSigned("north.example")), server(south()));
    assertThat(found.client().reliable()).isTrue();
    assertThat(found.server().alpn()).isEqualTo("xmpp-server");
  }

  /** A record is decoded as a whole, so that more comes at once than is read at once. */
  @ParameterizedTest
  @MethodSource("providers")
  @Clause("S2S-DOS-04")
  void whatComesUnderTlsWhileNobodyTakesIsBounded(TlsProvider client, TlsProvider server)
      throws Exception {
    Ends ends = ends(client, server);
    handshake(ends, client(SOUTH, null), server(south()));
    byte[] much = new byte[4 << 20];
    ends.client().write(Octets.of(much));
    ends.client().flush();
    NettyTransport held = (NettyTransport) ends.server();
    Bench.until(() -> held.receivedBytes() >= NettyTransport.MAILBOX_BYTES);
    int total = 0;
    while (total < much.length) {
      Octets taken = ends.server().take();
      assertThat(taken.array().length).isLessThanOrEqualTo(NettyTransport.MAILBOX_LIMIT);
      total += taken.length();
    }
  }

  private static void carryByteByByte(Transport from, Transport to) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (Octets octets; (octets = from.take()) != null; ) {
                  for (int i = 0; i < octets.length(); i++) {
                    to.write(octets.slice(i, i + 1));
                    to.flush();
                  }
                }
              } catch (IOException e) {
                to.abort(e);
              }
            });
  }

  // ALPN.

  static Stream<Arguments> protocols() {
    return Stream.of(
        Arguments.of(List.of("xmpp-server"), "xmpp-server"),
        Arguments.of(List.of("h2", "xmpp-server"), "xmpp-server"),
        Arguments.of(List.of(), ""),
        Arguments.of(List.of("h2"), null),
        Arguments.of(List.of("xmpp-client", "http/1.1"), null));
  }

  @ParameterizedTest
  @MethodSource("protocols")
  @Clause({"S2S-DTLS-06", "S2S-TLS-29"})
  void aServerSelectsOurProtocolAndRefusesOnlyForeignOnes(List<String> offered, String selected)
      throws Exception {
    for (TlsProvider provider : List.of(TlsProvider.BORINGSSL, TlsProvider.JDK)) {
      for (String version : List.of("TLSv1.2", "TLSv1.3")) {
        Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
        CompletableFuture<TlsSession> starting =
            async(() -> peer.transport().startTls(server(south()), null));
        try (SSLSocket socket = jdk(peer.socket())) {
          SSLParameters parameters = socket.getSSLParameters();
          parameters.setApplicationProtocols(offered.toArray(String[]::new));
          parameters.setProtocols(new String[] {version});
          socket.setSSLParameters(parameters);
          if (selected == null) {
            assertThatThrownBy(socket::startHandshake)
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("no_application_protocol");
            assertThatThrownBy(() -> get(starting))
                .isInstanceOfSatisfying(
                    TlsFailedException.class,
                    e -> assertThat(e.alert()).isEqualTo("no_application_protocol"));
          } else {
            socket.startHandshake();
            assertThat(socket.getApplicationProtocol()).isEqualTo(selected);
            assertThat(get(starting).alpn()).isEqualTo(selected.isEmpty() ? null : selected);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  void aServerThatKnowsNoAlpnIsFine(TlsProvider provider) throws Exception {
    try (JdkServer server = new JdkServer(new AnyPeer(), "TLSv1.3")) {
      CompletableFuture<SSLSession> accepting = server.accept();
      Transport client = server.connect(bench.network(Wire.EPOLL, provider));
      assertThat(client.startTls(client(SOUTH, null), null).alpn()).isNull();
      get(accepting);
    }
  }

  // What a client says.

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause({"S2S-TLS-30", "S2S-DTLS-04", "S2S-DTLS-05"})
  void aClientNamesTheDomainByItsALabelsAndOffersOurProtocol(TlsProvider provider)
      throws Exception {
    Hello hello = Hello.read(hello(provider, client("süd.example", null)));
    assertThat(hello.serverName()).isEqualTo("xn--sd-xka.example");
    assertThat(hello.protocols()).containsExactly("xmpp-server");
    assertThat(hello.extendedMasterSecret()).isTrue();
    Hello without =
        Hello.read(hello(provider, new TlsRequest.AsClient(domain("localhost"), null, false)));
    assertThat(without.serverName()).isEqualTo("localhost");
    assertThat(without.protocols()).isNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-30")
  void anIpLiteralIsNeverSentAsServerName(TlsProvider provider) throws Exception {
    for (String literal : List.of("192.0.2.1", "[2001:db8::1]")) {
      assertThat(Hello.read(hello(provider, client(literal, null))).serverName()).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause({"S2S-TLS-24", "S2S-TLS-27", "S2S-TLS-28"})
  void aClientOffersModernTlsOnly(TlsProvider provider) throws Exception {
    ByteBuf hello = hello(provider, client(SOUTH, null));
    hello.skipBytes(5 + 4 + 2 + 32);
    hello.skipBytes(hello.readUnsignedByte());
    ByteBuf suites = hello.readSlice(hello.readUnsignedShort());
    List<Integer> offered = new ArrayList<>();
    while (suites.isReadable()) {
      int suite = suites.readUnsignedShort();
      if ((suite & 0x0f0f) != 0x0a0a && suite != 0x00ff) { // GREASE, renegotiation info
        offered.add(suite);
      }
    }
    assertThat(offered)
        .containsExactlyInAnyOrder(
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8);
    assertThat(hello.readSlice(hello.readUnsignedByte())).isEqualTo(Unpooled.buffer().writeByte(0));
    ByteBuf extensions = hello.readSlice(hello.readUnsignedShort());
    List<Integer> seen = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    List<Integer> versions = new ArrayList<>();
    while (extensions.isReadable()) {
      int type = extensions.readUnsignedShort();
      seen.add(type);
      ByteBuf value = extensions.readSlice(extensions.readUnsignedShort());
      if (type == 10) {
        value.skipBytes(2);
        while (value.isReadable()) {
          groups.add(value.readUnsignedShort());
        }
      } else if (type == 43) {
        value.skipBytes(1);
        while (value.isReadable()) {
          versions.add(value.readUnsignedShort());
        }
      }
    }
    groups.removeIf(group -> (group & 0x0f0f) == 0x0a0a);
    versions.removeIf(version -> (version & 0x0f0f) == 0x0a0a);
    assertThat(versions).containsExactly(0x0304, 0x0303);
    if (provider == TlsProvider.BORINGSSL) {
      assertThat(groups).containsExactly(0x11ec, 29, 23, 24); // X25519MLKEM768 first
    } else {
      assertThat(groups).containsExactly(29, 23, 24);
    }
    assertThat(seen).doesNotContain(41, 42); // no session to resume, no early data
  }

  // Sessions.

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  void aServerResumesNothing(TlsProvider provider, String version) throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    TlsIdentities identities =
        TlsIdentities.of(List.of(selfSigned("a.example"), selfSigned("b.example")), null);
    List<Transport> accepted = new ArrayList<>();
    List<CompletableFuture<TlsSession>> sessions = new ArrayList<>();
    try (Listening listening =
        bench.listen(
            network,
            transport -> {
              accepted.add(transport);
              sessions.add(async(() -> transport.startTls(server(identities), null)));
            })) {
      SSLContext context = context(new AnyPeer());
      Set<String> seen = new HashSet<>();
      List<String> names = List.of("a.example", "a.example", "b.example", "a.example");
      for (int i = 0; i < names.size(); i++) {
        // The JDK looks for a session by address and port.
        try (SSLSocket socket =
            (SSLSocket)
                context
                    .getSocketFactory()
                    .createSocket(
                        listening.address().getAddress(), listening.address().getPort())) {
          SSLParameters parameters = socket.getSSLParameters();
          parameters.setProtocols(new String[] {version});
          parameters.setServerNames(List.of(new SNIHostName(names.get(i))));
          socket.setSSLParameters(parameters);
          socket.startHandshake();
          int index = i;
          Bench.until(() -> sessions.size() > index);
          TlsSession session = get(sessions.get(index));
          // Only a full handshake asks for our key, and shows its certificate. The JDK's client
          // goes
          // on asking for the name that it asked this address for first.
          assertThat(session.own()).isNotNull();
          assertThat(socket.getSession().getPeerCertificates()[0])
              .isEqualTo(session.own().chain().getFirst());
          assertThat(seen.add(HexFormat.of().formatHex(socket.getSession().getId()))).isTrue();
          say(accepted.get(index), "x");
          assertThat(socket.getInputStream().read()).isEqualTo('x'); // tickets would come before
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  void aClientResumesNothing(TlsProvider provider, String version) throws Exception {
    NettyNetwork network = bench.network(Wire.EPOLL, provider);
    try (JdkServer server = new JdkServer(new AnyPeer(), version)) {
      for (int i = 1; i <= 3; i++) {
        CompletableFuture<SSLSession> accepting = server.accept();
        Transport client = server.connect(network);
        TlsSession session = client.startTls(client(SOUTH, null), null);
        get(accepting);
        expect(client, "hello"); // and with it any ticket
        assertThat(session.peer().leaf()).isEqualTo(SOUTH_IDENTITY.chain().getFirst());
        assertThat(server.keys.served).hasValue(i);
        client.abort(null);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-25")
  void aServerEndsAConnectionThatIsToBeRenegotiated(TlsProvider provider) throws Exception {
    Accepted peer = bench.accept(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting =
        async(() -> peer.transport().startTls(server(south()), null));
    try (SSLSocket socket = jdk(peer.socket())) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      socket.startHandshake();
      get(starting);
      socket.getOutputStream().write('x');
      expect(peer.transport(), "x");
      socket.startHandshake();
      assertThatIOException()
          .isThrownBy(
              () -> {
                if (socket.getInputStream().read() < 0) {
                  throw new IOException("ended");
                }
              });
    }
    assertThat(get(peer.transport().closed())).isNotNull();
    assertThatIOException().isThrownBy(() -> peer.transport().take());
  }

  @ParameterizedTest
  @EnumSource(
      value = TlsProvider.class,
      names = {"BORINGSSL", "JDK"})
  @Clause("S2S-TLS-25")
  void aClientEndsAConnectionThatIsToBeRenegotiated(TlsProvider provider) throws Exception {
    try (JdkServer server = new JdkServer(new AnyPeer(), "TLSv1.2")) {
      CompletableFuture<SSLSession> accepting = server.accept();
      Transport client = server.connect(bench.network(Wire.EPOLL, provider));
      client.startTls(client(SOUTH, null), null);
      get(accepting);
      expect(client, "hello");
      server.accepted.startHandshake(); // a HelloRequest
      assertThatIOException().isThrownBy(client::take);
      assertThat(get(client.closed())).isNotNull();
    }
  }

  @Test
  void theProviderIsAsAskedFor() {
    assertThat(bench.network(Wire.EPOLL, TlsProvider.AUTO).tlsProvider())
        .isEqualTo(TlsProvider.BORINGSSL);
    assertThat(bench.network(Wire.EPOLL, TlsProvider.JDK).tlsProvider()).isEqualTo(TlsProvider.JDK);
    assertThat(bench.network(Wire.NIO, TlsProvider.JDK).nativeTransport()).isFalse();
    assertThat(bench.network(Wire.EPOLL, TlsProvider.JDK).nativeTransport()).isTrue();
  }

  @Test
  void aProfileWithOldVersionsCannotBeMade() {
    assertThatThrownBy(() -> only("TLSv1.1")).isInstanceOf(IllegalArgumentException.class);
  }

  // Peers of the JDK.

  /** The client's first flight. */
  private ByteBuf hello(TlsProvider provider, TlsRequest request) throws Exception {
    Accepted peer = bench.dial(bench.network(Wire.EPOLL, provider));
    CompletableFuture<TlsSession> starting = async(() -> peer.transport().startTls(request, null));
    byte[] hello = readHello(peer.socket().getInputStream());
    peer.socket().close();
    assertThatIOException().isThrownBy(() -> get(starting));
    return Unpooled.wrappedBuffer(hello);
  }

  private static byte[] readHello(InputStream in) throws IOException {
    byte[] header = in.readNBytes(5);
    int length = ((header[3] & 0xff) << 8) | (header[4] & 0xff);
    byte[] hello = Arrays.copyOf(header, 5 + length);
    assertThat(in.readNBytes(hello, 5, length)).isEqualTo(length);
    return hello;
  }

  /** A ClientHello of the time before TLS 1.2, with suites of its time and of ours. */
  private static byte[] oldClientHello(int minor) {
    String version = "030" + minor;
    String body = version + "00".repeat(32) + "00" + "0006" + "c02bc013002f" + "0100";
    int length = body.length() / 2;
    return HexFormat.of()
        .parseHex(
            "16" + version + "%04x".formatted(length + 4) + "01" + "%06x".formatted(length) + body);
  }

  private static SSLContext context(AnyPeer trust, KeyManager... keys) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {trust}, new SecureRandom());
    return context;
  }

  private static SSLSocket jdk(Socket plain, KeyManager... keys) throws Exception {
    return (SSLSocket)
        context(new AnyPeer(), keys)
            .getSocketFactory()
            .createSocket(plain, "unused.example", 1, true);
  }

  private static final class JdkServer implements AutoCloseable {
    final Keys keys = new Keys(SOUTH_IDENTITY);
    final SSLServerSocket socket;
    SSLSocket accepted;

    JdkServer(AnyPeer trust, String version) throws Exception {
      socket =
          (SSLServerSocket)
              context(trust, keys)
                  .getServerSocketFactory()
                  .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
      socket.setEnabledProtocols(new String[] {version});
    }

    CompletableFuture<SSLSession> accept() {
      return async(
          () -> {
            accepted = (SSLSocket) socket.accept();
            accepted.startHandshake();
            accepted.getOutputStream().write("hello".getBytes(UTF_8));
            return accepted.getSession();
          });
    }

    Transport connect(NettyNetwork network) throws Exception {
      return get(
          network.connect(
              new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort()), null));
    }

    @Override
    public void close() throws IOException {
      if (accepted != null) {
        accepted.close();
      }
      socket.close();
    }
  }

  /** Shows one identity, whoever asks, and remembers how it was asked. */
  private static final class Keys extends X509ExtendedKeyManager {
    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger served = new AtomicInteger();
    final AtomicReference<Principal[]> issuers = new AtomicReference<>();
    private final TlsIdentity identity;

    Keys(TlsIdentity identity) {
      this.identity = identity;
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] named, Socket socket) {
      asked.incrementAndGet();
      issuers.set(named);
      return "only";
    }

    @Override
    public String chooseServerAlias(String type, Principal[] named, Socket socket) {
      if (!type.equals("EC")) {
        return null;
      }
      served.incrementAndGet();
      return "only";
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return identity.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return identity.key();
    }

    @Override
    public String[] getClientAliases(String type, Principal[] named) {
      return new String[] {"only"};
    }

    @Override
    public String[] getServerAliases(String type, Principal[] named) {
      return new String[] {"only"};
    }
  }

  private static final class AnyPeer extends X509ExtendedTrustManager {
    private final X509Certificate[] issuers;

    AnyPeer(X509Certificate... issuers) {
      this.issuers = issuers;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return issuers;
    }
  }
}
