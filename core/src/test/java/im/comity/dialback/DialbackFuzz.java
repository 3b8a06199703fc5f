package im.comity.dialback;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import im.comity.stream.FirstElement;
import im.comity.xml.Element;

/**
 * Elements of dialback from anywhere: read, refused or answered; what is read is read back as it is
 * written, and no answer is taken for a request.
 *
 * <pre>build/fuzz 600 DialbackFuzz</pre>
 */
class DialbackFuzz {
  @FuzzTest(maxDuration = "100h")
  void everyElementIsReadOrRefused(byte[] content) {
    Element element = FirstElement.in(content);
    if (element == null) {
      return;
    }
    check(DialbackElement.read(element), element.attribute("type") != null);
    check(DialbackElement.readAnswer(element), true);
  }

  private static void check(DialbackReading reading, boolean answer) {
    switch (reading) {
      case null -> {}
      case DialbackReading.Read(var read) -> {
        boolean isAnswer =
            read instanceof DialbackElement.ResultAnswer
                || read instanceof DialbackElement.VerifyAnswer;
        assertThat(isAnswer).isEqualTo(answer);
        DialbackReading again = DialbackElement.read(read.toElement());
        assertThat(again).isInstanceOf(DialbackReading.Read.class);
        DialbackElement second = ((DialbackReading.Read) again).element();
        assertThat(second.pair()).isEqualTo(read.pair());
        assertThat(second.getClass()).isEqualTo(read.getClass());
        if (!isAnswer) {
          assertThat(second).isEqualTo(read);
        }
      }
      case DialbackReading.Malformed(var refusal, _) -> {
        assertThat(answer).isFalse();
        assertThat(DialbackElement.readAnswer(refusal)).isNotNull();
      }
      case DialbackReading.Unaddressed _ -> assertThat(answer).isFalse();
      case DialbackReading.Unmatchable _ -> assertThat(answer).isTrue();
    }
  }
}
