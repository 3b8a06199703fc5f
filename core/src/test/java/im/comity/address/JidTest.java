package im.comity.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import im.comity.address.AddressFormatException.Part;
import im.comity.testkit.Clause;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JidTest {
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "south.example, -, south.example, -",
        "bob@south.example, bob, south.example, -",
        "south.example/x, -, south.example, x",
        "bob@south.example/x, bob, south.example, x",
        "b@south.example/c@d, b, south.example, c@d",
        "south.example/a@c, -, south.example, a@c",
        "b/@south.example, -, b, @south.example",
        "b@south.example/c/d, b, south.example, c/d",
        "b@south.example//, b, south.example, /",
        "b@south.example/@, b, south.example, @",
        "b@South.example./x, b, south.example, x",
        "b@[2001:DB8::1]/x, b, [2001:db8::1], x",
        "b@xn--bcher-kva.example/ü, b, bücher.example, ü",
      })
  @Clause("S2S-JID-01")
  void anAddressIsCutAtTheFirstSlashThenAtTheFirstAtBeforeIt(
      String text, String local, String domain, String resource) throws AddressFormatException {
    Jid jid = Jid.parse(text);

    assertThat(jid.local()).isEqualTo(local);
    assertThat(jid.domain()).isEqualTo(Domain.of(domain));
    assertThat(jid.resource()).isEqualTo(resource);
    assertThat(jid).hasToString(text);
  }

  @ParameterizedTest
  @CsvSource({
    "'', DOMAIN",
    "@, DOMAIN",
    "/, DOMAIN",
    "bob@, DOMAIN",
    "bob@/x, DOMAIN",
    "/x, DOMAIN",
    "@/x, DOMAIN",
    "b@c@south.example, DOMAIN",
    "@south.example, LOCAL",
    "south.example/, RESOURCE",
    "bob@south.example/, RESOURCE",
    "@so_uth.example/, DOMAIN",
  })
  @Clause("S2S-JID-01")
  void anEmptyPartIsRefusedAndTheDomainIsJudgedFirst(String text, String part) {
    assertThat(refusal(text).part()).isEqualTo(Part.valueOf(part));
  }

  @Test
  @Clause("S2S-JID-01")
  void localpartAndResourcepartHaveUpTo1023OctetsOfUtf8() throws AddressFormatException {
    String max = "a".repeat(1023);
    assertThat(Jid.parse(max + "@south.example/" + max).local()).isEqualTo(max);
    assertThat(refusal(max + "a@south.example").part()).isEqualTo(Part.LOCAL);
    assertThat(refusal("south.example/a" + max).part()).isEqualTo(Part.RESOURCE);

    String wide = "ü".repeat(511) + "a";
    assertThat(Jid.parse(wide + "@south.example/" + wide).resource()).isEqualTo(wide);
    assertThat(refusal(wide + "a@south.example").part()).isEqualTo(Part.LOCAL);
    assertThat(refusal("south.example/a" + wide).part()).isEqualTo(Part.RESOURCE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bob\uff20north.example@south.example", // full-width at
        "a\u2100b@south.example", // would decompose to a/c
        "x@so\u2100uth.example",
        "x@so\ufe6buth.example",
        "bob\uff0fx@south.example", // full-width slash
      })
  @Clause("S2S-JID-07")
  void whatMappingWouldTurnIntoADelimiterNeverCuts(String text) throws AddressFormatException {
    assertThatThrownBy(() -> Jid.parse(text)).isInstanceOf(AddressFormatException.class);
    // Behind the slash nothing is cut any more, so the same characters are only characters.
    assertThat(Jid.parse("south.example/a\u2100b\uff20c").resource()).isEqualTo("a\u2100b\uff20c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a b",
        "a\"b",
        "a&b",
        "a'b",
        "a:b",
        "a<b",
        "a>b",
        "a\tb",
        "a\u007fb",
        "a\u0000b",
        "a\u0085b",
        "ü b",
        "ü:b",
        "a\ud800",
        "\udc00b",
        "a\ufffeb",
        "a\ue000b",
        "a\u2028b"
      })
  void aLocalpartThatNobodyCouldPrepareIsRefused(String local) {
    assertThat(refusal(local + "@south.example").part()).isEqualTo(Part.LOCAL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\u0000b",
        "a\nb",
        "a\u007fb",
        "a\ud800b",
        "\udc00",
        "ü\ufffe",
        "ü\ue000",
        "ü\u0085"
      })
  void aResourcepartThatNobodyCouldPrepareIsRefused(String resource) {
    assertThat(refusal("b@south.example/" + resource).part()).isEqualTo(Part.RESOURCE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u2163@south.example", // stringprep only: PRECIS refuses compatibility characters
        "a♥b@south.example", // stringprep only: PRECIS allows no symbols
        "\u0527@south.example", // PRECIS only: assigned after Unicode 3.2
        "BÜcher@south.example/\u2163",
        "ｂｏｂ@south.example", // full width, mapped by both
        "faß@south.example/ﬁ",
        "bu\u0308cher@south.example",
        "σς@south.example",
        "b@south.example/ \u00a0 a",
        "b@south.example/💩",
        "תוסס@south.example/אב1",
      })
  @Clause("S2S-JID-06")
  void whatEitherPreparationAcceptsPassesAsReceived(String text) throws AddressFormatException {
    Jid jid = Jid.parse(text);

    assertThat(jid).hasToString(text);
    assertThat((jid.local() == null ? "" : jid.local() + "@") + "south.example")
        .isEqualTo(text.replaceFirst("/.*", ""));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 16, 17, 20, 31, 34, 100, 500})
  void aCharacterThatNobodyAssignedIsRefusedWhereverItStands(int before) {
    for (String behind : List.of("", "b", "b".repeat(15))) {
      String unassigned = "a".repeat(before) + "\u0378" + behind;

      assertThat(refusal(unassigned + "@south.example").part()).isEqualTo(Part.LOCAL);
      assertThat(refusal("south.example/" + unassigned).part()).isEqualTo(Part.RESOURCE);
    }
  }

  @Test
  void addressesAreEqualByPreparedDomainAndTheTextOfTheOtherParts() throws AddressFormatException {
    Jid jid = Jid.parse("bob@bücher.example/x");

    assertThat(jid)
        .isEqualTo(Jid.parse("bob@XN--BCHER-KVA.example./x"))
        .hasSameHashCodeAs(Jid.parse("bob@XN--BCHER-KVA.example./x"))
        .isNotEqualTo(Jid.parse("Bob@bücher.example/x"))
        .isNotEqualTo(Jid.parse("bob@bücher.example/X"))
        .isNotEqualTo(Jid.parse("bob@bücher.example"))
        .isNotEqualTo(Jid.parse("bücher.example/x"))
        .isNotEqualTo(Jid.parse("bob@bucher.example/x"));
  }

  @Test
  void theAddressOfADomainHasNoOtherParts() throws AddressFormatException {
    Jid jid = Jid.of(Domain.of("South.example"));

    assertThat(jid).hasToString("south.example").isEqualTo(Jid.parse("south.example"));
    assertThat(jid.local()).isNull();
    assertThat(jid.resource()).isNull();
  }

  @Test
  void thePairOfTheWayBackIsAnotherPair() throws AddressFormatException {
    DomainPair pair = new DomainPair(Domain.of("north.example"), Domain.of("south.example"));

    assertThat(pair).hasToString("north.example -> south.example").isNotEqualTo(pair.reversed());
    assertThat(pair.reversed().reversed()).isEqualTo(pair);
  }

  private static AddressFormatException refusal(String text) {
    AddressFormatException refused =
        catchThrowableOfType(AddressFormatException.class, () -> Jid.parse(text));
    assertThat(refused).as(text).isNotNull();
    return refused;
  }
}
