package im.comity.transport;

import static im.comity.transport.Certificates.domain;
import static im.comity.transport.Certificates.selfSigned;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TlsIdentityTest {
  @TempDir private Path folder;

  private static String pem(String label, byte[] content) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, "\n".getBytes(UTF_8)).encodeToString(content)
        + "\n-----END "
        + label
        + "-----\n";
  }

  private static String pem(List<X509Certificate> chain) throws Exception {
    StringBuilder all = new StringBuilder("subject=CN = somebody\n");
    for (X509Certificate certificate : chain) {
      all.append(pem("CERTIFICATE", certificate.getEncoded()));
    }
    return all.toString();
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC", "RSA", "Ed25519"})
  void anIdentityIsReadFromPemFiles(String algorithm) throws Exception {
    KeyPair keys = Certificates.keys(algorithm);
    TlsIdentity made = selfSigned(keys, "a.example", "*.B.example");
    TlsIdentity read =
        TlsIdentity.load(
            file("chain.pem", pem(made.chain())),
            file("key.pem", pem("PRIVATE KEY", keys.getPrivate().getEncoded())));
    assertThat(read.chain()).isEqualTo(made.chain());
    assertThat(read.key()).isEqualTo(keys.getPrivate());
    assertThat(read.names()).containsExactlyInAnyOrder("a.example", "*.b.example");
    assertThat(read.name()).endsWith("chain.pem");
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC", "RSA"})
  void theOlderFormsOfKeysAreReadToo(String algorithm) throws Exception {
    KeyPair keys = Certificates.keys(algorithm);
    TlsIdentity made = selfSigned(keys, "a.example");
    byte[] old =
        PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded())
            .parsePrivateKey()
            .toASN1Primitive()
            .getEncoded();
    TlsIdentity read =
        TlsIdentity.load(
            file("chain.pem", pem(made.chain())),
            file("key.pem", pem(algorithm + " PRIVATE KEY", old)));
    assertThat(read.key()).isEqualTo(keys.getPrivate());
  }

  @Test
  void oneFileMayHoldBothAndParametersAndAChain() throws Exception {
    TlsIdentity made = Certificates.issued(new KeyPurposeId[0], "a.example");
    Path both =
        file(
            "both.pem",
            pem("EC PARAMETERS", new byte[] {6, 0})
                + pem("PRIVATE KEY", made.key().getEncoded())
                + pem(made.chain()));
    TlsIdentity read = TlsIdentity.load(both, both);
    assertThat(read.chain()).hasSize(2).isEqualTo(made.chain());
  }

  @Test
  void aServiceNameIsADomainToo() {
    assertThat(Certificates.withServiceName("_xmpp-server.A.example").names())
        .containsExactly("a.example");
    assertThat(Certificates.withServiceName("_xmpp-client.a.example").names()).isEmpty();
  }

  @Test
  void whatCannotBeUsedIsRefusedWithAReason() throws Exception {
    TlsIdentity made = selfSigned("a.example");
    Path chain = file("chain.pem", pem(made.chain()));
    String key = pem("PRIVATE KEY", made.key().getEncoded());
    Path good = file("good.pem", key);
    assertRefused(file("empty.pem", ""), good, "no certificate");
    assertRefused(chain, file("none.pem", "hello"), "no private key");
    assertRefused(chain, file("two.pem", key + key), "more than one private key");
    assertRefused(
        chain, file("enc.pem", pem("ENCRYPTED PRIVATE KEY", new byte[4])), "is encrypted");
    assertRefused(
        chain,
        file(
            "old.pem",
            """
            -----BEGIN EC PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED

            AAAA
            -----END EC PRIVATE KEY-----
            """),
        "is encrypted");
    assertRefused(
        chain,
        file("ec.pem", pem("PRIVATE KEY", Certificates.keys("EC").getPrivate().getEncoded())),
        "of another certificate");
    assertRefused(
        chain,
        file("rsa.pem", pem("PRIVATE KEY", Certificates.keys("RSA").getPrivate().getEncoded())),
        "of type EC");
    assertRefused(
        file("bad.pem", pem("CERTIFICATE", new byte[] {1, 2, 3})), good, "cannot be read");
    assertRefused(
        chain,
        file("base64.pem", "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n"),
        "not in Base64");
    assertRefused(chain, file("long.pem", "x".repeat(100_000)), "too long");
    assertThatIOException().isThrownBy(() -> TlsIdentity.load(folder.resolve("missing.pem"), good));
  }

  private static void assertRefused(Path chain, Path key, String why) {
    assertThatIOException()
        .isThrownBy(() -> TlsIdentity.load(chain, key))
        .withMessageContaining(why);
  }

  @Test
  void aKeyIsNeverPrinted() {
    TlsIdentity identity = selfSigned("a.example");
    assertThat(identity).hasToString("a.example");
    assertThat(new TlsRequest.AsClient(domain("b.example"), identity, true).toString())
        .doesNotContainIgnoringCase("key");
  }

  @Test
  void anIdentityHasACertificate() {
    TlsIdentity identity = selfSigned("a.example");
    assertThatThrownBy(() -> new TlsIdentity("x", identity.key(), List.of(), Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TlsIdentity.of("x", identity.key(), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PeerCertificate(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // domain, identity, has its own
        "a.example, a.example, true",
        "A.Example, a.example, true",
        "rooms.a.example, *.a.example, true",
        "x.rooms.a.example, hosting, false",
        "süd.example, xn--sd-xka.example, true",
        "b.example, hosting, false",
        "[2001:db8::1], hosting, false",
        "192.0.2.1, hosting, false",
      })
  void domainsFindTheirIdentity(String name, String found, boolean own) {
    TlsIdentities identities =
        TlsIdentities.of(
            List.of(
                selfSigned("a.example"),
                selfSigned("*.a.example"),
                selfSigned("xn--sd-xka.example")),
            named("hosting"));
    assertThat(identities.of(domain(name)).name()).isEqualTo(found);
    assertThat(identities.has(domain(name))).isEqualTo(own);
  }

  @Test
  void withoutADefaultThereMayBeNone() {
    assertThat(TlsIdentities.of(List.of(), null).of(domain("a.example"))).isNull();
  }

  @Test
  void theFirstOfTwoForOneNameIsTaken() {
    TlsIdentity first = selfSigned("a.example");
    TlsIdentity second = selfSigned("a.example");
    assertThat(TlsIdentities.of(List.of(first, second), null).of(domain("a.example")))
        .isSameAs(first);
  }

  @Test
  void aWildcardIsNoNameThatCanBeAskedFor() {
    TlsIdentities identities = TlsIdentities.of(List.of(selfSigned("*.a.example")), null);
    assertThat(identities.choose(null, "*.a.example")).isNull();
    assertThat(identities.choose(null, "b.a.example")).isNotNull();
  }

  private static TlsIdentity named(String name) {
    TlsIdentity identity = selfSigned("h.example");
    return new TlsIdentity(name, identity.key(), identity.chain(), Set.of());
  }
}
