package im.comity.dialback;

import im.comity.address.Domain;
import im.comity.dialback.DialbackElement.Verify;
import im.comity.dialback.DialbackElement.VerifyAnswer;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import java.time.InstantSource;
import java.util.function.Predicate;

/**
 * Answers whether a key is ours (XEP-0220 section 2.2.2), on whatever stream it is asked: unproven
 * ones are the normal case, and the stream's own domains say nothing about who may ask (S2S-DB-61).
 *
 * <p>A pure function of the request, the domains we answer for, and the secret: it looks at no
 * stream of ours and waits for nothing, so that two servers may dial back to each other at the same
 * moment (S2S-DB-66, S2S-DB-72). How often somebody may ask is for others to bound.
 */
public final class AuthoritativeServer {
  private final Predicate<Domain> ours;
  private final DialbackSecret secret;
  private final boolean answersInClear;
  private final InstantSource time;

  /**
   * An authoritative server.
   *
   * @param ours whether we answer for a domain; must not block
   * @param secret what our keys are made with
   * @param answersInClear whether to answer on a stream in clear though the rule of the pair needs
   *     TLS, for old peers (S2S-DB-62)
   */
  public AuthoritativeServer(
      Predicate<Domain> ours, DialbackSecret secret, boolean answersInClear, InstantSource time) {
    this.ours = ours;
    this.secret = secret;
    this.answersInClear = answersInClear;
    this.time = time;
  }

  /**
   * The answer to a request.
   *
   * @param encrypted whether the stream that asks is under TLS
   * @param requirement our outbound rule for the request's pair
   */
  public VerifyAnswer answer(Verify request, boolean encrypted, Requirement requirement) {
    return new VerifyAnswer(request.pair(), request.id(), judge(request, encrypted, requirement));
  }

  private DialbackAnswer judge(Verify request, boolean encrypted, Requirement requirement) {
    if (!ours.test(request.pair().sender())) {
      return DialbackAnswer.Failed.because(DialbackRefusal.NOT_OURS);
    }
    if (!encrypted && !answersInClear && requirement.level().meets(FederationLevel.ENCRYPTED)) {
      return DialbackAnswer.Failed.because(DialbackRefusal.NEEDS_TLS);
    }
    return secret.made(request.key(), request.pair(), request.id(), time.instant())
        ? new DialbackAnswer.Valid()
        : new DialbackAnswer.Invalid();
  }
}
