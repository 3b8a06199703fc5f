package im.comity.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.constructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The rules that hold the house together, read from the class files. */
final class HouseTest {
  /** A package may import only packages that stand before it. */
  private static final List<String> ORDER =
      List.of(
          "address",
          "xml",
          "stanza",
          "policy",
          "transport",
          "discovery",
          "stream",
          "prooftype",
          "dialback",
          "association",
          "event",
          "local",
          "relay",
          "negotiation",
          "routing",
          "federation");

  private static final String ROOT = "im.comity.";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("testkit"))
          .importPackages("im.comity");

  private static String packageOf(JavaClass type) {
    String name = type.getPackageName();
    return name.startsWith(ROOT) ? name.substring(ROOT.length()) : "";
  }

  @Test
  void everyPackageImportsOnlyThoseBeforeIt() {
    TreeSet<String> wrong = new TreeSet<>();
    for (JavaClass type : CLASSES) {
      int own = ORDER.indexOf(packageOf(type));
      assertThat(own).as("%s has a place in the order", type.getName()).isNotNegative();
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        int other = ORDER.indexOf(packageOf(dependency.getTargetClass()));
        if (other > own) {
          wrong.add(dependency.getDescription());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void nettyIsSeenInTransportAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("im.comity.transport..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.netty..")
        .check(CLASSES);
  }

  @Test
  void onlyAssociationMakesPermission() {
    madeOnlyIn("im.comity.association.Association", "association");
    constructors()
        .that()
        .areDeclaredIn("im.comity.association.Association")
        .should()
        .bePackagePrivate()
        .check(CLASSES);
  }

  @Test
  void onlyTheJudgeMakesProofs() {
    madeOnlyIn("im.comity.prooftype.Proof", "prooftype");
  }

  @Test
  void onlyDialbackMakesVerdicts() {
    madeOnlyIn("im.comity.dialback.DialbackVerdict", "dialback");
  }

  private static void madeOnlyIn(String type, String home) {
    JavaClass made = CLASSES.get(type);
    assertThat(made.getConstructorCallsToSelf()).isNotEmpty();
    for (JavaConstructorCall call : made.getConstructorCallsToSelf()) {
      assertThat(packageOf(call.getOriginOwner())).as(call.getDescription()).isEqualTo(home);
    }
  }

  @Test
  void nobodyLooksNamesUpBehindTheResolver() {
    noClasses()
        .should()
        .callMethod(java.net.InetAddress.class, "getByName", String.class)
        .orShould()
        .callMethod(java.net.InetAddress.class, "getAllByName", String.class)
        .check(CLASSES);
  }
}
