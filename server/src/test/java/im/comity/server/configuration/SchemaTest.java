package im.comity.server.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import im.comity.component.HostServices;
import im.comity.relay.GuestLimits;
import im.comity.server.configuration.Configuration.Limits;
import im.comity.server.configuration.Configuration.Log;
import im.comity.server.configuration.Configuration.Timeouts;
import im.comity.transport.StrangerLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The schema, the example and the manual say one and the same. */
class SchemaTest {
  private static final Path MANUAL = Path.of("../doc/manual/configuration.md");

  private final JsonNode schema = JsonMapper.shared().readTree(Configuration.schema());

  @Test
  void theSchemaIsOne() {
    SpecificationVersion version = SpecificationVersion.DRAFT_2020_12;
    assertThat(schema.path("$schema").asString()).isEqualTo(version.getDialectId());
    assertThat(
            SchemaRegistry.withDefaultDialect(version)
                .getSchema(SchemaLocation.of(version.getDialectId()))
                .validate(schema))
        .isEmpty();
  }

  @Test
  void everyKeyIsDescribedInASentence() {
    for (Map.Entry<String, JsonNode> key : Manual.keys(schema).entrySet()) {
      assertThat(key.getValue().path("description").asString(""))
          .as(key.getKey())
          .matches("(?s)[A-Z`].*[.]");
    }
  }

  @Test
  void noObjectTakesUnknownKeys() {
    for (JsonNode object : schema.findParents("properties")) {
      assertThat(object.path("additionalProperties").asBoolean(true))
          .as(object.toString())
          .isFalse();
    }
  }

  @Test
  void theDefaultsOfTheSchemaAreThoseOfTheCode() {
    assertThat(value("limits.stanza-bytes")).isEqualTo(Limits.DEFAULT.stanzaBytes() + "");
    assertThat(value("limits.waiting-stanzas")).isEqualTo(Limits.DEFAULT.waitingStanzas() + "");
    assertThat(value("limits.waiting-bytes")).isEqualTo(Limits.DEFAULT.waitingBytes() + "");
    assertThat(value("limits.unsent-bytes")).isEqualTo(Limits.DEFAULT.unsentBytes() + "");
    assertThat(value("limits.connections-per-address"))
        .isEqualTo(Limits.DEFAULT.connectionsPerAddress() + "");
    StrangerLimits strangers = Limits.DEFAULT.strangers();
    assertThat(value("limits.strangers.per-address")).isEqualTo(strangers.perAddress() + "");
    assertThat(value("limits.strangers.in-all")).isEqualTo(strangers.inAll() + "");
    assertThat(value("limits.strangers.connections-at-once"))
        .isEqualTo(strangers.connections().burst() + "");
    assertThat(value("limits.strangers.connections-per-second"))
        .isEqualTo(strangers.connections().perSecond() + "");
    assertThat(value("limits.strangers.fruitless-at-once"))
        .isEqualTo(strangers.fruitless().burst() + "");
    assertThat(value("limits.strangers.fruitless-per-second"))
        .isEqualTo(strangers.fruitless().perSecond() + "");
    assertThat(value("limits.strangers.handshakes-at-once"))
        .isEqualTo(strangers.handshakesAtOnce() + "");
    assertThat(value("limits.strangers.handshakes-per-second"))
        .isEqualTo(strangers.handshakesPerSecond() + "");
    assertThat(value("limits.strangers.verifications-at-once"))
        .isEqualTo(strangers.verificationsAtOnce() + "");
    assertThat(value("limits.strangers.verifications-per-second"))
        .isEqualTo(strangers.verifications().perSecond() + "");
    assertThat(value("limits.strangers.verifications-of-sender-per-second"))
        .isEqualTo(strangers.verificationsOfSender().perSecond() + "");
    for (String of : List.of("per-peer", "per-pair", "per-domain", "per-component")) {
      assertThat(value("limits.guests." + of + ".burst-seconds")).as(of).isEqualTo("10");
    }
    assertThat(Limits.DEFAULT.guests()).isEqualTo(GuestLimits.NONE);
    assertThat(value("timeouts.greeting")).isEqualTo(strangers.greeting().toSeconds() + "s");
    assertThat(value("timeouts.negotiation"))
        .isEqualTo(Timeouts.DEFAULT.negotiation().toSeconds() + "s");
    assertThat(value("timeouts.candidate"))
        .isEqualTo(Timeouts.DEFAULT.candidate().toSeconds() + "s");
    assertThat(value("timeouts.keepalive"))
        .isEqualTo(Timeouts.DEFAULT.keepalive().toMinutes() + "m");
    assertThat(value("timeouts.idle")).isEqualTo(Timeouts.DEFAULT.idle().toHours() + "h");
    assertThat(value("timeouts.stop")).isEqualTo(Timeouts.DEFAULT.stop().toSeconds() + "s");
    assertThat(value("log.format")).isEqualToIgnoringCase(Log.DEFAULT.format().name());
    assertThat(value("log.level")).isEqualToIgnoringCase(Log.DEFAULT.level().name());
    assertThat(value("domains[].identity.category"))
        .isEqualTo(HostServices.Profile.PLAIN.category());
    assertThat(value("domains[].identity.type")).isEqualTo(HostServices.Profile.PLAIN.type());
    assertThat(value("domains[].identity.name")).isEqualTo(HostServices.Profile.PLAIN.name());
  }

  private String value(String key) {
    JsonNode described = Manual.keys(schema).get(key);
    assertThat(described).as(key).isNotNull();
    return described.path("default").asString();
  }

  @Test
  void theExampleIsGoodAsItIsPrinted(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, Example.print(new Random(1)));
    assertThat(file.toFile().setReadable(false, false)).isTrue();
    assertThat(file.toFile().setReadable(true, true)).isTrue();
    Configuration configuration = read(file);
    assertThat(configuration.domains()).hasSize(2);
    assertThat(configuration.warnings())
        .hasSize(1)
        .first()
        .asString()
        .contains("no certificate for example.org, rooms.example.org");
    assertThat(configuration.components().getFirst().secret()).matches("[0-9a-f]{32}");
    assertThat(Example.print(new Random(2))).isNotEqualTo(Example.print(new Random(1)));
  }

  @Test
  void theExampleIsGoodWithAllThatItOffers(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("comity.yaml");
    Files.writeString(file, offered());
    assertThat(problems(file))
        .as("only the files that an operator has to put there are missing")
        .allMatch(problem -> problem.text().startsWith("no such file: "))
        .isNotEmpty();
  }

  @Test
  void theExampleShowsEveryKey() {
    List<String> missing = new ArrayList<>();
    String offered = offered();
    for (String key : Manual.keys(schema).keySet()) {
      String name = key.substring(key.lastIndexOf('.') + 1).replace("[]", "");
      boolean contactKind = key.startsWith("domains[].contacts.");
      if (!offered.matches("(?s).*[\\s{]" + name + ":\\s.*") && !contactKind) {
        missing.add(key);
      }
    }
    assertThat(missing).isEmpty();
  }

  private static String offered() {
    return Example.print(new Random(1)).replaceAll("(?m)^#:", "");
  }

  /** {@code -Dmanual=write} in the arguments of Maven writes the page instead. */
  @Test
  void theManualIsWhatTheSchemaSays() throws IOException {
    String page = Manual.page(schema);
    if (System.getProperty("manual", "").equals("write")) {
      Files.writeString(MANUAL, page);
    }
    assertThat(Files.readString(MANUAL))
        .as("%s is stale: mvn -pl server -am test -Dtest=SchemaTest -Dmanual=write", MANUAL)
        .isEqualTo(page);
  }

  private static Configuration read(Path file) throws ConfigurationException {
    return Configuration.read(file, InstantSource.fixed(Instant.parse("2026-11-20T12:00:00Z")));
  }

  private static List<Problem> problems(Path file) {
    try {
      read(file);
      return List.of();
    } catch (ConfigurationException e) {
      return e.problems().stream().filter(Problem::isError).toList();
    }
  }
}
