package im.comity.event;

import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Association;
import im.comity.stream.StreamError;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happened, as data: the one family that feeds logs, metrics and people. */
public sealed interface FederationEvent {
  /** We are reachable there. */
  record Listening(String what, InetSocketAddress address) implements FederationEvent {}

  /** A rule of the policy admits peers unproven (DNA-GEN-09). */
  record PermissiveRule(String rule) implements FederationEvent {}

  /** Somebody connected. */
  record Accepted(InetSocketAddress from, boolean directTls) implements FederationEvent {}

  /**
   * Connections were closed without a byte, since strangers had too many: the sum of a period.
   *
   * @param from the address, of IPv6 its network of 64 bits; null for all that are not named
   * @param failure which limit
   * @param count how many connections
   * @param period in which time
   */
  record ConnectionsRefused(
      @Nullable InetAddress from, NegotiationFailure failure, long count, Duration period)
      implements FederationEvent {}

  /** A try to open the way for a pair began. */
  record AttemptStarted(DomainPair pair) implements FederationEvent {}

  /** A step of an attempt, for the trace. */
  record Step(DomainPair pair, String step, String detail) implements FederationEvent {}

  /**
   * The way for a pair is open.
   *
   * @param association the permission, with its level and basis
   * @param stream the stream it runs on
   * @param took since the attempt began
   */
  record WayOpened(DomainPair pair, Association association, StreamFacts stream, Duration took)
      implements FederationEvent {}

  /**
   * An attempt failed.
   *
   * @param pair the pair
   * @param failure why
   * @param barred for how long the pair is not tried again
   * @param bounced how many stanzas were returned
   * @param took since the attempt began
   */
  record AttemptFailed(
      DomainPair pair, NegotiationFailure failure, Duration barred, int bounced, Duration took)
      implements FederationEvent {}

  /** A peer may send: it was proven, or policy asks for no proof. */
  record SenderAdmitted(DomainPair pair, Association association, StreamFacts stream)
      implements FederationEvent {}

  /** A peer may not send. */
  record SenderRefused(
      @Nullable Domain sender,
      @Nullable Domain target,
      NegotiationFailure failure,
      StreamHandle stream,
      InetSocketAddress from)
      implements FederationEvent {}

  /** We told somebody whether a dialback key is ours. */
  record KeyAnswered(DomainPair pair, boolean valid, StreamHandle stream)
      implements FederationEvent {}

  /** A dialback element that nobody asked for had no effect (S2S-DB-18, -54, -65). */
  record UnsolicitedDialback(String element, StreamHandle stream) implements FederationEvent {}

  /**
   * A stream ended.
   *
   * @param handle which
   * @param pairs the pairs it served
   * @param sent the stream error we sent, or null
   * @param received the stream error the peer sent, or null
   * @param orderly whether both ends of the stream were seen; if not, what was under way is unknown
   * @param written stanzas given to the connection in its life
   * @param reason what ended it, in words
   */
  record StreamClosed(
      StreamHandle handle,
      List<DomainPair> pairs,
      @Nullable StreamError sent,
      @Nullable StreamError received,
      boolean orderly,
      long written,
      String reason)
      implements FederationEvent {}

  /** A stanza was answered with an error. */
  record Bounced(DomainPair pair, String condition, String why) implements FederationEvent {}

  /** A stanza was dropped, since no answer is allowed (S2S-BNC-12). */
  record Dropped(DomainPair pair, String why) implements FederationEvent {}

  /** A component or another local side came or went. */
  record LocalSideChanged(String who, List<Domain> domains, boolean connected, String detail)
      implements FederationEvent {}

  /** A fault in this program, caught where it could do no more harm. */
  record Fault(String where, Throwable cause) implements FederationEvent {}
}
