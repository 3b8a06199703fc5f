package im.comity.negotiation;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.dialback.DialbackElement;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.event.NegotiationFailure.PeerMisbehaved;
import im.comity.event.NegotiationFailure.Rule;
import im.comity.local.LocalSide;
import im.comity.policy.Direction;
import im.comity.policy.FederationLevel;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.stanza.StanzaKind;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamEnded;
import im.comity.stream.StreamError;
import im.comity.stream.StreamErrorCondition;
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamHeader;
import im.comity.transport.Deadline;
import im.comity.transport.TlsRequest;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The conversation of a receiving server, top to bottom: header, features, TLS, judge the peer,
 * SASL; then the stream is settled, with or without a proven sender. Blocking; runs on the virtual
 * thread of one connection.
 */
public final class InboundNegotiation {
  /** Stands for a sender that did not say who it is: no rule is about it. */
  private static final Domain UNNAMED = unnamed();

  private final Supplier<NegotiationContext> current;
  private final Settlement settlement;

  /**
   * @param current what all negotiations share, as it is now configured
   * @param settlement takes settled streams
   */
  public InboundNegotiation(Supplier<NegotiationContext> current, Settlement settlement) {
    this.current = current;
    this.settlement = settlement;
  }

  private NegotiationContext context() {
    return current.get();
  }

  /**
   * Whom the peer claims to be and whom it wants, as of the header in force.
   *
   * @param header the header
   * @param target our domain
   * @param pair the pair it names; its sender is a stand-in when the header has none
   * @param required what the policy asks of the pair
   * @param ofPeer whether the certificate proves the sender
   */
  private record Claim(
      StreamHeader header, Domain target, DomainPair pair, Requirement required, Judgement ofPeer) {
    boolean named() {
      return header.from() != null;
    }
  }

  /** Takes a connection through its conversation; returns when it is settled or closed. */
  public void receive(Transport transport, boolean directTls) {
    // Time runs since the connection is there, which may have been silent for a while.
    Duration age = transport.age();
    Deadline deadline =
        Deadline.rest(
            context().timers(),
            context().settings().negotiation(),
            age,
            directTls ? "tls" : "header");
    Deadline greeting = deadline.share(context().strangers().greeting(), age);
    NegotiatingStream stream = NegotiatingStream.receive(transport, greeting, context().random());
    Exchange exchange = new Exchange(stream, transport, deadline, greeting);
    try {
      if (directTls) {
        stream.upgrade(new TlsRequest.AsServer(context().identities(), null), null);
      }
      exchange.run();
    } catch (StreamEnded e) {
      refused(exchange, Failures.of(e), transport);
    } catch (NegotiationException e) {
      StreamError error = Consequences.streamError(e.failure());
      if (error != null) {
        stream.fail(error);
      }
      refused(exchange, e.failure(), transport);
    } catch (RuntimeException e) {
      stream.fail(StreamError.of(StreamErrorCondition.INTERNAL_SERVER_ERROR));
      context().listener().on(new FederationEvent.Fault("inbound negotiation", e));
    } finally {
      stream.close();
      exchange.greeting.cancel();
      if (!stream.settled()) {
        deadline.cancel();
      }
    }
  }

  private void refused(Exchange exchange, NegotiationFailure failure, Transport transport) {
    Claim claim = exchange.claim;
    context()
        .listener()
        .on(
            new FederationEvent.SenderRefused(
                claim == null ? null : claim.header().from(),
                claim == null ? null : claim.target(),
                failure,
                exchange.stream.handle(),
                transport.remote()));
  }

  /** One connection's conversation. */
  private final class Exchange {
    private final NegotiatingStream stream;
    private final Transport transport;
    private final Deadline whole;

    /** For the silent and the slow: until TLS is up, if it is asked for, and the header read. */
    private Deadline greeting;

    private @Nullable Claim claim;
    private int attempts;
    private boolean challenged;

    Exchange(NegotiatingStream stream, Transport transport, Deadline whole, Deadline greeting) {
      this.stream = stream;
      this.transport = transport;
      this.whole = whole;
      this.greeting = greeting;
    }

    void run() throws StreamEnded, NegotiationException {
      Claim current = open();
      while (true) {
        Element element = stream.await();
        if (StartTls.isRequest(element)) {
          // A second one, or one that cannot be served, gets <failure/> (S2S-TLS-06, -07).
          if (stream.encrypted() || context().identities().of(current.target()) == null) {
            StartTls.refuse(stream);
            return;
          }
          greeting = whole.share(context().strangers().greeting());
          stream.continueUnder(greeting);
          StartTls.accept(
              stream, new TlsRequest.AsServer(context().identities(), current.target()));
          current = open();
        } else if (element.namespace().equals(Namespaces.SASL)) {
          if (sasl(element, current)) {
            return;
          }
        } else if (DialbackElement.read(element) != null) {
          mayDialback(element, current);
          settlement.inbound(stream.settle(true), null);
          return;
        } else if (isStanza(element)) {
          settlement.inbound(stream.settle(true), unproven(current));
          return;
        } else if (!element.is(Namespaces.BIDI, "bidi")) {
          // Bidi was not offered: asking for it has no effect (S2S-BIDI-14).
          throw new NegotiationException(
              new PeerMisbehaved(
                  Rule.UNEXPECTED_ELEMENT, element.name() + " before authentication"));
        }
      }
    }

    /** Reads a header, judges who sends it and answers with what we offer. */
    private Claim open() throws StreamEnded, NegotiationException {
      stream.step("header");
      StreamHeader header = stream.awaitHeader();
      stream.continueUnder(whole);
      greeting.cancel();
      if (header.fault() != null) {
        throw stream.refuse(header, null, header.fault());
      }
      transport.greeted();
      Domain target = target(header);
      Domain sender = header.from();
      if (sender != null && context().locals().standing(sender) == LocalSide.Standing.SERVED) {
        throw answered(
            header,
            target,
            new PeerMisbehaved(Rule.CLAIMS_OUR_DOMAIN, "the header is from " + sender));
      }
      DomainPair pair = new DomainPair(sender == null ? UNNAMED : sender, target);
      Requirement required = context().policy().requirement(pair, Direction.INBOUND);
      Judgement ofPeer = context().judge().judge(pair.sender(), stream.tls(), required, true);
      Claim current = new Claim(header, target, pair, required, ofPeer);
      claim = current;
      StreamFeatures offered =
          stream.encrypted()
              ? InboundChoice.afterTls(
                  required, current.named(), ofPeer, context().settings().announced())
              : InboundChoice.beforeTls(
                  required,
                  context().identities().of(target) != null,
                  context().settings().announced());
      stream.answer(header, target, required.dialback(), offered);
      if (header.version().hasFeatures()
          && !offered.startTls()
          && !offered.external()
          && !offered.dialback()
          && required.level() != FederationLevel.PERMISSIVE) {
        // Nothing can come of this stream: say so at once (S2S-EXT-33).
        throw new NegotiationException(nothingToOffer(current));
      }
      stream.step("auth");
      return current;
    }

    private NegotiationFailure nothingToOffer(Claim current) {
      if (!stream.encrypted()) {
        return new NegotiationFailure.NoIdentity(current.target());
      }
      return switch (current.ofPeer()) {
        case Judgement.NotProven(var reasons) ->
            new NegotiationFailure.NotProven(current.pair().sender(), reasons);
        case Judgement.Forbidden(var reason) ->
            new NegotiationFailure.NotProven(current.pair().sender(), java.util.List.of(reason));
        case Judgement.CannotTellNow(var reason) ->
            new NegotiationFailure.NotProven(current.pair().sender(), java.util.List.of(reason));
        case Judgement.Proven _ ->
            new NegotiationFailure.NoCommonAuthentication(
                false, false, "the stream header names no sender");
      };
    }

    /** Which domain of ours is wanted (S2S-STR-05, -09, S2S-ERR-04, -24, -25). */
    private Domain target(StreamHeader header) throws StreamEnded {
      Domain wanted = header.to();
      if (wanted == null) {
        Collection<Domain> domains = context().locals().domains();
        if (domains.size() == 1) {
          return domains.iterator().next();
        }
        throw stream.refuse(
            header,
            null,
            StreamError.of(
                StreamErrorCondition.IMPROPER_ADDRESSING, "Several domains are served: say which"));
      }
      return switch (context().locals().standing(wanted)) {
        case SERVED -> wanted;
        case GONE ->
            throw stream.refuse(header, null, StreamError.of(StreamErrorCondition.HOST_GONE));
        case FOREIGN ->
            throw stream.refuse(header, null, StreamError.of(StreamErrorCondition.HOST_UNKNOWN));
      };
    }

    /** Refuses after a header of ours. */
    private NegotiationException answered(
        StreamHeader header, Domain target, NegotiationFailure failure) {
      stream.answer(header, target, false, StreamFeatures.NONE);
      return new NegotiationException(failure);
    }

    /**
     * SASL EXTERNAL (streams.md 12).
     *
     * @return whether the stream is settled
     */
    private boolean sasl(Element element, Claim current) throws StreamEnded, NegotiationException {
      if (element.name().equals("abort")) {
        challenged = false;
        failed(SaslExternal.Condition.ABORTED, current);
        return false;
      }
      SaslExternal.Response response;
      if (element.name().equals("auth")) {
        if (++attempts > context().settings().saslAttempts()) {
          throw new NegotiationException(
              new PeerMisbehaved(Rule.TOO_MANY_ATTEMPTS, "Too many authentication attempts"));
        }
        challenged = false;
        if (!stream.encrypted()) {
          failed(SaslExternal.Condition.ENCRYPTION_REQUIRED, current);
          return false;
        }
        response = SaslExternal.parseAuth(element);
      } else if (element.name().equals("response") && challenged) {
        challenged = false;
        response = SaslExternal.parseResponse(element);
      } else {
        throw new NegotiationException(
            new PeerMisbehaved(Rule.UNEXPECTED_ELEMENT, element.name() + " outside SASL"));
      }
      switch (response) {
        case SaslExternal.Response.Missing _ -> {
          challenged = true;
          SaslExternal.challenge(stream);
          return false;
        }
        case SaslExternal.Response.Bad(var condition) -> {
          failed(condition, current);
          return false;
        }
        case SaslExternal.Response.Identity(var identity) -> {
          return authenticate(identity, current);
        }
      }
    }

    private boolean authenticate(@Nullable Domain identity, Claim current)
        throws StreamEnded, NegotiationException {
      // The identity is the header's sender or nobody (S2S-EXT-11 to -13).
      if (identity != null && !(current.named() && identity.equals(current.pair().sender()))) {
        failed(SaslExternal.Condition.INVALID_AUTHZID, current);
        return false;
      }
      if (!current.named()) {
        failed(SaslExternal.Condition.NOT_AUTHORIZED, current);
        return false;
      }
      if (!(current.ofPeer() instanceof Judgement.Proven)) {
        failed(
            current.ofPeer() instanceof Judgement.CannotTellNow
                ? SaslExternal.Condition.TEMPORARY_AUTH_FAILURE
                : SaslExternal.Condition.NOT_AUTHORIZED,
            current);
        return false;
      }
      Admission admission =
          Admission.inbound(
              current.required(),
              new Channel(stream.handle().value(), stream.tls()),
              current.pair(),
              current.ofPeer(),
              null,
              null);
      switch (admission) {
        case Admission.Refused(var why) -> {
          failed(SaslExternal.Condition.NOT_AUTHORIZED, current);
          refused(
              this, Failures.of(why, current.required(), current.pair(), current.pair().sender()));
          return false;
        }
        case Admission.Admitted(var association) -> {
          SaslExternal.succeed(stream);
          reopen(current);
          settlement.inbound(stream.settle(false), association);
          return true;
        }
      }
    }

    private void refused(Exchange exchange, NegotiationFailure failure) {
      context()
          .listener()
          .on(
              new FederationEvent.SenderRefused(
                  exchange.claim == null ? null : exchange.claim.header().from(),
                  exchange.claim == null ? null : exchange.claim.target(),
                  failure,
                  stream.handle(),
                  stream.facts().remote()));
    }

    /** After success the peer opens the stream anew, as whom it authenticated (S2S-STR-30). */
    private void reopen(Claim current) throws StreamEnded, NegotiationException {
      stream.restart();
      stream.step("header");
      StreamHeader header = stream.awaitHeader();
      if (header.fault() != null) {
        throw stream.refuse(header, current.target(), header.fault());
      }
      if (header.from() != null && !header.from().equals(current.pair().sender())) {
        throw answered(
            header,
            current.target(),
            new PeerMisbehaved(
                Rule.CHANGED_IDENTITY,
                "authenticated as " + current.header().from() + ", now " + header.from()));
      }
      if (header.to() != null && !header.to().equals(current.target())) {
        throw stream.refuse(
            header,
            current.target(),
            StreamError.of(
                StreamErrorCondition.IMPROPER_ADDRESSING, "The target changed after SASL"));
      }
      stream.answer(
          header.withAddresses(current.header().from(), current.target()),
          current.target(),
          current.required().dialback(),
          InboundChoice.afterAuthentication(current.required(), context().settings().announced()));
    }

    /** Says no; the stream stays open where dialback may still lead somewhere (S2S-EXT-14). */
    private void failed(SaslExternal.Condition condition, Claim current)
        throws NegotiationException {
      SaslExternal.fail(stream, condition);
      boolean mayRetry =
          switch (condition) {
            case NOT_AUTHORIZED, ACCOUNT_DISABLED, CREDENTIALS_EXPIRED, MECHANISM_TOO_WEAK -> false;
            case ABORTED,
                ENCRYPTION_REQUIRED,
                INCORRECT_ENCODING,
                INVALID_AUTHZID,
                INVALID_MECHANISM,
                MALFORMED_REQUEST,
                TEMPORARY_AUTH_FAILURE ->
                true;
          };
      if (!mayRetry && !InboundChoice.mayVerify(current.required(), current.ofPeer())) {
        throw new NegotiationException(nothingToOffer(current));
      }
    }

    /**
     * Dialback in clear where TLS is required leads nowhere (decision C21); everything else about a
     * request is decided with it.
     */
    private void mayDialback(Element element, Claim current) throws NegotiationException {
      boolean asksToBeTaken = element.name().equals("result") && element.attribute("type") == null;
      if (asksToBeTaken
          && !stream.encrypted()
          && current.required().level().meets(FederationLevel.ENCRYPTED)) {
        stream.fail(
            current.header().version().hasFeatures()
                ? StreamError.of(StreamErrorCondition.POLICY_VIOLATION, "TLS is required here")
                : StreamError.of(StreamErrorCondition.NOT_AUTHORIZED, "TLS is required here"));
        throw new NegotiationException(
            new NegotiationFailure.LevelTooLow(
                FederationLevel.VERIFIED, current.required().level(), current.required().rule()));
      }
    }

    /** A stanza before any proof: only a permissive rule admits its sender (S2S-STZ-01). */
    private Association unproven(Claim current) throws NegotiationException {
      if (current.named() && current.required().level() == FederationLevel.PERMISSIVE) {
        Admission admission =
            Admission.inbound(
                current.required(),
                new Channel(stream.handle().value(), stream.tls()),
                current.pair(),
                current.ofPeer(),
                null,
                null);
        if (admission instanceof Admission.Admitted(var association)) {
          return association;
        }
      }
      throw new NegotiationException(
          new PeerMisbehaved(Rule.STANZA_BEFORE_ASSOCIATION, "a stanza before authentication"));
    }
  }

  private static boolean isStanza(Element element) {
    return element.namespace().equals(Namespaces.SERVER) && StanzaKind.of(element.name()) != null;
  }

  private static Domain unnamed() {
    try {
      return Domain.of("unnamed.invalid");
    } catch (AddressFormatException e) {
      throw new IllegalStateException(e);
    }
  }
}
