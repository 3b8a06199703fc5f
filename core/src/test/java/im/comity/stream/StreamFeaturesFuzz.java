package im.comity.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import im.comity.xml.Element;

/**
 * Lists of features and stream errors from anywhere: read, within bounds, and what we would offer
 * ourselves is read back as it was written.
 *
 * <pre>build/fuzz 600 StreamFeaturesFuzz</pre>
 */
class StreamFeaturesFuzz {
  @FuzzTest(maxDuration = "100h")
  void everyListIsRead(byte[] content) {
    Element element = FirstElement.in(content);
    if (element == null) {
      return;
    }
    StreamFeatures read = StreamFeatures.parse(element);
    assertThat(read.unknownRequired()).hasSizeLessThanOrEqualTo(8);
    StreamFeatures offered =
        StreamFeatures.offer(
            read.startTls(), read.startTlsRequired(), read.external(), read.dialback(), null);
    assertThat(StreamFeatures.parse(offered.toElement())).isEqualTo(offered);
    StreamError error = StreamError.parse(element);
    assertThat(StreamError.parse(error.toElement()).condition()).isEqualTo(error.condition());
  }
}
