package im.comity.address;

import static org.assertj.core.api.Assertions.assertThat;

/** What every address that was accepted must satisfy; shared by the seeded test and the fuzzer. */
final class AddressInvariants {
  private AddressInvariants() {}

  static void check(String text, Jid jid) {
    assertThat(jid.toString()).isEqualTo(text);
    String local = jid.local();
    String resource = jid.resource();
    String before = local == null ? "" : local + '@';
    String behind = resource == null ? "" : '/' + resource;
    assertThat(text).startsWith(before).endsWith(behind);
    String domainpart = text.substring(before.length(), text.length() - behind.length());
    assertThat(domainpart).doesNotContain("/", "@");
    if (local != null) {
      assertThat(local).doesNotContain("/", "@", "<", ">", "'", "\"", "&", ":", " ");
      assertThat(Domain.octets(local)).isBetween(1, 1023);
    }
    if (resource != null) {
      assertThat(Domain.octets(resource)).isBetween(1, 1023);
      assertThat(resource.chars()).noneMatch(Character::isISOControl);
    }
    try {
      assertThat(Domain.of(domainpart)).isEqualTo(jid.domain());
      assertThat(Jid.parse(before + jid.domain() + behind)).isEqualTo(jid);
      assertThat(Jid.parse(before + jid.domain().ascii() + behind)).isEqualTo(jid);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
