package im.comity.dialback;

import static im.comity.dialback.Samples.domain;
import static im.comity.dialback.Samples.pair;
import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.DomainPair;
import im.comity.dialback.DialbackElement.Result;
import im.comity.dialback.DialbackElement.ResultAnswer;
import im.comity.dialback.DialbackElement.Verify;
import im.comity.dialback.DialbackElement.VerifyAnswer;
import im.comity.dialback.DialbackVerdict.Speaker;
import im.comity.testkit.Clause;
import im.comity.testkit.tls.CertificateSpec;
import im.comity.testkit.tls.TestCa;
import im.comity.testkit.tls.TestCertificate;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DialbackRequestTest {
  private static final long STREAM = 3;
  private static final String ID = "s1-7f3a9c";
  private static final DialbackKey KEY = new DialbackKey("k");
  private static final DomainPair PAIR = pair("north.example", "south.example");
  private static final DomainPair OTHER = pair("rooms.north.example", "south.example");
  private static final DialbackAnswer VALID = new DialbackAnswer.Valid();
  private static final DialbackAnswer INVALID = new DialbackAnswer.Invalid();

  private final DialbackRequest result = DialbackRequest.result(STREAM, PAIR, KEY);
  private final DialbackRequest verify = DialbackRequest.verify(STREAM, PAIR, ID, KEY);

  @Test
  void aRequestSaysWhatToSend() {
    assertThat(result.element()).isEqualTo(new Result(PAIR, KEY));
    assertThat(verify.element()).isEqualTo(new Verify(PAIR, ID, KEY));
  }

  @Test
  @Clause("S2S-DB-18")
  void anAnswerToOurResultIsTheReceivingServersVerdict() {
    DialbackVerdict verdict = result.meet(new ResultAnswer(PAIR, VALID));
    assertThat(verdict.speaker()).isEqualTo(Speaker.RECEIVING);
    assertThat(verdict.stream()).isEqualTo(STREAM);
    assertThat(verdict.pair()).isEqualTo(PAIR);
    assertThat(verdict.valid()).isTrue();
    assertThat(DialbackRequest.result(STREAM, PAIR, KEY).meet(new ResultAnswer(PAIR, INVALID)))
        .satisfies(invalid -> assertThat(invalid.valid()).isFalse());
  }

  @Test
  @Clause({"S2S-DB-54", "S2S-DB-46"})
  void anAnswerToOurVerifyIsTheAuthoritativeServersVerdictAboutTheAskingStream() {
    DialbackVerdict verdict = verify.meet(new VerifyAnswer(PAIR, ID, INVALID));
    assertThat(verdict.speaker()).isEqualTo(Speaker.AUTHORITATIVE);
    assertThat(verdict.stream()).isEqualTo(STREAM);
    assertThat(verdict.answer()).isEqualTo(INVALID);
    assertThat(verdict.valid()).isFalse();
  }

  @Test
  @Clause({"S2S-DB-18", "S2S-DB-54", "S2S-DB-46", "S2S-DB-65", "DNA-DBT-10"})
  void whatAnswersSomethingElseIsNoAnswer() {
    List<DialbackElement> toResult =
        List.of(
            new ResultAnswer(OTHER, VALID),
            new ResultAnswer(PAIR.reversed(), VALID),
            new ResultAnswer(pair("north.example", "chat.south.example"), VALID),
            new VerifyAnswer(PAIR, ID, VALID),
            new Result(PAIR, KEY),
            new Verify(PAIR, ID, KEY));
    for (DialbackElement element : toResult) {
      assertThat(result.meet(element)).as(element.toString()).isNull();
    }
    assertThat(result.isOpen()).isTrue();

    List<DialbackElement> toVerify =
        List.of(
            new VerifyAnswer(OTHER, ID, VALID),
            new VerifyAnswer(PAIR.reversed(), ID, VALID),
            new VerifyAnswer(PAIR, "s1-7f3a9d", VALID),
            new VerifyAnswer(PAIR, "S1-7F3A9C", VALID),
            new VerifyAnswer(PAIR, "", VALID),
            new ResultAnswer(PAIR, VALID),
            new Result(PAIR, KEY),
            new Verify(PAIR, ID, KEY));
    for (DialbackElement element : toVerify) {
      assertThat(verify.meet(element)).as(element.toString()).isNull();
    }
    assertThat(verify.isOpen()).isTrue();
    assertThat(verify.meet(new VerifyAnswer(PAIR, ID, VALID))).isNotNull();
  }

  @Test
  @Clause({"S2S-DB-18", "S2S-DB-19", "DNA-DBT-10"})
  void aSecondAnswerIsUnasked() {
    assertThat(result.meet(new ResultAnswer(PAIR, INVALID))).isNotNull();
    assertThat(result.isOpen()).isFalse();
    assertThat(result.meet(new ResultAnswer(PAIR, VALID))).isNull();
  }

  @Test
  void anAnswerAfterGivingUpIsUnasked() {
    verify.cancel();
    assertThat(verify.meet(new VerifyAnswer(PAIR, ID, VALID))).isNull();
  }

  @Test
  void manyAnswersAtOnceMakeOneVerdict() throws Exception {
    int threads = 8;
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int round = 0; round < 100; round++) {
        DialbackRequest request = DialbackRequest.result(STREAM, PAIR, KEY);
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Future<@Nullable DialbackVerdict>> answers =
            IntStream.range(0, threads)
                .mapToObj(
                    _ ->
                        pool.submit(
                            () -> {
                              together.await();
                              return request.meet(new ResultAnswer(PAIR, VALID));
                            }))
                .toList();
        int verdicts = 0;
        for (Future<@Nullable DialbackVerdict> answer : answers) {
          if (answer.get() != null) {
            verdicts++;
          }
        }
        assertThat(verdicts).isEqualTo(1);
      }
    }
  }

  @Test
  @Clause({"S2S-DB-57", "DNA-DBT-04", "DNA-S2S-06"})
  void theQuestionIsSparedIfTheAuthorityShowsTheSameCertificateWithTheName() {
    TestCa root = TestCa.root("Nobody", InstantSource.system());
    TestCertificate named = root.issue(CertificateSpec.server("north.example").selfSigned());
    TestCertificate sameKey =
        root.issue(CertificateSpec.server("north.example").keyOf(named).selfSigned());
    TestCertificate unnamed = root.issue(CertificateSpec.server("host.example").selfSigned());
    TestCertificate commonName = root.issue(CertificateSpec.commonNameOnly("north.example"));

    assertThat(verify.spare(session(named, true), session(sameKey, true)))
        .as("another certificate, even over the same key")
        .isNull();
    assertThat(verify.spare(session(unnamed, true), session(unnamed, true)))
        .as("a certificate without the sender's name")
        .isNull();
    assertThat(verify.spare(session(commonName, true), session(commonName, true))).isNull();
    assertThat(verify.spare(session(named, false), session(named, true)))
        .as("not bound to the asking session")
        .isNull();
    assertThat(verify.spare(null, session(named, true))).isNull();
    assertThat(verify.spare(session(named, true), null)).isNull();
    assertThat(verify.spare(session(null, true), session(null, true))).isNull();
    assertThat(result.spare(session(named, true), session(named, true)))
        .as("our own result is not for us to answer")
        .isNull();
    assertThat(verify.isOpen()).isTrue();

    DialbackVerdict spared = verify.spare(session(named, true), session(named, true));
    assertThat(spared.valid()).isTrue();
    assertThat(spared.speaker()).isEqualTo(Speaker.AUTHORITATIVE);
    assertThat(verify.meet(new VerifyAnswer(PAIR, ID, INVALID))).as("used up").isNull();
  }

  @Test
  void aVerdictSaysOfWhatItIs() {
    assertThat(result.meet(new ResultAnswer(PAIR, VALID)).toString())
        .contains("north.example -> south.example", "stream 3");
    assertThat(result.element().pair().sender()).isEqualTo(domain("north.example"));
  }

  private static TlsSession session(@Nullable TestCertificate peer, boolean reliable) {
    return new TlsSession(
        reliable ? "TLSv1.3" : "TLSv1.2",
        "TLS_AES_128_GCM_SHA256",
        null,
        null,
        false,
        reliable,
        peer == null ? null : new PeerCertificate(peer.chain()),
        null);
  }
}
