package im.comity.component;

import im.comity.testkit.peer.ScriptedPeer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A component that reads and writes when it likes, without a transcript: for much traffic. */
final class RawComponent implements AutoCloseable {
  private static final byte[] ID = " id='".getBytes(StandardCharsets.US_ASCII);

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private RawComponent(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    this.out = socket.getOutputStream();
  }

  /** One that has made its handshake, and has little room for what it does not read. */
  static RawComponent open(InetSocketAddress at, String name, String secret) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(1 << 14);
    socket.setSoTimeout(20_000);
    socket.connect(at);
    ScriptedPeer.on(socket).openComponent(name, secret);
    return new RawComponent(socket);
  }

  /** The end of a connection on which nothing was read yet. */
  static RawComponent on(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    return new RawComponent(socket);
  }

  void write(String xml) throws IOException {
    out.write(xml.getBytes(StandardCharsets.UTF_8));
  }

  /** Ends its output without an end of the stream. */
  void closeOutput() throws IOException {
    socket.shutdownOutput();
  }

  /** The id of the next stanza; stanzas of these tests have one each. */
  String nextId() throws IOException {
    int matched = 0;
    while (matched < ID.length) {
      int next = read();
      matched = next == ID[matched] ? matched + 1 : next == ID[0] ? 1 : 0;
    }
    StringBuilder id = new StringBuilder();
    for (int next; (next = read()) != '\''; ) {
      id.append((char) next);
    }
    return id.toString();
  }

  /** All that comes up to these words, and they. */
  String upTo(String words) throws IOException {
    StringBuilder all = new StringBuilder();
    while (all.length() < words.length()
        || !all.substring(all.length() - words.length()).equals(words)) {
      all.append((char) read());
    }
    return all.toString();
  }

  private int read() throws IOException {
    int next = in.read();
    if (next < 0) {
      throw new IOException("the connection ended");
    }
    return next;
  }

  /** All that still comes until the end. */
  String rest() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
