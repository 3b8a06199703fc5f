package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The strangers, before a server that only takes notes. */
@Timeout(60)
final class StrangerLoadTest {
  @Test
  void strangersComeFromAllTheirAddressesAndComeAgain() throws Exception {
    Set<String> sources = ConcurrentHashMap.newKeySet();
    CountDownLatch arrived = new CountDownLatch(60);
    try (ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                try {
                  while (true) {
                    try (Socket socket = server.accept()) {
                      sources.add(socket.getInetAddress().getHostAddress());
                    }
                    arrived.countDown();
                  }
                } catch (IOException e) {
                  // The end of the test.
                }
              });
      try (StrangerLoad load = new StrangerLoad("south.test", server.getLocalPort(), 0, 12, 4, 0)) {
        assertThat(arrived.await(30, TimeUnit.SECONDS)).as("closed ones come again").isTrue();
        // Each of the 12 may have been accepted and not have heard of it yet.
        assertThat(load.opened()).isGreaterThanOrEqualTo(60 - 12);
      }
    }
    assertThat(sources)
        .containsExactlyInAnyOrder("127.9.0.1", "127.9.0.2", "127.9.0.3", "127.9.0.4");
  }
}
