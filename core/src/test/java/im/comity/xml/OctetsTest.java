package im.comity.xml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OctetsTest {
  private final byte[] array = {0, 1, 2, 3, 4, 5};

  @Test
  void aViewShowsAPartOfAnArray() {
    Octets view = Octets.of(array, 1, 5);
    assertThat(view.length()).isEqualTo(4);
    assertThat(view.at(0)).isEqualTo((byte) 1);
    assertThat(view.at(3)).isEqualTo((byte) 4);
    assertThat(view.array()).isSameAs(array);
    assertThat(view.from()).isEqualTo(1);
    assertThat(view.to()).isEqualTo(5);
    assertThat(view.toBytes()).containsExactly(1, 2, 3, 4);
    assertThat(view.slice(1, 3).toBytes()).containsExactly(2, 3);
    assertThat(view.slice(1, 3).array()).isSameAs(array);
    byte[] target = new byte[6];
    view.writeTo(target, 2);
    assertThat(target).containsExactly(0, 0, 1, 2, 3, 4);
  }

  @Test
  void aCopyIsIndependent() {
    Octets copy = Octets.of(array, 1, 5).copy();
    array[1] = 99;
    assertThat(copy.toBytes()).containsExactly(1, 2, 3, 4);
    assertThat(copy.array()).hasSize(4);
  }

  @Test
  void nothingOutsideIsShown() {
    Octets view = Octets.of(array, 1, 5);
    assertThatThrownBy(() -> view.at(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> view.at(4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> view.slice(0, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> view.slice(-1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Octets.of(array, 3, 7)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Octets.of(array, 3, 2)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void viewsAreEqualByTheirBytes() {
    assertThat(Octets.of(array, 1, 3))
        .isEqualTo(Octets.of(new byte[] {1, 2}))
        .hasSameHashCodeAs(Octets.of(new byte[] {1, 2}))
        .isNotEqualTo(Octets.of(array, 1, 4));
    assertThat(Octets.of(array, 2, 2)).isEqualTo(Octets.of(new byte[0]));
    assertThat(Octets.utf8("grün €")).hasToString("grün €");
    assertThat(Octets.utf8("grün").length()).isEqualTo(5);
  }
}
