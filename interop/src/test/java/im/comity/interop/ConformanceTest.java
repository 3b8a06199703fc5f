package im.comity.interop;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.interop.Conformance.Citation;
import im.comity.interop.Conformance.Row;
import im.comity.interop.Conformance.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceTest {
  private final List<String> problems = new ArrayList<>();

  // ---- this repository -----------------------------------------------------------------------

  @Test
  void theReportIsWhatLedgersAndTestsSay() throws IOException {
    Path root = root();
    Conformance conformance = Conformance.of(root);
    assertThat(conformance.problems()).isEmpty();
    assertThat(Files.readString(root.resolve(Conformance.FILE)))
        .as("CONFORMANCE.md is stale: run build/conformance and commit it")
        .isEqualTo(conformance.markdown());
  }

  @Test
  void noRowOfALedgerIsLost() throws IOException {
    Path spec = root().resolve("doc/spec");
    long lines =
        Files.readString(spec.resolve("streams.md")).lines().filter(ConformanceTest::isRow).count()
            + Files.readString(spec.resolve("trust.md"))
                .lines()
                .filter(ConformanceTest::isRow)
                .count();
    assertThat(Conformance.of(root()).sections().stream().mapToLong(s -> s.rows().size()).sum())
        .isEqualTo(lines)
        .isGreaterThan(900);
  }

  private static boolean isRow(String line) {
    return line.matches("\\| (S2S|DNA)-[A-Z0-9]+-\\d+ \\|.*");
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("doc/spec/streams.md"))) {
      folder = folder.getParent();
    }
    return folder;
  }

  // ---- annotations ---------------------------------------------------------------------------

  @Test
  void aClauseBelongsToTheMethodItStandsOn() {
    assertThat(
            citations(
                """
                package a;
                class OneTest {
                  @Test
                  @Clause("S2S-DB-21")
                  void first() {}

                  @Clause({"S2S-DB-22", "DNA-GEN-01"})
                  @ParameterizedTest(name = "{0} (x)")
                  @ValueSource(strings = {"a(", "b;"})
                  <T extends Comparable<T>> void second(String a) throws IOException {
                    call("@Clause(\\"S2S-DB-23\\")"); // @Clause("S2S-DB-24")
                    /* @Clause("S2S-DB-25") void third() {} */
                    char c = '"', d = '{', e = '\\'';
                  }
                }
                """))
        .containsExactly(
            new Citation("S2S-DB-21", "OneTest.first"),
            new Citation("S2S-DB-22", "OneTest.second"),
            new Citation("DNA-GEN-01", "OneTest.second"));
    assertThat(problems).isEmpty();
  }

  @Test
  void aClauseOnATypeStandsForAllItsTests() {
    assertThat(
            citations(
                """
                @Clause(value = "S2S-XML-01") @Tag("x")
                abstract sealed class Contract permits A {
                  @Nested
                  @im.comity.testkit.Clause(value = {"S2S-XML-02",})
                  final class WhenClosed {
                    @Clause("S2S-XML-03") @Test void itStaysClosed() { new Object() { void f() {} }; }
                  }

                  record Sample(String record) {}

                  @Clause("S2S-XML-04") @Test void after() { record(1); Contract.class.getName(); }
                }
                """))
        .containsExactly(
            new Citation("S2S-XML-01", "Contract"),
            new Citation("S2S-XML-02", "Contract.WhenClosed"),
            new Citation("S2S-XML-03", "Contract.WhenClosed.itStaysClosed"),
            new Citation("S2S-XML-04", "Contract.after"));
    assertThat(problems).isEmpty();
  }

  @Test
  void textBlocksAndLongTextsAreSteppedOver() {
    String longText = "x\\\\n".repeat(20_000);
    assertThat(
            citations(
                "class A { String s = \"\"\"\n \" \"\" \\\"\"\" } @Clause(\"S2S-XML-01\")\n\"\"\"; String t = \""
                    + longText
                    + "\"; @Clause(\"S2S-XML-02\") void b() {} }"))
        .containsExactly(new Citation("S2S-XML-02", "A.b"));
    assertThat(problems).isEmpty();
  }

  @Test
  void aConstantInPlaceOfAStringIsAProblem() {
    citations("class A { @Clause(ROW) void a() {} @Clause(\"S2S-\" + 1) void b() {} }");
    assertThat(problems)
        .contains(
            "A.java: @Clause takes string literals only, not \"ROW\"",
            "A.java: @Clause takes string literals only, not \"+\"");
  }

  @Test
  void aClauseOnAFieldIsAProblem() {
    citations("class A { @Clause(\"S2S-XML-01\") int a; @Test void b() {} }");
    assertThat(problems)
        .containsExactly("A.java: @Clause([S2S-XML-01]) stands on neither a method nor a type");
  }

  private List<Citation> citations(String source) {
    return Conformance.citations("A.java", source, problems);
  }

  // ---- ledgers -------------------------------------------------------------------------------

  @Test
  void tablesAreReadByTheColumnsTheyHave() {
    List<Section> sections =
        Conformance.ledger(
            "streams",
            """
            # A ledger of sorts

            ## 2. With all (X)

            | ID | Source | Level | Requirement | How a test shows it |
            | --- | --- | --- | --- | --- |
            | S2S-X-01 | RFC 1 | MUST | Do it. | So. |
            | S2S-X-02 | RFC 2 | MAY (later) | Perhaps. | So. |

            | What | Value |
            | --- | --- |
            | not | a row |

            ### 2.1 Without a level

            | ID | Condition | Send it when | Source |
            | --- | --- | --- | --- |
            | S2S-X-20 | `gone` | it went | 4.9 |

            # Part A. Results

            | Row ID | Result |
            |---|---|
            | DNA-A-10 | no |
            """,
            problems);
    assertThat(problems).isEmpty();
    assertThat(sections)
        .containsExactly(
            new Section(
                "streams",
                "2",
                "With all (X)",
                List.of(
                    new Row("S2S-X-01", "RFC 1", "MUST", "Do it.", false),
                    new Row("S2S-X-02", "RFC 2", "MAY", "Perhaps.", true))),
            new Section(
                "streams",
                "2.1",
                "Without a level",
                List.of(new Row("S2S-X-20", "4.9", "table", "`gone` · it went", false))),
            new Section(
                "streams", "A", "Results", List.of(new Row("DNA-A-10", "", "table", "no", false))));
  }

  @Test
  void aMisshapenRowIsAProblem() {
    Conformance.ledger(
        "trust",
        """
        ## 1. X
        | ID | Source | Level | Requirement |
        |---|---|---|---|
        | DNA-X-01 | a | MUST |
        | DNA-X-2b | a | MUST | b |
        | DNA-X-03 | a | MUSTARD | b |
        """,
        problems);
    assertThat(problems)
        .containsExactly(
            "trust.md:4: the row has 3 cells under 4 columns",
            "trust.md:5: \"DNA-X-2b\" is no ID",
            "trust.md:6: \"MUSTARD\" is no level");
  }

  @Test
  void aLongRequirementIsCutBetweenWordsAndOutsideCode() {
    assertThat(Conformance.brief("short `code`")).isEqualTo("short `code`");
    String words = "word ".repeat(31);
    assertThat(Conformance.brief(words + "`a span of code`")).isEqualTo(words + "…");
    assertThat(Conformance.brief("word ".repeat(40))).isEqualTo("word ".repeat(32) + "…");
  }

  // ---- a whole, small repository -------------------------------------------------------------

  @Test
  void theReportNamesTestsGapsAndUnknownIds(@TempDir Path root) throws IOException {
    write(
        root.resolve("doc/spec/streams.md"),
        """
        ## 1. First

        | ID | Source | Level | Requirement | How |
        | --- | --- | --- | --- | --- |
        | S2S-A-01 | RFC 1 | MUST | One. | x |
        | S2S-A-02 | RFC 1 | MUST NOT | Two. | x |
        | S2S-A-03 | RFC 1 | SHOULD | Three. | x |

        ## 14. Later

        | ID | Source | Level | Requirement | How |
        | --- | --- | --- | --- | --- |
        | S2S-B-01 | RFC 1 | MUST | Four. | x |
        | S2S-B-02 | RFC 1 | MUST | Five. | x |
        """);
    write(root.resolve("doc/spec/trust.md"), "# Nothing\n");
    write(root.resolve("doc/spec/later.txt"), "# why\nstreams 14 except S2S-B-02\n");
    write(
        root.resolve("core/src/test/java/a/OneTest.java"),
        "class OneTest { @Clause({\"S2S-A-01\", \"S2S-Z-09\"}) void holds() {} }");
    write(root.resolve("core/src/main/java/a/One.java"), "@Clause(\"S2S-A-02\") class One {}");
    write(root.resolve("core/target/src/test/java/B.java"), "@Clause(\"S2S-A-02\") class B {}");

    Conformance conformance = Conformance.of(root);

    assertThat(conformance.problems())
        .containsExactly("OneTest.holds: @Clause(\"S2S-Z-09\") is in no ledger of doc/spec");
    assertThat(conformance.markdown())
        .contains(
            """
            | MUST | 3 | 1 | 1 | 1 |
            | MUST NOT | 1 | 0 | 1 | 0 |
            """,
            """
            - streams 1 First: S2S-A-02
            - streams 14 Later: S2S-B-02
            """,
            """
            | S2S-A-01 | RFC 1 | MUST | One. | `OneTest.holds` |
            | S2S-A-02 | RFC 1 | MUST NOT | Two. |  |
            """,
            "| S2S-B-01 | RFC 1 | MUST | Four. | later |");
  }

  @Test
  void whatIsPutOffMustExist(@TempDir Path root) throws IOException {
    write(
        root.resolve("doc/spec/streams.md"),
        """
        ## 1. First
        | ID | Source | Level | Requirement | How |
        | --- | --- | --- | --- | --- |
        | S2S-A-01 | RFC 1 | MUST | One. | x |
        """);
    write(root.resolve("doc/spec/trust.md"), "# Nothing\n");
    write(
        root.resolve("doc/spec/later.txt"),
        "streams 2\nstreams 1 except S2S-A-02\nstreams rows S2S-A-03\nstreams rows S2S-A-01\n");
    assertThat(Conformance.of(root).problems())
        .containsExactly(
            "later.txt: \"streams 2\" names what is not in the ledger",
            "later.txt: \"streams 1 except S2S-A-02\" names what is not in the ledger",
            "later.txt: \"streams rows S2S-A-03\" names what is not in the ledger");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
