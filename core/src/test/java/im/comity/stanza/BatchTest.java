package im.comity.stanza;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.xml.Namespaces;
import im.comity.xml.Octets;
import im.comity.xml.ScannedElement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchTest {
  private static final Octets ELEMENT = Octets.utf8("<db:result/>");

  private final OneStream stream = OneStream.server();
  private final StanzaReader reader = new StanzaReader(Namespaces.SERVER, null);

  private static String text(int number) {
    return "<message from='north.example' to='south.example' id='m%d' type='chat'/>"
        .formatted(number);
  }

  /** One that borrows its bytes. */
  private Stanza stanza(int number) {
    ScannedElement element = stream.element(text(number));
    return ((Reading.Read) reader.read(element)).stanza();
  }

  private static List<Stanza> out(Batch batch) {
    List<Stanza> stanzas = new ArrayList<>();
    batch.takeOut(stanzas);
    return stanzas;
  }

  @Test
  void bytesAreCopiedOneBehindTheOtherAndBelongToTheBatch() {
    Batch batch = new Batch(1, 0, 0);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      Stanza stanza = stanza(i);
      batch.add(stanza);
      Arrays.fill(stanza.octets().array(), (byte) '!');
      batch.add(ELEMENT);
      expected.append(text(i)).append(ELEMENT);
    }
    assertThat(batch.octets()).hasToString(expected.toString());
    assertThat(batch.length()).isEqualTo(expected.length());
    assertThat(batch.count()).isEqualTo(200);
    assertThat(batch.stanzas()).isEqualTo(100);
    assertThat(batch.elementBytes()).isEqualTo(100 * ELEMENT.length());
  }

  @Test
  void stanzasComeOutAsTheyWentInWithBytesOfTheirOwn() {
    Batch batch = new Batch(1, 0, 0);
    List<Envelope> envelopes = new ArrayList<>();
    batch.add(ELEMENT);
    for (int i = 0; i < 10; i++) {
      Stanza stanza = stanza(i);
      envelopes.add(stanza.envelope());
      batch.add(stanza);
      batch.add(ELEMENT);
    }
    List<Stanza> out = out(batch);
    Arrays.fill(batch.octets().array(), (byte) '!');

    assertThat(out).extracting(Stanza::envelope).containsExactlyElementsOf(envelopes);
    for (int i = 0; i < 10; i++) {
      assertThat(out.get(i).octets()).hasToString(text(i));
      assertThat(out.get(i).octets().array()).hasSize(text(i).length());
      assertThat(out.get(i).keep()).isSameAs(out.get(i));
      assertThat(out.get(i).pair()).hasToString("north.example -> south.example");
    }
  }

  @Test
  void thereIsRoomForAnythingInAnEmptyOneAndThenForSoMuch() {
    Batch batch = new Batch(1, 0, 0);
    assertThat(batch.hasRoom(Integer.MAX_VALUE)).isTrue();
    batch.add(ELEMENT);
    assertThat(batch.hasRoom(Batch.MOST_BYTES - ELEMENT.length())).isTrue();
    assertThat(batch.hasRoom(Batch.MOST_BYTES - ELEMENT.length() + 1)).isFalse();

    Batch large = new Batch(1, 0, 0);
    large.add(Octets.of(new byte[3 * Batch.MOST_BYTES]));
    assertThat(large.length()).isEqualTo(3 * Batch.MOST_BYTES);
    assertThat(large.hasRoom(1)).isFalse();
  }

  @Test
  void whatTheOneBeforeHadIsLikelyUpToABoundAndAnArrayThatGrowsStaysBelowIt() {
    assertThat(held(new Batch(12, 0, 0))).isEqualTo(12);
    assertThat(held(new Batch(12, 1_000, 9))).isEqualTo(1_000);
    assertThat(held(new Batch(12, 10 * Batch.MOST_BYTES, 9))).isEqualTo(Batch.MOST_BYTES);

    Batch batch = new Batch(12, 0, 0);
    while (batch.hasRoom(ELEMENT.length())) {
      batch.add(ELEMENT);
      assertThat(batch.octets().array().length)
          .isLessThanOrEqualTo(Math.min(2 * batch.length(), Batch.MOST_BYTES));
    }
  }

  private static int held(Batch batch) {
    batch.add(ELEMENT);
    return batch.octets().array().length;
  }
}
