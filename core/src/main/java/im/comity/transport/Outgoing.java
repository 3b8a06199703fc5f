package im.comity.transport;

import im.comity.xml.Octets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.concurrent.atomic.AtomicInteger;

/** Bytes on their way out, in the array of their writer, counted until they are sent or dropped. */
final class Outgoing extends UnpooledHeapByteBuf {
  private final AtomicInteger outstanding;

  private Outgoing(byte[] array, AtomicInteger outstanding) {
    super(UnpooledByteBufAllocator.DEFAULT, array, array.length);
    this.outstanding = outstanding;
    outstanding.incrementAndGet();
  }

  /**
   * A buffer of exactly these bytes. There is no room behind them, else the TLS handler would
   * gather what is written next in an array that is not all ours.
   */
  static ByteBuf of(Octets bytes, AtomicInteger outstanding) {
    return new Outgoing(bytes.array(), outstanding).slice(bytes.from(), bytes.length());
  }

  @Override
  protected void freeArray(byte[] array) {
    outstanding.decrementAndGet();
  }
}
