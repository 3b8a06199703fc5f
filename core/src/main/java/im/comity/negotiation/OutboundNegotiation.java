package im.comity.negotiation;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Acceptance;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.dialback.DialbackAnswer;
import im.comity.dialback.DialbackElement;
import im.comity.dialback.DialbackKey;
import im.comity.dialback.DialbackReading;
import im.comity.dialback.DialbackRequest;
import im.comity.dialback.DialbackVerdict;
import im.comity.discovery.Candidate;
import im.comity.discovery.ConnectFailure;
import im.comity.discovery.ConnectRace;
import im.comity.discovery.Connected;
import im.comity.discovery.Delegation;
import im.comity.discovery.Delegation.Found;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.event.NegotiationFailure.Tried;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyTable;
import im.comity.policy.Requirement;
import im.comity.policy.StaticRoute;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Proof;
import im.comity.prooftype.Reason;
import im.comity.relay.Way;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamEnded;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamId;
import im.comity.stream.StreamLimits;
import im.comity.transport.Deadline;
import im.comity.transport.OutOfTimeException;
import im.comity.transport.TlsIdentity;
import im.comity.transport.TlsRequest;
import im.comity.transport.TlsSession;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The conversation of an initiating server, top to bottom: find the peer, connect, TLS, judge the
 * peer, authenticate ourselves, settle. Blocking; runs on the virtual thread of one attempt.
 */
public final class OutboundNegotiation {
  /** How many redirects are followed in a row (S2S-ERR-52). */
  private static final int REDIRECTS = 5;

  /** How many elements a verification reads past before it gives up waiting for its answer. */
  private static final int ELEMENTS_READ_PAST = 64;

  private final Supplier<NegotiationContext> current;
  private final Settlement settlement;

  /**
   * @param current what all negotiations share, as it is now configured
   * @param settlement takes settled streams
   */
  public OutboundNegotiation(Supplier<NegotiationContext> current, Settlement settlement) {
    this.current = current;
    this.settlement = settlement;
  }

  private NegotiationContext context() {
    return current.get();
  }

  /** What is said once the peer is known and judged. */
  private interface Conversation<T> {
    T hold(NegotiatingStream stream, Peer peer) throws NegotiationException, StreamEnded;
  }

  /**
   * What is known of the peer when the conversation proper begins.
   *
   * @param judgement whether its certificate proves the target
   * @param haveIdentity whether we have a certificate to show
   * @param talk what was tried before
   */
  private record Peer(Judgement judgement, boolean haveIdentity, Talk talk) {}

  /**
   * Opens a way for a pair.
   *
   * @throws NegotiationException when there is none now, with the reason
   */
  public Way establish(DomainPair pair, Deadline deadline) throws NegotiationException {
    PolicyTable policy = context().policy();
    StaticRoute route = policy.route(pair.target());
    Requirement required = policy.requirement(pair, Direction.OUTBOUND);
    return overCandidates(
        pair,
        required,
        route,
        deadline,
        (stream, peer) -> {
          Acceptance acceptance = authenticate(stream, pair, peer, required);
          StreamLimits limits = stream.facts().features().limits();
          if (limits != null && limits.ignored() != null) {
            step(pair, "limits", "ignored, for they make no sense: " + limits.ignored());
          }
          return settle(stream, pair, peer.judgement(), acceptance, required);
        });
  }

  /**
   * What an authoritative server said.
   *
   * @param authority how that server itself is proven for the sender, or null
   */
  record Verified(DialbackVerdict verdict, @Nullable Proof authority) {}

  /**
   * Asks the authoritative server of a sender domain whether it made a key (XEP-0220 2.1.2). The
   * connection is a full outbound one, by the same rules of DNS, TLS and judgement (DNA-S2S-05),
   * and is closed after the answer (S2S-DB-51).
   *
   * @param asking the pair that was claimed: its sender is verified on behalf of its target
   * @param asker the stream on which it was claimed
   * @param id the id of our header on that stream
   * @param key the key, passed on unchanged
   * @return what the authoritative server says
   */
  Verified verify(
      DomainPair asking, StreamFacts asker, StreamId id, DialbackKey key, Deadline deadline)
      throws NegotiationException {
    DomainPair back = asking.reversed();
    PolicyTable policy = context().policy();
    StaticRoute route = policy.route(back.target());
    Requirement required = policy.requirement(back, Direction.OUTBOUND);
    return overCandidates(
        back,
        required,
        route,
        deadline,
        (stream, peer) -> {
          NegotiationFailure unfit =
              OutboundChoice.verification(stream.facts(), peer.judgement(), required);
          if (unfit != null) {
            throw new NegotiationException(unfit);
          }
          Proof authority =
              peer.judgement() instanceof Judgement.Proven(Proof proof) ? proof : null;
          DialbackRequest request =
              DialbackRequest.verify(asker.handle().value(), asking, id.value(), key);
          DialbackVerdict spared = request.spare(asker.tls(), stream.tls());
          if (spared != null) {
            step(back, "verified", "the same certificate as on the asking stream");
            return new Verified(spared, authority);
          }
          if (OutboundChoice.authenticateBeforeVerification(stream.facts(), peer.haveIdentity())) {
            authenticateForVerification(stream, back);
          }
          stream.step("dialback verification");
          stream.send(request.element().toElement());
          DialbackVerdict verdict = awaitVerdict(stream, request);
          step(back, "verified", "the authoritative server says " + describe(verdict.answer()));
          return new Verified(verdict, authority);
        });
  }

  // ---- from domain to stream -------------------------------------------------------------------

  private <T> T overCandidates(
      DomainPair pair,
      Requirement required,
      @Nullable StaticRoute route,
      Deadline deadline,
      Conversation<T> conversation)
      throws NegotiationException {
    deadline.step("dns");
    Found delegation = found(pair.target(), route);
    step(pair, delegation.override() ? "override" : "dns", describe(delegation));
    for (int redirects = 0; ; redirects++) {
      try {
        return overDelegation(pair, required, delegation, deadline, conversation);
      } catch (Redirect redirect) {
        if (redirects == REDIRECTS) {
          throw new NegotiationException(redirect.asFailure());
        }
        step(pair, "redirect", redirect.where());
        delegation = redirected(pair, redirect);
      }
    }
  }

  private <T> T overDelegation(
      DomainPair pair,
      Requirement required,
      Found delegation,
      Deadline deadline,
      Conversation<T> conversation)
      throws NegotiationException, Redirect {
    // What the best candidate said counts more than that the others could not be reached.
    NegotiationFailure reached = null;
    deadline.step("connect");
    try (ConnectRace race =
        ConnectRace.over(
            delegation.candidates(),
            context().resolver(),
            context().network(),
            context().timers(),
            raceOptions(pair.sender()),
            deadline)) {
      for (Connected winner; (winner = race.next()) != null; ) {
        step(pair, "connected", text(winner.candidate()) + ", at " + text(winner.address()));
        try {
          return atEndpoint(pair, winner, required, deadline, conversation);
        } catch (NegotiationException e) {
          if (!Consequences.anotherCandidate(e.failure()) || deadline.expired()) {
            throw e;
          }
          reached = reached == null ? e.failure() : reached;
          step(
              pair,
              "gave up",
              e.failure().code() + ": " + Consequences.explain(e.failure()).sentence());
        }
      }
      if (reached != null) {
        throw new NegotiationException(reached);
      }
      List<Tried> tried = new ArrayList<>();
      boolean noAddress = true;
      boolean onlyPrivate = !race.failures().isEmpty();
      for (ConnectFailure failure : race.failures()) {
        tried.add(new Tried(where(failure), failure.detail()));
        onlyPrivate &= failure.cause() == ConnectFailure.Cause.FORBIDDEN;
        noAddress &= failure.cause() == ConnectFailure.Cause.NO_ADDRESS;
      }
      if (onlyPrivate) {
        throw new NegotiationException(
            new NegotiationFailure.PrivateAddresses(pair.target(), tried));
      }
      if (delegation.fallback() && noAddress) {
        throw new NegotiationException(new NegotiationFailure.NoSuchDomain(pair.target()));
      }
      throw new NegotiationException(
          new NegotiationFailure.AllCandidatesFailed(pair.target(), tried, delegation.fallback()));
    } catch (OutOfTimeException late) {
      throw new NegotiationException(new NegotiationFailure.OutOfTime(late.step()));
    } catch (IOException interrupted) {
      throw new NegotiationException(
          new NegotiationFailure.ConnectionLost(
              "connect", String.valueOf(interrupted.getMessage())));
    }
  }

  private ConnectRace.Options raceOptions(Domain sender) {
    ConnectRace.Options options = ConnectRace.Options.DEFAULT.withGuard(context().guard());
    InetAddress source = context().sourceAddress().apply(sender);
    return source == null ? options : options.withSources(List.of(source));
  }

  private static String where(ConnectFailure failure) {
    return failure.address() == null
        ? text(failure.candidate())
        : text(failure.candidate()) + ", at " + text(failure.address());
  }

  private Found found(Domain target, @Nullable StaticRoute route) throws NegotiationException {
    return switch (context().discovery().delegationOf(target, route)) {
      case Found found -> found;
      case Delegation.Refused _ when target.isIpLiteral() ->
          throw new NegotiationException(new NegotiationFailure.AddressLiteral(target));
      case Delegation.Refused _ ->
          throw new NegotiationException(new NegotiationFailure.ServiceNotOffered(target));
      case Delegation.Failed failed ->
          throw new NegotiationException(
              new NegotiationFailure.LookupFailed(target, failed.reason()));
    };
  }

  /** The peer asks us, under TLS, to go elsewhere (S2S-ERR-50 to -53). */
  private static final class Redirect extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient StreamError error;
    private final transient Candidate from;
    private final String step;

    Redirect(StreamError error, Candidate from, String step) {
      super(error.toString(), null, false, false);
      this.error = error;
      this.from = from;
      this.step = step;
    }

    String where() {
      return error.redirect() == null ? "" : error.redirect();
    }

    NegotiationFailure asFailure() {
      return new NegotiationFailure.PeerStreamError(error, step);
    }
  }

  /**
   * Where a redirect leads: to a port of the host that we know, else to what DNS says of the new
   * name. What must be proven there stays the target domain (S2S-ERR-51).
   */
  private Found redirected(DomainPair pair, Redirect redirect) throws NegotiationException {
    String where = redirect.where().strip();
    int colon = where.endsWith("]") ? -1 : where.lastIndexOf(':');
    String host = colon < 0 ? where : where.substring(0, colon);
    try {
      int port = colon < 0 ? 0 : Integer.parseInt(where.substring(colon + 1));
      Domain domain = Domain.of(host);
      if (port == 0) {
        return found(domain, null);
      }
      String name = domain.equals(pair.target()) ? redirect.from.host() : domain.ascii();
      return new Found(
          pair.target(),
          List.of(new Candidate(name, port, redirect.from.directTls(), 0, 0, false)),
          List.of(),
          false,
          false);
    } catch (AddressFormatException | NumberFormatException unreadable) {
      throw new NegotiationException(redirect.asFailure());
    }
  }

  /**
   * Talks to one endpoint, once more where the first try showed that the peer closes over something
   * that we can leave out.
   */
  private <T> T atEndpoint(
      DomainPair pair,
      Connected winner,
      Requirement required,
      Deadline whole,
      Conversation<T> conversation)
      throws NegotiationException, Redirect {
    boolean mayTryUnoffered = true;
    boolean saslTried = false;
    Transport transport = winner.transport();
    while (true) {
      Talk talk = new Talk(mayTryUnoffered, saslTried);
      try {
        return talk(pair, winner.candidate(), transport, required, whole, talk, conversation);
      } catch (NegotiationException e) {
        boolean refusedTls =
            talk.triedUnoffered && required.level().compareTo(FederationLevel.ENCRYPTED) < 0;
        if (whole.expired() || !(refusedTls || talk.closedOverSasl)) {
          throw e;
        }
        // S2S-TLS-05: the policy admits clear text; S2S-EXT-17: it admits dialback.
        mayTryUnoffered &= !refusedTls;
        saslTried |= talk.closedOverSasl;
        step(pair, "again", refusedTls ? "without TLS" : "without EXTERNAL");
        transport = again(pair, winner, whole);
      }
    }
  }

  /** What one talk with an endpoint may do, and what it then did. */
  private static final class Talk {
    final boolean mayTryUnoffered;
    final boolean saslTried;
    boolean triedUnoffered;

    /** The peer refused EXTERNAL and ended the stream before dialback had an answer. */
    boolean closedOverSasl;

    Talk(boolean mayTryUnoffered, boolean saslTried) {
      this.mayTryUnoffered = mayTryUnoffered;
      this.saslTried = saslTried;
    }
  }

  private Transport again(DomainPair pair, Connected winner, Deadline whole)
      throws NegotiationException {
    InetAddress source = context().sourceAddress().apply(pair.sender());
    whole.step("connect");
    CompletableFuture<Transport> connecting = context().network().connect(winner.address(), source);
    try {
      return whole.await(connecting);
    } catch (OutOfTimeException late) {
      giveUp(connecting);
      throw new NegotiationException(new NegotiationFailure.OutOfTime(late.step()));
    } catch (IOException e) {
      giveUp(connecting);
      throw new NegotiationException(
          new NegotiationFailure.ConnectionLost("connect", String.valueOf(e.getMessage())));
    }
  }

  /** Nobody waits any more: a connection that comes all the same must not stay. */
  private static void giveUp(CompletableFuture<Transport> connecting) {
    if (!connecting.cancel(false) && !connecting.isCompletedExceptionally()) {
      connecting.resultNow().abort(null);
    }
  }

  private <T> T talk(
      DomainPair pair,
      Candidate candidate,
      Transport transport,
      Requirement required,
      Deadline whole,
      Talk talk,
      Conversation<T> conversation)
      throws NegotiationException, Redirect {
    TlsIdentity identity = context().identities().of(pair.sender());
    // SNI is the target domain: the XMPP domain, not the host that DNS named (S2S-DTLS-04,
    // -TLS-30).
    TlsRequest tls = new TlsRequest.AsClient(pair.target(), identity, true);
    Deadline share = whole.share(context().settings().candidate());
    NegotiatingStream stream =
        NegotiatingStream.initiate(transport, pair, required.dialback(), share, context().random());
    try (stream) {
      if (candidate.directTls()) {
        stream.upgrade(tls, null);
      }
      stream.open();
      if (!stream.encrypted()) {
        switch (OutboundChoice.beforeTls(stream.facts(), required, talk.mayTryUnoffered)) {
          case OutboundChoice.BeforeTls.UpgradeToTls(var offered) -> {
            talk.triedUnoffered = !offered;
            try {
              StartTls.request(stream, tls);
            } catch (NegotiationException e) {
              throw refuse(stream, e.failure());
            }
            talk.triedUnoffered = false;
            stream.open();
          }
          case OutboundChoice.BeforeTls.ContinueInPlain _ -> step(pair, "in clear", "no TLS");
          case OutboundChoice.BeforeTls.GiveUp(var why) -> throw refuse(stream, why);
        }
      }
      stream.continueUnder(whole);
      TlsSession session = stream.tls();
      if (session != null) {
        step(pair, "tls", session.protocol() + " " + session.cipherSuite());
      }
      Judgement ofPeer = context().judge().judge(pair.target(), session, required, false);
      step(pair, "peer", describe(ofPeer));
      try {
        return conversation.hold(stream, new Peer(ofPeer, identity != null, talk));
      } catch (NegotiationException e) {
        throw refuse(stream, e.failure());
      }
    } catch (StreamEnded e) {
      if (e.why() instanceof StreamEnded.Why.ErrorFromPeer(StreamError error)
          && error.condition() == StreamErrorCondition.SEE_OTHER_HOST
          && stream.encrypted()) {
        throw new Redirect(error, candidate, e.step());
      }
      throw new NegotiationException(Failures.of(e));
    } finally {
      share.cancel();
    }
  }

  /** Says what is wrong, if that belongs on the stream, and closes it. */
  private static NegotiationException refuse(NegotiatingStream stream, NegotiationFailure why) {
    StreamError error = Consequences.streamError(why);
    if (error != null && !stream.settled()) {
      stream.fail(error);
    }
    return new NegotiationException(why);
  }

  // ---- authentication of ourselves -------------------------------------------------------------

  private Acceptance authenticate(
      NegotiatingStream stream, DomainPair pair, Peer peer, Requirement required)
      throws NegotiationException, StreamEnded {
    return switch (OutboundChoice.authentication(
        stream.facts(), peer.judgement(), required, peer.haveIdentity(), peer.talk().saslTried)) {
      case OutboundChoice.Authentication.Sasl(var thenDialback) ->
          switch (SaslExternal.request(stream, pair.sender())) {
            case SaslExternal.Answer.Success _ -> {
              step(pair, "auth", "EXTERNAL");
              stream.open();
              yield new Acceptance.BySasl();
            }
            case SaslExternal.Answer.Failure(var why) -> {
              step(pair, "auth", "EXTERNAL refused: " + describe(why));
              if (!thenDialback) {
                throw new NegotiationException(why);
              }
              try {
                yield dialback(stream, pair);
              } catch (StreamEnded ended) {
                peer.talk().closedOverSasl = isClose(ended);
                throw ended;
              }
            }
          };
      case OutboundChoice.Authentication.DialbackOnly _ -> dialback(stream, pair);
      case OutboundChoice.Authentication.Unasked _ -> new Acceptance.Unasked();
      case OutboundChoice.Authentication.GiveUp(var why) -> throw new NegotiationException(why);
    };
  }

  /**
   * Whether the peer closed for what came before: with or without an end of the stream, or with an
   * error that speaks of permission. Silence, XML that cannot be read, and errors about anything
   * else say nothing about EXTERNAL (S2S-EXT-17).
   */
  private static boolean isClose(StreamEnded ended) {
    return switch (ended.why()) {
      case StreamEnded.Why.ClosedByPeer _, StreamEnded.Why.ConnectionLost _ -> true;
      case StreamEnded.Why.ErrorFromPeer(StreamError error) ->
          error.condition().retry() == StreamErrorCondition.Retry.POLICY;
      case StreamEnded.Why.Unreadable _,
          StreamEnded.Why.TlsFailed _,
          StreamEnded.Why.PlaintextInjected _,
          StreamEnded.Why.OutOfTime _ ->
          false;
    };
  }

  /** Asks by dialback: {@code db:result} out, verdict in (S2S-DB-11 to -27). */
  private Acceptance dialback(NegotiatingStream stream, DomainPair pair)
      throws NegotiationException, StreamEnded {
    stream.step("dialback");
    StreamId id = stream.id();
    if (id == null) {
      throw new NegotiationException(
          new NegotiationFailure.PeerMisbehaved(
              NegotiationFailure.Rule.NO_STREAM_ID, "the stream header has no id"));
    }
    DialbackKey key = context().secret().key(pair, id.value());
    DialbackRequest request = DialbackRequest.result(stream.handle().value(), pair, key);
    stream.send(request.element().toElement());
    DialbackVerdict verdict = awaitVerdict(stream, request);
    return switch (verdict.answer()) {
      case DialbackAnswer.Valid _ -> {
        step(pair, "auth", "dialback");
        yield new Acceptance.ByDialback(verdict);
      }
      case DialbackAnswer.Invalid _ ->
          throw new NegotiationException(new NegotiationFailure.PeerDialbackInvalid(pair));
      case DialbackAnswer.Failed error ->
          throw new NegotiationException(new NegotiationFailure.PeerDialbackError(pair, error));
    };
  }

  /** A refusal does not matter yet: the answer to the question shows whether it was needed. */
  private void authenticateForVerification(NegotiatingStream stream, DomainPair pair)
      throws NegotiationException, StreamEnded {
    switch (SaslExternal.request(stream, pair.sender())) {
      case SaslExternal.Answer.Success _ -> {
        step(pair, "auth", "EXTERNAL");
        stream.open();
      }
      case SaslExternal.Answer.Failure(var why) -> {
        step(pair, "auth", "EXTERNAL refused: " + describe(why));
      }
    }
  }

  /**
   * Reads until the answer to our one request; whatever else comes has no effect (S2S-DB-18, -54).
   */
  private DialbackVerdict awaitVerdict(NegotiatingStream stream, DialbackRequest request)
      throws NegotiationException, StreamEnded {
    for (int i = 0; i < ELEMENTS_READ_PAST; i++) {
      Element element = stream.await();
      if (DialbackElement.readAnswer(element) instanceof DialbackReading.Read(var answer)) {
        DialbackVerdict verdict = request.meet(answer);
        if (verdict != null) {
          return verdict;
        }
        context()
            .listener()
            .on(new FederationEvent.UnsolicitedDialback(element.name(), stream.handle()));
      }
    }
    throw new NegotiationException(
        new NegotiationFailure.PeerMisbehaved(
            NegotiationFailure.Rule.UNEXPECTED_ELEMENT, "much else instead of an answer"));
  }

  private Way settle(
      NegotiatingStream stream,
      DomainPair pair,
      Judgement ofPeer,
      Acceptance ofUs,
      Requirement required)
      throws NegotiationException {
    return switch (Admission.outbound(
        required, new Channel(stream.handle().value(), stream.tls()), pair, ofPeer, ofUs)) {
      case Admission.Admitted(Association association) ->
          settlement.outbound(stream.settle(false), association);
      case Admission.Refused(var why) ->
          throw new NegotiationException(Failures.of(why, required, pair, pair.target()));
    };
  }

  // ---- trace -----------------------------------------------------------------------------------

  private void step(DomainPair pair, String step, String detail) {
    context().listener().on(new FederationEvent.Step(pair, step, detail));
  }

  private static String text(InetSocketAddress endpoint) {
    InetAddress address = endpoint.getAddress();
    return (address == null ? endpoint.getHostString() : address.getHostAddress())
        + " port "
        + endpoint.getPort();
  }

  private static String describe(DialbackAnswer answer) {
    return switch (answer) {
      case DialbackAnswer.Valid _ -> "valid";
      case DialbackAnswer.Invalid _ -> "invalid";
      case DialbackAnswer.Failed failed -> failed.name();
    };
  }

  private static String text(Candidate candidate) {
    return candidate.host()
        + " port "
        + candidate.port()
        + (candidate.directTls() ? ", direct TLS" : ", STARTTLS");
  }

  private static String describe(Found delegation) {
    String places =
        delegation.candidates().stream()
            .map(OutboundNegotiation::text)
            .collect(Collectors.joining("; "));
    return delegation.fallback() ? places + " (no SRV records)" : places;
  }

  private static String describe(NegotiationFailure.PeerSaslFailure refusal) {
    String said =
        refusal.text() == null
            ? refusal.condition()
            : refusal.condition() + " (" + refusal.text() + ")";
    // What old ejabberd says; the diagnosis is for people, nothing is decided by it (DNA-EKU-07).
    return refusal.text() != null && refusal.text().contains("unsupported certificate purpose")
        ? said
            + "; the peer rejects server certificates as client certificates; needs ejabberd 25.08"
            + " or newer (or equivalent)"
        : said;
  }

  private static String describe(Judgement judgement) {
    return switch (judgement) {
      case Judgement.Proven(var proof) -> "proven by " + proof.prooftype();
      case Judgement.NotProven(var reasons) ->
          "not proven: " + reasons.stream().map(Reason::detail).collect(Collectors.joining("; "));
      case Judgement.Forbidden(var reason) -> "forbidden: " + reason.detail();
      case Judgement.CannotTellNow(var reason) -> "cannot tell: " + reason.detail();
    };
  }
}
