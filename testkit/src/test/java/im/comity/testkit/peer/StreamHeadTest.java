package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StreamHeadTest {
  private static final String NAMESPACES =
      "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'";

  @Test
  void aServerOfToday() {
    assertThat(StreamHead.server().from("a").to("b").xml())
        .isEqualTo(
            "<?xml version='1.0'?><stream:stream "
                + NAMESPACES
                + " xmlns:db='jabber:server:dialback' version='1.0' xml:lang='en' from='a' to='b'>");
  }

  @Test
  void aServerBeforeXmppHadNoVersion() {
    assertThat(StreamHead.legacy().id("1").xml())
        .isEqualTo(
            "<?xml version='1.0'?><stream:stream "
                + NAMESPACES
                + " xmlns:db='jabber:server:dialback' id='1'>");
  }

  @Test
  void aComponentNamesItself() {
    assertThat(StreamHead.component("rooms.north.example").xml())
        .isEqualTo(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'"
                + " xmlns:stream='http://etherx.jabber.org/streams' to='rooms.north.example'>");
  }

  @Test
  void anotherPrefixIsDeclaredAndUsed() {
    StreamHead head = StreamHead.bare("jabber:server").prefix("s");
    assertThat(head.xml())
        .isEqualTo(
            "<?xml version='1.0'?><s:stream xmlns='jabber:server'"
                + " xmlns:s='http://etherx.jabber.org/streams'>");
    assertThat(head.endTag()).isEqualTo("</s:stream>");
    assertThat(head.qualified("features")).isEqualTo("s:features");
  }

  @Test
  void theStyleWithoutPrefixes() {
    StreamHead head = StreamHead.server().prefixFree().declaration("");
    assertThat(head.xml())
        .isEqualTo(
            "<stream xmlns='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'"
                + " version='1.0' xml:lang='en'>");
    assertThat(head.endTag()).isEqualTo("</stream>");
  }

  @Test
  void anythingCanBeSetAndLeftOut() {
    StreamHead head =
        StreamHead.server()
            .withoutDialback()
            .version(null)
            .language("de")
            .with("xmlns:x", "urn:x")
            .from("a'b")
            .without("xmlns");
    assertThat(head.xml())
        .isEqualTo(
            "<?xml version='1.0'?><stream:stream"
                + " xmlns:stream='http://etherx.jabber.org/streams' xml:lang='de'"
                + " xmlns:x='urn:x' from='a&apos;b'>")
        .isEqualTo(head.toString());
    assertThat(head.attribute("from")).isEqualTo("a'b");
    assertThat(head.attribute("to")).isNull();
  }

  @Test
  void changingOneLeavesTheOther() {
    StreamHead one = StreamHead.server();
    String before = one.xml();
    one.from("a").prefix("x").prefixFree().version(null);
    assertThat(one.xml()).isEqualTo(before);
  }
}
