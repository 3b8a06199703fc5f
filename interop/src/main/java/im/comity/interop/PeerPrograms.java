package im.comity.interop;

import im.comity.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/**
 * How other servers are started from a folder to be thrown away, without their packages' own
 * scripts, and how they are made to ask a DNS server on a port of loopback.
 */
public final class PeerPrograms {
  private PeerPrograms() {}

  /** The command that runs Prosody in the foreground. */
  public static List<String> prosody(Path configuration) {
    return List.of("/usr/bin/prosody", "-F", "--config", configuration.toString());
  }

  /**
   * The line of Prosody's configuration that names its resolver. Of {@code test.} libunbound would
   * say by itself that it does not exist.
   */
  public static String prosodyResolver(int dnsPort) {
    return """
           unbound = { resolvconf = false, hoststxt = false, forward = { "127.0.0.1@%d" },
             options = { ["do-not-query-localhost:"] = "no", ["local-zone:"] = "test. transparent" } }
           """
        .formatted(dnsPort);
  }

  /**
   * The command that runs ejabberd in the foreground. Of more than 500 lines a second it would drop
   * the rest, which plays at one time reach; it reads the bound from its application's environment,
   * and not from its configuration.
   */
  public static List<String> ejabberd(Path mnesia) {
    return List.of(
        "/usr/bin/erl",
        "+K",
        "true",
        "-noinput",
        "-mnesia",
        "dir",
        "\"" + mnesia + "\"",
        "-ejabberd",
        "log_burst_limit_count",
        "1000000",
        "-s",
        "ejabberd");
  }

  /**
   * The environment of {@link #ejabberd}.
   *
   * @param folder in which {@code ejabberd.yml} is, and {@code inetrc} with what {@link
   *     #erlangResolver} says
   */
  public static Map<String, String> ejabberdEnvironment(Path folder, Path log) {
    return Map.of(
        "EJABBERD_CONFIG_PATH", folder.resolve("ejabberd.yml").toString(),
        "EJABBERD_LOG_PATH", log.toString(),
        "ERL_INETRC", folder.resolve("inetrc").toString(),
        "ERL_LIBS", libraries(),
        "HOME", folder.toString());
  }

  /** Erlang's own file about name resolution. */
  public static String erlangResolver(int dnsPort) {
    return """
           {file, hosts, "/etc/hosts"}.
           {resolv_conf, "/dev/null"}.
           {nameserver, {127,0,0,1}, %d}.
           {lookup, [file, dns]}.
           """
        .formatted(dnsPort);
  }

  /**
   * The key in the form of RFC 5915 with the public key in it: from PKCS #8 without one, ejabberd
   * cannot tell to which certificate it belongs.
   *
   * @param issued a certificate of a key on the curve P-256
   */
  public static String ejabberdKey(TestCertificate issued) throws IOException {
    ECPrivateKey key = (ECPrivateKey) issued.privateKey();
    byte[] point =
        SubjectPublicKeyInfo.getInstance(issued.certificate().getPublicKey().getEncoded())
            .getPublicKeyData()
            .getBytes();
    byte[] encoded =
        new org.bouncycastle.asn1.sec.ECPrivateKey(
                256, key.getS(), new DERBitString(point), SECObjectIdentifiers.secp256r1)
            .getEncoded();
    return "-----BEGIN EC PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END EC PRIVATE KEY-----\n";
  }

  /** Where Debian keeps ejabberd and its libraries; what is there differs by architecture. */
  private static String libraries() {
    try (Stream<Path> places = Files.list(Path.of("/usr/lib"))) {
      return places
          .filter(place -> Files.isDirectory(place))
          .filter(
              place -> {
                try (Stream<Path> inside = Files.list(place)) {
                  return inside.anyMatch(
                      one -> one.getFileName().toString().startsWith("ejabberd-"));
                } catch (IOException e) {
                  return false;
                }
              })
          .map(Path::toString)
          .findFirst()
          .orElse("/usr/lib");
    } catch (IOException e) {
      return "/usr/lib";
    }
  }
}
