package im.comity.bench;

import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannerLimits;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;

/** A component of XEP-0114 that sends and receives as fast as it is let. */
final class ComponentClient implements AutoCloseable {
  private final Socket socket;
  private final OutputStream out;
  private final InputStream in;
  private final ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
  private final byte[] buffer = new byte[64 * 1024];
  private int at;
  private int end;

  ComponentClient(int port, String name, String secret) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    out = socket.getOutputStream();
    in = socket.getInputStream();
    send(
        Octets.utf8(
            "<stream:stream xmlns='jabber:component:accept'"
                + " xmlns:stream='http://etherx.jabber.org/streams' to='"
                + name
                + "'>"));
    if (next() != ElementScanner.Event.HEADER) {
      throw new IOException("no stream header");
    }
    String id = String.valueOf(scanner.start().attribute("id"));
    send(Octets.utf8("<handshake>" + sha1(id + secret) + "</handshake>"));
    if (next() != ElementScanner.Event.ELEMENT
        || !scanner.element().toElement().is(Namespaces.COMPONENT_ACCEPT, "handshake")) {
      throw new IOException("refused: " + scanner.element().toElement());
    }
  }

  private static String sha1(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  void send(Octets octets) throws IOException {
    out.write(octets.array(), octets.from(), octets.length());
  }

  /** Reads stanzas until the connection ends. */
  void receive(Consumer<Element> stanza) throws IOException {
    while (true) {
      ElementScanner.Event event = next();
      if (event != ElementScanner.Event.ELEMENT) {
        return;
      }
      stanza.accept(scanner.element().toElement());
    }
  }

  private ElementScanner.Event next() throws IOException {
    while (true) {
      if (at < end) {
        ElementScanner.Event event = scanner.scan(buffer, at, end);
        at = scanner.position();
        if (event != ElementScanner.Event.MORE) {
          return event;
        }
      }
      at = 0;
      end = in.read(buffer);
      if (end < 0) {
        return ElementScanner.Event.END;
      }
    }
  }

  /** Ends the connection, so that whoever reads from it comes to an end. */
  void hangUp() throws IOException {
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
