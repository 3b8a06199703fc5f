package im.comity.prooftype;

import im.comity.address.Domain;
import im.comity.policy.Requirement;
import im.comity.prooftype.Reason.Code;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a peer is proven for a domain, by running the prooftypes that the rule allows, in
 * the rule's order. The only maker of {@link Proof}. Thread-safe as far as its prooftypes are.
 *
 * <p>The first prooftype that proves, forbids or cannot tell decides; what it may not be overruled
 * by must stand behind it. A proof is never remembered: every question is judged against the
 * certificate of the current handshake and the clock (DNA-EXT-08, DNA-EXT-11). What {@link
 * PathJudge} keeps is that a chain of authorities is in order, from when until when.
 */
public final class Judge {
  private final Map<String, Prooftype> prooftypes = new LinkedHashMap<>();
  private final InstantSource time;

  /**
   * A judge over some prooftypes.
   *
   * @param prooftypes in the order in which they run where a rule names none
   * @throws IllegalArgumentException if two have the same name
   */
  public Judge(List<? extends Prooftype> prooftypes, InstantSource time) {
    for (Prooftype prooftype : prooftypes) {
      if (this.prooftypes.putIfAbsent(prooftype.name(), prooftype) != null) {
        throw new IllegalArgumentException("two prooftypes are called " + prooftype.name());
      }
    }
    this.time = time;
  }

  /**
   * Judges the peer at the other end of a TLS session.
   *
   * @param domain the domain it should be proven for (see {@link Question#domain()})
   * @param session what the handshake agreed on, or null on a stream in clear
   * @param requirement the rule whose prooftypes may be used
   * @param inbound whether the peer opened the connection
   */
  public Judgement judge(
      Domain domain, @Nullable TlsSession session, Requirement requirement, boolean inbound) {
    if (session == null) {
      return nothing(Code.NO_TLS, "the stream is not encrypted");
    }
    PeerCertificate certificate = session.peer();
    if (certificate == null) {
      return nothing(Code.NO_CERTIFICATE, "the peer showed no certificate");
    }
    if (inbound && !session.reliable()) {
      return nothing(
          Code.UNRELIABLE_SESSION,
          "a client's certificate counts under TLS 1.3 or with extended master secret; this is "
              + session.protocol());
    }
    String weakness = Strength.weakness(certificate.leaf().getPublicKey());
    if (weakness != null) {
      return nothing(Code.WEAK_KEY, "the certificate has an " + weakness);
    }
    return run(
        new Question(domain, certificate, inbound, time.instant()), requirement.prooftypes());
  }

  private Judgement run(Question question, List<String> allowed) {
    List<Reason> reasons = new ArrayList<>();
    Collection<String> names = allowed.isEmpty() ? prooftypes.keySet() : allowed;
    for (String name : names) {
      Prooftype prooftype = prooftypes.get(name);
      if (prooftype == null) {
        reasons.add(new Reason(name, Code.UNKNOWN_PROOFTYPE, "this server has no such prooftype"));
      } else if (prooftype.needsSecureDns()) {
        // No resolver says yet that an answer was secure.
        reasons.add(new Reason(name, Code.NO_SECURE_DNS, "the delegation is not secure"));
      } else {
        switch (prooftype.judge(question)) {
          case Finding.Proves(var evidence, var notAfter) -> {
            return new Judgement.Proven(
                new Proof(
                    question.domain(), name, question.certificate().leaf(), evidence, notAfter));
          }
          case Finding.Forbids(var reason) -> {
            return new Judgement.Forbidden(reason);
          }
          case Finding.CannotTellNow(var reason) -> {
            return new Judgement.CannotTellNow(reason);
          }
          case Finding.ProvesNothing(var why) -> reasons.addAll(why);
        }
      }
    }
    return new Judgement.NotProven(reasons);
  }

  private static Judgement nothing(Code code, String detail) {
    return new Judgement.NotProven(List.of(new Reason(Reason.ANY, code, detail)));
  }
}
