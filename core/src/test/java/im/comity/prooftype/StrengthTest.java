package im.comity.prooftype;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Clause;
import java.security.KeyPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StrengthTest {
  private static final KeyPair RSA = OddCertificates.keyPair("RSA", 2048);
  private static final KeyPair EC = OddCertificates.keyPair("EC", "secp256r1");

  @Test
  @Clause("DNA-PKX-06")
  void keysBelowTheStrengthOfRsa2048AreWeak() {
    assertThat(Strength.weakness(OddCertificates.keyPair("RSA", 1024).getPublic()))
        .isEqualTo("RSA key of 1024 bits, less than 2048");
    assertThat(Strength.weakness(OddCertificates.keyPair("DSA", 1024).getPublic()))
        .isEqualTo("DSA key of 1024 bits, less than 2048");
    assertThat(Strength.weakness(RSA.getPublic())).isNull();
    assertThat(Strength.weakness(EC.getPublic())).isNull();
    assertThat(Strength.weakness(OddCertificates.keyPair("Ed25519", 255).getPublic())).isNull();
  }

  @ParameterizedTest(name = "{0}: weak {1}")
  @CsvSource({
    "SHA1withRSA, true",
    "MD5withRSA, true",
    "SHA1withRSAandMGF1, true",
    "SHA256withRSA, false",
    "SHA512withRSA, false",
    "SHA3-256withRSA, false",
    "SHA256withRSAandMGF1, false"
  })
  @Clause("DNA-PKX-06")
  void signaturesOverSha1AndMd5AreWeak(String algorithm, boolean weak) {
    assertThat(Strength.weakSignature(OddCertificates.signed(RSA, algorithm)) != null)
        .isEqualTo(weak);
  }

  @Test
  @Clause("DNA-PKX-06")
  void ellipticCurveSignaturesAreJudgedByTheirHash() {
    assertThat(Strength.weakSignature(OddCertificates.signed(EC, "SHA1withECDSA")))
        .isEqualTo("signed with SHA1WITHECDSA");
    assertThat(Strength.weakSignature(OddCertificates.signed(EC, "SHA384withECDSA"))).isNull();
    assertThat(
            Strength.weakSignature(
                OddCertificates.signed(OddCertificates.keyPair("Ed25519", 255), "Ed25519")))
        .isNull();
  }
}
