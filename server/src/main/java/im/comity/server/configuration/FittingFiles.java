package im.comity.server.configuration;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which files fit the schema, so that an unchanged one need not be held against it at
 * each start, which takes a quarter of a start. A file is known by a digest of its text, of the
 * schema and of what tells one build of this program from another: whatever changes of them, it is
 * checked whole. All that the schema does not say, such as whether certificates are still good, is
 * looked at every time.
 *
 * <p>At most {@value #MOST} digests are kept, in a file to which whoever can write it can only add
 * what the program then has to read without the schema's help; it belongs where the program lies.
 */
public final class FittingFiles {
  /** How many files are remembered, the latest. */
  static final int MOST = 16;

  /** Remembers nothing. */
  public static final FittingFiles NONE = new FittingFiles(null, "");

  private final @Nullable Path memory;
  private final String program;

  private FittingFiles(@Nullable Path memory, String program) {
    this.memory = memory;
    this.program = program;
  }

  /**
   * Remembers in a file. A program that does not lie in a jar changes without notice: it remembers
   * nothing.
   *
   * @param memory need not exist; if it cannot be read or written, nothing is remembered
   */
  public static FittingFiles in(Path memory) {
    CodeSource source = FittingFiles.class.getProtectionDomain().getCodeSource();
    try {
      Path program = source == null ? null : Path.of(source.getLocation().toURI());
      return program == null || !Files.isRegularFile(program) ? NONE : in(memory, program);
    } catch (URISyntaxException | IOException e) {
      return NONE;
    }
  }

  /** The same for a program in a certain file. */
  static FittingFiles in(Path memory, Path program) throws IOException {
    return new FittingFiles(
        memory, Files.size(program) + " " + Files.getLastModifiedTime(program).toMillis());
  }

  /** Whether a file with this text is known to fit. */
  boolean knows(String text) {
    return memory != null && read(memory).contains(digest(text));
  }

  /** A file with this text fits. */
  void remember(String text) {
    Path place = memory;
    if (place == null) {
      return;
    }
    List<String> digests = new ArrayList<>(read(place));
    digests.add(digest(text));
    Path fresh = place.resolveSibling(place.getFileName() + "." + ProcessHandle.current().pid());
    try {
      Files.write(fresh, digests.subList(Math.max(0, digests.size() - MOST), digests.size()));
      Files.move(fresh, place, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // It is checked again the next time.
    }
  }

  private static List<String> read(Path place) {
    try {
      // A file of ours is small; another one is not read to its end.
      return Files.size(place) > 4_096 ? List.of() : Files.readAllLines(place);
    } catch (IOException e) {
      return List.of();
    }
  }

  private String digest(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (String part : List.of(program, SchemaCheck.text(), text)) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        sha.update((bytes.length + "\n").getBytes(StandardCharsets.UTF_8));
        sha.update(bytes);
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
