package im.comity.xml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ElementTest {
  private static final Element MESSAGE =
      Element.of("urn:m", "message")
          .attribute("to", "a")
          .attribute("xml", Namespaces.XML, "lang", "de")
          .text("one")
          .text(" two ")
          .child(Element.of("urn:m", "body").text("inner").build())
          .text("")
          .child(Element.of("urn:x", "body").prefix("x").declare("y", "urn:y").build())
          .text("three")
          .build();

  @Test
  void whatWasPutInIsThere() {
    assertThat(MESSAGE.is("urn:m", "message")).isTrue();
    assertThat(MESSAGE.is("urn:x", "message")).isFalse();
    assertThat(MESSAGE.is("urn:m", "body")).isFalse();
    assertThat(MESSAGE.attribute("to")).isEqualTo("a");
    assertThat(MESSAGE.attribute("lang")).isNull();
    assertThat(MESSAGE.attribute(Namespaces.XML, "lang")).isEqualTo("de");
    assertThat(MESSAGE.start().language()).isEqualTo("de");
    assertThat(MESSAGE.attributes()).hasSize(2);
    assertThat(MESSAGE.text()).isEqualTo("one two three");
    assertThat(MESSAGE.children()).hasSize(2);
    assertThat(MESSAGE.nodes()).hasSize(4);
    assertThat(MESSAGE.child("urn:m", "body").text()).isEqualTo("inner");
    assertThat(MESSAGE.child("urn:x", "body").prefix()).isEqualTo("x");
    assertThat(MESSAGE.child("urn:x", "body").declarations()).isEqualTo(Map.of("y", "urn:y"));
    assertThat(MESSAGE.child("urn:y", "body")).isNull();
  }

  @Test
  void aTreeCannotBeChanged() {
    assertThatThrownBy(() -> MESSAGE.nodes().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> MESSAGE.attributes().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    Element declaring = MESSAGE.child("urn:x", "body");
    assertThatThrownBy(() -> declaring.declarations().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    List<Attribute> attributes = new ArrayList<>(List.of(new Attribute("", "a", "", "1")));
    StartTag tag = new StartTag("", "x", "", attributes);
    attributes.clear();
    assertThat(tag.attributes()).hasSize(1);
    Element.Builder builder = Element.of("", "a").text("1");
    Element first = builder.build();
    Element second = builder.text("2").declare("p", "urn:p").attribute("b", "3").build();
    assertThat(first).hasToString("<a>1</a>");
    assertThat(second).hasToString("<a xmlns:p='urn:p' b='3'>12</a>");
  }

  @Test
  void treesAreEqualByWhatTheyContain() {
    Element same = Scan.of("<s>" + MESSAGE).elements().getFirst().tree();
    assertThat(same).hasToString(MESSAGE.toString());
    assertThat(Differential.same(same, MESSAGE)).isTrue();
    assertThat(Element.of("a", "b").build())
        .isEqualTo(Element.of("a", "b").build())
        .hasSameHashCodeAs(Element.of("a", "b").build())
        .isNotEqualTo(Element.of("a", "c").build())
        .isNotEqualTo(Element.of("b", "b").build())
        .isNotEqualTo(Element.of("a", "b").prefix("p").build())
        .isNotEqualTo(Element.of("a", "b").attribute("c", "d").build())
        .isNotEqualTo(Element.of("a", "b").declare("c", "d").build())
        .isNotEqualTo(Element.of("a", "b").text("c").build())
        .isNotEqualTo("<b xmlns='a'/>");
  }

  @Test
  void theSmallNumberOfTextNodesDoesNotDependOnHowTextIsWritten() {
    Element tree = Scan.of("<s><a>1&#50;<![CDATA[3]]>4<b/>5</a>").elements().getFirst().tree();
    assertThat(tree.nodes())
        .containsExactly(new Node.Text("1234"), Element.of("", "b").build(), new Node.Text("5"));
  }
}
