package im.comity.bench;

import im.comity.address.Domain;
import im.comity.association.Association;
import im.comity.local.LocalSide;
import im.comity.stanza.Offer;
import im.comity.stanza.Stanza;
import java.util.Collection;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A local side that serves one domain and takes everything.
 *
 * @param ours the domain
 * @param taker hears the id of each stanza that is delivered
 */
public record Locals(Domain ours, Consumer<String> taker) implements LocalSide {
  @Override
  public Standing standing(Domain domain) {
    return domain.equals(ours) ? Standing.SERVED : Standing.FOREIGN;
  }

  @Override
  public Collection<Domain> domains() {
    return Set.of(ours);
  }

  @Override
  public Offer deliver(Association along, Stanza stanza) {
    return deliverLocally(stanza);
  }

  @Override
  public Offer deliverLocally(Stanza stanza) {
    taker.accept(String.valueOf(stanza.id()));
    return Offer.ACCEPTED;
  }
}
