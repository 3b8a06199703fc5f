package im.comity.stanza;

import im.comity.address.DomainPair;
import im.comity.address.Jid;
import org.jspecify.annotations.Nullable;

/**
 * What the start tag of a stanza says: all that is needed to route it or to answer it with an
 * error. Of a stanza that was skipped or whose address is malformed it is all there is, and so it
 * cannot be handed on.
 *
 * @param kind message, presence or iq
 * @param from the sender, as claimed
 * @param to the recipient
 * @param id as received (S2S-STZ-15), or null
 * @param type as received, or null
 * @param language the stanza's {@code xml:lang}, else its stream's, else null (S2S-STR-25)
 */
public record Envelope(
    StanzaKind kind,
    Jid from,
    Jid to,
    @Nullable String id,
    @Nullable String type,
    @Nullable String language) {

  /** The pair along which it travels. Made at each call. */
  public DomainPair pair() {
    return new DomainPair(from.domain(), to.domain());
  }

  /**
   * Whether this is an iq without id, or with a type other than get, set, result and error. It is
   * answered with {@code bad-request} and the stream lives (S2S-STZ-09).
   */
  public boolean isMalformedIq() {
    return kind == StanzaKind.IQ
        && (id == null
            || type == null
            || switch (type) {
              case "get", "set", "result", "error" -> false;
              default -> true;
            });
  }
}
