package im.comity.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import im.comity.testkit.Transcript.Direction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TranscriptTest {
  private final FakeClock clock = new FakeClock();
  private final Transcript transcript = new Transcript(clock);

  @Test
  void itKeepsWhatWasSaidInOrderWithDirectionAndTime() {
    transcript.sent("<a/>");
    clock.advance(Duration.ofMillis(1234));
    transcript.received("<b/>");
    transcript.note("end");

    assertThat(transcript.entries())
        .containsExactly(
            new Transcript.Entry(FakeClock.START, Direction.SENT, "<a/>"),
            new Transcript.Entry(FakeClock.START.plusMillis(1234), Direction.RECEIVED, "<b/>"),
            new Transcript.Entry(FakeClock.START.plusMillis(1234), Direction.NOTE, "end"));
    assertThat(transcript.texts(Direction.RECEIVED)).containsExactly("<b/>");
    assertThat(transcript)
        .hasToString("     0.000 s > <a/>\n     1.234 s < <b/>\n     1.234 s # end\n");
  }

  @Test
  void thePrettyFormCutsLongTextsAndTheGoldenOneDoesNot() {
    String text = "x".repeat(3_000);
    transcript.sent(text);
    assertThat(transcript.toString())
        .contains("x".repeat(2_000) + "... (3000 characters)")
        .doesNotContain("x".repeat(2_001));
    assertThat(transcript.golden()).isEqualTo("> " + text + "\n");
  }

  @Test
  void theGoldenFormHasALinePerEntryAndEscapesWhatWouldBreakIt() {
    transcript.sent("a\nb\\c\r\td");
    transcript.received(" ");
    transcript.note("n");
    assertThat(transcript.golden()).isEqualTo("> a\\nb\\\\c\\r\\td\n<  \n# n\n");
  }

  @Test
  void maskedValuesHaveNamesNumberedByKindAsTheyCome() {
    transcript.mask("abc", "id");
    transcript.mask("f00", "key");
    transcript.mask("def", "id");
    transcript.mask("abc", "id");
    transcript.received("<x id='abc' other=\"def\">f00</x>");
    assertThat(transcript.golden()).isEqualTo("< <x id='{id-1}' other=\"{id-2}\">{key-1}</x>\n");
  }

  @Test
  void aMaskReplacesWholeValuesOnlyAndAlsoWhereTheyCameBeforeIt() {
    transcript.received("<x id='a' from='a@a' to='ab'>a b</x>");
    transcript.mask("a", "id");
    assertThat(transcript.golden()).isEqualTo("< <x id='{id-1}' from='a@a' to='ab'>a b</x>\n");
  }

  @Test
  void anEmptyValueIsNotMasked() {
    transcript.mask("", "id");
    transcript.received("<x id=''></x>");
    assertThat(transcript.golden()).isEqualTo("< <x id=''></x>\n");
  }

  @Test
  void bytesThatAreNotUtf8AreShownOneByOne() {
    byte[] bytes = {'a', (byte) 0xc3, (byte) 0xa9, (byte) 0xff, (byte) 0xc3, 'b', (byte) 0xe2};
    transcript.sent(bytes);
    assertThat(transcript.texts(Direction.SENT)).containsExactly("aé\\xff\\xc3b\\xe2");
    assertThat(Transcript.text("grüße 🐎".getBytes(StandardCharsets.UTF_8))).isEqualTo("grüße 🐎");
  }

  @Test
  void itIsBoundedAndSaysWhatItDropped() {
    for (int i = 0; i < Transcript.LIMIT + 3; i++) {
      transcript.sent("m" + i);
    }
    assertThat(transcript.entries()).hasSize(Transcript.LIMIT);
    assertThat(transcript.entries().getFirst().text()).isEqualTo("m3");
    assertThat(transcript.toString()).startsWith("  (3 earlier entries dropped)\n");
    assertThatThrownBy(transcript::golden).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anEmptyOneSaysSo() {
    assertThat(transcript.toString()).contains("nothing was said");
    assertThat(transcript.golden()).isEmpty();
  }
}
