package im.comity.negotiation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.NegotiationException;
import im.comity.federation.MemoryTransport;
import im.comity.stream.FirstElement;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamEnded;
import im.comity.transport.Deadline;
import im.comity.transport.FakeTimers;
import im.comity.xml.Element;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;

/**
 * SASL from anywhere, in both roles.
 *
 * <pre>build/fuzz 600 SaslFuzz</pre>
 */
class SaslFuzz {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** What a peer says to authenticate: an identity that it really said, or a condition. */
  @FuzzTest(maxDuration = "100h")
  void receiving(byte[] content) {
    Element element = FirstElement.in(content);
    if (element == null) {
      return;
    }
    for (SaslExternal.Response response :
        new SaslExternal.Response[] {
          SaslExternal.parseAuth(element), SaslExternal.parseResponse(element)
        }) {
      if (response instanceof SaslExternal.Response.Identity(var domain) && domain != null) {
        String said = new String(Base64.getDecoder().decode(element.text().strip()), UTF_8);
        assertThat(domain).isEqualTo(domain(said));
      }
    }
  }

  /** What a peer answers from its header on: success only if it says so, else an orderly end. */
  @FuzzTest(maxDuration = "100h")
  void initiating(byte[] answers) {
    FakeTimers timers = new FakeTimers();
    MemoryTransport transport =
        new MemoryTransport(
            Runnable::run, new InetSocketAddress(InetAddress.getLoopbackAddress(), 1));
    transport.say(answers);
    transport.end();
    Deadline deadline = Deadline.start(timers, Duration.ofSeconds(1));
    DomainPair pair = new DomainPair(domain("north.example"), domain("south.example"));
    try (NegotiatingStream stream =
        NegotiatingStream.initiate(transport, pair, true, deadline, RANDOM)) {
      stream.open();
      SaslExternal.Answer answer = SaslExternal.request(stream, pair.sender());
      String all = new String(answers, UTF_8);
      assertThat(all)
          .contains(answer instanceof SaslExternal.Answer.Success ? "success" : "failure");
    } catch (StreamEnded | NegotiationException e) {
      // Ending is an answer; any other exception is a finding.
    } finally {
      deadline.cancel();
    }
    assertThat(timers.waiting()).isZero();
  }

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
