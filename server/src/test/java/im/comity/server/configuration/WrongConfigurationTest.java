package im.comity.server.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import im.comity.testkit.Clause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of wrong files: every problem, its line and column, and what would be right. */
class WrongConfigurationTest {
  private static final InstantSource TIME =
      InstantSource.fixed(Instant.parse("2026-11-20T12:00:00Z"));

  @TempDir Path folder;

  // ---- the file ------------------------------------------------------------------------------

  @Test
  void aFileThatIsNotThere() {
    ConfigurationException e =
        catchThrowableOfType(
            ConfigurationException.class,
            () -> Configuration.read(folder.resolve("none.yaml"), TIME));
    assertThat(e.problems()).hasSize(1);
    assertThat(e).hasMessage(folder.resolve("none.yaml") + ": error: no such file");
  }

  @Test
  void anEmptyFile() throws IOException {
    String expected = ": error: is empty; `comity config --example` prints one to begin with";
    wrong("", expected);
    wrong("# a comment alone\n", expected);
  }

  @Test
  void aFileThatIsNotUtf8() throws IOException {
    Files.write(folder.resolve("comity.yaml"), new byte[] {'a', ':', (byte) 0xff});
    assertThat(problems()).containsExactly(": error: is not UTF-8");
  }

  @Test
  void whatIsNoYaml() throws IOException {
    wrong(
        "domains: [a.example\nlog: {}\n",
        ":2:4: error: is no YAML: while parsing a flow sequence, expected ',' or ']', but got :");
    wrong(
        "domains:\n\t- a.example\n",
        ":2:1: error: is no YAML: while scanning for the next token, found character '\\t(TAB)'"
            + " that cannot start any token. (Do not use \\t(TAB) for indentation)");
    wrong("domains: a: b\n", ":1:11: error: is no YAML: mapping values are not allowed here");
    wrong(
        "domains:\n  - a.example\nlog:\n  level: \"info\n",
        ":5:1: error: is no YAML: while scanning a quoted scalar, found unexpected end of stream");
  }

  @Test
  void aListAtTheTop() throws IOException {
    wrong("- a.example\n", ":1:1: error: must be keys with values, but is a list");
  }

  @Test
  void whatYamlAllowsAndDeceivesIsRefused() throws IOException {
    wrong(
        """
        domains: [a.example]
        default-certificate: &pair
          chain: a.crt
          key: a.key
        certificates: [*pair]
        log: {level: info, level: debug}
        log: {format: json}
        ---
        log: {}
        """,
        ":2:22: error: default-certificate: no such file: FOLDER/a.crt",
        ":5:16: error: certificates[0]: an alias (*pair); write the value out",
        ":6:20: error: log.level: stands here a second time; first in line 6",
        ":7:1: error: log: stands here a second time; first in line 6",
        ":9:1: error: a second document begins here; one file holds one");
  }

  // ---- keys ----------------------------------------------------------------------------------

  @Test
  void anUnknownKeyGetsTheNearestKnownOne() throws IOException {
    wrong(
        """
        domians: [b.example]
        domains:
          - name: a.example
            levle: trusted
            contacts: {admn: ["mailto:a@a.example"]}
        listen: {components: [], s2S: []}
        limits: {stanza_bytes: 20000, bytes: 1}
        """,
        ":1:1: error: domians: unknown key; did you mean domains? Known here: domains, components,"
            + " listen, certificates, default-certificate, trust, dns, policy, limits, timeouts,"
            + " dialback, allow-private-addresses, log",
        ":4:5: error: domains[0].levle: unknown key; did you mean level? Known here: name, level,"
            + " certificate, source-address, contacts, identity",
        ":5:16: error: domains[0].contacts.admn: unknown key; did you mean admin? Known here:"
            + " abuse, admin, feedback, sales, security, status, support",
        ":6:26: error: listen.s2S: unknown key; did you mean s2s? Known here: s2s, components",
        ":7:10: error: limits.stanza_bytes: unknown key; did you mean stanza-bytes? Known here:"
            + " stanza-bytes, waiting-stanzas, waiting-bytes, unsent-bytes,"
            + " connections-per-address, strangers",
        ":7:31: error: limits.bytes: unknown key; known here: stanza-bytes, waiting-stanzas,"
            + " waiting-bytes, unsent-bytes, connections-per-address, strangers");
  }

  @Test
  void aKeyAtTheWrongPlaceIsToldItsOwn() throws IOException {
    wrong(
        """
        domains: [a.example]
        stanza-bytes: 20000
        log: {resolvers: ["127.0.0.1:53"]}
        timeouts: {proof: 1s}
        """,
        ":2:1: error: stanza-bytes: unknown key; it belongs under limits; known here: domains,"
            + " components, listen, certificates, default-certificate, trust, dns, policy,"
            + " limits, timeouts, dialback, allow-private-addresses, log",
        ":3:7: error: log.resolvers: unknown key; it belongs under dns; known here: format, level",
        ":4:12: error: timeouts.proof: unknown key; it belongs under policy.peers[].route; known"
            + " here: negotiation, candidate, greeting, keepalive, idle, stop");
  }

  @Test
  void aMissingKey() throws IOException {
    wrong("log: {}\n", ":1:1: error: the key \"domains\" is missing");
    wrong(
        """
        domains:
          - level: trusted
        components:
          - secret: 0123456789abcdef
        policy:
          peers: [{level: trusted}]
          pairs: [{from: a.example}]
        """,
        ":2:5: error: domains[0]: the key \"name\" is missing",
        ":4:5: error: components[0]: the key \"names\" is missing",
        ":6:11: error: policy.peers[0]: the key \"match\" is missing",
        ":7:11: error: policy.pairs[0]: the key \"to\" is missing");
  }

  @Test
  void aValueOfTheWrongType() throws IOException {
    wrong(
        """
        domains:
          - 2026
          - [a.example]
          - name: true
          - a.example
        components: {}
        listen:
          s2s:
            - {port: "5269"}
            - {port: 52.69}
        policy:
          default: {dialback: yes, level: [trusted], strict-pairs:}
        timeouts: {idle: 60}
        dns: {resolvers: 127.0.0.1:53}
        """,
        ":2:5: error: domains[0]: must be text or keys with values, but is the number 2026; as"
            + " text it needs quotes",
        ":3:5: error: domains[1]: must be text or keys with values, but is a list",
        ":4:11: error: domains[2].name: must be text, but is the truth value true; as text it"
            + " needs quotes",
        ":6:13: error: components: must be a list, but is keys with values",
        ":9:14: error: listen.s2s[0].port: must be a whole number, but is the text \"5269\"",
        ":10:14: error: listen.s2s[1].port: must be a whole number, but is the number 52.69",
        ":12:23: error: policy.default.dialback: must be true or false, but is the text \"yes\"",
        ":12:35: error: policy.default.level: must be text or keys with values, but is a list",
        ":12:59: error: policy.default.strict-pairs: must be true or false, but is empty",
        ":13:18: error: timeouts.idle: 60 is no duration; write it as 500ms or 30s or 5m or 1h",
        ":14:18: error: dns.resolvers: must be a list, but is the text \"127.0.0.1:53\"");
  }

  @Test
  void aValueThatIsNoneOfTheChoices() throws IOException {
    wrong(
        """
        domains:
          - {name: a.example, level: encryptd}
          - {name: b.example, level: {out: strong, in: trusted}}
        components:
          - {names: [a.example], secret: 0123456789abcdef0, conflict: kick}
        listen: {s2s: [{tls: none}]}
        trust: {anchors: sytem}
        policy: {default: {proofs: [dane]}}
        log: {format: JSON, level: warning}
        """,
        ":2:30: error: domains[0].level: \"encryptd\" is not allowed; did you mean encrypted?"
            + " Allowed: permissive, verified, encrypted, trusted",
        ":3:36: error: domains[1].level.out: \"strong\" is not allowed; allowed: permissive,"
            + " verified, encrypted, trusted",
        ":5:63: error: components[0].conflict: \"kick\" is not allowed; allowed: refuse, replace,"
            + " share",
        ":6:22: error: listen.s2s[0].tls: \"none\" is not allowed; allowed: starttls, direct",
        ":7:18: error: trust.anchors: \"sytem\" is not allowed; did you mean system? Allowed:"
            + " system",
        ":8:29: error: policy.default.proofs[0]: \"dane\" is not allowed; allowed: pkix",
        ":9:15: error: log.format: \"JSON\" is not allowed; did you mean json? Allowed: text, json",
        ":9:28: error: log.level: \"warning\" is not allowed; allowed: error, warn, info, debug,"
            + " trace");
  }

  @Test
  void anEmptyListWhereOneIsNeeded() throws IOException {
    wrong("domains: []\n", ":1:10: error: domains: is empty; there must be one at least");
  }

  // ---- domains and components ----------------------------------------------------------------

  @Test
  void aDomainListedTwiceInWhateverForm() throws IOException {
    wrong(
        """
        domains:
          - north.example
          - North.Example.
          - {name: b\u00fccher.example}
          - xn--bcher-kva.example
        """,
        ":3:5: error: domains[1]: north.example stands here a second time; first in line 2",
        ":5:5: error: domains[3]: b\u00fccher.example stands here a second time; first in line 4");
  }

  @Test
  void whatIsNoDomain() throws IOException {
    wrong(
        """
        domains:
          - a_b.example
          - 192.0.2.1
          - "[2001:db8::1]"
          - name: a..example
          - ""
        """,
        ":2:5: error: domains[0]: a domain holds a character that no host name has:"
            + " \"a_b.example\"",
        ":3:5: error: domains[1]: 192.0.2.1 is an address; a name is needed",
        ":4:5: error: domains[2]: [2001:db8::1] is an address; a name is needed",
        ":5:11: error: domains[3].name: a domain has an empty label: \"a..example\"",
        ":6:5: error: domains[4]: a domain is empty: \"\"");
  }

  @Test
  @Clause("S2S-SVC-07")
  void aContactThatIsNoUri() throws IOException {
    wrong(
        """
        domains:
          - name: a.example
            contacts:
              abuse: [abuse@a.example, "mailto:abuse@a.example"]
              status: ["https://a b"]
        """,
        ":4:15: error: domains[0].contacts.abuse[0]: \"abuse@a.example\" is no URI; write it as"
            + " mailto:admin@example.org or xmpp:admin@example.org or https://example.org/contact",
        ":5:16: error: domains[0].contacts.status[0]: \"https://a b\" is no URI; write it as"
            + " mailto:admin@example.org or xmpp:admin@example.org or https://example.org/contact");
  }

  @Test
  void aSourceAddressThatIsNone() throws IOException {
    wrong(
        "domains: [{name: a.example, source-address: eth0}]\n",
        ":1:45: error: domains[0].source-address: \"eth0\" is no IP address; write it as 192.0.2.1"
            + " or 2001:db8::1");
  }

  @Test
  void aComponentForADomainThatIsNotOurs() throws IOException {
    wrong(
        """
        domains: [rooms.example, north.example]
        components:
          - {names: [room.example], secret: 0123456789abcdef0}
          - {names: [north.example], from: [other.org], secret: 0123456789abcdef0}
        """,
        ":3:14: error: components[0].names[0]: room.example is not one of `domains`; did you mean"
            + " rooms.example?",
        ":4:37: error: components[1].from[0]: other.org is not one of `domains`; add it there");
  }

  @Test
  void twoComponentsForOneDomain() throws IOException {
    wrong(
        """
        domains: [a.example]
        components:
          - {names: [a.example], secret: 0123456789abcdef0}
          - {names: [a.example], secret: 0123456789abcdef1}
        """,
        ":4:14: error: components[1].names[0]: a.example is served by a component already, in line"
            + " 3; one that connects more than once needs `conflict: share`");
  }

  @Test
  @Clause("S2S-CMP-16")
  void aSecretThatIsMissingOrShort() throws IOException {
    Files.writeString(folder.resolve("short"), "fifteen letters\n");
    Files.writeString(folder.resolve("long"), "sixteen  letters\n");
    Files.writeString(folder.resolve("lines"), "sixteen  letters\nand more\n");
    Files.writeString(folder.resolve("empty"), "\n");
    for (String name : List.of("short", "long", "lines", "empty")) {
      assertThat(folder.resolve(name).toFile().setReadable(false, false)).isTrue();
      assertThat(folder.resolve(name).toFile().setReadable(true, true)).isTrue();
    }
    wrong(
        """
        domains: [a.example, b.example, c.example, d.example, e.example, f.example, g.example]
        components:
          - {names: [a.example]}
          - {names: [b.example], secret: abcdefghijklmno}
          - {names: [c.example], secret: 1234567890123456}
          - {names: [d.example], secret-file: short}
          - {names: [e.example], secret-file: long, secret: abcdefghijklmnop}
          - {names: [f.example], secret-file: lines}
          - {names: [g.example], secret-file: none}
        dialback: {secret-file: empty}
        """,
        ":3:5: error: components[0]: has no secret; give secret-file, or secret with 16 characters"
            + " or more",
        ":4:34: error: components[1].secret: the secret has 15 characters; it needs 16 or more",
        ":5:34: error: components[2].secret: must be text, but is the number; as text it needs"
            + " quotes",
        ":6:39: error: components[3].secret-file: the secret in short has 15 characters; it needs"
            + " 16 or more",
        ":7:53: error: components[4].secret: give secret or secret-file, not both",
        ":8:39: error: components[5].secret-file: FOLDER/lines has more than one line",
        ":9:39: error: components[6].secret-file: no such file: FOLDER/none",
        ":10:25: error: dialback.secret-file: FOLDER/empty is empty");
  }

  // ---- listeners -----------------------------------------------------------------------------

  @Test
  void listenersThatClash() throws IOException {
    wrong(
        """
        domains: [a.example]
        listen:
          s2s:
            - {}
            - {tls: direct, port: 5269, address: 192.0.2.7}
            - {port: 443, address: "2001:db8::7"}
            - {port: 443, address: "2001:db8:0::7"}
            - {port: 443, address: 192.0.2.7}
            - {port: 0}
            - {port: 0}
          components:
            - {port: 443, address: "2001:db8::7"}
        """,
        ":5:7: error: listen.s2s[1]: port 5269 is taken by the listener in line 4",
        ":7:7: error: listen.s2s[3]: port 443 is taken by the listener in line 6",
        ":12:7: error: listen.components[0]: port 443 is taken by the listener in line 6");
    wrong(
        "domains: [a.example]\nlisten: {components: [{port: 5270}]}\n",
        ":2:23: error: listen.components[0]: port 5270 is taken by a listener that is there by"
            + " default; give its list as well to change it");
  }

  @Test
  void whatNobodyCanListenOn() throws IOException {
    wrong(
        """
        domains: [a.example]
        listen:
          s2s:
            - {address: localhost, port: 70000}
            - {port: -1}
            - {port: 1, proxy-from: [10.0.0.0, 10.0.0.0/33, "::/129", host/8, 10.0.0.0/8]}
        """,
        ":4:17: error: listen.s2s[0].address: \"localhost\" is no IP address; write it as"
            + " 192.0.2.1 or 2001:db8::1, or * for all",
        ":4:34: error: listen.s2s[0].port: must be at most 65535, but is 70000",
        ":5:14: error: listen.s2s[1].port: must be at least 0, but is -1",
        ":6:30: error: listen.s2s[2].proxy-from[0]: \"10.0.0.0\"" + NO_NETWORK,
        ":6:40: error: listen.s2s[2].proxy-from[1]: \"10.0.0.0/33\"" + NO_NETWORK,
        ":6:53: error: listen.s2s[2].proxy-from[2]: \"::/129\"" + NO_NETWORK,
        ":6:63: error: listen.s2s[2].proxy-from[3]: \"host/8\"" + NO_NETWORK);
  }

  private static final String NO_NETWORK =
      " is no network; write it as 10.0.0.0/8 or 2001:db8::/32, a single address as 192.0.2.7/32";

  // ---- policy and the rest -------------------------------------------------------------------

  @Test
  void aResolverWithoutAddressOrPort() throws IOException {
    String none = " is no IP address with a port; write it as 127.0.0.1:53 or [2001:db8::53]:53";
    wrong(
        """
        domains: [a.example]
        dns:
          resolvers:
            - localhost:53
            - 9.9.9.9
            - "::1:53"
            - "[::1]"
            - "1.1.1.1:0"
            - "1.1.1.1:65536"
            - "[::1]:53"
            - "127.0.0.1:53"
        """,
        ":4:7: error: dns.resolvers[0]: \"localhost:53\"" + none,
        ":5:7: error: dns.resolvers[1]: \"9.9.9.9\"" + none,
        ":6:7: error: dns.resolvers[2]: \"::1:53\"" + none,
        ":7:7: error: dns.resolvers[3]: \"[::1]\"" + none,
        ":8:7: error: dns.resolvers[4]: \"1.1.1.1:0\"" + none,
        ":9:7: error: dns.resolvers[5]: \"1.1.1.1:65536\"" + none);
  }

  @Test
  void aPolicyForDomainsThatAreNotOurs() throws IOException {
    wrong(
        """
        domains: [north.example, rooms.north.example]
        policy:
          pairs:
            - {from: nort.example, to: a.example, level: trusted}
            - {from: a.example, to: b.example, level: trusted}
            - {from: north.example, to: rooms.north.example, level: trusted}
            - {from: north.example, to: "*.a.example", level: trusted}
            - {from: "*", to: north.example, level: trusted}
        """,
        ":4:7: error: policy.pairs[0]: neither nort.example nor a.example is one of `domains`; did"
            + " you mean north.example?",
        ":5:7: error: policy.pairs[1]: neither a.example nor b.example is one of `domains`",
        ":6:7: error: policy.pairs[2]: north.example and rooms.north.example are both of"
            + " `domains`: no peer is between them");
  }

  @Test
  void rulesThatContradictOrSayNothing() throws IOException {
    wrong(
        """
        domains: [a.example]
        trust:
          peers:
            - {match: b.example, anchors: system}
            - {match: B.example, anchors: system}
        policy:
          peers:
            - {match: b.example}
            - {match: "*.b..example", level: trusted}
            - {match: c.example, level: trusted}
            - {match: C.example, level: verified}
            - {match: d.example, route: {host: "", port: 0}}
            - {match: e.example, level: {out: trusted}}
          pairs:
            - {from: a.example, to: c.example, level: trusted}
            - {from: A.example, to: c.example, dialback: false}
            - {from: c.example, to: a.example}
        """,
        ":5:15: error: trust.peers[1].match: b.example stands here a second time; first in line 4",
        ":8:7: error: policy.peers[0]: sets nothing; leave it out, or give one of level, proofs,"
            + " dialback, starttls-unoffered, strict-pairs, route",
        ":9:15: error: policy.peers[1].match: a domain has an empty label: \"b..example\"",
        ":11:15: error: policy.peers[3].match: c.example stands here a second time; first in line"
            + " 10",
        ":12:40: error: policy.peers[4].route.host: is empty",
        ":12:50: error: policy.peers[4].route.port: must be at least 1, but is 0",
        ":13:33: error: policy.peers[5].level: the key \"in\" is missing",
        ":16:7: error: policy.pairs[1]: a.example to c.example stands here a second time; first in"
            + " line 15",
        ":17:7: error: policy.pairs[2]: sets nothing; leave it out, or give one of level, proofs,"
            + " dialback, starttls-unoffered, strict-pairs");
  }

  @Test
  void permissiveWithProofsContradictsItself() throws IOException {
    wrong(
        """
        domains: [a.example]
        policy:
          peers: [{match: b.example, level: permissive, proofs: [pkix]}]
        """,
        ":3:57: error: policy.peers[0].proofs: level permissive asks for no proof, yet proofs are"
            + " named");
    wrong(
        """
        domains: [a.example]
        policy:
          default: {proofs: [pkix]}
          peers: [{match: b.example, level: permissive}]
        """);
  }

  @Test
  @Clause("S2S-XML-14")
  void aStanzaLimitBelowTenThousandBytesIsRefused() throws IOException {
    wrong(
        "domains: [a.example]\nlimits: {stanza-bytes: 9999}\n",
        ":2:24: error: limits.stanza-bytes: must be at least 10000, but is 9999");
    wrong("domains: [a.example]\nlimits: {stanza-bytes: 10000}\n");
  }

  @Test
  void durationsThatAreNone() throws IOException {
    wrong(
        """
        domains: [a.example]
        timeouts: {keepalive: 5 minutes, negotiation: 30s, candidate: 31s, stop: 0s, idle: 0s}
        """,
        ":2:23: error: timeouts.keepalive: \"5 minutes\" is no duration; write it as 500ms or 30s"
            + " or 5m or 1h",
        ":2:63: error: timeouts.candidate: is longer than all of a negotiation may take, which is"
            + " 30s",
        ":2:84: error: timeouts.idle: must be longer than nothing");
    wrong(
        "domains: [a.example]\ntimeouts: {idle: 366d}\n",
        ":2:18: error: timeouts.idle: must be at most 365d, but is 366d");
  }

  // ---- all together --------------------------------------------------------------------------

  @Test
  void problemsOfEveryKindAreToldAtOnceInTheOrderOfTheFile() throws IOException {
    wrong(
        """
        log: {level: loud}
        components:
          - {names: [b.example], secret: 0123456789abcdef0}
          - {names: [a.example], secret-file: none, colour: red}
        domains: [a.example, a.example]
        """,
        ":1:14: error: log.level: \"loud\" is not allowed; allowed: error, warn, info, debug, trace",
        ":3:14: error: components[0].names[0]: b.example is not one of `domains`; did you mean"
            + " a.example?",
        ":4:39: error: components[1].secret-file: no such file: FOLDER/none",
        ":4:45: error: components[1].colour: unknown key; known here: names, secret, secret-file,"
            + " conflict, from",
        ":5:22: error: domains[1]: a.example stands here a second time; first in line 5");
  }

  @Test
  void aSecretIsNeverShown() throws IOException {
    write("domains: [a.example]\ncomponents:\n  - {names: [a.example], secret: hunter2}\n");
    assertThat(problems()).hasSize(1).noneMatch(problem -> problem.contains("hunter2"));
  }

  @Test
  void whatCannotBePrintedIsWrittenOut() throws IOException {
    wrong(
        "domains: [a.example]\nlog: {level: \"\\e[31m\\n" + "x".repeat(100) + "\"}\n",
        ":2:14: error: log.level: \"\\u001b[31m\\u000a"
            + "x".repeat(44)
            + "...\" is not allowed; allowed: error, warn, info, debug, trace");
  }

  /** Asserts the errors of a file; warnings have a test of their own. */
  private void wrong(String yaml, String... expected) throws IOException {
    write(yaml);
    assertThat(problems()).containsExactly(expected);
  }

  private void write(String yaml) throws IOException {
    Files.writeString(folder.resolve("comity.yaml"), yaml);
  }

  private List<String> problems() {
    Path file = folder.resolve("comity.yaml");
    try {
      Configuration.read(file, TIME);
      return List.of();
    } catch (ConfigurationException e) {
      return e.problems().stream()
          .filter(Problem::isError)
          .map(problem -> problem.toString().substring(file.toString().length()))
          .map(text -> text.replace(folder.toString(), "FOLDER"))
          .toList();
    }
  }
}
