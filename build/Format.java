import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks or rewrites the format of every Java file below a folder: {@code Format check|write DIR}.
 */
final class Format {
  public static void main(String[] args) throws Exception {
    boolean write = args[0].equals("write");
    Path root = Path.of(args[1]);
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            String name = dir.getFileName().toString();
            return name.equals("target") || name.startsWith(".") && !dir.equals(root)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    List<Path> wrong =
        files.parallelStream().filter(file -> !isRight(file, write)).sorted().toList();
    wrong.forEach(file -> System.err.println("not formatted: " + root.relativize(file)));
    if (!wrong.isEmpty()) {
      System.err.println(
          wrong.size() + " files to format: mvn -N generate-sources -Dformat.mode=write");
      System.exit(1);
    }
  }

  private static boolean isRight(Path file, boolean write) {
    try {
      String before = Files.readString(file);
      String after =
          new Formatter(JavaFormatterOptions.defaultOptions())
              .formatSource(
                  RemoveUnusedImports.removeUnusedImports(
                      ImportOrderer.reorderImports(before, JavaFormatterOptions.Style.GOOGLE)));
      if (write && !after.equals(before)) {
        Files.writeString(file, after);
      }
      return write || after.equals(before);
    } catch (Exception e) {
      throw new IllegalStateException(file.toString(), e);
    }
  }
}
