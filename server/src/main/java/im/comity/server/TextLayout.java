package im.comity.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import org.slf4j.event.KeyValuePair;

/**
 * The log for people: one line for each event, {@code time level message key=value...}.
 *
 * <p>Text from peers is part of messages: a control character in it is written out, so that nobody
 * outside can make a line of the log, or move the cursor of who reads it. Only the stack trace of
 * an exception, which is a fault of ours, takes further lines.
 */
final class TextLayout extends LayoutBase<ILoggingEvent> {
  private static final String RED = "\033[31m";
  private static final String YELLOW = "\033[33m";
  private static final String FAINT = "\033[2m";
  private static final String PLAIN = "\033[0m";

  private final boolean colour;

  TextLayout(boolean colour) {
    this.colour = colour;
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(160);
    String time =
        DateTimeFormatter.ISO_INSTANT.format(event.getInstant().truncatedTo(ChronoUnit.MILLIS));
    Level level = event.getLevel();
    append(line, FAINT, time);
    line.append(' ');
    append(
        line,
        level == Level.ERROR ? RED : level == Level.WARN ? YELLOW : "",
        "%-5s".formatted(level));
    line.append(' ');
    appendEscaped(line, event.getFormattedMessage());
    if (event.getKeyValuePairs() != null) {
      for (KeyValuePair pair : event.getKeyValuePairs()) {
        line.append(' ').append(pair.key).append('=');
        appendValue(line, String.valueOf(pair.value));
      }
    }
    line.append('\n');
    if (event.getThrowableProxy() != null) {
      line.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
    }
    return line.toString();
  }

  private void append(StringBuilder line, String colouring, String text) {
    if (colour && !colouring.isEmpty()) {
      line.append(colouring).append(text).append(PLAIN);
    } else {
      line.append(text);
    }
  }

  /** A value that a script can cut out: in quotes if it has a space or quotes in it. */
  private static void appendValue(StringBuilder line, String value) {
    if (value.isEmpty() || value.indexOf(' ') >= 0 || value.indexOf('"') >= 0) {
      line.append('"');
      appendEscaped(line, value.replace("\"", "\\\""));
      line.append('"');
    } else {
      appendEscaped(line, value);
    }
  }

  private static void appendEscaped(StringBuilder line, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)) {
        line.append("\\u%04x".formatted((int) c));
      } else {
        line.append(c);
      }
    }
  }
}
