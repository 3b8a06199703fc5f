package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Pipe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MatchTest {
  private static final String XML =
      "<db:result from='a' to='b' type='error'> <error><gone xmlns='urn:x'>text</gone></error></db:result>";

  private final Match result = Match.element(Xmpp.DIALBACK, "result");

  private static Received parse(String xml) throws IOException {
    Pipe pipe = new Pipe();
    pipe.left().out().write((StreamHead.server().xml() + xml).getBytes(StandardCharsets.UTF_8));
    ScriptedPeer peer = ScriptedPeer.on(pipe.right());
    peer.expectHeader();
    return peer.next();
  }

  @Test
  void whatIsNotAskedForMayBeAnything() throws Exception {
    assertThat(Match.any()).accepts(parse(XML)).hasToString("any element");
    assertThat(result).accepts(parse(XML));
  }

  @Test
  void eachConditionCanFail() throws Exception {
    Received received = parse(XML);
    assertThat(Match.element(Xmpp.SERVER, "result")).rejects(received);
    assertThat(Match.element(Xmpp.DIALBACK, "verify")).rejects(received);
    assertThat(result.attribute("from", "a")).accepts(received);
    assertThat(result.attribute("from", "b")).rejects(received);
    assertThat(result.attribute("to")).accepts(received);
    assertThat(result.attribute("id")).rejects(received);
    assertThat(result.without("id")).accepts(received);
    assertThat(result.without("to")).rejects(received);
    Match gone = Match.element("urn:x", "gone");
    Match error = Match.element(Xmpp.SERVER, "error");
    assertThat(result.child(error.child(gone.text("text")))).accepts(received);
    assertThat(result.child(error.child(gone.text("tex")))).rejects(received);
    assertThat(result.child(gone)).rejects(received);
    assertThat(result.withoutChild(gone)).accepts(received);
    assertThat(result.withoutChild(error)).rejects(received);
    assertThat(result.text("")).accepts(received);
    assertThat(result.that("nothing", _ -> false)).rejects(received);
  }

  @Test
  void itSaysWhatItWantsAndWhatOfThatIsMissing() throws Exception {
    Match match = result.attribute("from", "a").without("type").attribute("id");
    assertThat(match)
        .hasToString(
            "element with {jabber:server:dialback}result, from='a', no attribute type,"
                + " an attribute id");
    assertThat(match.unmet(parse(XML))).isEqualTo("no attribute type");
    assertThat(result.unmet(parse(XML))).isNull();
  }

  @Test
  void addingAConditionLeavesTheOldMatchAsItWas() throws Exception {
    result.attribute("id");
    assertThat(result).accepts(parse(XML));
  }
}
