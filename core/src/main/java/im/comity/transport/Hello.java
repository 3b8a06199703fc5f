package im.comity.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What can be read in the clear from the first handshake message of the peer, be it ClientHello or
 * ServerHello. It is read beside the TLS implementation and not instead of it: neither of ours
 * tells whether TLS 1.2 used the extended master secret, and one cannot refuse foreign application
 * protocols.
 *
 * @param extendedMasterSecret whether the message carries the extension of RFC 7627
 * @param protocols the application protocols offered, or null without the extension of RFC 7301
 * @param serverName the host name of SNI, in lower case, or null
 */
record Hello(
    boolean extendedMasterSecret, @Nullable List<String> protocols, @Nullable String serverName) {
  /** For messages that only the TLS implementation shall judge. */
  static final Hello UNREADABLE = new Hello(false, null, null);

  /** The greatest message we take; a ClientHello with post-quantum keys has some 2 KiB. */
  static final int MAX_BYTES = 16 << 10;

  private static final int HANDSHAKE = 22;
  private static final int CLIENT_HELLO = 1;
  private static final int SERVER_HELLO = 2;
  private static final int SERVER_NAME = 0;
  private static final int ALPN = 16;
  private static final int EXTENDED_MASTER_SECRET = 23;

  /**
   * Reads the first message out of TLS records, however it is cut.
   *
   * @param in from the first byte of the connection under TLS; left as it is
   * @return null if more bytes are needed
   */
  static @Nullable Hello read(ByteBuf in) {
    ByteBuf message = Unpooled.buffer(512, MAX_BYTES);
    int at = in.readerIndex();
    while (true) {
      int left = in.writerIndex() - at;
      if (left > 0 && in.getUnsignedByte(at) != HANDSHAKE) {
        return UNREADABLE;
      }
      if (left < 5) {
        return null;
      }
      int length = in.getUnsignedShort(at + 3);
      if (left < 5 + length) {
        return null;
      }
      if (length == 0 || length > message.maxWritableBytes()) {
        return UNREADABLE;
      }
      message.writeBytes(in, at + 5, length);
      at += 5 + length;
      if (message.readableBytes() >= 4) {
        int whole = 4 + message.getUnsignedMedium(1);
        if (whole > MAX_BYTES) {
          return UNREADABLE;
        }
        if (message.readableBytes() >= whole) {
          return parse(message.writerIndex(whole));
        }
      }
    }
  }

  private static Hello parse(ByteBuf message) {
    try {
      int type = message.readUnsignedByte();
      if (type != CLIENT_HELLO && type != SERVER_HELLO) {
        return UNREADABLE;
      }
      message.skipBytes(3 + 2 + 32); // length, version, random
      message.skipBytes(message.readUnsignedByte()); // session ID
      if (type == CLIENT_HELLO) {
        message.skipBytes(message.readUnsignedShort()); // cipher suites
        message.skipBytes(message.readUnsignedByte()); // compression methods
      } else {
        message.skipBytes(2 + 1); // the one of each that was chosen
      }
      return message.isReadable()
          ? extensions(message.readSlice(message.readUnsignedShort()))
          : UNREADABLE;
    } catch (IndexOutOfBoundsException e) {
      // Not a message that any TLS implementation would go on with.
      return UNREADABLE;
    }
  }

  private static Hello extensions(ByteBuf in) {
    boolean extendedMasterSecret = false;
    List<String> protocols = null;
    String serverName = null;
    while (in.isReadable()) {
      int type = in.readUnsignedShort();
      ByteBuf value = in.readSlice(in.readUnsignedShort());
      switch (type) {
        case EXTENDED_MASTER_SECRET -> extendedMasterSecret = true;
        case ALPN -> protocols = protocols(value);
        case SERVER_NAME -> serverName = serverName(value);
        default -> {}
      }
    }
    return new Hello(extendedMasterSecret, protocols, serverName);
  }

  private static List<String> protocols(ByteBuf value) {
    List<String> protocols = new ArrayList<>();
    ByteBuf list = value.readSlice(value.readUnsignedShort());
    while (list.isReadable()) {
      protocols.add(text(list.readSlice(list.readUnsignedByte())));
    }
    return protocols;
  }

  private static @Nullable String serverName(ByteBuf value) {
    if (!value.isReadable()) {
      return null; // a server's acknowledgement
    }
    ByteBuf list = value.readSlice(value.readUnsignedShort());
    while (list.isReadable()) {
      int type = list.readUnsignedByte();
      ByteBuf name = list.readSlice(list.readUnsignedShort());
      if (type == 0) {
        return TlsIdentities.canonical(text(name));
      }
    }
    return null;
  }

  private static String text(ByteBuf bytes) {
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }
}
