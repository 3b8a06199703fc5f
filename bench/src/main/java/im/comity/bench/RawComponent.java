package im.comity.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A component of XEP-0114 that costs next to nothing: a blocking socket with large buffers, and no
 * parser behind it. Its machine's cores are meant for the servers under test.
 */
final class RawComponent implements AutoCloseable {
  private static final int BUFFER = 256 * 1024;
  private static final int TIMEOUT_MILLIS = 15_000;

  final String name;
  private final Socket socket;
  private final OutputStream out;
  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER];
  private int kept;

  /**
   * Attaches.
   *
   * @throws IOException if there is no connection, or the server refuses the handshake
   */
  RawComponent(int port, String name, String secret) throws IOException {
    this.name = name;
    socket = new Socket();
    socket.setReceiveBufferSize(BUFFER);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      out = socket.getOutputStream();
      in = socket.getInputStream();
      write(
          bytes(
              "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'"
                  + " xmlns:stream='http://etherx.jabber.org/streams' to='"
                  + name
                  + "'>"));
      String header = readUntil("", "<stream:stream");
      while (header.indexOf('>', header.indexOf("<stream:stream")) < 0) {
        header = more(header);
      }
      String id = attribute(header.substring(header.indexOf("<stream:stream")), "id");
      write(bytes("<handshake>" + sha1(id + secret) + "</handshake>"));
      String rest = header.substring(header.indexOf('>', header.indexOf("<stream:stream")) + 1);
      String answer = readUntil(rest, "<");
      while (answer.indexOf('>') < 0) {
        answer = more(answer);
      }
      if (!answer.contains("<handshake")) {
        throw new IOException(name + " was refused: " + answer);
      }
      socket.setSoTimeout(0);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private String readUntil(String already, String wanted) throws IOException {
    String text = already;
    while (!text.contains(wanted)) {
      text = more(text);
    }
    return text;
  }

  private String more(String text) throws IOException {
    int got = in.read(buffer, 0, 4096);
    if (got < 0 || text.length() > 65_536) {
      throw new EOFException(name + " got only " + text);
    }
    return text + new String(buffer, 0, got, StandardCharsets.UTF_8);
  }

  private static String attribute(String tag, String attribute) throws IOException {
    int at = tag.indexOf(" " + attribute + "=");
    if (at < 0) {
      throw new IOException("no " + attribute + " in " + tag);
    }
    int open = at + attribute.length() + 2;
    return tag.substring(open + 1, tag.indexOf(tag.charAt(open), open + 1));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String sha1(String text) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes(text)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  void write(byte[] octets) throws IOException {
    write(octets, octets.length);
  }

  void write(byte[] octets, int length) throws IOException {
    out.write(octets, 0, length);
  }

  /** What is done with each stanza that carries one of the generator's ids. */
  interface Arrival {
    /**
     * One has come.
     *
     * @param sent the time in the id, of {@link System#nanoTime}
     * @param now when its bytes were read
     */
    void arrived(long sent, long now) throws IOException;

    /** All of one read was handled. */
    default void batch() {}
  }

  /**
   * Reads until the connection ends, and looks for {@code id='t<digits>'} alone.
   *
   * @param skip how many bytes after an id cannot hold another one: the length of the body
   */
  void receive(int skip, Arrival each) throws IOException {
    int jump = 0;
    while (true) {
      int got;
      try {
        got = in.read(buffer, kept, buffer.length - kept);
      } catch (IOException e) {
        if (socket.isClosed()) {
          return;
        }
        throw e;
      }
      if (got < 0) {
        return;
      }
      long now = System.nanoTime();
      int end = kept + got;
      int at = jump;
      while (at + 5 <= end) {
        if (buffer[at] != 'd'
            || buffer[at + 1] != '='
            || buffer[at + 3] != 't'
            || (buffer[at + 2] != '\'' && buffer[at + 2] != '"')) {
          at++;
          continue;
        }
        long value = 0;
        int digit = at + 4;
        while (digit < end && buffer[digit] >= '0' && buffer[digit] <= '9') {
          value = value * 10 + (buffer[digit++] - '0');
        }
        if (digit == end) {
          break;
        }
        if (digit > at + 4 && buffer[digit] == buffer[at + 2]) {
          each.arrived(value, now);
          at = digit + skip;
        } else {
          at = digit;
        }
      }
      each.batch();
      if (at >= end) {
        jump = at - end;
        kept = 0;
      } else {
        jump = 0;
        kept = end - at;
        System.arraycopy(buffer, at, buffer, 0, kept);
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
