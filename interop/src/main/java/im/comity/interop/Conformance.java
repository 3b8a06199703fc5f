package im.comity.interop;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The conformance report: which test holds us to which row of the ledgers.
 *
 * <p>Reads the ledgers {@code doc/spec/streams.md} and {@code trust.md}, what of them belongs to
 * later work ({@code later.txt}), and the {@code @Clause} annotations in the sources of all tests,
 * and writes CONFORMANCE.md. It reads sources and not classes, so that it needs no build, and only
 * the JDK, so that {@code java Conformance.java FOLDER} writes the report.
 *
 * @param sections the sections of the ledgers that have rows, in order
 * @param citations the tests that cite an ID, as {@code Class.method} or {@code Class}
 * @param problems what is wrong with a ledger, an annotation or {@code later.txt}; a sentence each
 */
public record Conformance(
    List<Section> sections, SortedMap<String, SortedSet<String>> citations, List<String> problems) {

  /** The file that is made, in the root of the repository. */
  public static final String FILE = "CONFORMANCE.md";

  /** Levels that ask for a test each; SHOULD and MAY are only counted. */
  private static final List<String> BINDING =
      List.of("MUST", "MUST NOT", "DERIVED", "INTEROP", "own", "seed", Row.NO_LEVEL);

  private static final List<String> LEVELS =
      List.of(
          "MUST",
          "MUST NOT",
          "DERIVED",
          "INTEROP",
          "own",
          "seed",
          Row.NO_LEVEL,
          "SHOULD",
          "SHOULD NOT",
          "MAY",
          "-");

  private static final int SHORT = 160;

  /**
   * One requirement.
   *
   * @param level as the ledger writes it, or {@link #NO_LEVEL} in a table without that column
   * @param later whether it belongs to later work
   */
  public record Row(String id, String source, String level, String requirement, boolean later) {
    static final String NO_LEVEL = "table";

    boolean binding() {
      return BINDING.contains(level);
    }
  }

  /**
   * One section of a ledger.
   *
   * @param ledger {@code streams} or {@code trust}
   * @param number as in its heading, for example {@code 13.2} or {@code A1}
   */
  public record Section(String ledger, String number, String title, List<Row> rows) {}

  /**
   * Writes the report of the repository in the folder that is the only argument.
   *
   * @throws IllegalStateException if the sources have problems: all of them in its message
   */
  public static void main(String[] args) throws IOException {
    Path root = Path.of(args.length > 0 ? args[0] : ".");
    Conformance conformance = of(root);
    if (!conformance.problems().isEmpty()) {
      throw new IllegalStateException(String.join("\n", conformance.problems()));
    }
    Files.writeString(root.resolve(FILE), conformance.markdown());
  }

  /** Reads the ledgers and the sources of the tests below a folder. */
  public static Conformance of(Path root) throws IOException {
    List<String> problems = new ArrayList<>();
    Path spec = root.resolve("doc/spec");
    List<Section> sections = new ArrayList<>();
    for (String ledger : List.of("streams", "trust")) {
      sections.addAll(ledger(ledger, Files.readString(spec.resolve(ledger + ".md")), problems));
    }
    sections = withLater(sections, Files.readString(spec.resolve("later.txt")), problems);
    SortedMap<String, SortedSet<String>> citations = new TreeMap<>();
    for (Path source : testSources(root)) {
      for (Citation citation :
          citations(root.relativize(source).toString(), Files.readString(source), problems)) {
        citations.computeIfAbsent(citation.id(), _ -> new TreeSet<>()).add(citation.test());
      }
    }
    Set<String> known = new HashSet<>();
    for (Section section : sections) {
      for (Row row : section.rows()) {
        if (!known.add(row.id())) {
          problems.add(section.ledger() + ".md: " + row.id() + " stands there twice");
        }
      }
    }
    citations.forEach(
        (id, tests) -> {
          if (!known.contains(id)) {
            problems.add(
                String.join(", ", tests) + ": @Clause(\"" + id + "\") is in no ledger of doc/spec");
          }
        });
    return new Conformance(sections, citations, problems);
  }

  private static List<Path> testSources(Path root) throws IOException {
    List<Path> sources = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = String.valueOf(folder.getFileName());
            boolean skipped = name.equals("target") || name.startsWith(".");
            return skipped && !folder.equals(root)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String path = root.relativize(file).toString().replace('\\', '/');
            if (path.matches("[^/]+/src/test/java/.*\\.java")) {
              sources.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    sources.sort(null);
    return sources;
  }

  // ---- the ledgers ---------------------------------------------------------------------------

  private static final Pattern HEADING =
      Pattern.compile("#{1,3} (?:Part )?(\\d+(?:\\.\\d+)?[a-z]?|[A-Z]\\d?)\\.? (.*)");

  private static final Pattern ID = Pattern.compile("(?:S2S|DNA)-[A-Z0-9]+-\\d+");

  /** Reads the rows of all tables whose first column is an ID, in the columns they have. */
  static List<Section> ledger(String ledger, String text, List<String> problems) {
    List<Section> sections = new ArrayList<>();
    List<String> columns = List.of();
    String previous = "";
    int lineNumber = 0;
    for (String line : text.lines().toList()) {
      lineNumber++;
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        sections.add(
            new Section(ledger, heading.group(1), heading.group(2).strip(), new ArrayList<>()));
        columns = List.of();
      } else if (line.matches("\\|[\\s:|-]+\\|")) {
        columns = cells(previous);
      } else if (!line.startsWith("|")) {
        columns = List.of();
      } else if (!columns.isEmpty() && columns.getFirst().matches("(?:Row )?ID")) {
        List<String> cells = cells(line);
        String where = ledger + ".md:" + lineNumber + ": ";
        if (cells.size() != columns.size()) {
          problems.add(
              where
                  + "the row has "
                  + cells.size()
                  + " cells under "
                  + columns.size()
                  + " columns");
        } else if (!ID.matcher(cells.getFirst()).matches()) {
          problems.add(where + "\"" + cells.getFirst() + "\" is no ID");
        } else if (sections.isEmpty()) {
          problems.add(where + "a row before the first section");
        } else {
          Row row = row(columns, cells);
          if (!LEVELS.contains(row.level())) {
            problems.add(where + "\"" + row.level() + "\" is no level");
          }
          sections.getLast().rows().add(row);
        }
      }
      previous = line;
    }
    sections.removeIf(section -> section.rows().isEmpty());
    return sections;
  }

  private static Row row(List<String> columns, List<String> cells) {
    Map<String, String> byName = new LinkedHashMap<>();
    for (int i = 1; i < columns.size(); i++) {
      byName.put(columns.get(i), cells.get(i));
    }
    String source = byName.getOrDefault("Source", "");
    String level = byName.getOrDefault("Level", Row.NO_LEVEL);
    String requirement = byName.get("Requirement");
    if (requirement == null) {
      byName.remove("Source");
      byName.remove("Level");
      requirement = String.join(" · ", byName.values());
    }
    boolean later = level.endsWith("(later)");
    return new Row(
        cells.getFirst(),
        source,
        later ? level.replace("(later)", "").strip() : level,
        requirement,
        later);
  }

  private static List<String> cells(String line) {
    String inner = line.strip();
    inner = inner.substring(1, inner.endsWith("|") ? inner.length() - 1 : inner.length());
    List<String> cells = new ArrayList<>();
    for (String cell : inner.split("\\|", -1)) {
      cells.add(cell.strip());
    }
    return cells;
  }

  private static List<Section> withLater(
      List<Section> sections, String text, List<String> problems) {
    Set<String> later = new HashSet<>();
    for (String line : text.lines().map(String::strip).toList()) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      List<String> words = List.of((line + " -").split("\\s+"));
      boolean single = words.get(1).equals("rows");
      Set<String> named = new HashSet<>(words.subList(2, words.size()));
      named.removeAll(Set.of("except", "-"));
      Set<String> rows = new HashSet<>();
      for (Section section : sections) {
        boolean covered = section.ledger().equals(words.getFirst());
        if (covered && (single || covers(words.get(1), section.number()))) {
          for (Row row : section.rows()) {
            if (named.remove(row.id()) == single) {
              rows.add(row.id());
            }
          }
        }
      }
      if (rows.isEmpty() || !named.isEmpty()) {
        problems.add("later.txt: \"" + line + "\" names what is not in the ledger");
      }
      later.addAll(rows);
    }
    return sections.stream()
        .map(
            section ->
                new Section(
                    section.ledger(),
                    section.number(),
                    section.title(),
                    section.rows().stream()
                        .map(
                            row ->
                                later.contains(row.id())
                                    ? new Row(
                                        row.id(),
                                        row.source(),
                                        row.level(),
                                        row.requirement(),
                                        true)
                                    : row)
                        .toList()))
        .toList();
  }

  /** Whether a section is the one named or lies below it: 13 and 13.2, 7 and 7a, A and A1. */
  private static boolean covers(String named, String number) {
    if (number.equals(named) || !number.startsWith(named)) {
      return number.equals(named);
    }
    boolean nextIsDigit = Character.isDigit(number.charAt(named.length()));
    return nextIsDigit != Character.isDigit(named.charAt(0));
  }

  // ---- the tests -----------------------------------------------------------------------------

  /** A test, as {@code Class.method} or {@code Class}, and an ID that it cites. */
  record Citation(String id, String test) {}

  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<comment>//[^\\n]*|/\\*.*?\\*/)"
              + "|(?<text>\"\"\"[^\"\\\\]*+(?:(?:\\\\.|\"(?!\"\"))[^\"\\\\]*+)*+\"\"\")"
              + "|\"(?<string>[^\"\\\\\\n]*+(?:\\\\.[^\"\\\\\\n]*+)*+)\""
              + "|(?<character>'(?:\\\\.[^']*|[^'\\\\])')"
              + "|(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*+)"
              + "|(?<symbol>\\S)",
          Pattern.DOTALL);

  private enum Kind {
    STRING,
    WORD,
    SYMBOL
  }

  private record Token(Kind kind, String text) {
    boolean is(String symbolOrWord) {
      return kind != Kind.STRING && text.equals(symbolOrWord);
    }
  }

  private static List<Token> tokens(String source) {
    List<Token> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(source);
    while (matcher.find()) {
      if (matcher.group("text") != null) {
        tokens.add(new Token(Kind.STRING, matcher.group("text")));
      } else if (matcher.group("string") != null) {
        tokens.add(new Token(Kind.STRING, matcher.group("string")));
      } else if (matcher.group("word") != null) {
        tokens.add(new Token(Kind.WORD, matcher.group("word")));
      } else if (matcher.group("symbol") != null) {
        tokens.add(new Token(Kind.SYMBOL, matcher.group("symbol")));
      }
    }
    tokens.add(new Token(Kind.SYMBOL, "")); // so that looking one ahead is always allowed
    return tokens;
  }

  private record OpenType(String name, int depth) {}

  /**
   * Finds the {@code @Clause} annotations of a source file. Only string literals are read, alone or
   * in braces; a constant in their place, or an annotation that stands on neither a method nor a
   * type, is a problem.
   */
  static List<Citation> citations(String file, String source, List<String> problems) {
    List<Citation> citations = new ArrayList<>();
    List<Token> tokens = tokens(source);
    Deque<OpenType> open = new ArrayDeque<>();
    List<String> pending = new ArrayList<>();
    String declared = "";
    int depth = 0;
    int parentheses = 0;
    for (int i = 0; i < tokens.size() - 1; i++) {
      Token token = tokens.get(i);
      Token next = tokens.get(i + 1);
      if (token.is("@") && next.kind() == Kind.WORD && !next.is("interface")) {
        i++;
        while (tokens.get(i + 1).is(".") && tokens.get(i + 2).kind() == Kind.WORD) {
          i += 2;
        }
        boolean clause = tokens.get(i).is("Clause");
        int end = tokens.get(i + 1).is("(") ? closing(tokens, i + 1) : i;
        if (clause) {
          pending.addAll(literals(file, tokens.subList(i + 1, end + 1), problems));
        }
        i = end;
      } else if (declaresType(tokens, i)) {
        declared = next.text();
        String type = path(open, declared);
        pending.forEach(id -> citations.add(new Citation(id, type)));
        pending.clear();
        i++;
      } else if (token.is("{")) {
        depth++;
        if (!declared.isEmpty() && parentheses == 0) {
          open.push(new OpenType(declared, depth));
          declared = "";
        }
      } else if (token.is("}")) {
        if (!open.isEmpty() && open.peek().depth() == depth) {
          open.pop();
        }
        depth--;
      } else if (token.is("(")) {
        boolean member = !open.isEmpty() && open.peek().depth() == depth && parentheses == 0;
        if (member && !pending.isEmpty() && i > 0 && tokens.get(i - 1).kind() == Kind.WORD) {
          String test = path(open, tokens.get(i - 1).text());
          pending.forEach(id -> citations.add(new Citation(id, test)));
          pending.clear();
        }
        parentheses++;
      } else if (token.is(")")) {
        parentheses--;
      } else if (token.is(";") && !pending.isEmpty() && parentheses == 0) {
        problems.add(file + ": @Clause(" + pending + ") stands on neither a method nor a type");
        pending.clear();
      }
    }
    return citations;
  }

  private static boolean declaresType(List<Token> tokens, int i) {
    Token token = tokens.get(i);
    Token name = tokens.get(i + 1);
    if (token.kind() != Kind.WORD
        || name.kind() != Kind.WORD
        || (i > 0 && tokens.get(i - 1).is("."))) {
      return false;
    }
    return switch (token.text()) {
      case "class", "interface", "enum" -> true;
      // Elsewhere "record" is a name like any other.
      case "record" -> tokens.get(i + 2).is("(") || tokens.get(i + 2).is("<");
      default -> false;
    };
  }

  private static int closing(List<Token> tokens, int opening) {
    int depth = 0;
    for (int i = opening; i < tokens.size(); i++) {
      if (tokens.get(i).is("(")) {
        depth++;
      } else if (tokens.get(i).is(")") && --depth == 0) {
        return i;
      }
    }
    return tokens.size() - 2;
  }

  private static List<String> literals(String file, List<Token> arguments, List<String> problems) {
    List<String> ids = new ArrayList<>();
    for (Token token : arguments) {
      if (token.kind() == Kind.STRING) {
        ids.add(token.text());
      } else if (!token.text().matches("[(){},=]|value")) {
        problems.add(file + ": @Clause takes string literals only, not \"" + token.text() + "\"");
      }
    }
    if (ids.isEmpty()) {
      problems.add(file + ": @Clause without an ID");
    }
    return ids;
  }

  private static String path(Deque<OpenType> open, String name) {
    StringBuilder path = new StringBuilder();
    open.descendingIterator().forEachRemaining(type -> path.append(type.name()).append('.'));
    return path.append(name).toString();
  }

  // ---- the report ----------------------------------------------------------------------------

  /** The report as Markdown. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        # Conformance

        Which test holds us to which requirement. Made by `build/conformance` from the ledgers in
        [doc/spec](doc/spec) and the `@Clause` annotations of the tests; do not edit it. A test cites a row
        only if it fails when the row is broken. The level "table" stands for rows of a table that states
        what is done and gives no level; "later" for rows that belong to later work
        ([later.txt](doc/spec/later.txt)).

        ## Summary

        | Level | Rows | With a test | Without | Later, without |
        | --- | ---: | ---: | ---: | ---: |
        """);
    for (String level : LEVELS) {
      long[] counts = counts(level);
      out.append(
          "| %s | %d | %d | %d | %d |%n"
              .formatted(level, counts[0], counts[1], counts[2], counts[3])
              .replace("\r\n", "\n"));
    }
    out.append("\n## Binding rows without a test\n\n");
    out.append("MUST, MUST NOT, DERIVED, INTEROP, own, seed and table rows that are not later.\n");
    for (Section section : sections) {
      String missing =
          section.rows().stream()
              .filter(row -> row.binding() && !row.later() && !citations.containsKey(row.id()))
              .map(Row::id)
              .collect(Collectors.joining(", "));
      if (!missing.isEmpty()) {
        out.append("\n- ").append(title(section)).append(": ").append(missing);
      }
    }
    out.append('\n');
    String ledger = "";
    for (Section section : sections) {
      if (!section.ledger().equals(ledger)) {
        ledger = section.ledger();
        out.append("\n## doc/spec/").append(ledger).append(".md\n");
      }
      out.append("\n### ").append(title(section)).append("\n\n");
      out.append(
          "| ID | Source | Level | Requirement | Tests |\n| --- | --- | --- | --- | --- |\n");
      for (Row row : section.rows()) {
        Set<String> tests = citations.getOrDefault(row.id(), new TreeSet<>());
        out.append("| ").append(row.id());
        out.append(" | ").append(row.source());
        out.append(" | ").append(row.level());
        out.append(" | ").append(brief(row.requirement())).append(" | ");
        out.append(
            !tests.isEmpty()
                ? tests.stream().map(test -> "`" + test + "`").collect(Collectors.joining("<br>"))
                : row.later() ? "later" : "");
        out.append(" |\n");
      }
    }
    return out.toString();
  }

  private static String title(Section section) {
    return section.ledger() + " " + section.number() + " " + section.title();
  }

  /** Rows, those with a test, those without, and those without that belong to later work. */
  private long[] counts(String level) {
    long[] counts = new long[4];
    for (Section section : sections) {
      for (Row row : section.rows()) {
        if (row.level().equals(level)) {
          counts[0]++;
          counts[citations.containsKey(row.id()) ? 1 : row.later() ? 3 : 2]++;
        }
      }
    }
    return counts;
  }

  /** The beginning of a requirement, cut between words and not inside a span of code. */
  static String brief(String requirement) {
    if (requirement.length() <= SHORT) {
      return requirement;
    }
    String cut = requirement.substring(0, requirement.lastIndexOf(' ', SHORT));
    if (cut.chars().filter(c -> c == '`').count() % 2 == 1) {
      cut = cut.substring(0, cut.lastIndexOf('`')).stripTrailing();
    }
    return cut + " …";
  }
}
