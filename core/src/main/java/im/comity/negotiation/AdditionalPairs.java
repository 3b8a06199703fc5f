package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.association.Refusal;
import im.comity.dialback.AuthoritativeServer;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackElement;
import im.comity.dialback.DialbackReading;
import im.comity.dialback.DialbackRefusal;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.local.LocalSide;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.relay.EstablishedStream;
import im.comity.relay.PairRequests;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamId;
import im.comity.transport.Deadline;
import im.comity.xml.Element;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The in-stream conversation of a receiving server: a peer asks to be taken for a sender domain, or
 * whether a key is ours. The first such request of a stream and every further one go the same way.
 */
public final class AdditionalPairs implements PairRequests {
  private final Supplier<NegotiationContext> current;
  private final OutboundNegotiation outbound;
  private final AuthoritativeServer authority;
  private final BiConsumer<EstablishedStream, Association> admitted;
  private final Semaphore verifications;
  private final VerificationBudget budget;
  private final Map<EstablishedStream, Requests> perStream = new ConcurrentHashMap<>();

  /** The requests of one stream that are being decided: how many answers each pair is owed. */
  private static final class Requests {
    final Map<DomainPair, Integer> owed = new HashMap<>();
  }

  /**
   * @param current what all negotiations share, as it is now configured
   * @param first the same as it is at the start, for what stays
   * @param outbound reaches authoritative servers
   * @param admitted hears which peers were taken
   */
  public AdditionalPairs(
      Supplier<NegotiationContext> current,
      NegotiationContext first,
      OutboundNegotiation outbound,
      BiConsumer<EstablishedStream, Association> admitted) {
    this.current = current;
    this.outbound = outbound;
    this.admitted = admitted;
    this.verifications = new Semaphore(first.settings().verifications());
    this.budget =
        new VerificationBudget(
            first.timers()::nanoTime,
            first.strangers().verifications(),
            first.strangers().verificationsOfSender());
    this.authority =
        new AuthoritativeServer(
            domain -> context().locals().standing(domain) == LocalSide.Standing.SERVED,
            first.secret(),
            false,
            first.timers().time());
  }

  private NegotiationContext context() {
    return current.get();
  }

  @Override
  public void requested(EstablishedStream stream, Element element, DialbackReading reading) {
    switch (reading) {
      case DialbackReading.Unaddressed(var detail) ->
          stream.close(StreamError.of(StreamErrorCondition.IMPROPER_ADDRESSING, detail));
      case DialbackReading.Malformed(var answer, _) -> stream.send(answer);
      case DialbackReading.Read(DialbackElement.Verify verify) -> answer(stream, verify);
      case DialbackReading.Read(DialbackElement.Result result) -> decide(stream, result);
      case DialbackReading.Read(DialbackElement.VerifyAnswer _),
          DialbackReading.Read(DialbackElement.ResultAnswer _),
          DialbackReading.Unmatchable _ ->
          context()
              .listener()
              .on(new FederationEvent.UnsolicitedDialback(element.name(), stream.facts().handle()));
    }
  }

  @Override
  public boolean pending(EstablishedStream stream, DomainPair pair) {
    Requests requests = perStream.get(stream);
    if (requests == null) {
      return false;
    }
    synchronized (requests) {
      return requests.owed.containsKey(pair);
    }
  }

  @Override
  public void ended(EstablishedStream stream) {
    perStream.remove(stream);
  }

  // ---- authoritative server --------------------------------------------------------------------

  /** Answers at once, whatever else goes on (S2S-DB-72). */
  private void answer(EstablishedStream stream, DialbackElement.Verify verify) {
    Requirement required = context().policy().requirement(verify.pair(), Direction.OUTBOUND);
    DialbackElement.VerifyAnswer answer =
        authority.answer(verify, stream.facts().encrypted(), required);
    // First the leave to stay: who reads the answer may rely on it.
    stream.answeringVerification();
    stream.send(answer.toElement());
    context()
        .listener()
        .on(
            new FederationEvent.KeyAnswered(
                verify.pair(),
                answer.answer() instanceof DialbackAnswer.Valid,
                stream.facts().handle()));
  }

  // ---- receiving server ------------------------------------------------------------------------

  private void decide(EstablishedStream stream, DialbackElement.Result result) {
    DomainPair pair = result.pair();
    DialbackRefusal refusal = atOnce(stream, pair);
    if (refusal != null) {
      refuse(stream, pair, refusal);
      return;
    }
    Requests requests = perStream.computeIfAbsent(stream, _ -> new Requests());
    synchronized (requests) {
      if (!room(stream, requests, pair)) {
        refuse(stream, pair, DialbackRefusal.NO_ROOM);
        return;
      }
      Integer owed = requests.owed.get(pair);
      requests.owed.put(pair, owed == null ? 1 : Math.min(owed + 1, MOST_OWED));
      if (owed != null) {
        return; // one verification, and all that asked are answered (S2S-DB-47)
      }
    }
    if (stream.closed()) {
      perStream.remove(stream);
      return;
    }
    Thread.ofVirtual()
        .name("pair " + pair + " on " + stream.facts().handle())
        .start(() -> run(stream, requests, result));
  }

  /** How many answers one pair is owed at most: a peer that repeats itself gains nothing by it. */
  private static final int MOST_OWED = 16;

  /** What needs no look at the peer (S2S-DB-31 to -33). */
  private @Nullable DialbackRefusal atOnce(EstablishedStream stream, DomainPair pair) {
    if (stream.facts().initiated()) {
      return DialbackRefusal.NO_ROOM;
    }
    if (context().locals().standing(pair.sender()) == LocalSide.Standing.SERVED) {
      return DialbackRefusal.OWN_DOMAIN;
    }
    if (context().locals().standing(pair.target()) != LocalSide.Standing.SERVED) {
      return DialbackRefusal.NOT_OURS;
    }
    Requirement required = context().policy().requirement(pair, Direction.INBOUND);
    if (!stream.facts().encrypted() && required.level().meets(FederationLevel.ENCRYPTED)) {
      return DialbackRefusal.NEEDS_TLS;
    }
    return null;
  }

  private boolean room(EstablishedStream stream, Requests requests, DomainPair pair) {
    Set<Domain> proven = stream.associations().senders();
    int most =
        proven.isEmpty()
            ? context().settings().strangerSenders()
            : context().settings().provenSenders();
    Set<Domain> senders =
        Stream.concat(
                Stream.concat(
                    proven.stream(), requests.owed.keySet().stream().map(DomainPair::sender)),
                Stream.of(pair.sender()))
            .collect(Collectors.toSet());
    return senders.size() <= most && requests.owed.size() < MOST_PENDING;
  }

  /** How many pairs of one stream may be in decision at once. */
  private static final int MOST_PENDING = 256;

  private void run(EstablishedStream stream, Requests requests, DialbackElement.Result result) {
    DomainPair pair = result.pair();
    Decision decision;
    try {
      decision = decide(stream.facts(), stream.associations().isEmpty(), result);
    } catch (RuntimeException e) {
      context().listener().on(new FederationEvent.Fault("pair " + pair, e));
      decision =
          new Decision.No(
              DialbackRefusal.AUTHORITY_SILENT, new NegotiationFailure.ProgramFault(e.toString()));
    }
    if (decision instanceof Decision.Yes(var association) && !stream.admit(association)) {
      decision =
          new Decision.No(
              DialbackRefusal.NO_ROOM, new NegotiationFailure.LimitReached("pairs of a stream"));
    }
    int owed;
    synchronized (requests) {
      Integer count = requests.owed.remove(pair);
      owed = count == null ? 0 : count;
    }
    // The association stands before the answer leaves (S2S-DB-38).
    for (int i = 0; i < owed; i++) {
      report(stream, pair, decision);
    }
    switch (decision) {
      case Decision.Yes(var association) -> admitted.accept(stream, association);
      case Decision.No(_, var failure) -> refused(stream, pair, failure);
      case Decision.Forged _ -> refused(stream, pair, new NegotiationFailure.KeyInvalid(pair));
    }
  }

  /** What was decided about a pair. */
  private sealed interface Decision {
    record Yes(Association association) implements Decision {}

    record No(DialbackRefusal refusal, NegotiationFailure failure) implements Decision {}

    record Forged() implements Decision {}
  }

  private void report(EstablishedStream stream, DomainPair pair, Decision decision) {
    switch (decision) {
      case Decision.Yes _ ->
          stream.send(
              new DialbackElement.ResultAnswer(pair, new DialbackAnswer.Valid()).toElement());
      case Decision.No(var refusal, _) -> refuse(stream, pair, refusal);
      case Decision.Forged _ -> {
        // S2S-DB-40, -41, decision C19: the stream ends unless others live on it.
        if (stream.associations().isEmpty()) {
          stream.send(
              new DialbackElement.ResultAnswer(pair, new DialbackAnswer.Invalid()).toElement());
          stream.close("a dialback key was forged");
        } else {
          refuse(stream, pair, DialbackRefusal.FORGED);
        }
      }
    }
  }

  private void refuse(EstablishedStream stream, DomainPair pair, DialbackRefusal refusal) {
    if (refusal == DialbackRefusal.NEEDS_TLS && stream.associations().isEmpty()) {
      // Nothing can come of this stream (decision C21).
      stream.close(
          StreamError.of(
              stream.facts().version().hasFeatures()
                  ? StreamErrorCondition.POLICY_VIOLATION
                  : StreamErrorCondition.NOT_AUTHORIZED,
              "TLS is required here"));
      return;
    }
    stream.send(
        new DialbackElement.ResultAnswer(pair, DialbackAnswer.Failed.because(refusal)).toElement());
  }

  private void refused(EstablishedStream stream, DomainPair pair, NegotiationFailure failure) {
    context()
        .listener()
        .on(
            new FederationEvent.SenderRefused(
                pair.sender(),
                pair.target(),
                failure,
                stream.facts().handle(),
                stream.facts().remote()));
  }

  /** Whether the peer may send for the pair; blocks while the authoritative server is asked. */
  private Decision decide(StreamFacts stream, boolean stranger, DialbackElement.Result result) {
    DomainPair pair = result.pair();
    Requirement required = context().policy().requirement(pair, Direction.INBOUND);
    Channel channel = new Channel(stream.handle().value(), stream.tls());
    // Judged now, against the certificate in force (S2S-DB-68, DNA-EXT-08).
    Judgement ofPeer = context().judge().judge(pair.sender(), stream.tls(), required, true);
    Admission byItself = Admission.inbound(required, channel, pair, ofPeer, null, null);
    if (byItself instanceof Admission.Admitted(var association)) {
      return new Decision.Yes(association); // dialback without dialling back
    }
    if (byItself instanceof Admission.Refused(Refusal.Forbidden why)) {
      return new Decision.No(
          DialbackRefusal.BARRED, Failures.of(why, required, pair, pair.sender()));
    }
    if (!InboundChoice.mayVerify(required, ofPeer)) {
      Refusal why =
          required.dialback()
              ? ((Admission.Refused) byItself).why()
              : new Refusal.DialbackNotAllowed();
      return new Decision.No(
          DialbackRefusal.NEEDS_PROOF, Failures.of(why, required, pair, pair.sender()));
    }
    if (stranger
        && !budget.take(stream.remote().getAddress(), pair.sender(), context().strangers())) {
      return new Decision.No(
          DialbackRefusal.NO_ROOM,
          new NegotiationFailure.LimitReached("verifications for strangers"));
    }
    return verify(stream, result, required, channel, ofPeer);
  }

  private Decision verify(
      StreamFacts stream,
      DialbackElement.Result result,
      Requirement required,
      Channel channel,
      Judgement ofPeer) {
    DomainPair pair = result.pair();
    StreamId id = stream.id();
    InetAddress source = stream.remote().getAddress();
    if (!budget.begin(source, context().strangers().verificationsAtOnce())) {
      return new Decision.No(
          DialbackRefusal.NO_ROOM,
          new NegotiationFailure.LimitReached("verifications of one address at once"));
    }
    if (id == null || !verifications.tryAcquire()) {
      budget.end(source);
      return new Decision.No(
          DialbackRefusal.NO_ROOM, new NegotiationFailure.LimitReached("verifications"));
    }
    Deadline deadline = Deadline.start(context().timers(), context().settings().dialback());
    try {
      OutboundNegotiation.Verified verified =
          outbound.verify(pair, stream, id, result.key(), deadline);
      return switch (Admission.inbound(
          required, channel, pair, ofPeer, verified.verdict(), verified.authority())) {
        case Admission.Admitted(var association) -> new Decision.Yes(association);
        case Admission.Refused(Refusal.KeyForged _) -> new Decision.Forged();
        case Admission.Refused(var why) ->
            new Decision.No(
                why instanceof Refusal.KeyUnverified
                    ? DialbackRefusal.NO_AUTHORITY
                    : DialbackRefusal.NEEDS_PROOF,
                Failures.of(why, required, pair, pair.sender()));
      };
    } catch (NegotiationException e) {
      return new Decision.No(
          unreachable(e.failure()), new NegotiationFailure.AuthorityFailed(pair, e.failure()));
    } finally {
      deadline.cancel();
      verifications.release();
      budget.end(source);
    }
  }

  /** What trouble on the way to the authoritative server means to the peer (S2S-DB-43). */
  private static DialbackRefusal unreachable(NegotiationFailure failure) {
    return switch (failure) {
      case NegotiationFailure.NoSuchDomain _,
          NegotiationFailure.ServiceNotOffered _,
          NegotiationFailure.AddressLiteral _ ->
          DialbackRefusal.NO_AUTHORITY;
      case NegotiationFailure.PeerStreamError error
          when error.error().condition() == StreamErrorCondition.HOST_UNKNOWN ->
          DialbackRefusal.NO_AUTHORITY;
      case NegotiationFailure.NotProven _ -> DialbackRefusal.AUTHORITY_UNPROVEN;
      case NegotiationFailure.LimitReached _, NegotiationFailure.QueueFull _ ->
          DialbackRefusal.NO_ROOM;
      default -> DialbackRefusal.AUTHORITY_SILENT;
    };
  }
}
