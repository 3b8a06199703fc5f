package im.comity.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The scripts in the root of the repository, run on a copy of themselves among programs that only
 * pretend: a Maven that leaves what a build would leave, JDKs that print how they were started, a
 * package manager that writes down what it was asked for.
 */
@DisabledOnOs(OS.WINDOWS)
class ScriptsTest {
  /** What a script printed, both streams in one, and how it ended. */
  private record Ran(int status, String printed) {}

  @TempDir Path temp;
  private Path root;
  private Path programs;
  private Path system;

  @BeforeEach
  void copy() throws IOException {
    Path original = Path.of("..").toAbsolutePath().normalize();
    root = Files.createDirectories(temp.resolve("a clone"));
    programs = Files.createDirectory(temp.resolve("bin"));
    system = Files.createDirectory(temp.resolve("system"));
    Files.createDirectories(root.resolve("build"));
    Files.createDirectories(root.resolve("bench"));
    for (String script :
        List.of(
            "comity",
            "verify",
            "build/java25.sh",
            "build/peers.sh",
            "build/conformance",
            "bench/compare",
            "bench/classpath.sh")) {
      Files.copy(original.resolve(script), root.resolve(script));
    }
    // The few programs that the scripts may use besides those that pretend.
    for (String tool :
        List.of(
            "bash",
            "sh",
            "awk",
            "basename",
            "cat",
            "chmod",
            "cut",
            "dirname",
            "find",
            "grep",
            "head",
            "mkdir",
            "mv",
            "printf",
            "pwd",
            "readlink",
            "rm",
            "sed",
            "sleep",
            "tail",
            "tee",
            "touch",
            "tr",
            "wc")) {
      for (String folder : List.of("/usr/bin", "/bin")) {
        Path real = Path.of(folder, tool);
        if (Files.exists(real) && !Files.exists(programs.resolve(tool))) {
          Files.createSymbolicLink(programs.resolve(tool), real);
        }
      }
    }
  }

  // ---- finding Java --------------------------------------------------------------------------

  @Test
  void theFirstJdk25IsTakenInTheOrderOfTheManual() throws Exception {
    jdk("set-for-comity", "25.0.3");
    jdk("set", "25");
    jdk("usual-17", "17.0.15");
    jdk("usual-25", "25.0.1");
    builtAlready();
    Map<String, String> all =
        Map.of(
            "COMITY_JAVA_HOME", temp + "/set-for-comity",
            "JAVA_HOME", temp + "/set",
            "COMITY_JAVA_FOLDERS", temp + "/usual-17 " + temp + "/usual-25");
    assertThat(run(all, "comity").printed()).startsWith("started set-for-comity");
    jdk("set-for-comity", "26");
    assertThat(run(all, "comity").printed()).startsWith("started set ");
    jdk("set", "1.8.0_402");
    assertThat(run(all, "comity").printed()).startsWith("started usual-25");
    Files.createSymbolicLink(
        programs.resolve("java"), jdk("on-path", "25.0.2").resolve("bin/java"));
    assertThat(run(all, "comity").printed()).startsWith("started on-path");
  }

  @Test
  void aJdkWithoutItsReleaseFileIsAsked() throws Exception {
    Path home = jdk("odd", "25.0.3");
    Files.delete(home.resolve("release"));
    builtAlready();
    assertThat(run(Map.of("JAVA_HOME", home.toString()), "comity").printed())
        .startsWith("started odd");
  }

  @Test
  void withoutAJdk25OneLineSaysWhatWasFoundAndWhatToInstall() throws Exception {
    builtAlready();
    jdk("seventeen", "17.0.15");
    Path jre = jdk("runtime", "25.0.3");
    Files.delete(jre.resolve("bin/javac"));
    for (String script : List.of("comity", "build/conformance", "verify")) {
      Ran ran =
          run(
              Map.of(
                  "JAVA_HOME",
                  temp + "/seventeen",
                  "COMITY_JAVA_FOLDERS",
                  jre.toString(),
                  "COMITY_JAVA_HOME",
                  temp + "/nowhere"),
              script);
      assertThat(ran.status()).as(script).isEqualTo(3);
      assertThat(ran.printed().lines().filter(line -> line.startsWith(script + ": needs")))
          .as(script)
          .singleElement()
          .asString()
          .contains("needs a JDK 25 and found nothing that runs in " + temp + "/nowhere")
          .contains("17.0.15 in " + temp + "/seventeen")
          .contains("25.0.3 without a compiler in " + jre)
          .contains("Install one");
    }
    assertThat(run(Map.of(), "comity").printed()).hasLineCount(1).contains("found no Java at all");
  }

  // ---- comity --------------------------------------------------------------------------------

  @Test
  void theCommandIsBuiltOnceAndRunWithItsArguments() throws Exception {
    Map<String, String> java = Map.of("JAVA_HOME", jdk("jdk", "25").toString());
    mavenThatBuilds();
    Ran first = run(java, "comity", "config", "--check", "a file.yaml");
    assertThat(first.status()).isEqualTo(7);
    assertThat(first.printed().lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("comity: building"),
            line -> assertThat(line).startsWith("comity: built in "),
            line ->
                assertThat(line)
                    .startsWith("started jdk ")
                    .contains("--enable-native-access=ALL-UNNAMED")
                    .endsWith(
                        " -cp "
                            + root
                            + "/server/target/classes:"
                            + root
                            + "/core/target/classes im.comity.server.Main config --check a"
                            + " file.yaml"),
            line -> assertThat(line).isEqualTo("read nothing"));
    assertThat(run(java, "comity").printed()).startsWith("started");
  }

  @Test
  void itIsBuiltAgainWhenASourceIsNewerOrGone() throws Exception {
    Map<String, String> java = Map.of("JAVA_HOME", jdk("jdk", "25").toString());
    mavenThatBuilds();
    builtAlready();
    assertThat(run(java, "comity").printed()).startsWith("started");

    Path source = root.resolve("core/src/main/java/A.java");
    Files.writeString(source, "class A { int b; }");
    assertThat(run(java, "comity").printed()).startsWith("comity: building");

    builtAlready();
    Files.delete(source);
    assertThat(run(java, "comity").printed()).startsWith("comity: building");

    builtAlready();
    Files.delete(root.resolve("core/target/classes"));
    assertThat(run(java, "comity").printed()).startsWith("comity: building");
  }

  /** A jar of the last build, and a Java that makes what it is asked to make, or fails to. */
  private Map<String, String> builtAsJar(String rehearsal) throws IOException {
    builtAlready();
    Path home = jdk("jdk", "25");
    Path java = home.resolve("bin/java");
    script(
        java,
        "case \"$*\" in *-XX:AOTCacheOutput=*) for a in \"$@\"; do case $a in"
            + " -XX:AOTCacheOutput=*) cache=${a#*=} ;; esac; done; echo rehearsed >>'"
            + temp.resolve("rehearsals")
            + "'; "
            + rehearsal
            + "; exit ;; esac; echo \"started $*\"; exit 7");
    Path jar = root.resolve("server/target/comity-server-1.jar");
    Files.writeString(jar, "a jar");
    try (Stream<Path> all = Files.walk(root)) {
      for (Path one : all.toList()) {
        Files.setLastModifiedTime(one, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
    Files.setLastModifiedTime(
        root.resolve("server/target/classpath"), FileTime.from(Instant.now().minusSeconds(10)));
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(5)));
    return Map.of("JAVA_HOME", home.toString());
  }

  @Test
  void aServerRehearsesOnceAfterABuildAndThenStartsFromItsCache() throws Exception {
    Map<String, String> java = builtAsJar("echo classes >\"$cache\"");
    String cached = "-XX:AOTCache=" + root + "/server/target/comity-jdk.aot";
    assertThat(run(java, "comity", "demo").printed()).startsWith("started").doesNotContain("AOT");
    for (int i = 0; i < 2; i++) {
      Ran ran = run(java, "comity", "serve");
      assertThat(ran.status()).isEqualTo(7);
      assertThat(ran.printed())
          .contains(cached, " -cp " + root + "/server/target/comity-server-1.jar:");
      assertThat(ran.printed().startsWith("comity: preparing")).isEqualTo(i == 0);
    }
    assertThat(run(java, "comity", "demo").printed()).contains(cached);
    assertThat(temp.resolve("rehearsals")).content().hasLineCount(1);

    Files.setLastModifiedTime(
        root.resolve("server/target/comity-server-1.jar"),
        FileTime.from(Instant.now().plusSeconds(5)));
    assertThat(run(java, "comity", "serve").printed()).startsWith("comity: preparing");
  }

  @Test
  void aRehearsalThatFailsIsToldOnceAndTheServerStarts() throws Exception {
    Map<String, String> java = builtAsJar("exit 1");
    assertThat(run(java, "comity", "serve").printed())
        .contains("that failed, the start goes on without; why is in " + root)
        .contains("started");
    assertThat(run(java, "comity", "serve").printed()).startsWith("started").doesNotContain("AOT");
  }

  @Test
  void theCacheCanBeSwitchedOffAndAnOlderJarDoesNotCount() throws Exception {
    Map<String, String> java = new HashMap<>(builtAsJar("echo classes >\"$cache\""));
    java.put("COMITY_AOT", "off");
    assertThat(run(java, "comity", "serve").printed()).startsWith("started").doesNotContain("AOT");
    java.remove("COMITY_AOT");
    Files.setLastModifiedTime(
        root.resolve("server/target/comity-server-1.jar"),
        FileTime.from(Instant.now().minusSeconds(50)));
    assertThat(run(java, "comity", "demo").printed())
        .startsWith("started")
        .contains(" -cp " + root + "/server/target/classes:");
    assertThat(temp.resolve("rehearsals")).doesNotExist();
    // A server gets its jars.
    program("mvn", "echo '[ERROR] a build'; exit 1");
    Ran ran = run(java, "comity", "serve");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.printed()).contains("[ERROR] a build");
  }

  @Test
  void aBuildThatFailsSaysWhyAndStartsNothing() throws Exception {
    Map<String, String> java = Map.of("JAVA_HOME", jdk("jdk", "25").toString());
    program(
        "mvn",
        "echo '[INFO] Building comity-core'; echo '[ERROR] A.java:[1,2] no such type'; exit 1");
    Ran ran = run(java, "comity");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.printed())
        .contains("[ERROR] A.java:[1,2] no such type")
        .contains("the build failed; all of it is in " + root + "/server/target/build.log")
        .doesNotContain("started");
  }

  @Test
  void aLinkToTheCommandRunsTheSourcesItLeadsTo() throws Exception {
    builtAlready();
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    Files.createSymbolicLink(elsewhere.resolve("comity"), root.resolve("comity"));
    Ran ran =
        ran(
            Map.of("JAVA_HOME", jdk("jdk", "25").toString()),
            List.of(elsewhere.resolve("comity").toString(), "--version"));
    assertThat(ran.printed()).startsWith("started").contains(root + "/server/target/classes");
  }

  // ---- verify --------------------------------------------------------------------------------

  @Test
  void theLastLineCountsWhatTheReportsSay() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    mavenThatReports(
        0,
        report("core", "im.comity.OneTest", 5, 0, 0, 0, ""),
        report("core", "im.comity.TwoTest", 3, 0, 0, 0, ""),
        report("interop", "im.comity.interop.PlayTest", 2, 0, 0, 0, ""));
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).isEqualTo(0);
    assertThat(ran.printed())
        .containsPattern("core +8 passed, \\d+ s\n")
        .containsPattern("interop +2 passed, \\d+ s\n")
        .endsWith("\n10 passed, 0 failed, 0 skipped\n");
  }

  @Test
  void aFailureIsNamedAndEndsWithOne() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    mavenThatReports(
        1,
        report(
            "core",
            "im.comity.OneTest",
            3,
            1,
            1,
            0,
            """
            <testcase name="itHolds" classname="im.comity.OneTest" time="0.1">
            <failure message="&#10;expected: &lt;1&gt;&#10; but was 2&#10;" type="x"/></testcase>
            <testcase name="itBreaks" classname="im.comity.OneTest" time="0.1">
            <error type="x">java.io.IOException</error></testcase>
            """));
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.printed())
        .contains(
            "im.comity.OneTest.itHolds: expected: <1> but was 2", "im.comity.OneTest.itBreaks\n")
        .contains("not run: interop")
        .endsWith("\n1 passed, 2 failed, 0 skipped\n");
  }

  @Test
  void aBuildThatBreaksIsAFailureAlthoughNoTestFailed() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    program("mvn", "echo '[ERROR] COMPILATION ERROR'; exit 1");
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.printed())
        .contains("the build failed:\n[ERROR] COMPILATION ERROR")
        .endsWith("\n0 passed, 0 failed, 0 skipped\n");
  }

  @Test
  void aTestThatHungItsProcessIsNoSuccess() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    mavenThatReports(0, report("core", "im.comity.OneTest", 5, 0, 0, 0, ""));
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).as("interop has tests and no report").isEqualTo(1);
    assertThat(ran.printed())
        .contains("not run: interop")
        .endsWith("5 passed, 0 failed, 0 skipped\n");
  }

  @Test
  void reportsOfAnEarlierRunDoNotCount() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    Path old = Files.createDirectories(root.resolve("core/target/surefire-reports"));
    Files.writeString(
        old.resolve("TEST-Old.xml"), "<testsuite name=\"Old\" tests=\"9\" failures=\"0\">");
    mavenThatReports(
        0,
        report("core", "im.comity.OneTest", 1, 0, 0, 0, ""),
        report("interop", "im.comity.interop.PlayTest", 1, 0, 0, 0, ""));
    assertThat(run(environment, "verify").printed()).endsWith("2 passed, 0 failed, 0 skipped\n");
  }

  @Test
  void aPlayThatWasSkippedEndsWithThreeAndIsAFailureWherePeersAreRequired() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound", "ejabberd");
    mavenThatReports(
        0,
        report("core", "im.comity.OneTest", 1, 0, 0, 0, ""),
        report(
            "interop",
            "im.comity.interop.PlayTest",
            2,
            0,
            0,
            1,
            """
            <testcase name="prosody" classname="im.comity.interop.PlayTest">
            <skipped message="no prosody here"/></testcase>
            """));
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).isEqualTo(3);
    assertThat(ran.printed())
        .contains("skipped:\n  im.comity.interop.PlayTest.prosody: no prosody here")
        .endsWith("2 passed, 0 failed, 1 skipped\n");
    assertThat(run(environment, "verify", "--require-peers").status()).isEqualTo(1);
  }

  @Test
  void withoutPeersAndWithoutRootTheOneCommandIsPrinted() throws Exception {
    Map<String, String> environment = forVerify("prosody");
    program("id", "echo 1000");
    allGreen();
    Ran ran = run(environment, "verify");
    assertThat(ran.status()).isEqualTo(3);
    assertThat(ran.printed())
        .contains(
            "sudo apt-get install -y --no-install-recommends prosody lua-unbound ejabberd",
            "did not run; missing: lua-unbound ejabberd")
        .endsWith("2 passed, 0 failed, 0 skipped\n");
    assertThat(asked()).isEmpty();
  }

  @Test
  void rootInstallsThePeersAndNoServiceIsStarted() throws Exception {
    Map<String, String> environment = forVerify("prosody");
    program("id", "echo 0");
    allGreen();
    Ran ran = run(environment, "verify", "--require-peers");
    assertThat(ran.printed()).contains("installing lua-unbound ejabberd (");
    assertThat(ran.status()).isEqualTo(0);
    assertThat(asked())
        .containsExactly(
            "install lua-unbound ejabberd, services: forbidden, questions: noninteractive");
    assertThat(system.resolve("usr/sbin/policy-rc.d")).doesNotExist();
  }

  @Test
  void listsAreFetchedOnlyIfTheyDoNotKnowAPackage() throws Exception {
    Map<String, String> environment = forVerify();
    program("id", "echo 0");
    program("apt-cache", "echo '  Candidate: (none)'");
    allGreen();
    run(environment, "verify");
    assertThat(asked()).hasSize(2).first().asString().startsWith("update");
  }

  @Test
  void aRuleThatWasThereBeforeStaysAndAFailedInstallationLeavesNone() throws Exception {
    Map<String, String> environment = forVerify();
    program("id", "echo 0");
    program("apt-get", "echo \"$*\" >>\"$ASKED\"; echo 'E: no network'; exit 100");
    allGreen();
    Ran ran = run(environment, "verify", "--require-peers");
    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.printed())
        .contains("E: no network", "missing: prosody lua-unbound ejabberd")
        .endsWith("2 passed, 0 failed, 0 skipped\n");
    Path rule = system.resolve("usr/sbin/policy-rc.d");
    assertThat(rule).doesNotExist();

    Files.writeString(rule, "#!/bin/sh\nexit 101\n");
    run(environment, "verify");
    assertThat(rule).hasContent("#!/bin/sh\nexit 101\n");
  }

  @Test
  void anUnknownArgumentRunsNothing() throws Exception {
    Ran ran = run(forVerify(), "verify", "--all");
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.printed())
        .isEqualTo("verify: unknown argument --all; usage: ./verify [--require-peers]\n");
    assertThat(run(forVerify(), "verify", "--help").printed())
        .startsWith("Builds everything from scratch")
        .contains("Exit statuses: 0 all passed");
  }

  // ---- bench/compare ---------------------------------------------------------------------------

  @Test
  void theComparisonWantsThoseWithWhichItComparesAndNoOthers() throws Exception {
    Map<String, String> environment = forVerify("prosody", "lua-unbound");
    program("mvn", "echo 'the build begins'; exit 1");
    Ran all = run(environment, "bench/compare", "--quick");
    assertThat(all.status()).isEqualTo(3);
    assertThat(all.printed())
        .isEqualTo(
            """
            bench/compare: not root, so the servers to compare with need this first: \
            sudo apt-get install -y --no-install-recommends prosody lua-unbound ejabberd jabberd2
            bench/compare: missing: ejabberd jabberd2\s
            """);
    assertThat(run(environment, "bench/compare", "--only", "comity,prosody").printed())
        .contains("the build begins");
    assertThat(asked()).isEmpty();
  }

  @Test
  void theComparisonInstallsAsRootWithoutStartingServices() throws Exception {
    Map<String, String> environment = forVerify("prosody");
    program("id", "echo 0");
    program("mvn", "echo 'the build begins'; exit 1");
    assertThat(run(environment, "bench/compare", "--only", "prosody,ejabberd").printed())
        .contains("installing lua-unbound ejabberd (", "the build begins");
    assertThat(asked())
        .containsExactly(
            "install lua-unbound ejabberd, services: forbidden, questions: noninteractive");
    assertThat(system.resolve("usr/sbin/policy-rc.d")).doesNotExist();
  }

  // ---- what pretends -------------------------------------------------------------------------

  /** A JDK that says of which version it is, prints how it was started, and ends with 7. */
  private Path jdk(String name, String version) throws IOException {
    Path home = Files.createDirectories(temp.resolve(name));
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    script(
        home.resolve("bin/java"),
        "if [ \"$1\" = -version ]; then echo 'openjdk version \""
            + version
            + "\" 2026-01-01' >&2; exit; fi; echo \"started "
            + name
            + " $*\"; if read -r line; then echo \"read $line\"; else echo read nothing; fi; exit 7");
    script(home.resolve("bin/javac"), "exit 1");
    return home;
  }

  private void sources() throws IOException {
    Files.writeString(
        root.resolve("pom.xml"),
        "<project>\n<module>core</module>\n<module>interop</module>\n</project>\n");
    for (String module : List.of("testkit", "core", "local", "server")) {
      Files.createDirectories(root.resolve(module + "/src/main/java"));
    }
    Files.writeString(root.resolve("core/src/main/java/A.java"), "class A {}");
  }

  /** Leaves what a build leaves, a minute younger than every source. */
  private void builtAlready() throws IOException {
    sources();
    Files.createDirectories(root.resolve("core/target/classes"));
    Files.createDirectories(root.resolve("server/target/classes"));
    Path built = root.resolve("server/target/classpath");
    Files.writeString(built, root + "/core/target/classes");
    Files.setLastModifiedTime(built, FileTime.from(Instant.now().plusSeconds(60)));
    Path aged = root.resolve("core/src/main/java");
    Files.setLastModifiedTime(aged, FileTime.from(Instant.now().minusSeconds(60)));
    Files.setLastModifiedTime(built, FileTime.from(Instant.now()));
    Files.setLastModifiedTime(
        root.resolve("core/src/main/java/A.java"), FileTime.from(Instant.now().minusSeconds(60)));
  }

  private void mavenThatBuilds() throws IOException {
    sources();
    program(
        "mvn",
        "mkdir -p '%1$s/core/target/classes' '%1$s/server/target/classes';".formatted(root)
            + " printf '%%s' '%1$s/core/target/classes' >'%1$s/server/target/classpath'"
                .formatted(root));
  }

  /** The environment of verify on a Debian on which these packages are installed. */
  private Map<String, String> forVerify(String... installed) throws IOException {
    sources();
    for (String module : List.of("core", "interop")) {
      Path tests =
          Files.createDirectories(
              root.resolve(
                  module.equals("core")
                      ? "core/src/test/java/im/comity"
                      : "interop/src/test/java/im/comity/interop"));
      Files.writeString(
          tests.resolve(module.equals("core") ? "OneTest.java" : "PlayTest.java"), "class A {}");
    }
    Files.createDirectories(system.resolve("usr/sbin"));
    Files.createDirectories(system.resolve("etc"));
    Files.writeString(system.resolve("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n");
    Path packages = Files.createDirectories(temp.resolve("installed"));
    for (String name : installed) {
      Files.writeString(packages.resolve(name), "");
    }
    program("id", "echo 1000");
    program(
        "dpkg-query",
        "for last; do :; done; if [ -e '" + packages + "'/\"$last\" ]; then printf installed; fi");
    program("apt-cache", "echo '  Candidate: 1.0'");
    program(
        "apt-get",
        """
        services=allowed
        [ "$(sh "$VERIFY_SYSTEM/usr/sbin/policy-rc.d" x start; echo $?)" = 101 ] && services=forbidden
        names=''
        for word; do
          case $word in
            prosody | lua-unbound | ejabberd) names="$names $word"; touch '%s/'"$word" ;;
            update | install) verb=$word ;;
          esac
        done
        echo "$verb$names, services: $services, questions: $DEBIAN_FRONTEND" >>"$ASKED"
        """
            .formatted(packages));
    return Map.of(
        "JAVA_HOME", jdk("jdk", "25").toString(),
        "VERIFY_SYSTEM", system.toString(),
        "ASKED", temp.resolve("asked").toString());
  }

  private List<String> asked() throws IOException {
    Path asked = temp.resolve("asked");
    return Files.exists(asked) ? Files.readAllLines(asked) : List.of();
  }

  private void allGreen() throws IOException {
    mavenThatReports(
        0,
        report("core", "im.comity.OneTest", 1, 0, 0, 0, ""),
        report("interop", "im.comity.interop.PlayTest", 1, 0, 0, 0, ""));
  }

  /** Commands that print what Maven prints of a module and leave a report of one of its tests. */
  private String report(
      String module, String test, int tests, int failures, int errors, int skipped, String cases)
      throws IOException {
    Path prepared = temp.resolve("report-" + module + "-" + test + ".xml");
    Files.writeString(
        prepared,
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0.2" \
        name="%s" time="0.517" tests="%d" errors="%d" skipped="%d" failures="%d" flakes="0">
        <properties><property name="tests" value="77"/></properties>
        %s</testsuite>
        """
            .formatted(test, tests, errors, skipped, failures, cases));
    return """
        echo '[INFO] --------------------< im.comity:comity-%1$s >---------------------'
        echo '[INFO] Running %2$s'
        mkdir -p '%3$s/%1$s/target/surefire-reports'
        cat '%4$s' >'%3$s/%1$s/target/surefire-reports/TEST-%2$s.xml'
        """
        .formatted(module, test, root, prepared);
  }

  private void mavenThatReports(int status, String... reports) throws IOException {
    program("mvn", String.join("", reports) + "echo '[INFO] Reactor Summary'\nexit " + status);
  }

  private void program(String name, String commands) throws IOException {
    script(programs.resolve(name), commands);
  }

  private static void script(Path file, String commands) throws IOException {
    Files.deleteIfExists(file);
    Files.writeString(file, "#!/bin/sh\n" + commands + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  // ---- running -------------------------------------------------------------------------------

  private Ran run(Map<String, String> environment, String script, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(root.resolve(script).toString());
    command.addAll(List.of(arguments));
    return ran(environment, command);
  }

  /** Runs with nothing but this environment, and with a line on standard input to be left alone. */
  private Ran ran(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("bash"));
    all.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
    Path input = temp.resolve("input");
    Files.writeString(input, "a line that is nobody's\n");
    builder.redirectInput(input.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", programs.toString());
    builder.environment().put("COMITY_JAVA_FOLDERS", "");
    builder.environment().putAll(environment);
    Path output = Files.createTempFile(temp, "output", "");
    builder.redirectOutput(output.toFile());
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends").isTrue();
    return new Ran(process.exitValue(), Files.readString(output));
  }
}
