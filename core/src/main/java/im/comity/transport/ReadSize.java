package im.comity.transport;

import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import java.util.function.BooleanSupplier;

/**
 * How much is read at once: little into a mailbox, so that a stranger cannot push far past its
 * bound; then as much as comes.
 */
final class ReadSize extends DefaultMaxMessagesRecvByteBufAllocator {
  /** Both a multiple of the pages that the kernel copies, the greater one four TLS records. */
  static final int LEAST = 4 << 10;

  static final int MOST = 64 << 10;

  private final BooleanSupplier least;

  /**
   * @param least whether to read little
   */
  ReadSize(BooleanSupplier least) {
    this.least = least;
  }

  @Override
  public MaxMessageHandle newHandle() {
    return new MaxMessageHandle() {
      private int next = LEAST;

      @Override
      public int guess() {
        return least.getAsBoolean() ? LEAST : next;
      }

      @Override
      public void lastBytesRead(int bytes) {
        if (bytes == attemptedBytesRead()) {
          next = Math.min(MOST, next * 2);
        }
        super.lastBytesRead(bytes);
      }

      @Override
      public void readComplete() {
        if (totalBytesRead() < next / 2) {
          next = Math.max(LEAST, next / 2);
        }
      }
    };
  }
}
