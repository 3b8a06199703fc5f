package im.comity.relay;

import im.comity.event.FederationListener;
import im.comity.local.LocalSide;
import im.comity.policy.PolicyTable;
import im.comity.stanza.Stanza;
import im.comity.transport.Timers;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What all established streams of one federation share.
 *
 * @param locals takes what comes in
 * @param policies the policy in force
 * @param back sends an answer of ours towards a peer: over our own stream to it (S2S-BNC-15)
 * @param requests takes the requests in the streams
 * @param directory knows which streams are open
 * @param watcher hears of the ends of streams
 * @param listener hears what happens
 * @param timers tells the time
 * @param settings durations and bounds
 * @param guests what peers have sent of late
 * @param traffic hears who sent too much
 */
public record RelayContext(
    LocalSide locals,
    Supplier<PolicyTable> policies,
    Consumer<Stanza> back,
    PairRequests requests,
    StreamDirectory directory,
    Consumer<EstablishedStream> watcher,
    FederationListener listener,
    Timers timers,
    RelaySettings settings,
    Guests guests,
    TrafficReports traffic) {}
