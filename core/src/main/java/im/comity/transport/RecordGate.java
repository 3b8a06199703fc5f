package im.comity.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the TLS handler and reads what TLS says in the clear, which is the same whoever
 * implements it. It holds all bytes back until the peer's first handshake message is there, notes
 * what that says, refuses foreign application protocols (S2S-DTLS-06), and lets go when it is the
 * handshake's turn. Under TLS 1.2 it stays, counts records, and ends the connection when a second
 * handshake begins (S2S-TLS-25): the JDK would take part in it, and the native library would refuse
 * but leave the connection open.
 */
final class RecordGate extends ChannelDuplexHandler {
  /** The fatal alert no_application_protocol (RFC 7301 3.2) as a record in the clear. */
  private static final byte[] NO_APPLICATION_PROTOCOL = {21, 3, 3, 0, 2, 2, 120};

  /** The fatal alert handshake_failure (RFC 8446 6.2), likewise. */
  private static final byte[] HANDSHAKE_FAILURE = {21, 3, 3, 0, 2, 2, 40};

  /** Room for the record headers of a message that is cut into the smallest pieces we suffer. */
  private static final int MAX_BYTES = Hello.MAX_BYTES + 4096;

  private static final int HEADER = 5;
  private static final int CHANGE_CIPHER_SPEC = 20;
  private static final int HANDSHAKE = 22;

  private final TlsHandshake handshake;
  private final Consumer<IOException> refused;
  private final Consumer<Runnable> turn;

  private boolean met;

  /** The peer's first message was one of TLS: it understands an alert. */
  private boolean speaksTls;

  /** What came before the turn; null afterwards. */
  private @Nullable ByteBuf held = Unpooled.EMPTY_BUFFER;

  /** Something of TLS was sent. */
  private boolean spoken;

  private boolean failed;

  private boolean over;
  private boolean established;

  // Where in the current record the bytes passed so far end.
  private int headerBytes;
  private int type;
  private int length;

  private boolean cipherChanged;

  /** Handshake records since then: the one that finishes a handshake of TLS 1.2, and no more. */
  private int finishing;

  /**
   * @param refused told that the connection must end, when there is no more to be sent
   * @param turn told, when the first message is there, what to run on the event loop when it is the
   *     handshake's turn, at once or later
   */
  RecordGate(TlsHandshake handshake, Consumer<IOException> refused, Consumer<Runnable> turn) {
    this.handshake = handshake;
    this.refused = refused;
    this.turn = turn;
  }

  /** The handshake has succeeded under a version of TLS that would allow for another one. */
  void established() {
    established = true;
    refuseRenegotiation();
  }

  /** The handshake has failed, and the handler closes when it has said why. */
  void failed() {
    failed = true;
  }

  /**
   * What the native library had to say is lost when it fails in a step that runs off the event
   * loop: the peer is told at least that it is over.
   */
  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (failed && speaksTls && !spoken && handshake.request() instanceof TlsRequest.AsServer) {
      spoken = true;
      var _ = ctx.writeAndFlush(Unpooled.wrappedBuffer(HANDSHAKE_FAILURE));
    }
    var _ = ctx.close(promise);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    spoken |= message instanceof ByteBuf out && out.isReadable();
    var _ = ctx.write(message, promise);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ctx.fireChannelRead(message);
      return;
    }
    if (over) {
      in.release();
      return;
    }
    if (held != null) {
      held = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), held, in);
      if (!met && meet(ctx, held)) {
        met = true;
        speaksTls = held.getUnsignedByte(held.readerIndex()) == HANDSHAKE;
        turn.accept(() -> pass(ctx));
      } else if (met && held.readableBytes() > MAX_BYTES) {
        // There is nothing to say before our answer.
        over = true;
        refused.accept(new SSLException("too much came before our turn to answer"));
      }
      return;
    }
    pass(ctx, in);
  }

  private void pass(ChannelHandlerContext ctx) {
    ByteBuf in = held;
    if (over || in == null || ctx.isRemoved()) {
      return;
    }
    held = null;
    pass(ctx, in);
    ctx.fireChannelReadComplete();
  }

  private void pass(ChannelHandlerContext ctx, ByteBuf in) {
    walk(in);
    if (refuseRenegotiation()) {
      in.release();
    } else {
      ctx.fireChannelRead(in);
    }
  }

  /** Whether the first message is there and nothing is wrong with it. */
  private boolean meet(ChannelHandlerContext ctx, ByteBuf in) {
    Hello hello = Hello.read(in);
    if (hello == null) {
      if (in.readableBytes() > MAX_BYTES) {
        over = true;
        refused.accept(new SSLException("the first handshake message is too long"));
      }
      return false;
    }
    handshake.met(hello);
    if (handshake.request() instanceof TlsRequest.AsServer
        && hello.protocols() != null
        && !hello.protocols().contains(TlsEngines.ALPN)) {
      over = true;
      TlsFailedException why =
          new TlsFailedException(
              TlsFailedException.Reason.REFUSED_BY_US,
              "no_application_protocol",
              "the peer wants to speak something else than " + TlsEngines.ALPN,
              null);
      ctx.writeAndFlush(Unpooled.wrappedBuffer(NO_APPLICATION_PROTOCOL))
          .addListener(sent -> refused.accept(why));
      return false;
    }
    return true;
  }

  /** Notes the records whose headers end in these bytes. */
  private void walk(ByteBuf in) {
    int at = in.readerIndex();
    while (at < in.writerIndex()) {
      if (headerBytes == HEADER) {
        int body = Math.min(length, in.writerIndex() - at);
        at += body;
        length -= body;
        if (length == 0) {
          headerBytes = 0;
        }
        continue;
      }
      int next = in.getUnsignedByte(at++);
      switch (headerBytes++) {
        case 0 -> type = next;
        case 3 -> length = next << 8;
        case 4 -> {
          length |= next;
          record();
          if (length == 0) {
            headerBytes = 0;
          }
        }
        default -> {} // the version
      }
    }
  }

  private void record() {
    if (type == CHANGE_CIPHER_SPEC) {
      cipherChanged = true;
    } else if (type == HANDSHAKE && cipherChanged) {
      finishing++;
    }
  }

  private boolean refuseRenegotiation() {
    if (!established || finishing <= 1) {
      return false;
    }
    if (!over) {
      over = true;
      refused.accept(new SSLException("the peer began a renegotiation"));
    }
    return true;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (held != null) {
      held.release();
      held = null;
    }
  }
}
