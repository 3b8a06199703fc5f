package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.event.NegotiationFailure;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Reason;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamFeatures;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an initiating server does next: pure functions from facts to a sealed choice. */
final class OutboundChoice {
  private OutboundChoice() {}

  /** What to do with a stream that is in clear. */
  sealed interface BeforeTls {
    /** Ask for TLS; {@code offered} says whether the peer announced it. */
    record UpgradeToTls(boolean offered) implements BeforeTls {}

    /** Go on in clear, which the policy admits. */
    record ContinueInPlain() implements BeforeTls {}

    /** There is no way on. */
    record GiveUp(NegotiationFailure why) implements BeforeTls {}
  }

  /** How to authenticate ourselves. */
  sealed interface Authentication {
    /** SASL EXTERNAL; if the peer refuses it, dialback where {@code thenDialback}. */
    record Sasl(boolean thenDialback) implements Authentication {}

    /** Dialback alone. */
    record DialbackOnly() implements Authentication {}

    /** Neither: policy admits the pair unproven, and the peer asked for nothing. */
    record Unasked() implements Authentication {}

    /** There is no way on. */
    record GiveUp(NegotiationFailure why) implements Authentication {}
  }

  /**
   * What to do in clear (S2S-TLS-03, -04, -05, S2S-STR-19).
   *
   * @param stream the facts of the stream, with the peer's features
   * @param required what the policy asks of the pair
   * @param mayTryUnoffered false when a try without an offer was refused before
   */
  static BeforeTls beforeTls(StreamFacts stream, Requirement required, boolean mayTryUnoffered) {
    boolean needsTls = required.level().compareTo(FederationLevel.ENCRYPTED) >= 0;
    StreamFeatures features = stream.features();
    if (!stream.version().hasFeatures()) {
      return needsTls
          ? new BeforeTls.GiveUp(new NegotiationFailure.VersionTooOld(stream.version().toString()))
          : new BeforeTls.ContinueInPlain();
    }
    if (features.startTls()) {
      return new BeforeTls.UpgradeToTls(true);
    }
    if (!features.unknownRequired().isEmpty()) {
      return new BeforeTls.GiveUp(
          new NegotiationFailure.FeatureUnknown(features.unknownRequired()));
    }
    if (mayTryUnoffered && (needsTls || required.startTlsUnoffered())) {
      return new BeforeTls.UpgradeToTls(false);
    }
    return needsTls
        ? new BeforeTls.GiveUp(
            new NegotiationFailure.TlsNotOffered(required.level(), required.rule()))
        : new BeforeTls.ContinueInPlain();
  }

  /** Whether the peer can be asked by dialback (S2S-DB-27). */
  static boolean dialbackPossible(StreamFacts stream) {
    return stream.features().dialback() || stream.dialbackDeclared();
  }

  /**
   * How to authenticate (S2S-EXT-06, -16, -32, S2S-DB-26, -27, S2S-FEAT-04, -15, decisions C4, C6).
   *
   * @param stream the facts of the stream, as it is after TLS if there is any
   * @param ofPeer whether the peer's certificate proves the target domain
   * @param required what the policy asks of the pair
   * @param haveIdentity whether we showed, or can show, a certificate of ours
   * @param saslTried whether the peer refused EXTERNAL before and closed
   */
  static Authentication authentication(
      StreamFacts stream,
      Judgement ofPeer,
      Requirement required,
      boolean haveIdentity,
      boolean saslTried) {
    boolean trusted = required.level() == FederationLevel.TRUSTED;
    switch (ofPeer) {
      case Judgement.Forbidden forbidden -> {
        return new Authentication.GiveUp(notProven(stream, List.of(forbidden.reason())));
      }
      case Judgement.NotProven not when trusted -> {
        return new Authentication.GiveUp(notProven(stream, not.reasons()));
      }
      case Judgement.CannotTellNow later when trusted -> {
        return new Authentication.GiveUp(notProven(stream, List.of(later.reason())));
      }
      case Judgement.Proven _, Judgement.NotProven _, Judgement.CannotTellNow _ -> {}
    }
    boolean dialback = dialbackPossible(stream) && required.dialback();
    boolean external = stream.encrypted() && stream.features().external() && !saslTried;
    if (external && haveIdentity) {
      return new Authentication.Sasl(dialback);
    }
    if (dialback) {
      return new Authentication.DialbackOnly();
    }
    if (!stream.features().unknownRequired().isEmpty()) {
      return new Authentication.GiveUp(
          new NegotiationFailure.FeatureUnknown(stream.features().unknownRequired()));
    }
    if (required.level() == FederationLevel.PERMISSIVE) {
      return new Authentication.Unasked();
    }
    if (dialbackPossible(stream)) {
      return new Authentication.GiveUp(new NegotiationFailure.DialbackNotAllowed(required.rule()));
    }
    if (external) {
      return new Authentication.GiveUp(
          new NegotiationFailure.NoIdentity(
              stream.pair() == null ? target(stream) : stream.pair().sender()));
    }
    return new Authentication.GiveUp(
        new NegotiationFailure.NoCommonAuthentication(
            stream.features().external(),
            false,
            saslTried ? "it refused our certificate" : "it offers neither EXTERNAL nor dialback"));
  }

  /**
   * Whether the authoritative server that we reached may be asked: the peer is judged as for
   * stanzas (DNA-S2S-05), but authentication of ourselves is not needed before {@code db:verify}
   * (S2S-DB-53).
   */
  static @Nullable NegotiationFailure verification(
      StreamFacts stream, Judgement ofPeer, Requirement required) {
    boolean trusted = required.level() == FederationLevel.TRUSTED;
    return switch (ofPeer) {
      case Judgement.Proven _ -> null;
      case Judgement.Forbidden(var reason) -> notProven(stream, List.of(reason));
      case Judgement.NotProven(var reasons) -> trusted ? notProven(stream, reasons) : null;
      case Judgement.CannotTellNow(var reason) ->
          trusted ? notProven(stream, List.of(reason)) : null;
    };
  }

  /**
   * Whether to authenticate before {@code db:verify}, which is needed nowhere but at a peer whose
   * list has EXTERNAL and nothing about dialback (S2S-DB-53).
   */
  static boolean authenticateBeforeVerification(StreamFacts stream, boolean haveIdentity) {
    return haveIdentity
        && stream.encrypted()
        && stream.features().external()
        && !stream.features().dialback();
  }

  private static NegotiationFailure notProven(StreamFacts stream, List<Reason> reasons) {
    return new NegotiationFailure.NotProven(target(stream), reasons);
  }

  private static Domain target(StreamFacts stream) {
    return Objects.requireNonNull(stream.pair()).target();
  }
}
