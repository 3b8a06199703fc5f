package im.comity.server;

import im.comity.association.Association;
import im.comity.association.Basis;
import im.comity.event.Consequences;
import im.comity.event.FederationEvent;
import im.comity.event.FederationListener;
import im.comity.event.NegotiationFailure;
import im.comity.event.Remedy;
import im.comity.stream.StreamFacts;
import im.comity.transport.TlsSession;
import java.time.Duration;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/** Makes log lines of events: one for every outcome, with the code; steps at level debug. */
final class EventLog implements FederationListener {
  private static final Logger LOG = LoggerFactory.getLogger("im.comity.federation");

  @Override
  public void on(FederationEvent event) {
    switch (event) {
      case FederationEvent.Listening(var what, var address) ->
          LOG.info(
              "listening for {} on {} port {}",
              what,
              address.getAddress().getHostAddress(),
              address.getPort());
      case FederationEvent.PermissiveRule(var rule) ->
          LOG.warn(
              "UNPROVEN PEERS ARE ADMITTED by {}: anybody may claim to be such a domain", rule);
      case FederationEvent.Accepted(var from, var direct) ->
          LOG.debug("connection from {}{}", from, direct ? ", direct TLS" : "");
      case FederationEvent.ConnectionsRefused(var from, var failure, var count, var period) -> {
        Remedy remedy = Consequences.explain(failure);
        String address = from == null ? "other addresses" : from.getHostAddress();
        failed(at(Level.WARN), failure, remedy)
            .addKeyValue("address", address)
            .addKeyValue("count", count)
            .log(
                "{} connections from {} refused in {} s, {}: {}; {} must act: {}",
                count,
                address,
                period.toSeconds(),
                failure.code(),
                remedy.sentence(),
                who(remedy),
                remedy.remedy());
      }
      case FederationEvent.TrafficLimited limited -> {
        NegotiationFailure.TooMuchTraffic failure = limited.failure();
        long count = limited.count();
        Duration period = limited.period();
        Remedy remedy = Consequences.explain(failure);
        String who = limited.others() ? "others" : failure.who();
        String what =
            switch (limited.action()) {
              case RETURNED -> "stanzas returned";
              case HELD_BACK -> "times not read for a while";
            };
        failed(at(Level.WARN), failure, remedy)
            .addKeyValue("whose", who)
            .addKeyValue("action", limited.action().name().toLowerCase(Locale.ROOT))
            .addKeyValue("count", count)
            .log(
                "{}: {}{}, {}: {}; {} must act: {}",
                who,
                period.isZero() ? "from now on " : count + " ",
                period.isZero() ? what : what + " in " + period.toSeconds() + " s",
                failure.code(),
                remedy.sentence(),
                who(remedy),
                remedy.remedy());
      }
      case FederationEvent.AttemptStarted(var pair) -> LOG.debug("{}: looking for a way", pair);
      case FederationEvent.Step(var pair, var step, var detail) ->
          at(step.equals("override") ? Level.INFO : Level.DEBUG)
              .log("{}: {}: {}", pair, step, detail);
      case FederationEvent.WayOpened(var pair, var association, var stream, var took) ->
          admitted(at(Level.INFO), association, stream)
              .addKeyValue("ms", took.toMillis())
              .log(
                  "{}: open at {}, {}, {}",
                  pair,
                  association.level().wire(),
                  basis(association.basis()),
                  how(stream));
      case FederationEvent.AttemptFailed(
              var pair,
              var failure,
              var barred,
              var bounced,
              var took) -> {
        Remedy remedy = Consequences.explain(failure);
        failed(at(Level.WARN), failure, remedy)
            .addKeyValue("bounced", bounced)
            .addKeyValue("ms", took.toMillis())
            .log(
                "{}: {}: {}; {} must act: {}; {} stanzas returned, next try in {} s",
                pair,
                failure.code(),
                remedy.sentence(),
                who(remedy),
                remedy.remedy(),
                bounced,
                barred.toSeconds());
      }
      case FederationEvent.SenderAdmitted(var pair, var association, var stream) ->
          admitted(at(Level.INFO), association, stream)
              .log(
                  "{}: admitted at {}, {}, {}",
                  pair,
                  association.level().wire(),
                  basis(association.basis()),
                  how(stream));
      case FederationEvent.SenderRefused(
              var sender,
              var target,
              var failure,
              var stream,
              var from) -> {
        Remedy remedy = Consequences.explain(failure);
        // Whoever did not even say a name is a passer-by.
        failed(at(sender == null ? Level.DEBUG : Level.WARN), failure, remedy)
            .addKeyValue("address", from.getAddress().getHostAddress())
            .log(
                "{} -> {}: refused, {}: {}; {} must act: {} (stream {} from {})",
                sender == null ? "?" : sender,
                target == null ? "?" : target,
                failure.code(),
                remedy.sentence(),
                who(remedy),
                remedy.remedy(),
                stream,
                from.getAddress().getHostAddress());
      }
      case FederationEvent.KeyAnswered(var pair, var valid, var stream) ->
          at(valid ? Level.DEBUG : Level.WARN)
              .log(
                  "{}: asked on stream {} whether a dialback key is ours: {}",
                  pair,
                  stream,
                  valid ? "valid" : "INVALID, somebody claims " + pair.sender());
      case FederationEvent.UnsolicitedDialback(var element, var stream) ->
          LOG.warn("stream {}: unsolicited {} had no effect", stream, element);
      case FederationEvent.StreamClosed closed ->
          at(closed.sent() == null && closed.received() == null ? Level.INFO : Level.WARN)
              .addKeyValue("stream", closed.handle().value())
              .addKeyValue("orderly", closed.orderly())
              .log("stream {} of {} closed: {}", closed.handle(), pairs(closed), closed.reason());
      case FederationEvent.Bounced(var pair, var condition, var why) ->
          LOG.debug("{}: returned a stanza with {}: {}", pair, condition, why);
      case FederationEvent.Dropped(var pair, var why) ->
          LOG.debug("{}: dropped a stanza that may not be answered: {}", pair, why);
      case FederationEvent.LocalSideChanged(var who, var domains, var connected, var detail) ->
          at(connected ? Level.INFO : Level.WARN)
              .log("{} {}: {}", who, connected ? "connected" : "not connected", detail);
      case FederationEvent.Fault(var where, var cause) -> LOG.error("a fault in {}", where, cause);
    }
  }

  private static LoggingEventBuilder at(Level level) {
    return LOG.atLevel(level);
  }

  private static LoggingEventBuilder admitted(
      LoggingEventBuilder line, Association association, StreamFacts stream) {
    return line.addKeyValue("sender", association.pair().sender())
        .addKeyValue("target", association.pair().target())
        .addKeyValue("level", association.level().wire())
        .addKeyValue("stream", stream.handle().value());
  }

  private static LoggingEventBuilder failed(
      LoggingEventBuilder line, NegotiationFailure failure, Remedy remedy) {
    return line.addKeyValue("code", failure.code()).addKeyValue("who", who(remedy));
  }

  private static String who(Remedy remedy) {
    return remedy.who().name().toLowerCase(Locale.ROOT);
  }

  private static String basis(Basis basis) {
    return switch (basis) {
      case Basis.ByProof(var proof) -> "proven by " + proof.prooftype();
      case Basis.ByDialback(_, var authority, var sameKey) ->
          sameKey
              ? "by dialback, its authoritative server shows the same key"
              : authority != null ? "by dialback, linked to a proven server" : "by dialback";
      case Basis.ByDelegation _ -> "as DNS says";
      case Basis.ByPolicyAlone _ -> "UNPROVEN, by policy alone";
    };
  }

  private static String how(StreamFacts stream) {
    TlsSession tls = stream.tls();
    return (tls == null ? "in clear" : tls.protocol() + " " + tls.cipherSuite())
        + ", stream "
        + stream.handle()
        + " "
        + (stream.initiated() ? "to " : "from ")
        + stream.remote().getAddress().getHostAddress();
  }

  private static String pairs(FederationEvent.StreamClosed closed) {
    return switch (closed.pairs().size()) {
      case 0 -> "no pair";
      case 1 -> closed.pairs().getFirst().toString();
      default -> closed.pairs().getFirst() + " and " + (closed.pairs().size() - 1) + " more";
    };
  }
}
