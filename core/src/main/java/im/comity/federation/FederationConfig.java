package im.comity.federation;

import im.comity.address.Domain;
import im.comity.dialback.DialbackSecret;
import im.comity.discovery.AddressGuard;
import im.comity.discovery.Discovery;
import im.comity.discovery.Resolver;
import im.comity.negotiation.NegotiationSettings;
import im.comity.policy.PolicyTable;
import im.comity.prooftype.Prooftype;
import im.comity.relay.RelaySettings;
import im.comity.routing.RoutingSettings;
import im.comity.transport.ListenOptions;
import im.comity.transport.StrangerLimits;
import im.comity.transport.TlsIdentity;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All settings of a federation.
 *
 * @param policy what is asked of whom
 * @param identities our certificates
 * @param defaultIdentity shown for domains without one of their own, or null
 * @param prooftypes what proves a peer, in the default order
 * @param resolver answers DNS questions; the federation does not close it
 * @param discovery how peers are looked for
 * @param guard which addresses may be dialled
 * @param sourceAddresses from which address a host domain connects, where it matters
 * @param listeners where peers connect to us
 * @param secret makes and checks dialback keys
 * @param negotiation durations and bounds of negotiations
 * @param relay durations and bounds of established streams
 * @param routing bounds of the routing table
 * @param strangers what those may cost us that have proven nothing
 */
public record FederationConfig(
    PolicyTable policy,
    Collection<TlsIdentity> identities,
    @Nullable TlsIdentity defaultIdentity,
    List<? extends Prooftype> prooftypes,
    Resolver resolver,
    Discovery.Options discovery,
    AddressGuard guard,
    Map<Domain, InetAddress> sourceAddresses,
    List<Listener> listeners,
    DialbackSecret secret,
    NegotiationSettings negotiation,
    RelaySettings relay,
    RoutingSettings routing,
    StrangerLimits strangers) {

  /**
   * Where peers connect to us.
   *
   * @param options the socket
   * @param directTls whether TLS begins at once
   */
  public record Listener(ListenOptions options, boolean directTls) {}

  /** The least that must be said; everything else is as shipped. */
  public static FederationConfig of(
      PolicyTable policy,
      Collection<TlsIdentity> identities,
      List<? extends Prooftype> prooftypes,
      Resolver resolver,
      List<Listener> listeners,
      DialbackSecret secret) {
    return new FederationConfig(
        policy,
        identities,
        null,
        prooftypes,
        resolver,
        Discovery.Options.DEFAULT,
        AddressGuard.PUBLIC_ONLY,
        Map.of(),
        listeners,
        secret,
        NegotiationSettings.DEFAULTS,
        RelaySettings.DEFAULTS,
        RoutingSettings.DEFAULTS,
        StrangerLimits.DEFAULTS);
  }

  /** The same with another guard. */
  public FederationConfig withGuard(AddressGuard other) {
    return new FederationConfig(
        policy,
        identities,
        defaultIdentity,
        prooftypes,
        resolver,
        discovery,
        other,
        sourceAddresses,
        listeners,
        secret,
        negotiation,
        relay,
        routing,
        strangers);
  }

  /** The same with other durations and bounds. */
  public FederationConfig withSettings(
      NegotiationSettings ofNegotiation, RelaySettings ofRelay, RoutingSettings ofRouting) {
    return new FederationConfig(
        policy,
        identities,
        defaultIdentity,
        prooftypes,
        resolver,
        discovery,
        guard,
        sourceAddresses,
        listeners,
        secret,
        ofNegotiation,
        ofRelay,
        ofRouting,
        strangers);
  }

  /** The same with other limits of strangers. */
  public FederationConfig withStrangers(StrangerLimits others) {
    return new FederationConfig(
        policy,
        identities,
        defaultIdentity,
        prooftypes,
        resolver,
        discovery,
        guard,
        sourceAddresses,
        listeners,
        secret,
        negotiation,
        relay,
        routing,
        others);
  }
}
