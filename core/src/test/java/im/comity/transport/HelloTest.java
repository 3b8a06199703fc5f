package im.comity.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HelloTest {
  private static final String SNI = "0000" + "0010" + "000e" + "00" + "000b" + hex("A.b.Example");
  private static final String ALPN = "0010" + "000e" + "000c" + "0b" + hex("xmpp-server");
  private static final String EMS = "0017" + "0000";

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(UTF_8));
  }

  private static byte[] message(int type, String body) {
    byte[] bytes = HexFormat.of().parseHex(body);
    return HexFormat.of()
        .parseHex("%02x%06x".formatted(type, bytes.length) + HexFormat.of().formatHex(bytes));
  }

  private static byte[] clientHello(String... extensions) {
    String all = String.join("", extensions);
    return message(
        1,
        "0303"
            + "00".repeat(32)
            + "02abcd"
            + "0004c02bc02f"
            + "0100"
            + "%04x".formatted(all.length() / 2)
            + all);
  }

  private static byte[] serverHello(String... extensions) {
    String all = String.join("", extensions);
    return message(
        2,
        "0303" + "00".repeat(32) + "00" + "c02b" + "00" + "%04x".formatted(all.length() / 2) + all);
  }

  /** Cuts a message into records of at most so many bytes. */
  private static byte[] records(byte[] message, int size) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < message.length; at += size) {
      int length = Math.min(size, message.length - at);
      out.writeBytes(new byte[] {22, 3, 1, (byte) (length >> 8), (byte) length});
      out.write(message, at, length);
    }
    return out.toByteArray();
  }

  @Test
  void everythingIsReadOutOfAClientHelloHoweverItIsCut() {
    byte[] message = clientHello(SNI, EMS, ALPN);
    for (int size = 1; size <= message.length; size++) {
      byte[] records = records(message, size);
      ByteBuf in = Unpooled.wrappedBuffer(records);
      for (int i = 0; i < records.length; i++) {
        assertThat(Hello.read(in.slice(0, i))).isNull();
      }
      Hello hello = Hello.read(in);
      assertThat(hello.serverName()).isEqualTo("a.b.example");
      assertThat(hello.extendedMasterSecret()).isTrue();
      assertThat(hello.protocols()).containsExactly("xmpp-server");
      assertThat(in.readerIndex()).isZero();
    }
  }

  @Test
  void whatIsNotThereIsNotSeen() {
    Hello hello = Hello.read(Unpooled.wrappedBuffer(records(clientHello(), 100)));
    assertThat(hello).isEqualTo(new Hello(false, null, null));
  }

  @Test
  void theExtendedMasterSecretIsReadOutOfAServerHello() {
    Hello with = Hello.read(Unpooled.wrappedBuffer(records(serverHello("00000000", EMS), 100)));
    assertThat(with).isEqualTo(new Hello(true, null, null));
    Hello without = Hello.read(Unpooled.wrappedBuffer(records(serverHello("ff01000100"), 100)));
    assertThat(without.extendedMasterSecret()).isFalse();
    byte[] bare = message(2, "0303" + "00".repeat(32) + "00" + "c02b" + "00");
    assertThat(Hello.read(Unpooled.wrappedBuffer(records(bare, 100)))).isEqualTo(Hello.UNREADABLE);
  }

  @Test
  void whatIsNoHandshakeIsLeftToTheImplementation() {
    for (String text : new String[] {"<stream:stream>", "\u0015\3\3\0\2\2(", "\0"}) {
      assertThat(Hello.read(Unpooled.wrappedBuffer(text.getBytes(UTF_8))))
          .isSameAs(Hello.UNREADABLE);
    }
  }

  @Test
  void aMessageThatIsTooLongIsLeftToTheImplementation() {
    ByteBuf in = Unpooled.buffer();
    in.writeBytes(new byte[] {22, 3, 1, 0, 4, 1, (byte) 0xff, (byte) 0xff, (byte) 0xff});
    assertThat(Hello.read(in)).isSameAs(Hello.UNREADABLE);
  }

  @Test
  void noBytesMakeItFail() {
    Random random = new Random(7);
    byte[] good = records(clientHello(SNI, EMS, ALPN), 50);
    for (int round = 0; round < 100_000; round++) {
      byte[] bad = good.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      Hello.read(Unpooled.wrappedBuffer(Arrays.copyOf(bad, random.nextInt(bad.length + 1))));
    }
  }
}
