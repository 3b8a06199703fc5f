package im.comity.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.TooLongFrameException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Stands before the TLS handler until the peer's first handshake message is there, notes what it
 * says, refuses foreign application protocols (S2S-DTLS-06), and goes, with all bytes passed on.
 */
final class HelloGate extends ByteToMessageDecoder {
  /** The fatal alert no_application_protocol (RFC 7301 3.2) as a record in the clear. */
  private static final byte[] NO_APPLICATION_PROTOCOL = {21, 3, 3, 0, 2, 2, 120};

  /** Room for the record headers of a message that is cut into the smallest pieces we suffer. */
  private static final int MAX_BYTES = Hello.MAX_BYTES + 4096;

  private final TlsHandshake handshake;
  private final Consumer<TlsFailedException> refused;
  private boolean over;

  /**
   * @param refused told, when the alert was sent, that the connection must end
   */
  HelloGate(TlsHandshake handshake, Consumer<TlsFailedException> refused) {
    this.handshake = handshake;
    this.refused = refused;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (over) {
      in.skipBytes(in.readableBytes());
      return;
    }
    Hello hello = Hello.read(in);
    if (hello == null) {
      if (in.readableBytes() > MAX_BYTES) {
        throw new TooLongFrameException("the first handshake message is too long");
      }
      return;
    }
    handshake.met(hello);
    if (handshake.request() instanceof TlsRequest.AsServer
        && hello.protocols() != null
        && !hello.protocols().contains(TlsEngines.ALPN)) {
      over = true;
      in.skipBytes(in.readableBytes());
      TlsFailedException why =
          new TlsFailedException(
              TlsFailedException.Reason.REFUSED_BY_US,
              "no_application_protocol",
              "the peer wants to speak something else than " + TlsEngines.ALPN,
              null);
      ctx.writeAndFlush(Unpooled.wrappedBuffer(NO_APPLICATION_PROTOCOL))
          .addListener(sent -> refused.accept(why));
      return;
    }
    ctx.pipeline().remove(this);
  }
}
