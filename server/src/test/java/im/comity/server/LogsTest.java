package im.comity.server;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.server.configuration.Configuration.Log;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LogsTest {
  private static final Logger OURS = LoggerFactory.getLogger("im.comity.somewhere");
  private static final Logger THEIRS = LoggerFactory.getLogger("org.library");

  @AfterEach
  void asBefore() {
    Logs.configure(Log.DEFAULT);
  }

  @Test
  void aLineForPeopleHasTimeLevelMessageAndValues() {
    String log =
        logged(
            new Log(Log.Format.TEXT, Log.Level.INFO),
            () ->
                OURS.atInfo()
                    .addKeyValue("peer", "south.example")
                    .addKeyValue("why", "no \"proof\"")
                    .addKeyValue("code", "")
                    .log("refused {}", "north.example"));
    assertThat(log)
        .matches(
            "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?Z INFO  refused north.example"
                + " peer=south.example why=\"no \\\\\"proof\\\\\"\" code=\"\"\n");
  }

  @Test
  void textOfAPeerCannotMakeALineOrMoveTheCursor() {
    String log =
        logged(
            new Log(Log.Format.TEXT, Log.Level.INFO),
            () ->
                OURS.atWarn()
                    .addKeyValue("text", "a\nb")
                    .log("said {}", "x\r\n2026-11-20 INFO all is well\u001b[2J\u0085"));
    assertThat(log)
        .hasLineCount(1)
        .endsWith(
            "said x\\u000d\\u000a2026-11-20 INFO all is well\\u001b[2J\\u0085 text=a\\u000ab\n");
  }

  @Test
  void aLineForMachinesIsOneJsonObject() {
    String log =
        logged(
            new Log(Log.Format.JSON, Log.Level.INFO),
            () -> OURS.atInfo().addKeyValue("code", "X_Y").log("refused {}", "a\nb"));
    assertThat(log).hasLineCount(1);
    JsonNode line = JsonMapper.shared().readTree(log);
    assertThat(line.path("level").asString()).isEqualTo("INFO");
    assertThat(line.path("formattedMessage").asString()).isEqualTo("refused a\nb");
    assertThat(line.path("loggerName").asString()).isEqualTo("im.comity.somewhere");
    assertThat(line.path("timestamp").isIntegralNumber()).isTrue();
    assertThat(line.path("kvpList").get(0).path("code").asString()).isEqualTo("X_Y");
  }

  @Test
  void theLevelIsOursAndLibrariesOnlyWarn() {
    assertThat(levels(Log.Level.ERROR)).isEqualTo("ours error, theirs error");
    assertThat(levels(Log.Level.WARN))
        .isEqualTo("ours error, ours warn, theirs error, theirs warn");
    assertThat(levels(Log.Level.DEBUG))
        .isEqualTo("ours error, ours warn, ours info, ours debug, theirs error, theirs warn");
  }

  private static String levels(Log.Level level) {
    return logged(
            new Log(Log.Format.TEXT, level),
            () -> {
              OURS.error("ours error");
              OURS.warn("ours warn");
              OURS.info("ours info");
              OURS.debug("ours debug");
              OURS.trace("ours trace");
              THEIRS.error("theirs error");
              THEIRS.warn("theirs warn");
              THEIRS.info("theirs info");
            })
        .lines()
        .map(line -> line.substring(line.indexOf("Z ") + 8))
        .reduce((a, b) -> a + ", " + b)
        .orElse("");
  }

  private static String logged(Log log, Runnable action) {
    PrintStream before = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      System.setErr(new PrintStream(out, true, StandardCharsets.UTF_8));
      Logs.configure(log);
      action.run();
    } finally {
      System.setErr(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
