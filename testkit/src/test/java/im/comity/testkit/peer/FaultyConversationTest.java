package im.comity.testkit.peer;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.testkit.Fault;
import im.comity.testkit.Fault.Point;
import im.comity.testkit.LeakChecked;
import im.comity.testkit.Pipe;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of fault behind every step of one side's conversation. */
@ExtendWith(LeakChecked.class)
class FaultyConversationTest {
  private static final SelfSigned NORTH = SelfSigned.of("north.example");
  private static final SelfSigned SOUTH = SelfSigned.of("south.example");

  private final Pipe pipe = new Pipe();
  private final ScriptedPeer north = ScriptedPeer.on(pipe.left());
  private final ScriptedPeer south = ScriptedPeer.on(pipe.right());

  private void playNorth() {
    north.open("north.example", "south.example");
    north.expectFeatures();
    north.requestTls(TlsOptions.client(NORTH.context(), "south.example"));
    north.open("north.example", "south.example");
    north.expectFeatures();
    north.requestDialback("north.example", "south.example", "secret");
    north.sendStreamEnd();
    north.expectStreamEnd();
    north.closeOutput();
  }

  private void playSouth() {
    south.accept();
    south.sendFeatures(Xmpp.STARTTLS_REQUIRED);
    south.acceptTls(TlsOptions.server(SOUTH.context()));
    south.accept();
    south.sendFeatures(Xmpp.DIALBACK_ERRORS_OFFER);
    south.acceptDialback("north.example", "south.example");
    south.expectStreamEnd();
    south.sendStreamEnd();
    south.expectEnd();
  }

  private static CompletableFuture<Void> play(ScriptedPeer peer, Runnable script) {
    CompletableFuture<Void> played = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try (peer) {
            script.run();
            played.complete(null);
          } catch (Throwable e) {
            played.completeExceptionally(e);
          }
        });
    return played;
  }

  /** Both scripts, until they have succeeded (null) or failed. */
  private Throwable[] playBoth() throws Exception {
    CompletableFuture<Void> left = play(north, this::playNorth);
    CompletableFuture<Void> right = play(south, this::playSouth);
    return new Throwable[] {outcome(left), outcome(right)};
  }

  private static Throwable outcome(CompletableFuture<Void> played) throws Exception {
    return played.handle((_, failure) -> failure).get(30, TimeUnit.SECONDS);
  }

  @Test
  void withoutFaultsBothScriptsEndWell() throws Exception {
    assertThat(playBoth()).containsOnlyNulls();
    assertThat(pipe.left().writes()).isGreaterThanOrEqualTo(8);
  }

  static Stream<Fault> faultsBehindEveryStep() {
    return IntStream.rangeClosed(0, 8)
        .boxed()
        .flatMap(step -> Fault.everyKind(Point.afterWrites(step)).stream());
  }

  @ParameterizedTest
  @MethodSource("faultsBehindEveryStep")
  void everyFaultAtEveryStepEndsBothScriptsAndLeavesNothing(Fault fault) throws Exception {
    boolean harmless = fault instanceof Fault.Trickle;
    north.patience(Duration.ofMillis(harmless ? 10_000 : 300));
    south.patience(Duration.ofMillis(harmless ? 10_000 : 300));
    pipe.left().fault(fault);
    for (Throwable outcome : playBoth()) {
      if (harmless) {
        assertThat(outcome).isNull();
      } else if (outcome != null) {
        assertThat(outcome)
            .isInstanceOf(AssertionError.class)
            .hasMessageContaining("The conversation so far:");
      }
    }
  }

  @Test
  void plaintextBehindTheCommandIsNotedAtTheStepWhereItMatters() throws Exception {
    pipe.left().fault(new Fault.LateBytes(Point.afterWrites(2), "<message/>"));
    north.patience(Duration.ofMillis(300));
    Throwable[] outcomes = playBoth();
    assertThat(outcomes[1]).hasMessageContaining("plaintext where the TLS handshake belongs");
    assertThat(outcomes[0]).isNotNull();
  }
}
