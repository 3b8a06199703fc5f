package im.comity.transport;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Watches all buffers of a test class, and fails it if one was lost. */
public final class NetworkLeaks implements BeforeAllCallback, AfterAllCallback {
  private final ListAppender<ILoggingEvent> reports = new ListAppender<>();

  @Override
  public void beforeAll(ExtensionContext context) {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    reports.start();
    logger().addAppender(reports);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    try {
      for (int i = 0; i < 3; i++) {
        // A lost buffer is reported when the next one is allocated after its collection.
        System.gc();
        for (int j = 0; j < 200; j++) {
          ByteBuf heap = ByteBufAllocator.DEFAULT.heapBuffer(16);
          heap.release();
          ByteBuf direct = ByteBufAllocator.DEFAULT.directBuffer(16);
          direct.release();
        }
      }
      assertThat(List.copyOf(reports.list))
          .extracting(ILoggingEvent::getFormattedMessage)
          .as("lost buffers")
          .isEmpty();
    } finally {
      logger().detachAppender(reports);
      ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    }
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
  }
}
