package im.comity.relay;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.DomainPair;
import im.comity.association.Acceptance;
import im.comity.association.Admission;
import im.comity.association.Association;
import im.comity.association.Channel;
import im.comity.dialback.DialbackReading;
import im.comity.event.FederationListener;
import im.comity.local.LocalSide;
import im.comity.policy.FederationLevel;
import im.comity.policy.PolicyException;
import im.comity.policy.PolicyTable;
import im.comity.policy.Requirement;
import im.comity.prooftype.Judgement;
import im.comity.prooftype.Reason;
import im.comity.stanza.Stanza;
import im.comity.stream.Settled;
import im.comity.stream.StreamFacts;
import im.comity.stream.StreamFeatures;
import im.comity.stream.StreamHandle;
import im.comity.stream.StreamVersion;
import im.comity.transport.Deadline;
import im.comity.transport.Timers;
import im.comity.transport.Transport;
import im.comity.xml.Element;
import im.comity.xml.ElementScanner;
import im.comity.xml.Namespaces;
import im.comity.xml.ScannerLimits;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Streams that are established without a conversation, and what travels on them. */
public final class Ways {
  private Ways() {}

  /** Domain of that name. */
  public static Domain domain(String name) {
    try {
      return Domain.of(name);
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Pair of two domains. */
  public static DomainPair pair(String sender, String target) {
    return new DomainPair(domain(sender), domain(target));
  }

  /** A message of the pair with that id. */
  public static Stanza message(DomainPair pair, String id) {
    return stanza("message", pair, id, 0);
  }

  /** A stanza of the pair with that id and so many bytes of content. */
  public static Stanza stanza(String kind, DomainPair pair, String id, int content) {
    try {
      return Stanza.of(
          Element.of(Namespaces.SERVER, kind)
              .attribute("from", "a@" + pair.sender())
              .attribute("to", "b@" + pair.target())
              .attribute("id", id)
              .text("x".repeat(content))
              .build());
    } catch (AddressFormatException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Shared facts of streams whose ends go to {@code watcher}. */
  public static RelayContext context(
      LocalSide locals,
      Timers timers,
      RelaySettings settings,
      FederationListener listener,
      Consumer<EstablishedStream> watcher) {
    PolicyTable policy;
    try {
      policy = PolicyTable.builder().build();
    } catch (PolicyException e) {
      throw new IllegalStateException(e);
    }
    return new RelayContext(
        locals,
        () -> policy,
        _ -> {},
        new NoRequests(),
        new StreamDirectory(),
        watcher,
        listener,
        timers,
        settings,
        new Guests(GuestLimits.NONE, timers),
        new TrafficReports(timers, listener));
  }

  private static final class NoRequests implements PairRequests {
    @Override
    public void requested(EstablishedStream stream, Element element, DialbackReading reading) {}

    @Override
    public boolean pending(EstablishedStream stream, DomainPair pair) {
      return false;
    }

    @Override
    public void ended(EstablishedStream stream) {}
  }

  /** A way of our own that has just been settled. */
  public static Way open(Transport transport, RelayContext context, DomainPair pair) {
    return open(transport, context, pair, StreamFeatures.NONE);
  }

  /** A way of our own to a peer that announced these features. */
  public static Way open(
      Transport transport, RelayContext context, DomainPair pair, StreamFeatures features) {
    StreamHandle handle = StreamHandle.next();
    StreamFacts facts =
        new StreamFacts(
            handle, true, pair, null, StreamVersion.ONE, null, features, false, transport.remote());
    ElementScanner scanner = new ElementScanner(ScannerLimits.PROVEN);
    Deadline deadline = Deadline.start(context.timers(), Duration.ofMinutes(1));
    deadline.cancel();
    EstablishedStream stream =
        new EstablishedStream(
            new Settled(transport, scanner, List.of(), facts, null, deadline), context);
    Association association = association(handle, pair);
    stream.admit(association);
    stream.start();
    return new Way(stream, association);
  }

  private static Association association(StreamHandle handle, DomainPair pair) {
    Requirement anything =
        new Requirement(FederationLevel.PERMISSIVE, List.of(), true, false, false, "test");
    Judgement unproven =
        new Judgement.NotProven(List.of(new Reason("pkix", Reason.Code.SELF_SIGNED, "test")));
    return switch (Admission.outbound(
        anything, new Channel(handle.value(), null), pair, unproven, new Acceptance.Unasked())) {
      case Admission.Admitted(var association) -> association;
      case Admission.Refused(var why) -> throw new AssertionError(why);
    };
  }
}
