package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XmppTest {
  /** The first is XEP-0185's, the next two are XEP-0220's examples 1 and 5, the last are ours. */
  @ParameterizedTest
  @CsvSource({
    "s3cr3tf0rd14lb4ck, xmpp.example.com, example.org, D60000229F,"
        + "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643",
    "s3cr3tf0rd14lb4ck, montague.example, capulet.example, D60000229F,"
        + "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3",
    "d14lb4ck43v3r, capulet.example, montague.example, 417GAF25,"
        + "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d",
    "correct-horse-battery, south.example, north.example, s1-7f3a9c,"
        + "bdb1fc855600226ec018f08c556e907f8980389e8eaa1f9eef3e62ef8f2b95de",
    "correct-horse-battery, south.example, rooms.north.example, s1-7f3a9c,"
        + "0de258944e8ebb7b048ce4ea562c3d1117fe25bd188d0b11e9416474afc984fd",
  })
  void dialbackKeysAreThoseOfThePublishedExamples(
      String secret, String receiving, String originating, String id, String key) {
    assertThat(Xmpp.dialbackKey(secret, receiving, originating, id)).isEqualTo(key);
  }

  @Test
  void theComponentHandshakeIsThatOfThePublishedExample() {
    assertThat(Xmpp.componentHandshake("3BF96D32", "test"))
        .isEqualTo("aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e");
    assertThat(Xmpp.componentHandshake("c0ffee42", "component-secret"))
        .isEqualTo("e1af61c34b3893393e570694ea9fc7c1fd63b6fc");
  }

  @Test
  void anIdentityIsWrittenInBase64AndNoneAsAnEqualsSign() {
    assertThat(Xmpp.external("north.example")).contains(">bm9ydGguZXhhbXBsZQ==<");
    assertThat(Xmpp.external(null)).contains(">=<");
  }

  @Test
  void whatWouldBreakXmlIsEscaped() {
    assertThat(Xmpp.dialbackRequest("a'b", "c<d", "e&f\">"))
        .isEqualTo("<db:result from='a&apos;b' to='c&lt;d'>e&amp;f&quot;&gt;</db:result>");
  }
}
