package im.comity.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a component of the generator makes of reads that end anywhere. */
@Timeout(60)
final class RawComponentTest {
  private static final String BODY = "x".repeat(40);
  private static final String FIRST = message("t12345678901234");
  private static final String SECOND = message("t98765432109876");
  private static final List<Long> BOTH = List.of(12345678901234L, 98765432109876L);

  private static String message(String id) {
    return "<message from='a' to='b' type='chat' id='"
        + id
        + "'><body>"
        + BODY
        + "</body></message>";
  }

  /** The ids that a component sees if these pieces are read one by one. */
  private static List<Long> seen(List<String> pieces) throws Exception {
    List<Long> ids = new ArrayList<>();
    SynchronousQueue<Integer> handled = new SynchronousQueue<>();
    AtomicReference<@Nullable Exception> problem = new AtomicReference<>();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread serving =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (Socket socket = server.accept()) {
                      socket.setTcpNoDelay(true);
                      accept(socket);
                      OutputStream out = socket.getOutputStream();
                      // What came together with the answer would be read with it.
                      handled.take();
                      for (String piece : pieces) {
                        out.write(piece.getBytes(StandardCharsets.US_ASCII));
                        // The next one only when this one was read: no two are read as one.
                        handled.take();
                      }
                    } catch (IOException | InterruptedException e) {
                      problem.set(e);
                    }
                  });
      try (RawComponent component = new RawComponent(server.getLocalPort(), "b", "secret")) {
        handled.put(1);
        component.receive(
            BODY.length(),
            new RawComponent.Arrival() {
              @Override
              public void arrived(long sent, long now) {
                ids.add(sent);
              }

              @Override
              public void batch() {
                try {
                  handled.put(1);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            });
      }
      serving.join();
    }
    assertThat(problem.get()).isNull();
    return ids;
  }

  private static void accept(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    OutputStream out = socket.getOutputStream();
    until(in, " to='b'>");
    out.write("<stream:stream from='b' id='i'>".getBytes(StandardCharsets.US_ASCII));
    until(in, "</handshake>");
    out.write("<handshake/>".getBytes(StandardCharsets.US_ASCII));
  }

  private static void until(InputStream in, String end) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(end) < 0) {
      int one = in.read();
      assertThat(one).isNotNegative();
      text.append((char) one);
    }
  }

  @Test
  void anIdThatIsSplitAcrossTwoReadsCountsOnceWhereverItIsSplit() throws Exception {
    String both = FIRST + SECOND;
    int begin = FIRST.length() + SECOND.indexOf(" id=");
    int end = FIRST.length() + SECOND.indexOf("><body>");
    for (int split = begin; split <= end; split++) {
      assertThat(seen(List.of(both.substring(0, split), both.substring(split))))
          .as(both.substring(begin, split) + "|" + both.substring(split, end))
          .isEqualTo(BOTH);
    }
  }

  @Test
  void aStanzaThatIsSplitInItsBodyLosesNothingOfTheNext() throws Exception {
    int begin = FIRST.indexOf("<body>");
    for (int split = begin; split <= FIRST.length(); split += 7) {
      String both = FIRST + SECOND;
      assertThat(seen(List.of(both.substring(0, split), both.substring(split)))).isEqualTo(BOTH);
    }
  }

  @Test
  void stanzasThatComeByteByByteAreCounted() throws Exception {
    assertThat(seen(Stream.of((FIRST + SECOND).split("", -1)).filter(s -> !s.isEmpty()).toList()))
        .isEqualTo(BOTH);
  }
}
