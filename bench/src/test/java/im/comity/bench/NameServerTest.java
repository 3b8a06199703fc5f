package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NameServerTest {
  /** Of a header: the count of answers. */
  private static int answers(NameServer server) throws Exception {
    ByteArrayOutputStream query = new ByteArrayOutputStream();
    query.writeBytes(new byte[] {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    for (String label : List.of("_xmpp-server", "_tcp", "x", "test")) {
      query.write(label.length());
      query.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
    }
    query.writeBytes(new byte[] {0, 0, 33, 0, 1});
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      byte[] bytes = query.toByteArray();
      socket.send(
          new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), server.port()));
      DatagramPacket answer = new DatagramPacket(new byte[512], 512);
      socket.receive(answer);
      return answer.getData()[7];
    }
  }

  @Test
  void whatWasPublishedIsServedWhenServeReturns() throws Exception {
    try (NameServer server = NameServer.start()) {
      assertThat(answers(server)).isZero();
      server.serve(List.of("_xmpp-server._tcp.x.test. 3600 IN SRV 5 1 5269 localhost."));
      assertThat(answers(server)).isEqualTo(1);
      server.serve(List.of());
      assertThat(answers(server)).isZero();
    }
  }
}
