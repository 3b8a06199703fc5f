package im.comity.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The sockets of this process, as Linux shows them; on other systems there seem to be none. */
final class OpenSockets {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final Path TABLES = Path.of("/proc/self/net");
  private static final String NAMELESS = "nameless";

  /** The states of {@code /proc/net/tcp}, by the kernel's numbers. */
  private static final List<String> STATES =
      List.of(
          "in no state",
          "established",
          "syn sent",
          "syn received",
          "fin wait 1",
          "fin wait 2",
          "time wait",
          "closed",
          "close wait",
          "last ack",
          "listening",
          "closing");

  private OpenSockets() {}

  /** Their inode numbers. */
  static Set<String> inodes() {
    Set<String> inodes = new HashSet<>();
    if (!Files.isDirectory(DESCRIPTORS)) {
      return inodes;
    }
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : descriptors) {
        String target = target(descriptor);
        if (target.startsWith("socket:[")) {
          inodes.add(target.substring("socket:[".length(), target.length() - 1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return inodes;
  }

  private static String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException e) {
      return "closed since it was listed";
    }
  }

  /** What each of these is, as far as it may be somebody's leak. */
  static List<String> describe(Set<String> inodes) {
    if (inodes.isEmpty()) {
      return List.of();
    }
    Map<String, String> known = new HashMap<>();
    for (String protocol : List.of("tcp", "tcp6", "udp", "udp6")) {
      for (String[] row : rows(protocol)) {
        String state =
            protocol.startsWith("tcp") ? ", " + STATES.get(Integer.parseInt(row[3], 16)) : "";
        known.put(
            row[9],
            "%s %s, peer %s%s".formatted(protocol, address(row[1]), address(row[2]), state));
      }
    }
    for (String[] row : rows("unix")) {
      known.put(row[6], row.length > 7 ? "unix " + row[7] : NAMELESS);
    }
    List<String> described = new ArrayList<>();
    for (String inode : inodes.stream().sorted().toList()) {
      String what = known.getOrDefault(inode, "neither bound nor connected");
      // The runtime keeps a nameless pair for itself once it has closed a channel.
      if (!what.equals(NAMELESS)) {
        described.add("socket " + inode + ": " + what);
      }
    }
    return described;
  }

  /** The table of this protocol without its header, split in columns. */
  private static List<String[]> rows(String protocol) {
    Path table = TABLES.resolve(protocol);
    if (!Files.isReadable(table)) {
      return List.of();
    }
    try {
      return Files.readAllLines(table).stream()
          .skip(1)
          .map(line -> line.strip().split("\\s+"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The kernel writes addresses as words in the byte order of the machine, here little-endian. */
  private static String address(String hex) {
    int colon = hex.indexOf(':');
    byte[] words = HexFormat.of().parseHex(hex, 0, colon);
    byte[] bytes = new byte[words.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = words[i - i % 4 + 3 - i % 4];
    }
    try {
      String host = InetAddress.getByAddress(bytes).getHostAddress();
      return host + " port " + Integer.parseInt(hex, colon + 1, hex.length(), 16);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
