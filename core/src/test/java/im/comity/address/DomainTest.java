package im.comity.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import im.comity.address.AddressFormatException.Part;
import im.comity.testkit.Clause;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DomainTest {
  private static final String LABEL_63 = "a".repeat(63);

  @ParameterizedTest
  @CsvSource({
    "south.example, south.example, south.example",
    "SOUTH.Example, south.example, south.example",
    "localhost, localhost, localhost",
    "7.south-1.example, 7.south-1.example, 7.south-1.example",
    "bücher.example, bücher.example, xn--bcher-kva.example",
    "BÜCHER.example, bücher.example, xn--bcher-kva.example",
    "bu\u0308cher.example, bücher.example, xn--bcher-kva.example",
    "faß.de, faß.de, xn--fa-hia.de",
    "βόλος.com, βόλος.com, xn--nxasmm1c.com",
    "ｓｏｕｔｈ．example, south.example, south.example",
    "south。example, south.example, south.example",
    "例え.テスト, 例え.テスト, xn--r8jz45g.xn--zckzah",
    "l·l.example, l·l.example, xn--ll-0ea.example",
    "نامه\u200cای.com, نامه\u200cای.com, xn--mgba3gch31f060k.com",
  })
  @Clause({"S2S-JID-04", "S2S-DNS-19"})
  void aNameIsMappedAndHasOneFormForTheWireAndOneForDns(String text, String wire, String ascii)
      throws AddressFormatException {
    Domain domain = Domain.of(text);

    assertThat(domain).hasToString(wire).isEqualTo(Domain.of(wire)).isEqualTo(Domain.of(ascii));
    assertThat(domain.hashCode()).isEqualTo(Domain.of(ascii).hashCode());
    assertThat(domain.ascii()).isEqualTo(ascii);
    assertThat(domain.isIpLiteral()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "xn--bcher-kva.example, bücher.example",
    "XN--BCHER-KVA.example, bücher.example",
    "xn--fa-hia.de, faß.de",
    "xn--e1afmkfd.xn--p1ai, пример.рф"
  })
  @Clause("S2S-JID-03")
  void anALabelBecomesItsULabel(String ascii, String unicode) throws AddressFormatException {
    assertThat(Domain.of(ascii)).hasToString(unicode).isEqualTo(Domain.of(unicode));
  }

  @Test
  void lettersThatOtherMappingsConfuseAreDifferentDomains() throws AddressFormatException {
    assertThat(Domain.of("faß.de")).isNotEqualTo(Domain.of("fass.de"));
    assertThat(Domain.of("βόλος.com")).isNotEqualTo(Domain.of("βόλοσ.com"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "_xmpp.south.example",
        "so uth.example",
        "south.example/x",
        "a@south.example",
        "south..example",
        ".south.example",
        "-south.example",
        "south-.example",
        "south.example-",
        "ab--cd.example", // reserved: neither NR-LDH nor an A-label
        "xn--.example",
        "xn--a.example",
        "xn--zzzzzz999.example",
        "xn--abc-.example", // an A-label that hides plain ASCII
        "xn--fass-.de",
        "xn--Bu\u0308cher.example",
        "♥.example",
        "xn--g6h.example", // the same heart
        "💩.example",
        "ب\u0640ب.example", // tatweel
        "\u3031.example", // a repeat mark, of category Lm
        "\u1100\u1161.example\u1112", // old Hangul jamo at the end
        "\u0301a.example", // begins with a combining mark
        "a\u200db.example", // a joiner without its context
        "l·a.example", // the middle dot belongs between two l
        "אa.example", // both directions in one label
        "a\u2100b.example", // becomes a/c: split before mapping, so here it is an error
        "a\ufe6bb.example", // small commercial at
        "a\u0000b",
        "a\ud800b.example",
        "a\u202eb.example",
        "south.example\u3002", // a mapped dot at the end is no trailing dot
      })
  @Clause("S2S-JID-03")
  void whatIsNeitherNrLdhNorULabelIsRefused(String text) {
    AddressFormatException refused =
        catchThrowableOfType(AddressFormatException.class, () -> Domain.of(text));

    assertThat(refused).as(text).isNotNull();
    assertThat(refused.part()).isEqualTo(Part.DOMAIN);
  }

  @Test
  @Clause("S2S-JID-02")
  void oneTrailingDotIsStrippedBeforeAnythingElse() throws AddressFormatException {
    assertThat(Domain.of("south.example.")).isEqualTo(Domain.of("south.example"));
    assertThat(Domain.of("bücher.example.")).isEqualTo(Domain.of("bücher.example"));
    assertThat(Domain.of("192.0.2.1.")).isEqualTo(Domain.of("192.0.2.1"));
    assertThatThrownBy(() -> Domain.of("south.example.."))
        .isInstanceOf(AddressFormatException.class);
    assertThatThrownBy(() -> Domain.of(".")).isInstanceOf(AddressFormatException.class);
    assertThatThrownBy(() -> Domain.of("")).isInstanceOf(AddressFormatException.class);
  }

  @Test
  @Clause("S2S-JID-01")
  void aDomainpartHasUpTo1023OctetsOfUtf8() throws AddressFormatException {
    String longest = (LABEL_63 + ".").repeat(15) + LABEL_63;
    assertThat(longest).hasSize(1023);
    assertThat(Domain.of(longest)).hasToString(longest);
    assertThat(Domain.of(longest + ".")).hasToString(longest);
    assertThatThrownBy(() -> Domain.of("a." + longest)).isInstanceOf(AddressFormatException.class);

    String wide = ("ü".repeat(50) + ".").repeat(10) + "ü".repeat(6) + "a";
    assertThat(Domain.octets(wide)).isEqualTo(1023);
    Domain domain = Domain.of(wide);
    assertThat(domain).hasToString(wide).isEqualTo(Domain.of(domain.ascii()));
    assertThatThrownBy(() -> Domain.of(wide + "a")).isInstanceOf(AddressFormatException.class);
    // One octet too many in the prepared form only: as A-labels the name is short.
    String ascii = domain.ascii().replaceFirst("xn--[^.]+$", Domain.of("üüüüüüaa").ascii());
    assertThat(ascii).hasSizeLessThan(700);
    assertThatThrownBy(() -> Domain.of(ascii)).isInstanceOf(AddressFormatException.class);
    // Too long as A-labels only: DNS could never be asked.
    assertThatThrownBy(() -> Domain.of("ü." + "ü.".repeat(200)))
        .isInstanceOf(AddressFormatException.class);
  }

  @Test
  void aLabelHasUpTo63OctetsInItsAsciiForm() throws AddressFormatException {
    assertThat(Domain.of(LABEL_63 + ".example")).hasToString(LABEL_63 + ".example");
    assertThatThrownBy(() -> Domain.of(LABEL_63 + "a.example"))
        .isInstanceOf(AddressFormatException.class);

    String wide = "ü" + "a".repeat(55);
    assertThat(Domain.of(wide + ".example").ascii()).startsWith("xn--").hasSize(63 + 8);
    assertThatThrownBy(() -> Domain.of(wide + "aa.example"))
        .isInstanceOf(AddressFormatException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1",
    "0.0.0.0, 0.0.0.0",
    "255.255.255.255, 255.255.255.255",
    "１９２.０.２.１, 192.0.2.1", // mapped to an address, so it is one
    "[2001:db8::1], [2001:db8::1]",
    "[2001:DB8:0:0:0:0:0:1], [2001:db8::1]",
    "[2001:db8:0:1:0:0:0:1], [2001:db8:0:1::1]",
    "[2001:db8:0:1:1:1:1:1], [2001:db8:0:1:1:1:1:1]",
    "[2001:0:0:1:0:0:1:1], [2001::1:0:0:1:1]",
    "[::], [::]",
    "[::1], [::1]",
    "[1::], [1::]",
    "[0:0:0:0:0:0:0:0], [::]",
    "[::ffff:192.0.2.1], [::ffff:c000:201]",
    "[1:2:3:4:5:6:192.0.2.1], [1:2:3:4:5:6:c000:201]",
    "[1:2:3:4:5:6:7::], [1:2:3:4:5:6:7:0]",
  })
  void anIpLiteralHasOneForm(String text, String canonical) throws AddressFormatException {
    Domain domain = Domain.of(text);

    assertThat(domain).hasToString(canonical).isEqualTo(Domain.of(canonical));
    assertThat(domain.isIpLiteral()).isTrue();
    assertThat(domain.ascii()).isEqualTo(canonical);
    assertThat(domain.labels()).containsExactly(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2001:db8::1",
        "[]",
        "[",
        "[::1",
        "[:::]",
        "[:1::]",
        "[1:]",
        "[1::2::3]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[::1:2:3:4:5:6:7:8]",
        "[12345::]",
        "[::g]",
        "[fe80::1%eth0]",
        "[::1]:5269",
        "[::192.0.2]",
        "[::192.0.2.1:1]",
        "[1:2:3:4:5:6:7:192.0.2.1]",
        "[192.0.2.1]",
        "[v1.a]",
        "[：：１]",
        "256.0.2.1",
        "192.0.2",
        "192.0.2.01",
        "192.0.2.1.1",
        "0x7f.1",
        "127.0x1",
        "south.7",
        "south.0x",
        "4294967295",
      })
  void whatOnlySomeProgramsWouldReadAsAnAddressIsRefused(String text) {
    assertThatThrownBy(() -> Domain.of(text)).isInstanceOf(AddressFormatException.class);
  }

  @Test
  void theLabelsOfAName() throws AddressFormatException {
    assertThat(Domain.of("Chat.bücher.example.").labels())
        .containsExactly("chat", "bücher", "example");
  }

  @Test
  void theMessageQuotesTheTextEscapedAndCut() {
    assertThatThrownBy(() -> Domain.of("a\u202e\"\n" + "x".repeat(500)))
        .hasMessageEndingWith(": \"a\\u202e\\\"\\u000a" + "x".repeat(62) + "...\"")
        .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
  }

  @Test
  void plainNamesLoadNoTablesAndOthersDo() throws Exception {
    WatchedLoader loader = new WatchedLoader();
    Method parse = loader.loadClass(Jid.class.getName()).getMethod("parse", String.class);

    parse.invoke(null, "Ann_1.x!@Chat.South-1.example./Home and away");
    parse.invoke(null, "[2001:db8::1]");
    assertThatThrownBy(() -> parse.invoke(null, "a b@south.example"))
        .isInstanceOf(InvocationTargetException.class);
    assertThat(loader.foreign).isEmpty();

    parse.invoke(null, "bücher.example");
    assertThat(loader.foreign).anyMatch(name -> name.startsWith("com.ibm.icu."));
  }

  /** Loads the package anew and writes down every class asked for outside of it and the JDK. */
  private static final class WatchedLoader extends ClassLoader {
    final List<String> foreign = new ArrayList<>();

    WatchedLoader() {
      super(DomainTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("com.ibm.icu.") || name.startsWith("rocks.xmpp.")) {
        foreign.add(name);
      }
      if (!name.startsWith(Domain.class.getPackageName() + ".")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
