package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.prooftype.Reason.Code;
import im.comity.testkit.Clause;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NameConstraintsTest {
  private static final String EXTENSION = "2.5.29.30";

  @ParameterizedTest(name = "{0}: permitted {1}, excluded {2}: {3}")
  @CsvSource({
    "gamma.example,      '',                 '',            true",
    "gamma.example,      gamma.example,      '',            true",
    "gamma.example,      example,            '',            true",
    "gamma.example,      EXAMPLE,            '',            true",
    "gamma.example,      .example,           '',            true",
    "gamma.example,      .gamma.example,     '',            false",
    "gamma.example,      other.example,      '',            false",
    "xgamma.example,     gamma.example,      '',            false",
    "gamma.example,      a.gamma.example,    '',            false",
    "gamma.example,      a.example example,  '',            true",
    "gamma.example,      '',                 gamma.example, false",
    "gamma.example,      '',                 example,       false",
    "gamma.example,      '',                 a.example,     true",
    "gamma.example,      example,            gamma.example, false",
    "a.gamma.example,    example,            gamma.example, false",
    "delta.example,      example,            gamma.example, true",
    "bücher.example,     xn--bcher-kva.example, '',         true"
  })
  @Clause("DNA-ID-13")
  void aDomainMustBePermittedAndNotExcluded(
      String domain, String permitted, String excluded, boolean admitted) {
    X509Certificate anchor = constrained(permitted, excluded);
    PathJudge.Problem problem = NameConstraints.check(domain(domain), List.of(anchor), anchor);
    assertThat(problem == null).isEqualTo(admitted);
    if (problem != null) {
      assertThat(problem.code()).isEqualTo(Code.NAME_CONSTRAINED);
    }
  }

  @Test
  void constraintsThatCannotBeReadForbid() {
    X509Certificate odd =
        OddCertificates.withExtension(EXTENSION, HexFormat.of().parseHex("3004A0028205"));
    assertThat(NameConstraints.check(domain("gamma.example"), List.of(odd), odd).code())
        .isEqualTo(Code.MALFORMED);
  }

  @Test
  void constraintsOfOtherKindsOfNameAreNoneOfAHostName() {
    X509Certificate mail = constrained(GeneralName.rfc822Name, "example.org", "");
    assertThat(NameConstraints.check(domain("gamma.example"), List.of(mail), mail)).isNull();
  }

  private static X509Certificate constrained(String permitted, String excluded) {
    return constrained(GeneralName.dNSName, permitted, excluded);
  }

  private static X509Certificate constrained(int kind, String permitted, String excluded) {
    try {
      return OddCertificates.withExtension(
          EXTENSION,
          new org.bouncycastle.asn1.x509.NameConstraints(
                  subtrees(kind, permitted), subtrees(kind, excluded))
              .getEncoded());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static GeneralSubtree[] subtrees(int kind, String names) {
    return names.isEmpty()
        ? null
        : List.of(names.split(" ")).stream()
            .map(name -> new GeneralSubtree(new GeneralName(kind, name)))
            .toArray(GeneralSubtree[]::new);
  }

  private static Domain domain(String text) {
    try {
      return Domain.of(text);
    } catch (AddressFormatException e) {
      throw new AssertionError(e);
    }
  }
}
