package im.comity.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import im.comity.server.configuration.Configuration.Log;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the log goes, and in which form: standard error, for people or for machines.
 *
 * <p>Logback finds this class by its service file and asks it first, so that a command that never
 * reads a configuration logs warnings and nothing else.
 */
public final class Logs extends ContextAwareBase implements Configurator {
  /** Set by the script that starts us if standard error is a terminal. */
  private static final String COLOUR = "comity.colour";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    apply(context, new Log(Log.Format.TEXT, Log.Level.WARN));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /** Logs as configured from now on. */
  static void configure(Log log) {
    apply((LoggerContext) LoggerFactory.getILoggerFactory(), log);
  }

  private static void apply(LoggerContext context, Log log) {
    context.reset();
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(context);
    appender.setName("standard error");
    appender.setTarget("System.err");
    appender.setEncoder(log.format() == Log.Format.JSON ? json(context) : text(context));
    appender.start();
    Level level = Level.toLevel(log.level().name());
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
    // What libraries have to say is of interest to nobody before it is a warning.
    root.setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
    context.getLogger("im.comity").setLevel(level);
  }

  private static Encoder<ILoggingEvent> text(LoggerContext context) {
    TextLayout layout = new TextLayout(Boolean.getBoolean(COLOUR));
    layout.setContext(context);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setLayout(layout);
    encoder.start();
    return encoder;
  }

  /**
   * {@code timestamp} in milliseconds, {@code level}, {@code formattedMessage}, {@code kvpList}.
   */
  private static Encoder<ILoggingEvent> json(LoggerContext context) {
    JsonEncoder encoder = new JsonEncoder();
    encoder.setContext(context);
    encoder.setWithSequenceNumber(false);
    encoder.setWithNanoseconds(false);
    encoder.setWithContext(false);
    encoder.setWithMarkers(false);
    encoder.setWithMDC(false);
    encoder.setWithArguments(false);
    encoder.setWithMessage(false);
    encoder.setWithFormattedMessage(true);
    encoder.start();
    return encoder;
  }
}
