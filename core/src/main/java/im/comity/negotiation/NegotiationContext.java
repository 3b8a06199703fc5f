package im.comity.negotiation;

import im.comity.address.Domain;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.discovery.Discovery;
import im.comity.discovery.Resolver;
import im.comity.event.FederationListener;
import im.comity.local.LocalSide;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.Judge;
import im.comity.transport.Network;
import im.comity.transport.StrangerLimits;
import im.comity.transport.Timers;
import im.comity.transport.TlsIdentities;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What every negotiation of one federation shares, as configured at one moment.
 *
 * @param policy the policy in force
 * @param judge says what a certificate proves
 * @param identities our certificates
 * @param discovery finds peers
 * @param resolver answers DNS questions
 * @param guard which addresses may be dialled
 * @param network connects
 * @param timers tells the time
 * @param random for stream ids
 * @param secret makes and checks dialback keys
 * @param locals which domains are ours
 * @param listener hears what happens
 * @param sourceAddress from which address a host domain connects; null for any
 * @param settings durations and bounds
 * @param strangers what those may cost us that have proven nothing
 */
public record NegotiationContext(
    PolicyTable policy,
    Judge judge,
    TlsIdentities identities,
    Discovery discovery,
    Resolver resolver,
    AddressGuard guard,
    Network network,
    Timers timers,
    SecureRandom random,
    DialbackSecret secret,
    LocalSide locals,
    FederationListener listener,
    Function<Domain, @Nullable InetAddress> sourceAddress,
    NegotiationSettings settings,
    StrangerLimits strangers) {}
