package im.comity.event;

import static org.assertj.core.api.Assertions.assertThat;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.event.NegotiationFailure.PeerStreamError;
import im.comity.event.NegotiationFailure.Rule;
import im.comity.event.NegotiationFailure.Tried;
import im.comity.policy.FederationLevel;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.testkit.Clause;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ConsequencesTest {
  @ParameterizedTest
  @Clause("S2S-ERR-08")
  @EnumSource(StreamErrorCondition.class)
  void theTextOfAStreamErrorDecidesNothing(StreamErrorCondition condition) {
    PeerStreamError plain = failure(condition, null);
    for (StreamErrorCondition named : StreamErrorCondition.values()) {
      for (String text : new String[] {named.wire(), "No stream features to offer", "timeout"}) {
        PeerStreamError told = failure(condition, text);
        assertThat(told.code()).isEqualTo(plain.code());
        assertThat(Consequences.streamError(told)).isEqualTo(Consequences.streamError(plain));
        assertThat(Consequences.stanzaError(told)).isEqualTo(Consequences.stanzaError(plain));
        assertThat(Consequences.barring(told)).isEqualTo(Consequences.barring(plain));
        assertThat(Consequences.anotherCandidate(told))
            .isEqualTo(Consequences.anotherCandidate(plain));
      }
    }
  }

  private static PeerStreamError failure(StreamErrorCondition condition, String text) {
    return new PeerStreamError(new StreamError(condition, text, null, null), "features");
  }

  /** One of each kind, with words in it that are not for users. */
  static Stream<NegotiationFailure> failures() {
    Domain domain = domain("secret.example");
    DomainPair pair = new DomainPair(domain("room.example"), domain);
    String secret = "CN=Secret Authority at 192.0.2.77";
    List<Tried> tried = List.of(new Tried("192.0.2.77 port 5269", secret));
    return Stream.of(
        new NegotiationFailure.NoSuchDomain(domain),
        new NegotiationFailure.ServiceNotOffered(domain),
        new NegotiationFailure.LookupFailed(domain, secret),
        new NegotiationFailure.AddressLiteral(domain),
        new NegotiationFailure.AllCandidatesFailed(domain, tried, false),
        new NegotiationFailure.AllCandidatesFailed(domain, tried, true),
        new NegotiationFailure.PrivateAddresses(domain, tried),
        new NegotiationFailure.ConnectionLost("tls", secret),
        new NegotiationFailure.PeerMisbehaved(Rule.UNEXPECTED_ELEMENT, secret),
        new NegotiationFailure.TlsNotOffered(FederationLevel.ENCRYPTED, secret),
        new NegotiationFailure.TlsRefused(),
        new NegotiationFailure.TlsFailed(secret),
        new NegotiationFailure.NoCommonAuthentication(true, true, secret),
        new NegotiationFailure.VersionTooOld(secret),
        new NegotiationFailure.FeatureUnknown(List.of(secret)),
        new NegotiationFailure.NotProven(domain, List.of()),
        failure(StreamErrorCondition.POLICY_VIOLATION, secret),
        new NegotiationFailure.PeerClosed("auth", true),
        new NegotiationFailure.PeerSaslFailure("not-authorized", secret),
        new NegotiationFailure.PeerDialbackInvalid(pair),
        new NegotiationFailure.LevelTooLow(
            FederationLevel.VERIFIED, FederationLevel.TRUSTED, secret),
        new NegotiationFailure.DialbackNotAllowed(secret),
        new NegotiationFailure.ProofNotAllowed("pkix", List.of(secret), secret),
        new NegotiationFailure.OutOfTime("tls"),
        new NegotiationFailure.KeyInvalid(pair),
        new NegotiationFailure.AuthorityFailed(pair, new NegotiationFailure.TlsFailed(secret)),
        new NegotiationFailure.HostUnknown(domain),
        new NegotiationFailure.NoIdentity(domain),
        new NegotiationFailure.QueueFull(pair),
        new NegotiationFailure.ShuttingDown(),
        new NegotiationFailure.LimitReached(secret),
        new NegotiationFailure.TooManyStrangers(NegotiationFailure.StrangerLimit.RATE, 400),
        new NegotiationFailure.ProgramFault(secret));
  }

  @ParameterizedTest
  @Clause("S2S-BNC-11")
  @MethodSource("failures")
  void whatReturnsToUsersTellsTheCodeAndNothingOfOthers(NegotiationFailure failure) {
    String text = Consequences.stanzaError(failure).text();
    assertThat(text).startsWith(failure.code() + ": ");
    assertThat(text).doesNotContainIgnoringCase("secret", "192.0.2", "CN=", "example");
  }

  private static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
